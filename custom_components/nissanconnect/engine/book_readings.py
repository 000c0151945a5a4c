"""What the book is written from: readings of a vehicle and its surroundings."""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
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


HELD = frozenset({Quantity.LEVEL, Quantity.CONTENT})
"""What is in the battery."""

COUNTERS = frozenset({Quantity.METER, Quantity.DRIVEN, Quantity.REGAINED, Quantity.STORED})
"""They only rise, unless they begin again at zero."""


class Reading(NamedTuple):
    """A value at a time, from a source."""

    at: datetime
    value: Value
    source: str = ""


_at = itemgetter(Reading._fields.index("at"))


def last_until(series: Sequence[Reading], at: datetime) -> Reading | None:
    """Return the last reading of a sorted series until ``at``."""
    index = bisect_right(series, at, key=_at)
    return series[index - 1] if index else None


def between(series: Sequence[Reading], start: datetime, end: datetime) -> Sequence[Reading]:
    """Return the part of a sorted series from ``start`` to ``end``, both included."""
    return series[bisect_left(series, start, key=_at) : bisect_right(series, end, key=_at)]


class Stay(NamedTuple):
    """Some time in which a vehicle did not drive."""

    start: datetime
    end: datetime


class Span(NamedTuple):
    """Some time in which it charged."""

    start: datetime
    end: datetime


class Rise(NamedTuple):
    """By how much a counter has risen between two readings.

    If it is not known when that was, it may have begun at any time from ``since`` on.
    """

    start: datetime
    end: datetime
    amount: float
    since: datetime | None = None


def known_in(series: Sequence[Reading], stay: Stay) -> list[Reading]:
    """Return the part of a sorted series that lies in some time, with what held when that began."""
    known = [*between(series, stay.start, stay.end)]
    before = last_until(series, stay.start)
    return known if before is None or before.at == stay.start else [before._replace(at=stay.start), *known]


class Regained(NamedTuple):
    """What a service knows was regained in some time, in kWh, on how many km.

    ``distance`` is ``None`` if the service does not tell it.
    """

    start: datetime
    end: datetime
    amount: float
    distance: float | None = None


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
