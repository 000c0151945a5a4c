"""What is learnt of a vehicle while it drives, what its sensors show of that, and that it outlasts a restart."""

import asyncio
from datetime import timedelta
from typing import Any

from homeassistant.const import STATE_UNAVAILABLE, STATE_UNKNOWN
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.nissanconnect.book.files import BookFiles, OpenBook
from custom_components.nissanconnect.engine.consumption import Consumption
from custom_components.nissanconnect.runtime import VehicleRuntime
from custom_components.nissanconnect.vehicle import Battery, Climate, Odometer, Push, VehicleState

from .conftest import LetTimePass, set_up, settle, state
from .simulator import Fault, Simulator

CONSUMPTION, RANGE = "sensor.leaf_average_consumption", "sensor.leaf_estimated_range"
OF_BOOK = "sensor.qashqai_last_trip_distance"


class Drives:
    """A LEAF of 40 kWh, of which 38.5 can be used; what it does is pushed, and nothing can be read."""

    def __init__(self, hass: HomeAssistant, pass_time: LetTimePass, entry: MockConfigEntry, vin: str) -> None:
        self._hass = hass
        self._pass_time = pass_time
        self._entry = entry
        self._vin = vin
        self.level = 90.0
        odometer = self.vehicle.coordinator.data.odometer
        assert odometer is not None
        assert odometer.distance is not None
        self.odometer = odometer.distance

    @property
    def vehicle(self) -> VehicleRuntime:
        """As it is loaded now."""
        vehicle: VehicleRuntime = self._entry.runtime_data.vehicles[self._vin]
        return vehicle

    async def report(self, outside: float = 15.0) -> None:
        await self._pass_time(timedelta(minutes=1))
        now = dt_util.utcnow()
        stamp: dict[str, Any] = {"backend": "kamereon", "received_at": now, "reported_at": now}
        pushed = VehicleState(
            battery=Battery(**stamp, level=self.level, capacity=40.0, health=100.0),
            climate=Climate(**stamp, outside_temperature=outside),
            odometer=Odometer(**stamp, distance=self.odometer),
        )
        self.vehicle.coordinator.async_handle_push(Push(info=self.vehicle.info, state=pushed))
        await settle(self._hass)

    async def drive(self, distance: float, used: float) -> None:
        """Drive some km in half an hour, for which the level falls by some %, and stand for a while."""
        for share in (0, 0, *[1 / 6] * 6, 0, 0):
            self.level -= used * share
            self.odometer += distance * share
            await self.report()
            await self._pass_time(timedelta(minutes=4))
        await self._pass_time(timedelta(minutes=20), timedelta(minutes=5))

    @property
    def learnt(self) -> Consumption:
        """What is known for a mild day."""
        known = self.vehicle.estimates.consumption(15)
        assert known is not None
        return known


@pytest.fixture
async def leaf(hass: HomeAssistant, pass_time: LetTimePass, entry: MockConfigEntry, simulator: Simulator) -> Drives:
    await set_up(hass, entry)
    vin = simulator.car("Leaf").vin
    simulator.fail("*", Fault.http(500), vin=vin)
    drives = Drives(hass, pass_time, entry, vin)
    await drives.report()
    return drives


async def test_before_it_has_driven_the_sensors_show_what_is_typical(hass: HomeAssistant, leaf: Drives) -> None:
    assert float(state(hass, CONSUMPTION).state) == 17
    assert state(hass, CONSUMPTION).attributes["unit_of_measurement"] == "kWh/100km"
    assert float(state(hass, RANGE).state) == 5 * round(0.9 * 38.5 / 0.1685 / 5)
    assert {"state_class", "low", "high"}.isdisjoint(state(hass, RANGE).attributes), "nothing that takes rows"


async def test_they_follow_the_level_and_the_temperature_in_steps(hass: HomeAssistant, leaf: Drives) -> None:
    before = float(state(hass, RANGE).state)
    leaf.level -= 1
    await leaf.report()
    assert float(state(hass, RANGE).state) == before, "that are 2 km"
    for _ in range(4):
        leaf.level -= 5
        await leaf.report()
    assert float(state(hass, RANGE).state) == pytest.approx(before - 21 * 2.28, abs=3)
    await leaf.report(outside=-5)
    assert float(state(hass, CONSUMPTION).state) == pytest.approx(16.85 * 1.51, abs=0.3)


async def test_trips_are_learnt_from_once_and_for_good(
    hass: HomeAssistant, leaf: Drives, pass_time: LetTimePass, entry: MockConfigEntry
) -> None:
    for _ in range(3):
        await leaf.drive(50, 30)  # 11.55 kWh, which is 23.1 for 100 km
        leaf.level = 90.0
        await leaf.report()
        await pass_time(timedelta(hours=1), timedelta(minutes=10))
    fresh = leaf.learnt
    assert fresh.trips == pytest.approx(2.9, abs=0.2)
    assert fresh.mean == pytest.approx((3 * 16.85 + 3 * 23.1) / 6, abs=0.3)
    assert float(state(hass, CONSUMPTION).state) == pytest.approx(leaf.learnt.mean, abs=0.5)

    await hass.config_entries.async_reload(entry.entry_id)
    await settle(hass)
    await leaf.report()
    assert leaf.learnt == pytest.approx(fresh, rel=0.01)
    assert float(state(hass, CONSUMPTION).state) == pytest.approx(leaf.learnt.mean, abs=0.5)

    await pass_time(timedelta(days=4), timedelta(hours=1))
    await leaf.report()
    assert not leaf.vehicle.book.entries.trips, "they are settled"
    assert leaf.learnt == pytest.approx(fresh, rel=0.02)
    await hass.config_entries.async_reload(entry.entry_id)
    await settle(hass)
    await leaf.report()
    assert leaf.learnt == pytest.approx(fresh, rel=0.02)


async def test_until_the_book_is_read_nothing_is_shown(
    hass: HomeAssistant, leaf: Drives, entry: MockConfigEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is typical would be wrong by what has been learnt, and stay in the history."""
    before = state(hass, CONSUMPTION).state
    read, load = asyncio.Event(), BookFiles.async_load

    async def slow(self: BookFiles) -> OpenBook:
        await read.wait()
        return await load(self)

    monkeypatch.setattr(BookFiles, "async_load", slow)
    await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done()
    assert {state(hass, each).state for each in (CONSUMPTION, RANGE)} == {STATE_UNKNOWN}
    assert state(hass, OF_BOOK).state == STATE_UNAVAILABLE
    read.set()
    await settle(hass)
    assert state(hass, CONSUMPTION).state == before
    assert float(state(hass, RANGE).state) > 100
    assert state(hass, OF_BOOK).state != STATE_UNAVAILABLE, "although there is nothing in the book yet"


async def test_a_vehicle_with_a_tank_has_none(hass: HomeAssistant, loaded: MockConfigEntry) -> None:
    assert hass.states.get("sensor.qashqai_average_consumption") is None
    assert hass.states.get("sensor.qashqai_estimated_range") is None
