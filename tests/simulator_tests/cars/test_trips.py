"""Trip summaries."""

from datetime import UTC, date, datetime, timedelta, timezone

from custom_components.nissanconnect.vehicle import TripPeriod
from tests.simulator.cars.powertrain import Consumption
from tests.simulator.cars.trips import Trip, summarise


def trip(year: int, month: int, day: int, hour: int = 8, *, fuel: float = 0.0) -> Trip:
    start = datetime(year, month, day, hour, tzinfo=UTC)
    taken = Consumption(fuel=fuel) if fuel else Consumption(electricity=2.5, recovered=0.5)
    return Trip(started_at=start, ended_at=start + timedelta(minutes=20), distance=10, consumption=taken)


TRIPS = [trip(2025, 12, 31), trip(2026, 1, 5), trip(2026, 1, 5, 17), trip(2026, 1, 6), trip(2026, 2, 1)]
ALL = (date(2020, 1, 1), date(2030, 1, 1))


def test_days() -> None:
    first, second, *_ = summarise(TRIPS, TripPeriod.DAY, date(2026, 1, 1), date(2026, 1, 31), UTC)

    assert (first.start, first.trips, first.distance, first.duration) == (date(2026, 1, 5), 2, 20, 40)
    assert (first.energy_used, first.energy_recovered, first.fuel_used, first.co2_saved) == (5, 1, 0, 2360)
    assert (first.first_start, first.last_end) == (TRIPS[1].started_at, TRIPS[2].ended_at)
    assert (second.start, second.trips) == (date(2026, 1, 6), 1)


def test_months_and_years() -> None:
    months = summarise(TRIPS, TripPeriod.MONTH, *ALL, UTC)
    years = summarise(TRIPS, TripPeriod.YEAR, *ALL, UTC)

    assert [(m.start, m.trips) for m in months] == [
        (date(2025, 12, 1), 1),
        (date(2026, 1, 1), 3),
        (date(2026, 2, 1), 1),
    ]
    assert [(y.start, y.trips) for y in years] == [(date(2025, 1, 1), 1), (date(2026, 1, 1), 4)]


def test_both_ends_of_the_period_count_and_days_are_local() -> None:
    assert len(summarise(TRIPS, TripPeriod.DAY, date(2026, 1, 5), date(2026, 1, 6), UTC)) == 2

    late = [trip(2026, 1, 5, 23)]
    (summary,) = summarise(late, TripPeriod.DAY, *ALL, timezone(timedelta(hours=2)))
    assert summary.start == date(2026, 1, 6)


def test_a_combustion_vehicle_saves_nothing() -> None:
    (summary,) = summarise([trip(2026, 1, 5, fuel=0.7)], TripPeriod.DAY, *ALL, UTC)

    assert (summary.fuel_used, summary.co2_saved) == (0.7, 0)


def test_no_trips_no_summaries() -> None:
    assert summarise([], TripPeriod.DAY, *ALL, UTC) == ()
