"""The garage's vehicles, over weeks."""

from datetime import UTC, datetime, timedelta, timezone
import re

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.nissanconnect.vehicle import Capability
from tests.simulator.cars.combustion import Combustion
from tests.simulator.cars.electric import Electric
from tests.simulator.cars.garage import open_garage
from tests.simulator.cars.vehicle import SimulatedVehicle

from .build import DAY, HOUR, MINUTE

NOW = datetime(2026, 11, 21, 7, 1, tzinfo=UTC)
AMSTERDAM = timezone(timedelta(hours=1))


def by_model(now: datetime = NOW) -> dict[str | None, SimulatedVehicle]:
    return {vehicle.info.model: vehicle for vehicle in open_garage(now, zone=AMSTERDAM).vehicles.values()}


def test_the_vehicles_cannot_be_mistaken_for_real_ones() -> None:
    for key, vehicle in open_garage(NOW).vehicles.items():
        assert re.fullmatch("[A-HJ-NPR-Z0-9]{17}", key)
        assert "FAKE" in key
        assert vehicle.info.vin == key


def test_together_they_can_do_everything() -> None:
    vehicles = by_model().values()
    of_others = {
        Capability.LOCK_PIN,  # nobody has to prove anything to these
        Capability.LOCK_SETUP,
        Capability.SEND_DESTINATION,  # of older telematics units
        Capability.SEVERAL_SOURCES,
        Capability.STOP_SIGNALS,
    }

    able = frozenset().union(*(vehicle.info.capabilities for vehicle in vehicles))
    assert able == set(Capability) - of_others


def test_there_is_a_past_from_the_first_moment() -> None:
    for vehicle in by_model().values():
        assert vehicle.cloud.trips
        assert all(trip.ended_at < NOW for trip in vehicle.cloud.trips)


@settings(max_examples=10)
@given(st.integers(0, 365 * 24 * 60).map(lambda minutes: NOW + minutes * MINUTE))
def test_a_garage_that_is_opened_anew_goes_on_where_it_stopped(restart: datetime) -> None:
    """Odometers never fall, and what was driven lately is the same as without the restart."""
    running = open_garage(restart - 3 * DAY, zone=AMSTERDAM)
    running.advance(restart)
    started = open_garage(restart, zone=AMSTERDAM)

    for key, vehicle in running.vehicles.items():
        anew = started.vehicles[key]
        assert anew.odometer == pytest.approx(vehicle.odometer, abs=1e-6)
        lately = [(t.started_at, t.ended_at) for t in vehicle.cloud.trips if t.started_at > restart - 6 * DAY]
        assert [(t.started_at, t.ended_at) for t in anew.cloud.trips if t.started_at > restart - 6 * DAY] == lately


def test_a_month_is_plausible() -> None:
    garage = open_garage(NOW, zone=AMSTERDAM)
    start = {key: vehicle.odometer for key, vehicle in garage.vehicles.items()}
    lowest = dict.fromkeys(garage.vehicles, 100.0)
    for hour in range(30 * 24):
        garage.advance(NOW + hour * HOUR)
        for key, vehicle in garage.vehicles.items():
            match vehicle.powertrain:
                case Electric(battery=battery) as electric:
                    level = battery.level
                    assert level <= electric.charger.limit + 0.01
                    assert -10 < battery.temperature < 45
                case Combustion() as engine:
                    level = engine.level
            lowest[key] = min(lowest[key], level)
            assert -10 < vehicle.cabin.temperature < 35
            assert vehicle.twelve_volt.charge > 85

    assert all(10 < level < 85 for level in lowest.values())
    for key, vehicle in garage.vehicles.items():
        driven = vehicle.odometer - start[key]
        recent = [trip for trip in vehicle.cloud.trips if trip.started_at > NOW]
        assert driven == pytest.approx(sum(trip.distance for trip in recent))
        assert 150 < driven < 1200
        for trip in recent:
            taken = trip.consumption
            per_100_km = 100 / trip.distance
            if taken.fuel:
                assert 3 < taken.fuel * per_100_km < 9
            else:
                assert 11 < (taken.electricity - taken.recovered) * per_100_km < 25
