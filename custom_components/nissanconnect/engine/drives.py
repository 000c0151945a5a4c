"""Finds out from the odometer when a vehicle has driven, and how far.

Where its service keeps single trips that add up to what the odometer has risen, it has driven as they tell.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import accumulate, chain, pairwise
from operator import attrgetter
from typing import NamedTuple

from ..vehicle import TripRecord
from .book_readings import Quantity, Reading, between, last_until, number
from .reading_set import Readings

_STAND, _CLOSE = timedelta(minutes=10), timedelta(minutes=16)
"""Who stands for so long has ended a trip, and what was driven between reads that are so close is one trip."""

_LATER = timedelta(minutes=40)
"""How much later than other values the odometer may be read."""

_SPEED = 45.0
"""km/h, if it is not known when a vehicle drove in a long time: an ordinary mean of town and country."""

_FASTEST, _FAST = 250.0, 130.0
"""km/h that a vehicle can come, and that one may drive for an hour."""

_FALLS, _CHANGED = 2.0, 1.0
"""% by which a level falls when it drives, as it may lose or round one while it stands, and which is another level."""

_SILENT = timedelta(days=1)
"""A source that reports nothing for so long is left behind, even if it has shown more."""

_ABOUT = timedelta(minutes=2)
"""By how much the times of a record and those of readings may differ."""

_OFF, _OFF_PART = 2.0, 0.03
"""km, and which part, by which records may differ from the odometer: both are rounded, some to whole miles."""

_NOWHERE = 0.1
"""km below which a record is no drive."""


class Drive(NamedTuple):
    """A drive of so many km, as a ``record`` tells if there is one.

    ``odometer`` is the distance at its end, which was read after it, at ``read_at``.
    """

    start: datetime
    end: datetime
    distance: float
    odometer: float
    read_at: datetime
    record: TripRecord | None = None


class _Window(NamedTuple):
    start: datetime
    end: datetime

    @property
    def hours(self) -> float:
        return (self.end - self.start) / timedelta(hours=1)


def find_drives(
    readings: Readings,
    since: datetime,
    now: datetime,
    records: Iterable[TripRecord] = (),
    *,
    odometer: float | None = None,
) -> list[Drive]:
    """Return the drives from ``since`` to ``now``, oldest first.

    Their distances add up to what the odometer has risen, from ``odometer`` on if it is known how far it had driven.
    """
    plugged_in = _standing(readings)
    found = list[Drive]()
    at_plug = [reading.at for reading in plugged_in if reading.value]
    for steps, reaching in _together(_steps(readings, since, now, odometer), _in_order(records)):
        earliest = max([steps[0].start, since, *(drive.end for drive in found[-1:])])
        if recorded := _recorded(steps, reaching, earliest):
            found += recorded
            continue
        for each in steps:
            step = each._replace(start=max(each.start, since))
            drive = step
            last = found[-1] if found and found[-1].record is None else None
            is_close = last is not None and step.start <= last.end and step.end - step.start <= _CLOSE
            if last is None or not _goes_on(last, step.end, at_plug, is_close=is_close):
                drive = _driven(step, readings, plugged_in)
            if last is not None and _goes_on(last, drive.start, at_plug, is_close=is_close):
                drive = drive._replace(start=last.start, distance=last.distance + drive.distance)
                found.pop()
            found.append(drive)
    return found


def _in_order(records: Iterable[TripRecord]) -> list[TripRecord]:
    """Return the records of drives, oldest first. Of two for one time, the one that began earlier counts."""
    found = list[TripRecord]()
    for record in sorted(records, key=attrgetter("start", "end", "distance")):
        is_drive = record.distance >= _NOWHERE and record.start < record.end
        if is_drive and (not found or found[-1].end <= record.start):
            found.append(record)
    return found


def _together(
    steps: Iterable[Drive], records: Sequence[TripRecord]
) -> Iterator[tuple[Sequence[Drive], Sequence[TripRecord]]]:
    """Yield steps with the records that reach into them. Steps that one of them reaches across come together."""
    group, told = list[Drive](), list[TripRecord]()
    for step in steps:
        reaching = _reaching(step, records)
        if group and not (told and told[-1] in reaching):
            yield group, told
            group, told = [], []
        group.append(step)
        told += [each for each in reaching if each not in told]
    if group:
        yield group, told


def _reaching(step: Drive, records: Sequence[TripRecord]) -> Sequence[TripRecord]:
    """Return the records of which a good part lies in a step."""
    first = bisect_right(records, step.start, key=attrgetter("end"))
    last = bisect_left(records, step.end, key=attrgetter("start"))
    return [
        each
        for each in records[first:last]
        if min(each.end, step.end) - max(each.start, step.start) > min(_ABOUT, (each.end - each.start) / 2)
    ]


def _recorded(steps: Sequence[Drive], records: Sequence[TripRecord], earliest: datetime) -> Sequence[Drive]:
    """Return a drive for each record; none if they do not lie in the steps, or do not add up to them."""
    end, distance, told = steps[-1].end, sum(step.distance for step in steps), sum(each.distance for each in records)
    if (
        not records
        or records[0].start < earliest - _ABOUT
        or records[-1].end > end + _ABOUT
        or abs(told - distance) > _OFF + _OFF_PART * distance
    ):
        return ()
    begun = steps[-1].odometer - distance
    shown = [
        begun,
        *(round(begun + distance * part / told, 3) for part in accumulate(each.distance for each in records)),
    ]
    return [
        Drive(max(each.start, earliest), min(each.end, end), after - before, after, steps[-1].read_at, each)
        for each, (before, after) in zip(records, pairwise(shown), strict=True)
    ]


def _steps(readings: Readings, since: datetime, now: datetime, odometer: float | None) -> Iterator[Drive]:
    """Yield by how much the odometer has risen between two readings of one source, beyond what another has shown.

    So it does not matter that sources round differently, and that some report later than others. The first reading of
    a source is only what it rises from.
    """
    series = ([each for each in one if each.at <= now] for one in readings.by_source(Quantity.ODOMETER).values())
    last, top, shown = dict[str, Reading](), None, 0.0
    for reading in sorted(chain.from_iterable(series), key=lambda each: (each.at, -number(each), each.source)):
        distance, before = number(reading), last.get(reading.source)
        last[reading.source] = reading
        if top is None or (reading.at <= since and shown < distance <= (odometer or distance)):
            top, shown = reading, distance if odometer is None else min(distance, odometer)
        elif before is not None:
            was = number(before)
            if was < distance < shown and reading.at - last[top.source].at > _SILENT:
                top, shown = before, was
            if distance > (known := max(was, shown)):
                yield Drive(max(before.at, top.at), reading.at, distance - known, distance, reading.at)
            if distance >= known:
                top, shown = reading, distance


def _standing(readings: Readings) -> list[Reading]:
    """Return when the vehicle was at the plug, and when it was not."""
    both = [*readings.of(Quantity.PLUGGED_IN), *(each for each in readings.of(Quantity.CHARGING) if each.value)]
    return sorted(both, key=lambda reading: (reading.at, not reading.value))


def _driven(step: Drive, readings: Readings, plugged_in: Sequence[Reading]) -> Drive:
    """Return when it drove in the time of a step: at the end of it, because it reports when it arrives."""
    needed = timedelta(hours=step.distance / _SPEED)
    windows = [*_free(step.start, step.end, plugged_in)]
    window = windows[0]
    if len(windows) > 1:
        window = max(
            reversed(windows),
            key=lambda each: (step.distance <= _FASTEST * each.hours, _clear_fall(readings, each)),
        )
    arrived = _arrived(readings, window)
    if arrived is not None and step.distance <= _FAST * _Window(window.start, arrived).hours:
        window = window._replace(end=arrived)
    start = max(window.start, window.end - needed)
    before, after = last_until(plugged_in, start), between(plugged_in, start, window.end)
    if before is not None and before.value and (unplugged := next((each.at for each in after if not each.value), None)):
        fall = _fall(readings, _Window(start, unplugged))
        if fall is not None and fall <= 0 and step.distance <= _FAST * _Window(unplugged, window.end).hours:
            start = unplugged
    stood_until = _stood_until(readings, window)
    if stood_until is not None and step.distance <= _FAST * _Window(stood_until, window.end).hours:
        start = max(start, stood_until)
    return step._replace(start=start, end=window.end)


def _free(start: datetime, end: datetime, plugged_in: Sequence[Reading]) -> Iterator[_Window]:
    """Yield the times between two others in which the vehicle is not known to be at the plug."""
    before = last_until(plugged_in, start)
    free_from, at_plug = start, before is not None and bool(before.value)
    for reading in between(plugged_in, start, end):
        if not start < reading.at < end:
            continue
        if reading.value:
            if not at_plug:
                yield _Window(free_from, reading.at)
            free_from = reading.at  # until when it was, it may not report before it drives
        at_plug = bool(reading.value)
    yield _Window(free_from, end)


def _arrived(readings: Readings, window: _Window) -> datetime | None:
    """Return when it was reported to be where it has stayed, if that is another place with a name, and long before."""
    places, arrived = readings.of(Quantity.PLACE), None
    before = last_until(places, window.start)
    left = before and before.value
    for reading in between(places, window.start, window.end):
        if not reading.value or reading.value == left or (arrived and arrived.value != reading.value):
            arrived = None
        if reading.value and reading.value != left:
            arrived = arrived or reading
    return arrived.at if arrived is not None and window.end - arrived.at >= _LATER else None


def _stood_until(readings: Readings, window: _Window) -> datetime | None:
    """Return until when no source has shown that the level falls, though it was known before."""
    levels = readings.by_source(Quantity.LEVEL)
    top = {source: number(before) for source, series in levels.items() if (before := last_until(series, window.start))}
    until: datetime | None = None
    for reading in between(readings.of(Quantity.LEVEL), window.start, window.end):
        if (highest := top.get(reading.source)) is None:
            continue
        if number(reading) <= highest - _CHANGED:
            break
        if number(reading) >= highest:
            top[reading.source] = number(reading)
            until = reading.at if number(reading) < highest + _CHANGED else until
    return until


def _fall(readings: Readings, window: _Window) -> float | None:
    """Return by how many % the level has fallen in some time, ``None`` if none was read in it."""
    levels = readings.of(Quantity.LEVEL)
    before, after = last_until(levels, window.start), last_until(levels, window.end)
    return None if before is None or after is None or after.at <= window.start else number(before) - number(after)


def _clear_fall(readings: Readings, window: _Window) -> float:
    """Return by how many % the level has fallen in some time, if that is more than it falls by itself."""
    fall = _fall(readings, window) or 0.0
    return fall if fall >= _FALLS else 0.0


def _goes_on(last: Drive, until: datetime, at_plug: Sequence[datetime], *, is_close: bool) -> bool:
    """Whether it has not stood in between, as far as that is known: reports that are so ``is_close`` do not tell."""
    has_gone_on = is_close or until - last.end < _STAND
    return has_gone_on and bisect_left(at_plug, last.end) == bisect_right(at_plug, until)
