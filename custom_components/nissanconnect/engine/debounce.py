"""Debounces pushed values, and smooths shown ones.

A pilot signal can come and go ten times a second while a cable is plugged in. Each time would be a state change, an
alert and the start of an automation. So values that automations wait for must stay for a moment before they count.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from ..vehicle import NEVER, STAMP, Body, Group, Reported, VehicleState

PLUG_HOLD = timedelta(seconds=5)
CHARGING_HOLD = timedelta(seconds=5)
CLIMATE_HOLD = timedelta(seconds=3)
BODY_HOLD = timedelta(seconds=2)
"""Locks, doors and windows: people wait for them, and their switches settle quickly."""
LEVEL_HOLD = timedelta(seconds=10)
LEVEL_JUMP = 5.0
"""%. A battery gains or loses less than this between two pushes, unless the source was silent for long."""


class Hold(NamedTuple):
    """How long a new value must stay. Numbers that differ by no more than ``jump`` are the same.

    ``follows`` are fields that make no sense without this one and change with it.
    """

    time: timedelta
    follows: tuple[str, ...] = ()
    jump: float = 0.0

    def same(self, one: Any, other: Any) -> bool:
        """Whether two values count as equal."""
        if self.jump and one is not None and other is not None:
            return bool(abs(one - other) <= self.jump)
        return bool(one == other)


_OPENINGS = [each.name for each in fields(Body) if each.name not in STAMP | {"assumed", "locked"}]

HOLDS: Mapping[Group, Mapping[str, Hold]] = {
    Group.BATTERY: {"level": Hold(LEVEL_HOLD, jump=LEVEL_JUMP)},
    Group.BODY: {"locked": Hold(BODY_HOLD, follows=("assumed",)), **{name: Hold(BODY_HOLD) for name in _OPENINGS}},
    Group.CHARGING: {
        "plugged_in": Hold(PLUG_HOLD),
        "status": Hold(CHARGING_HOLD, follows=("finish_at", "power", "speed")),
    },
    Group.CLIMATE: {"running": Hold(CLIMATE_HOLD, follows=("target_temperature",))},
}
"""The fields that are debounced, by group."""


class _NewValue(NamedTuple):
    value: Any
    since: datetime


@dataclass(slots=True)
class Debounce:
    """Debounces one vehicle's pushes by one source. In the end the last value counts.

    A value counts at once if the one before was unknown, or if it was read on request: commands are confirmed without
    delay.
    """

    _pushed: dict[Group, Reported] = field(default_factory=dict)
    _accepted: dict[Group, Reported] = field(default_factory=dict)
    _candidates: dict[tuple[Group, str], _NewValue] = field(default_factory=dict)

    def push(self, state: VehicleState, now: datetime) -> VehicleState:
        """Return the groups of a push, with old values where the new ones must stay first."""
        return VehicleState.of(*(self._settle(group, value, now) for group, value in state.groups().items()))

    def read(self, state: VehicleState) -> VehicleState:
        """Return the groups of a read on request unchanged, but newer than any value that was held back."""
        return VehicleState.of(*(self._accept(group, value) for group, value in state.groups().items()))

    def due_at(self) -> datetime | None:
        """Return when the next value will have stayed long enough, unless it changes before that."""
        due = (candidate.since + HOLDS[group][name].time for (group, name), candidate in self._candidates.items())
        return min(due, default=None)

    def release(self, now: datetime) -> VehicleState:
        """Return the groups with a value that has stayed long enough by ``now``."""
        waiting = {group for group, _ in self._candidates}
        settled = ((group, self._accepted[group], self._settle(group, self._pushed[group], now)) for group in waiting)
        return VehicleState.of(*(_after(value) for _, before, value in settled if value != before))

    def pending(self) -> VehicleState:
        """Return the groups with a value that has not stayed long enough yet, as pushed."""
        return VehicleState.of(*(_after(self._pushed[group]) for group in {group for group, _ in self._candidates}))

    def _settle(self, group: Group, pushed: Reported, now: datetime) -> Reported:
        self._pushed[group] = pushed
        accepted = self._accepted.get(group)
        kept: dict[str, Any] = {}
        # An old value keeps its report time: with the new one it would win over newer values of other sources.
        for name, hold in HOLDS.get(group, {}).items():
            if accepted is not None and not self._stays((group, name), hold, accepted, pushed, now):
                kept |= {each: getattr(accepted, each) for each in (name, *hold.follows, "reported_at")}
        self._accepted[group] = settled = replace(pushed, **kept)
        return settled

    def _stays(self, key: tuple[Group, str], hold: Hold, accepted: Reported, pushed: Reported, now: datetime) -> bool:
        """Whether the pushed value counts now."""
        old, new = getattr(accepted, key[1]), getattr(pushed, key[1])
        if old is None or hold.same(old, new):
            self._candidates.pop(key, None)
            return True
        known = self._candidates.get(key)
        if known is None or known.since > now or not hold.same(known.value, new):  # clocks are set back
            known = self._candidates[key] = _NewValue(new, now)
        if now - known.since < hold.time:
            return False
        del self._candidates[key]
        return True

    def _accept(self, group: Group, value: Reported) -> Reported:
        held_back = [key for key in self._candidates if key[0] is group]
        for key in held_back:
            del self._candidates[key]
        self._pushed[group] = self._accepted[group] = value
        return _after(value) if held_back else value


def _after(value: Reported) -> Reported:
    """Return the group as newer than the one that was accepted from the same push."""
    return replace(value, received_at=value.received_at + timedelta.resolution)


@dataclass(slots=True)
class InSteps:
    """A number in multiples of ``step``; it stays until the value is a whole step away from the shown one."""

    step: float
    shown: float | None = None

    def after(self, value: float | None, now: datetime) -> float | None:
        """Return what is shown."""
        if value is None:
            self.shown = None
        elif self.shown is None or abs(value - self.shown) >= self.step:
            self.shown = self.step * round(value / self.step)
        return self.shown


class TimeInSteps:
    """A time in steps: see :class:`InSteps`."""

    def __init__(self, step: timedelta) -> None:
        self._seconds = InSteps(step.total_seconds())

    def after(self, value: datetime | None, now: datetime) -> datetime | None:
        """Return what is shown, in UTC."""
        seconds = self._seconds.after(None if value is None else value.timestamp(), now)
        return None if seconds is None else datetime.fromtimestamp(seconds, UTC)


@dataclass(slots=True)
class Held:
    """One of several names; it stays until another has been right for as long as ``hold``."""

    hold: timedelta
    shown: str | None = None
    right_at: datetime = NEVER

    def after(self, value: str | None, now: datetime) -> str | None:
        """Return what is shown."""
        changes = None not in (value, self.shown) and value != self.shown
        if changes and timedelta() <= now - self.right_at < self.hold:
            return self.shown
        self.shown, self.right_at = value, now
        return value


type Steady = InSteps | TimeInSteps | Held
"""Decides what is shown of a value. A second call at the same moment changes nothing."""
