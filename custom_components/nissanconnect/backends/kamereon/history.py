"""Trips and notifications: read on request, not part of the state (kamereon-eu §13, §14)."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
import re

from ...vehicle import AlertType, Notification, TripPeriod, TripSummary, VehicleInfo
from ..http import segment
from ..mapping import CO2_SAVED, DRIVEN, TRIP_ENERGY, TRIP_FUEL, TRIP_MINUTES, TRIPS
from .client import Host, KamereonClient
from .mapping import AttributeReader

_PERIODS = {
    TripPeriod.DAY: ("0", "%Y%m%d"),
    TripPeriod.MONTH: ("1", "%Y%m"),
    TripPeriod.YEAR: ("2", "%Y"),
}
"""The service's number for each kind of summary, and its format for the start of one."""


async def read_trips(
    client: KamereonClient,
    vehicle: VehicleInfo,
    period: TripPeriod,
    *,
    start: date,
    end: date,
    date_format: str,
    now: datetime,
) -> tuple[TripSummary, ...]:
    """Return the summaries from ``start`` to ``end`` that make sense; the request has dates in ``date_format``."""
    body = await client.get(
        Host.CARS,
        f"v1/cars/{segment(vehicle.key)}/trip-history",
        "trip-history",
        type=_PERIODS[period][0],
        start=start.strftime(date_format),
        end=end.strftime(date_format),
    )
    summaries = (_summary(each, period, now) for each in AttributeReader.of(body).children("summaries"))
    return tuple(summary for summary in summaries if summary is not None)


def _summary(attributes: AttributeReader, period: TripPeriod, now: datetime) -> TripSummary | None:
    digits = re.sub(r"\D", "", attributes.text(period.value) or "")
    try:
        start = datetime.strptime(digits, _PERIODS[period][1]).replace(tzinfo=UTC).date()
    except ValueError:
        return None
    count = attributes.quantity("tripsNumber", TRIPS)
    return TripSummary(
        start=start,
        period=period,
        trips=None if count is None else int(count),
        distance=attributes.quantity("distance", DRIVEN),
        duration=attributes.quantity("duration", TRIP_MINUTES),
        first_start=attributes.past(now, "firstTripStart"),
        last_end=attributes.past(now, "lastTripEnd"),
        energy_used=attributes.quantity("consumedElectricity", TRIP_ENERGY),
        energy_recovered=attributes.quantity("savedElectricity", TRIP_ENERGY),
        fuel_used=attributes.quantity("consumedFuel", TRIP_FUEL),
        co2_saved=attributes.quantity("co2Saving", CO2_SAVED),
    )


async def read_notifications(
    client: KamereonClient, vehicle: VehicleInfo, user_id: str, *, first: int, count: int, now: datetime
) -> tuple[Notification, ...]:
    """Return ``count`` notifications, newest first, beginning with the ``first``-th (counted from 1)."""
    body = await client.get(
        Host.NOTIFICATIONS,
        f"v2/notifications/users/{segment(user_id)}/vehicles/{segment(vehicle.key)}",
        "notifications",
        realm=client.environment.notification_realm,
        langCode="EN",
        order="DESC",
        **{"from": str(first), "to": str(first + count - 1)},
    )
    notifications = (_notification(each, now) for each in AttributeReader.of(body).children("messages"))
    return tuple(notification for notification in notifications if notification is not None)


def _notification(attributes: AttributeReader, now: datetime) -> Notification | None:
    notification_id = attributes.text("notificationId")
    key = attributes.text("notificationKey") or attributes.text("ruleKey")
    if notification_id is None or key is None:
        return None
    return Notification(
        id=notification_id,
        kind=key,
        alert=alert_type(key),
        title=attributes.text("messageTitle"),
        text=attributes.text("messageDescription") or attributes.text("messageSubtitle"),
        sent_at=attributes.past(now, "timestamp"),
    )


_ALERT_TYPES: Mapping[str, AlertType] = {
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
"""By the beginnings of the keys (§14.2): only those whose wording leaves no doubt about their meaning.

Zone, speed and curfew messages are not here: they are about the maker's own areas, which are not the owner's in Home
Assistant.
"""


def alert_type(key: str) -> AlertType:
    """Return the type of alert for the key of a notification; an unknown key is a message."""
    parts = key.split(".")
    prefixes = (".".join(parts[:count]) for count in range(len(parts), 0, -1))
    return next((_ALERT_TYPES[each] for each in prefixes if each in _ALERT_TYPES), AlertType.CLOUD_MESSAGE)
