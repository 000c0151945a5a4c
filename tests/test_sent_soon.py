"""A command never waits behind reads, and is sent soon after it was asked for or never."""

from asyncio import Event, Task
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
import time
from typing import Any

from aiohttp import web
from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers.storage import Store
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.nissanconnect import commands
from custom_components.nissanconnect.const import DOMAIN
from custom_components.nissanconnect.store import Remembered, VehicleStore
from custom_components.nissanconnect.vehicle import CommandStatus, Reason, SoundHorn, StartClimate, StopClimate

from .conftest import settle
from .simulator import Fault, Simulator
from .test_commands import act, device_id, executed

READS = ("battery-status", "cockpit", "health-status", "hvac-status", "location", "lock-status", "pressure")


def ask(hass: HomeAssistant, domain: str, action: str, entity_id: str, **data: Any) -> Task[str | None]:
    """Perform an action of an entity meanwhile; what comes of it is the key of its error, if there is one."""

    async def acted() -> str | None:
        try:
            await act(hass, domain, action, entity_id, **data)
        except HomeAssistantError as error:
            return error.translation_key
        return None

    return hass.async_create_background_task(acted(), "acting")


async def meanwhile(hass: HomeAssistant, happened: Callable[[], object]) -> None:
    """Wait for what happens while an action is still being performed; the clock of the test stands still."""
    for _ in range(1000):
        if happened():
            return
        await hass.async_add_executor_job(time.sleep, 0.005)
    pytest.fail("it did not happen")


@pytest.fixture
def followed(loaded: MockConfigEntry, monkeypatch: pytest.MonkeyPatch) -> Event:
    """Set when those who wait for the end of a command may go on waiting, which moves the clock; first nobody does."""
    go_on, wait = Event(), vars(commands)["sleep"]

    async def held(seconds: float) -> None:
        await go_on.wait()
        await wait(seconds)

    monkeypatch.setattr(commands, "sleep", held)  # for who is loaded anew
    for vehicle in loaded.runtime_data.vehicles.values():
        vehicle.commands.runner._follower._sleep = held
    return go_on


async def test_reads_that_hang_hold_no_command_up(
    hass: HomeAssistant, simulator: Simulator, loaded: MockConfigEntry
) -> None:
    for name in READS:
        simulator.fail(name, Fault.hang())
    for vehicle in loaded.runtime_data.vehicles.values():
        hass.async_create_background_task(vehicle.connection.entry.runtime_data.async_read_vehicle(vehicle), "reading")
    before = simulator.total
    await meanwhile(hass, lambda: simulator.total >= before + 4)
    await act(hass, "button", "press", "button.leaf_horn")
    assert executed(simulator, "Leaf") == [SoundHorn()]


async def test_what_has_been_sent_holds_nothing_up(
    hass: HomeAssistant, simulator: Simulator, loaded: MockConfigEntry, followed: Event
) -> None:
    """A vehicle without coverage answers to nothing, and gets all that was asked of it when it is back."""
    simulator.vehicle("Leaf").telematics.covered = False
    asked = [
        ask(hass, "climate", "turn_on", "climate.leaf_climate"),
        ask(hass, "button", "press", "button.leaf_horn"),
        ask(hass, "button", "press", "button.leaf_flash_lights"),
        ask(hass, "climate", "turn_off", "climate.leaf_climate"),
    ]
    counts = simulator.requests
    await meanwhile(hass, lambda: counts["actions/hvac-start"] == counts["actions/horn-lights"] == 2)
    followed.set()
    assert [await each for each in asked] == [Reason.SUPERSEDED, *[Reason.NO_ANSWER] * 3]
    log = loaded.runtime_data.vehicles[simulator.car("Leaf").vin].log.records
    assert all(each.outcome.sent_at - each.asked_at < timedelta(seconds=1) for each in log)


async def test_what_waits_too_long_for_its_turn_is_never_sent(
    hass: HomeAssistant,
    simulator: Simulator,
    loaded: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
) -> None:
    """The one before it has left, and the service says neither yes nor no."""
    simulator.fail("actions/hvac-start", Fault.hang())
    first = ask(hass, "climate", "turn_on", "climate.leaf_climate")
    await meanwhile(hass, lambda: simulator.requests["actions/hvac-start"])
    asked = ask(hass, "climate", "turn_off", "climate.leaf_climate")
    await act(hass, "button", "press", "button.leaf_horn")
    assert executed(simulator, "Leaf") == [SoundHorn()], "what concerns something else need not wait"
    freezer.tick(31)
    await meanwhile(hass, asked.done)
    assert asked.result() == Reason.TOO_LATE
    simulator.heal()
    freezer.tick(120)
    await meanwhile(hass, first.done)
    await settle(hass)
    assert simulator.requests["actions/hvac-start"] == 1
    log = loaded.runtime_data.vehicles[simulator.car("Leaf").vin].log.records
    assert [each.outcome.status for each in log].count(CommandStatus.BLOCKED) == 1


@pytest.mark.parametrize("restart", [True, False])
async def test_what_is_followed_after_a_restart_holds_nothing_up(
    hass: HomeAssistant, simulator: Simulator, loaded: MockConfigEntry, followed: Event, restart: bool
) -> None:
    simulator.vehicle("Leaf").telematics.covered = False
    ask(hass, "climate", "turn_on", "climate.leaf_climate")
    await meanwhile(hass, lambda: simulator.requests["actions/hvac-start"])
    vehicle = loaded.runtime_data.vehicles[simulator.car("Leaf").vin]
    await meanwhile(hass, lambda: any(each.ticket for each in vehicle.log.unfinished))
    if restart:
        await hass.config_entries.async_reload(loaded.entry_id)
        vehicle = loaded.runtime_data.vehicles[simulator.car("Leaf").vin]
    asked = [
        ask(hass, "button", "press", "button.leaf_horn"),
        ask(hass, "climate", "turn_off", "climate.leaf_climate"),
    ]
    await meanwhile(hass, lambda: simulator.requests["actions/hvac-start"] == 2)
    followed.set()
    simulator.vehicle("Leaf").telematics.covered = True
    assert [await each for each in asked] == [None, None]
    ends = {each.command: (each.outcome.status, each.outcome.reason) for each in vehicle.log.records}
    assert ends == {
        "start_climate": (CommandStatus.REJECTED, Reason.SUPERSEDED),
        "stop_climate": (CommandStatus.CONFIRMED, None),
        "sound_horn": (CommandStatus.CONFIRMED, None),
    }
    assert executed(simulator, "Leaf") == [StartClimate(21), SoundHorn(), StopClimate()]


async def test_a_log_in_that_hangs_ends_the_command_in_time(
    hass: HomeAssistant, simulator: Simulator, loaded: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    simulator.tokens.revoke_access()
    simulator.fail("refresh-token", Fault.hang())
    asked = ask(hass, "button", "press", "button.leaf_horn")
    await meanwhile(hass, lambda: simulator.requests["refresh-token"])
    sent = simulator.requests["actions/horn-lights"]  # with the token that was refused
    freezer.tick(29)
    await hass.async_add_executor_job(time.sleep, 0.05)
    assert not asked.done()
    freezer.tick(2)
    await meanwhile(hass, asked.done)
    assert asked.result() in (Reason.TOO_LATE, "unavailable"), "the log-in has the same time limit"
    simulator.heal()
    freezer.tick(31)
    await meanwhile(hass, lambda: not [task for task in hass._background_tasks if "sending to" in repr(task)])
    assert simulator.requests["actions/horn-lights"] == sent
    assert executed(simulator, "Leaf") == []
    assert loaded.runtime_data.vehicles[simulator.car("Leaf").vin].log.wakes_today == 0


@pytest.mark.parametrize("fault", [Fault.http(500), Fault.http(503), Fault.html(502)])
async def test_who_cannot_log_in_has_not_sent_anything(
    hass: HomeAssistant, simulator: Simulator, loaded: MockConfigEntry, fault: Fault
) -> None:
    simulator.tokens.revoke_access()
    simulator.fail("refresh-token", fault)
    assert await ask(hass, "button", "press", "button.leaf_horn") == "unavailable"
    vehicle = loaded.runtime_data.vehicles[simulator.car("Leaf").vin]
    assert vehicle.log.records[-1].outcome.status is CommandStatus.BLOCKED
    assert vehicle.log.wakes_today == 0


@pytest.mark.parametrize("later", [True, False])
async def test_a_command_and_its_wake_are_kept_before_it_leaves(
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    simulator: Simulator,
    loaded: MockConfigEntry,
    monkeypatch: pytest.MonkeyPatch,
    later: bool,
) -> None:
    """Whatever happens to Home Assistant at that moment, before or after the rest of the store is written."""
    kept: list[Remembered] = []
    vin = simulator.car("Leaf").vin
    await loaded.runtime_data.connection.store.async_save(loaded.runtime_data._remember())

    async def look(_: web.Request) -> None:
        if later:
            await loaded.runtime_data.connection.store.async_save(loaded.runtime_data._remember())
        kept.append(await VehicleStore(hass, loaded.entry_id).async_load())

    monkeypatch.setattr(loaded.runtime_data.connection.store, "async_schedule_save", lambda *_, **__: None)
    simulator.fail("actions/horn-lights", Fault(respond=look))
    await act(hass, "button", "press", "button.leaf_horn")
    (leaf,) = (each for each in kept[0].vehicles if each.info.key == vin)
    assert [(each.command, each.sent_at is not None) for each in leaf.unfinished] == [(SoundHorn(), True)]
    assert [each.why for each in leaf.wakes.wakes] == ["sound_horn"]


async def test_what_was_open_and_has_ended_is_not_open_again(
    hass: HomeAssistant, hass_storage: dict[str, Any], simulator: Simulator, loaded: MockConfigEntry
) -> None:
    await act(hass, "button", "press", "button.leaf_horn")
    vehicle = loaded.runtime_data.vehicles[simulator.car("Leaf").vin]
    wakes = vehicle.log.wakes
    assert [each.result for each in wakes.wakes] == ["answered"]
    assert hass_storage[f"{DOMAIN}.{loaded.entry_id}.open"]["data"]["vehicles"]
    await hass.config_entries.async_reload(loaded.entry_id)
    await settle(hass)
    vehicle = loaded.runtime_data.vehicles[simulator.car("Leaf").vin]
    assert vehicle.log.wakes == wakes
    assert [each.command for each in vehicle.log.records] == ["sound_horn"]

    for _ in range(50):
        vehicle.log.async_record(vehicle.log.records[-1])  # the log has room for no more
    for index, record in enumerate(vehicle.log.records):
        vehicle.log.records[index] = replace(record, asked_at=dt_util.utcnow() + timedelta(seconds=1))
    await hass.config_entries.async_reload(loaded.entry_id)
    assert loaded.runtime_data.vehicles[simulator.car("Leaf").vin].log.unfinished == ()


async def test_a_wake_that_was_refused_does_not_come_back_with_a_restart(
    hass: HomeAssistant, hass_storage: dict[str, Any], simulator: Simulator, loaded: MockConfigEntry
) -> None:
    """It was kept before the request left, and has been withdrawn since."""
    simulator.fail("actions/horn-lights", Fault.http(409, "409001"))
    assert await ask(hass, "button", "press", "button.leaf_horn") == "busy"
    for _ in range(2):
        vehicle = loaded.runtime_data.vehicles[simulator.car("Leaf").vin]
        assert vehicle.log.wakes.wakes == ()
        assert [each.command for each in vehicle.log.records] == ["sound_horn"]
        await hass.config_entries.async_reload(loaded.entry_id)
        await settle(hass)


@pytest.mark.parametrize(
    "damage",
    [
        None,
        7,
        "x",
        [],
        {"number": "x", "vehicles": []},
        {"number": 10**9, "vehicles": 5},
        {"number": 10**9, "vehicles": [None, {"key": []}]},
    ],
)
async def test_a_damaged_note_of_what_was_open_costs_nothing_else(
    hass: HomeAssistant, hass_storage: dict[str, Any], simulator: Simulator, loaded: MockConfigEntry, damage: Any
) -> None:
    await act(hass, "button", "press", "button.leaf_horn")
    await hass.config_entries.async_unload(loaded.entry_id)
    hass_storage[f"{DOMAIN}.{loaded.entry_id}.open"]["data"] = damage
    await hass.config_entries.async_setup(loaded.entry_id)
    await settle(hass)
    assert loaded.state is ConfigEntryState.LOADED
    vehicle = loaded.runtime_data.vehicles[simulator.car("Leaf").vin]
    assert [each.command for each in vehicle.log.records] == ["sound_horn"]


async def test_a_disk_that_hangs_holds_no_command_up(
    hass: HomeAssistant,
    simulator: Simulator,
    loaded: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    healed = Event()

    async def hang(_: Store[Any], data: Any) -> None:
        await healed.wait()

    monkeypatch.setattr(Store, "async_save", hang)
    asked = ask(hass, "button", "press", "button.leaf_horn")
    vehicle = loaded.runtime_data.vehicles[simulator.car("Leaf").vin]
    await meanwhile(hass, lambda: vehicle.log.wakes_today)
    freezer.tick(0.3)
    await meanwhile(hass, asked.done)
    assert asked.result() is None
    assert executed(simulator, "Leaf") == [SoundHorn()]
    healed.set()


@pytest.mark.parametrize(
    ("fault", "status", "reason", "wakes"),
    [
        (Fault.http(403, "403", "security.access"), CommandStatus.REJECTED, "not_supported", 0),
        (Fault.http(409, "409001"), CommandStatus.REJECTED, "busy", 0),
        (Fault.http(400, "400"), CommandStatus.REJECTED, "declined", 0),
        (Fault.rate_limited(), CommandStatus.REJECTED, "rate_limited", 0),
        (Fault.html(403), CommandStatus.BLOCKED, "access_blocked", 0),
        (Fault.http(500), CommandStatus.TIMED_OUT, "unavailable", 1),
        (Fault.malformed(), CommandStatus.TIMED_OUT, "protocol_error", 1),
    ],
)
async def test_a_refusal_is_told_from_an_outage(
    hass: HomeAssistant,
    simulator: Simulator,
    loaded: MockConfigEntry,
    fault: Fault,
    status: CommandStatus,
    reason: str,
    wakes: int,
) -> None:
    simulator.fail("actions/horn-lights", fault)
    assert await ask(hass, "button", "press", "button.leaf_horn") == reason
    vehicle = loaded.runtime_data.vehicles[simulator.car("Leaf").vin]
    outcome = vehicle.log.records[-1].outcome
    assert (outcome.status, outcome.reason) == (status, reason)
    assert vehicle.log.wakes_today == wakes


@pytest.mark.parametrize(
    ("at", "key"),
    [
        ("2026-11-20 11:59:00", "time_in_the_past"),
        ("0001-01-01T00:00:00+14:00", "time_too_far"),
        ("9999-12-31T23:59:59-14:00", "time_too_far"),
        ("2028-01-01 00:00:00", "time_too_far"),
        ("2027-03-28 01:30:00", "time_does_not_exist"),
    ],
)
async def test_a_start_at_an_impossible_time_is_refused(
    hass: HomeAssistant, simulator: Simulator, loaded: MockConfigEntry, at: str, key: str
) -> None:
    with pytest.raises(ServiceValidationError) as error:
        await start_climate(hass, loaded, simulator, at)
    assert error.value.translation_key == key
    assert executed(simulator, "Leaf") == []


async def test_a_start_that_is_near_is_one_now(
    hass: HomeAssistant, simulator: Simulator, loaded: MockConfigEntry
) -> None:
    at = dt_util.utcnow() + timedelta(seconds=45)
    await start_climate(hass, loaded, simulator, at.isoformat())
    assert executed(simulator, "Leaf") == [StartClimate(21)]


async def start_climate(hass: HomeAssistant, entry: MockConfigEntry, simulator: Simulator, at: str) -> None:
    """Have the LEAF's climate started at a time."""
    data = {"device_id": device_id(hass, entry, simulator, "Leaf"), "temperature": 21, "at": at}
    await hass.services.async_call(DOMAIN, "start_climate", data, blocking=True)
