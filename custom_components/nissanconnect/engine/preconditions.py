"""Whether a command is possible, sensible and needed, checked before the vehicle is woken for it.

Unknown values never block, nor do values that were reported too long ago to be still true: then the vehicle itself
decides.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import NamedTuple, Self

from ..vehicle import (
    COMMANDS,
    Capability,
    Charging,
    ChargingStatus,
    Climate,
    Command,
    CommandOutcome,
    CommandRecord,
    CommandStatus,
    DeviceNotRegistered,
    Group,
    NotSupported,
    PrivacyMode,
    Reason,
    Refresh,
    Reported,
    ScheduleClimate,
    SetChargeLimit,
    StartCharging,
    StartClimate,
    StartEngine,
    StopCharging,
    StopClimate,
    SubscriptionInactive,
    Unreachable,
    VehicleInfo,
    VehicleState,
)

WEATHER_LASTS = timedelta(hours=1)
PLUG_LASTS = timedelta(minutes=15)
"""The owner may have plugged the vehicle in a moment ago, and such reports get lost."""
LEVEL_LASTS = timedelta(hours=6)
"""A parked vehicle keeps its level, but not for a night at a plug that was not reported."""

OVERRIDABLE = frozenset(
    {
        Reason.ALREADY_CHARGED,
        Reason.BATTERY_LOW,
        Reason.NOT_PLUGGED_IN,
        Reason.OUTSIDE_TOO_COLD,
        Reason.OUTSIDE_TOO_HOT,
    }
)
"""Reasons that the owner may override. The others are about safety or permission, or the command cannot work."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandLimits:
    """The owner's limits: levels in % and temperatures in °C beyond which climate or engine is not started.

    The owners' manuals name 20 and 30 % for the climate, and -20 to 40 °C. A threshold that the vehicle itself reports
    replaces ``climate_battery``. ``climate_blocked``: a geofence blocks climate where the vehicle is.
    """

    climate_battery: float = 20.0
    coldest: float = -20.0
    hottest: float = 40.0
    engine_battery: float = 30.0
    climate_blocked: bool = False


type Age = Callable[[Group], timedelta]
"""Returns how long ago the vehicle reported a group, very long if that is unknown."""


class CommandContext(NamedTuple):
    """What a command is checked against."""

    state: VehicleState
    limits: CommandLimits
    age: Age

    @property
    def outside(self) -> float | None:
        """The outside temperature, if it is recent."""
        climate = self.state.climate if self.age(Group.CLIMATE) <= WEATHER_LASTS else None
        return climate.outside_temperature if climate else None

    @property
    def unplugged(self) -> bool:
        """Whether the vehicle is certainly not plugged in."""
        charging = self.state.charging if self.age(Group.CHARGING) <= PLUG_LASTS else None
        return charging is not None and charging.plugged_in is False

    @property
    def level(self) -> float | None:
        """The battery level, if it is recent."""
        battery = self.state.battery if self.age(Group.BATTERY) <= LEVEL_LASTS else None
        return battery.level if battery else None


def refusal(command: Command, info: VehicleInfo, context: CommandContext) -> str | None:
    """Return why ``command`` should not be sent, as a :class:`Reason` or the key of an error; ``None`` if it may be.

    Reasons that the owner cannot change at the moment come first. A forced command ignores the :data:`OVERRIDABLE`
    ones.
    """
    if not command.needs <= info.capabilities:
        if command.capability is Capability.LOCK and Capability.LOCK_SETUP in info.capabilities:
            return DeviceNotRegistered.key
        lapsed = context.state.subscription is not None and context.state.subscription.active is False
        return SubscriptionInactive.key if lapsed else NotSupported.key
    if context.state.connectivity is not None and context.state.connectivity.reachable is False:
        return Unreachable.key
    if isinstance(command, Refresh):
        # Privacy mode refuses a position, and nothing else as far as known (kamereon-eu §15.1).
        return PrivacyMode.key if context.state.is_private and command == Refresh(Group.POSITION) else None
    check = _CHECKS.get(type(command))
    reasons = check(context) if check else iter(())
    return next((reason for reason in reasons if not (command.force and reason in OVERRIDABLE)), None)


def _climate(context: CommandContext) -> Iterator[Reason]:
    yield from _planned_climate(context)
    if context.state.charging is not None and context.state.charging.plugged_in:
        return  # the energy comes from the mains, and a vehicle that is too cold refuses by itself
    if context.outside is not None and context.outside < context.limits.coldest:
        yield Reason.OUTSIDE_TOO_COLD
    if context.outside is not None and context.outside > context.limits.hottest:
        yield Reason.OUTSIDE_TOO_HOT
    own = context.state.climate.min_battery_level if context.state.climate else None
    if context.level is not None and context.level < (context.limits.climate_battery if own is None else own):
        yield Reason.BATTERY_LOW


def _planned_climate(context: CommandContext) -> Iterator[Reason]:
    """Level and weather will be different then; the place will mostly be the same."""
    if context.limits.climate_blocked:
        yield Reason.BLOCKED_BY_AREA


def _charging(context: CommandContext) -> Iterator[Reason]:
    if context.unplugged:
        yield Reason.NOT_PLUGGED_IN
    charging = context.state.charging
    full = charging.limit if charging and charging.limit is not None else 100
    if context.level is not None and context.level >= full:
        yield Reason.ALREADY_CHARGED


def _engine(context: CommandContext) -> Iterator[Reason]:
    """A door counts as open until the vehicle reports it closed, however old that report is."""
    body = context.state.body
    if body and any((body.door_front_left, body.door_front_right, body.door_rear_left, body.door_rear_right)):
        yield Reason.DOOR_OPEN
    if context.level is not None and context.level < context.limits.engine_battery:
        yield Reason.BATTERY_LOW


_CHECKS: Mapping[type[Command], Callable[[CommandContext], Iterator[Reason]]] = {
    ScheduleClimate: _planned_climate,
    StartCharging: _charging,
    StartClimate: _climate,
    StartEngine: _engine,
}


_LASTS: Mapping[type[Command], timedelta] = {
    SetChargeLimit: timedelta(hours=1),
    StartCharging: timedelta(minutes=15),
    StopCharging: timedelta(hours=1),
    StopClimate: timedelta(hours=24),
}
"""How long after the vehicle's report its state still makes the command needless.

A charge begins and ends by itself, by timers and by hands at the plug. A remote climate start, whoever made it, is
reported, and planned ones are known. Starting climate again extends its run, so it is always sent. Doors are never left
to a report.
"""

_TIMERS = timedelta(minutes=15)
"""For how long a plugged vehicle that does not charge is assumed not to have begun by its own timer."""

_LATE_EFFECT = timedelta(minutes=15)
"""For how long a command that was not confirmed may still be carried out."""


def is_settled(
    command: Command, state: VehicleState, past: Iterable[CommandRecord], *, reported_at: datetime, now: datetime
) -> bool:
    """Whether the vehicle has reported the wanted state since the last of ``past`` that could have changed it.

    ``reported_at`` is when it reported the groups of the command.
    """
    lasts = _LASTS.get(type(command))
    if lasts is None or now - reported_at > lasts:
        return False
    if command.seen_in(state, state) is not True or _may_begin(command, state, reported_at, now):
        return False
    rivals = {kind.kind() for kind in COMMANDS if kind is not Refresh and kind.groups & command.groups}
    return all(_shown_by(record.outcome, reported_at) for record in past if record.command in rivals)


def _shown_by(outcome: CommandOutcome, reported_at: datetime) -> bool:
    """Whether a report shows the effect of a command. One that was not sent has changed nothing."""
    if outcome.sent_at is None:
        return True
    confirmed = outcome.status is CommandStatus.CONFIRMED
    return reported_at >= (outcome.sent_at if confirmed else outcome.ended_at + _LATE_EFFECT)


def _may_begin(command: Command, state: VehicleState, reported_at: datetime, now: datetime) -> bool:
    """Whether the thing to stop may have begun since, or may be about to, by a schedule."""
    group: Reported | None = state.climate if isinstance(command, StopClimate) else state.charging
    match command, group:
        case StopClimate(), Climate(next_start_at=datetime() as at):
            return reported_at < at <= now
        case StopCharging(), Charging(status=status, plugged_in=plugged):
            waits = status not in (ChargingStatus.NOT_CHARGING, ChargingStatus.FINISHED)
            return plugged is not False and (waits or now - reported_at > _TIMERS)
    return False


_PAUSES = [timedelta(minutes=each) for each in (5, 15, 60, 4 * 60, 24 * 60)]
"""How long no PIN is tried after the third wrong one, the fourth and so on. The last pause holds for all others."""

_ALLOWED = 3
"""Wrong PINs in a row before the first pause: mistyping twice is allowed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WrongPins:
    """Consecutive wrong PINs: their ``count``, and when the last one was rejected. No PIN is ever stored.

    After several wrong ones no PIN is tried for a while, then for longer and longer, so that none can be guessed.
    """

    count: int = 0
    last_at: datetime | None = None

    def after(self, now: datetime) -> Self:
        """Count one more, at ``now``."""
        return replace(self, count=max(self.count, 0) + 1, last_at=now)

    def seen_at(self, now: datetime) -> Self:
        """Adjust to a clock that shows ``now``.

        If it was set back, the pause restarts instead of lasting until the clock has caught up.
        """
        return replace(self, last_at=now) if self.last_at is not None and self.last_at > now else self

    def refused_until(self, now: datetime) -> datetime | None:
        """Return until when no PIN is tried; ``None`` if one may be tried now."""
        if self.count < _ALLOWED or self.last_at is None:
            return None
        pause = _PAUSES[min(self.count - _ALLOWED, len(_PAUSES) - 1)]
        # Compare the elapsed time: a date from a damaged file may be so late that adding to it overflows.
        return self.last_at + pause if now - self.last_at < pause else None
