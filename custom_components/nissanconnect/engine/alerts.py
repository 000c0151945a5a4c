"""What the vehicle's own reports tell that its owner wants to know.

Nothing is told at the first look: what has always been so has not happened.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple

from ..vehicle import Alert, AlertType, Charging, ChargingStatus, Group, Tyre, VehicleState
from .doctor import SILENCE_LIMIT
from .geofence import Fence, FenceAction
from .guardian import LOWEST_VOLTAGE

_AJAR = timedelta(minutes=10)
"""How long ago a parked vehicle must have reported a door open or a lock unlocked: people load, and come back."""

_RECHARGED = 3.0
"""How many % above the threshold a charge must rise before it can fall below again."""

_RECOVERED = 0.3
"""Volts that the 12 V battery must recover by before it can be low again."""

_NOTICE = (30, 7)
"""Days before its end at which a subscription is mentioned."""

_LOWEST_LIMIT = 80.0
"""%. Where no limit is known, a charge that stops here or higher may be meant to: older LEAFs offer to stop at 80 %."""

_FULL = 1.0
"""How many % below its limit a battery counts as charged: the last one is shown late."""


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """Everything that alerts are made of, at one moment.

    ``inside`` tells of each area whether the vehicle is in it. ``stopped_at`` is when the owner last had charging
    stopped, ``charge_below`` the level in % below which they want to know, ``unwanted`` what they do not want to know.
    """

    state: VehicleState
    now: datetime
    driving: bool | None = None
    inside: tuple[tuple[Fence, bool], ...] = ()
    stopped_at: datetime | None = None
    charge_below: float = 30.0
    unwanted: frozenset[AlertType] = frozenset()


def transitions(before: VehicleState, view: View) -> Iterator[Alert]:
    """Return what has changed since ``before``; a group that was not known then has not changed."""
    for kind, group, happened in _TRANSITIONS:
        known = view.state.groups().get(group)
        if known is not None and group in before.groups() and happened(before, view):
            yield Alert(type=kind, at=known.reported_at or known.received_at, details=_level(view.state))


def _level(state: VehicleState) -> Mapping[str, float | None]:
    return {"level": state.battery.level} if state.battery else {}


def _charging(state: VehicleState) -> Charging:
    if state.charging is None:
        raise ValueError("a transition is only asked for when its group is known")
    return state.charging


def _finished(before: VehicleState, view: View) -> bool:
    was, now = _charging(before), _charging(view.state)
    if was.status is None or was.status is ChargingStatus.FINISHED:
        return False
    return now.status is ChargingStatus.FINISHED or (_stopped(was, now) and _is_full(view.state))


def _interrupted(before: VehicleState, view: View) -> bool:
    was, now = _charging(before), _charging(view.state)
    asked = view.stopped_at is not None and view.stopped_at >= was.received_at
    return _stopped(was, now) and not (asked or now.status in _INTENDED or _finished(before, view))


_INTENDED = {
    ChargingStatus.WAITING_FOR_SCHEDULE,
    ChargingStatus.V2G_WAITING,
    ChargingStatus.V2G_DISCHARGING,
    ChargingStatus.V2L_CONNECTED,
}
"""What a charge may turn into without having been interrupted: somebody's plan."""


def _stopped(was: Charging, now: Charging) -> bool:
    return was.active is True and now.active is False and now.plugged_in is not False


def _is_full(state: VehicleState) -> bool:
    limit = state.charging.limit if state.charging else None
    level = state.battery.level if state.battery else None
    return level is not None and level >= (_LOWEST_LIMIT if limit is None else limit) - _FULL


def charge_stopped(before: VehicleState, state: VehicleState) -> bool:
    """Whether a charge has ended, for whatever reason; the cloud may have written why."""
    was, now = before.charging, state.charging
    return was is not None and now is not None and was.active is True and now.active is False


def _turned(value: Callable[[VehicleState], bool | None], *, to: bool) -> Callable[[VehicleState, View], bool]:
    def happened(before: VehicleState, view: View) -> bool:
        return value(before) is (not to) and value(view.state) is to

    return happened


def _plugged_in(state: VehicleState) -> bool | None:
    return state.charging.plugged_in if state.charging else None


def _climate(state: VehicleState) -> bool | None:
    return state.climate.running if state.climate else None


_TRANSITIONS: tuple[tuple[AlertType, Group, Callable[[VehicleState, View], bool]], ...] = (
    (AlertType.PLUGGED_IN, Group.CHARGING, _turned(_plugged_in, to=True)),
    (AlertType.UNPLUGGED, Group.CHARGING, _turned(_plugged_in, to=False)),
    (AlertType.CHARGING_FINISHED, Group.CHARGING, _finished),
    (AlertType.CHARGING_INTERRUPTED, Group.CHARGING, _interrupted),
    (AlertType.CLIMATE_STARTED, Group.CLIMATE, _turned(_climate, to=True)),
    (AlertType.CLIMATE_STOPPED, Group.CLIMATE, _turned(_climate, to=False)),
)


class Standing(NamedTuple):
    """Something that is so, or is not; ``None`` leaves open whether it still is.

    ``variant`` tells apart what has the same type and subject, like thresholds.
    """

    alert: Alert
    holds: bool | None
    variant: str = ""

    @property
    def key(self) -> str:
        """By what it is remembered."""
        return f"{self.alert.type}/{self.alert.subject or ''}/{self.variant}"


@dataclass(frozen=True, slots=True)
class Watch:
    """What stood when it was last looked at."""

    standing: Mapping[str, bool] = field(default_factory=dict)

    def after(self, found: Iterable[Standing]) -> tuple[Watch, tuple[Alert, ...]]:
        """Return what stands now, and what has come to be so. What is not asked about any more is forgotten."""
        looked = tuple(found)
        alerts = tuple(each.alert for each in looked if each.holds and self.standing.get(each.key) is False)
        told = ((each.key, self.standing.get(each.key) if each.holds is None else each.holds) for each in looked)
        return Watch({key: holds for key, holds in told if holds is not None}), alerts


def standing(view: View) -> Iterator[Standing]:
    """Return everything that is worth an alert when it comes to be so."""
    for look in (_charge, _aux_battery, _tyres, _lamps, _openings, _unlocked, _silence, _subscription):
        yield from look(view)


def _charge(view: View) -> Iterator[Standing]:
    battery = view.state.battery
    if battery is None:
        return
    alert = Alert(
        type=AlertType.CHARGE_BELOW,
        at=battery.reported_at or battery.received_at,
        details={"level": battery.level, "threshold": view.charge_below},
    )
    holds = _below(battery.level, view.charge_below, _RECHARGED)
    yield Standing(alert=alert, holds=holds, variant=f"{view.charge_below:g}")


def _aux_battery(view: View) -> Iterator[Standing]:
    aux = view.state.aux_battery
    if aux is None:
        return
    alert = Alert(
        type=AlertType.AUX_BATTERY_LOW, at=aux.reported_at or aux.received_at, details={"voltage": aux.voltage}
    )
    yield Standing(alert=alert, holds=_below(aux.voltage, LOWEST_VOLTAGE, _RECOVERED))


def _below(value: float | None, threshold: float, band: float) -> bool | None:
    """Whether a value is low; unknown, or between low and recovered, it stays what it was."""
    if value is None:
        return None
    return True if value < threshold else None if value < threshold + band else False


def _tyres(view: View) -> Iterator[Standing]:
    tyres = view.state.tyres
    if tyres is None:
        return
    at = tyres.reported_at or tyres.received_at
    for wheel in ("front_left", "front_right", "rear_left", "rear_right"):
        tyre: Tyre = getattr(tyres, wheel)
        details = {} if tyre.pressure is None else {"pressure": tyre.pressure}
        alert = Alert(type=AlertType.TYRE_WARNING, at=at, subject=wheel, details=details)
        yield Standing(alert=alert, holds=tyre.warning)


def _lamps(view: View) -> Iterator[Standing]:
    health = view.state.health
    if health is None or health.lamps is None:
        return
    at = health.reported_at or health.received_at
    alert = Alert(type=AlertType.WARNING_LAMP, at=at, details={"lamps": ", ".join(health.lamps)})
    yield Standing(alert=alert, holds=bool(health.lamps))


def _openings(view: View) -> Iterator[Standing]:
    body = view.state.body
    if body is None:
        return
    at = body.reported_at or body.received_at
    for opening in ("door_front_left", "door_front_right", "door_rear_left", "door_rear_right", "hatch"):
        is_open: bool | None = getattr(body, opening)
        alert = Alert(type=AlertType.DOOR_OPEN, at=at, subject=opening)
        yield Standing(alert=alert, holds=is_open and _left_so(view, at))


def _unlocked(view: View) -> Iterator[Standing]:
    body = view.state.body
    if body is None or body.assumed:  # somebody may have turned the key since
        return
    at = body.reported_at or body.received_at
    wanting = [fence.name for fence, inside in view.inside if FenceAction.LOCK_REMINDER in fence.actions(inside=inside)]
    alert = Alert(type=AlertType.LEFT_UNLOCKED, at=at, details={"area": wanting[0]} if wanting else {})
    yield Standing(alert=alert, holds=bool(wanting) and _not(body.locked) and _left_so(view, at))


def _not(value: bool | None) -> bool | None:
    return None if value is None else not value


def _left_so(view: View, at: datetime) -> bool | None:
    """Whether the vehicle was left the way it reported at that time; while it may be driving nobody has left it."""
    return None if view.driving is not False else view.now - at >= _AJAR


def _silence(view: View) -> Iterator[Standing]:
    if (last := view.state.last_report) is not None:
        alert = Alert(type=AlertType.SILENT, at=last + SILENCE_LIMIT)
        yield Standing(alert=alert, holds=view.now - last > SILENCE_LIMIT)


def _subscription(view: View) -> Iterator[Standing]:
    ends_at = view.state.subscription.ends_at if view.state.subscription else None
    if ends_at is None:
        return
    for days in _NOTICE:
        notice_at = ends_at - timedelta(days=days)
        alert = Alert(
            type=AlertType.SUBSCRIPTION_EXPIRES, at=notice_at, details={"days": days, "until": ends_at.isoformat()}
        )
        yield Standing(alert=alert, holds=view.now >= notice_at, variant=str(days))


def not_plugged_in(state: VehicleState, *, at_home: bool | None, now: datetime) -> Alert | None:
    """Return the alert for a vehicle that stands at home without its plug at the hour when the owner wants it in."""
    if not at_home or state.charging is None or state.charging.plugged_in is not False:
        return None
    return Alert(type=AlertType.NOT_PLUGGED_IN_AT_HOME, at=now, details=_level(state))
