"""Charge plans in a hostile world: the current stays on when in doubt, and whoever switches by hand wins."""

from datetime import timedelta
from typing import Any

from homeassistant.config_entries import ConfigEntryDisabler
from homeassistant.const import EVENT_HOMEASSISTANT_STARTED
from homeassistant.core import Context, CoreState, HomeAssistant, ServiceCall, SupportsResponse, callback
from homeassistant.helpers.event import async_call_later
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_capture_events

from custom_components.nissanconnect.charging import planning
from custom_components.nissanconnect.charging.control import ChargeControl
from custom_components.nissanconnect.charging.inputs import ChargeInputs
from custom_components.nissanconnect.const import EVENT_ALERT
from custom_components.nissanconnect.engine.charge_plan import ChargePlan, PlanReason, PlanStatus

from .charging import WALLBOX, Wallbox, add_plan, electric, plug_in_empty, runtime
from .conftest import LetTimePass, set_up, settle, state
from .simulator import Fault, Simulator
from .test_charge_control import plan_at_night, shown, standing, wallbox

__all__ = ["wallbox"]

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


async def plan_in_house(
    hass: HomeAssistant, simulator: Simulator, entry: MockConfigEntry, pass_time: LetTimePass, **data: Any
) -> ChargeControl:
    """Plug the LEAF in with 55 %, and have it wait for the cheap hours; the account is loaded already."""
    plug_in_empty(simulator, 55)
    await add_plan(hass, entry, **{"target": 80, "ready_by": "07:00:00", **data})
    await pass_time(40 * MINUTE)
    return runtime(entry).charge


async def turn(hass: HomeAssistant, on: bool, entity_id: str = WALLBOX) -> None:
    """Switch by an automation, which is as good as by hand."""
    action = "turn_on" if on else "turn_off"
    await hass.services.async_call(
        "input_boolean", action, {"entity_id": entity_id}, blocking=True, context=Context(parent_id="automation")
    )
    await settle(hass)


async def test_whoever_switches_by_hand_wins_also_after_a_restart(
    hass: HomeAssistant, simulator: Simulator, entry: MockConfigEntry, wallbox: Wallbox, pass_time: LetTimePass
) -> None:
    await plan_at_night(hass, simulator, entry, pass_time)
    await hass.config_entries.async_reload(entry.entry_id)
    await pass_time(2 * MINUTE)
    assert not wallbox.is_on
    await turn(hass, True)
    await pass_time(30 * MINUTE)
    assert wallbox.is_on
    assert standing(runtime(entry).charge) is PlanStatus.SUSPENDED


async def test_a_switch_that_shows_its_old_state_once_more_was_not_switched_by_hand(
    hass: HomeAssistant, simulator: Simulator, entry: MockConfigEntry, wallbox: Wallbox, pass_time: LetTimePass
) -> None:
    await set_up(hass, entry)
    plug_in_empty(simulator, 55)
    await add_plan(hass, entry, target=80, ready_by="07:00:00")
    for _ in range(40):
        if wallbox.is_on:
            await pass_time(MINUTE)
    hass.states.async_set(WALLBOX, "on")
    await pass_time(MINUTE)
    hass.states.async_set(WALLBOX, "off")
    await pass_time(MINUTE)
    assert standing(runtime(entry).charge) is PlanStatus.PLANNED
    await pass_time(10 * MINUTE)
    assert not wallbox.is_on


async def test_two_who_fight_for_a_wallbox_are_told_of(
    hass: HomeAssistant, simulator: Simulator, entry: MockConfigEntry, wallbox: Wallbox, pass_time: LetTimePass
) -> None:
    events = async_capture_events(hass, EVENT_ALERT)
    charge = await plan_at_night(hass, simulator, entry, pass_time)
    for _ in range(120):
        if not wallbox.is_on:
            hass.states.async_set(WALLBOX, "on")
        await pass_time(MINUTE)
    told = [event for event in events if event.data["type"] == "plan_failed"]
    assert len(told) == 1 or standing(charge) is PlanStatus.SUSPENDED
    assert len(wallbox.switched) < 12


async def test_an_order_to_a_slow_switch_is_not_left_out_because_of_what_it_still_shows(
    hass: HomeAssistant, simulator: Simulator, entry: MockConfigEntry, wallbox: Wallbox, pass_time: LetTimePass
) -> None:
    charge = await slow_switch(hass, simulator, entry, pass_time)
    charge.async_charge_now()
    for _ in range(30):
        await pass_time(MINUTE)
    assert standing(charge) is PlanStatus.CHARGING
    assert state(hass, "switch.slow").state == "on"


async def slow_switch(
    hass: HomeAssistant, simulator: Simulator, entry: MockConfigEntry, pass_time: LetTimePass
) -> ChargeControl:
    """A switch that takes three minutes to show and do what it was told, until a pause was ordered."""
    told: list[bool] = []
    hass.states.async_set("switch.slow", "on")

    @callback
    def act(call: ServiceCall) -> None:
        on = call.service == "turn_on"
        told.append(on)

        def show(_: Any = None) -> None:
            hass.states.async_set("switch.slow", "on" if on else "off")

        async_call_later(hass, 180, callback(show))

    await set_up(hass, entry)
    for name in ("turn_on", "turn_off"):
        hass.services.async_register("switch", name, act)
    plug_in_empty(simulator, 55)
    await add_plan(hass, entry, target=80, ready_by="07:00:00", switch="switch.slow")
    for _ in range(40):
        if not told:
            await pass_time(MINUTE)
    assert told == [False]
    return runtime(entry).charge


async def test_stopping_a_vehicle_that_waits_anyway_does_not_start_it(
    hass: HomeAssistant, simulator: Simulator, entry: MockConfigEntry, wallbox: Wallbox, pass_time: LetTimePass
) -> None:
    await set_up(hass, entry)
    plug_in_empty(simulator, 40, "Ariya")
    await add_plan(hass, entry, "Ariya", switched_by="vehicle", power=7.4, target=50, ready_by="07:00:00")
    await pass_time(40 * MINUTE)
    charge = runtime(entry, "Ariya").charge
    assert standing(charge) is PlanStatus.PLANNED
    await hass.services.async_call("switch", "turn_off", {"entity_id": "switch.ariya_charging"}, blocking=True)
    await pass_time(30 * MINUTE)
    assert electric(simulator, "Ariya").from_wall == 0


@pytest.mark.parametrize("end", ["unplugged", "off", "skipped", "deleted"])
async def test_a_switch_that_is_unavailable_is_let_go_when_it_is_back(
    hass: HomeAssistant,
    simulator: Simulator,
    entry: MockConfigEntry,
    wallbox: Wallbox,
    pass_time: LetTimePass,
    end: str,
) -> None:
    charge = await plan_at_night(hass, simulator, entry, pass_time)
    hass.states.async_set(WALLBOX, "unavailable")
    await pass_time(MINUTE)
    match end:
        case "unplugged":
            simulator.vehicle("Leaf").unplug()
        case "off":
            charge.async_set_enabled(False)
        case "deleted":
            hass.config_entries.async_remove_subentry(entry, next(iter(entry.subentries)))
        case "skipped":
            charge.async_skip()
    await pass_time(30 * MINUTE)
    hass.states.async_set(WALLBOX, "off")
    await pass_time(30 * MINUTE)
    assert wallbox.is_on


async def test_what_ends_while_home_assistant_is_down_leaves_the_current_on(
    hass: HomeAssistant, simulator: Simulator, entry: MockConfigEntry, wallbox: Wallbox, pass_time: LetTimePass
) -> None:
    await plan_at_night(hass, simulator, entry, pass_time)
    await hass.config_entries.async_unload(entry.entry_id)
    simulator.vehicle("Leaf").unplug()
    hass.set_state(CoreState.starting)
    await hass.config_entries.async_setup(entry.entry_id)
    await pass_time(10 * MINUTE)
    assert not wallbox.is_on
    hass.set_state(CoreState.running)
    hass.bus.async_fire(EVENT_HOMEASSISTANT_STARTED)
    await pass_time(MINUTE)
    assert wallbox.is_on
    assert standing(runtime(entry).charge) is PlanStatus.NOT_PLUGGED_IN


async def test_a_vehicle_that_leaves_the_account_is_left_with_current(
    hass: HomeAssistant, simulator: Simulator, entry: MockConfigEntry, wallbox: Wallbox, pass_time: LetTimePass
) -> None:
    await plan_at_night(hass, simulator, entry, pass_time)
    simulator.account.vins.remove(simulator.car("Leaf").vin)
    for _ in range(5):
        await entry.runtime_data.async_refresh()
        await settle(hass)
    assert all(each.info.model != "Leaf" for each in entry.runtime_data.vehicles.values())
    await pass_time(MINUTE)
    assert wallbox.is_on


@pytest.mark.parametrize("error", [RuntimeError, KeyError])
@pytest.mark.parametrize("end", ["entry disabled", "entry removed"])
async def test_a_switch_that_raises_anything_does_not_keep_an_entry(
    hass: HomeAssistant,
    simulator: Simulator,
    entry: MockConfigEntry,
    wallbox: Wallbox,
    pass_time: LetTimePass,
    error: type[Exception],
    end: str,
) -> None:
    await plan_at_night(hass, simulator, entry, pass_time)

    @callback
    def act(call: ServiceCall) -> None:
        raise error("broken")

    hass.services.async_register("input_boolean", "turn_on", act)
    if end == "entry disabled":
        assert await hass.config_entries.async_set_disabled_by(entry.entry_id, ConfigEntryDisabler.USER)
    else:
        await hass.config_entries.async_remove(entry.entry_id)


async def test_a_switch_that_raises_anything_is_told_of(
    hass: HomeAssistant, simulator: Simulator, entry: MockConfigEntry, wallbox: Wallbox, pass_time: LetTimePass
) -> None:
    events = async_capture_events(hass, EVENT_ALERT)

    @callback
    def act(call: ServiceCall) -> None:
        raise RuntimeError("broken")

    hass.services.async_register("input_boolean", "turn_off", act)
    charge = await plan_at_night(hass, simulator, entry, pass_time)
    await pass_time(20 * MINUTE)
    assert [event.data["reason"] for event in events if event.data["type"] == "plan_failed"] == ["switch_error"]
    assert shown(charge).failure == "switch_error"


@pytest.mark.parametrize(
    "attributes",
    [
        {"min": "low", "max": "high", "step": None},
        {"min": 6, "max": 32, "step": 0},
        {"min": 6, "max": 10, "step": 1},
        {"min": 6000, "max": 32000, "step": 1000, "unit_of_measurement": "mA"},
        {"min": 1, "max": 22, "step": 1, "unit_of_measurement": "kW"},
        {},
    ],
)
async def test_a_number_of_amperes_that_makes_no_sense_does_not_keep_the_current_off(
    hass: HomeAssistant,
    simulator: Simulator,
    entry: MockConfigEntry,
    wallbox: Wallbox,
    pass_time: LetTimePass,
    attributes: dict[str, Any],
) -> None:
    hass.states.async_set("number.amps", "16", attributes)
    told = []

    @callback
    def act(call: ServiceCall) -> None:
        told.append(call.data["value"])
        raise RuntimeError("out of range")

    await set_up(hass, entry)
    hass.services.async_register("number", "set_value", act)
    charge = await plan_in_house(hass, simulator, entry, pass_time, current="number.amps")
    charge.async_charge_now()
    await pass_time(MINUTE)
    assert wallbox.is_on
    if attributes.get("unit_of_measurement") == "mA":
        assert set(told) == {28000}
    if attributes.get("unit_of_measurement") == "kW":
        assert not told


@pytest.mark.parametrize("power", ["nan", "inf", "-inf", "unknown", "", "6,6"])
async def test_a_meter_that_shows_no_number_says_nothing(
    hass: HomeAssistant,
    simulator: Simulator,
    entry: MockConfigEntry,
    wallbox: Wallbox,
    pass_time: LetTimePass,
    power: str,
) -> None:
    events = async_capture_events(hass, EVENT_ALERT)
    hass.states.async_set("sensor.meter", power, {"unit_of_measurement": "kW"})
    charge = await plan_at_night(hass, simulator, entry, pass_time, power_sensor="sensor.meter")
    await pass_time(10 * HOUR, 5 * MINUTE)
    assert standing(charge) is PlanStatus.DONE
    assert electric(simulator).battery.level == pytest.approx(80, abs=3)
    assert not [event for event in events if event.data["type"] == "plan_failed"]


async def test_a_calendar_that_raises_anything_counts_as_empty(
    hass: HomeAssistant, simulator: Simulator, entry: MockConfigEntry, wallbox: Wallbox, pass_time: LetTimePass
) -> None:
    @callback
    def events(call: ServiceCall) -> Any:
        raise RuntimeError("broken")

    await set_up(hass, entry)
    hass.services.async_register("calendar", "get_events", events, supports_response=SupportsResponse.ONLY)
    charge = await plan_in_house(hass, simulator, entry, pass_time, calendar="calendar.trips")
    assert standing(charge) is PlanStatus.PLANNED
    assert not wallbox.is_on


async def test_the_supplier_does_not_win_over_its_owner(
    hass: HomeAssistant,
    simulator: Simulator,
    entry: MockConfigEntry,
    wallbox: Wallbox,
    pass_time: LetTimePass,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    charge = await plan_at_night(hass, simulator, entry, pass_time)
    charge.async_charge_now()
    await pass_time(MINUTE)
    await turn(hass, False)
    assert standing(charge) is PlanStatus.SUSPENDED
    monkeypatch.setattr(ChargeInputs, "is_away", lambda *_: True)
    await pass_time(30 * MINUTE)
    assert not wallbox.is_on


async def test_a_wallbox_that_is_not_used_any_more_is_left_on(
    hass: HomeAssistant, simulator: Simulator, entry: MockConfigEntry, wallbox: Wallbox, pass_time: LetTimePass
) -> None:
    charge = await plan_at_night(hass, simulator, entry, pass_time, target=50)
    assert standing(charge) is PlanStatus.DONE
    assert not wallbox.is_on
    hass.states.async_set("switch.other", "on")
    told = []
    for name in ("turn_on", "turn_off"):
        hass.services.async_register("switch", name, callback(lambda call: told.append(call.service)))
    charge.async_change(switch="switch.other")
    await pass_time(MINUTE)
    assert wallbox.is_on
    assert told == ["turn_off"]


async def test_a_vehicle_that_calls_a_pause_the_end_is_charged_nevertheless(
    hass: HomeAssistant, simulator: Simulator, entry: MockConfigEntry, wallbox: Wallbox, pass_time: LetTimePass
) -> None:
    charge = await plan_at_night(hass, simulator, entry, pass_time)
    simulator.fail("battery-status", Fault.values(chargeStatus=0.2))
    await pass_time(2 * HOUR)
    assert standing(charge) is PlanStatus.PLANNED
    simulator.heal("battery-status")
    await pass_time(8 * HOUR, 5 * MINUTE)
    assert electric(simulator).battery.level == pytest.approx(80, abs=3)


async def test_the_plug_that_is_not_seen_once_changes_nothing(
    hass: HomeAssistant, simulator: Simulator, entry: MockConfigEntry, wallbox: Wallbox, pass_time: LetTimePass
) -> None:
    charge = await plan_at_night(hass, simulator, entry, pass_time)
    before = list(wallbox.switched)
    simulator.fail("battery-status", Fault.values(plugStatus=None))
    await pass_time(40 * MINUTE)
    assert wallbox.switched == before
    assert standing(charge) is PlanStatus.PLANNED


async def test_two_vehicles_at_one_wallbox(
    hass: HomeAssistant, simulator: Simulator, entry: MockConfigEntry, wallbox: Wallbox, pass_time: LetTimePass
) -> None:
    charge = await plan_at_night(hass, simulator, entry, pass_time)
    await add_plan(hass, entry, "Ariya", target=95, ready_by="07:00:00")
    await pass_time(40 * MINUTE)
    assert not wallbox.is_on
    simulator.vehicle("Leaf").unplug()
    await pass_time(40 * MINUTE)
    assert standing(charge) is PlanStatus.NOT_PLUGGED_IN
    assert standing(runtime(entry, "Ariya").charge) is PlanStatus.PLANNED
    assert not wallbox.is_on


async def test_a_restart_without_the_cloud_changes_nothing(
    hass: HomeAssistant, simulator: Simulator, entry: MockConfigEntry, wallbox: Wallbox, pass_time: LetTimePass
) -> None:
    await plan_at_night(hass, simulator, entry, pass_time)
    await hass.config_entries.async_unload(entry.entry_id)
    for each in ("cars", "battery-status"):
        simulator.fail(each, Fault.http(503))
    await hass.config_entries.async_setup(entry.entry_id)
    await pass_time(7 * HOUR, 5 * MINUTE)
    assert wallbox.is_on


async def test_another_time_counts_also_if_it_was_too_late_for_the_last(
    hass: HomeAssistant, simulator: Simulator, entry: MockConfigEntry, wallbox: Wallbox, pass_time: LetTimePass
) -> None:
    charge = await plan_at_night(hass, simulator, entry, pass_time, ready_by="19:00:00")
    await pass_time(30 * MINUTE)
    assert standing(charge) is PlanStatus.TOO_LATE
    charge.async_change(ready_by="07:00:00")
    await pass_time(2 * MINUTE)
    assert standing(charge) is PlanStatus.PLANNED
    assert not wallbox.is_on


async def test_charge_now_tries_again_what_was_given_up(
    hass: HomeAssistant, simulator: Simulator, entry: MockConfigEntry, wallbox: Wallbox, pass_time: LetTimePass
) -> None:
    charge = await plan_at_night(hass, simulator, entry, pass_time)
    refused = True

    @callback
    def act(call: ServiceCall) -> None:
        if refused:
            raise RuntimeError
        hass.states.async_set(WALLBOX, "on")

    hass.services.async_register("input_boolean", "turn_on", act)
    charge.async_charge_now()
    await pass_time(20 * MINUTE)
    assert shown(charge).standing.reason is PlanReason.NOT_OBEYED
    refused = False
    charge.async_charge_now()
    await pass_time(MINUTE)
    assert wallbox.is_on


async def test_a_fault_of_the_planner_leaves_the_current_on(
    hass: HomeAssistant,
    simulator: Simulator,
    entry: MockConfigEntry,
    wallbox: Wallbox,
    pass_time: LetTimePass,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def plan_charge(*_: object) -> ChargePlan:
        raise ZeroDivisionError

    charge = await plan_at_night(hass, simulator, entry, pass_time)
    assert not wallbox.is_on
    monkeypatch.setattr(planning, "plan_charge", plan_charge)
    await pass_time(timedelta(minutes=31))
    assert shown(charge).standing == (PlanStatus.CANNOT, PlanReason.BROKEN)
    assert wallbox.is_on


async def test_another_meter_switches_nothing(
    hass: HomeAssistant, simulator: Simulator, entry: MockConfigEntry, wallbox: Wallbox, pass_time: LetTimePass
) -> None:
    charge = await plan_at_night(hass, simulator, entry, pass_time)
    before = list(wallbox.switched)
    charge.async_change(power_sensor="sensor.meter")
    await pass_time(timedelta(minutes=10))
    assert wallbox.switched == before
