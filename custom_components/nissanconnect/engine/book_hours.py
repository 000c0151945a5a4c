"""Adds the entries of a book up by the hours in which they fell, for statistics, and fills in what logs tell."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta, tzinfo
from operator import attrgetter

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


def uncovered(
    logged: Mapping[datetime, Sums], known: Iterable[datetime], until: datetime, zone: tzinfo
) -> dict[datetime, Sums]:
    """Return of the hours in logs those that were over before ``until``, and of whose day nothing else is known.

    The sums of a whole day or month stand in its last hour, so what is known of the last hour of a month may be of all
    of it. Days and months are those of the ``zone``.
    """
    days, months = set[date](), set[date]()
    for hour in known:
        day, after = (at.astimezone(zone).date() for at in (hour, hour + 2 * _HOUR - timedelta(minutes=1)))
        days.add(day)
        if after.month != day.month:
            months.add(day.replace(day=1))
    found = dict[datetime, Sums]()
    for hour, sums in logged.items():
        day = hour.astimezone(zone).date()
        if hour + _HOUR <= until and day not in days and day.replace(day=1) not in months:
            found[hour] = sums
    return found


def united(one: Mapping[datetime, Sums], other: Mapping[datetime, Sums]) -> dict[datetime, Sums]:
    """Return the hours of two logs. Of an hour in both, the one counts in which it has driven further."""
    return {
        hour: max((log[hour] for log in (one, other) if hour in log), key=attrgetter("distance", "energy", "regained"))
        for hour in sorted({*one, *other})
    }
