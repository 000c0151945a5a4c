"""Who asked what of a vehicle, how it ended, and what a restart in the middle does to it."""

from datetime import timedelta
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.components.logbook import LOGBOOK_ENTRY_MESSAGE, LOGBOOK_ENTRY_NAME
from homeassistant.const import EVENT_STATE_CHANGED, STATE_UNKNOWN
from homeassistant.core import Context, Event, EventStateChangedData, HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.translation import async_get_translations
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, MockUser, async_capture_events

from custom_components.nissanconnect.const import DOMAIN, EVENT_COMMAND
from custom_components.nissanconnect.engine.command_job import Unfinished
from custom_components.nissanconnect.settings import OPTION_ANSWER_AT_ONCE, OPTION_CLIMATE_BATTERY
from custom_components.nissanconnect.vehicle import CommandStatus, Initiator, SoundHorn, StartClimate, StopClimate

from .conftest import NOON, LetTimePass, logbook_lines, set_up, settle, state
from .simulator import Fault, Simulator
from .simulator.cars.electric import Electric
from .simulator.cars.telematics import Manner
from .test_commands import act, device_id, executed

CLIMATE = "climate.leaf_climate"


async def ask(hass: HomeAssistant, action: str, device: str, **data: Any) -> Any:
    """Ask a question about one vehicle and return the answer."""
    response = await hass.services.async_call(
        DOMAIN, action, {"device_id": device, **data}, blocking=True, return_response=True
    )
    assert response is not None
    vehicles: Any = response["vehicles"]
    return vehicles[device]["answer"]


async def test_a_confirmed_command_is_an_event_and_a_line_of_the_log(
    hass: HomeAssistant, simulator: Simulator, loaded: MockConfigEntry, hass_admin_user: MockUser
) -> None:
    fired = async_capture_events(hass, EVENT_COMMAND)
    assert state(hass, "event.leaf_command").state == STATE_UNKNOWN
    await hass.services.async_call(
        "climate", "turn_on", {"entity_id": CLIMATE}, blocking=True, context=Context(user_id=hass_admin_user.id)
    )
    told = {
        "command": "start_climate",
        "reason": None,
        "code": None,
        "asked_by": hass_admin_user.name,
        "backend": "kamereon",
    }
    attributes = state(hass, "event.leaf_command").attributes
    assert attributes["event_type"] == "confirmed"
    assert attributes.items() >= {name: value for name, value in told.items() if value is not None}.items()
    assert 3 < attributes["seconds"] < 120

    leaf = device_id(hass, loaded, simulator, "Leaf")
    (line,) = await ask(hass, "command_log", leaf)
    assert line.items() >= {**told, "status": "confirmed"}.items()
    assert line["asked_at"] == "2026-11-20T12:00:00+00:00"

    (event,) = fired
    assert event.data.items() >= {**told, "type": "confirmed", "vehicle": "LEAF", "device_id": leaf}.items()


async def test_logbook(hass: HomeAssistant, simulator: Simulator, loaded: MockConfigEntry) -> None:
    lines = logbook_lines(hass, "event.leaf_command")
    await act(hass, "climate", "turn_on", CLIMATE)
    simulator.vehicle("Leaf").telematics.manner = Manner.REFUSING
    with pytest.raises(HomeAssistantError):
        await act(hass, "climate", "turn_off", CLIMATE)
    assert [line.data[LOGBOOK_ENTRY_NAME] for line in lines] == ["LEAF", "LEAF"]
    confirmed, rejected = (line.data[LOGBOOK_ENTRY_MESSAGE] for line in lines)
    assert confirmed.startswith("Start climate: Confirmed by the vehicle, after ")
    assert confirmed.endswith(" s, requested by Home Assistant")
    assert rejected.startswith("Stop climate: Rejected, after ")
    assert ". The vehicle rejected the command (code " in rejected
    assert "{" not in rejected


async def test_the_logbook_speaks_the_language_of_home_assistant(
    hass: HomeAssistant, simulator: Simulator, loaded: MockConfigEntry
) -> None:
    hass.config.language = "de"  # entities have got their English ids by now
    await async_get_translations(hass, "de", "entity", {DOMAIN})
    lines = logbook_lines(hass, "event.leaf_command")
    await act(hass, "climate", "turn_on", CLIMATE)
    line = lines[0].data[LOGBOOK_ENTRY_MESSAGE]
    assert line.startswith("Klimatisierung starten: ")
    assert " s, angefordert von Home Assistant" in line


async def test_an_automation_is_named(hass: HomeAssistant, simulator: Simulator, loaded: MockConfigEntry) -> None:
    assert await async_setup_component(
        hass,
        "automation",
        {
            "automation": {
                "id": "warm",
                "alias": "Warm the car",
                "triggers": {"trigger": "event", "event_type": "cold"},
                "actions": {"action": "climate.turn_on", "target": {"entity_id": CLIMATE}},
            }
        },
    )
    await hass.async_block_till_done()
    hass.bus.async_fire("cold")
    await hass.async_block_till_done(wait_background_tasks=True)
    (line,) = await ask(hass, "command_log", device_id(hass, loaded, simulator, "Leaf"))
    assert (line["asked_by"], line["status"]) == ("Warm the car", "confirmed")


@pytest.mark.parametrize("manner", [Manner.REFUSING, Manner.SILENT])
async def test_what_fails_is_logged_too(
    hass: HomeAssistant, simulator: Simulator, loaded: MockConfigEntry, manner: Manner
) -> None:
    simulator.vehicle("Leaf").telematics.manner = manner
    with pytest.raises(HomeAssistantError):
        await act(hass, "climate", "turn_on", CLIMATE)
    (line,) = await ask(hass, "command_log", device_id(hass, loaded, simulator, "Leaf"))
    expected = {
        Manner.REFUSING: ("rejected", "rejected_by_vehicle", "12"),
        Manner.SILENT: ("timed_out", "no_answer", None),
    }
    assert (line["status"], line["reason"], line["code"]) == expected[manner]
    assert state(hass, "event.leaf_command").attributes["event_type"] == line["status"]


async def test_the_log_outlives_restarts_and_keeps_fifty(
    hass: HomeAssistant, simulator: Simulator, loaded: MockConfigEntry
) -> None:
    for _ in range(55):
        await act(hass, "button", "press", "button.leaf_horn")
    await hass.config_entries.async_reload(loaded.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    lines = await ask(hass, "command_log", device_id(hass, loaded, simulator, "Leaf"))
    assert len(lines) == 50
    assert lines == sorted(lines, key=lambda line: line["asked_at"], reverse=True)


async def test_a_restart_in_the_middle_loses_no_outcome_and_sends_nothing_again(
    hass: HomeAssistant,
    simulator: Simulator,
    loaded: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
) -> None:
    stuck = hass.loop.create_future()

    async def never(seconds: float) -> None:
        await stuck

    vehicle = loaded.runtime_data.vehicles[simulator.car("Leaf").vin]
    vehicle.commands.runner._sleep = never
    waiting = hass.async_create_task(act(hass, "climate", "turn_on", CLIMATE))
    while not [each for each in vehicle.log.unfinished if each.ticket]:
        await hass.async_add_executor_job(lambda: None)
    await hass.config_entries.async_unload(loaded.entry_id)
    with pytest.raises(HomeAssistantError) as error:
        await waiting
    assert error.value.translation_key == "interrupted"

    freezer.tick(timedelta(minutes=3))
    await set_up(hass, loaded)
    (line,) = await ask(hass, "command_log", device_id(hass, loaded, simulator, "Leaf"))
    assert (line["command"], line["status"]) == ("start_climate", CommandStatus.CONFIRMED)
    assert simulator.requests["actions/hvac-start"] == 1
    assert simulator.requests["wakes"] == 1
    assert executed(simulator, "Leaf") == [StartClimate(21)]
    assert state(hass, CLIMATE).state == "heat_cool"


async def test_what_was_not_sent_before_a_restart_is_told_and_not_sent_after_it(
    hass: HomeAssistant, simulator: Simulator, loaded: MockConfigEntry
) -> None:
    vehicle = loaded.runtime_data.vehicles[simulator.car("Leaf").vin]
    simulator.fail("actions/hvac-start", Fault.hang())
    for command in (StartClimate(21), StopClimate()):
        vehicle.commands.async_submit(command, Initiator(kind="user", name="Robin"))
    while not simulator.requests["actions/hvac-start"]:
        await hass.async_add_executor_job(lambda: None)
    fired = async_capture_events(hass, EVENT_COMMAND)
    await hass.config_entries.async_reload(loaded.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)

    lines = await ask(hass, "command_log", device_id(hass, loaded, simulator, "Leaf"))
    assert {(line["command"], line["status"], line["reason"], line["asked_by"]) for line in lines} == {
        ("start_climate", "timed_out", "no_answer", "Robin"),
        ("stop_climate", "blocked", "interrupted", "Robin"),
    }
    assert len(lines) == len(fired) == 2
    assert state(hass, "event.leaf_command").attributes["command"] == "start_climate", "the last one to end"
    assert simulator.requests["actions/hvac-start"] == 1
    assert state(hass, "sensor.leaf_wakes_today").state == "1"
    assert loaded.runtime_data.vehicles[simulator.car("Leaf").vin].log.unfinished == ()


async def test_the_entity_hears_of_what_ended_with_a_restart(
    hass: HomeAssistant, simulator: Simulator, loaded: MockConfigEntry
) -> None:
    vehicle = loaded.runtime_data.vehicles[simulator.car("Leaf").vin]
    vehicle.log._unresumed = (Unfinished(command=SoundHorn(), asked_by=Initiator(kind="user"), asked_at=NOON),)
    await hass.config_entries.async_reload(loaded.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert state(hass, "event.leaf_command").attributes.items() >= {
        ("event_type", "blocked"),
        ("command", "sound_horn"),
        ("reason", "interrupted"),
    }


async def test_what_ends_after_an_account_is_closed_overwrites_nothing(
    hass: HomeAssistant,
    simulator: Simulator,
    loaded: MockConfigEntry,
    hass_storage: dict[str, Any],
    pass_time: LetTimePass,
) -> None:
    vehicle = loaded.runtime_data.vehicles[simulator.car("Leaf").vin]
    await hass.config_entries.async_unload(loaded.entry_id)
    file = f"{DOMAIN}.{loaded.entry_id}"
    hass_storage[file] = {"successor": True}
    async with vehicle.log.async_waking("set_pin", Initiator(kind="user")) as departure, departure():
        pass
    await pass_time(timedelta(minutes=1), timedelta(seconds=1))  # what is written soon is written by then
    assert hass_storage[file] == {"successor": True}


async def test_an_equal_command_joins_the_first(
    hass: HomeAssistant, simulator: Simulator, loaded: MockConfigEntry
) -> None:
    both = [hass.async_create_task(act(hass, "climate", "turn_on", CLIMATE)) for _ in range(2)]
    for each in both:
        await each
    assert simulator.requests["actions/hvac-start"] == 1
    assert len(await ask(hass, "command_log", device_id(hass, loaded, simulator, "Leaf"))) == 1


async def test_the_in_between_is_shown(hass: HomeAssistant, simulator: Simulator, loaded: MockConfigEntry) -> None:
    seen: list[tuple[str, str | None]] = []

    @callback  # or each would be called in another thread, in any order
    def changed(event: Event[EventStateChangedData]) -> None:
        if event.data["entity_id"] == CLIMATE and (new := event.data["new_state"]) is not None:
            seen.append((new.state, new.attributes.get("hvac_action")))

    hass.bus.async_listen(EVENT_STATE_CHANGED, changed)
    await act(hass, "climate", "turn_on", CLIMATE)
    await settle(hass)
    assert seen[0] == ("off", "preheating")
    assert seen[-1] == ("heat_cool", None)
    assert ("heat_cool", None) not in seen[:1]


async def test_answer_at_once(
    hass: HomeAssistant, simulator: Simulator, entry: MockConfigEntry, pass_time: LetTimePass
) -> None:
    entry.add_to_hass(hass)
    hass.config_entries.async_update_entry(entry, options={OPTION_ANSWER_AT_ONCE: True})
    await set_up(hass, entry)
    await act(hass, "climate", "turn_on", CLIMATE)
    assert state(hass, CLIMATE).state == "off", "accepted, not confirmed"
    assert state(hass, CLIMATE).attributes["hvac_action"] == "preheating"
    await hass.async_block_till_done(wait_background_tasks=True)
    assert state(hass, CLIMATE).state == "heat_cool"
    assert state(hass, "event.leaf_command").attributes["event_type"] == "confirmed"

    simulator.fail("actions", Fault.http(403))
    with pytest.raises(ServiceValidationError):
        await act(hass, "climate", "turn_off", CLIMATE)


async def test_preflight(hass: HomeAssistant, simulator: Simulator, loaded: MockConfigEntry) -> None:
    leaf = device_id(hass, loaded, simulator, "Leaf")
    qashqai = device_id(hass, loaded, simulator, "Qashqai")
    assert await ask(hass, "preflight", leaf, command="start_climate") == {
        "allowed": True,
        "reason": None,
        "message": None,
        "overridable": False,
        "warning": None,
        "warning_message": None,
    }
    refused = await ask(hass, "preflight", qashqai, command="start_climate")
    assert refused == {
        "allowed": False,
        "reason": "not_supported",
        "message": "This vehicle, or its contract, does not offer that.",
        "overridable": False,
        "warning": None,
        "warning_message": None,
    }
    assert simulator.requests["actions"] == 0


async def test_a_blocked_command_is_explained_logged_and_not_sent(
    hass: HomeAssistant, simulator: Simulator, loaded: MockConfigEntry, pass_time: LetTimePass
) -> None:
    leaf = simulator.vehicle("Leaf")
    assert isinstance(leaf.powertrain, Electric)
    leaf.powertrain.battery.energy *= 0.1
    leaf.unplug()
    leaf.report(("battery", "charging"))  # type: ignore[arg-type]
    await pass_time(timedelta(minutes=11))
    hass.config_entries.async_update_entry(loaded, options={OPTION_CLIMATE_BATTERY: 40})
    await hass.config_entries.async_reload(loaded.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    simulator.requests.clear()
    with pytest.raises(ServiceValidationError) as error:
        await act(hass, "climate", "turn_on", CLIMATE)
    assert error.value.translation_key == "battery_low"
    assert simulator.requests["actions"] == 0
    device = device_id(hass, loaded, simulator, "Leaf")
    (line,) = await ask(hass, "command_log", device)
    assert (line["status"], line["reason"]) == ("blocked", "battery_low")
    with pytest.raises(ServiceValidationError) as error:
        await act(hass, "button", "press", "button.leaf_start_charging")
    assert error.value.translation_key == "not_plugged_in"
    assert not (await ask(hass, "preflight", device, command="start_charging"))["allowed"]


async def test_a_device_may_be_gone_when_its_command_ends(
    hass: HomeAssistant, simulator: Simulator, loaded: MockConfigEntry
) -> None:
    fired = async_capture_events(hass, EVENT_COMMAND)
    dr.async_get(hass).async_remove_device(device_id(hass, loaded, simulator, "Leaf"))
    await loaded.runtime_data.vehicles[simulator.car("Leaf").vin].commands.async_execute(StartClimate(21))
    assert [event.data["device_id"] for event in fired] == [None]
