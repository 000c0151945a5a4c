"""Messages to the owner, and the rules by which they are sent (kamereon-eu §14)."""

from datetime import datetime

from aiohttp import web

from custom_components.nissanconnect.backends.base import Json

from .account import Car
from .cars.cloud import Message
from .cars.event import ANNOUNCEMENTS
from .errors import bad_parameter, no_right, not_found, unreadable
from .http import JSON, JSON_API, Endpoint, bearer, body, car
from .wire import timestamp

REALMS = ("P_NCB", "a-ncb")


def _owned(request: web.Request) -> Car:
    """Return the vehicle; the path also names the user, who must be the caller."""
    if request.match_info["user"] != bearer(request).user_id:
        raise no_right()
    return car(request)


async def messages(request: web.Request) -> web.StreamResponse:
    """List messages, newest first unless told otherwise; ``from`` and ``to`` count from 1 and include both ends."""
    vehicle, query = _owned(request), request.query
    if query.get("realm") not in REALMS:
        raise bad_parameter("realm")
    first, last = _number(query.get("from", "1"), "from"), _number(query.get("to", "20"), "to")
    chosen = [message for message in vehicle.vehicle.cloud.messages if _matches(message, request)]
    if query.get("order", "DESC") == "DESC":
        chosen.reverse()
    listed = [_message(message, vehicle) for message in chosen[first - 1 : last]]
    return web.json_response({"data": {"attributes": {"messages": listed}}})


def _number(text: str, name: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise bad_parameter(name)
    return int(text)


def _matches(message: Message, request: web.Request) -> bool:
    query, sent = request.query, message.sent_at
    wanted = (
        query.get("status") in {None, _status(message)},
        query.get("categoryKey") in {None, message.category},
        "start" not in query or (sent is not None and sent >= _time(request, "start")),
        "end" not in query or (sent is not None and sent <= _time(request, "end")),
    )
    return all(wanted)


def _time(request: web.Request, name: str) -> datetime:
    try:
        at = datetime.fromisoformat(request.query[name])
    except ValueError:
        raise bad_parameter(name) from None
    if at.tzinfo is None:
        raise bad_parameter(name)
    return at


def _status(message: Message) -> str:
    return "READ" if message.read else "UNREAD"


def _message(message: Message, vehicle: Car) -> Json:
    return {
        "notificationId": message.id,
        "messageTitle": message.title,
        "messageSubtitle": message.title,
        "messageDescription": message.text,
        "categoryKey": message.category,
        "ruleKey": message.kind,
        "notificationKey": message.kind,
        "priority": 2,
        "status": _status(message),
        "timestamp": timestamp(message.sent_at, vehicle.family),
        "data": [],
        "metadata": {},
    }


async def one_message(request: web.Request) -> web.StreamResponse:
    """Show one message."""
    vehicle = _owned(request)
    for message in vehicle.vehicle.cloud.messages:
        if message.id == request.match_info["id"]:
            return web.json_response({"data": {"attributes": _message(message, vehicle)}})
    raise not_found()


async def mark(request: web.Request) -> web.StreamResponse:
    """Mark messages as read or unread; nothing is marked if the body cannot be read."""
    vehicle = _owned(request)
    if request.query.get("realm") not in REALMS:
        raise bad_parameter("realm")
    marks: list[tuple[str, bool]] = []
    match await body(request, JSON, JSON_API):
        case list() as entries:
            for entry in entries:
                match entry:
                    case {"notificationId": str() as identifier, "status": "READ" | "UNREAD" as new, **more} if (
                        not more
                    ):
                        marks.append((identifier, new == "READ"))
                    case _:
                        raise unreadable()
        case _:
            raise unreadable()
    for identifier, read in marks:
        if not vehicle.vehicle.cloud.mark(identifier, read=read):
            raise not_found()
    return web.json_response({})


async def rules(request: web.Request) -> web.StreamResponse:
    """Say which messages are sent."""
    _owned(request)
    return web.json_response(
        {
            "settings": [
                {
                    "ruleKey": key,
                    "ruleTitle": words.title,
                    "ruleDescription": words.text,
                    "priority": 2,
                    "status": "ACTIVATED",
                    "channels": [{"channelType": "PUSH_APP"}],
                    "categoryKey": words.category,
                    "categoryTitle": words.title,
                    "notificationKey": key,
                }
                for key, words in ANNOUNCEMENTS.items()
            ]
        }
    )


_LIST = "/notifications/v2/notifications/users/{user}/vehicles/{vin}"

ENDPOINTS = (
    Endpoint("notifications", "GET", _LIST, messages),
    Endpoint("notifications", "POST", _LIST, mark),
    Endpoint("notifications", "GET", f"{_LIST}/notifications/{{id}}", one_message),
    Endpoint("notification-rules", "GET", "/notifications/v1/rules/settings/users/{user}/vehicles/{vin}", rules),
)
