"""How a charge has ended. The vehicle's own figures decide, whatever a message or a status calls it."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from ..vehicle import AlertType, ChargeSpeed, Charging, ChargingStatus, Notification, Reported, VehicleState

CHARGE_ENDS = frozenset({AlertType.CHARGING_FINISHED, AlertType.CHARGING_INTERRUPTED, AlertType.CHARGING_STOPPED})
"""The same cause, named by how it is judged."""

SAME_CAUSE = timedelta(minutes=30)
"""The cloud's message and the report that shows the same are minutes apart; reads are, too."""

_LOWEST_LIMIT = 80.0
"""%. Where no limit is known, a charge that stops here or higher may be meant to: older LEAFs offer to stop at 80 %."""

_FULL = 1.0
"""How many % below its limit a battery counts as charged: the last one is shown late."""

_REPORTED_FULL = 5.0
"""The same where the vehicle or its service calls the charge finished: their level need not be the one that we see."""

_FASTEST_AC = 22.0
"""kW. More power than this comes from a rapid charger."""


def charge_stopped(before: VehicleState, state: VehicleState) -> bool:
    """Whether a charge has ended, for whatever reason; the cloud may have written why."""
    was, now = before.charging, state.charging
    return was is not None and now is not None and was.active is True and now.active is False


def is_planned(charging: Charging) -> bool:
    """Whether the charge gave way to something that somebody has planned."""
    return charging.status in _PLANNED


_PLANNED = {
    ChargingStatus.WAITING_FOR_SCHEDULE,
    ChargingStatus.V2G_WAITING,
    ChargingStatus.V2G_DISCHARGING,
    ChargingStatus.V2L_CONNECTED,
}


def is_rapid(charging: Charging | None) -> bool:
    """Whether a charge runs at a rapid charger, where drivers stop it whenever they have enough."""
    return charging is not None and (
        charging.speed is ChargeSpeed.FASTEST or (charging.power is not None and charging.power > _FASTEST_AC)
    )


def judge(last: Charging | None, state: VehicleState, *, asked: bool, finished: bool) -> AlertType:
    """Return as what a charge has ended.

    Args:
        last: The charge as it was last seen to go on.
        state: What is known after its end.
        asked: Whether the owner has had it stopped.
        finished: Whether a message or the vehicle's status calls it finished; that counts if the level is unknown.
    """
    full = _is_full(state, _REPORTED_FULL if finished else _FULL)
    if full or (full is None and finished):
        return AlertType.CHARGING_FINISHED
    if asked or is_rapid(last) or (state.charging is not None and is_planned(state.charging)):
        return AlertType.CHARGING_STOPPED
    return AlertType.CHARGING_INTERRUPTED


def _is_full(state: VehicleState, tolerance: float) -> bool | None:
    """Return whether the battery is full; ``None`` if its level is not known, or is that of long before the end."""
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
    """What is known of the vehicle's own when a message says that a charge has ended.

    ``last`` is the charge as it was last seen to go on, ``ended`` whether the newest read has shown its end.
    ``stopped_at`` is when the owner last had charging stopped.
    """

    state: VehicleState = VehicleState()
    last: Charging | None = None
    ended: bool = False
    stopped_at: datetime | None = None

    def awaits_report(self, message: Notification, now: datetime) -> bool:
        """Whether the vehicle still seems to charge, so that its own report of the end is worth waiting for."""
        charging = self.state.charging
        recent = message.sent_at is not None and now - message.sent_at < SAME_CAUSE
        return message.alert in CHARGE_ENDS and recent and charging is not None and charging.active is True

    def level_at(self, at: datetime) -> float | None:
        """Return the level in % with which a charge ended ``at``, if what is known is of that time."""
        battery, charging = self.state.battery, self.state.charging
        if battery is None or (charging is not None and charging.active is True):
            return None
        reported = battery.reported_at or battery.received_at
        return battery.level if self.ended or abs(reported - at) <= SAME_CAUSE else None

    def judged(self, kind: AlertType, at: datetime) -> AlertType:
        """Return what a message of that kind, sent ``at``, stands for."""
        if kind is not AlertType.CHARGING_FINISHED or self.level_at(at) is None:
            return kind
        asked = self.stopped_at is not None and abs(self.stopped_at - at) <= SAME_CAUSE
        return judge(self.last, self.state, asked=asked, finished=True)
