"""The entities of a charge plan get other ids while it is carried out."""

from datetime import timedelta
from types import MappingProxyType
from typing import Any

from homeassistant.config_entries import ConfigSubentry
from homeassistant.const import EVENT_CALL_SERVICE
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_capture_events

from custom_components.nissanconnect.charging.plans import read_charge_plans
from custom_components.nissanconnect.const import SUBENTRY_CHARGE_PLAN
from custom_components.nissanconnect.engine.charge_plan import PlanStatus

from .charging import WALLBOX, Wallbox
from .conftest import LetTimePass, settle
from .simulator import Simulator
from .test_charge_control import plan_at_night, shown, standing, wallbox

__all__ = ["wallbox"]

CHOSEN: dict[str, Any] = {
    "switch": "switch.old",
    "power_sensor": "sensor.old",
    "energy_sensor": "sensor.other",
    "current": "number.old",
    "script_start": "script.old",
    "calendar": "calendar.old",
    "place": "zone.old",
    "price_source": "entity:sensor.old",
}


@pytest.mark.parametrize("domain", ["switch", "sensor", "number", "script", "calendar", "zone"])
async def test_a_plan_follows_the_entities_that_were_chosen(
    hass: HomeAssistant, loaded: MockConfigEntry, domain: str
) -> None:
    plan = ConfigSubentry(
        data=MappingProxyType(CHOSEN), subentry_type=SUBENTRY_CHARGE_PLAN, title="Home", unique_id=None
    )
    hass.config_entries.async_add_subentry(loaded, plan)
    registry = er.async_get(hass)
    registry.async_get_or_create(domain, "other", "1", suggested_object_id="old")
    registry.async_update_entity(f"{domain}.old", new_entity_id=f"{domain}.new")
    await settle(hass)
    (subentry,) = loaded.subentries.values()
    assert subentry.data == {
        name: value.replace("old", "new") if f"{domain}." in value else value for name, value in CHOSEN.items()
    }


async def test_a_wallbox_that_gets_another_name_goes_on_to_be_switched(
    hass: HomeAssistant, simulator: Simulator, entry: MockConfigEntry, wallbox: Wallbox, pass_time: LetTimePass
) -> None:
    charge = await plan_at_night(hass, simulator, entry, pass_time)
    calls = async_capture_events(hass, EVENT_CALL_SERVICE)
    er.async_get(hass).async_update_entity(WALLBOX, new_entity_id="input_boolean.garage")
    await pass_time(timedelta(minutes=10))
    assert read_charge_plans(entry)[0].switch.entity == "input_boolean.garage"
    state = hass.states.get("input_boolean.garage")
    assert state is not None
    assert state.state == "off"
    assert standing(charge) is PlanStatus.PLANNED
    assert shown(charge).failure is None
    assert "turn_on" not in [call.data["service"] for call in calls]
