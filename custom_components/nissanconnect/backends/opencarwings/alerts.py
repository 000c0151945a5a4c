"""What the server tells owners, and which of it is the answer to a command (opencarwings §4)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from ...vehicle import AlertType, Notification
from ..base import Json
from .values import Said, objects


class _Meaning(NamedTuple):
    """What a number stands for, whatever the language; ``alert`` is ``None`` for what nobody needs to be told."""

    kind: str
    alert: AlertType | None = AlertType.CLOUD_MESSAGE


_MEANINGS: Mapping[int, _Meaning] = {
    1: _Meaning("charge_stop"),  # whether the battery is full it does not say; the vehicle's values do
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
"""Which of the pairs 9/10 and 14/15 is which is read from their order ([C]), and nothing is decided by it."""

_UNLOCKED, _LOCKED = 12, 13


@dataclass(frozen=True, slots=True)
class CarAlert:
    """One alert; ``at`` is by the server's clock.

    What happens by itself carries the id of the last command along, so an id alone decides nothing (§4.1).
    """

    id: int
    type: int
    at: datetime
    command_id: int | None
    title: str | None = None


def parse_alert(value: Json, now: datetime) -> CarAlert | None:
    """Read an alert. Its additional data are free text of the server's, which may say anything, and are dropped."""
    said = Said.of(value)
    identifier, kind, at = said.integer("id"), said.integer("type", 0, 1000), said.past(now, "timestamp")
    if identifier is None or kind is None or at is None:
        return None
    return CarAlert(identifier, kind, at, said.integer("command_id", 0), said.line("type_display"))


def parse_alerts(value: Json, now: datetime) -> tuple[CarAlert, ...]:
    """Return what can be read of a list, newest first."""
    alerts = (parse_alert(dict(said.values), now) for said in objects(value))
    return newest_first(alert for alert in alerts if alert is not None)


def newest_first(alerts: Iterable[CarAlert]) -> tuple[CarAlert, ...]:
    """Put alerts in order."""
    return tuple(sorted(alerts, key=lambda alert: (alert.at, alert.id), reverse=True))


def notification(alert: CarAlert) -> Notification | None:
    """Return what an owner is told, if anything: by the name that the server has for it, or else by its kind."""
    kind, meaning = _MEANINGS.get(alert.type, _Meaning(f"alert_{alert.type}"))
    if meaning is None:
        return None
    title = alert.title or kind.replace("_", " ").capitalize()
    return Notification(id=str(alert.id), kind=kind, alert=meaning, title=title, sent_at=alert.at)


def last_lock(alerts: Iterable[CarAlert]) -> CarAlert | None:
    """Return the last time that the vehicle was locked or unlocked from afar."""
    return next((alert for alert in newest_first(alerts) if alert.type in {_UNLOCKED, _LOCKED}), None)


def is_locked(alert: CarAlert) -> bool:
    """Whether the alert leaves the vehicle locked."""
    return alert.type == _LOCKED
