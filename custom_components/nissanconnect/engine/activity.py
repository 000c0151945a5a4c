"""What several updates in a row show: whether a vehicle drives, how long it has rested, and what has changed."""

from dataclasses import dataclass, field, fields
from datetime import datetime, timedelta
from enum import IntEnum
from typing import Any, Self

from ..vehicle import STAMP, Group, Position, Reported, Tyre, VehicleState
from .position import distance

_CONSECUTIVE = timedelta(minutes=75)
"""Reads further apart than the slowest interval cannot tell driving now from having driven in between."""

_GLANCE = timedelta(minutes=3)
"""How long a vehicle is watched before it counts as standing: some sources push every second."""

_JAM = timedelta(minutes=15)
"""How long a vehicle that goes on reporting may stand before its drive counts as over."""

_DRIFT = 0.2
"""km that the position of a parked vehicle may wander."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """Where a vehicle was at one time, to compare later states with, and when it had last reported."""

    at: datetime
    position: Position | None = field(repr=False)
    odometer: float | None
    reported_at: datetime | None

    @classmethod
    def of(cls, state: VehicleState, at: datetime) -> Self:
        """Take a snapshot of ``state``."""
        return cls(
            at=at,
            position=state.position,
            odometer=state.odometer.distance if state.odometer else None,
            reported_at=state.last_report,
        )

    def has_moved(self, state: VehicleState) -> bool:
        """Whether the vehicle is elsewhere in ``state``."""
        if self.position and state.position and distance(self.position, state.position) > _DRIFT:
            return True
        if self.odometer is None or state.odometer is None:
            return False
        return (state.odometer.distance or 0) > self.odometer


@dataclass(frozen=True, slots=True, kw_only=True)
class Activity:
    """What a vehicle has been doing. All times are ours; ``None`` is unknown.

    ``rests_since``: since when it has neither driven, charged nor run its climate, which all feed the 12 V battery.
    ``new_report_at``: the read that last brought a new report. ``moved_at``: when it was last seen to have moved.
    ``stopped_at``: when a drive was last seen to be over. ``reference`` is what movement is measured from.
    """

    driving: bool | None = None
    rests_since: datetime | None = None
    new_report_at: datetime | None = None
    moved_at: datetime | None = None
    stopped_at: datetime | None = None
    reference: Snapshot | None = None

    def after(self, before: VehicleState, state: VehicleState, now: datetime, *, polled: bool = True) -> Activity:
        """Return the activity after ``before`` has become ``state``, by a read of ours if ``polled``.

        The report times alone do not start a drive, because plugging in and waking change them too. But a vehicle that
        drives reports every two minutes (kamereon-eu §16.1), so they show when a drive is over.
        """
        first = before.last_read is None
        reference = self.reference or Snapshot.of(before, before.last_read or now)
        moved = reference.has_moved(state)
        compared = first or moved or not timedelta() <= now - reference.at < _GLANCE  # clocks are set back
        driving = None if first else self._driving(reference, state, now, moved=moved, compared=compared)
        reported_at = state.last_report
        rests_since = reported_at if moved or self.rests_since is None else self.rests_since
        new_report = polled and reported_at is not None and reported_at != before.last_report
        return Activity(
            driving=driving,
            rests_since=now if driving or _feeds_battery(state) else rests_since,
            new_report_at=now if new_report else self.new_report_at,
            moved_at=now if moved else self.moved_at,
            stopped_at=now if self.driving and driving is False else self.stopped_at,
            reference=Snapshot.of(state, now) if compared else reference,
        )

    def _driving(self, reference: Snapshot, state: VehicleState, now: datetime, *, moved: bool, compared: bool) -> bool:
        if state.charging is not None and state.charging.plugged_in:
            return False
        if moved:
            return now - reference.at <= _CONSECUTIVE
        if not self.driving or not compared:
            return bool(self.driving)
        in_a_jam = self.moved_at is not None and now - self.moved_at <= _JAM
        return in_a_jam and state.last_report != reference.reported_at


def _feeds_battery(state: VehicleState) -> bool:
    charging = state.charging is not None and state.charging.active
    return bool(charging or (state.climate is not None and state.climate.running))


class Change(IntEnum):
    """How much two states differ; the greatest difference counts."""

    NONE = 0
    STAMPS = 1
    """The same was reported again, at another time or by another source."""
    NUMBERS = 2
    """Numbers or forecasts have changed, or have become unknown."""
    EVENT = 3
    """Something was plugged in, opened or switched, has another status, or is known for the first time."""


def change(before: VehicleState, after: VehicleState) -> Change:
    """Return the greatest difference between two states of a vehicle."""
    if before is after:
        return Change.NONE
    return max(_group_change(getattr(before, group), getattr(after, group)) for group in Group)


def _group_change(before: Reported | None, after: Reported | None) -> Change:
    if before == after:
        return Change.NONE
    if before is None or after is None:
        return Change.EVENT
    return max(
        _stamp_change(one, other) if name in STAMP else _value_change(one, other)
        for name in (each.name for each in fields(after))
        if (one := getattr(before, name)) != (other := getattr(after, name))
    )


def _stamp_change(before: object, after: object) -> Change:
    return Change.EVENT if before is None and after is not None else Change.STAMPS


def _value_change(before: Any, after: Any) -> Change:
    if isinstance(before, Tyre) and isinstance(after, Tyre):
        return Change.EVENT if before.warning != after.warning else _value_change(before.pressure, after.pressure)
    return Change.NUMBERS if _is_number(before) and (after is None or _is_number(after)) else Change.EVENT


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float, datetime)) and not isinstance(value, bool)
