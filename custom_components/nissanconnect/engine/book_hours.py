"""Adds the entries of a book up by the hours in which they fell, for statistics."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from .book import Sums, sums_of
from .book_entries import Charge, Trip
from .entry_finder import Entries

_HOUR = timedelta(hours=1)


def by_hour(entries: Entries, currency: str) -> dict[datetime, Sums]:
    """Return what each hour adds, by its start. What an entry adds is spread evenly over its time."""
    hours: dict[datetime, Sums] = {}
    for trip in entries.trips:
        _spread(hours, trip, sums_of(Entries([trip]), currency))
    for charge in entries.charges:
        _spread(hours, charge, sums_of(Entries((), [charge]), currency))
    return hours


def _spread(hours: dict[datetime, Sums], entry: Trip | Charge, sums: Sums) -> None:
    for hour, share in _shares(entry.start, entry.end):
        hours[hour] = hours.get(hour, Sums()) + sums.times(share)


def _shares(start: datetime, end: datetime) -> Iterator[tuple[datetime, float]]:
    hour, whole = start.replace(minute=0, second=0, microsecond=0), end - start
    while True:
        shared = min(end, hour + _HOUR) - max(start, hour)
        yield hour, shared / whole if whole else 1.0
        hour += _HOUR
        if hour >= end:
            return


def running_sums(hours: Mapping[datetime, Sums], before: Sums) -> Sequence[tuple[datetime, Sums]]:
    """Return the sums at the end of each hour, oldest first; ``before`` is what had been there before the first."""
    rows = list[tuple[datetime, Sums]]()
    for hour in sorted(hours):
        before += hours[hour]
        rows.append((hour, before))
    return rows
