"""Which entities each kind of vehicle has, and what they show when nothing is known."""

from dataclasses import replace
from datetime import UTC, timedelta

from homeassistant.const import CONF_PASSWORD, CONF_USERNAME, STATE_UNKNOWN
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import device_registry as dr, entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.nissanconnect.backends.kamereon import EUROPE, KamereonBackend
from custom_components.nissanconnect.book_sensor import BOOK_SENSORS
from custom_components.nissanconnect.const import CONF_SOURCE, DOMAIN
from custom_components.nissanconnect.sources import SIMULATOR_VARIABLE, async_create_backend
from custom_components.nissanconnect.vehicle import Capability, VehicleState

from .conftest import NOON, LetTimePass, set_up, state
from .simulator import Fault, Simulator
from .simulator.micra import micra

BOOK = {
    "calendar.trips",
    "sensor.last_trip_distance",
    "sensor.last_trip_duration",
    "sensor.month_distance",
    "sensor.today_distance",
}
BOOK_ELECTRIC = {
    "sensor.battery_capacity_estimated",
    "sensor.charging_cost",
    "sensor.consumption_average",
    "sensor.energy_charged",
    "sensor.energy_charged_at_home",
    "sensor.energy_consumed",
    "sensor.energy_regained",
    "sensor.last_charge_cost",
    "sensor.last_charge_duration",
    "sensor.last_charge_energy",
    "sensor.last_trip_consumption",
    "sensor.month_consumption",
    "sensor.month_cost",
    "sensor.month_energy",
    "sensor.range_estimated",
    "sensor.today_consumption",
    "sensor.today_cost",
    "sensor.today_energy",
}
COMMON = {
    "binary_sensor.privacy_mode",
    "button.horn",
    "button.lights",
    "button.refresh",
    "device_tracker.location",
    "event.alert",
    "event.command",
    "sensor.automatic_wake",
    "sensor.last_read",
    "sensor.last_report",
    "sensor.odometer",
    "sensor.position_reported",
    "sensor.requests_today",
    "sensor.subscription",
    "sensor.wakes_today",
    *BOOK,
}
ELECTRIC = {
    "binary_sensor.charging",
    "binary_sensor.climate_running",
    "binary_sensor.plugged_in",
    "climate.climate",
    "number.charge_below",
    "sensor.battery_level",
    "sensor.battery_reported",
    "sensor.charge_connection",
    "sensor.charging_finish",
    "sensor.charging_reported",
    "sensor.charging_status",
    "sensor.climate_next_start",
    "sensor.climate_reported",
    "sensor.inside_temperature",
    "sensor.range",
    "time.plug_in_by",
    *BOOK_ELECTRIC,
}
OPENINGS = {
    "binary_sensor.door_front_left",
    "binary_sensor.door_front_right",
    "binary_sensor.door_rear_left",
    "binary_sensor.door_rear_right",
    "binary_sensor.hatch",
}
TYRES = {
    "binary_sensor.tyre_warning",
    "sensor.tyre_pressure_front_left",
    "sensor.tyre_pressure_front_right",
    "sensor.tyre_pressure_rear_left",
    "sensor.tyre_pressure_rear_right",
}
ENTITIES = {
    "Leaf": COMMON
    | ELECTRIC
    | {
        "button.start_charging",
        "sensor.battery_capacity",
        "sensor.charge_mode",
        "sensor.heading",
        "sensor.outside_temperature",
        "sensor.range_climate_on",
    },
    "Ariya": COMMON
    | ELECTRIC
    | TYRES
    | {
        "binary_sensor.locked",  # without doors, as some vehicles answer (kamereon-eu §8.7)
        "sensor.battery_capacity",
        "sensor.battery_temperature",
        "sensor.body_reported",
        "sensor.charge_mode",
        "sensor.heading",
        "sensor.outside_temperature",
        "switch.charging",
    },
    "Qashqai": COMMON
    | OPENINGS
    | TYRES
    | {
        "binary_sensor.fuel_low",
        "button.start_engine",
        "button.stop_engine",
        "binary_sensor.locked",
        "sensor.body_reported",
        "sensor.heading",
        "sensor.fuel_level",
        "sensor.fuel_quantity",
        "sensor.fuel_range",
        "sensor.fuel_reported",
    },
    "MICRA": COMMON | ELECTRIC | {"button.start_charging"},
}


@pytest.fixture
def garage(simulator: Simulator) -> Simulator:
    """The simulator with a vehicle of every gateway."""
    simulator.add_vehicle(micra(simulator.now(), UTC))
    return simulator


@pytest.mark.parametrize("model", ENTITIES)
async def test_entities(hass: HomeAssistant, garage: Simulator, loaded: MockConfigEntry, model: str) -> None:
    vin = garage.car(model).vin
    found = {
        f"{entity.domain}.{entity.unique_id.removeprefix(f'{vin}_')}"
        for entity in er.async_entries_for_config_entry(er.async_get(hass), loaded.entry_id)
        if entity.unique_id.startswith(f"{vin}_")
    }
    assert found == ENTITIES[model]


async def test_what_appears_later_becomes_an_entity_then(
    hass: HomeAssistant, simulator: Simulator, entry: MockConfigEntry, pass_time: LetTimePass
) -> None:
    simulator.fail("cockpit", Fault.http(500))
    await set_up(hass, entry)
    assert hass.states.get("sensor.leaf_odometer") is None
    simulator.heal()
    await pass_time(timedelta(minutes=11))
    assert float(state(hass, "sensor.leaf_odometer").state) > 0


@pytest.mark.usefixtures("every_entity_enabled")
async def test_each_part_tells_when_the_vehicle_reported_it(
    hass: HomeAssistant, simulator: Simulator, loaded: MockConfigEntry
) -> None:
    vehicle = loaded.runtime_data.vehicles[simulator.car("Leaf").vin]
    known = vehicle.coordinator.data
    hour, week = NOON - timedelta(hours=1), NOON - timedelta(days=7)
    battery, position = replace(known.battery, reported_at=hour), replace(known.position, reported_at=week)
    vehicle.coordinator.async_set_updated_data(replace(known, battery=battery, position=position, charging=None))
    await hass.async_block_till_done()
    assert state(hass, "sensor.leaf_battery_last_reported").state == hour.isoformat()
    assert state(hass, "sensor.leaf_location_last_reported").state == week.isoformat()
    assert state(hass, "sensor.leaf_charging_last_reported").state == STATE_UNKNOWN


async def test_what_nobody_knows_is_unknown_and_not_zero(
    hass: HomeAssistant, garage: Simulator, loaded: MockConfigEntry
) -> None:
    for vehicle in loaded.runtime_data.vehicles.values():
        vehicle.coordinator.async_set_updated_data(VehicleState())
    await hass.async_block_till_done()
    entities = er.async_entries_for_config_entry(er.async_get(hass), loaded.entry_id)
    shown = {each.unique_id: state(hass, each.entity_id).state for each in entities if not each.disabled}
    assert len(shown) > 70
    # What we did, what the owner wants, what the book adds up to and what is typical of the model is known.
    ours = ("_wakes_today", "_charge_below", "_consumption_average", *(f"_{each.key}" for each in BOOK_SENSORS))
    told = {key: value for key, value in shown.items() if not key.endswith(ours)}
    assert set(told.values()) == {STATE_UNKNOWN}


async def test_a_vehicle_that_does_not_take_a_temperature(
    hass: HomeAssistant, simulator: Simulator, loaded: MockConfigEntry
) -> None:
    vin = simulator.car("Leaf").vin
    account = loaded.runtime_data
    vehicle = account.vehicles[vin]
    able = vehicle.info.capabilities - {Capability.CLIMATE_TEMPERATURE}
    vehicle.coordinator.info = replace(vehicle.info, capabilities=able)
    vehicle.sources.own._info = vehicle.info
    device = dr.async_get(hass).async_get_device_by_identifier((DOMAIN, vin), loaded.entry_id)
    assert device is not None
    with pytest.raises(ServiceValidationError) as error:
        await hass.services.async_call(
            DOMAIN, "start_climate", {"device_id": device.id, "temperature": 20}, blocking=True
        )
    assert error.value.translation_key == "temperature_not_supported"

    simulator.fail("cars", Fault.http(500))  # the list would bring the capability back
    await hass.config_entries.async_reload(loaded.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert "temperature" not in state(hass, "climate.leaf_climate").attributes
    await hass.services.async_call("climate", "turn_on", {"entity_id": "climate.leaf_climate"}, blocking=True)
    assert state(hass, "climate.leaf_climate").state == "heat_cool"


async def test_renamed_entities_go_on(hass: HomeAssistant, loaded: MockConfigEntry) -> None:
    before = state(hass, "climate.leaf_climate")
    for old, new in (("climate.leaf_climate", "climate.blue"), ("event.leaf_command", "event.blue")):
        er.async_get(hass).async_update_entity(old, new_entity_id=new)
    await hass.async_block_till_done()
    assert hass.states.get("climate.leaf_climate") is None
    assert state(hass, "climate.blue").attributes["temperature"] == before.attributes["temperature"]
    await hass.services.async_call("climate", "turn_on", {"entity_id": "climate.blue"}, blocking=True)
    assert state(hass, "event.blue").attributes["event_type"] == "confirmed"


async def test_only_the_variable_leads_to_a_simulator(hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(SIMULATOR_VARIABLE, raising=False)
    data = {CONF_SOURCE: "europe", CONF_USERNAME: "nobody@example.com", CONF_PASSWORD: "secret"}
    backend = await async_create_backend(hass, data, save_auth=lambda auth: None)
    assert isinstance(backend, KamereonBackend)
    assert backend._region is EUROPE

    monkeypatch.setenv(SIMULATOR_VARIABLE, "http://simulator.example.com:80")
    with pytest.raises(ValueError, match="loopback"):
        await async_create_backend(hass, data, save_auth=lambda auth: None)
