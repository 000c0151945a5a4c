"""Which sensors have statistics, with Home Assistant's own recorder."""

from homeassistant.components.recorder import get_instance
from homeassistant.components.recorder.models import StatisticData, StatisticMeanType, StatisticMetaData
from homeassistant.components.recorder.statistics import async_import_statistics, validate_statistics
from homeassistant.components.sensor import ATTR_STATE_CLASS, SensorStateClass
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.components.recorder.common import async_wait_recording_done

from custom_components.nissanconnect import statistics
from custom_components.nissanconnect.const import DOMAIN
from custom_components.nissanconnect.estimate_sensor import ESTIMATES
from custom_components.nissanconnect.sensor import GEOFENCE_DISTANCE, INTEGRATION_SENSORS, SENSORS
from custom_components.nissanconnect.sensor_entity import WITHOUT_STATISTICS

from .conftest import set_up, state

LEVEL, TYRE = "sensor.qashqai_fuel_level", "sensor.qashqai_front_left_tyre_pressure"

WITH_STATISTICS = {
    "area_distance": "Disabled until the owner enables it for its curve.",
    "aux_battery_voltage": "A 12 V battery ages over months, and a single reading does not show that.",
    "battery_amp_hours": "Leaf Spy's logs are imported into it.",
    "battery_health": "Ages over years. Leaf Spy's logs are imported into it.",
    "battery_health_bars": "Ages over years, and is all that an old vehicle reports of it.",
    "battery_hx": "Ages over years. Leaf Spy's logs are imported into it.",
    "battery_level": "Shows what a day, a week or a winter used.",
    "battery_temperature": "Ageing depends on it. Leaf Spy's logs are imported into it.",
    "cell_spread": "Grows over years when cells age differently.",
    "charging_power": "Home Assistant's energy dashboard uses it.",
    "fuel_level": "Shows what a week used.",
    "odometer": "Shows what was driven in a month or a year.",
    "range": "Shows what a full battery is worth in winter and in summer.",
    "requests_today": "Disabled until the owner enables it for its curve.",
    "signal": "Disabled until the owner enables it for its curve.",
}
"""The sensors that have statistics, and the use of these: each costs 312 rows a day, of which 24 are kept for ever."""


def test_the_table_speaks_of_every_number_and_nothing_else() -> None:
    sensors = (*SENSORS, *INTEGRATION_SENSORS, *ESTIMATES, GEOFENCE_DISTANCE)
    numbers = {each.key for each in sensors if each.state_class is not None}
    assert WITH_STATISTICS.keys() | WITHOUT_STATISTICS.keys() == numbers
    assert not WITH_STATISTICS.keys() & WITHOUT_STATISTICS.keys()
    assert {key for key, _ in statistics._SENSORS.values()} <= WITH_STATISTICS.keys()


async def complaints(hass: HomeAssistant) -> set[str]:
    """The statistics that Home Assistant asks its owner about."""
    await async_wait_recording_done(hass)
    found = await get_instance(hass).async_add_executor_job(validate_statistics, hass)
    return set(found)


async def have_statistics(hass: HomeAssistant, entity_id: str) -> None:
    """Have statistics of a sensor."""
    metadata = StatisticMetaData(
        mean_type=StatisticMeanType.ARITHMETIC,
        has_sum=False,
        name=None,
        source="recorder",
        statistic_id=entity_id,
        unit_class="pressure",
        unit_of_measurement="bar",
    )
    start = dt_util.utcnow().replace(minute=0, second=0, microsecond=0)
    async_import_statistics(hass, metadata, [StatisticData(start=start, mean=2.3, min=2.2, max=2.4)])
    await async_wait_recording_done(hass)


@pytest.mark.usefixtures("recorder_mock")
async def test_a_new_sensor_has_statistics_if_they_are_worth_it(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    await set_up(hass, entry)
    assert state(hass, LEVEL).attributes[ATTR_STATE_CLASS] == SensorStateClass.MEASUREMENT
    assert ATTR_STATE_CLASS not in state(hass, TYRE).attributes
    await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert ATTR_STATE_CLASS not in state(hass, TYRE).attributes
    assert not await complaints(hass)


@pytest.mark.usefixtures("recorder_mock")
async def test_a_sensor_of_an_earlier_version_keeps_its_statistics(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    await set_up(hass, entry)
    registry = er.async_get(hass)
    registered = registry.async_get(TYRE)
    assert registered is not None
    await hass.config_entries.async_unload(entry.entry_id)
    capabilities = {ATTR_STATE_CLASS: SensorStateClass.MEASUREMENT}
    registry.async_get_or_create("sensor", DOMAIN, registered.unique_id, capabilities=capabilities)
    await have_statistics(hass, TYRE)
    for _ in range(2):
        await set_up(hass, entry)
        assert state(hass, TYRE).attributes[ATTR_STATE_CLASS] == SensorStateClass.MEASUREMENT
        assert not await complaints(hass)
        await hass.config_entries.async_unload(entry.entry_id)


@pytest.mark.usefixtures("recorder_mock")
async def test_an_entry_that_was_removed_and_comes_back_goes_on_with_its_statistics(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    await have_statistics(hass, TYRE)
    await set_up(hass, entry)
    assert state(hass, TYRE).attributes[ATTR_STATE_CLASS] == SensorStateClass.MEASUREMENT
    assert not await complaints(hass)
    registered = er.async_get(hass).async_get(TYRE)
    assert registered is not None
    assert registered.capabilities == {ATTR_STATE_CLASS: SensorStateClass.MEASUREMENT}


async def test_without_a_recorder_nothing_is_missing(hass: HomeAssistant, loaded: MockConfigEntry) -> None:
    assert ATTR_STATE_CLASS not in state(hass, TYRE).attributes
