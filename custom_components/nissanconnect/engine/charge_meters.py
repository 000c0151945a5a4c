"""Finds out what the meters at the wall have counted for a vehicle, and when it has flowed."""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import NamedTuple

from .book_readings import (
    CELL,
    Quantity,
    Reading,
    Rise,
    Span,
    Stay,
    between,
    known_in,
    number,
    rises,
)
from .reading_set import Readings

PAUSE, SHORT_PAUSE = timedelta(hours=6), timedelta(hours=1)
"""What flows after a longer pause is another charge; after many hours the shorter one ends it, too."""

LATE = timedelta(minutes=5)
"""How much later than the vehicle a meter may be read."""

LEAST_METERED, _STANDBY = 0.05, 0.1
"""kWh and kW: whatever is plugged in draws a little."""

_LEAST_FLOWED, _LEAST_POWER = 0.5, 1.0
"""kWh that no wallbox takes for itself until its meter is read again, and kW with which every vehicle charges."""

_MOST_POWER = 25.0
"""kW: no wallbox gives more. A meter that rises faster has lost its count for a while."""


type Fits = Callable[[int, int, float], bool]
"""Tells whether so many kWh from the wall can have come in one stay, by what is known in a later one."""


class MeterReadings(NamedTuple):
    """The readings of each meter, and when charges end of which only the meter tells."""

    series: Sequence[Sequence[Reading]]
    unseen: Sequence[datetime]


def meters_of(
    readings: Readings, stays: Sequence[Stay], places: Sequence[str | None], power: float, fits: Fits
) -> MeterReadings:
    """Return the readings of the meters, which are divided where one was not read for some drives.

    Unless the vehicle charges when it is read again, what was counted came in the longest stay in which it could with
    so much ``power`` (kW): where the vehicle is then, while nobody knew that it was not plugged in, and if it ``fits``.
    """
    starts, divided, unseen = [stay.start for stay in stays], list[list[Reading]](), list[datetime]()
    for series in readings.by_source(Quantity.METER).values():
        found = [*series[:1]]
        for before, after, later in zip(series, series[1:], [*series[2:], *series[-1:]], strict=False):
            first, last = (max(bisect_right(starts, each.at) - 1, 0) for each in (before, after))
            amount = number(after) - number(before)
            goes_on = number(later) > number(after) and later.at - after.at <= SHORT_PAUSE
            if first == last or amount < _LEAST_FLOWED or goes_on or _charges(readings, starts[last], after.at):
                found.append(after)
                continue
            needed, place = timedelta(hours=amount / power), places[last]
            if place is None and before.at >= starts[first]:
                place = places[first]
            could = [
                Stay(max(stays[index].start, before.at), stays[index].end)
                for index in range(first, last)
                if places[index] == place and fits(index, last, amount)
            ]
            possible = [stay for stay in could if _had_time(readings, stay, needed)]
            longest = max(possible, key=lambda stay: stay.end - stay.start, default=None)
            if longest is not None and longest.end - longest.start > after.at - starts[last]:
                unseen.append(longest.end)
                found += (before._replace(at=longest.start), after._replace(at=longest.end))
            found.append(after)
        divided.append(found)
    return MeterReadings(divided, unseen)


def _had_time(readings: Readings, stay: Stay, needed: timedelta) -> bool:
    """Whether a vehicle can have charged for so long: it was plugged in, or it has told nothing meanwhile."""
    known = between(readings.of(Quantity.PLUGGED_IN), stay.start, stay.end)
    times = [stay.start, *(each.at for each in known), stay.end]
    longest = max(end - start for start, end in pairwise(times))
    return stay.end - stay.start >= needed and (is_plugged_in(readings, stay) or longest >= needed)


def _charges(readings: Readings, start: datetime, end: datetime) -> bool:
    return any(each.value for each in between(readings.of(Quantity.CHARGING), start, end))


def metered_in(
    part: Stay,
    readings: Readings,
    meters: MeterReadings,
    power: float,
    seen: Sequence[Span],
    *,
    counted_until: datetime,
) -> tuple[list[Rise], list[Span]]:
    """Return what meters have counted since the vehicle was plugged in, or in all the time if that is unknown.

    Beside it are the times in which that was more than a wallbox takes for itself. What they have ``counted_until``
    then was counted before. The vehicle has said when it was ``seen`` to charge.
    """
    start = part.start
    for reading in known_in(readings.of(Quantity.PLUGGED_IN), part):
        if reading.value:
            break
        start = reading.at
    else:
        start = part.start
    found, flowed = list[Rise](), list[Span]()
    for series in meters.series:
        shown = _counted(series, start, part.end)
        around = zip([None, *shown], shown, [*shown[1:], None], strict=False)
        counted = [_placed(rise, start, power, seen, before=before, after=after) for before, rise, after in around]
        flows = [_flows(rise, one, seen) for rise, one in zip(shown, counted, strict=True)]
        for rise, one, now, then in zip(shown, counted, flows, [*flows[1:], False], strict=False):
            if rise.end > counted_until:
                found.append(one)
                if now or (then and rise.end - rise.start > CELL):  # it had not been read for long when it began
                    flowed.append(Span(one.start, one.end))
    return (sorted(found), flowed) if sum(rise.amount for rise in found) >= LEAST_METERED else ([], [])


def _flows(rise: Rise, counted: Rise, seen: Sequence[Span]) -> bool:
    """Whether a rise is more than what a wallbox takes for itself until its meter is read again."""
    standby = _STANDBY * _hours(rise.start, rise.end)
    return rise.amount >= min(_LEAST_FLOWED, standby) or bool(within(seen, Span(counted.start, counted.end)))


def _counted(series: Sequence[Reading], start: datetime, end: datetime) -> list[Rise]:
    """Return what one meter has counted, with what it showed when it was read next."""
    after = between(series, end, end + CELL)
    return rises(series, start, max(end + LATE, after[0].at if after else end), most=_MOST_POWER)


def _placed(
    rise: Rise,
    earliest: datetime,
    power: float,
    seen: Sequence[Span],
    *,
    before: Rise | None,
    after: Rise | None,
) -> Rise:
    """Return what a meter has counted with the time in which it did.

    If it was not read for long, that was shortly before it showed that, and what came ``after`` it tells how fast the
    first has come. While a vehicle says that it charges, it rises from when it had risen ``before``: some show whole
    kWh.
    """
    start, last = rise.start, before.end if before else earliest
    is_first = before is None or before.end < rise.start
    if rise.end - rise.start <= CELL:
        follows = is_first and after is not None and after.start == rise.end
        power = after.amount / _hours(after.start, after.end) if after is not None and follows else 0.0
    if power:
        start = max(start, rise.end - max(timedelta(hours=rise.amount / power), timedelta(minutes=1)))
    for span in seen:
        since = max(span.start, last)
        if since < rise.end <= span.end + LATE and rise.amount >= _LEAST_POWER * _hours(since, rise.end):
            start = min(start, since)
    start = max(start, earliest)
    undated = start - rise.start > (SHORT_PAUSE if rise.end - start > SHORT_PAUSE else PAUSE)
    is_seen = bool(within(seen, Span(start, rise.end)))
    return rise._replace(start=start, since=max(rise.start, earliest) if undated and not is_seen else None)


def _hours(start: datetime, end: datetime) -> float:
    return (end - start) / timedelta(hours=1)


def is_plugged_in(readings: Readings, part: Stay) -> bool:
    """Whether a vehicle was at the plug at any time in which it stood."""
    return any(reading.value for reading in known_in(readings.of(Quantity.PLUGGED_IN), part))


def overlap(one: Span, other: Span) -> bool:
    """Whether two times overlap, but for how late a meter may be read."""
    return one.start < other.end + LATE and other.start - LATE < one.end


def within(counted: Iterable[Span], whole: Span) -> list[Span]:
    """Return what overlaps with something."""
    return [span for span in counted if overlap(span, whole)]
