"""What the book is written from: readings of a vehicle and its surroundings, in any order, each as often as it comes.

Of equal readings within a quarter of an hour the first and the last are kept, of a meter the first and the last of all.
So it makes no difference in which order they come, and a vehicle that reports every second needs little room.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from math import inf
from operator import itemgetter
from typing import NamedTuple

CELL = timedelta(minutes=15)
"""Prices change every quarter of an hour at most."""

_FALLEN = 0.9
"""A counter that shows less than this part of what it did has begun again, as Home Assistant takes it, too."""

_AT_ONCE = 1.0
"""kWh that a counter may rise at once: some show no decimals."""

type Value = float | str | None


class Quantity(StrEnum):
    """What was read. Whether something is so is 1 or 0."""

    ODOMETER = "odometer"
    """km."""
    LEVEL = "level"
    """%."""
    CONTENT = "content"
    """kWh in the battery."""
    PLUGGED_IN = "plugged_in"
    CHARGING = "charging"
    RAPID = "rapid"
    """Whether the vehicle charges with direct current."""
    POWER = "power"
    """kW with which it charges."""
    OUTSIDE = "outside"
    """°C."""
    PLACE = "place"
    """A place, empty outside of all that have a name, ``None`` if it is unknown."""
    METER = "meter"
    """kWh by a meter at the wall."""
    PRICE = "price"
    """What a kWh costs from then on, with the sun's part in it; ``None`` if that is unknown.

    The source is the key of the tariff, as of the next.
    """
    SOLAR = "solar"
    """Which part of the current is expected from the roof, from 0 to 1, from then on; ``None`` if that is unknown."""
    DRIVEN = "driven"
    """kWh drawn while driving, by the vehicle's own counter."""
    REGAINED = "regained"
    """kWh regained, by the vehicle's own counter."""
    STORED = "stored"
    """kWh charged into the battery, by the vehicle's own counter."""


_HELD = frozenset({Quantity.LEVEL, Quantity.CONTENT})
"""What is in the battery."""

_LOW, _AS_HIGH, _DIP = 0.5, 0.05, timedelta(hours=2)
"""Below which part of what it held before, up to which part less, and within which time a battery is as before."""

COUNTERS = frozenset({Quantity.METER, Quantity.DRIVEN, Quantity.REGAINED, Quantity.STORED})
"""They only rise, unless they begin again at zero."""


class Reading(NamedTuple):
    """A value at a time, from a source."""

    at: datetime
    value: Value
    source: str = ""


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
        self._by_source.pop(quantity, None)
        return True

    def of(self, quantity: Quantity) -> list[Reading]:
        """Return the readings of a quantity, oldest first."""
        if (found := self._sorted.get(quantity)) is None:
            each = {reading for kept in self._kept.get(quantity, {}).values() for reading in kept}
            found = self._sorted[quantity] = sorted(each, key=_order)
        return found

    def by_source(self, quantity: Quantity) -> Mapping[str, Sequence[Reading]]:
        """Return the readings of a quantity for each source, without what the battery cannot have held."""
        if (found := self._by_source.get(quantity)) is None:
            found = self._by_source[quantity] = {
                source: [*_without_dips(series)] if quantity in _HELD else series
                for source, series in self._series(quantity).items()
            }
        return found

    def _series(self, quantity: Quantity) -> dict[str, list[Reading]]:
        found = dict[str, list[Reading]]()
        for reading in self.of(quantity):
            found.setdefault(reading.source, []).append(reading)
        return found

    def forget(self, until: datetime, place: str | None) -> None:
        """Forget what is older, but for the last reading of each source, which goes on until the next.

        The vehicle was at a ``place`` then.
        """
        kept = Readings()
        for quantity in self._kept:
            for series in self._series(quantity).values():
                first = max(bisect_right(series, until, key=_at) - 1, 0)
                for reading in series[first:]:
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


def _without_dips(series: Sequence[Reading]) -> Iterator[Reading]:
    """Leave out what is far lower than before and soon as high again: a report that failed, and no use of energy."""
    before, dip = 0.0, list[Reading]()
    for reading in series:
        value = number(reading)
        if value < _LOW * before:
            dip.append(reading)
            continue
        if dip and (value < (1 - _AS_HIGH) * before or reading.at - dip[0].at > _DIP):
            yield from dip
        dip.clear()
        yield reading
        before = value
    yield from dip


_at = itemgetter(Reading._fields.index("at"))


def _order(reading: Reading) -> tuple[datetime, str, bool, str]:
    """Sort by time. What is known comes after what is unknown, so that it counts."""
    return reading.at, reading.source, reading.value is not None, str(reading.value)


def last_until(series: Sequence[Reading], at: datetime) -> Reading | None:
    """Return the last reading of a sorted series until ``at``."""
    index = bisect_right(series, at, key=_at)
    return series[index - 1] if index else None


def between(series: Sequence[Reading], start: datetime, end: datetime) -> Sequence[Reading]:
    """Return the part of a sorted series from ``start`` to ``end``, both included."""
    return series[bisect_left(series, start, key=_at) : bisect_right(series, end, key=_at)]


class Rise(NamedTuple):
    """By how much a counter has risen between two readings."""

    start: datetime
    end: datetime
    amount: float


def rises(series: Sequence[Reading], start: datetime, end: datetime, *, most: float = inf) -> list[Rise]:
    """Return how a counter has risen within some time. One that is far lower than before has begun again at zero.

    It was read when it had changed, so what was read after ``start`` has been counted since. What rises with more than
    ``most`` kW is a counter that had lost what it counted, or shows another one's: if it had only been lower for a
    moment, it goes on from where it was.
    """
    found = list[Rise]()
    before = changed = highest = last_until(series, start)
    for reading in between(series, start, end):
        if before is None or changed is None or highest is None or reading.at <= before.at:
            before = changed = highest = before or reading
            continue
        now, then = number(reading), number(before)
        known = ((before, changed, _risen(then, now)), (highest, highest, now - number(highest)))
        for since, unchanged, amount in known:
            if 0 < amount <= most * ((reading.at - unchanged.at) / timedelta(hours=1)) + _AT_ONCE:
                found.append(Rise(since.at, reading.at, amount))
                break
        highest = before if now < _FALLEN * then else reading if now >= number(highest) else highest
        before, changed = reading, changed if now == then else reading
    return found


def _risen(then: float, now: float) -> float:
    """Return by how much a counter has risen. Some fall a little when they are calculated again."""
    return now - then if now >= then else now if now < _FALLEN * then else 0.0


def number(reading: Reading) -> float:
    """Return the value of a reading that is a number."""
    return reading.value if isinstance(reading.value, float | int) else 0.0
