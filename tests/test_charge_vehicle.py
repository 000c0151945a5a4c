"""A charge plan whose vehicle starts and stops by itself: commands that fail, cross, or come from somebody else."""

from datetime import timedelta
from typing import Any

from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_capture_events

from custom_components.nissanconnect.charging.control import ChargeControl
from custom_components.nissanconnect.const import EVENT_ALERT
from custom_components.nissanconnect.engine.charge_plan import PlanReason, PlanStatus
from custom_components.nissanconnect.vehicle import Initiator, StartCharging, StartClimate

from .charging import Wallbox, add_plan, electric, plug_in_empty, runtime
from .conftest import LetTimePass, set_up, settle
from .simulator import Simulator
from .simulator.cars.telematics import Manner
from .test_charge_control import shown, standing, wallbox

__all__ = ["wallbox"]

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


async def wait_for_night(
    hass: HomeAssistant, simulator: Simulator, entry: MockConfigEntry, pass_time: LetTimePass, **data: Any
) -> ChargeControl:
    """Plug the Ariya in with 40 %, and have its plan wait until 1:00; the evening begins at 18:00."""
    await set_up(hass, entry)
    plug_in_empty(simulator, 40, "Ariya")
    chosen = {"switched_by": "vehicle", "power": 7.4, "target": 50, "ready_by": "07:00:00", **data}
    await add_plan(hass, entry, "Ariya", **chosen)
    await pass_time(40 * MINUTE, 5 * MINUTE)
    charge = runtime(entry, "Ariya").charge
    assert standing(charge) is PlanStatus.PLANNED
    return charge


def wakes(entry: MockConfigEntry) -> list[str]:
    """Return what the Ariya was woken for."""
    return [wake.why for wake in runtime(entry, "Ariya").log.wakes.wakes]


async def test_a_start_that_was_given_up_is_tried_again_later_and_told_of_once(
    hass: HomeAssistant, simulator: Simulator, entry: MockConfigEntry, wallbox: Wallbox, pass_time: LetTimePass
) -> None:
    events = async_capture_events(hass, EVENT_ALERT)
    charge = await wait_for_night(hass, simulator, entry, pass_time)
    simulator.vehicle("Ariya").telematics.manner = Manner.REFUSING
    await pass_time(7 * HOUR, 5 * MINUTE)
    assert shown(charge).standing.reason is PlanReason.NOT_OBEYED
    simulator.vehicle("Ariya").telematics.manner = Manner.OBEDIENT
    await pass_time(HOUR, 5 * MINUTE)
    assert electric(simulator, "Ariya").from_wall > 0
    assert shown(charge).standing == (PlanStatus.CHARGING, PlanReason.CHEAPEST)
    assert shown(charge).failure is None
    await pass_time(3 * HOUR, 5 * MINUTE)
    assert standing(charge) is PlanStatus.DONE
    assert [event.data["reason"] for event in events if event.data["type"] == "plan_failed"] == ["rejected_by_vehicle"]


async def test_a_vehicle_that_never_obeys_is_woken_less_and_less(
    hass: HomeAssistant, simulator: Simulator, entry: MockConfigEntry, wallbox: Wallbox, pass_time: LetTimePass
) -> None:
    await wait_for_night(hass, simulator, entry, pass_time)
    simulator.vehicle("Ariya").telematics.manner = Manner.REFUSING
    await pass_time(16 * HOUR, 5 * MINUTE)
    assert wakes(entry).count("start_charging") == 2 + 3


async def test_a_start_that_is_carried_out_late_has_not_failed(
    hass: HomeAssistant, simulator: Simulator, entry: MockConfigEntry, wallbox: Wallbox, pass_time: LetTimePass
) -> None:
    events = async_capture_events(hass, EVENT_ALERT)
    charge = await wait_for_night(hass, simulator, entry, pass_time)
    await pass_time(6 * HOUR + 15 * MINUTE, 5 * MINUTE)
    simulator.vehicle("Ariya").telematics.manner = Manner.SILENT
    await pass_time(7 * MINUTE)
    assert shown(charge).failure == "no_answer"
    simulator.vehicle("Ariya").telematics.manner = Manner.OBEDIENT
    await pass_time(15 * MINUTE)
    assert electric(simulator, "Ariya").from_wall > 0
    assert shown(charge).standing == (PlanStatus.CHARGING, PlanReason.CHEAPEST)
    assert shown(charge).failure is None
    assert not [event for event in events if event.data["type"] == "plan_failed"]
    assert wakes(entry).count("start_charging") == 1


async def test_climate_that_a_meter_shows_is_no_charge_that_somebody_has_started(
    hass: HomeAssistant, simulator: Simulator, entry: MockConfigEntry, wallbox: Wallbox, pass_time: LetTimePass
) -> None:
    hass.states.async_set("sensor.meter", "0", {"unit_of_measurement": "kW"})
    charge = await wait_for_night(hass, simulator, entry, pass_time, power_sensor="sensor.meter")
    job = runtime(entry, "Ariya").commands.async_submit(StartClimate(21.0), Initiator(kind="user"))
    await pass_time(MINUTE)
    await job.ended.wait()
    for _ in range(20):
        power = electric(simulator, "Ariya").from_wall
        hass.states.async_set("sensor.meter", f"{power}", {"unit_of_measurement": "kW"})
        await pass_time(MINUTE)
    assert electric(simulator, "Ariya").battery.level < 41
    assert standing(charge) is PlanStatus.PLANNED


@pytest.mark.parametrize("through_us", [True, False])
async def test_a_plan_that_gives_way_to_a_start_by_hand_orders_nothing_more(
    hass: HomeAssistant,
    simulator: Simulator,
    entry: MockConfigEntry,
    wallbox: Wallbox,
    pass_time: LetTimePass,
    through_us: bool,
) -> None:
    charge = await wait_for_night(hass, simulator, entry, pass_time)
    if through_us:
        runtime(entry, "Ariya").commands.async_submit(StartCharging(), Initiator(kind="user"))
    else:
        simulator.vehicle("Ariya").order(StartCharging())
    await pass_time(20 * MINUTE, 5 * MINUTE)
    assert standing(charge) is PlanStatus.SUSPENDED
    assert electric(simulator, "Ariya").from_wall > 0
    started = [each for each in runtime(entry, "Ariya").log.records if each.command == "start_charging"]
    assert [each.asked_by.kind for each in started] == ["user"] * through_us


async def test_a_plan_leaves_the_connection_to_a_vehicle_that_charges_by_hand(
    hass: HomeAssistant, simulator: Simulator, entry: MockConfigEntry, wallbox: Wallbox, pass_time: LetTimePass
) -> None:
    await wait_for_night(hass, simulator, entry, pass_time)
    hass.config_entries.async_update_entry(entry, options={"charge_power": 8})
    await settle(hass)
    simulator.vehicle("Leaf").unplug()
    plug_in_empty(simulator, 70)
    await add_plan(hass, entry, target=80, ready_by="07:00:00")
    await pass_time(40 * MINUTE, 5 * MINUTE)
    simulator.vehicle("Ariya").order(StartCharging())
    await pass_time(20 * MINUTE)
    assert standing(runtime(entry, "Ariya").charge) is PlanStatus.SUSPENDED
    together = []
    for _ in range(120):
        await pass_time(5 * MINUTE)
        together.append(electric(simulator).from_wall + electric(simulator, "Ariya").from_wall)
    assert max(together) < 8
    assert electric(simulator).battery.level == pytest.approx(80, abs=2)
