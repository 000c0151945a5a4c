"""What a vehicle's service knows of its trips: from before the book was begun, and of the last days."""

from collections import defaultdict
from dataclasses import replace
from datetime import date, datetime, time, timedelta

from homeassistant.util import dt as dt_util

from ..engine.book import Sums
from ..engine.book_readings import Regained
from ..source_set import SourceSet
from ..vehicle import BackendError, NotSupported, TripPeriod, TripRecord, TripSummary
from .display import risen

_MONTHS = 24
_LATELY = timedelta(days=5)
"""Services go on adding to the last days for some time."""


async def async_read_history(sources: SourceSet, begun_at: datetime, own: Sums) -> dict[datetime, Sums]:
    """Read what was driven before the book was begun: by days for a month or two, and by months for two years.

    ``own`` is what is in the book of the day on which it was begun. The result has it by the hour in which it is put:
    the last of its day or month, and of that day the one in which the book was begun.

    Raises:
        BackendError: No source has it, for this reason.
    """
    today, begun_on = dt_util.now().date(), dt_util.as_local(begun_at).date()
    last_day = min(begun_on, today - timedelta(days=1))
    first_day = (last_day.replace(day=1) - timedelta(days=1)).replace(day=1)
    last_month = first_day - timedelta(days=1)
    first_month = last_month.replace(day=1, year=last_month.year - _MONTHS // 12)
    months = await sources.read_trips(TripPeriod.MONTH, first_month, last_month, today)
    days = await sources.read_trips(TripPeriod.DAY, first_day, last_day, today)
    hours: dict[datetime, Sums] = {}
    for summary in (*months.summaries, *days.summaries):
        if summary.start < begun_on:
            hours[_last_hour(summary)] = _sums(summary)
        elif summary.start == begun_on:
            hours[begun_at.replace(minute=0, second=0, microsecond=0)] = _without(_sums(summary), own)
    return hours


def _without(whole: Sums, own: Sums) -> Sums:
    """Return what is left of a day. What was regained may not be divided among its trips yet, and goes by distance."""
    part = min(own.distance / whole.distance, 1.0) if whole.distance else 0.0
    left = whole + own.without_costs.times(-1)
    return risen(Sums(), replace(left, regained=whole.regained * (1 - part)))


async def async_read_lately(sources: SourceSet) -> tuple[tuple[Regained, ...], tuple[TripRecord, ...]] | None:
    """Read what was regained on each of the last days that are over, and the single trips since; ``None`` if it fails.

    A service that keeps single trips is asked for nothing else.
    """
    today, records = dt_util.now().date(), tuple[TripRecord, ...]()
    first, days = today - _LATELY, defaultdict[date, Sums](Sums)
    try:
        told: list[tuple[date, float | None, float | None]]
        try:
            records = await sources.read_single_trips(_midnight(first), dt_util.utcnow())
            told = [(dt_util.as_local(each.start).date(), each.regained, each.distance) for each in records]
        except NotSupported:
            found = await sources.read_trips(TripPeriod.DAY, first, today - timedelta(days=1), today)
            told = [(each.start, each.energy_recovered, each.distance) for each in found.summaries]
    except BackendError:
        return None
    for day, amount, distance in told:
        if amount is not None and day < today:
            days[day] += Sums(regained=amount, distance=distance or 0.0)
    regained = (
        Regained(_midnight(day), _midnight(day + timedelta(days=1)), sums.regained, sums.distance or None)
        for day, sums in sorted(days.items())
    )
    return tuple(regained), records


def _sums(summary: TripSummary) -> Sums:
    return Sums(
        trips=summary.trips or 0,
        distance=summary.distance or 0.0,
        minutes=summary.duration or 0.0,
        energy=max((summary.energy_used or 0.0) - (summary.energy_recovered or 0.0), 0.0),
        regained=summary.energy_recovered or 0.0,
    )


def _last_hour(summary: TripSummary) -> datetime:
    return _midnight(_next(summary)) - timedelta(hours=1)


def _next(summary: TripSummary) -> date:
    if summary.period is TripPeriod.DAY:
        return summary.start + timedelta(days=1)
    return (summary.start.replace(day=28) + timedelta(days=4)).replace(day=1)


def _midnight(day: date) -> datetime:
    midnight = dt_util.as_utc(datetime.combine(day, time(), dt_util.get_default_time_zone()))
    return midnight.replace(minute=0)  # statistics begin with a full hour, days of some time zones do not
