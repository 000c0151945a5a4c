"""Finds out from readings when a vehicle has charged while it stood, and how much came from the wall."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import NamedTuple

from ..vehicle import TripRecord
from .book_readings import (
    CELL,
    Quantity,
    Reading,
    Regained,
    Rise,
    Span,
    Stay,
    between,
    known_in,
    last_until,
    number,
)
from .charge_meters import (
    LATE,
    LEAST_METERED,
    PAUSE,
    SHORT_PAUSE,
    MeterReadings,
    is_plugged_in,
    metered_in,
    overlap,
    within,
)
from .charge_plan import EFFICIENCY, OVERHEAD
from .energy_cost import Tariff
from .reading_set import Readings

_HOUR = timedelta(hours=1)

_LONG = timedelta(hours=24)
"""After so long a shorter pause ends it, too: who stays at the plug for weeks is topped up now and then."""

_LEAST = 2.5
"""% that a level must rise if nothing else shows that it charged: reports round, and batteries rest."""

_FED = 5.0
"""% by which a level falls at the plug if the battery feeds a house or its climate control."""

_LEAST_ARRIVING = 0.8
"""kW that arrive from every wallbox."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Assumptions:
    """What readings do not tell about a vehicle.

    ``capacity`` (kWh) is what the battery holds, ``power`` (kW) what it charges with, ``consumption`` what it needs for
    100 km. ``efficiency`` and ``overhead`` are those of :class:`.charge_plan.ChargeTask`. Of the ``tariffs`` that
    hold at a place the first counts whose price was known at a time. Sums and costs of trips are in the ``currency``.
    ``regained`` is how many kWh were regained in some time, as a service knows of whole days. ``records`` are the
    single trips that it keeps, of the last days.
    """

    capacity: float | None = None
    power: float = 3.6
    consumption: float = 17.0
    efficiency: float = EFFICIENCY
    overhead: float = OVERHEAD
    tariffs: tuple[Tariff, ...] = ()
    currency: str = ""
    regained: tuple[Regained, ...] = ()
    records: tuple[TripRecord, ...] = ()


class _LevelRise(NamedTuple):
    """Some time in which the level rose by so many %."""

    span: Span
    gained: float


class FoundCharge(NamedTuple):
    """A charge that was found: when it charged, and what a meter has counted at which times meanwhile.

    It was found by what was read in the time of the ``evidence``.
    """

    spans: Sequence[Span]
    metered: Sequence[Rise]
    evidence: Span

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
        return sum((span.end - span.start) / _HOUR for span in self.spans)


def find_charges(
    readings: Readings, meters: MeterReadings, stay: Stay, assumed: Assumptions, since: datetime
) -> Iterator[FoundCharge]:
    """Yield the charges of a stay, oldest first. Levels from before ``since`` have changed until it stood."""
    counted_until = stay.start
    for part in _at_one_plug(readings, stay):
        levels = _levels(readings, part, stay, since)
        seen = [*_seen(readings, part, levels)]
        risen = [*_risen(levels, seen, readings)]
        is_unseen = any(part.start < at <= part.end for at in meters.unseen)
        is_followed = seen or risen or is_unseen or is_plugged_in(readings, part)
        metered, counted = list[Rise](), list[Span]()
        if is_followed:
            metered, counted = metered_in(part, readings, meters, assumed.power, seen, counted_until=counted_until)
        counted_until = max([counted_until, *(each.end for each in metered)])
        seen = [span if within(counted, span) else _until_charged(span, readings, levels, assumed) for span in seen]
        charged = [
            *seen,
            *(span for rise in risen for span in within(counted, rise.span) or [_shortened(rise, readings, assumed)]),
        ]
        for group in _groups([*charged, *counted], levels):
            whole = Span(min(span.start for span in group), max(span.end for span in group))
            flowed = [rise for rise in metered if whole.start <= rise.start and rise.end <= whole.end]
            said = [span for span in charged if whole.start <= span.start and span.end <= whole.end]
            if said:
                whole = Span(min(said)[0], max(span.end for span in said))
            elif sum(rise.amount for rise in flowed) < LEAST_METERED:
                continue
            spans, limits = within(counted, whole) or said, _limits(readings, part, whole)
            shown = [rise.span for rise in risen if overlap(rise.span, whole)]
            every = [*group, *shown, *(Span(rise.since or rise.start, rise.end) for rise in flowed)]
            evidence = Span(min(span.start for span in every), max(span.end for span in every))
            yield FoundCharge(_joined(_clipped(span, limits) for span in spans), flowed, evidence)


def _limits(readings: Readings, part: Stay, whole: Span) -> Span:
    """Return when it began at the earliest, and ended at the latest, by what the vehicle has said."""
    series = between(readings.of(Quantity.CHARGING), part.start, part.end)
    before = last_until([each for each in series if each.at < whole.start], whole.start)
    is_over = any(each.at >= whole.end and not each.value for each in series)
    return Span(before.at if before else part.start, whole.end if is_over else part.end)


def _clipped(span: Span, limits: Span) -> Span:
    start = min(max(span.start, limits.start), limits.end)
    return Span(start, max(start, min(span.end, limits.end)))


def _explains(seen: Span, risen: Span) -> bool:
    """Whether a level rose in the time in which it was seen to charge, and not after that."""
    shared = min(seen.end, risen.end) - max(seen.start, risen.start)
    return shared >= min(LATE, (risen.end - risen.start) / 2)


def _at_one_plug(readings: Readings, stay: Stay) -> Iterator[Stay]:
    """Split a stay where the vehicle was unplugged."""
    series = readings.of(Quantity.PLUGGED_IN)
    before = last_until(series, stay.start)
    start, was_in = stay.start, before is not None and bool(before.value)
    for reading in between(series, stay.start, stay.end):
        if was_in and not reading.value:
            yield Stay(start, reading.at)
            start = reading.at
        was_in = bool(reading.value)
    yield Stay(start, stay.end)


def _levels(readings: Readings, part: Stay, stay: Stay, since: datetime) -> Sequence[Reading]:
    """Return the levels of some time by the source that has reported most, with what held at first.

    What is reported first after a vehicle was unplugged is the level at the end of what was before.
    """
    plugged_in = readings.of(Quantity.PLUGGED_IN)

    def is_apart(start: datetime, end: datetime) -> bool:
        return not any(each.value for each in between(plugged_in, start, end) if each.at > start)

    found = list[list[Reading]]()
    for series in readings.by_source(Quantity.LEVEL).values():
        known = known_in(between(series, since, part.end), part)
        inside = between(series, part.start, part.end)
        if part.start > stay.start and (not inside or is_apart(part.start, inside[0].at)):
            known = [*inside]
        after = [each for each in between(series, part.end, stay.end) if each.at > part.end][:1]
        found.append(known + [each for each in after if is_apart(part.end, each.at)])
    return max(found, key=len, default=[])


def _seen(readings: Readings, part: Stay, levels: Sequence[Reading]) -> Iterator[Span]:
    """Yield the times in which the vehicle said that it charged. The last one goes on as long as the level rises."""
    series = between(readings.of(Quantity.CHARGING), part.start, part.end)
    start: datetime | None = None
    for reading in series:
        if reading.value:
            start = start or reading.at
        elif start is not None:
            yield Span(start, reading.at)
            start = None
    if start is not None:
        risen = (other.at for one, other in pairwise(levels) if number(other) > number(one))
        yield Span(start, max([series[-1].at, *risen]))


def _risen(levels: Sequence[Reading], seen: Sequence[Span], readings: Readings) -> Iterator[_LevelRise]:
    """Yield the times in which the level rose without the vehicle saying that it charged."""
    climb, plugged_in = list[_LevelRise](), readings.of(Quantity.PLUGGED_IN)
    for one, other in pairwise(levels):
        span, gained = Span(one.at, other.at), number(other) - number(one)
        if gained < 0 or any(_explains(each, span) for each in seen):
            yield from _enough(climb)
            climb.clear()
        elif gained > 0 and not _is_unplugged(span, plugged_in):
            climb.append(_LevelRise(span, gained))
    yield from _enough(climb)


def _is_unplugged(span: Span, plugged_in: Sequence[Reading]) -> bool:
    """Whether a vehicle has said before and after some minutes, and never meanwhile, that it is not plugged in."""
    near = between(plugged_in, span.start - CELL, span.end + CELL)
    return (
        span.end - span.start <= CELL
        and len(near) > 1
        and near[0].at <= span.start
        and near[-1].at >= span.end
        and not any(each.value for each in near)
    )


def _enough(climb: Sequence[_LevelRise]) -> Sequence[_LevelRise]:
    return tuple(climb) if sum(rise.gained for rise in climb) >= _LEAST else ()


def _shortened(rise: _LevelRise, readings: Readings, assumed: Assumptions) -> Span:
    """Return no more time than it takes to gain so many %.

    It ended when that was reported if the vehicle was plugged in and did not charge at first, and else began at first.
    """
    span, (plugged_in, charging) = rise.span, (readings.of(each) for each in (Quantity.PLUGGED_IN, Quantity.CHARGING))
    needed = _needed(rise.gained, assumed)
    if not needed or needed >= span.end - span.start:
        return span
    plug, status = (last_until(each, span.start + LATE) for each in (plugged_in, charging))
    if plug is not None and plug.value and status is not None and not status.value and status.at >= plug.at:
        return Span(span.end - needed, span.end)
    return Span(span.start, span.start + needed)


def _until_charged(span: Span, readings: Readings, levels: Sequence[Reading], assumed: Assumptions) -> Span:
    """Return no more time than it takes to gain what was gained, if that would be too slow: its end was missed."""
    said = [each.at for each in between(readings.of(Quantity.CHARGING), *span) if each.value]
    gained, arrived = -_fallen(levels, span.start, span.end), _LEAST_ARRIVING * ((span.end - span.start) / _HOUR)
    if not said or gained <= 0 or assumed.capacity is None or gained / 100 * assumed.capacity >= arrived:
        return span
    return Span(span.start, min(span.end, max(said[-1], span.start + _needed(gained, assumed))))


def _needed(gained: float, assumed: Assumptions) -> timedelta:
    """Return how long it takes to gain so many %."""
    arriving = max(assumed.power * assumed.efficiency - assumed.overhead, 0.5)
    return timedelta(hours=gained / 100 * (assumed.capacity or 0.0) / arriving)


def _groups(spans: Iterable[Span], levels: Sequence[Reading]) -> Iterator[list[Span]]:
    """Put what belongs to one charge together. If the battery has fed something in between, they are two."""
    group, end = list[Span](), None
    for span in sorted(spans):
        pause = PAUSE if not group or span.start - group[0].start < _LONG else SHORT_PAUSE
        if end is not None and (span.start - end >= pause or _fallen(levels, end, span.start) >= _FED):
            yield group
            group, end = [], None
        group.append(span)
        end = span.end if end is None else max(end, span.end)
    if group:
        yield group


def _fallen(levels: Sequence[Reading], start: datetime, end: datetime) -> float:
    """Return by how many % the level has fallen in some time."""
    before, after = last_until(levels, start), last_until(levels, max(start, end))
    return number(before) - number(after) if before is not None and after is not None else 0.0


def _joined(spans: Iterable[Span]) -> list[Span]:
    """Join what follows or overlaps."""
    joined = list[Span]()
    for span in sorted(spans):
        if joined and span.start <= joined[-1].end:
            joined[-1] = Span(joined[-1].start, max(joined[-1].end, span.end))
        else:
            joined.append(span)
    return joined
