"""Which positions of a vehicle to believe."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Self

from ..vehicle import Position
from .geodesy import distance

_FASTEST = 200.0
"""km/h. Nothing that Nissan sells with a telematics unit goes further in an hour; a wrong position does."""

_NOISE = 0.5
"""km that a position may jump in no time: fixes differ, and so do the clocks that they are stamped with."""


def fixed_at(position: Position) -> datetime:
    """Return when the vehicle was there, as far as is known."""
    return position.reported_at or position.received_at


@dataclass(frozen=True, slots=True)
class Track:
    """Where a vehicle was last believed to be, and a later place that it can hardly have reached."""

    last: Position | None = field(default=None, repr=False)
    doubted: Position | None = field(default=None, repr=False)

    def after(self, position: Position | None) -> tuple[Self, bool]:
        """Return the track after one more word about the position, and whether that word is news to believe.

        What is older than what is known, or the same again, is no news. A jump is doubted until a second report agrees
        with it: a vehicle may have been carried, but a single wrong fix takes no vehicle anywhere.
        """
        if position is None or (self.last is not None and fixed_at(position) <= fixed_at(self.last)):
            return self, False
        if self.last is None or _can_reach(self.last, position):
            return type(self)(position), True
        if self.doubted is not None and fixed_at(position) <= fixed_at(self.doubted):
            return self, False
        if self.doubted is not None and _can_reach(self.doubted, position):
            return type(self)(position), True
        return type(self)(self.last, position), False


def _can_reach(start: Position, end: Position) -> bool:
    hours = (fixed_at(end) - fixed_at(start)).total_seconds() / 3600
    return distance(start, end) <= _NOISE + _FASTEST * hours
