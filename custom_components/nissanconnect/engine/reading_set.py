"""Keeps the readings of a book, in whatever order and however often they come.

Of equal readings within a quarter of an hour the first and the last are kept, of a meter the first and the last of all.
So it makes no difference in which order they come, and a vehicle that reports every second needs little room.
"""

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from .book_readings import CELL, COUNTERS, HELD, Quantity, Reading, Value, last_until, number
from .odd_readings import Dip, rising, without_dips

_LOST = {
    Quantity.LEVEL: Dip(lowest=0.0, below=0.5, back=0.95, km=0.5),
    Quantity.CONTENT: Dip(lowest=0.0, below=0.5, back=0.95, km=2.0),
}
"""A battery that shows less than half for a moment. At most it takes 2 % a km, and half a kWh."""

_CALCULATED_AGAIN = Dip(lowest=0.9, below=1.0, back=1.0)
"""A counter that shows a little less for a moment."""


class Kept(NamedTuple):
    """A reading that is kept, and when the same value was read last in that quarter of an hour."""

    first: Reading
    last: Reading


type _Key = tuple[str, int, Value]


class Readings:
    """A set of readings."""

    def __init__(self) -> None:
        """Begin with none."""
        self._kept: dict[Quantity, dict[_Key, Kept]] = {}
        self._sorted: dict[Quantity, list[Reading]] = {}
        self._by_source: dict[Quantity, Mapping[str, Sequence[Reading]]] = {}

    def add(self, quantity: Quantity, reading: Reading) -> bool:
        """Add a reading; return whether that tells anything new."""
        cell = int(reading.at.timestamp() // CELL.total_seconds())
        key = reading.source, cell, None if quantity in COUNTERS else reading.value
        kept = self._kept.setdefault(quantity, {})
        before = kept.get(key)
        found = (
            Kept(reading, reading) if before is None else Kept(min(before.first, reading), max(before.last, reading))
        )
        if found == before:
            return False
        kept[key] = found
        self._sorted.pop(quantity, None)
        for each in (quantity, *(HELD if quantity is Quantity.ODOMETER else ())):
            self._by_source.pop(each, None)
        return True

    def of(self, quantity: Quantity) -> list[Reading]:
        """Return the readings of a quantity, oldest first."""
        if (found := self._sorted.get(quantity)) is None:
            each = {reading for kept in self._kept.get(quantity, {}).values() for reading in kept}
            found = self._sorted[quantity] = sorted(each, key=_order)
        return found

    def by_source(self, quantity: Quantity) -> Mapping[str, Sequence[Reading]]:
        """Return the readings of a quantity for each source, without what cannot be so."""
        if (found := self._by_source.get(quantity)) is None:
            found = self._by_source[quantity] = {
                source: self._believed(quantity, series) for source, series in self._series(quantity).items()
            }
        return found

    def _series(self, quantity: Quantity) -> dict[str, list[Reading]]:
        found = dict[str, list[Reading]]()
        for reading in self.of(quantity):
            found.setdefault(reading.source, []).append(reading)
        return found

    def _believed(self, quantity: Quantity, series: Sequence[Reading]) -> Sequence[Reading]:
        if quantity is Quantity.ODOMETER:
            return rising(series)
        dip = _CALCULATED_AGAIN if quantity in COUNTERS else _LOST.get(quantity)
        return series if dip is None else [*without_dips(series, dip, self._driven)]

    def _driven(self, start: datetime, end: datetime) -> float:
        """Return how many km the odometer has risen in some time."""
        known = self.by_source(Quantity.ODOMETER).values()
        ends = ((last_until(series, start), last_until(series, end)) for series in known)
        return max((number(after) - number(before) for before, after in ends if before and after), default=0.0)

    def forget(self, until: datetime, place: str | None, changed_at: datetime | None = None) -> None:
        """Forget what is older, but for the last reading of each source, which goes on until the next.

        The vehicle was at a ``place`` then. What was in the battery until it was ``changed_at`` a time does not go on.
        """
        kept = Readings()
        for quantity in self._kept:
            for source, series in self._series(quantity).items():
                first = bisect_right(series, until, key=lambda each: each.at)
                before = last_until(self.by_source(quantity)[source], until)
                is_over = quantity in HELD and before and changed_at and before.at <= changed_at
                for reading in [*([] if before is None or is_over else [before]), *series[first:]]:
                    if quantity is not Quantity.PLACE or reading.at > until:
                        kept.add(quantity, reading)
        kept.add(Quantity.PLACE, Reading(until, place))
        self._kept = kept._kept
        self._sorted.clear()
        self._by_source.clear()

    def __len__(self) -> int:
        """Return how many are kept."""
        return sum(len(self.of(quantity)) for quantity in self._kept)

    def __iter__(self) -> Iterator[tuple[Quantity, Reading]]:
        """Yield all."""
        for quantity in self._kept:
            for reading in self.of(quantity):
                yield quantity, reading


def _order(reading: Reading) -> tuple[datetime, str, bool, str]:
    """Sort by time. What is known comes after what is unknown, so that it counts."""
    return reading.at, reading.source, reading.value is not None, str(reading.value)
