"""Driven trips, summed up (mynissan-na §3). Of single trips, which tell where they began and ended, nothing is kept."""

from collections.abc import Mapping
from datetime import date

from pynissan import (
    DrivingHistory,
    DrivingHistoryAggregator,
    DrivingHistoryCo2Saved,
    DrivingHistoryTripSummary,
    WeightUnit,
)

from ...vehicle import TripPeriod, TripSummary
from ..quantities import CO2_SAVED, DRIVEN, TRIP_ENERGY, TRIP_MINUTES, TRIPS
from .values import kilometres, minutes_of

AGGREGATORS: Mapping[TripPeriod, DrivingHistoryAggregator] = {
    TripPeriod.DAY: DrivingHistoryAggregator.DAILY,
    TripPeriod.MONTH: DrivingHistoryAggregator.MONTHLY,
    TripPeriod.YEAR: DrivingHistoryAggregator.YEARLY,
}

_GRAMS = {WeightUnit.GRAM: 1.0, WeightUnit.KILOGRAM: 1000.0, WeightUnit.POUND: 453.59237}


def summaries(history: DrivingHistory | None, period: TripPeriod, start: date, end: date) -> tuple[TripSummary, ...]:
    """Return the summaries whose period begins from ``start`` to ``end``, oldest first."""
    if history is None:
        return ()
    first = _first_day(start, period)
    dated = ((_day(each, period), each) for each in history.trip_summaries)
    found = [_summary(day, each, period) for day, each in dated if day is not None and first <= day <= end]
    return tuple(sorted(found, key=lambda summary: summary.start))


def _day(summary: DrivingHistoryTripSummary, period: TripPeriod) -> date | None:
    """Return the day on which the summary's period begins; what a period does not need may be missing."""
    month = summary.month if period is not TripPeriod.YEAR else 1
    day = summary.day if period is TripPeriod.DAY else 1
    if summary.year is None or month is None or day is None:
        return None
    try:
        return date(summary.year, month, day)
    except ValueError, OverflowError:
        return None


def _first_day(day: date, period: TripPeriod) -> date:
    if period is TripPeriod.DAY:
        return day
    return day.replace(day=1) if period is TripPeriod.MONTH else day.replace(month=1, day=1)


def _summary(start: date, said: DrivingHistoryTripSummary, period: TripPeriod) -> TripSummary:
    driven = said.distance_traveled
    count = TRIPS.of(said.number_of_trips)
    return TripSummary(
        start=start,
        period=period,
        trips=None if count is None else int(count),
        distance=kilometres(driven.value, driven.unit, DRIVEN) if driven else None,
        duration=TRIP_MINUTES.of(minutes_of(said.duration)),
        energy_used=TRIP_ENERGY.of(said.energy_consumed),
        co2_saved=_grams(said.co2_saved),
    )


def _grams(weight: DrivingHistoryCo2Saved | None) -> float | None:
    factor = _GRAMS.get(weight.unit) if weight and weight.unit else None
    return None if weight is None or weight.value is None or factor is None else CO2_SAVED.of(weight.value * factor)
