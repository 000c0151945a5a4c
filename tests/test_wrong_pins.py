"""Guessing a PIN: after three wrong ones none is tried for a while, whoever asks, and the owner is told."""

import asyncio
from datetime import timedelta
from typing import Any, override

from freezegun.api import FrozenDateTimeFactory
from homeassistant.components.repairs import repairs_flow_manager
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.json import json_dumps
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_capture_events

from custom_components.nissanconnect.const import DOMAIN, EVENT_ALERT
from custom_components.nissanconnect.vehicle import (
    Capability,
    Command,
    Departure,
    StopCharging,
    Ticket,
    Unlock,
    VehicleInfo,
)

from .conftest import set_up, settle, state
from .scripted import Scripted, Stage, stage
from .simulator import Simulator
from .test_command_log import ask
from .test_commands import device_id
from .test_lock import PIN, begin, finish, moves, operate
from .test_repairs import issues

__all__ = ["stage"]


@pytest.fixture
async def trusted(hass: HomeAssistant, simulator: Simulator, entry: MockConfigEntry) -> MockConfigEntry:
    """An account whose Qashqai has been set up; the PIN is not stored."""
    simulator.car("Qashqai").offer_remote_lock()
    await set_up(hass, entry)
    assert (await finish(hass, simulator, await begin(hass, entry)))["reason"] == "remote_lock_ready"
    return entry


async def attempt(hass: HomeAssistant, code: str, action: str = "unlock") -> str | None:
    """Give a PIN and return why it did not do, if it did not."""
    try:
        await operate(hass, action, code=code)
    except HomeAssistantError as error:
        return error.translation_key
    return None


async def guess(hass: HomeAssistant, times: int) -> None:
    for number in range(times):
        assert await attempt(hass, f"{number:04d}") == "wrong_pin"


async def test_after_three_wrong_ones_none_is_tried_for_a_while(
    hass: HomeAssistant, simulator: Simulator, trusted: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    alerts = async_capture_events(hass, EVENT_ALERT)
    await guess(hass, 3)
    until = dt_util.utcnow() + timedelta(minutes=5)
    simulator.reset_counters()
    for code in ("0003", PIN):
        with pytest.raises(ServiceValidationError) as error:
            await operate(hass, "unlock", code=code)
        assert error.value.translation_key == "too_many_wrong_pins"
    assert simulator.requests["wakes"] == simulator.requests["actions"] == 0
    assert state(hass, "event.qashqai_command").attributes["event_type"] == "blocked"
    assert state(hass, "event.qashqai_command").attributes["reason"] == "too_many_wrong_pins"
    unlock = await ask(hass, "preflight", device_id(hass, trusted, simulator, "Qashqai"), command="unlock")
    assert (unlock["allowed"], unlock["reason"]) == (False, "too_many_wrong_pins")

    (told,) = [each.data for each in alerts if each.data["type"] == "wrong_pins"]
    assert (told["vehicle"], told["tries"], told["until"]) == ("Qashqai", 3, until.isoformat())
    assert told["asked_by"] == "home_assistant"
    assert state(hass, "event.qashqai_alert").attributes["event_type"] == "wrong_pins"
    assert "wrong_pins Qashqai" in issues(hass)

    freezer.tick(timedelta(minutes=5))
    assert await attempt(hass, "0004") == "wrong_pin"
    freezer.tick(timedelta(minutes=14))
    assert await attempt(hass, PIN) == "too_many_wrong_pins"
    freezer.tick(timedelta(minutes=1))
    assert await attempt(hass, PIN) is None
    assert "wrong_pins Qashqai" not in issues(hass)
    await guess(hass, 2)
    assert await attempt(hass, PIN) is None, "the right one has made up for the wrong ones"


async def test_of_many_at_once_three_are_tried(
    hass: HomeAssistant, simulator: Simulator, trusted: MockConfigEntry
) -> None:
    simulator.reset_counters()
    codes = [f"{number:04d}" for number in range(50)]
    found = await asyncio.gather(*(attempt(hass, code, ("unlock", "lock")[int(code) % 2]) for code in codes))
    assert found.count("wrong_pin") == 3
    assert set(found) == {"wrong_pin", "superseded", "too_many_wrong_pins"}
    assert simulator.requests["actions/lock-unlock"] == 3
    assert moves(simulator) == []


async def test_a_restart_does_not_help(hass: HomeAssistant, simulator: Simulator, trusted: MockConfigEntry) -> None:
    await guess(hass, 3)
    await hass.config_entries.async_unload(trusted.entry_id)
    for issue in issues(hass).values():
        ir.async_delete_issue(hass, DOMAIN, issue.issue_id)  # as a restart of Home Assistant does
    await hass.config_entries.async_setup(trusted.entry_id)
    await settle(hass)
    assert "wrong_pins Qashqai" in issues(hass)
    simulator.reset_counters()
    assert await attempt(hass, PIN) == "too_many_wrong_pins"
    assert simulator.requests["wakes"] == 0


async def test_only_that_they_were_wrong_is_kept(
    hass: HomeAssistant, simulator: Simulator, trusted: MockConfigEntry, hass_storage: dict[str, Any]
) -> None:
    for wrong in ("8642", "9753"):
        assert await attempt(hass, wrong) == "wrong_pin"
    await hass.config_entries.async_unload(trusted.entry_id)
    kept = hass_storage[f"{DOMAIN}.{trusted.entry_id}"]["data"]
    (qashqai,) = [each for each in kept["vehicles"] if each["wrong_pins"]["count"]]
    assert qashqai["wrong_pins"].keys() == {"count", "last_at"}
    for secret in ("8642", "9753", PIN):
        assert f'"{secret}"' not in json_dumps(kept)


async def test_a_clock_that_is_set_back_locks_nobody_out_for_long(
    hass: HomeAssistant, simulator: Simulator, trusted: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    await guess(hass, 3)
    freezer.move_to(dt_util.utcnow() - timedelta(days=365))
    assert await attempt(hass, PIN) == "too_many_wrong_pins"
    freezer.tick(timedelta(minutes=6))
    assert await attempt(hass, PIN) != "too_many_wrong_pins"


async def test_locking_by_a_stored_pin_does_not_make_room_for_more_guesses(
    hass: HomeAssistant, simulator: Simulator, trusted: MockConfigEntry
) -> None:
    await finish(hass, simulator, await begin(hass, trusted), store=True)
    await guess(hass, 2)
    await operate(hass, "lock")
    assert await attempt(hass, "0002") == "wrong_pin"
    assert await attempt(hass, "0003") == "too_many_wrong_pins"


async def test_a_door_that_is_opened_meanwhile_does_not_make_a_guess_right(
    hass: HomeAssistant, simulator: Simulator, trusted: MockConfigEntry
) -> None:
    await operate(hass, "unlock", code=PIN)
    await guess(hass, 3)
    assert await attempt(hass, "0003") == "too_many_wrong_pins"


NO_PINS = ("471x", "\u0664\u0667\u0661\u0661", "\uff14\uff17\uff11\uff11", "4711\n", "47110", "-471", "4 11")


async def test_what_cannot_be_a_pin_is_refused_and_no_try(
    hass: HomeAssistant, simulator: Simulator, trusted: MockConfigEntry
) -> None:
    simulator.reset_counters()
    for code in NO_PINS:
        for action in ("lock", "unlock"):
            with pytest.raises(ServiceValidationError):
                await operate(hass, action, code=code)
    assert simulator.requests["wakes"] == simulator.requests["actions"] == 0
    assert await attempt(hass, PIN) is None


async def test_whoever_sets_a_new_pin_may_use_it_at_once(
    hass: HomeAssistant, simulator: Simulator, trusted: MockConfigEntry
) -> None:
    await guess(hass, 3)
    assert (await finish(hass, simulator, await begin(hass, trusted)))["reason"] == "remote_lock_ready"
    assert "wrong_pins Qashqai" not in issues(hass)
    assert await attempt(hass, PIN) is None


async def test_an_administrator_can_allow_pins_again(
    hass: HomeAssistant, simulator: Simulator, trusted: MockConfigEntry
) -> None:
    await guess(hass, 3)
    assert await async_setup_component(hass, "repairs", {})
    manager = repairs_flow_manager(hass)
    assert manager is not None
    issue = issues(hass)["wrong_pins Qashqai"]
    form = await manager.async_init(DOMAIN, context={"issue_id": issue.issue_id})
    assert (form["type"], form["step_id"]) == ("form", "allow")
    assert form["description_placeholders"] == issue.translation_placeholders
    assert await attempt(hass, PIN) == "too_many_wrong_pins", "looking at it allows nothing"
    assert (await manager.async_configure(form["flow_id"], {}))["type"] == "create_entry"
    assert "wrong_pins Qashqai" not in issues(hass)
    assert await attempt(hass, PIN) is None


async def test_one_vehicle_is_not_held_up_by_the_guesses_at_another(
    hass: HomeAssistant, simulator: Simulator, trusted: MockConfigEntry
) -> None:
    await guess(hass, 3)
    await hass.services.async_call("climate", "turn_on", {"entity_id": "climate.leaf_climate"}, blocking=True)
    await hass.services.async_call("button", "press", {"entity_id": "button.qashqai_horn"}, blocking=True)


class Crashing(Scripted):
    """A backend with a bug."""

    @override
    async def send(self, vehicle: VehicleInfo, command: Command, departure: Departure) -> Ticket:
        async with departure():
            raise ValueError("a bug")


async def test_what_has_crashed_is_not_under_way_any_more(hass: HomeAssistant, stage: Stage) -> None:
    """Its PIN is none that may turn out to be wrong, and what it was to stop stops by itself."""
    info = VehicleInfo(
        key="LEAF", capabilities=frozenset({Capability.LOCK, Capability.LOCK_PIN, Capability.STOP_CHARGING})
    )
    hass.loop.set_exception_handler(lambda loop, context: None)  # the crash itself is none of this test's business
    entry = stage.entry("Cloud", Crashing("kamereon", {"LEAF": info}))
    await set_up(hass, entry)
    (vehicle,) = entry.runtime_data.vehicles.values()
    for command in (StopCharging(), Unlock("0001"), Unlock("0002"), Unlock("0003")):
        with pytest.raises(HomeAssistantError):
            await vehicle.commands.async_execute(command)
    assert vehicle.log.in_flight == []
    assert not vehicle.log.is_carrying_out(StopCharging)
    assert vehicle.checks.refusal(Unlock("0004")) is None
