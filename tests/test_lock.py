"""The remote lock, from the e-mailed code to the open door, through the real client against the simulator."""

import asyncio
from collections.abc import Iterator
import logging
from typing import Any

from aiohttp import web
from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import ConfigFlowResult
from homeassistant.const import ATTR_CODE, CONF_CODE, CONF_PIN
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers.json import json_dumps
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.nissanconnect.const import CONF_DEVICE_ID, CONF_PINS, CONF_VEHICLE
from custom_components.nissanconnect.diagnostics import async_get_config_entry_diagnostics
from custom_components.nissanconnect.flows.remote_lock import CONF_STORE_PIN
from custom_components.nissanconnect.vehicle import Lock, Unlock

from . import dialogs
from .conftest import set_up, settle, state
from .dialogs import choose, suggested
from .simulator import Fault, Simulator
from .simulator.cars.telematics import Manner
from .test_command_log import ask
from .test_commands import device_id
from .test_sent_soon import ask as act_meanwhile, meanwhile

PIN = "4711"
LOCK = "lock.qashqai_lock"
SHOWN = "binary_sensor.qashqai_lock"
"""What shows the lock as long as it cannot be moved."""


@pytest.fixture
def equipped(simulator: Simulator) -> Simulator:
    """The simulator with a Qashqai that can be locked from afar."""
    simulator.car("Qashqai").offer_remote_lock()
    return simulator


@pytest.fixture
async def ready(hass: HomeAssistant, equipped: Simulator, entry: MockConfigEntry) -> MockConfigEntry:
    """An account whose Qashqai has been set up; the PIN is not stored."""
    await set_up(hass, entry)
    result = await finish(hass, equipped, await begin(hass, entry))
    assert result["reason"] == "remote_lock_ready"
    return entry


async def submit(hass: HomeAssistant, flow: ConfigFlowResult, entered: dict[str, Any]) -> ConfigFlowResult:
    """Fill a form in and look again, as the page does when it is told that there is more."""
    result = await dialogs.submit(hass, flow, entered)
    return await dialogs.submit(hass, result) if result["type"] is FlowResultType.SHOW_PROGRESS else result


async def begin(hass: HomeAssistant, entry: MockConfigEntry) -> ConfigFlowResult:
    """Open the dialog at the remote lock."""
    menu = await entry.start_reconfigure_flow(hass)
    assert menu["type"] is FlowResultType.MENU
    assert menu["menu_options"] == ["reconfigure_login", "remote_lock"]
    form = await submit(hass, menu, {"next_step_id": "remote_lock"})
    assert form["step_id"] == "remote_lock"
    return form


def entered(simulator: Simulator, *, pin: str = PIN, store: bool = False) -> dict[str, Any]:
    """What the owner types after having read the e-mail."""
    return {CONF_CODE: simulator.remote_locks.mailed[-1], CONF_PIN: pin, CONF_STORE_PIN: store}


async def finish(
    hass: HomeAssistant, simulator: Simulator, form: ConfigFlowResult, *, store: bool = False
) -> ConfigFlowResult:
    """Have the code sent and enter it with the PIN."""
    form = await submit(hass, form, {})
    assert form["step_id"] == "remote_lock_code"
    return await submit(hass, form, entered(simulator, store=store))


async def book(hass: HomeAssistant, entry: MockConfigEntry, simulator: Simulator) -> list[tuple[str, str]]:
    """What the Qashqai's book of wakes says of why and how, oldest first."""
    log = await ask(hass, "wake_log", device_id(hass, entry, simulator, "Qashqai"))
    assert {line["asked_by"] for line in log} <= {"user", "home_assistant"}
    return [(line["why"], line["result"]) for line in reversed(log)]


async def operate(hass: HomeAssistant, action: str, **data: Any) -> None:
    await hass.services.async_call("lock", action, {"entity_id": LOCK, **data}, blocking=True)


def moves(simulator: Simulator) -> list[Lock | Unlock]:
    """What the Qashqai's lock has really done."""
    executed = simulator.vehicle("Qashqai").telematics.executed
    return [command for command in executed if isinstance(command, Lock | Unlock)]


async def test_from_the_code_to_the_open_door(hass: HomeAssistant, equipped: Simulator, ready: MockConfigEntry) -> None:
    assert state(hass, LOCK).state == "locked"
    await operate(hass, "unlock", code=PIN)
    assert state(hass, LOCK).state == "unlocked"
    assert not equipped.vehicle("Qashqai").body.locked

    await operate(hass, "lock", code=PIN)
    assert state(hass, LOCK).state == "locked"
    assert moves(equipped) == [Unlock(), Lock()]
    assert equipped.requests["actions/lock-unlock"] == 2
    assert await book(hass, ready, equipped) == [
        ("set_pin", "answered"),
        *[("unlock", "answered")] * 2,
        *[("lock", "answered")] * 2,
    ]
    assert equipped.requests["wakes"] == 5
    assert state(hass, "sensor.qashqai_wakes_today").state == "5"
    assert set(equipped.password_posts) <= {equipped.url.removeprefix("http://")}


async def test_a_restart_keeps_the_registration(
    hass: HomeAssistant, equipped: Simulator, ready: MockConfigEntry
) -> None:
    await hass.config_entries.async_reload(ready.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    await operate(hass, "unlock", code=PIN)
    assert moves(equipped) == [Unlock()]


@pytest.mark.parametrize("action", ["lock", "unlock"])
async def test_without_a_pin_nothing_is_sent(
    hass: HomeAssistant, equipped: Simulator, ready: MockConfigEntry, action: str
) -> None:
    equipped.reset_counters()
    with pytest.raises(ServiceValidationError) as error:
        await operate(hass, action)
    assert error.value.translation_key == "pin_required"
    with pytest.raises(ServiceValidationError):
        await operate(hass, action, code="12345")
    assert equipped.requests["actions"] == 0


async def test_a_wrong_pin_is_told_apart(hass: HomeAssistant, equipped: Simulator, ready: MockConfigEntry) -> None:
    with pytest.raises(HomeAssistantError) as error:
        await operate(hass, "unlock", code="0000")
    assert error.value.translation_key == "wrong_pin"
    assert "0000" not in str(error.value)
    assert await book(hass, ready, equipped) == [("set_pin", "answered"), *[("unlock", "answered")] * 2]
    assert state(hass, LOCK).state == "locked"
    assert moves(equipped) == []


async def test_a_stored_pin_locks_and_does_not_unlock(
    hass: HomeAssistant, equipped: Simulator, entry: MockConfigEntry
) -> None:
    await set_up(hass, entry)
    await finish(hass, equipped, await begin(hass, entry), store=True)
    assert entry.data[CONF_PINS] == {equipped.car("Qashqai").vin: PIN}
    await operate(hass, "unlock", code=PIN)
    await operate(hass, "lock")
    assert moves(equipped) == [Unlock(), Lock()]
    with pytest.raises(ServiceValidationError) as error:
        await operate(hass, "unlock")
    assert error.value.translation_key == "pin_required"

    equipped.reset_counters()
    await finish(hass, equipped, await begin(hass, entry))
    assert entry.data[CONF_PINS] == {}, "a PIN that is no longer stored is forgotten"


async def test_whoever_has_not_set_it_up_is_told_where(
    hass: HomeAssistant, equipped: Simulator, entry: MockConfigEntry
) -> None:
    await set_up(hass, entry)
    assert not hass.states.async_entity_ids("lock")
    assert state(hass, SHOWN).state == "off"
    told = await ask(hass, "preflight", device_id(hass, entry, equipped, "Qashqai"), command="unlock")
    assert (told["allowed"], told["reason"]) == (False, "device_not_registered")
    assert "Reconfigure" in told["message"]

    assert (await finish(hass, equipped, await begin(hass, entry)))["reason"] == "remote_lock_ready"
    assert state(hass, LOCK).state == "locked"
    assert hass.states.get(SHOWN) is None, "the lock shows it"


async def test_a_device_that_was_removed_wakes_nobody(
    hass: HomeAssistant, equipped: Simulator, ready: MockConfigEntry
) -> None:
    for lock in equipped.remote_locks.known.values():
        lock.devices.clear()
    equipped.reset_counters()
    with pytest.raises(HomeAssistantError) as error:
        await operate(hass, "unlock", code=PIN)
    assert error.value.translation_key == "device_not_registered"
    assert equipped.requests["wakes"] == 0


async def test_a_vehicle_that_does_not_answer(hass: HomeAssistant, equipped: Simulator, ready: MockConfigEntry) -> None:
    equipped.vehicle("Qashqai").telematics.manner = Manner.SILENT
    with pytest.raises(HomeAssistantError) as error:
        await operate(hass, "unlock", code=PIN)
    assert error.value.translation_key == "unreachable"
    assert state(hass, LOCK).state == "locked"
    assert await book(hass, ready, equipped) == [("set_pin", "answered"), ("unlock", "unanswered")]


async def test_what_is_entered_wrongly_can_be_corrected(
    hass: HomeAssistant, equipped: Simulator, entry: MockConfigEntry
) -> None:
    await set_up(hass, entry)
    form = await submit(hass, await begin(hass, entry), {})
    good = entered(equipped)
    wrong = f"{(int(good[CONF_CODE]) + 1) % 10**6:06d}"
    for code, asked in (("12345", 0), ("12345x", 0), (wrong, 1)):
        form = await submit(hass, form, good | {CONF_CODE: code})
        assert form["errors"] == {CONF_CODE: "wrong_code"}
        assert suggested(form) == good | {CONF_CODE: code}
        assert equipped.requests["register-device"] == asked
    for pin in ("471", "47110", "471x", "٤٧١١"):
        form = await submit(hass, form, good | {CONF_PIN: pin})
        assert form["errors"] == {CONF_PIN: "invalid_pin"}
    assert equipped.requests["wakes"] == 0

    result = await submit(hass, form, good | {CONF_CODE: f" {good[CONF_CODE]} "})
    assert result["reason"] == "remote_lock_ready"


async def test_after_three_wrong_codes_a_new_one_has_to_be_sent(
    hass: HomeAssistant, equipped: Simulator, entry: MockConfigEntry
) -> None:
    await set_up(hass, entry)
    form = await submit(hass, await begin(hass, entry), {})
    good = entered(equipped)
    for number in range(1, 4):
        form = await submit(hass, form, good | {CONF_CODE: f"{(int(good[CONF_CODE]) + number) % 10**6:06d}"})
    assert (form["step_id"], form["errors"]) == ("remote_lock", {"base": "too_many_wrong_codes"})
    assert equipped.requests["register-device"] == 3

    form = await submit(hass, form, {})
    assert (form["step_id"], form["errors"]) == ("remote_lock_code", {})
    assert len(equipped.remote_locks.mailed) == 2
    assert set(suggested(form).values()) == {None}
    assert (await submit(hass, form, entered(equipped)))["reason"] == "remote_lock_ready"


async def test_a_vehicle_that_did_not_take_the_pin_is_asked_again_with_the_same_code(
    hass: HomeAssistant, equipped: Simulator, entry: MockConfigEntry
) -> None:
    await set_up(hass, entry)
    form = await submit(hass, await begin(hass, entry), {})
    equipped.vehicle("Qashqai").telematics.manner = Manner.SILENT
    typed = entered(equipped, store=True)
    form = await submit(hass, form, typed)
    assert form["errors"] == {"base": "unreachable"}
    assert await book(hass, entry, equipped) == [("set_pin", "unanswered")]
    assert suggested(form) == typed
    assert entry.data.get(CONF_PINS) is None

    equipped.vehicle("Qashqai").telematics.manner = Manner.OBEDIENT
    result = await submit(hass, form, entered(equipped))
    assert result["reason"] == "remote_lock_ready"
    assert equipped.requests["register-device"] == 1
    assert equipped.requests["actions/srp-initiates"] == 2
    assert await book(hass, entry, equipped) == [("set_pin", "unanswered"), ("set_pin", "answered")]


async def begin_waiting(hass: HomeAssistant, simulator: Simulator, entry: MockConfigEntry) -> ConfigFlowResult:
    """Get to where the dialog waits for the answer of a service that has become slow."""
    form = await submit(hass, await begin(hass, entry), {})
    simulator.fail("actions/srp-initiates", Fault.hang())
    progress = await hass.config_entries.flow.async_configure(form["flow_id"], entered(simulator, store=True))
    assert progress["type"] is FlowResultType.SHOW_PROGRESS
    assert progress["progress_action"] == "remote_lock_pin"
    assert (progress["description_placeholders"] or {})["vehicle"] == "Qashqai"
    async with asyncio.timeout(10):
        while not simulator.requests["actions/srp-initiates"]:  # noqa: ASYNC110 - it tells nobody that it was asked
            await asyncio.sleep(0)
    return progress


async def test_a_dialog_that_is_looked_at_while_it_waits_goes_on_waiting(
    hass: HomeAssistant, equipped: Simulator, entry: MockConfigEntry
) -> None:
    await set_up(hass, entry)
    progress = await begin_waiting(hass, equipped, entry)
    again = await hass.config_entries.flow.async_configure(progress["flow_id"])
    assert again["type"] is FlowResultType.SHOW_PROGRESS
    assert equipped.requests["actions/srp-initiates"] == 1
    await equipped.stop()
    await hass.async_block_till_done(wait_background_tasks=True)
    assert (await dialogs.submit(hass, again))["errors"] == {"base": "unavailable"}


async def test_a_dialog_that_is_closed_waits_no_longer(
    hass: HomeAssistant, equipped: Simulator, entry: MockConfigEntry
) -> None:
    await set_up(hass, entry)
    progress = await begin_waiting(hass, equipped, entry)
    (task,) = [task for task in asyncio.all_tasks() if "setting the PIN" in task.get_name()]
    hass.config_entries.flow.async_abort(progress["flow_id"])
    await hass.async_block_till_done(wait_background_tasks=True)
    assert task.cancelled()
    assert not hass.config_entries.flow.async_progress()
    assert CONF_PINS not in entry.data


async def test_an_account_that_is_loaded_again_meanwhile_is_asked_again(
    hass: HomeAssistant, equipped: Simulator, entry: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    await set_up(hass, entry)
    progress = await begin_waiting(hass, equipped, entry)
    await hass.config_entries.async_unload(entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    equipped.heal()
    form = await dialogs.submit(hass, progress)
    for _ in range(2):
        assert (form["step_id"], form["errors"]) == ("remote_lock_code", {"base": "interrupted"})
        assert suggested(form) == entered(equipped, store=True)
        form = await submit(hass, form, entered(equipped, store=True))

    freezer.tick(1)
    await hass.config_entries.async_setup(entry.entry_id)
    result = await submit(hass, form, entered(equipped, store=True))
    assert result["reason"] == "remote_lock_ready"
    assert equipped.requests["register-device"] == 1
    assert await book(hass, entry, equipped) == [("set_pin", "unanswered"), ("set_pin", "answered")]


async def test_an_account_that_is_gone_when_the_code_is_asked_for_ends_the_dialog(
    hass: HomeAssistant, equipped: Simulator, entry: MockConfigEntry
) -> None:
    await set_up(hass, entry)
    form = await begin(hass, entry)
    await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert (await submit(hass, form, {}))["step_id"] == "remote_lock_code", "loaded anew it can be asked"

    form = await begin(hass, entry)
    await hass.config_entries.async_unload(entry.entry_id)
    assert (await submit(hass, form, {}))["reason"] == "not_loaded"


async def test_a_pin_is_kept_even_if_nobody_looks_any_more(
    hass: HomeAssistant, equipped: Simulator, entry: MockConfigEntry
) -> None:
    await set_up(hass, entry)
    form = await submit(hass, await begin(hass, entry), {})
    await hass.config_entries.flow.async_configure(form["flow_id"], entered(equipped, store=True))
    await hass.async_block_till_done(wait_background_tasks=True)
    assert entry.data[CONF_PINS] == {equipped.car("Qashqai").vin: PIN}


async def test_a_code_that_could_not_be_sent(hass: HomeAssistant, equipped: Simulator, entry: MockConfigEntry) -> None:
    await set_up(hass, entry)
    form = await begin(hass, entry)
    equipped.fail("generate-device-otp", Fault.http(503), times=1)
    form = await submit(hass, form, {})
    assert (form["step_id"], form["errors"]) == ("remote_lock", {"base": "unavailable"})
    device = entry.data[CONF_DEVICE_ID]

    result = await finish(hass, equipped, form)
    assert result["reason"] == "remote_lock_ready"
    assert entry.data[CONF_DEVICE_ID] == device, "one name for the whole account"


async def test_the_vehicle_is_chosen_where_there_are_several(
    hass: HomeAssistant, equipped: Simulator, entry: MockConfigEntry
) -> None:
    equipped.car("Ariya").offer_remote_lock()
    await set_up(hass, entry)
    form = await begin(hass, entry)
    assert form["data_schema"] is not None
    (choice,) = form["data_schema"].schema.values()
    names = {option["label"]: option["value"] for option in choice.config["options"]}
    assert names.keys() == {"Ariya", "Qashqai"}
    for car in equipped.cars.values():
        assert car.vin not in json_dumps(names)

    form = await submit(hass, form, {CONF_VEHICLE: names["Ariya"]})
    assert (form["description_placeholders"] or {})["vehicle"] == "Ariya"
    result = await submit(hass, form, entered(equipped))
    assert result["reason"] == "remote_lock_ready"
    await hass.services.async_call("lock", "unlock", {"entity_id": "lock.ariya_lock", ATTR_CODE: PIN}, blocking=True)
    assert state(hass, "lock.ariya_lock").state == "unlocked"
    assert moves(equipped) == []


async def test_an_account_that_is_not_loaded_has_its_log_in_changed(
    hass: HomeAssistant, equipped: Simulator, entry: MockConfigEntry
) -> None:
    entry.add_to_hass(hass)
    form = await entry.start_reconfigure_flow(hass)
    assert form["step_id"] == "reconfigure_login"


async def test_the_demo_takes_no_pin(hass: HomeAssistant) -> None:
    await choose(hass, "demo")
    await settle(hass)
    assert "code_format" not in state(hass, LOCK).attributes


@pytest.mark.parametrize("fault", [None, Fault.http(503)])
async def test_removing_the_account_ends_the_trust(
    hass: HomeAssistant, equipped: Simulator, ready: MockConfigEntry, fault: Fault | None
) -> None:
    if fault:
        equipped.fail("remove-device", fault)
    await hass.config_entries.async_remove(ready.entry_id)
    assert equipped.requests["remove-device"] == 1
    assert [bool(lock.devices) for lock in equipped.remote_locks.known.values()] == [fault is not None]


def secrets(simulator: Simulator, entry: MockConfigEntry) -> Iterator[str]:
    yield from (PIN, "0815", entry.data[CONF_DEVICE_ID], *simulator.remote_locks.mailed)
    yield from (car.vin for car in simulator.cars.values())


async def test_pin_code_and_device_are_seen_nowhere(
    hass: HomeAssistant, equipped: Simulator, entry: MockConfigEntry, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    await set_up(hass, entry)
    form = await submit(hass, await begin(hass, entry), {})
    equipped.fail("register-device", Fault.http(500), times=1)
    form = await submit(hass, form, entered(equipped, store=True))
    await submit(hass, form, entered(equipped, store=True))
    await operate(hass, "unlock", code=PIN)
    await operate(hass, "lock")
    told = []
    for fault in (None, Fault.http(500), Fault.http(400), Fault.malformed(), Fault.redirect("http://127.0.0.1:1/")):
        if fault:
            equipped.fail("actions/lock-unlock", fault)
        with pytest.raises(HomeAssistantError) as error:
            await operate(hass, "unlock", code="0815")
        told.append(f"{error.value!r} {error.value} {error.value.__cause__!r}")

    diagnostics = json_dumps(await async_get_config_entry_diagnostics(hass, entry))
    lines = [
        f"{record.getMessage()} {record.exc_text or ''}"
        for record in caplog.records
        if record.name.startswith(("custom_components.nissanconnect", "homeassistant.config_entries"))
        or record.levelno >= logging.WARNING
    ]
    assert lines
    for secret in secrets(equipped, entry):
        assert not [line for line in [*lines, *told] if secret in line], "a secret is told"
        assert secret not in diagnostics


async def test_locking_calls_off_an_unlocking_that_the_vehicle_takes_its_time_over(
    hass: HomeAssistant, equipped: Simulator, ready: MockConfigEntry
) -> None:
    """It must not come after the locking, nor hold that up until it is too late for it."""
    telematics, both_asked = equipped.vehicle("Qashqai").telematics, asyncio.Event()

    async def wait(_: web.Request) -> None:
        await both_asked.wait()

    equipped.fail("actions/srp-sets", Fault(respond=wait))
    unlock = act_meanwhile(hass, "lock", "unlock", LOCK, code=PIN)
    await meanwhile(hass, lambda: equipped.requests["actions/srp-sets"])
    lock = act_meanwhile(hass, "lock", "lock", LOCK, code=PIN)
    await meanwhile(hass, lambda: equipped.requests["actions/srp-sets"] > 1)
    both_asked.set()
    assert [await unlock, await lock] == ["superseded", None]
    await settle(hass)
    assert [each for each in telematics.executed if isinstance(each, Lock | Unlock)] == [Lock()]
    assert state(hass, LOCK).state == "locked"
    vehicle = ready.runtime_data.vehicles[equipped.car("Qashqai").vin]
    assert vehicle.commands.runner.idle
    assert [(each.command, each.outcome.status) for each in vehicle.log.records] == [
        ("unlock", "blocked"),
        ("lock", "confirmed"),
    ]
