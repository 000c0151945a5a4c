"""How a charge has ended. The vehicle's own figures decide, whatever a message or status calls it."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from ..vehicle import AlertType, ChargeSpeed, Charging, ChargingStatus, Notification, Reported, VehicleState

CHARGE_ENDS = frozenset({AlertType.CHARGING_FINISHED, AlertType.CHARGING_INTERRUPTED, AlertType.CHARGING_STOPPED})
"""The same event, named by how it is judged."""

SAME_CAUSE = timedelta(minutes=30)
"""The cloud's message and the report that shows the same event are minutes apart, and so are reads."""

_LOWEST_LIMIT = 80.0
"""%. Without a known limit, a charge that stops here or higher may be meant to: older LEAFs offer to stop at 80 %."""

_FULL = 1.0
"""How many % below its limit a battery counts as charged: the last one is reported late."""

_REPORTED_FULL = 5.0
"""The same if the vehicle or its service calls the charge finished: it may not use the level that we see."""

_FASTEST_AC = 22.0
"""kW. More power than this comes from a rapid charger."""


def charge_stopped(before: VehicleState, state: VehicleState) -> bool:
    """Whether a charge has ended, for any reason. The cloud may have sent a message that says why."""
    was, now = before.charging, state.charging
    return was is not None and now is not None and was.active is True and now.active is False


def is_planned(charging: Charging) -> bool:
    """Whether the charge gave way to something planned: a schedule, or feeding energy back."""
    return charging.status in _PLANNED


_PLANNED = {
    ChargingStatus.WAITING_FOR_SCHEDULE,
    ChargingStatus.V2G_WAITING,
    ChargingStatus.V2G_DISCHARGING,
    ChargingStatus.V2L_CONNECTED,
}


def is_rapid(charging: Charging | None) -> bool:
    """Whether the vehicle is at a rapid charger, where drivers stop when they have enough."""
    return charging is not None and (
        charging.speed is ChargeSpeed.FASTEST or (charging.power is not None and charging.power > _FASTEST_AC)
    )


def judge(last: Charging | None, state: VehicleState, *, requested: bool, finished: bool) -> AlertType:
    """Return how a charge has ended.

    Args:
        last: The charge when it was last seen running.
        state: The state after its end.
        requested: Whether the owner has stopped it.
        finished: Whether a message or the vehicle's status calls it finished. Counts if the level is unknown.
    """
    full = _is_full(state, _REPORTED_FULL if finished else _FULL)
    if full or (full is None and finished):
        return AlertType.CHARGING_FINISHED
    if requested or is_rapid(last) or (state.charging is not None and is_planned(state.charging)):
        return AlertType.CHARGING_STOPPED
    return AlertType.CHARGING_INTERRUPTED


def _is_full(state: VehicleState, tolerance: float) -> bool | None:
    """Whether the battery is full; ``None`` if its level is unknown, or is from long before the end."""
    battery, charging = state.battery, state.charging
    limit = charging.limit if charging else None
    level = battery.level if battery else None
    if level is None or _reported_before(battery, charging):
        return None
    return level >= (_LOWEST_LIMIT - _FULL if limit is None else limit - tolerance)


def _reported_before(battery: Reported | None, charging: Reported | None) -> bool:
    if battery is None or charging is None or battery.reported_at is None or charging.reported_at is None:
        return False
    return charging.reported_at - battery.reported_at > SAME_CAUSE


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargeContext:
    """What the vehicle itself has reported when a message says that a charge has ended.

    ``last`` is the charge when it was last seen running, ``ended`` whether the newest read has shown its end.
    ``stopped_at`` is when the owner last stopped charging.
    """

    state: VehicleState = VehicleState()
    last: Charging | None = None
    ended: bool = False
    stopped_at: datetime | None = None

    def awaits_report(self, message: Notification, now: datetime) -> bool:
        """Whether the vehicle still seems to charge, so its own report of the end is worth waiting for."""
        charging = self.state.charging
        recent = message.sent_at is not None and now - message.sent_at < SAME_CAUSE
        return message.alert in CHARGE_ENDS and recent and charging is not None and charging.active is True

    def level_at(self, at: datetime) -> float | None:
        """Return the level in % at which a charge ended ``at``, if the known level is of that time."""
        battery, charging = self.state.battery, self.state.charging
        if battery is None or (charging is not None and charging.active is True):
            return None
        return battery.level if self.ended or abs(battery.known_at - at) <= SAME_CAUSE else None

    def judged(self, kind: AlertType, at: datetime) -> AlertType:
        """Return what a message of type ``kind``, sent ``at``, really means."""
        if kind is not AlertType.CHARGING_FINISHED or self.level_at(at) is None:
            return kind
        requested = self.stopped_at is not None and abs(self.stopped_at - at) <= SAME_CAUSE
        return judge(self.last, self.state, requested=requested, finished=True)
