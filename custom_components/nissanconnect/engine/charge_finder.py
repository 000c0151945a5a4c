"""Finds out from readings when a vehicle has charged while it stood, and how much came from the wall."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import NamedTuple

from .book_readings import CELL, Quantity, Reading, Readings, Rise, between, last_until, number, rises
from .charge_plan import EFFICIENCY, OVERHEAD
from .energy_cost import Tariff

PAUSE = timedelta(hours=6)
"""What flows after a longer pause is another charge."""

_LATE = timedelta(minutes=5)
"""How much later than the vehicle a meter may be read."""

_LEAST = 2.5
"""% that a level must rise if nothing else shows that it charged: reports round, and batteries rest."""

_LEAST_METERED = 0.05
"""kWh: whatever is plugged in draws a little."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Assumptions:
    """What readings do not tell about a vehicle.

    ``capacity`` (kWh) is what the battery holds, ``power`` (kW) what it charges with, ``consumption`` what it needs for
    100 km. ``efficiency`` and ``overhead`` are those of :class:`.charge_plan.ChargeTask`. Of the ``tariffs`` the first
    that holds at a place counts there. Sums and costs of trips are in the ``currency``.
    ``regained`` is how many kWh were regained in some time, as a service knows of whole days.
    """

    capacity: float | None = None
    power: float = 3.6
    consumption: float = 17.0
    efficiency: float = EFFICIENCY
    overhead: float = OVERHEAD
    tariffs: tuple[Tariff, ...] = ()
    currency: str = ""
    regained: tuple[Rise, ...] = ()


class Stay(NamedTuple):
    """Some time in which a vehicle did not drive."""

    start: datetime
    end: datetime


class Span(NamedTuple):
    """Some time in which it charged."""

    start: datetime
    end: datetime


class _LevelRise(NamedTuple):
    """Some time in which the level rose by so many %."""

    span: Span
    gained: float


class FoundCharge(NamedTuple):
    """A charge that was found: when it charged, and what a meter has counted at which times meanwhile."""

    spans: Sequence[Span]
    metered: Sequence[Rise]

    @property
    def start(self) -> datetime:
        """When it began."""
        return min(span.start for span in self.spans)

    @property
    def end(self) -> datetime:
        """When it ended, or when it was last seen to go on."""
        return max(span.end for span in self.spans)

    @property
    def hours(self) -> float:
        """How long it charged."""
        return sum((span.end - span.start) / timedelta(hours=1) for span in self.spans)


def find_charges(readings: Readings, stay: Stay, assumed: Assumptions) -> Iterator[FoundCharge]:
    """Yield the charges of a stay, oldest first."""
    for part in _at_one_plug(readings, stay):
        seen = [*_seen(readings, part)]
        risen = [*_risen(readings, part, least=0.0 if seen else _LEAST)]
        metered = _metered(readings, part, assumed) if seen or risen or _is_plugged_in(readings, part) else []
        counted = [Span(rise.start, rise.end) for rise in metered]
        charged = seen or [
            span for rise in risen for span in _within(counted, rise.span) or [_shortened(rise, readings, assumed)]
        ]
        for group in _groups([*charged, *counted]):
            first, last = min(span.start for span in group), max(span.end for span in group)
            flowed = [rise for rise in metered if first <= rise.start and rise.end <= last]
            said = [span for span in charged if first <= span.start and span.end <= last]
            whole = Span(min(said)[0], max(span.end for span in said)) if said else Span(first, last)
            yield FoundCharge(_joined(_within(counted, whole) or said), flowed)


def _within(counted: Iterable[Span], whole: Span) -> list[Span]:
    return [span for span in counted if span.start < whole.end + _LATE and whole.start - _LATE < span.end]


def _at_one_plug(readings: Readings, stay: Stay) -> Iterator[Stay]:
    """Split a stay where the vehicle was unplugged."""
    start, was_in = stay.start, False
    for reading in between(readings.of(Quantity.PLUGGED_IN), stay.start, stay.end):
        if was_in and not reading.value:
            yield Stay(start, reading.at)
            start = reading.at
        was_in = bool(reading.value)
    yield Stay(start, stay.end)


def _is_plugged_in(readings: Readings, part: Stay) -> bool:
    return any(reading.value for reading in between(readings.of(Quantity.PLUGGED_IN), part.start, part.end))


def _seen(readings: Readings, part: Stay) -> Iterator[Span]:
    """Yield the times in which the vehicle said that it charged."""
    series = between(readings.of(Quantity.CHARGING), part.start, part.end)
    start: datetime | None = None
    for reading in series:
        if reading.value:
            start = start or reading.at
        elif start is not None:
            yield Span(start, reading.at)
            start = None
    if start is not None:
        yield Span(start, series[-1].at)


def _risen(readings: Readings, part: Stay, *, least: float) -> Iterator[_LevelRise]:
    """Yield the times in which the level rose, if it is higher by the ``least`` at the end than it was at first."""
    known = max((_known(series, part) for series in readings.by_source(Quantity.LEVEL).values()), key=len, default=[])
    if not known or number(known[-1]) - number(known[0]) < least:
        return
    for one, other in pairwise(known):
        if (gained := number(other) - number(one)) > 0:
            yield _LevelRise(Span(one.at, other.at), gained)


def _known(series: Sequence[Reading], part: Stay) -> list[Reading]:
    """Return the readings of some time, with what held at first."""
    known = [*between(series, part.start, part.end)]
    before = last_until(series, part.start)
    return known if before is None or before in known else [before._replace(at=part.start), *known]


def _shortened(rise: _LevelRise, readings: Readings, assumed: Assumptions) -> Span:
    """Return no more time than it takes to gain so many %.

    It ended when that was reported if the vehicle was plugged in and did not charge at first, and else began at first.
    """
    span, (plugged_in, charging) = rise.span, (readings.of(each) for each in (Quantity.PLUGGED_IN, Quantity.CHARGING))
    arriving = max(assumed.power * assumed.efficiency - assumed.overhead, 0.5)
    needed = timedelta(hours=rise.gained / 100 * (assumed.capacity or 0.0) / arriving)
    if not needed or needed >= span.end - span.start:
        return span
    plug, status = (last_until(each, span.start + _LATE) for each in (plugged_in, charging))
    if plug is not None and plug.value and status is not None and not status.value and status.at >= plug.at:
        return Span(span.end - needed, span.end)
    return Span(span.start, span.start + needed)


def _metered(readings: Readings, part: Stay, assumed: Assumptions) -> list[Rise]:
    """Return what a meter has counted since the vehicle was plugged in. A meter is read when it has risen."""
    start = part.start
    for reading in between(readings.of(Quantity.PLUGGED_IN), part.start, part.end):
        if reading.value:
            break
        start = reading.at
    meters = readings.by_source(Quantity.METER).values()
    found = sorted(rise for series in meters for rise in rises(series, start, part.end + _LATE))
    if sum(rise.amount for rise in found) < _LEAST_METERED:
        return []
    return [rise._replace(start=max(_start(rise, assumed), start)) for rise in found]


def _start(rise: Rise, assumed: Assumptions) -> datetime:
    """Return when a meter began to rise: if it was not read for long, it did not rise until shortly before."""
    if rise.end - rise.start <= CELL:
        return rise.start
    needed = max(timedelta(hours=rise.amount / assumed.power), timedelta(minutes=1))
    return max(rise.start, rise.end - needed)


def _groups(spans: Iterable[Span]) -> Iterator[list[Span]]:
    """Put what belongs to one charge together."""
    group, end = list[Span](), None
    for span in sorted(spans):
        if end is not None and span.start - end >= PAUSE:
            yield group
            group, end = [], None
        group.append(span)
        end = span.end if end is None else max(end, span.end)
    if group:
        yield group


def _joined(spans: Iterable[Span]) -> list[Span]:
    """Join what follows or overlaps."""
    joined = list[Span]()
    for span in sorted(spans):
        if joined and span.start <= joined[-1].end:
            joined[-1] = Span(joined[-1].start, max(joined[-1].end, span.end))
        else:
            joined.append(span)
    return joined
