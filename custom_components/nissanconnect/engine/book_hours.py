"""Adds the entries of a book up by the hours in which they fell, for statistics, and fills in what logs tell."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta, tzinfo
from operator import attrgetter

from .book import Sums, sums_of
from .book_entries import ChargedHour
from .book_readings import Rise
from .energy_cost import hour_of, in_hours
from .entry_finder import Entries

_HOUR = timedelta(hours=1)


def by_hour(entries: Entries, currency: str) -> dict[datetime, Sums]:
    """Return what each hour adds, by its start.

    What a charge adds is divided as its energy has flowed, if that is known, and else spread evenly over its time, as
    what a trip adds.
    """
    hours: dict[datetime, Sums] = {}
    for trip in entries.trips:
        _divide(hours, sums_of(Entries([trip]), currency), _evenly(trip.start, trip.end))
    for charge in entries.charges:
        hours.setdefault(hour_of(charge.start), Sums())  # it is seen later by its start whether it was written
        is_known = sum(each.energy for each in charge.by_hour) > 0
        parts = charge.by_hour if is_known else _evenly(charge.start, charge.end)
        _divide(hours, sums_of(Entries((), [charge]), currency), parts)
    return hours


def _divide(hours: dict[datetime, Sums], sums: Sums, parts: Sequence[ChargedHour]) -> None:
    """Divide sums as the energy of the parts; a cost that counts is that of each part, if it is known."""
    whole = sum(each.energy for each in parts)
    for each in parts:
        hour, added = hour_of(each.at), sums.times(each.energy / whole)
        if sums.priced and each.cost is not None:
            added = replace(added, cost=each.cost)
        hours[hour] = hours.get(hour, Sums()) + added


def _evenly(start: datetime, end: datetime) -> Sequence[ChargedHour]:
    return in_hours([Rise(start, end, 1.0)])


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
