"""The rules that turn a change of state into alerts.

The first state of a vehicle raises no alerts: a condition that has always held is not news.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from typing import NamedTuple

from ..vehicle import (
    NEVER,
    Alert,
    AlertType,
    ChargeSpeed,
    Charging,
    ChargingStatus,
    Detail,
    Group,
    Notification,
    Tyre,
    VehicleState,
)
from .diagnosis import silence_limit
from .health_tracker import HealthReading
from .wake_policy import LOWEST_VOLTAGE

_AJAR = timedelta(minutes=10)
"""For how long a parked vehicle must have reported an open door or no lock: people load, and come back."""

_RECHARGED = 3.0
"""How many % above the threshold the level must rise before it can fall below again."""

_RECOVERED = 0.3
"""How many volts the 12 V battery must recover before it can be low again."""

_COLD = timedelta(days=1)
"""For how long a tyre raises no further alert unless it has lost more: in the cold, warnings come and go."""

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

_NOTICE = (30, 7, 0)
"""Days before its end at which a subscription raises an alert."""

HORIZON = timedelta(hours=6)
"""An event longer ago than this, that was not noticed then, is not reported as if it were new."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertPreferences:
    """What the owner sets by entities: the level in % below which to alert, and by when the plug has to be in.

    ``plug_in_by`` is in local time; ``None`` means no reminder.
    """

    charge_below: float = 30.0
    plug_in_by: time | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertContext:
    """Everything that the rules look at, at one moment.

    ``lock_reminder`` is the name of the geofence that wants the vehicle to be locked where it is. ``stopped_at`` is
    when the owner or a charge plan last stopped charging, ``target`` the level at which the plan is done, if one holds.
    ``charge_below`` is the level in % below which they want an alert, ``unwanted`` the types that they have switched
    off. ``listening_since`` is since when all sources push, if they do. ``unanswered_at`` is when the vehicle was last
    woken without a response. ``healths`` are the newest readings of the battery's health by their sources.
    """

    state: VehicleState
    now: datetime
    driving: bool | None = None
    lock_reminder: str | None = None
    stopped_at: datetime | None = None
    target: float | None = None
    charge_below: float = 30.0
    unwanted: frozenset[AlertType] = frozenset()
    listening_since: datetime | None = None
    unanswered_at: datetime | None = None
    healths: Mapping[str, HealthReading] = field(default_factory=dict)

    def found_late(self, before: VehicleState, group: Group) -> bool:
        """Whether a change of ``group`` since ``before`` happened longer ago than the horizon.

        A group that was received recently has changed recently, even if the vehicle's own times lag by hours
        (kamereon-eu §8.1). A change without a time may be as old as the value before, unless the source has pushed
        updates ever since.
        """
        was, known = before.groups().get(group), self.state.groups().get(group)
        if was is None or known is None or self.now - was.received_at <= HORIZON:
            return False
        listened = self.listening_since is not None and was.received_at >= self.listening_since
        return self.now - (known.reported_at or (self.now if listened else was.received_at)) > HORIZON


CHARGE_ENDS = frozenset({AlertType.CHARGING_FINISHED, AlertType.CHARGING_INTERRUPTED, AlertType.CHARGING_STOPPED})
"""The same event, named by how it is judged."""

CHANGED: Mapping[AlertType, Group] = {
    **dict.fromkeys((AlertType.PLUGGED_IN, AlertType.UNPLUGGED, *CHARGE_ENDS), Group.CHARGING),
    **dict.fromkeys((AlertType.CLIMATE_STARTED, AlertType.CLIMATE_STOPPED), Group.CLIMATE),
    **dict.fromkeys((AlertType.ENTERED_AREA, AlertType.LEFT_AREA, AlertType.UNEXPECTED_MOVEMENT), Group.POSITION),
}
"""The types of alerts for an event at one moment, and the group that shows it."""


def transitions(before: VehicleState, context: AlertContext) -> Iterator[Alert]:
    """Return the alerts for changes since ``before``. A group that was unknown then has not changed."""
    groups = context.state.groups()
    for kind in _changes(before, context):
        yield Alert(type=kind, at=groups[CHANGED[kind]].known_at, details=_level(context.state))


def _level(state: VehicleState) -> Mapping[str, Detail]:
    return {"level": state.battery.level} if state.battery else {}


def _changes(before: VehicleState, context: AlertContext) -> Iterator[AlertType]:
    was, now = before.charging, context.state.charging
    if was is not None and now is not None:
        if (plugged_in := _turned(was.plugged_in, now.plugged_in)) is not None:
            yield AlertType.PLUGGED_IN if plugged_in else AlertType.UNPLUGGED
        if (end := _end_of_charge(was, now, context)) is not None:
            yield end
    climate, later = before.climate, context.state.climate
    if climate is not None and later is not None and (running := _turned(climate.running, later.running)) is not None:
        yield AlertType.CLIMATE_STARTED if running else AlertType.CLIMATE_STOPPED


def _turned(was: bool | None, now: bool | None) -> bool | None:
    """Return what a value has changed to; ``None`` if it has not, or was or is unknown."""
    return None if was is None or was is now else now


def _end_of_charge(was: Charging, now: Charging, context: AlertContext) -> AlertType | None:
    finished = now.status is ChargingStatus.FINISHED
    if was.active is not True:  # it may have charged between two reads; only the vehicle knows
        pauses = context.target is not None and _is_full(context.state, _REPORTED_FULL, context.target) is False
        return AlertType.CHARGING_FINISHED if finished and was.status not in _NOT_BEGUN and not pauses else None
    requested = context.stopped_at is not None and context.stopped_at >= was.received_at
    if now.active is not False:
        return None
    end = judge(was, context.state, requested=requested, finished=finished, target=context.target)
    if end is AlertType.CHARGING_FINISHED:
        return end if finished or now.plugged_in is not False else None
    return None if requested or is_planned(now) or now.plugged_in is False else end


_NOT_BEGUN = (None, ChargingStatus.FINISHED)


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


def judge(
    last: Charging | None, state: VehicleState, *, requested: bool, finished: bool, target: float | None
) -> AlertType:
    """Return how a charge has ended, which was ``last`` seen running before ``state``.

    ``requested``: the owner or a charge plan has stopped it. ``finished``: a message or the vehicle's status calls it
    finished, which counts if the level is unknown. ``target`` is the level at which the plan is done, if one holds.
    """
    full = _is_full(state, _REPORTED_FULL if finished else _FULL, target)
    if full or (full is None and finished):
        return AlertType.CHARGING_FINISHED
    if requested or is_rapid(last) or (state.charging is not None and is_planned(state.charging)):
        return AlertType.CHARGING_STOPPED
    return AlertType.CHARGING_INTERRUPTED


def _is_full(state: VehicleState, tolerance: float, target: float | None) -> bool | None:
    """Whether the battery is full; ``None`` if its level is unknown, or is from long before the end."""
    battery, charging, times = state.battery, state.charging, state.report_times
    if battery is None or battery.level is None:
        return None
    if Group.BATTERY in times and times.get(Group.CHARGING, NEVER) - times[Group.BATTERY] > SAME_CAUSE:
        return None
    if target is not None and battery.level >= target - _FULL:
        return True
    limit = charging.limit if charging else None
    if limit is None and target is None:
        return battery.level >= _LOWEST_LIMIT - _FULL
    return battery.level >= (100.0 if limit is None else limit) - tolerance


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargeContext:
    """What the vehicle itself has reported when a message says that a charge has ended.

    ``last`` is the charge when it was last seen running, ``ended`` whether the newest read has shown its end.
    ``stopped_at`` and ``target`` are as in :class:`AlertContext`.
    """

    state: VehicleState = VehicleState()
    last: Charging | None = None
    ended: bool = False
    stopped_at: datetime | None = None
    target: float | None = None

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
        return judge(self.last, self.state, requested=requested, finished=True, target=self.target)


class AlertCondition(NamedTuple):
    """A condition that raises its alert when it begins to hold; ``None`` means that it stays as it was.

    ``variant`` distinguishes conditions of the same type and subject, like thresholds. ``at_once`` raises the alert
    even if the condition holds in the first state. For ``quiet`` after an alert there is no other, unless ``value`` has
    fallen since.
    """

    alert: Alert
    holds: bool | None
    variant: str = ""
    at_once: bool = False
    quiet: timedelta = timedelta()
    value: float | None = None

    @property
    def key(self) -> str:
        """The key under which its state is stored."""
        return f"{self.alert.type}/{self.alert.subject or ''}/{self.variant}"


def conditions(context: AlertContext) -> Iterator[AlertCondition]:
    """Evaluate all conditions that are worth an alert when they begin to hold."""
    for evaluate in (_charge, _aux_battery, _tyres, _lamps, _openings, _unlocked, _silence, _subscription):
        yield from evaluate(context)


def _charge(context: AlertContext) -> Iterator[AlertCondition]:
    if (battery := context.state.battery) is None:
        return
    level, threshold = battery.level, context.charge_below
    details: dict[str, Detail] = {"level": level, "threshold": threshold}
    alert = Alert(type=AlertType.CHARGE_BELOW, at=battery.known_at, details=details)
    yield AlertCondition(alert, _below(level, threshold, _RECHARGED), variant=f"{threshold:g}")


def _aux_battery(context: AlertContext) -> Iterator[AlertCondition]:
    if (aux := context.state.aux_battery) is None:
        return
    alert = Alert(type=AlertType.AUX_BATTERY_LOW, at=aux.known_at, details={"voltage": aux.voltage})
    yield AlertCondition(alert, _below(aux.voltage, LOWEST_VOLTAGE, _RECOVERED))


def _below(value: float | None, threshold: float, band: float) -> bool | None:
    """Whether a value is low; ``None`` if it is unknown, or between low and recovered."""
    if value is None or threshold <= value < threshold + band:
        return None
    return value < threshold


def _tyres(context: AlertContext) -> Iterator[AlertCondition]:
    if (tyres := context.state.tyres) is None:
        return
    for wheel in ("front_left", "front_right", "rear_left", "rear_right"):
        tyre: Tyre = getattr(tyres, wheel)
        details = {} if tyre.pressure is None else {"pressure": tyre.pressure}
        alert = Alert(type=AlertType.TYRE_WARNING, at=tyres.known_at, subject=wheel, details=details)
        yield AlertCondition(alert, tyre.warning, quiet=_COLD, value=tyre.pressure)


def _lamps(context: AlertContext) -> Iterator[AlertCondition]:
    health = context.state.health
    if health is None or health.lamps is None:
        return
    alert = Alert(type=AlertType.WARNING_LAMP, at=health.known_at, details={"lamps": ", ".join(health.lamps)})
    yield AlertCondition(alert, bool(health.lamps))


def _openings(context: AlertContext) -> Iterator[AlertCondition]:
    if (body := context.state.body) is None:
        return
    for opening in ("door_front_left", "door_front_right", "door_rear_left", "door_rear_right", "hatch"):
        is_open: bool | None = getattr(body, opening)
        alert = Alert(type=AlertType.DOOR_OPEN, at=body.known_at, subject=opening)
        yield AlertCondition(alert, is_open and _left_since(context, body.known_at))


def _unlocked(context: AlertContext) -> Iterator[AlertCondition]:
    body = context.state.body
    if body is None or body.assumed:  # somebody may have used the key since
        return
    area = context.lock_reminder
    details = {} if area is None else {"area": area}
    alert = Alert(type=AlertType.LEFT_UNLOCKED, at=body.known_at, details=details)
    unlocked = None if body.locked is None else not body.locked
    yield AlertCondition(alert, area is not None and unlocked and _left_since(context, body.known_at))


def _left_since(context: AlertContext, at: datetime) -> bool | None:
    """Whether the vehicle was left as it reported ``at`` that time. While it may be driving, nobody has left it."""
    return None if context.driving is not False else context.now - at >= _AJAR


def _silence(context: AlertContext) -> Iterator[AlertCondition]:
    if (last := context.state.last_report) is not None:
        limit = silence_limit(context.state, context.unanswered_at)
        yield AlertCondition(Alert(type=AlertType.SILENT, at=last + limit), context.now - last > limit)


def _subscription(context: AlertContext) -> Iterator[AlertCondition]:
    ends_at = context.state.subscription.ends_at if context.state.subscription else None
    if ends_at is None:
        return
    now = context.now
    left = (ends_at.date() - now.date()).days
    for days in _NOTICE:
        # The last alert comes when the day begins, the others to the hour.
        notice_at = ends_at - timedelta(days=days) if days else datetime.combine(ends_at, time(), ends_at.tzinfo)
        details: dict[str, Detail] = {"days": max(left, 0), "until": ends_at.isoformat()}
        alert = Alert(type=AlertType.SUBSCRIPTION_EXPIRES, at=notice_at, details=details)
        yield AlertCondition(alert, now >= notice_at, variant=str(days), at_once=now < ends_at)


def not_plugged_in(state: VehicleState, *, at_home: bool | None, now: datetime) -> Alert | None:
    """Return the alert for a vehicle at home that is not plugged in by the hour when the owner wants it to be."""
    if not at_home or state.charging is None or state.charging.plugged_in is not False:
        return None
    return Alert(type=AlertType.NOT_PLUGGED_IN_AT_HOME, at=now, details=_level(state))
