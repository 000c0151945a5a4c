"""Trips and messages: read on request, not part of the state (kamereon-eu §13, §14)."""

from collections.abc import Collection, Mapping
from datetime import UTC, date, datetime
import re

from ...vehicle import AlertType, Notification, TripPeriod, TripSummary, VehicleInfo
from ..base import Json
from ..quantities import CO2_SAVED, DRIVEN, TRIP_ENERGY, TRIP_FUEL, TRIP_MINUTES, TRIPS
from .client import Client, Environment, Host, segment
from .mapping import Attributes

_PERIODS = {
    TripPeriod.DAY: ("0", "%Y%m%d"),
    TripPeriod.MONTH: ("1", "%Y%m"),
    TripPeriod.YEAR: ("2", "%Y"),
}
"""The service's number for each kind of summary, and how it names one."""


async def trips(
    client: Client, vehicle: VehicleInfo, period: TripPeriod, *, start: date, end: date, dates: str, now: datetime
) -> tuple[TripSummary, ...]:
    """Return the summaries from ``start`` to ``end``, as far as they can be read; ``dates`` is how to write those."""
    body = await client.get(
        Host.CARS,
        f"v1/cars/{segment(vehicle.key)}/trip-history",
        "trip-history",
        type=_PERIODS[period][0],
        start=start.strftime(dates),
        end=end.strftime(dates),
    )
    summaries = (_summary(summary, period, now) for summary in _objects(body, "summaries"))
    return tuple(summary for summary in summaries if summary is not None)


def _summary(said: Attributes, period: TripPeriod, now: datetime) -> TripSummary | None:
    name = re.sub(r"\D", "", said.text(period.value) or "")
    try:
        start = datetime.strptime(name, _PERIODS[period][1]).replace(tzinfo=UTC).date()
    except ValueError:
        return None
    count = TRIPS.of(said.number("tripsNumber"))
    return TripSummary(
        start=start,
        period=period,
        trips=None if count is None else int(count),
        distance=DRIVEN.of(said.number("distance")),
        duration=TRIP_MINUTES.of(said.number("duration")),
        first_start=said.past(now, "firstTripStart"),
        last_end=said.past(now, "lastTripEnd"),
        energy_used=TRIP_ENERGY.of(said.number("consumedElectricity")),
        energy_recovered=TRIP_ENERGY.of(said.number("savedElectricity")),
        fuel_used=TRIP_FUEL.of(said.number("consumedFuel")),
        co2_saved=CO2_SAVED.of(said.number("co2Saving")),
    )


async def notifications(
    client: Client,
    environment: Environment,
    vehicle: VehicleInfo,
    user_id: str,
    *,
    first: int,
    count: int,
    language: str,
    now: datetime,
) -> tuple[Notification, ...]:
    """Return ``count`` messages, newest first, beginning with the ``first``-th (counted from 1)."""
    body = await client.get(
        Host.NOTIFICATIONS,
        _messages_path(vehicle, user_id),
        "notifications",
        realm=environment.notification_realm,
        langCode=language,
        order="DESC",
        **{"from": str(first), "to": str(first + count - 1)},
    )
    messages = (_notification(message, now) for message in _objects(body, "messages"))
    return tuple(message for message in messages if message is not None)


async def mark_read(
    client: Client, environment: Environment, vehicle: VehicleInfo, user_id: str, ids: Collection[str]
) -> None:
    """Mark messages as read."""
    await client.post(
        Host.NOTIFICATIONS,
        _messages_path(vehicle, user_id),
        "notifications",
        [{"notificationId": message, "status": "READ"} for message in ids],
        realm=environment.notification_realm,
    )


def _messages_path(vehicle: VehicleInfo, user_id: str) -> str:
    return f"v2/notifications/users/{segment(user_id)}/vehicles/{segment(vehicle.key)}"


def _notification(said: Attributes, now: datetime) -> Notification | None:
    message_id, kind = said.text("notificationId"), said.text("notificationKey") or said.text("ruleKey")
    if message_id is None or kind is None:
        return None
    return Notification(
        id=message_id,
        kind=kind,
        alert=meaning(kind),
        category=said.text("categoryKey"),
        title=said.text("messageTitle"),
        text=said.text("messageDescription") or said.text("messageSubtitle"),
        sent_at=said.past(now, "timestamp"),
        read=said.one_of("status", {"read": True, "unread": False}),
    )


def _objects(body: Json, name: str) -> list[Attributes]:
    listed = Attributes.of(body).get(name)
    return [Attributes.of(item) for item in listed] if isinstance(listed, list) else []


_MEANINGS: Mapping[str, AlertType] = {
    "battery.ended.charge": AlertType.CHARGING_FINISHED,
    "charge.failure": AlertType.CHARGING_INTERRUPTED,
    "programmed.charge.interruption": AlertType.CHARGING_INTERRUPTED,
    "plug.connection.success": AlertType.PLUGGED_IN,
    "hvac.autostart": AlertType.CLIMATE_STARTED,
    "hvac.autostop": AlertType.CLIMATE_STOPPED,
    "lock.status.reminder": AlertType.LEFT_UNLOCKED,
    "burglar": AlertType.ALARM,
    "crash.detection": AlertType.ALARM,
    "maintenance": AlertType.MAINTENANCE_DUE,
    "wheel": AlertType.TYRE_WARNING,
    "mil.lamp": AlertType.WARNING_LAMP,
    **dict.fromkeys(
        ("abs", "brake", "coolant", "eps", "fuel", "oil", "stop.warning", "serv.warning"), AlertType.WARNING_LAMP
    ),
}
"""By the beginnings of the keys: only those whose meaning their words leave no doubt about.

Zone, speed and curfew messages are not here: they are about the maker's own areas, which are not the owner's in Home
Assistant.
"""


def meaning(key: str) -> AlertType:
    """Return what a message of that key tells; what is unknown is a message."""
    words = key.split(".")
    beginnings = (".".join(words[:count]) for count in range(len(words), 0, -1))
    return next((_MEANINGS[each] for each in beginnings if each in _MEANINGS), AlertType.CLOUD_MESSAGE)
