"""The rules that turn a change of state into alerts.

The first state of a vehicle raises no alerts: a condition that has always held is not news.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, time, timedelta
from typing import NamedTuple

from ..vehicle import Alert, AlertType, Charging, ChargingStatus, Detail, Group, Tyre, VehicleState
from .charge_end import CHARGE_ENDS, is_planned, judge
from .diagnosis import silence_limit
from .position import Geofence, GeofenceAction
from .wake_policy import LOWEST_VOLTAGE

_AJAR = timedelta(minutes=10)
"""For how long a parked vehicle must have reported an open door or no lock: people load, and come back."""

_RECHARGED = 3.0
"""How many % above the threshold the level must rise before it can fall below again."""

_RECOVERED = 0.3
"""How many volts the 12 V battery must recover before it can be low again."""

_COLD = timedelta(days=1)
"""For how long a tyre raises no further alert unless it has lost more: in the cold, warnings come and go."""

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

    ``inside`` is whether the vehicle is inside each geofence. ``stopped_at`` is when the owner last stopped charging,
    ``charge_below`` the level in % below which they want an alert, ``unwanted`` the types that they have switched off.
    ``listening_since`` is since when all sources push, if they do. ``unanswered_at`` is when the vehicle was last woken
    without a response.
    """

    state: VehicleState
    now: datetime
    driving: bool | None = None
    inside: tuple[tuple[Geofence, bool], ...] = ()
    stopped_at: datetime | None = None
    charge_below: float = 30.0
    unwanted: frozenset[AlertType] = frozenset()
    listening_since: datetime | None = None
    unanswered_at: datetime | None = None

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


def transitions(before: VehicleState, context: AlertContext) -> Iterator[Alert]:
    """Return the alerts for changes since ``before``. A group that was unknown then has not changed."""
    for kind, group, happened in _TRANSITIONS:
        known = context.state.groups().get(group)
        if known is not None and group in before.groups() and happened(before, context):
            yield Alert(type=kind, at=known.known_at, details=_level(context.state))


def _level(state: VehicleState) -> Mapping[str, Detail]:
    return {"level": state.battery.level} if state.battery else {}


def _charging(state: VehicleState) -> Charging:
    if state.charging is None:
        raise ValueError("a transition is only evaluated when its group is known")
    return state.charging


def _ended_as(kind: AlertType) -> Callable[[VehicleState, AlertContext], bool]:
    def happened(before: VehicleState, context: AlertContext) -> bool:
        return _end_of_charge(before, context) is kind

    return happened


def _end_of_charge(before: VehicleState, context: AlertContext) -> AlertType | None:
    was, now = _charging(before), _charging(context.state)
    finished = now.status is ChargingStatus.FINISHED
    if was.active is not True:  # it may have charged between two reads; only the vehicle knows
        return AlertType.CHARGING_FINISHED if finished and was.status not in _NOT_BEGUN else None
    requested = context.stopped_at is not None and context.stopped_at >= was.received_at
    if now.active is not False:
        return None
    end = judge(was, context.state, requested=requested, finished=finished)
    if end is AlertType.CHARGING_FINISHED:
        return end if finished or now.plugged_in is not False else None
    return None if requested or is_planned(now) or now.plugged_in is False else end


_NOT_BEGUN = (None, ChargingStatus.FINISHED)


def _turned(value: Callable[[VehicleState], bool | None], *, to: bool) -> Callable[[VehicleState, AlertContext], bool]:
    def happened(before: VehicleState, context: AlertContext) -> bool:
        return value(before) is (not to) and value(context.state) is to

    return happened


def _plugged_in(state: VehicleState) -> bool | None:
    return state.charging.plugged_in if state.charging else None


def _climate(state: VehicleState) -> bool | None:
    return state.climate.running if state.climate else None


_TRANSITIONS: tuple[tuple[AlertType, Group, Callable[[VehicleState, AlertContext], bool]], ...] = (
    (AlertType.PLUGGED_IN, Group.CHARGING, _turned(_plugged_in, to=True)),
    (AlertType.UNPLUGGED, Group.CHARGING, _turned(_plugged_in, to=False)),
    *((kind, Group.CHARGING, _ended_as(kind)) for kind in sorted(CHARGE_ENDS)),
    (AlertType.CLIMATE_STARTED, Group.CLIMATE, _turned(_climate, to=True)),
    (AlertType.CLIMATE_STOPPED, Group.CLIMATE, _turned(_climate, to=False)),
)

CHANGED: Mapping[AlertType, Group] = {kind: group for kind, group, _ in _TRANSITIONS} | dict.fromkeys(
    (AlertType.ENTERED_AREA, AlertType.LEFT_AREA, AlertType.UNEXPECTED_MOVEMENT), Group.POSITION
)
"""The types of alerts for an event at one moment, and the group that shows it."""


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


@dataclass(frozen=True, slots=True)
class ConditionTracker:
    """Which conditions held last; for those with a quiet time, when and at which value they raised an alert."""

    standing: Mapping[str, bool] = field(default_factory=dict)
    reported_at: Mapping[str, datetime] = field(default_factory=dict)
    values: Mapping[str, float] = field(default_factory=dict)

    def after(self, found: Iterable[AlertCondition]) -> tuple[ConditionTracker, tuple[Alert, ...]]:
        """Return the tracker after an evaluation, and the alerts of the conditions that have begun to hold.

        Conditions that are missing are forgotten. Those of one type that begin together, like two doors, are one alert.
        """
        evaluated = tuple(found)
        new = [each for each in evaluated if self._is_new(each)]
        holding = ((each.key, self.standing.get(each.key) if each.holds is None else each.holds) for each in evaluated)
        quiet = [each for each in new if each.quiet]
        tracker = ConditionTracker(
            {key: holds for key, holds in holding if holds is not None},
            {**self.reported_at, **{each.key: each.alert.at for each in quiet}},
            {**self.values, **{each.key: each.value for each in quiet if each.value is not None}},
        )
        alerts = dict[AlertType, Alert]()
        for each in new:
            known = alerts.get(each.alert.type)
            alerts[each.alert.type] = each.alert if known is None else _joined(known, each.alert)
        return tracker, tuple(alerts.values())

    def _is_new(self, found: AlertCondition) -> bool:
        was, reported_at = self.standing.get(found.key), self.reported_at.get(found.key)
        if not found.holds or was is True or (was is None and not found.at_once):
            return False
        if reported_at is None or abs(found.alert.at - reported_at) >= found.quiet:
            return True
        return found.value is not None and found.value < self.values.get(found.key, found.value)


def _joined(one: Alert, other: Alert) -> Alert:
    """Join two alerts of one type: all subjects if there are any, otherwise the later stage."""
    subjects = (*one.subjects, *other.subjects)
    if not subjects:
        return other
    pressures = [value for each in (one, other) if isinstance(value := each.details.get("pressure"), float | int)]
    lowest = {"pressure": min(pressures)} if pressures else {}
    return replace(
        other,
        at=max(one.at, other.at),
        subject=", ".join(subjects),
        details={**one.details, **other.details, **lowest, "subjects": subjects},
    )


def conditions(context: AlertContext) -> Iterator[AlertCondition]:
    """Evaluate all conditions that are worth an alert when they begin to hold."""
    for evaluate in (_charge, _aux_battery, _tyres, _lamps, _openings, _unlocked, _silence, _subscription):
        yield from evaluate(context)


def _charge(context: AlertContext) -> Iterator[AlertCondition]:
    battery = context.state.battery
    if battery is None:
        return
    alert = Alert(
        type=AlertType.CHARGE_BELOW,
        at=battery.known_at,
        details={"level": battery.level, "threshold": context.charge_below},
    )
    holds = _below(battery.level, context.charge_below, _RECHARGED)
    yield AlertCondition(alert=alert, holds=holds, variant=f"{context.charge_below:g}")


def _aux_battery(context: AlertContext) -> Iterator[AlertCondition]:
    aux = context.state.aux_battery
    if aux is None:
        return
    alert = Alert(type=AlertType.AUX_BATTERY_LOW, at=aux.known_at, details={"voltage": aux.voltage})
    yield AlertCondition(alert=alert, holds=_below(aux.voltage, LOWEST_VOLTAGE, _RECOVERED))


def _below(value: float | None, threshold: float, band: float) -> bool | None:
    """Whether a value is low; ``None`` if it is unknown, or between low and recovered."""
    if value is None or threshold <= value < threshold + band:
        return None
    return value < threshold


def _tyres(context: AlertContext) -> Iterator[AlertCondition]:
    tyres = context.state.tyres
    if tyres is None:
        return
    at = tyres.known_at
    for wheel in ("front_left", "front_right", "rear_left", "rear_right"):
        tyre: Tyre = getattr(tyres, wheel)
        details = {} if tyre.pressure is None else {"pressure": tyre.pressure}
        alert = Alert(type=AlertType.TYRE_WARNING, at=at, subject=wheel, details=details)
        yield AlertCondition(alert=alert, holds=tyre.warning, quiet=_COLD, value=tyre.pressure)


def _lamps(context: AlertContext) -> Iterator[AlertCondition]:
    health = context.state.health
    if health is None or health.lamps is None:
        return
    at = health.known_at
    alert = Alert(type=AlertType.WARNING_LAMP, at=at, details={"lamps": ", ".join(health.lamps)})
    yield AlertCondition(alert=alert, holds=bool(health.lamps))


def _openings(context: AlertContext) -> Iterator[AlertCondition]:
    body = context.state.body
    if body is None:
        return
    at = body.known_at
    for opening in ("door_front_left", "door_front_right", "door_rear_left", "door_rear_right", "hatch"):
        is_open: bool | None = getattr(body, opening)
        alert = Alert(type=AlertType.DOOR_OPEN, at=at, subject=opening)
        yield AlertCondition(alert=alert, holds=is_open and _left_since(context, at))


def _unlocked(context: AlertContext) -> Iterator[AlertCondition]:
    body = context.state.body
    if body is None or body.assumed:  # somebody may have used the key since
        return
    at = body.known_at
    reminders = [
        geofence.name
        for geofence, inside in context.inside
        if GeofenceAction.LOCK_REMINDER in geofence.actions(inside=inside)
    ]
    alert = Alert(type=AlertType.LEFT_UNLOCKED, at=at, details={"area": reminders[0]} if reminders else {})
    yield AlertCondition(alert=alert, holds=bool(reminders) and _not(body.locked) and _left_since(context, at))


def _not(value: bool | None) -> bool | None:
    return None if value is None else not value


def _left_since(context: AlertContext, at: datetime) -> bool | None:
    """Whether the vehicle was left as it reported ``at`` that time. While it may be driving, nobody has left it."""
    return None if context.driving is not False else context.now - at >= _AJAR


def _silence(context: AlertContext) -> Iterator[AlertCondition]:
    if (last := context.state.last_report) is not None:
        limit = silence_limit(context.state, context.unanswered_at)
        yield AlertCondition(alert=Alert(type=AlertType.SILENT, at=last + limit), holds=context.now - last > limit)


def _subscription(context: AlertContext) -> Iterator[AlertCondition]:
    ends_at = context.state.subscription.ends_at if context.state.subscription else None
    if ends_at is None:
        return
    left = (ends_at.date() - context.now.date()).days
    for days in _NOTICE:
        # The last alert comes when the day begins, the others to the hour.
        notice_at = ends_at - timedelta(days=days) if days else datetime.combine(ends_at, time(), ends_at.tzinfo)
        alert = Alert(
            type=AlertType.SUBSCRIPTION_EXPIRES,
            at=notice_at,
            details={"days": max(left, 0), "until": ends_at.isoformat()},
        )
        yield AlertCondition(
            alert=alert, holds=context.now >= notice_at, variant=str(days), at_once=context.now < ends_at
        )


def not_plugged_in(state: VehicleState, *, at_home: bool | None, now: datetime) -> Alert | None:
    """Return the alert for a vehicle at home that is not plugged in by the hour when the owner wants it to be."""
    if not at_home or state.charging is None or state.charging.plugged_in is not False:
        return None
    return Alert(type=AlertType.NOT_PLUGGED_IN_AT_HOME, at=now, details=_level(state))
