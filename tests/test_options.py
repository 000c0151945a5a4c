"""The options: every part of the menu keeps what the others have saved, and every vehicle its own waking."""

from datetime import time, timedelta
from typing import Any

from homeassistant.config_entries import ConfigFlowResult
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers.json import json_dumps
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.nissanconnect.const import CONF_VEHICLE
from custom_components.nissanconnect.diagnostics import async_get_config_entry_diagnostics
from custom_components.nissanconnect.engine.preconditions import CommandLimits
from custom_components.nissanconnect.engine.wake_policy import WakePolicy
from custom_components.nissanconnect.settings import (
    OPTION_ACTIVE,
    OPTION_ANSWER_AT_ONCE,
    OPTION_CHARGE_POWER,
    OPTION_CLIMATE_BATTERY,
    OPTION_COLDEST,
    OPTION_ENGINE_BATTERY,
    OPTION_HOTTEST,
    OPTION_PARKED,
    OPTION_WAKING,
    read_settings,
)
from custom_components.nissanconnect.vehicle import alias

from .conftest import set_up
from .simulator import Simulator

GENERAL = {
    OPTION_PARKED: 30,
    OPTION_ACTIVE: 4,
    OPTION_CLIMATE_BATTERY: 35,
    OPTION_COLDEST: -30,
    OPTION_HOTTEST: 45,
    OPTION_ENGINE_BATTERY: 20,
    OPTION_ANSWER_AT_ONCE: True,
}
WAKING = {"wake_charging": 30, "wake_parked": 0, "wake_budget": 4}
QUIET = {"quiet_from": "22:00:00", "quiet_until": "06:30:00"}


async def choose(hass: HomeAssistant, entry: MockConfigEntry, part: str) -> ConfigFlowResult:
    """Open the options at one part of the menu."""
    menu = await hass.config_entries.options.async_init(entry.entry_id)
    assert menu["type"] is FlowResultType.MENU
    assert menu["menu_options"] == ["general", "alerts", "waking"]
    return await submit(hass, menu, {"next_step_id": part})


async def submit(hass: HomeAssistant, flow: ConfigFlowResult, entered: dict[str, Any]) -> ConfigFlowResult:
    result = await hass.config_entries.options.async_configure(flow["flow_id"], entered)
    await hass.async_block_till_done(wait_background_tasks=True)
    return result


async def choose_vehicle(hass: HomeAssistant, entry: MockConfigEntry, name: str) -> ConfigFlowResult:
    """Open the waking of one of several vehicles."""
    form = await choose(hass, entry, "waking")
    return await submit(hass, form, {CONF_VEHICLE: vehicles(form)[name]})


def vehicles(form: ConfigFlowResult) -> dict[str, str]:
    """What can be chosen, by what it is called."""
    assert form["data_schema"] is not None
    (choice,) = form["data_schema"].schema.values()
    return {option["label"]: option["value"] for option in choice.config["options"]}


def suggested(form: ConfigFlowResult) -> dict[str, Any]:
    """What stands in the fields of a form."""
    assert form["data_schema"] is not None
    return {
        str(marker): marker.description["suggested_value"]
        for marker in form["data_schema"].schema
        if marker.description
    }


async def test_general(hass: HomeAssistant, loaded: MockConfigEntry) -> None:
    form = await choose(hass, loaded, "general")
    assert form["data_schema"] is not None
    assert form["data_schema"]({}) == {
        OPTION_PARKED: 10,
        OPTION_ACTIVE: 5,
        OPTION_CLIMATE_BATTERY: 20,
        OPTION_COLDEST: -20,
        OPTION_HOTTEST: 40,
        OPTION_ENGINE_BATTERY: 30,
        OPTION_CHARGE_POWER: 0,
        OPTION_ANSWER_AT_ONCE: False,
    }
    result = await submit(hass, form, GENERAL)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    settings = loaded.runtime_data.settings
    assert settings.pace.parked == timedelta(minutes=30)
    assert settings.pace.active == timedelta(minutes=4)
    assert settings.limits == CommandLimits(climate_battery=35, coldest=-30, hottest=45, engine_battery=20)
    assert settings.answer_at_once
    assert settings.charge_power is None


async def test_each_vehicle_has_its_own_waking(
    hass: HomeAssistant, simulator: Simulator, loaded: MockConfigEntry
) -> None:
    leaf, ariya = simulator.car("Leaf").vin, simulator.car("Ariya").vin
    assert loaded.runtime_data.settings.wake_policy(leaf) == WakePolicy(), "nobody wakes by default"
    form = await choose_vehicle(hass, loaded, "LEAF")
    assert form["data_schema"] is not None
    assert form["data_schema"]({}) == {"wake_charging": 0, "wake_parked": 0, "wake_budget": 6}
    assert form["description_placeholders"] == {"vehicle": "LEAF"}
    await submit(hass, form, WAKING | QUIET)
    policy = WakePolicy(charging=timedelta(minutes=30), budget=4, quiet_from=time(22), quiet_until=time(6, 30))
    assert loaded.runtime_data.settings.wake_policy(leaf) == policy
    assert loaded.runtime_data.settings.wake_policy(ariya) == WakePolicy()

    await submit(hass, await choose(hass, loaded, "general"), GENERAL)
    form = await choose_vehicle(hass, loaded, "Ariya")
    assert suggested(form) == {}
    await submit(hass, form, WAKING | {"wake_parked": 120})
    assert loaded.options.items() >= GENERAL.items()
    assert loaded.runtime_data.settings.wake_policy(leaf) == policy
    assert loaded.runtime_data.settings.wake_policy(ariya).parked == timedelta(hours=2)
    assert suggested(await choose_vehicle(hass, loaded, "LEAF")) == WAKING | QUIET

    told = json_dumps([dict(loaded.options), await async_get_config_entry_diagnostics(hass, loaded)])
    assert alias(leaf) in told
    assert not [vin for vin in simulator.cars if vin in told]


async def test_a_single_vehicle_is_no_choice(hass: HomeAssistant, simulator: Simulator, entry: MockConfigEntry) -> None:
    simulator.account.vins = {simulator.car("Leaf").vin}
    await set_up(hass, entry)
    form = await choose(hass, entry, "waking")
    assert form["step_id"] == "waking_vehicle"
    await submit(hass, form, WAKING)
    assert entry.options == {OPTION_WAKING: {alias(simulator.car("Leaf").vin): WAKING}}


@pytest.mark.parametrize(
    ("quiet", "errors"),
    [
        ({"quiet_from": "22:00:00"}, {"quiet_until": "quiet_needs_both"}),
        ({"quiet_until": "22:00:00"}, {"quiet_from": "quiet_needs_both"}),
        ({"quiet_from": "22:00:00", "quiet_until": "22:00"}, {"quiet_until": "quiet_ends_equal"}),
    ],
    ids=["no end", "no beginning", "equal ends"],
)
async def test_half_of_the_quiet_hours_is_refused(
    hass: HomeAssistant, loaded: MockConfigEntry, quiet: dict[str, str], errors: dict[str, str]
) -> None:
    form = await choose_vehicle(hass, loaded, "LEAF")
    form = await submit(hass, form, WAKING | quiet)
    assert form["errors"] == errors
    assert suggested(form) == WAKING | quiet
    assert loaded.options == {}
    result = await submit(hass, form, WAKING | QUIET)
    assert result["type"] is FlowResultType.CREATE_ENTRY


async def test_vehicles_that_are_not_known_cannot_be_chosen(
    hass: HomeAssistant, loaded: MockConfigEntry, simulator: Simulator
) -> None:
    await hass.config_entries.async_unload(loaded.entry_id)
    result = await choose(hass, loaded, "waking")
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "not_loaded")
    form = await choose(hass, loaded, "general")
    assert form["step_id"] == "general", "which needs no vehicle"


async def test_a_vehicle_that_cannot_be_woken_is_no_choice(
    hass: HomeAssistant, simulator: Simulator, entry: MockConfigEntry
) -> None:
    simulator.account.vins = {simulator.car("Leaf").vin}
    simulator.car("Leaf").lapse()
    await set_up(hass, entry)
    result = await choose(hass, entry, "waking")
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "nothing_to_wake")


def test_what_an_earlier_version_kept_for_the_account_wakes_nobody() -> None:
    settings = read_settings({OPTION_WAKING: WAKING | {"wake_parked": 60}}).value
    assert settings.waking == {}
    assert settings.wake_policy("SJNTEST0000000001") == WakePolicy()
