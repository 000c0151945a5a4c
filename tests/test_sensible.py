"""What is not sent because it makes no sense, and what its owner can do about that."""

from datetime import datetime, timedelta
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_capture_events

from custom_components.nissanconnect.const import DOMAIN, EVENT_COMMAND
from custom_components.nissanconnect.settings import OPTION_COLDEST
from custom_components.nissanconnect.vehicle import Group, Lock, StartClimate, StopClimate

from .conftest import LetTimePass, settle, state
from .simulator import Fault, Simulator
from .simulator.cars.electric import Electric
from .test_alerts import draw, geofence
from .test_command_log import ask
from .test_commands import act, demo, device_id, executed  # noqa: F401

CLIMATE = "climate.leaf_climate"
MINUTES = timedelta(minutes=1)
HOURS = timedelta(hours=1)


def weather(simulator: Simulator, outside: float, reported_at: datetime) -> None:
    """Have the LEAF say how cold it was outside, and when."""
    simulator.fail("hvac-status", Fault.values(externalTemperature=outside, lastUpdateTime=reported_at.isoformat()))


async def ours(
    hass: HomeAssistant, entry: MockConfigEntry, simulator: Simulator, action: str, model: str = "Leaf", **data: Any
) -> None:
    """Perform one of our own actions with a vehicle."""
    target = {"device_id": device_id(hass, entry, simulator, model)}
    await hass.services.async_call(DOMAIN, action, {**target, **data}, blocking=True)


async def test_only_weather_of_the_last_hour_blocks(
    hass: HomeAssistant, simulator: Simulator, loaded: MockConfigEntry, pass_time: LetTimePass
) -> None:
    weather(simulator, -25, dt_util.utcnow())
    await ours(hass, loaded, simulator, "refresh")
    with pytest.raises(ServiceValidationError) as error:
        await act(hass, "climate", "turn_on", CLIMATE)
    assert error.value.translation_key == "outside_too_cold"
    assert simulator.requests["wakes"] == 0

    await pass_time(61 * MINUTES, 10 * MINUTES)
    checked = await ask(hass, "preflight", device_id(hass, loaded, simulator, "Leaf"), command="start_climate")
    assert checked["allowed"], "the vehicle is asked itself"


async def test_at_the_plug_the_cold_does_not_block(
    hass: HomeAssistant, simulator: Simulator, loaded: MockConfigEntry
) -> None:
    simulator.vehicle("Leaf").plug_in()
    weather(simulator, -25, dt_util.utcnow())
    await ours(hass, loaded, simulator, "refresh")
    assert (await ask(hass, "preflight", device_id(hass, loaded, simulator, "Leaf"), command="start_climate"))[
        "allowed"
    ]


async def test_the_owner_may_insist_or_choose_other_limits(
    hass: HomeAssistant, simulator: Simulator, loaded: MockConfigEntry
) -> None:
    weather(simulator, -25, dt_util.utcnow())
    await ours(hass, loaded, simulator, "refresh")
    leaf = device_id(hass, loaded, simulator, "Leaf")
    checked = await ask(hass, "preflight", leaf, command="start_climate")
    assert (checked["reason"], checked["overridable"]) == ("outside_too_cold", True)
    planned = await ask(hass, "preflight", leaf, command="schedule_climate")
    assert (planned["allowed"], planned["warning"]) == (True, "outside_too_cold")
    assert planned["warning_message"]
    await ours(hass, loaded, simulator, "stop_climate", force=True)
    with pytest.raises(ServiceValidationError):
        await ours(hass, loaded, simulator, "start_climate")
    hass.config_entries.async_update_entry(loaded, options={OPTION_COLDEST: -30})
    await hass.config_entries.async_reload(loaded.entry_id)
    await settle(hass)
    assert (await ask(hass, "preflight", leaf, command="start_climate"))["allowed"]
    hass.config_entries.async_update_entry(loaded, options={})
    await hass.config_entries.async_reload(loaded.entry_id)
    await settle(hass)
    await ours(hass, loaded, simulator, "start_climate", temperature=22, force=True)
    assert executed(simulator, "Leaf")[-1] == StartClimate(22)


async def test_a_plug_that_was_reported_long_ago_is_asked_for(
    hass: HomeAssistant, simulator: Simulator, loaded: MockConfigEntry, pass_time: LetTimePass
) -> None:
    leaf = simulator.vehicle("Leaf")
    assert isinstance(leaf.powertrain, Electric)
    leaf.unplug()
    leaf.report({Group.CHARGING, Group.BATTERY})
    await ours(hass, loaded, simulator, "refresh")
    with pytest.raises(ServiceValidationError) as error:
        await act(hass, "button", "press", "button.leaf_start_charging")
    assert error.value.translation_key == "not_plugged_in"
    await pass_time(20 * MINUTES, 10 * MINUTES)
    leaf = simulator.vehicle("Leaf")
    assert isinstance(leaf.powertrain, Electric)
    leaf.powertrain.charger.plug_in(leaf.now)  # nobody is told
    await act(hass, "button", "press", "button.leaf_start_charging")
    assert state(hass, "sensor.leaf_charging_status").state == "charging"


async def test_an_area_blocks_planned_starts_too(
    hass: HomeAssistant, simulator: Simulator, loaded: MockConfigEntry
) -> None:
    await draw(hass, loaded, geofence(on_leaving=["block_climate"]))
    at = (dt_util.utcnow() + 2 * HOURS).isoformat()
    for force in (False, True):
        with pytest.raises(ServiceValidationError) as error:
            await ours(hass, loaded, simulator, "start_climate", at=at, force=force)
        assert error.value.translation_key == "blocked_by_area"
    assert simulator.requests["wakes"] == 0
    checked = await ask(hass, "preflight", device_id(hass, loaded, simulator, "Leaf"), command="schedule_climate")
    assert (checked["reason"], checked["overridable"]) == ("blocked_by_area", False)


async def test_everything_off_wakes_nobody_that_is_off(
    hass: HomeAssistant, simulator: Simulator, loaded: MockConfigEntry, pass_time: LetTimePass
) -> None:
    events = async_capture_events(hass, EVENT_COMMAND)
    for _ in range(2):
        await hass.services.async_call("climate", "turn_off", {"entity_id": "all"}, blocking=True)
        await pass_time(30 * MINUTES, 10 * MINUTES)
    assert simulator.requests["wakes"] == 0
    assert {(event.data["type"], event.data["reason"]) for event in events} == {("confirmed", "already_so")}
    assert len(events) == 4
    leaf = device_id(hass, loaded, simulator, "Leaf")
    checked = await ask(hass, "preflight", leaf, command="stop_climate")
    assert (checked["allowed"], checked["warning"]) == (True, "already_so")
    assert await ask(hass, "wake_log", leaf) == []

    await ours(hass, loaded, simulator, "stop_climate", force=True)
    assert executed(simulator, "Leaf") == [StopClimate()]


async def test_what_others_have_started_is_stopped(
    hass: HomeAssistant, simulator: Simulator, loaded: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    """In the app, a moment ago: the last read does not know of it."""
    simulator.vehicle("Leaf").order(StartClimate(20))
    freezer.tick(2 * MINUTES)
    assert state(hass, CLIMATE).state == "off"
    await act(hass, "climate", "turn_off", CLIMATE)
    assert executed(simulator, "Leaf")[-1] == StopClimate()


async def test_what_was_started_and_not_confirmed_is_stopped(
    hass: HomeAssistant, simulator: Simulator, loaded: MockConfigEntry
) -> None:
    simulator.fail("hvac-status", Fault.values(hvacStatus="off"))
    with pytest.raises(HomeAssistantError) as error:
        await act(hass, "climate", "turn_on", CLIMATE)
    assert error.value.translation_key == "not_seen"
    await act(hass, "climate", "turn_off", CLIMATE)
    assert executed(simulator, "Leaf") == [StartClimate(21), StopClimate()]


async def test_a_lock_is_locked_again(hass: HomeAssistant, demo: MockConfigEntry) -> None:  # noqa: F811
    vehicle = next(each for each in demo.runtime_data.vehicles.values() if each.info.model == "Ariya")
    assert state(hass, "lock.ariya_lock").state == "locked"
    await act(hass, "lock", "lock", "lock.ariya_lock")
    (line,) = vehicle.log.records
    assert line.command == Lock.kind()
    assert (line.outcome.reason, line.outcome.sent_at is None) == (None, False)


async def test_what_the_cloud_does_not_answer_for_is_sent(
    hass: HomeAssistant, simulator: Simulator, loaded: MockConfigEntry
) -> None:
    simulator.fail("hvac-status", Fault.http(500), times=1)
    await act(hass, "climate", "turn_off", CLIMATE)
    assert executed(simulator, "Leaf") == [StopClimate()]
