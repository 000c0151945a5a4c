"""Single trips of the service refine the book of a vehicle that was read seldom."""

from dataclasses import replace
from datetime import datetime, timedelta

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
import pytest

from custom_components.nissanconnect.engine.book_readings import Quantity, Reading
from custom_components.nissanconnect.runtime import VehicleRuntime
from custom_components.nissanconnect.vehicle import VehicleState

from ..simulator import Fault
from ..simulator.cars.places import HOME
from ..simulator.mynissan import MyNissan


@pytest.fixture
async def lives_there(hass: HomeAssistant) -> None:
    """Home Assistant is where the vehicles are at home."""
    await hass.config.async_update(latitude=HOME.latitude, longitude=HOME.longitude)


@pytest.fixture
async def ariya(service: MyNissan, lives_there: None, loaded: ConfigEntry) -> VehicleRuntime:
    """The Ariya at home, whose odometer was read on the evening before yesterday, and then now."""
    found: VehicleRuntime = next(each for each in loaded.runtime_data.vehicles.values() if each.info.name == "Ariya")
    found.book.statistics = replace(found.book.statistics, has_history=True)
    now = found.coordinator.data.odometer
    assert now is not None
    assert now.distance is not None
    driven = sum(each.distance for each in service.vehicle("Ariya").cloud.trips if each.started_at > _evening_before())
    reading = Reading(_evening_before(), round(now.distance - driven), now.backend)
    found.book.book.add(Quantity.ODOMETER, reading)
    found.book._async_update_now()
    return found


def _evening_before() -> datetime:
    return dt_util.utcnow().replace(hour=22) - timedelta(days=2)


async def test_the_book_has_each_trip_that_the_service_keeps(service: MyNissan, ariya: VehicleRuntime) -> None:
    driven = [each for each in service.vehicle("Ariya").cloud.trips if each.started_at > _evening_before()]
    assert len(driven) == 2
    assert len(ariya.book.entries.trips) == 1
    before = service.requests.copy()
    await ariya.statistics._async_read()
    assert service.requests - before == {"DrivingHistory": 1}
    ariya.book._async_update_now()
    trips = ariya.book.entries.trips
    times = [at for each in trips for at in (each.start, each.end)]
    true = [at for each in driven for at in (each.started_at, each.ended_at)]
    assert all(abs(at - other) < timedelta(seconds=1) for at, other in zip(times, true, strict=True))
    assert [each.distance for each in trips] == pytest.approx([each.distance for each in driven], abs=1)
    assert [each.regained for each in trips] == pytest.approx([each.consumption.recovered for each in driven], abs=0.01)
    assert [(each.origin, each.destination) for each in trips] == [("zone.home", None), (None, "zone.home")]

    service.fail("*", Fault.http(503))
    await ariya.statistics._async_read()
    ariya.book._async_update_now()
    assert ariya.book.entries.trips == trips


async def test_in_privacy_mode_trips_are_without_places(ariya: VehicleRuntime, monkeypatch: pytest.MonkeyPatch) -> None:
    start, end = _evening_before(), dt_util.utcnow()
    assert any(each.start_position for each in await ariya.sources.read_single_trips(start, end))
    monkeypatch.setattr(VehicleState, "is_private", True)
    records = await ariya.sources.read_single_trips(start, end)
    assert len(records) == 2
    assert not any(each.start_position or each.end_position for each in records)
