"""Finds out from the odometer when a vehicle has driven, and how far."""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from .book_readings import Quantity, Reading, Readings, between, last_until, number

_STAND = timedelta(minutes=10)
"""Who stands for so long has ended a trip."""

_SPEED = 45.0
"""km/h, if it is not known when a vehicle drove in a long time: an ordinary mean of town and country."""

_FASTEST, _ROUNDED = 250.0, 5.0
"""km/h and km: what rises faster is believed once it has gone on rising from there."""

_DIFFERS = 2.0
"""km by which two sources may differ without a drive in between."""


class Drive(NamedTuple):
    """A drive of so many km; ``odometer`` is the distance shown at its end."""

    start: datetime
    end: datetime
    distance: float
    odometer: float


class _Window(NamedTuple):
    start: datetime
    end: datetime


def find_drives(readings: Readings) -> list[Drive]:
    """Return the drives, oldest first. Their distances add up to what the odometer has risen."""
    odometer = _believed(readings.of(Quantity.ODOMETER))
    plugged_in = _standing(readings)
    found = list[Drive]()
    for before, after in _steps(odometer):
        drive = _drive(before, after, readings, plugged_in)
        if found and _goes_on(found[-1], drive, plugged_in):
            drive = Drive(found[-1].start, drive.end, found[-1].distance + drive.distance, drive.odometer)
            found.pop()
        found.append(drive)
    return found


def _believed(series: Sequence[Reading]) -> list[Reading]:
    """Leave out readings that do not fit: an odometer never falls, and rises no faster than a vehicle can drive."""
    lowest, ends, before = list[float](), list[int](), list[int | None]()
    for index, reading in enumerate(series):  # the longest run that never falls
        distance = number(reading)
        place = bisect_right(lowest, distance)
        before.append(ends[place - 1] if place else None)
        lowest[place:] = [distance, *lowest[place + 1 :]]
        ends[place:] = [index, *ends[place + 1 :]]
    run, index_of = list[Reading](), ends[-1] if ends else None
    while index_of is not None:
        run.append(series[index_of])
        index_of = before[index_of]
    return _possible(run[::-1])


def _possible(run: list[Reading]) -> list[Reading]:
    for index in range(len(run) - 1, 0, -1):
        hours = (run[index].at - run[index - 1].at) / timedelta(hours=1)
        jump = number(run[index]) - number(run[index - 1])
        if jump > _FASTEST * hours + _ROUNDED and number(run[-1]) == number(run[index]):
            return _possible(run[:index])
    return run


def _steps(odometer: Sequence[Reading]) -> Iterator[tuple[Reading, Reading]]:
    """Yield the last reading before each part of a drive, and the first after it."""
    if not odometer:
        return
    before = odometer[0]
    for reading in odometer[1:]:
        risen = number(reading) - number(before)
        if risen > (0 if reading.source == before.source else _DIFFERS):
            yield before, reading
        elif risen > 0:
            continue  # another source: it may only round differently
        before = reading


def _standing(readings: Readings) -> list[Reading]:
    """Return when the vehicle was at the plug, and when it was not."""
    both = [*readings.of(Quantity.PLUGGED_IN), *(each for each in readings.of(Quantity.CHARGING) if each.value)]
    return sorted(both, key=lambda reading: (reading.at, not reading.value))


def _drive(before: Reading, after: Reading, readings: Readings, plugged_in: Sequence[Reading]) -> Drive:
    """Return when it drove in the time between two readings: at the end of it, because it reports when it arrives."""
    distance = number(after) - number(before)
    windows = [*_free(before.at, after.at, plugged_in)]
    window = max(reversed(windows), key=lambda each: _fall(readings, each)) if len(windows) > 1 else windows[0]
    needed = timedelta(hours=distance / _SPEED)
    if window.end - window.start <= needed:
        return Drive(*window, distance, number(after))
    return Drive(window.end - needed, window.end, distance, number(after))


def _free(start: datetime, end: datetime, plugged_in: Sequence[Reading]) -> Iterator[_Window]:
    """Yield the times between two others in which the vehicle is not known to be at the plug."""
    free_from, at_plug = start, False
    for reading in between(plugged_in, start, end):
        if not start < reading.at < end:
            continue
        if reading.value and not at_plug:
            yield _Window(free_from, reading.at)
        if reading.value or at_plug:
            free_from = reading.at
        at_plug = bool(reading.value)
    yield _Window(free_from, end)


def _fall(readings: Readings, window: _Window) -> float:
    """Return by how many % the level has fallen in some time."""
    levels = readings.of(Quantity.LEVEL)
    before, after = last_until(levels, window.start), last_until(levels, window.end)
    return number(before) - number(after) if before and after else 0.0


def _goes_on(last: Drive, drive: Drive, plugged_in: Sequence[Reading]) -> bool:
    """Whether it has not stood in between."""
    if drive.start - last.end >= _STAND:
        return False
    return not any(each.value for each in between(plugged_in, last.end, drive.start))
