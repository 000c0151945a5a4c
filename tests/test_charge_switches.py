"""What switches the current of a charge plan: entities, selects and scripts, and what is kept of them."""

from datetime import timedelta
from typing import Any

from homeassistant.core import Event, EventStateChangedData, HomeAssistant, ServiceCall, callback
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.event import async_track_state_change_event
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_capture_events

from custom_components.nissanconnect.const import EVENT_ALERT
from custom_components.nissanconnect.engine.charge_plan import PlanReason, PlanStatus

from .charging import PRICE, WALLBOX, Wallbox, electric, runtime
from .conftest import LetTimePass, settle, state
from .simulator import Simulator
from .test_charge_control import plan_at_night, shown, standing, wallbox
from .test_charge_faults import turn

__all__ = ["wallbox"]

MINUTE = timedelta(minutes=1)


class SwitchFault:
    """Lets no current through the wallbox, as long as it ``lasts``."""

    def __init__(self, hass: HomeAssistant) -> None:
        self.lasts = True

        @callback
        def turn_on(call: ServiceCall) -> None:
            if self.lasts:
                raise TimeoutError
            hass.states.async_set(WALLBOX, "on", context=call.context)

        hass.services.async_register("input_boolean", "turn_on", turn_on)


async def test_a_switch_that_replaced_a_select_does_not_need_its_options(
    hass: HomeAssistant, simulator: Simulator, entry: MockConfigEntry, wallbox: Wallbox, pass_time: LetTimePass
) -> None:
    charge = await plan_at_night(hass, simulator, entry, pass_time, option_on="Charge", option_off="Stop")
    assert standing(charge) is PlanStatus.PLANNED
    assert not wallbox.is_on


@pytest.mark.parametrize("odd", [{"switched_by": "charger"}, {"switched_by": 5}, {"inverted": "true"}])
async def test_what_may_be_another_switch_is_none(
    hass: HomeAssistant,
    simulator: Simulator,
    entry: MockConfigEntry,
    wallbox: Wallbox,
    pass_time: LetTimePass,
    odd: dict[str, Any],
) -> None:
    charge = await plan_at_night(hass, simulator, entry, pass_time, **odd)
    assert shown(charge).standing == (PlanStatus.CANNOT, PlanReason.NO_SWITCH)
    assert shown(charge).failure == "switch_incomplete"
    assert wallbox.is_on
    assert simulator.requests["wakes"] == 0


async def test_a_place_that_cannot_be_read_is_not_everywhere(
    hass: HomeAssistant, simulator: Simulator, entry: MockConfigEntry, wallbox: Wallbox, pass_time: LetTimePass
) -> None:
    charge = await plan_at_night(hass, simulator, entry, pass_time, place=["zone.home"])
    assert shown(charge).standing == (PlanStatus.AWAY, PlanReason.NO_PLACE)
    assert wallbox.is_on


async def test_a_vehicle_that_reports_whole_minutes_has_obeyed_an_order_of_the_same_minute(
    hass: HomeAssistant, simulator: Simulator, entry: MockConfigEntry, wallbox: Wallbox, pass_time: LetTimePass
) -> None:
    events = async_capture_events(hass, EVENT_ALERT)
    charge = await plan_at_night(hass, simulator, entry, pass_time)
    await pass_time(timedelta(seconds=10))
    await pass_time(timedelta(hours=6, minutes=55), timedelta(minutes=5))
    assert shown(charge).standing == (PlanStatus.CHARGING, PlanReason.CHEAPEST)
    assert "plan_failed" not in [event.data["type"] for event in events]
    assert simulator.requests["wakes"] == 1


async def test_a_switch_that_fails_for_an_hour_is_switched_on_in_the_end(
    hass: HomeAssistant, simulator: Simulator, entry: MockConfigEntry, wallbox: Wallbox, pass_time: LetTimePass
) -> None:
    events = async_capture_events(hass, EVENT_ALERT)
    charge = await plan_at_night(hass, simulator, entry, pass_time)
    fault = SwitchFault(hass)
    await pass_time(timedelta(hours=7, minutes=20), timedelta(minutes=5))
    assert shown(charge).standing == (PlanStatus.CHARGING, PlanReason.NOT_OBEYED)
    fault.lasts = False
    await pass_time(timedelta(minutes=6))
    assert wallbox.is_on
    assert shown(charge).standing == (PlanStatus.CHARGING, PlanReason.CHEAPEST)
    assert shown(charge).failure is None
    assert [event.data["type"] for event in events].count("plan_failed") == 1


async def test_a_script_that_is_unavailable_is_told_of(
    hass: HomeAssistant, simulator: Simulator, entry: MockConfigEntry, wallbox: Wallbox, pass_time: LetTimePass
) -> None:
    events = async_capture_events(hass, EVENT_ALERT)
    for script in ("script.start", "script.stop"):
        hass.states.async_set(script, "unavailable")
    await plan_at_night(
        hass, simulator, entry, pass_time, switched_by="scripts", script_start="script.start", script_stop="script.stop"
    )
    await pass_time(timedelta(minutes=10))
    reasons = [event.data["reason"] for event in events if event.data["type"] == "plan_failed"]
    assert reasons == ["switch_unavailable"]


@pytest.mark.parametrize("wish", ["by hand", "another stay", "another meter"])
async def test_what_could_not_be_switched_on_is_not_switched_on_later_against_a_newer_wish(
    hass: HomeAssistant,
    simulator: Simulator,
    entry: MockConfigEntry,
    wallbox: Wallbox,
    pass_time: LetTimePass,
    wish: str,
) -> None:
    charge = await plan_at_night(hass, simulator, entry, pass_time)
    fault = SwitchFault(hass)
    match wish:
        case "by hand":
            charge.async_charge_now()
            await pass_time(6 * MINUTE)
            hass.states.async_set(WALLBOX, "on")
            await turn(hass, False)
        case "another stay":
            charge.async_set_enabled(False)
            await pass_time(4 * MINUTE)
            charge.async_set_enabled(True)
        case "another meter":
            charge.async_charge_now()
            await pass_time(MINUTE)
            charge.async_change(power_sensor="sensor.meter", target=50)
    await pass_time(2 * MINUTE)
    before = list(wallbox.switched)
    fault.lasts = False
    await pass_time(10 * MINUTE)
    assert wallbox.switched == before
    assert not wallbox.is_on


@pytest.mark.parametrize("wish", ["charge now", "skip"])
async def test_what_the_owner_presses_counts_at_once_after_a_switch_by_hand(
    hass: HomeAssistant,
    simulator: Simulator,
    entry: MockConfigEntry,
    wallbox: Wallbox,
    pass_time: LetTimePass,
    wish: str,
) -> None:
    charge = await plan_at_night(hass, simulator, entry, pass_time)
    charge.async_charge_now()
    await pass_time(6 * MINUTE)
    await turn(hass, False)
    assert standing(charge) is PlanStatus.SUSPENDED
    assert not wallbox.is_on
    charge.async_charge_now() if wish == "charge now" else charge.async_skip()
    await settle(hass)
    assert wallbox.is_on


async def test_entities_that_are_renamed_are_followed(
    hass: HomeAssistant, simulator: Simulator, entry: MockConfigEntry, wallbox: Wallbox, pass_time: LetTimePass
) -> None:
    events = async_capture_events(hass, EVENT_ALERT)
    registry = er.async_get(hass)
    known = state(hass, PRICE)
    hass.states.async_remove(PRICE)
    assert registry.async_get_or_create("sensor", "market", "1", suggested_object_id="electricity").entity_id == PRICE
    hass.states.async_set(PRICE, known.state, known.attributes)
    charge = await plan_at_night(hass, simulator, entry, pass_time)
    registry.async_update_entity(WALLBOX, new_entity_id="input_boolean.garage")

    @callback
    def feed(event: Event[EventStateChangedData]) -> None:
        new = event.data["new_state"]
        wallbox.feed(new is not None and new.state == "on")

    async_track_state_change_event(hass, "input_boolean.garage", feed)
    registry.async_update_entity(PRICE, new_entity_id="sensor.market")
    hass.states.async_remove(PRICE)
    hass.states.async_set("sensor.market", known.state, known.attributes)
    await pass_time(10 * MINUTE)
    assert state(hass, "input_boolean.garage").state == "off"
    assert shown(charge).standing == (PlanStatus.PLANNED, PlanReason.CHEAPEST)
    await pass_time(timedelta(hours=6, minutes=20), timedelta(minutes=5))
    assert state(hass, "input_boolean.garage").state == "on"
    assert shown(charge).failure is None
    assert "plan_failed" not in [event.data["type"] for event in events]


async def test_a_switch_that_works_again_after_a_restart_is_given_the_time_to_be_seen(
    hass: HomeAssistant, simulator: Simulator, entry: MockConfigEntry, wallbox: Wallbox, pass_time: LetTimePass
) -> None:
    events = async_capture_events(hass, EVENT_ALERT)
    await plan_at_night(hass, simulator, entry, pass_time, capacity=37.2)
    fault = SwitchFault(hass)
    await pass_time(timedelta(hours=6, minutes=23), timedelta(minutes=1))
    await hass.config_entries.async_unload(entry.entry_id)
    await pass_time(timedelta(minutes=30), timedelta(minutes=30))
    await hass.config_entries.async_setup(entry.entry_id)
    await pass_time(2 * MINUTE)
    fault.lasts = False
    await pass_time(timedelta(hours=4), timedelta(minutes=1))
    assert "plan_failed" not in [event.data["type"] for event in events]
    assert electric(simulator).battery.level == pytest.approx(80, abs=2)


@pytest.mark.parametrize("end", ["unplugged", "off"])
async def test_a_restart_does_not_forget_that_the_current_is_to_be_left_on(
    hass: HomeAssistant,
    simulator: Simulator,
    entry: MockConfigEntry,
    wallbox: Wallbox,
    pass_time: LetTimePass,
    end: str,
) -> None:
    charge = await plan_at_night(hass, simulator, entry, pass_time)
    fault = SwitchFault(hass)
    if end == "off":
        charge.async_set_enabled(False)
    else:
        simulator.vehicle("Leaf").unplug()
    for _ in range(2):
        await pass_time(30 * MINUTE, 5 * MINUTE)
        await hass.config_entries.async_reload(entry.entry_id)
    fault.lasts = False
    await pass_time(6 * MINUTE)
    assert wallbox.is_on
    await hass.config_entries.async_reload(entry.entry_id)
    assert runtime(entry).charge.memory.session is None
