"""The alerts of a vehicle: what they mean to its owner, and what they show of its lock (opencarwings §4)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from ...vehicle import AlertType, Notification
from ..base import Json
from ..reader import JsonReader


class _Meaning(NamedTuple):
    """What the number of a type means, in any language. ``alert`` is ``None`` for what no owner needs to know."""

    kind: str
    alert: AlertType | None = AlertType.CLOUD_MESSAGE


_MEANINGS: Mapping[int, _Meaning] = {
    1: _Meaning("charge_stop"),  # only the vehicle's values show whether the battery is full
    2: _Meaning("charge_start"),
    3: _Meaning("charge_cable_reminder"),
    4: _Meaning("climate_on", AlertType.CLIMATE_STARTED),
    5: _Meaning("climate_off", AlertType.CLIMATE_STOPPED),
    6: _Meaning("configuration_read", None),
    7: _Meaning("climate_auto_off", AlertType.CLIMATE_STOPPED),
    8: _Meaning("quick_charge_stop"),
    9: _Meaning("battery_heater_on"),
    10: _Meaning("battery_heater_off"),
    11: _Meaning("charge_to_80_start"),
    12: _Meaning("unlocked"),
    13: _Meaning("locked"),
    14: _Meaning("signals_started", None),
    15: _Meaning("signals_stopped", None),
    16: _Meaning("remote_start"),
    17: _Meaning("remote_stop"),
    18: _Meaning("configuration_sent", None),
    19: _Meaning("refreshed", None),
    20: _Meaning("burglar_alarm", AlertType.ALARM),
    21: _Meaning("towed", AlertType.UNEXPECTED_MOVEMENT),
    92: _Meaning("configuration_failed"),
    93: _Meaning("remote_start_failed"),
    94: _Meaning("signals_failed"),
    95: _Meaning("lock_failed"),
    96: _Meaning("charge_start_failed"),
    97: _Meaning("climate_failed"),
    98: _Meaning("timed_out"),
    99: _Meaning("failed"),
}
"""Which is which in the pairs 9/10 and 14/15 is inferred from their order ([C]); nothing depends on it."""

_UNLOCKED, _LOCKED = 12, 13


@dataclass(frozen=True, slots=True)
class CarAlert:
    """One alert; ``at`` is by the server's clock.

    What happens by itself carries the id of the last command along, so an id alone proves nothing (§4.1).
    """

    id: int
    type: int
    at: datetime
    command_id: int | None
    title: str | None = None


def parse_alert(payload: Json, now: datetime) -> CarAlert | None:
    """Read an alert. Its additional data are dropped: they are free text of the server's, which may hold anything."""
    alert = JsonReader.of(payload)
    identifier, kind, at = alert.integer("id"), alert.integer("type", 0, 1000), alert.past(now, "timestamp")
    if identifier is None or kind is None or at is None:
        return None
    return CarAlert(identifier, kind, at, alert.integer("command_id", 0), alert.line("type_display"))


def parse_alerts(payload: Json, now: datetime) -> tuple[CarAlert, ...]:
    """Return the readable alerts of a list, newest first."""
    alerts = (parse_alert(each, now) for each in (payload if isinstance(payload, list) else ()))
    return newest_first(alert for alert in alerts if alert is not None)


def newest_first(alerts: Iterable[CarAlert]) -> tuple[CarAlert, ...]:
    """Sort alerts."""
    return tuple(sorted(alerts, key=lambda alert: (alert.at, alert.id), reverse=True))


def notification(alert: CarAlert) -> Notification | None:
    """Return the notification for an owner, if any. Its title is the server's name of the alert, or else its kind."""
    kind, meaning = _MEANINGS.get(alert.type, _Meaning(f"alert_{alert.type}"))
    if meaning is None:
        return None
    title = alert.title or kind.replace("_", " ").capitalize()
    return Notification(id=str(alert.id), kind=kind, alert=meaning, title=title, sent_at=alert.at)


def notifications(alerts: Iterable[CarAlert]) -> tuple[Notification, ...]:
    """Return the notifications for an owner."""
    return tuple(found for alert in alerts if (found := notification(alert)) is not None)


def last_lock(alerts: Iterable[CarAlert]) -> tuple[bool, datetime] | None:
    """Return whether the last remote command to the lock has locked it, and when; ``alerts`` are newest first."""
    return next(((alert.type == _LOCKED, alert.at) for alert in alerts if alert.type in {_UNLOCKED, _LOCKED}), None)
