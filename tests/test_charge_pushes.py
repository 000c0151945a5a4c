"""A vehicle that reports every ten seconds while it charges by a plan."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from math import inf

from freezegun.api import FrozenDateTimeFactory
from homeassistant.const import EVENT_CALL_SERVICE, EVENT_STATE_CHANGED
from homeassistant.core import Event, EventStateChangedData, HomeAssistant, callback
from homeassistant.helpers.event import async_track_state_change_event
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_capture_events,
    async_fire_time_changed,
)

from .charging import WALLBOX, add_plan, set_prices
from .simulator.ovms import OvmsModule
from .simulator_tests.cars.build import powertrain
from .test_charge_control import CHEAP
from .test_ovms import arrive, broker, entry, load, module

__all__ = ["broker", "entry", "module"]

EVENING = datetime(2026, 12, 20, 18, tzinfo=UTC)
"""After the simulated vehicle was built."""
SECONDS = timedelta(seconds=1)

PLAN = (
    "calendar.leaf_charge_plan",
    *(f"sensor.leaf_{each}" for each in ("charge_plan_status", "planned_start", "planned_finish")),
    *(f"sensor.leaf_planned_{each}" for each in ("energy", "cost", "saving")),
)


@pytest.mark.parametrize("meter", [False, True])
async def test_what_only_drifts_is_not_written_each_time(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, module: OvmsModule, entry: MockConfigEntry, meter: bool
) -> None:
    freezer.move_to(EVENING)
    vehicle, car = module.vehicle, powertrain(module.vehicle)
    vehicle.advance(EVENING)
    vehicle.plug_in()
    await hass.config.async_set_time_zone("UTC")
    assert await async_setup_component(hass, "input_boolean", {"input_boolean": {"wallbox": {"initial": True}}})

    @callback
    def feed(event: Event[EventStateChangedData]) -> None:
        state = event.data["new_state"]
        vehicle.advance(dt_util.utcnow())
        car.charger.supply = inf if state is not None and state.state == "on" else 0.0

    async_track_state_change_event(hass, WALLBOX, feed)

    async def pass_time(duration: timedelta, step: timedelta) -> None:
        for number in range(duration // step):
            freezer.tick(step)
            async_fire_time_changed(hass)
            vehicle.advance(dt_util.utcnow())
            if meter:
                power = str(round(car.from_wall + number % 7 / 100, 2))
                hass.states.async_set("sensor.meter", power, {"unit_of_measurement": "kW"})
            module.tick()
            await arrive(hass)

    set_prices(hass, EVENING, [0.10 if i in CHEAP else 0.30 for i in range(52)])
    await load(hass, entry)
    [info] = [each.info for each in entry.runtime_data.vehicles.values()]
    sensor = "sensor.meter" if meter else "sensor.none"
    await add_plan(hass, entry, info.model, target=80, ready_by="07:00:00", power_sensor=sensor)
    await pass_time(timedelta(hours=7), timedelta(minutes=5))
    changes, calls = (async_capture_events(hass, kind) for kind in (EVENT_STATE_CHANGED, EVENT_CALL_SERVICE))
    await pass_time(timedelta(minutes=30), 10 * SECONDS)
    assert car.battery.level > 65
    written = Counter(event.data["entity_id"] for event in changes)
    assert {each: written[each] for each in PLAN if written[each] > 5} == {}
    assert not calls
    assert not module.lines, "the vehicle is asked for nothing"
