"""Whole numbers stand as such, for programs that read nothing else."""

from homeassistant.components.number import DOMAIN as NUMBER
from homeassistant.const import STATE_UNKNOWN
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.nissanconnect.const import CONF_SOURCE, DOMAIN

from .conftest import set_up, state

KNOWN_TO_THE_WHOLE = (
    "battery_health_bars",
    "charge_below",
    "fuel_range",
    "heading",
    "oil_change",
    "range",
    "range_climate_on",
    "signal",
)


@pytest.mark.usefixtures("every_entity_enabled")
async def test_what_is_known_to_the_whole_is_shown_without_decimals(
    hass: HomeAssistant, loaded: MockConfigEntry
) -> None:
    shown = {
        each.entity_id: state(hass, each.entity_id).state
        for each in er.async_entries_for_config_entry(er.async_get(hass), loaded.entry_id)
        if each.unique_id.partition("_")[2] in KNOWN_TO_THE_WHOLE
    }
    assert {"sensor.ariya_range", "sensor.qashqai_fuel_range", "sensor.leaf_heading"} <= shown.keys()
    assert not {entity_id: value for entity_id, value in shown.items() if value != STATE_UNKNOWN and "." in value}


async def test_a_number_that_was_set_is_shown_without_decimals(hass: HomeAssistant) -> None:
    await set_up(hass, MockConfigEntry(domain=DOMAIN, unique_id="demo", data={CONF_SOURCE: "demo"}))
    for entity_id, value in (("number.ariya_charge_limit", 70.0), ("number.ariya_alert_below", 25.0)):
        await hass.services.async_call(NUMBER, "set_value", {"entity_id": entity_id, "value": value}, blocking=True)
        assert state(hass, entity_id).state == f"{value:.0f}"
