"""Pushed values that flap, through real Home Assistant."""

from collections import Counter
from datetime import timedelta
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.const import STATE_OFF, STATE_ON
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_capture_events,
    async_fire_time_changed,
)

from custom_components.nissanconnect.const import EVENT_ALERT
from custom_components.nissanconnect.engine.debounce import PLUG_HOLD
from custom_components.nissanconnect.vehicle import (
    Body,
    Capability,
    Charging,
    Command,
    Push,
    VehicleInfo,
    VehicleState,
)

from .conftest import LetTimePass, set_up, settle, state
from .scripted import Scripted, Stage, reported, source, stage

__all__ = ["source", "stage"]

INFO = VehicleInfo(
    key="MY-LEAF",
    nickname="LEAF",
    model="LEAF",
    capabilities=frozenset({Capability.BATTERY, Capability.LOCK, Capability.LOCK_STATUS}),
)
PLUG = "binary_sensor.leaf_plugged_in"


@pytest.fixture
async def loaded(hass: HomeAssistant, stage: Stage, source: Scripted) -> MockConfigEntry:
    """Its entry, loaded, with a vehicle that is unlocked and not plugged in."""
    entry = stage.entry("Module", source)
    await set_up(hass, entry)
    for known in (reported(Charging, plugged_in=False), reported(Body, locked=False)):
        source.say(Push(info=INFO, state=known))
        await settle(hass)
    return entry


async def storm(hass: HomeAssistant, source: Scripted, freezer: FrozenDateTimeFactory, *, seconds: int) -> None:
    """Have the plug come and go ten times a second; it is in at the end."""
    for tenth in range(seconds * 10):
        source.say(Push(info=INFO, state=reported(Charging, plugged_in=tenth % 2 == 1)))
        await settle(hass)
        freezer.tick(0.1)
        async_fire_time_changed(hass)
        await settle(hass)


async def test_a_storm_is_one_change_and_one_alert(
    hass: HomeAssistant,
    loaded: MockConfigEntry,
    source: Scripted,
    freezer: FrozenDateTimeFactory,
    pass_time: LetTimePass,
) -> None:
    alerts = async_capture_events(hass, EVENT_ALERT)
    changes = async_capture_events(hass, "state_changed")
    await storm(hass, source, freezer, seconds=10)
    assert state(hass, PLUG).state == STATE_OFF
    await pass_time(PLUG_HOLD, timedelta(seconds=1))
    assert state(hass, PLUG).state == STATE_ON
    await pass_time(timedelta(minutes=1), timedelta(seconds=10))
    assert [each.data["type"] for each in alerts] == ["plugged_in"]
    counted = Counter(each.data["entity_id"] for each in changes)
    assert counted[PLUG] == 1
    assert loaded.runtime_data.vehicles[INFO.key].coordinator.data.charging.plugged_in is True


async def test_a_command_is_confirmed_without_delay_and_nothing_turns_it_back(
    hass: HomeAssistant, loaded: MockConfigEntry, source: Scripted, freezer: FrozenDateTimeFactory
) -> None:
    seen = async_capture_events(hass, "state_changed")

    def obey(command: Command) -> VehicleState:
        freezer.tick(1)
        shown = reported(Body, locked=True)
        source.say(Push(info=INFO, state=shown))
        return shown

    source.obeys = obey
    await hass.services.async_call("lock", "lock", {"entity_id": "lock.leaf_lock"}, blocking=True)
    assert state(hass, "lock.leaf_lock").state == "locked"
    source.say(Push(info=INFO, state=reported(Body, locked=True)))
    await settle(hass)
    states = [each.data["new_state"].state for each in seen if each.data["entity_id"] == "lock.leaf_lock"]
    assert states == ["locking", "locked"]


async def test_what_had_not_stayed_long_enough_is_there_after_a_restart(
    hass: HomeAssistant, loaded: MockConfigEntry, source: Scripted, hass_storage: dict[str, Any]
) -> None:
    source.say(Push(info=INFO, state=reported(Charging, plugged_in=True)))
    await settle(hass)
    assert state(hass, PLUG).state == STATE_OFF
    alerts = async_capture_events(hass, EVENT_ALERT)
    await hass.config_entries.async_reload(loaded.entry_id)
    await settle(hass)
    assert state(hass, PLUG).state == STATE_ON
    assert [each.data["type"] for each in alerts] == ["plugged_in"]
