"""What happened: trips, and commands sent from elsewhere."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from custom_components.nissanconnect.backends.base import Json
from custom_components.nissanconnect.backends.mynissan import MyNissanBackend
from custom_components.nissanconnect.vehicle import (
    Lock,
    TripPeriod,
)
from tests.simulator.cars.places import TO_UTRECHT
from tests.simulator.faults import Fault
from tests.simulator.mynissan import MyNissan

from ..doubles import Clock
from .conftest import MakeBackend, carry_out, vehicle


async def test_trips(backend: MyNissanBackend, clock: Clock) -> None:
    info = await vehicle(backend, "Ariya")
    today = clock().date()
    days = await backend.read_trips(info, TripPeriod.DAY, today - timedelta(days=6), today)
    assert [day.start.isoformat() for day in days] == ["2026-11-16", "2026-11-17", "2026-11-19"]
    assert [day.trips for day in days] == [2, 2, 2]
    assert days[0].distance == 63.5
    assert days[0].duration == 45
    assert days[0].energy_used == pytest.approx(12.65, abs=0.1)
    assert days[0].co2_saved == pytest.approx(7493, abs=1)

    assert await backend.read_trips(info, TripPeriod.DAY, today - timedelta(days=3), today) == days[1:]
    months = await backend.read_trips(info, TripPeriod.MONTH, today, today)
    assert [(month.start.isoformat(), month.trips) for month in months] == [("2026-11-01", 6)]
    years = await backend.read_trips(info, TripPeriod.YEAR, today, today)
    assert [year.start.isoformat() for year in years] == ["2026-01-01"]
    assert await backend.read_trips(await vehicle(backend, "Qashqai"), TripPeriod.DAY, today, today) == ()


def changed(part: str, change: dict[str, Json]) -> Fault:
    """Return a fault that changes every entry of one part of the history."""

    def rewrite(body: Any) -> Json:
        history = body["data"]["vehicle"]["drivingHistory"]
        for each in history[part]:
            each |= {name: each[name] | new if isinstance(new, dict) else new for name, new in change.items()}
        found: Json = body
        return found

    return Fault(rewrite=rewrite)


async def test_single_trips(backend: MyNissanBackend, service: MyNissan, clock: Clock) -> None:
    info = await vehicle(backend, "Ariya")
    driven = service.car("Ariya").vehicle.cloud.trips
    monday = datetime(2026, 11, 16, tzinfo=UTC)
    trips = await backend.read_single_trips(info, monday, monday + timedelta(days=1))
    assert len(trips) == 2
    for trip, truth in zip(trips, [each for each in driven if each.started_at.date() == monday.date()], strict=True):
        assert (trip.start, trip.end) == (truth.started_at, truth.ended_at)
        assert trip.distance == round(truth.distance, 1)
        assert trip.energy == pytest.approx(truth.consumption.electricity, abs=0.001)
        assert trip.regained == pytest.approx(truth.consumption.recovered, abs=0.001)
        assert trip.start_position == pytest.approx(truth.start, abs=1e-6)
        assert trip.end_position == pytest.approx(truth.end, abs=1e-6)
    assert trips[0].end_position == trips[1].start_position != trips[0].start_position

    (day,) = await backend.read_trips(info, TripPeriod.DAY, monday.date(), monday.date())
    assert day.distance == pytest.approx(sum(trip.distance for trip in trips), abs=0.15)
    assert await backend.read_single_trips(await vehicle(backend, "Qashqai"), monday, clock()) == ()


@pytest.mark.parametrize(
    ("change", "left"),
    [
        ({"startDate": None}, None),
        ({"endDate": None}, None),
        ({"endDate": "2026-11-16T05:00:00Z"}, None),  # before it began
        ({"startDate": "2030-01-01T00:00:00Z", "endDate": "2030-01-01T01:00:00Z"}, None),
        ({"distance": None}, None),
        ({"distance": {"unit": "KILOMETER", "value": -3.0}}, None),
        ({"distance": {"unit": "MILE", "value": 10.0}}, {"distance": 16.1}),
        ({"energyConsumed": 65535, "energySaved": -1}, {"energy": None, "regained": None}),
        ({"startLocation": {"latitude": 0, "longitude": 0}}, {"start_position": None}),
        ({"endLocation": {"latitude": 91.0, "longitude": None}}, {"end_position": None}),
    ],
)
async def test_single_trips_that_make_no_sense(
    backend: MyNissanBackend, service: MyNissan, change: dict[str, Json], left: dict[str, object] | None
) -> None:
    info = await vehicle(backend, "Ariya")
    service.fail("DrivingHistory", changed("trips", change))
    monday = datetime(2026, 11, 16, tzinfo=UTC)
    trips = await backend.read_single_trips(info, monday, monday + timedelta(days=1))
    if left is None:
        assert trips == ()
    else:
        assert len(trips) == 2
        assert [{name: getattr(trip, name) for name in left} for trip in trips] == [left] * 2


async def test_in_privacy_mode_nobody_learns_where_a_trip_went(
    backend: MyNissanBackend, service: MyNissan, clock: Clock
) -> None:
    info, car = await vehicle(backend, "Ariya"), service.car("Ariya")
    car.vehicle.set_privacy(on=True)
    begun = clock()
    car.vehicle.depart(TO_UTRECHT)
    clock.advance(hours=2)
    (trip,) = await backend.read_single_trips(info, begun, clock())
    assert (trip.start_position, trip.end_position) == (None, None)
    assert trip.distance == pytest.approx(TO_UTRECHT.length, abs=0.1)


async def test_commands_of_the_app_are_reported_and_ours_are_not(
    backend: MyNissanBackend, service: MyNissan, clock: Clock
) -> None:
    info = await vehicle(backend, "Ariya")
    await carry_out(backend, info, Lock(), clock)
    car = service.car("Ariya")
    car.note("from-the-app", "INITIATED", "REMOTE_DOOR_UNLOCK", clock())
    assert await backend.read_notifications(info) == (), "it has not ended"
    car.note("from-the-app", "SUCCESS", "REMOTE_DOOR_UNLOCK", clock())
    (message,) = await backend.read_notifications(info)

    assert message.kind == "remote.remote_door_unlock.success"
    assert (message.title, message.text) == ("Remote door unlock", "Success")
    assert message.sent_at == clock()
    assert "from-the-app" not in message.id


async def test_our_own_commands_are_known_after_a_restart(make_backend: MakeBackend, clock: Clock) -> None:
    backend = make_backend()
    info = await vehicle(backend, "Ariya")
    await carry_out(backend, info, Lock(), clock)
    again = make_backend(memory=backend.memory())
    assert await again.read_notifications(info) == ()


async def test_alerts_are_requested_only_if_the_owner_has_set_some_up(
    backend: MyNissanBackend, service: MyNissan, clock: Clock
) -> None:
    info, car = await vehicle(backend, "Ariya"), service.car("Ariya")
    await backend.read_notifications(info)
    assert service.requests["BreachAlerts"] == 0

    car.watch_speed("Freeway")
    clock.advance(days=1)
    await backend.list_vehicles()
    car.breach("SPEED_ALERT", "Freeway", clock())
    car.note("from-the-app", "SUCCESS", "REMOTE_CHARGE", clock() - timedelta(minutes=5))
    first, second = await backend.read_notifications(info)
    assert (first.kind, first.text, first.sent_at) == ("breach.speed_alert", "Freeway", clock())
    assert second.kind == "remote.remote_charge.success"
    assert "35.96" not in str(first), "where it was is nobody's business"
    assert await backend.read_notifications(info, first=2, count=1) == (second,)
    assert await backend.read_notifications(info) == (first, second), "the same event has the same name"


async def test_a_vehicle_without_alerts_of_its_own_kind(backend: MyNissanBackend, service: MyNissan) -> None:
    service.fail("VehicleAlerts", Fault(rewrite=lambda body: {"data": {"vehicle": None}}))
    info = await vehicle(backend, "Ariya")
    await backend.read_notifications(info)
    assert service.requests["BreachAlerts"] == 0


@pytest.mark.parametrize(
    ("change", "count"),
    [
        ({"day": 31, "month": 2}, 0),
        ({"day": None}, 0),
        ({"duration": "a while", "co2Saved": None, "distanceTraveled": None, "numberOfTrips": -1}, 3),
        ({"duration": "P1DT2H3M4S"}, 3),
    ],
)
async def test_trips_that_make_no_sense(
    backend: MyNissanBackend, service: MyNissan, clock: Clock, change: dict[str, Json], count: int
) -> None:
    info = await vehicle(backend, "Ariya")
    service.fail("DrivingHistory", changed("tripSummaries", change))
    today = clock().date()
    trips = await backend.read_trips(info, TripPeriod.DAY, today - timedelta(days=6), today)
    assert len(trips) == count
    for trip in trips:
        assert trip.duration == (1563.1 if change["duration"] == "P1DT2H3M4S" else None)
        assert trip.trips == (None if "numberOfTrips" in change else 2)
