"""Leaves out readings that cannot be so: a battery that is empty for a moment, an odometer or a counter that falls."""

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import groupby, pairwise
from typing import NamedTuple

from .book_readings import Reading, number

type Driven = Callable[[datetime, datetime], float]
"""Returns how many km a vehicle has driven from one time to another."""

_DIP = timedelta(hours=2)
"""How long readings may be too low before they are believed."""

_FASTEST, _ROUNDED = 250.0, 5.0
"""km/h and km: what an odometer has risen faster is believed when there was time enough for it."""


class Dip(NamedTuple):
    """What is taken for a dip: values from ``lowest`` to ``below`` of the one before, until one is ``back`` there.

    All three are parts of the value before. Who has driven ``km`` for each unit of it has really used that.
    """

    lowest: float
    below: float
    back: float
    km: float | None = None


def without_dips(series: Sequence[Reading], dip: Dip, driven: Driven) -> Iterator[Reading]:
    """Leave out what is lower than before and soon as high again: a report that failed."""
    before, low = None, list[Reading]()
    for reading in series:
        value, top = number(reading), 0.0 if before is None else number(before)
        if dip.lowest * top <= value < dip.below * top:
            low.append(reading)
            continue
        if before is not None and low and not _is_dip(before, low, reading, dip, driven):
            yield from low
        low.clear()
        yield reading
        before = reading
    yield from low


def _is_dip(before: Reading, low: Sequence[Reading], after: Reading, dip: Dip, driven: Driven) -> bool:
    top = number(before)
    if number(after) < dip.back * top or after.at - low[0].at > _DIP:
        return False
    return dip.km is None or driven(before.at, after.at) < dip.km * (top - min(map(number, low)))


def rising(series: Sequence[Reading]) -> Sequence[Reading]:
    """Leave out what does not fit: an odometer does not fall.

    The longest run of values that never falls counts, whatever each was reported how often; of several, the highest.
    """
    possible = [*_possible(series)]
    if all(number(one) <= number(other) for one, other in pairwise(possible)):
        return possible
    runs = [list(run) for _, run in groupby(possible, key=number)]
    highest, first, after = list[float](), list[int](), dict[int, int | None]()
    for index in range(len(runs) - 1, -1, -1):
        distance = -number(runs[index][0])
        place = bisect_right(highest, distance)
        after[index] = first[place - 1] if place else None
        highest[place:] = [distance, *highest[place + 1 :]]
        first[place:] = [index, *first[place + 1 :]]
    believed, chosen = list[Reading](), first[-1] if first else None
    while chosen is not None:
        believed += runs[chosen]
        chosen = after[chosen]
    return believed


def _possible(series: Sequence[Reading]) -> Iterator[Reading]:
    """Leave out what is higher than a vehicle can have come since, and what is no distance at all."""
    top, at, doubted = 0.0, None, list[Reading]()
    for reading in series:
        distance = number(reading)
        if distance <= 0:
            continue
        if at is not None and distance > top:
            if distance - top > _FASTEST * ((reading.at - at) / timedelta(hours=1)) + _ROUNDED:
                doubted.append(reading)
                continue
            yield from (each for each in doubted if number(each) <= distance)
            doubted.clear()
        if distance >= top:
            top, at = distance, reading.at
        yield reading
