"""What the owner of a charge plan sees and sets."""

from collections import Counter
from datetime import UTC, datetime, timedelta
import re
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.components.calendar import DOMAIN as CALENDAR_DOMAIN
from homeassistant.components.logbook import LOGBOOK_ENTRY_MESSAGE
from homeassistant.const import STATE_UNAVAILABLE, STATE_UNKNOWN, EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_capture_events

from custom_components.nissanconnect.const import DOMAIN, EVENT_ALERT

from .charging import WALLBOX, Wallbox, add_plan, electric, plug_in_empty, set_prices
from .conftest import LetTimePass, logbook_lines, set_up, settle, state
from .simulator import Simulator
from .test_automations import asked, automate, device_id, holds, on
from .test_commands import act

MINUTES = timedelta(minutes=1)
HOURS = timedelta(hours=1)

ENTITIES = {
    "button": ("charge_now", "skip_charge_plan"),
    "calendar": ("charge_plan",),
    "number": ("minimum_level", "target_level"),
    "sensor": (
        "charge_plan_status",
        "planned_cost",
        "planned_energy",
        "planned_finish",
        "planned_saving",
        "planned_start",
    ),
    "switch": ("smart_charging",),
    "time": ("ready_by",),
}
EVERY_ID = {f"{platform}.leaf_{name}" for platform, names in ENTITIES.items() for name in names}

LEVELS = ("number.leaf_minimum_level", "number.leaf_target_level")
STATUS = "sensor.leaf_charge_plan_status"
CALENDAR = "calendar.leaf_charge_plan"
EVENING = datetime(2026, 11, 20, 18, tzinfo=UTC)
MIDNIGHT = EVENING + 6 * HOURS
CHEAP = range(28, 48)
"""The quarters from one to six o'clock."""


@pytest.fixture
async def planned(
    hass: HomeAssistant, simulator: Simulator, entry: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> MockConfigEntry:
    """The account in the evening, with a charge plan for the LEAF, which is not plugged in."""
    freezer.move_to(EVENING)
    simulator.vehicle("Leaf").advance(EVENING)
    simulator.vehicle("Leaf").unplug()
    await Wallbox(hass, simulator).async_build()
    set_prices(hass, EVENING, [0.10 if i in CHEAP else 0.30 for i in range(60)])
    await set_up(hass, entry)
    await add_plan(hass, entry, target=80, minimum=20, ready_by="07:00:00", capacity=37.2)
    return entry


async def plug_in(simulator: Simulator, pass_time: LetTimePass) -> None:
    """Plug the LEAF in at 50 %, and wait until that was read."""
    plug_in_empty(simulator, 50)
    await pass_time(31 * MINUTES, 5 * MINUTES)


def shown(hass: HomeAssistant, *names: str) -> list[str]:
    """What sensors of the plan show."""
    return [state(hass, f"sensor.leaf_{name}").state for name in names]


def at(hours: float) -> str:
    """A time of the night, counted from midnight, as a sensor shows it."""
    return (MIDNIGHT + hours * HOURS).isoformat()


async def events(hass: HomeAssistant) -> list[tuple[str, str, str]]:
    """All events of the calendar."""
    span = {"start_date_time": "2026-11-20", "end_date_time": "2026-11-23"}
    found: Any = await hass.services.async_call(
        CALENDAR_DOMAIN, "get_events", {"entity_id": CALENDAR, **span}, blocking=True, return_response=True
    )
    return [(each["start"], each["end"], each["summary"]) for each in found[CALENDAR]["events"]]


async def test_a_night(
    hass: HomeAssistant, simulator: Simulator, planned: MockConfigEntry, pass_time: LetTimePass
) -> None:
    started = await automate(hass, asked(f"{DOMAIN}.is_in_cheap_block", {"device_id": device_id(hass, planned)}))
    assert state(hass, STATUS).state == "not_plugged_in"
    assert state(hass, STATUS).attributes["reason"] == "unplugged"
    assert set(shown(hass, *(name for name in ENTITIES["sensor"] if name.startswith("planned")))) == {STATE_UNKNOWN}
    assert [state(hass, each).state for each in LEVELS] == ["20", "80"]
    assert state(hass, "time.leaf_ready_by").state == "07:00:00"
    assert state(hass, "switch.leaf_smart_charging").state == "on"
    assert await events(hass) == []

    await plug_in(simulator, pass_time)
    told = state(hass, STATUS)
    assert (told.state, told.attributes["reason"]) == ("planned", "cheapest")
    assert {name: told.attributes[name] for name in ("plan", "level", "missing", "failure")} == {
        "plan": "Home",
        "level": 80,
        "missing": None,
        "failure": None,
    }
    start, finish = shown(hass, "planned_start", "planned_finish")
    assert (start, at(2.5) < finish < at(3.5)) == (at(1), True)
    first, block = await events(hass)
    assert first == (at(-6), (EVENING + 10 * MINUTES).isoformat(), "1.1 kWh, 0.33 EUR"), "until that was read"
    energy, cost, saving = map(float, shown(hass, "planned_energy", "planned_cost", "planned_saving"))
    hours = (datetime.fromisoformat(finish) - MIDNIGHT) / HOURS - 1
    planned_energy = energy - 1.1
    assert planned_energy == pytest.approx(hours * 6.6, abs=0.2)
    assert cost == pytest.approx(0.33 + planned_energy * 0.1, abs=0.02)
    assert saving == pytest.approx(planned_energy * 0.2, abs=0.2)
    assert block == (start, finish, f"{planned_energy:.1f} kWh, {cost - 0.33:.2f} EUR")
    assert state(hass, "sensor.leaf_planned_cost").attributes["unit_of_measurement"] == "EUR"
    assert state(hass, CALENDAR).state == "off"
    assert state(hass, CALENDAR).attributes["message"] == block[2]
    assert state(hass, WALLBOX).state == "off"
    assert not await holds(hass, started)

    await pass_time(7 * HOURS, 5 * MINUTES)
    found, begun = shown(hass, "charge_plan_status", "planned_start")
    assert (found, at(1) <= begun <= at(1.1)) == ("charging", True)
    assert [state(hass, each).state for each in (CALENDAR, WALLBOX)] == ["on", "on"]
    assert await holds(hass, started)

    await pass_time(3 * HOURS, 5 * MINUTES)
    assert shown(hass, "charge_plan_status", "planned_start") == ["done", STATE_UNKNOWN]
    assert state(hass, STATUS).attributes["reason"] == "above_target"
    assert [state(hass, each).state for each in (CALENDAR, WALLBOX)] == ["off", "off"]
    assert not await holds(hass, started)
    assert 79 < electric(simulator).battery.level < 86, "it reports no level in between"
    listed = await events(hass)
    assert [each[0] for each in listed] == [at(-6), begun], "what has been stays in the calendar"
    assert listed[-1][1] == shown(hass, "planned_finish")[0]

    simulator.vehicle("Leaf").unplug()
    await pass_time(31 * MINUTES, 5 * MINUTES)
    assert shown(hass, "charge_plan_status") == ["not_plugged_in"]
    assert await events(hass) == []


async def test_what_is_wished_changes_the_plan_at_once(
    hass: HomeAssistant, simulator: Simulator, planned: MockConfigEntry, pass_time: LetTimePass
) -> None:
    await plug_in(simulator, pass_time)
    account = planned.runtime_data
    before = float(*shown(hass, "planned_energy"))

    await act(hass, "number", "set_value", "number.leaf_target_level", value=70)
    await settle(hass)
    assert float(*shown(hass, "planned_energy")) == pytest.approx(before * 2 / 3, abs=0.25)
    assert state(hass, STATUS).attributes["level"] == 70
    assert state(hass, "number.leaf_target_level").state == "70"

    await act(hass, "time", "set_value", "time.leaf_ready_by", time="02:00:00")
    await settle(hass)
    assert state(hass, "time.leaf_ready_by").state == "02:00:00"
    assert shown(hass, "planned_finish") == [at(2)]

    await act(hass, "number", "set_value", "number.leaf_minimum_level", value=60)
    await settle(hass)
    assert state(hass, "number.leaf_minimum_level").state == "60"
    assert shown(hass, "charge_plan_status") == ["charging"]

    (subentry,) = planned.get_subentries_of_type("charge_plan")
    assert {name: subentry.data[name] for name in ("target", "minimum", "ready_by")} == {
        "target": 70,
        "minimum": 60,
        "ready_by": "02:00:00",
    }
    assert subentry.data["capacity"] == 37.2, "nothing else has changed"
    assert planned.runtime_data is account, "it was not loaded again"


async def test_what_is_wished_before_it_is_plugged_in_is_shown(
    hass: HomeAssistant, planned: MockConfigEntry, pass_time: LetTimePass
) -> None:
    await act(hass, "number", "set_value", "number.leaf_target_level", value=100)
    await settle(hass)
    assert state(hass, "number.leaf_target_level").state == "100"


async def test_a_vehicle_that_cannot_stop_has_no_other_target_than_full(
    hass: HomeAssistant, planned: MockConfigEntry
) -> None:
    (subentry,) = planned.subentries.values()
    hass.config_entries.async_update_subentry(planned, subentry, data={**subentry.data, "switched_by": "vehicle"})
    await settle(hass)
    assert state(hass, "number.leaf_target_level").state == "100"
    with pytest.raises(ServiceValidationError, match="cannot stop"):
        await act(hass, "number", "set_value", "number.leaf_target_level", value=80)
    await act(hass, "number", "set_value", "number.leaf_target_level", value=100)


@pytest.mark.parametrize("value", [5, 101])
async def test_a_level_that_no_plan_has_is_refused(hass: HomeAssistant, planned: MockConfigEntry, value: int) -> None:
    with pytest.raises(ServiceValidationError):
        await act(hass, "number", "set_value", "number.leaf_target_level", value=value)
    assert state(hass, "number.leaf_target_level").state == "80"


async def test_charge_now(
    hass: HomeAssistant, simulator: Simulator, planned: MockConfigEntry, pass_time: LetTimePass
) -> None:
    await plug_in(simulator, pass_time)
    await act(hass, "button", "press", "button.leaf_charge_now")
    await settle(hass)
    found = state(hass, STATUS)
    assert (found.state, found.attributes["reason"]) == ("charging", "wished")
    assert [state(hass, each).state for each in (CALENDAR, WALLBOX)] == ["on", "on"]
    assert float(*shown(hass, "planned_saving")) == pytest.approx(0, abs=0.2)


async def test_the_saving_belongs_to_the_target_as_it_is_now(
    hass: HomeAssistant, simulator: Simulator, planned: MockConfigEntry, pass_time: LetTimePass
) -> None:
    await plug_in(simulator, pass_time)
    for target in (60, 95, 80):
        await act(hass, "number", "set_value", "number.leaf_target_level", value=target)
        await settle(hass)
        energy, saving = map(float, shown(hass, "planned_energy", "planned_saving"))
        assert saving == pytest.approx((energy - 1.1) * 0.2, abs=0.1), target
    await act(hass, "number", "set_value", "number.leaf_target_level", value=40)
    await settle(hass)
    assert shown(hass, "planned_saving") == [STATE_UNKNOWN], "there is nothing to save"


async def test_skip(
    hass: HomeAssistant, simulator: Simulator, planned: MockConfigEntry, pass_time: LetTimePass
) -> None:
    await plug_in(simulator, pass_time)
    await act(hass, "button", "press", "button.leaf_skip_charge_plan")
    await settle(hass)
    found = state(hass, STATUS)
    assert (found.state, found.attributes["reason"]) == ("skipped", "wished")
    assert state(hass, WALLBOX).state == "on"
    assert len(await events(hass)) == 1, "what is not done is not announced"
    assert shown(hass, "planned_start", "planned_saving") == [STATE_UNKNOWN] * 2
    assert shown(hass, "planned_energy", "planned_cost") == ["1.1", "0.33"], "what it took so far"


async def test_who_switches_by_hand_turns_smart_charging_off_until_it_is_turned_on_again(
    hass: HomeAssistant, simulator: Simulator, planned: MockConfigEntry, pass_time: LetTimePass
) -> None:
    switch = "switch.leaf_smart_charging"
    await plug_in(simulator, pass_time)
    await act(hass, "input_boolean", "turn_on", WALLBOX)
    await settle(hass)
    assert shown(hass, "charge_plan_status", "planned_start") == ["suspended", STATE_UNKNOWN]
    assert state(hass, switch).state == "off"

    await act(hass, "switch", "turn_on", switch)
    await settle(hass)
    assert shown(hass, "charge_plan_status", "planned_start") == ["planned", at(1)]
    assert [state(hass, each).state for each in (switch, WALLBOX)] == ["on", "off"]

    await act(hass, "switch", "turn_off", switch)
    await settle(hass)
    assert shown(hass, "charge_plan_status", "planned_start") == ["off", STATE_UNKNOWN]
    assert [state(hass, each).state for each in (switch, WALLBOX)] == ["off", "on"]


@pytest.mark.parametrize("button", ["charge_now", "skip_charge_plan"])
async def test_a_button_says_why_it_can_do_nothing(hass: HomeAssistant, planned: MockConfigEntry, button: str) -> None:
    with pytest.raises(ServiceValidationError) as error:
        await act(hass, "button", "press", f"button.leaf_{button}")
    assert error.value.translation_key == "no_charge_session"


async def test_actions_for_a_whole_room_leave_the_plan_alone(hass: HomeAssistant, planned: MockConfigEntry) -> None:
    registry = er.async_get(hass)
    settable = {each for each in EVERY_ID if not each.startswith(("calendar.", "sensor."))}
    assert {registry.entities[each].entity_category for each in settable} == {EntityCategory.CONFIG}
    await hass.services.async_call("switch", "turn_off", {"device_id": device_id(hass, planned)}, blocking=True)
    assert state(hass, "switch.leaf_smart_charging").state == "on"


async def test_what_is_planned_has_no_statistics(hass: HomeAssistant, planned: MockConfigEntry) -> None:
    for name in ENTITIES["sensor"]:
        assert "state_class" not in state(hass, f"sensor.leaf_{name}").attributes
    currency = state(hass, "sensor.leaf_planned_cost").attributes["unit_of_measurement"]
    assert currency == hass.config.currency, "until prices are read"


def existing(hass: HomeAssistant, vehicle: str = "leaf") -> set[str]:
    """Which entities of a charge plan a vehicle has."""
    names = {each.replace("leaf", vehicle) for each in EVERY_ID}
    return {each for each in names if hass.states.get(each) and er.async_get(hass).async_get(each)}


async def test_only_a_vehicle_with_a_plan_has_the_entities(hass: HomeAssistant, planned: MockConfigEntry) -> None:
    assert existing(hass) == EVERY_ID
    assert existing(hass, "ariya") == existing(hass, "qashqai") == set()

    (subentry,) = planned.get_subentries_of_type("charge_plan")
    hass.config_entries.async_remove_subentry(planned, subentry.subentry_id)
    await settle(hass)
    assert existing(hass) == set()

    await add_plan(hass, planned, target=90)
    assert existing(hass) == EVERY_ID
    assert state(hass, "number.leaf_target_level").state == "90"

    await add_plan(hass, planned)
    assert existing(hass) == EVERY_ID, "two plans share them"


async def test_a_plan_that_was_deleted_while_the_account_was_not_loaded(
    hass: HomeAssistant, planned: MockConfigEntry
) -> None:
    await hass.config_entries.async_unload(planned.entry_id)
    (subentry,) = planned.get_subentries_of_type("charge_plan")
    hass.config_entries.async_remove_subentry(planned, subentry.subentry_id)
    await hass.config_entries.async_setup(planned.entry_id)
    await settle(hass)
    assert existing(hass) == set()


async def test_a_restart_in_the_middle_of_a_block_changes_nothing(
    hass: HomeAssistant, simulator: Simulator, planned: MockConfigEntry, pass_time: LetTimePass
) -> None:
    await plug_in(simulator, pass_time)
    await pass_time(7 * HOURS, 5 * MINUTES)
    changed = async_capture_events(hass, "state_changed")
    before, listed = shown(hass, *ENTITIES["sensor"]), await events(hass)
    assert before[0] == "charging"
    await hass.config_entries.async_reload(planned.entry_id)
    await settle(hass)
    assert shown(hass, *ENTITIES["sensor"]) == before
    assert await events(hass) == listed
    assert [each for each in changed if each.data["entity_id"] == WALLBOX] == []
    seen = {(each.data["entity_id"], each.data["new_state"].state) for each in changed if each.data["new_state"]}
    statuses = {status for entity_id, status in seen if entity_id == STATUS}
    assert statuses == {STATE_UNAVAILABLE, "charging"}, "nothing else comes in between, which could start something"
    assert {status for entity_id, status in seen if entity_id == CALENDAR} == {STATE_UNAVAILABLE, "on"}


async def test_a_quiet_night_writes_few_rows(
    hass: HomeAssistant, simulator: Simulator, planned: MockConfigEntry, pass_time: LetTimePass
) -> None:
    """Each state that differs is a row of the recorder."""
    await plug_in(simulator, pass_time)
    changed = async_capture_events(hass, "state_changed")
    await pass_time(10 * HOURS, 5 * MINUTES)
    assert shown(hass, "charge_plan_status") == ["done"]
    rows = Counter(each.data["entity_id"] for each in changed if each.data["entity_id"] in EVERY_ID)
    assert {name: count for name, count in rows.items() if count > 12} == {}


async def test_a_wallbox_that_does_not_obey_is_told_with_the_reason(
    hass: HomeAssistant, simulator: Simulator, planned: MockConfigEntry, pass_time: LetTimePass
) -> None:
    started = await automate(hass, on("plan_failed", {"device_id": device_id(hass, planned)}))
    told = async_capture_events(hass, EVENT_ALERT)
    lines = logbook_lines(hass, "event.leaf_alert")
    await plug_in(simulator, pass_time)
    hass.states.async_set(WALLBOX, "unavailable")
    await pass_time(7 * HOURS, 5 * MINUTES)
    found = state(hass, STATUS)
    assert (found.state, found.attributes["reason"]) == ("charging", "not_obeyed")
    assert found.attributes["failure"] == "switch_unavailable"
    failed = [each.data for each in told if each.data["type"] == "plan_failed"]
    assert [each["reason"] for each in failed] == ["switch_unavailable"]
    said = [each.data[LOGBOOK_ENTRY_MESSAGE] for each in lines]
    assert "Charge plan failed. What switches charging is unavailable." in said
    assert started == [], "its event entity was removed for the logbook"


async def test_what_will_be_late_is_told_once(
    hass: HomeAssistant, simulator: Simulator, planned: MockConfigEntry, pass_time: LetTimePass
) -> None:
    lines = logbook_lines(hass, "event.leaf_alert")
    await act(hass, "time", "set_value", "time.leaf_ready_by", time="19:00:00")
    await plug_in(simulator, pass_time)
    found = state(hass, STATUS)
    assert (found.state, found.attributes["reason"]) == ("too_late", "not_enough_time")
    assert 13 <= found.attributes["missing"] <= 16
    await pass_time(HOURS, 5 * MINUTES)
    said = [each.data[LOGBOOK_ENTRY_MESSAGE] for each in lines]
    assert len([each for each in said if re.fullmatch(r"Charge plan will be late: 1\d % will be missing", each)]) == 1
