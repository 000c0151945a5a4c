"""Actions, the only requests that wake a vehicle, and how they go (kamereon-eu §9, §10)."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
import re

from aiohttp import web

from custom_components.nissanconnect.backends.base import Json
from custom_components.nissanconnect.vehicle import (
    CancelClimateSchedule,
    Command,
    FlashLights,
    Group,
    Phase,
    Refresh,
    ScheduleClimate,
    SoundHorn,
    StartCharging,
    StartClimate,
    StartEngine,
    StopCharging,
    StopClimate,
    StopEngine,
)

from .account import Car
from .cars.telematics import Action
from .errors import ApiError, bad_parameter, no_right, not_for_this_gateway, not_found, privacy_mode, unreadable
from .http import JSON_API, Endpoint, bearer, body, car, world

type Attributes = dict[str, Json]

CREATED_FOR = timedelta(seconds=10)


@dataclass(frozen=True, slots=True)
class Kind:
    """An action: the type in its body, the command that its attributes stand for, the services that it needs.

    ``command`` raises :class:`ValueError` for attributes that the service cannot read.
    """

    type: str
    command: Callable[[Attributes, datetime], Command]
    services: tuple[int, ...] = ()


def _plain(command: Command) -> Callable[[Attributes, datetime], Command]:
    """Return the reader of an action that has no attributes."""

    def read(attributes: Attributes, _: datetime) -> Command:
        _only(attributes)
        return command

    return read


def _only(attributes: Attributes, *allowed: str) -> None:
    if attributes.keys() - set(allowed):
        raise ValueError("unknown attributes")


def _climate(attributes: Attributes, now: datetime) -> Command:
    _only(attributes, "action", "targetTemperature", "startDateTime", "srp")
    target, at = _temperature(attributes), _future(attributes, now)
    match attributes.get("action"):
        case "start" if target is not None:
            return StartClimate(target) if at is None else ScheduleClimate(at=at, target=target)
        case "stop":
            return StopClimate()
        case "cancel" if at is None:
            return CancelClimateSchedule()
    raise ValueError("unknown action")


def _temperature(attributes: Attributes) -> float | None:
    match attributes.get("targetTemperature"):
        case None:
            return None
        case int() | float() as target if not isinstance(target, bool) and 16 <= target <= 26:
            return target
    raise ValueError("no temperature")


def _future(attributes: Attributes, now: datetime) -> datetime | None:
    match attributes.get("startDateTime"):
        case None:
            return None
        case str() as text:
            at = datetime.fromisoformat(text)
        case _:
            raise ValueError("no time")
    if at.tzinfo is None:
        raise ValueError("no offset")
    if at <= now:
        raise ApiError(400, "Future", "Bad Request", "must be a future date", "/data/attributes/startDateTime")
    return at


def _charging(attributes: Attributes, _: datetime) -> Command:
    _only(attributes, "action", "srp")
    match attributes.get("action"):
        case "start":
            return StartCharging()
        case "stop":
            return StopCharging()
    raise ValueError("unknown action")


def _horn_lights(attributes: Attributes, _: datetime) -> Command:
    _only(attributes, "action", "target", "duration", "srp")
    duration = attributes.get("duration")
    if not isinstance(duration, int) or not 2 <= duration <= 5:
        raise ValueError("no duration")
    match attributes.get("action", "start"), attributes.get("target"):
        case "start" | "double_start", "horn" | "horn_lights":
            return SoundHorn()
        case "start" | "double_start", "lights":
            return FlashLights()
        case "stop", "horn" | "horn_lights" | "lights":
            return Refresh()  # it has long fallen silent by itself: a wake like any other
    raise ValueError("unknown action")


def _engine(attributes: Attributes, _: datetime) -> Command:
    _only(attributes, "action", "targetTemperature", "srp")
    match attributes.get("action"):
        case "start" | "double_start":
            return StartEngine()
        case "stop":
            return StopEngine()
    raise ValueError("unknown action")


KINDS = {
    "refresh-battery-status": Kind("RefreshBatteryStatus", _plain(Refresh(Group.BATTERY))),
    "refresh-location": Kind("RefreshLocation", _plain(Refresh(Group.POSITION)), (12, 866)),
    "refresh-hvac-status": Kind("RefreshHvacStatus", _plain(Refresh(Group.CLIMATE)), (366, 880)),
    "refresh-lock-status": Kind("RefreshLockStatus", _plain(Refresh(Group.BODY)), (871, 886, 2021)),
    "wake-up-vehicle": Kind("WakeUpVehicle", _plain(Refresh())),
    "hvac-start": Kind("HvacStart", _climate, (366, 880)),
    "charging-start": Kind("ChargingStart", _charging, (299, 303)),
    "horn-lights": Kind("HornLights", _horn_lights, (97, 875)),
    "engine-start": Kind("EngineStart", _engine, (96,)),
}
NOT_OFFERED = re.compile(r"charge-mode|(charge|hvac)-schedule|data-reset|(create|delete)-\w+-restrictions")
"""Actions that are known by name, or at Renault only (kamereon-eu §9.2, §12)."""
STOP_CHARGING_SERVICES = (303,)


async def act(request: web.Request) -> web.StreamResponse:
    """Accept an action: the answer means that it is queued, not that it was carried out."""
    bearer(request)
    vehicle, name = car(request), request.match_info["action"]
    kind = KINDS.get(name) if request.match_info["version"] == "v1" else None
    if kind is None:
        raise not_for_this_gateway() if NOT_OFFERED.fullmatch(name) else not_found()
    command = read_command(kind, await body(request, JSON_API), world(request).now())
    _permit(vehicle, kind, command)
    return queue(request, kind.type, command)[1]


def queue(request: web.Request, type_name: str, command: Command) -> tuple[Action, web.Response]:
    """Hand a command to the vehicle; return it on its way, and the answer that says so."""
    sim = world(request)
    sim.requests["wakes"] += 1
    action = car(request).vehicle.order(command)
    sim.action_types[action.id] = type_name
    return action, web.json_response({"data": {"type": type_name, "id": action.id}}, content_type=JSON_API)


def read_command(kind: Kind, message: Json, now: datetime) -> Command:
    """Return the command in a message that must be exactly as the service expects it."""
    try:
        return kind.command(attributes_of(message, kind.type), now)
    except ValueError:
        raise unreadable() from None


def attributes_of(message: Json, type_name: str) -> Attributes:
    """Return the attributes of a JSON:API message of the given type that has nothing else in it."""
    match message:
        case {"data": {"type": str() as sent, **rest}, **more} if sent == type_name and not more:
            match rest:
                case {"attributes": dict() as attributes} if len(rest) == 1:
                    return attributes
                case {} if not rest:
                    return {}
    raise ValueError("no such message")


def _permit(vehicle: Car, kind: Kind, command: Command) -> None:
    if not vehicle.offers(STOP_CHARGING_SERVICES if isinstance(command, StopCharging) else kind.services):
        raise no_right()
    if command == Refresh(Group.POSITION) and vehicle.vehicle.privacy:
        raise privacy_mode()


async def status(request: web.Request) -> web.StreamResponse:
    """Tell how an action goes (kamereon-eu §10)."""
    bearer(request)
    vehicle, identifier = car(request), request.query.get("actionId")
    if not identifier:
        raise bad_parameter("actionId")
    now, indexed_after = world(request).now(), world(request).indexed_after
    action = vehicle.vehicle.telematics.actions.get(identifier)
    if action is None or now < action.accepted_at + indexed_after:
        raise ApiError(404, "404", "Not found exception", "No action(s) found for this vehicle.")
    type_name = world(request).action_types[identifier]
    attributes: Attributes = {
        "status": _state(action, now),
        "actionType": re.sub(r"(?<!^)(?=[A-Z])", "_", type_name).upper(),
        "errorCode": action.code,
        "ruleKey": None,
        "data": world(request).action_results.get(identifier, []) if action.phase is Phase.DONE else [],
    }
    message = {"data": {"type": "Action", "id": identifier, "attributes": attributes}}
    return web.json_response(message, content_type=JSON_API)


_STATES = {
    Phase.DONE: "COMPLETED",
    Phase.REJECTED: "REJECTED",
    Phase.TIMED_OUT: "TIMEOUT",
    Phase.UNCERTAIN: "CANCELLED",
}


def _state(action: Action, now: datetime) -> str:
    if action.phase is not Phase.PENDING:
        return _STATES[action.phase]
    halfway = action.accepted_at + min(CREATED_FOR, (action.due_at - action.accepted_at) / 2)
    return "CREATED" if now < halfway else "PENDING"


_STATUS = "v1/cars/{vin}/actions/status"

ENDPOINTS = (
    Endpoint("action-status", "GET", f"/action-status/{_STATUS}", status),
    Endpoint("action-status", "GET", f"/car-adapter/{_STATUS}", status),
    Endpoint("actions/{action}", "POST", "/car-adapter/{version}/cars/{vin}/actions/{action}", act),
)
