"""What a vehicle's service knows of its trips: from before the book was begun, and of the last days."""

from collections import defaultdict
from datetime import date, datetime, time, timedelta

from homeassistant.util import dt as dt_util

from ..engine.book import Sums
from ..engine.book_readings import Rise
from ..source_set import SourceSet
from ..vehicle import BackendError, NotSupported, TripPeriod, TripRecord, TripSummary
from .display import risen

_MONTHS = 24
_LATELY = timedelta(days=5)
"""Services go on adding to the last days for some time."""


async def async_read_history(sources: SourceSet, begun_on: date, own: Sums) -> dict[datetime, Sums]:
    """Read what was driven before the book was begun: by days for a month or two, and by months for two years.

    ``own`` is what is in the book of the day on which it was begun. The result has it by the hour in which it is put:
    the last of its day or month.

    Raises:
        BackendError: No source has it, for this reason.
    """
    today = dt_util.now().date()
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
            hours[_last_hour(summary)] = risen(Sums(), _sums(summary) + own.times(-1))
    return hours


async def async_read_lately(sources: SourceSet) -> tuple[tuple[Rise, ...], tuple[TripRecord, ...]] | None:
    """Read what was regained on each of the last days that are over, and the single trips since; ``None`` if it fails.

    A service that keeps single trips is asked for nothing else.
    """
    today, records = dt_util.now().date(), tuple[TripRecord, ...]()
    first, regained = today - _LATELY, defaultdict[date, float](float)
    try:
        try:
            records = await sources.read_single_trips(_midnight(first), dt_util.utcnow())
            told = [(dt_util.as_local(each.start).date(), each.regained) for each in records]
        except NotSupported:
            found = await sources.read_trips(TripPeriod.DAY, first, today - timedelta(days=1), today)
            told = [(each.start, each.energy_recovered) for each in found.summaries]
    except BackendError:
        return None
    for day, amount in told:
        if amount is not None and day < today:
            regained[day] += amount
    days = sorted(regained.items())
    return tuple(Rise(_midnight(day), _midnight(day + timedelta(days=1)), amount) for day, amount in days), records


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
