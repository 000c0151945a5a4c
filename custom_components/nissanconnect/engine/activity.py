"""What reads in a row, and words between them, tell beyond each: whether a vehicle drives, rests, or has spoken."""

from dataclasses import dataclass, field, fields
from datetime import datetime, timedelta
from enum import IntEnum
from typing import Any, Self

from ..vehicle import Group, Position, Reported, Tyre, VehicleState
from .position import distance

_CONSECUTIVE = timedelta(minutes=75)
"""Reads further apart than the slowest pace do not tell driving now from having driven in between."""

_GLANCE = timedelta(minutes=3)
"""How long a vehicle is watched before it counts as standing: some sources speak every second."""

_JAM = timedelta(minutes=15)
"""How long a vehicle that goes on reporting may stand before its drive counts as over."""

_DRIFT = 0.2
"""km that a parked vehicle's position may wander."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """Where a vehicle was when it was last looked at for whether it moves, and when it had last reported."""

    at: datetime
    position: Position | None = field(repr=False)
    odometer: float | None
    reported_at: datetime | None

    @classmethod
    def of(cls, state: VehicleState, at: datetime) -> Self:
        """Mark where the vehicle is."""
        return cls(
            at=at,
            position=state.position,
            odometer=state.odometer.distance if state.odometer else None,
            reported_at=state.last_report,
        )

    def is_left(self, state: VehicleState) -> bool:
        """Whether the vehicle has moved on."""
        if self.position and state.position and distance(self.position, state.position) > _DRIFT:
            return True
        if self.odometer is None or state.odometer is None:
            return False
        return (state.odometer.distance or 0) > self.odometer


@dataclass(frozen=True, slots=True, kw_only=True)
class Activity:
    """What a vehicle has been up to. All times are ours; ``None`` is unknown.

    ``rests_since``: since when it has neither driven, charged nor run its climate, all of which feed the 12 V battery.
    ``new_report_at``: the read that last brought a new report. ``moved_at``: when it was last seen to have moved.
    ``stopped_at``: when a drive was last seen to be over. ``mark`` is what movement is measured from.
    """

    driving: bool | None = None
    rests_since: datetime | None = None
    new_report_at: datetime | None = None
    moved_at: datetime | None = None
    stopped_at: datetime | None = None
    mark: Snapshot | None = None

    def after(self, before: VehicleState, state: VehicleState, now: datetime, *, polled: bool = True) -> Activity:
        """Return what is known after ``before`` has turned into ``state``, because of a read if we ``polled``.

        The report times alone do not start a drive, because plugging in and waking move them too; but while a vehicle
        drives it reports every two minutes (kamereon-eu §16.1), so they tell when a drive is over.
        """
        mark = self.mark or Snapshot.of(before, before.last_read or now)
        moved = mark.is_left(state)
        first = before.last_read is None
        looked = first or moved or not timedelta() <= now - mark.at < _GLANCE  # clocks are set back
        driving = None if first else self._driving(mark, state, now, moved=moved, looked=looked)
        charging = state.charging is not None and state.charging.active
        heating = state.climate is not None and state.climate.running
        rests_since = state.last_report if moved or self.rests_since is None else self.rests_since
        spoke = polled and state.last_report is not None and state.last_report != before.last_report
        return Activity(
            driving=driving,
            rests_since=now if driving or charging or heating else rests_since,
            new_report_at=now if spoke else self.new_report_at,
            moved_at=now if moved else self.moved_at,
            stopped_at=now if self.driving and driving is False else self.stopped_at,
            mark=Snapshot.of(state, now) if looked else mark,
        )

    def _driving(self, mark: Snapshot, state: VehicleState, now: datetime, *, moved: bool, looked: bool) -> bool:
        if state.charging is not None and state.charging.plugged_in:
            return False
        if moved:
            return now - mark.at <= _CONSECUTIVE
        if not self.driving or not looked:
            return bool(self.driving)
        stands_in_a_jam = self.moved_at is not None and now - self.moved_at <= _JAM
        return stands_in_a_jam and state.last_report != mark.reported_at


_STAMP = frozenset(each.name for each in fields(Reported))


class Change(IntEnum):
    """What kind of difference there is; the greatest counts."""

    NONE = 0
    STAMPS = 1
    """The same was reported again, at another time or by another source."""
    NUMBERS = 2
    """Numbers or forecasts have moved, or are not known any more."""
    EVENT = 3
    """Something was plugged in, opened or switched, has another status, or is known for the first time."""


def change(before: VehicleState, after: VehicleState) -> Change:
    """Return the greatest difference between two states of a vehicle."""
    if before is after:
        return Change.NONE
    return max(_of_group(getattr(before, group), getattr(after, group)) for group in Group)


def _of_group(before: Reported | None, after: Reported | None) -> Change:
    if before == after:
        return Change.NONE
    if before is None or after is None:
        return Change.EVENT
    return max(
        _of_stamp(one, other) if name in _STAMP else _of_value(one, other)
        for name in (each.name for each in fields(after))
        if (one := getattr(before, name)) != (other := getattr(after, name))
    )


def _of_stamp(before: object, after: object) -> Change:
    return Change.EVENT if before is None and after is not None else Change.STAMPS


def _of_value(before: Any, after: Any) -> Change:
    if isinstance(before, Tyre) and isinstance(after, Tyre):
        return Change.EVENT if before.warning != after.warning else _of_value(before.pressure, after.pressure)
    return Change.NUMBERS if _drifts(before) and (after is None or _drifts(after)) else Change.EVENT


def _drifts(value: object) -> bool:
    return isinstance(value, (int, float, datetime)) and not isinstance(value, bool)
