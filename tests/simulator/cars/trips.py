"""What the cloud remembers of driven trips."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from itertools import groupby

from custom_components.nissanconnect.vehicle import TripPeriod, TripSummary

from .drive import Point
from .powertrain import Consumption

CO2_OF_PETROL_CAR = 118.0
"""Grams for each km that an electric vehicle is said to have saved (from the figures in kamereon-eu §13)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trip:
    """One drive: km, what it took, from where to where; in privacy mode nobody learns where."""

    started_at: datetime
    ended_at: datetime
    distance: float
    consumption: Consumption
    start: Point | None = None
    end: Point | None = None

    @property
    def minutes(self) -> float:
        """How long it took."""
        return (self.ended_at - self.started_at).total_seconds() / 60


def first_day(day: date, period: TripPeriod) -> date:
    """Return the day on which the period around ``day`` begins."""
    if period is TripPeriod.DAY:
        return day
    return day.replace(day=1) if period is TripPeriod.MONTH else day.replace(month=1, day=1)


def summarise(
    trips: Iterable[Trip], period: TripPeriod, start: date, end: date, zone: tzinfo
) -> tuple[TripSummary, ...]:
    """Sum up the trips (oldest first) that began from ``start`` to ``end``, both included, by local days."""
    days = ((trip.started_at.astimezone(zone).date(), trip) for trip in trips)
    chosen = [(first_day(day, period), trip) for day, trip in days if start <= day <= end]
    return tuple(
        _summary(first, period, [trip for _, trip in group])
        for first, group in groupby(chosen, key=lambda item: item[0])
    )


def _summary(start: date, period: TripPeriod, trips: list[Trip]) -> TripSummary:
    total = Consumption()
    for trip in trips:
        total = total.plus(trip.consumption)
    distance = sum(trip.distance for trip in trips)
    return TripSummary(
        start=start,
        period=period,
        trips=len(trips),
        distance=round(distance, 1),
        duration=round(sum(trip.minutes for trip in trips)),
        first_start=trips[0].started_at,
        last_end=trips[-1].ended_at,
        energy_used=round(total.electricity, 2),
        energy_recovered=round(total.recovered, 2),
        fuel_used=round(total.fuel, 2),
        co2_saved=0.0 if total.fuel else round(distance * CO2_OF_PETROL_CAR),
    )
