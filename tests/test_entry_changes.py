"""What the owner changes while an account is loaded is taken over without any entity becoming unavailable."""

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import replace
from types import MappingProxyType

from homeassistant.config_entries import ConfigEntry, ConfigSubentry
from homeassistant.const import EVENT_STATE_CHANGED, STATE_UNAVAILABLE, STATE_UNKNOWN
from homeassistant.core import Event, EventStateChangedData, HomeAssistant, callback
from homeassistant.helpers import entity_registry as er
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_capture_events

from custom_components.nissanconnect.const import EVENT_ALERT, SUBENTRY_GEOFENCE
from custom_components.nissanconnect.settings import OPTION_ALERTS_OFF, OPTION_CLIMATE_BATTERY, OPTION_PARKED
from custom_components.nissanconnect.store import VehicleStore
from custom_components.nissanconnect.vehicle import Battery, Capability

from .conftest import LetTimePass, minutes_of_reads, set_up, settle, state
from .scripted import Scripted, Stage, reported, stage
from .simulator import Simulator
from .test_one_vehicle import CLOUD, MODULE, VIN, add_source, both, cloud, home, module, noon, other

__all__ = ["both", "cloud", "home", "module", "noon", "other", "stage"]

WORK = {"latitude": 52.35, "longitude": 4.95}


def geofence(title: str, radius: float = 500) -> ConfigSubentry:
    """A geofence somewhere."""
    data = {"location": {**WORK, "radius": radius}, "on_entering": [], "on_leaving": []}
    return ConfigSubentry(data=MappingProxyType(data), subentry_type=SUBENTRY_GEOFENCE, title=title, unique_id=None)


@contextmanager
def nothing_blanks(hass: HomeAssistant) -> Generator[None]:
    """Fail if an entity that stays becomes unavailable, be it for a moment."""
    blank = []

    @callback
    def look(event: Event[EventStateChangedData]) -> None:
        new = event.data["new_state"]
        if new is not None and new.state == STATE_UNAVAILABLE:
            blank.append(new.entity_id)

    stop = hass.bus.async_listen(EVENT_STATE_CHANGED, look)
    yield
    stop()
    registry = er.async_get(hass)
    assert [entity_id for entity_id in blank if registry.async_get(entity_id)] == []


async def test_options_are_taken_over_at_once(
    hass: HomeAssistant, loaded: MockConfigEntry, simulator: Simulator, pass_time: LetTimePass
) -> None:
    with nothing_blanks(hass):
        hass.config_entries.async_update_entry(
            loaded, options={OPTION_PARKED: 10, OPTION_CLIMATE_BATTERY: 45, OPTION_ALERTS_OFF: ["plugged_in"]}
        )
        await settle(hass)

    vehicle = next(iter(loaded.runtime_data.vehicles.values()))
    assert loaded.runtime_data.settings.limits.climate_battery == 45
    assert "plugged_in" not in vehicle.alerts.wanted
    assert max(await minutes_of_reads(simulator, pass_time, 30)) - 10 <= 20


async def test_an_area_comes_changes_and_goes(hass: HomeAssistant, loaded: MockConfigEntry) -> None:
    with nothing_blanks(hass):
        hass.config_entries.async_add_subentry(loaded, drawn := geofence("Work"))
        await settle(hass)
        near = state(hass, "binary_sensor.leaf_in_work")
        assert near.state not in {STATE_UNAVAILABLE, STATE_UNKNOWN}

        larger = {**drawn.data, "location": {**WORK, "radius": 5000, "longitude": 40}}
        hass.config_entries.async_update_subentry(loaded, drawn, data=larger)
        await settle(hass)
        assert state(hass, "binary_sensor.leaf_in_work").state == "off"

        hass.config_entries.async_remove_subentry(loaded, drawn.subentry_id)
        await settle(hass)
    assert hass.states.get("binary_sensor.leaf_in_work") is None
    assert er.async_get(hass).async_get("binary_sensor.leaf_in_work") is None


async def test_an_area_can_be_renamed(hass: HomeAssistant, loaded: MockConfigEntry) -> None:
    hass.config_entries.async_add_subentry(loaded, drawn := geofence("Work"))
    await settle(hass)

    hass.config_entries.async_update_subentry(loaded, drawn, title="Office")
    await settle(hass)

    assert "Office" in state(hass, "binary_sensor.leaf_in_work").attributes["friendly_name"]


async def test_a_source_comes_and_goes_and_takes_its_entities_along(
    hass: HomeAssistant, home: MockConfigEntry, other: MockConfigEntry
) -> None:
    alone = entities(hass, home)
    alerts = async_capture_events(hass, EVENT_ALERT)
    with nothing_blanks(hass):
        await add_source(hass, home)
        assert state(hass, "lock.leaf_lock").state == "locked"
        assert state(hass, "sensor.leaf_battery").state == "48.0"

        (subentry,) = home.subentries
        hass.config_entries.async_remove_subentry(home, subentry)
        await settle(hass)
    assert state(hass, "sensor.leaf_battery").state == "50.0"
    assert entities(hass, home) == alone
    assert alerts == []


async def test_a_source_brings_a_better_entity_for_the_same_thing(
    hass: HomeAssistant, home: MockConfigEntry, cloud: Scripted, stage: Stage, module: Scripted
) -> None:
    can_start = replace(CLOUD, capabilities=CLOUD.capabilities | {Capability.START_CHARGING})
    cloud.vehicles[VIN] = can_start
    await home.runtime_data.async_refresh()
    await settle(hass)
    assert hass.states.get("button.leaf_start_charging")
    can_both = {Capability.START_CHARGING, Capability.STOP_CHARGING}
    module.vehicles[VIN] = replace(MODULE, capabilities=MODULE.capabilities | can_both)
    await set_up(hass, stage.entry("Module", module))

    await add_source(hass, home)

    assert hass.states.get("switch.leaf_charging")
    assert er.async_get(hass).async_get("button.leaf_start_charging") is None

    (subentry,) = home.subentries
    hass.config_entries.async_remove_subentry(home, subentry)
    await settle(hass)
    assert hass.states.get("switch.leaf_charging") is None
    assert hass.states.get("button.leaf_start_charging")


async def test_what_was_known_before_a_restart_and_is_not_now_is_unknown_and_not_dead(
    hass: HomeAssistant, home: MockConfigEntry, cloud: Scripted
) -> None:
    cloud.states[VIN] = reported(Battery, "kamereon", 1, level=50.0, temperature=14)
    await home.runtime_data.vehicles[VIN].coordinator.async_refresh()
    await settle(hass)
    assert state(hass, "sensor.leaf_battery_temperature").state == "14"
    await hass.config_entries.async_unload(home.entry_id)
    await VehicleStore(hass, home.entry_id).async_remove()
    cloud.states[VIN] = reported(Battery, "kamereon", 2, level=50.0)
    await hass.config_entries.async_setup(home.entry_id)
    await settle(hass)

    assert state(hass, "sensor.leaf_battery_temperature").state == STATE_UNKNOWN


def entities(hass: HomeAssistant, entry: ConfigEntry) -> set[str]:
    """All entities of an entry that are registered, disabled ones included."""
    return {each.entity_id for each in er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id)}
