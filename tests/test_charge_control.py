"""A charge plan is carried out in a real Home Assistant, with a simulated vehicle that takes the current."""

from datetime import UTC, datetime, timedelta
import json
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import ConfigEntryDisabler
from homeassistant.core import HomeAssistant
from homeassistant.helpers.json import ExtendedJSONEncoder
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_capture_events

from custom_components.nissanconnect.charging.control import ChargeControl
from custom_components.nissanconnect.charging.display import ChargeDisplay
from custom_components.nissanconnect.const import EVENT_ALERT
from custom_components.nissanconnect.diagnostics import async_get_config_entry_diagnostics
from custom_components.nissanconnect.engine.alert_rules import CHARGE_ENDS
from custom_components.nissanconnect.engine.charge_plan import PlanReason, PlanStatus
from custom_components.nissanconnect.vehicle import Group

from .charging import (
    PRICE,
    WALLBOX,
    Wallbox,
    add_plan,
    electric,
    minutes_of_charging,
    plug_in_empty,
    runtime,
    set_prices,
)
from .conftest import LetTimePass, set_up, settle
from .simulator import Fault, Simulator
from .simulator.cars.places import HOME

EVENING = datetime(2026, 11, 20, 18, tzinfo=UTC)
CHEAP = range(28, 36)
"""The quarters from 1:00 to 3:00."""


@pytest.fixture
async def wallbox(hass: HomeAssistant, simulator: Simulator, freezer: FrozenDateTimeFactory) -> Wallbox:
    """The house in the evening."""
    freezer.move_to(EVENING)
    wallbox = Wallbox(hass, simulator)
    await wallbox.async_build()
    set_prices(hass, EVENING, [0.10 if i in CHEAP else 0.30 for i in range(52)])
    return wallbox


async def test_a_plugged_vehicle_charges_in_the_cheapest_hours_up_to_its_target(
    hass: HomeAssistant, simulator: Simulator, entry: MockConfigEntry, wallbox: Wallbox, pass_time: LetTimePass
) -> None:
    await set_up(hass, entry)
    plug_in_empty(simulator, 55)
    await add_plan(hass, entry, target=80, ready_by="07:00:00", capacity=37.2)
    charge = runtime(entry).charge
    await pass_time(timedelta(minutes=40))
    assert not wallbox.is_on
    assert (shown(charge).standing.status, shown(charge).standing.reason) == (PlanStatus.PLANNED, PlanReason.CHEAPEST)
    assert [block.start for block in shown(charge).blocks] == [EVENING, EVENING + timedelta(hours=7)], (
        "it began at once"
    )
    assert shown(charge).blocks[-1].cost == pytest.approx(0.93, abs=0.01)
    assert shown(charge).saving == pytest.approx(2.0, abs=0.03)

    flowed = await minutes_of_charging(simulator, pass_time, timedelta(hours=11))

    assert flowed
    assert flowed[0] >= EVENING + timedelta(hours=7)
    assert flowed[-1] < EVENING + timedelta(hours=9)
    assert electric(simulator).battery.level == pytest.approx(80, abs=2)
    assert shown(charge).standing.status is PlanStatus.DONE
    assert not wallbox.is_on


def shown(charge: ChargeControl) -> ChargeDisplay:
    """Return what entities show."""
    assert charge.display is not None
    return charge.display


def standing(charge: ChargeControl) -> PlanStatus:
    """Return how the plan stands now; a type checker takes a second look for the first."""
    return shown(charge).standing.status


async def plan_at_night(
    hass: HomeAssistant, simulator: Simulator, entry: MockConfigEntry, pass_time: LetTimePass, **data: Any
) -> ChargeControl:
    """Plug the LEAF in with 55 %, and have it wait for the cheap hours."""
    await set_up(hass, entry)
    plug_in_empty(simulator, 55)
    await add_plan(hass, entry, **{"target": 80, "ready_by": "07:00:00", **data})
    await pass_time(timedelta(minutes=40))
    return runtime(entry).charge


async def test_without_reports_the_vehicle_is_asked_before_it_may_have_reached_its_target(
    hass: HomeAssistant, simulator: Simulator, entry: MockConfigEntry, wallbox: Wallbox, pass_time: LetTimePass
) -> None:
    charge = await plan_at_night(hass, simulator, entry, pass_time, refresh=True)
    assert simulator.requests["wakes"] == 0
    await pass_time(timedelta(hours=9), timedelta(minutes=1))
    assert shown(charge).standing.status is PlanStatus.DONE
    assert electric(simulator).battery.level == pytest.approx(80, abs=1.5)
    wakes = [wake.why for wake in runtime(entry).log.wakes.wakes]
    assert wakes == ["start_charging", "refresh"], "it reports neither that it has begun nor its level"


async def test_a_charge_that_the_plan_pauses_is_not_interrupted_one_that_a_fuse_ends_is(
    hass: HomeAssistant, simulator: Simulator, entry: MockConfigEntry, wallbox: Wallbox, pass_time: LetTimePass
) -> None:
    events = async_capture_events(hass, EVENT_ALERT)

    def ends() -> list[str]:
        return [event.data["type"] for event in events if event.data["type"] in CHARGE_ENDS]

    await plan_at_night(hass, simulator, entry, pass_time)
    assert not wallbox.is_on
    assert ends() == ["charging_stopped"]

    await pass_time(timedelta(hours=7))
    assert wallbox.is_on
    wallbox.feed(False)
    await pass_time(timedelta(minutes=45))
    assert ends() == ["charging_stopped", "charging_interrupted"]


async def test_a_charge_has_finished_at_the_target_of_its_plan_and_not_when_that_pauses(
    hass: HomeAssistant, simulator: Simulator, entry: MockConfigEntry, wallbox: Wallbox, pass_time: LetTimePass
) -> None:
    events = async_capture_events(hass, EVENT_ALERT)
    await set_up(hass, entry)
    plug_in_empty(simulator, 82)
    await add_plan(hass, entry, target=90, ready_by="07:00:00")
    await pass_time(timedelta(minutes=40))
    assert not wallbox.is_on
    await pass_time(timedelta(hours=10), timedelta(minutes=5))
    ends = [event for event in events if event.data["type"] in CHARGE_ENDS]
    assert [event.data["type"] for event in ends] == ["charging_stopped", "charging_finished"]
    assert ends[-1].data["level"] == pytest.approx(90, abs=1.5)


async def test_whoever_switches_by_hand_wins_until_the_next_time(
    hass: HomeAssistant, simulator: Simulator, entry: MockConfigEntry, wallbox: Wallbox, pass_time: LetTimePass
) -> None:
    charge = await plan_at_night(hass, simulator, entry, pass_time)
    await hass.services.async_call("input_boolean", "turn_on", {"entity_id": WALLBOX}, blocking=True)
    await pass_time(timedelta(hours=1))
    assert wallbox.is_on
    assert shown(charge).standing == (PlanStatus.SUSPENDED, PlanReason.SWITCHED_BY_HAND)
    assert not charge.is_on

    simulator.vehicle("Leaf").unplug()
    await pass_time(timedelta(minutes=30))
    assert standing(charge) is PlanStatus.NOT_PLUGGED_IN
    simulator.vehicle("Leaf").plug_in()
    await pass_time(timedelta(minutes=30))
    assert standing(charge) is PlanStatus.PLANNED
    assert not wallbox.is_on


async def test_a_drive_while_nobody_looked_ends_what_was_switched_by_hand(
    hass: HomeAssistant, simulator: Simulator, entry: MockConfigEntry, wallbox: Wallbox, pass_time: LetTimePass
) -> None:
    await plan_at_night(hass, simulator, entry, pass_time)
    await hass.services.async_call("input_boolean", "turn_on", {"entity_id": WALLBOX}, blocking=True)
    await pass_time(timedelta(minutes=40))
    assert standing(runtime(entry).charge) is PlanStatus.SUSPENDED
    await hass.config_entries.async_unload(entry.entry_id)
    simulator.vehicle("Leaf").unplug()
    simulator.vehicle("Leaf").odometer += 30
    simulator.vehicle("Leaf").report(set(Group))
    plug_in_empty(simulator, 50)
    await hass.config_entries.async_setup(entry.entry_id)
    await pass_time(timedelta(minutes=20))
    assert standing(runtime(entry).charge) is PlanStatus.PLANNED
    assert not wallbox.is_on


async def test_the_owner_takes_a_suspended_plan_up_again(
    hass: HomeAssistant, simulator: Simulator, entry: MockConfigEntry, wallbox: Wallbox, pass_time: LetTimePass
) -> None:
    charge = await plan_at_night(hass, simulator, entry, pass_time)
    await hass.services.async_call("input_boolean", "turn_on", {"entity_id": WALLBOX}, blocking=True)
    await pass_time(timedelta(minutes=5))
    charge.async_set_enabled(True)
    await settle(hass)
    assert shown(charge).standing.status is PlanStatus.PLANNED
    assert not wallbox.is_on


@pytest.mark.parametrize("end", ["unplugged", "off", "deleted", "skipped", "entry disabled", "entry removed"])
async def test_a_plan_that_lets_go_leaves_the_current_on(
    hass: HomeAssistant,
    simulator: Simulator,
    entry: MockConfigEntry,
    wallbox: Wallbox,
    pass_time: LetTimePass,
    end: str,
) -> None:
    charge = await plan_at_night(hass, simulator, entry, pass_time)
    assert not wallbox.is_on
    match end:
        case "unplugged":
            simulator.vehicle("Leaf").unplug()
        case "off":
            charge.async_set_enabled(False)
        case "deleted":
            hass.config_entries.async_remove_subentry(entry, next(iter(entry.subentries)))
        case "skipped":
            charge.async_skip()
        case "entry disabled":
            await hass.config_entries.async_set_disabled_by(entry.entry_id, ConfigEntryDisabler.USER)
        case "entry removed":
            await hass.config_entries.async_remove(entry.entry_id)
    await pass_time(timedelta(minutes=30))
    assert wallbox.is_on


async def test_a_restart_in_a_block_changes_nothing(
    hass: HomeAssistant, simulator: Simulator, entry: MockConfigEntry, wallbox: Wallbox, pass_time: LetTimePass
) -> None:
    charge = await plan_at_night(hass, simulator, entry, pass_time)
    await pass_time(timedelta(hours=6, minutes=50), timedelta(minutes=5))
    assert wallbox.is_on
    before, blocks, cost = list(wallbox.switched), shown(charge).blocks, shown(charge).cost
    for _ in range(3):
        await hass.config_entries.async_reload(entry.entry_id)
        await pass_time(timedelta(minutes=2))
    assert wallbox.switched == before
    after = runtime(entry).charge
    assert [block.start for block in shown(after).blocks] == [block.start for block in blocks]
    assert shown(after).cost == pytest.approx(cost, abs=0.01)


async def test_a_wallbox_that_does_not_obey_is_tried_twice_then_its_owner_is_told(
    hass: HomeAssistant, simulator: Simulator, entry: MockConfigEntry, wallbox: Wallbox, pass_time: LetTimePass
) -> None:
    events = async_capture_events(hass, EVENT_ALERT)
    wallbox.works = False
    charge = await plan_at_night(hass, simulator, entry, pass_time, power_sensor="sensor.meter")
    hass.states.async_set("sensor.meter", "6.6", {"unit_of_measurement": "kW"})
    await pass_time(timedelta(minutes=20))
    assert [event.data["reason"] for event in events if event.data["type"] == "plan_failed"] == ["not_seen"]
    assert shown(charge).standing.reason is PlanReason.NOT_OBEYED


async def test_a_vehicle_that_can_stop_is_switched_by_its_own_commands(
    hass: HomeAssistant, simulator: Simulator, entry: MockConfigEntry, wallbox: Wallbox, pass_time: LetTimePass
) -> None:
    await set_up(hass, entry)
    plug_in_empty(simulator, 40, "Ariya")
    await add_plan(hass, entry, "Ariya", switched_by="vehicle", power=7.4, target=50, ready_by="07:00:00")
    charge = runtime(entry, "Ariya").charge
    await pass_time(timedelta(minutes=40))
    assert electric(simulator, "Ariya").from_wall == 0
    assert shown(charge).standing.status is PlanStatus.PLANNED
    flowed = await minutes_of_charging(simulator, pass_time, timedelta(hours=11), "Ariya")
    assert EVENING + timedelta(hours=6, minutes=59) <= flowed[0] < flowed[-1] < EVENING + timedelta(hours=9, minutes=1)
    assert electric(simulator, "Ariya").battery.level == pytest.approx(50, abs=2)


async def test_charge_now_ignores_prices_and_keeps_the_target(
    hass: HomeAssistant, simulator: Simulator, entry: MockConfigEntry, wallbox: Wallbox, pass_time: LetTimePass
) -> None:
    charge = await plan_at_night(hass, simulator, entry, pass_time, target=70, capacity=37.2)
    charge.async_charge_now()
    await settle(hass)
    assert wallbox.is_on
    assert shown(charge).standing == (PlanStatus.CHARGING, PlanReason.WISHED)
    await pass_time(timedelta(hours=2))
    assert electric(simulator).battery.level == pytest.approx(70, abs=2)
    assert not wallbox.is_on
    assert standing(charge) is PlanStatus.DONE


async def test_a_minimum_level_is_reached_at_once(
    hass: HomeAssistant, simulator: Simulator, entry: MockConfigEntry, wallbox: Wallbox, pass_time: LetTimePass
) -> None:
    charge = await plan_at_night(hass, simulator, entry, pass_time, minimum=70, capacity=37.2)
    assert wallbox.is_on
    await pass_time(timedelta(hours=1))
    assert not wallbox.is_on
    assert electric(simulator).battery.level == pytest.approx(70, abs=2)
    assert standing(charge) is PlanStatus.PLANNED


async def test_what_cannot_be_ready_in_time_charges_at_once_and_its_owner_is_told_once(
    hass: HomeAssistant, simulator: Simulator, entry: MockConfigEntry, wallbox: Wallbox, pass_time: LetTimePass
) -> None:
    events = async_capture_events(hass, EVENT_ALERT)
    charge = await plan_at_night(hass, simulator, entry, pass_time, ready_by="19:00:00")
    await pass_time(timedelta(hours=1))
    assert wallbox.is_on
    assert standing(charge) is PlanStatus.TOO_LATE
    late = [event.data["missing"] for event in events if event.data["type"] == "too_late"]
    assert len(late) == 1
    assert 5 < late[0] < 20
    await pass_time(timedelta(hours=2))
    assert standing(charge) is PlanStatus.DONE, "it went on beyond its time, and not to the next night"


@pytest.mark.parametrize("state", ["unavailable", None])
async def test_prices_that_fail_do_not_stop_a_charge(
    hass: HomeAssistant,
    simulator: Simulator,
    entry: MockConfigEntry,
    wallbox: Wallbox,
    pass_time: LetTimePass,
    state: str | None,
) -> None:
    charge = await plan_at_night(hass, simulator, entry, pass_time)
    await pass_time(timedelta(hours=6, minutes=25))
    assert wallbox.is_on
    if state is None:
        hass.states.async_remove(PRICE)
    else:
        hass.states.async_set(PRICE, state)
    await pass_time(timedelta(minutes=40))
    assert wallbox.is_on
    assert standing(charge) is PlanStatus.CHARGING
    assert shown(charge).failure


async def test_a_switch_that_vanished_or_is_unavailable_is_told_and_taken_up_when_it_is_back(
    hass: HomeAssistant, simulator: Simulator, entry: MockConfigEntry, wallbox: Wallbox, pass_time: LetTimePass
) -> None:
    charge = await plan_at_night(hass, simulator, entry, pass_time)
    hass.states.async_set(WALLBOX, "unavailable")
    await pass_time(timedelta(hours=6, minutes=40))
    assert shown(charge).failure == "switch_unavailable"
    hass.states.async_set(WALLBOX, "off")
    await pass_time(timedelta(minutes=1))
    assert wallbox.is_on
    assert shown(charge).failure is None

    hass.states.async_remove(WALLBOX)
    await pass_time(timedelta(minutes=16))
    assert shown(charge).standing == (PlanStatus.CANNOT, PlanReason.NO_SWITCH)


async def test_somewhere_else_the_plan_does_not_hold(
    hass: HomeAssistant, simulator: Simulator, entry: MockConfigEntry, wallbox: Wallbox, pass_time: LetTimePass
) -> None:
    hass.states.async_set("zone.work", "0", {"latitude": 10.0, "longitude": 10.0, "radius": 100, "passive": False})
    charge = await plan_at_night(hass, simulator, entry, pass_time, place="zone.work")
    assert wallbox.is_on
    assert shown(charge).standing == (PlanStatus.AWAY, PlanReason.ELSEWHERE)


async def test_while_privacy_mode_hides_the_place_the_plan_leaves_the_current_on(
    hass: HomeAssistant, simulator: Simulator, entry: MockConfigEntry, wallbox: Wallbox, pass_time: LetTimePass
) -> None:
    hass.states.async_set(
        "zone.here", "0", {"latitude": HOME.latitude, "longitude": HOME.longitude, "radius": 300, "passive": False}
    )
    charge = await plan_at_night(hass, simulator, entry, pass_time, place="zone.here")
    assert not wallbox.is_on
    assert standing(charge) is PlanStatus.PLANNED
    simulator.vehicle("Leaf").privacy = True
    await pass_time(timedelta(hours=2), timedelta(minutes=5))
    assert shown(charge).standing == (PlanStatus.AWAY, PlanReason.NO_PLACE)
    assert wallbox.is_on


@pytest.mark.parametrize("driven", [0, 30])
async def test_what_was_switched_by_hand_counts_after_privacy_mode_unless_the_vehicle_has_driven(
    hass: HomeAssistant,
    simulator: Simulator,
    entry: MockConfigEntry,
    wallbox: Wallbox,
    pass_time: LetTimePass,
    driven: int,
) -> None:
    hass.states.async_set(
        "zone.here", "0", {"latitude": HOME.latitude, "longitude": HOME.longitude, "radius": 300, "passive": False}
    )
    charge = await plan_at_night(hass, simulator, entry, pass_time, place="zone.here")
    await hass.services.async_call("input_boolean", "turn_on", {"entity_id": WALLBOX}, blocking=True)
    await pass_time(timedelta(minutes=5))
    assert standing(charge) is PlanStatus.SUSPENDED
    for private, status in ((True, PlanStatus.AWAY), (False, PlanStatus.PLANNED if driven else PlanStatus.SUSPENDED)):
        simulator.vehicle("Leaf").privacy = private
        simulator.vehicle("Leaf").odometer += driven
        simulator.vehicle("Leaf").report(set(Group))
        await pass_time(timedelta(hours=1), timedelta(minutes=5))
        assert standing(charge) is status
        assert wallbox.is_on is not (status is PlanStatus.PLANNED)


async def test_a_vehicle_whose_capacity_nobody_knows_charges(
    hass: HomeAssistant, simulator: Simulator, entry: MockConfigEntry, wallbox: Wallbox, pass_time: LetTimePass
) -> None:
    simulator.fail("battery-status", Fault.values(batteryCapacity=None, batteryAvailableEnergy=None))
    charge = await plan_at_night(hass, simulator, entry, pass_time)
    assert wallbox.is_on
    assert shown(charge).standing == (PlanStatus.CANNOT, PlanReason.CAPACITY_UNKNOWN)


async def test_prices_of_tomorrow_change_the_plan_when_they_arrive(
    hass: HomeAssistant, simulator: Simulator, entry: MockConfigEntry, wallbox: Wallbox, pass_time: LetTimePass
) -> None:
    set_prices(hass, EVENING, [0.30] * 24)  # until midnight
    charge = await plan_at_night(hass, simulator, entry, pass_time)
    assert shown(charge).start is not None
    set_prices(hass, EVENING, [0.10 if i in CHEAP else 0.30 for i in range(52)])
    await pass_time(timedelta(minutes=16))
    assert shown(charge).start == EVENING + timedelta(hours=7)


async def test_deleted_and_changed_plans_need_no_reload(
    hass: HomeAssistant, simulator: Simulator, entry: MockConfigEntry, wallbox: Wallbox, pass_time: LetTimePass
) -> None:
    charge = await plan_at_night(hass, simulator, entry, pass_time)
    account, energy = entry.runtime_data, shown(charge).energy
    charge.async_change(target=90)
    await settle(hass)
    assert entry.runtime_data is account
    assert shown(charge).energy is not None
    assert energy is not None
    assert (shown(charge).energy or 0) > energy + 2


async def test_a_finished_charge_teaches_how_much_arrives(
    hass: HomeAssistant, simulator: Simulator, entry: MockConfigEntry, wallbox: Wallbox, pass_time: LetTimePass
) -> None:
    charge = await plan_at_night(hass, simulator, entry, pass_time, capacity=37.2)
    before = charge.memory.model
    await pass_time(timedelta(hours=9), timedelta(minutes=5))
    assert standing(charge) is PlanStatus.DONE
    simulator.vehicle("Leaf").unplug()
    await pass_time(timedelta(minutes=30))
    learnt = charge.memory.model
    real = 0.9 + before.overhead / 6.6
    assert abs(learnt.efficiency - real) < abs(before.efficiency - real)
    assert learnt.samples > 0.2


async def test_diagnostics_describe_the_plan_and_not_the_place(
    hass: HomeAssistant, simulator: Simulator, entry: MockConfigEntry, wallbox: Wallbox, pass_time: LetTimePass
) -> None:
    hass.states.async_set(
        "zone.secret", "0", {"latitude": HOME.latitude, "longitude": HOME.longitude, "radius": 300, "passive": False}
    )
    await plan_at_night(hass, simulator, entry, pass_time, place="zone.secret")
    found = json.dumps(await async_get_config_entry_diagnostics(hass, entry), cls=ExtendedJSONEncoder)
    assert '"planned"' in found
    assert '"charge"' in found
    for hidden in ("zone.secret", str(HOME.latitude), PRICE, "Home"):
        assert hidden not in found


@pytest.mark.parametrize("factor", [1, 1.1], ids=["the same prices", "other prices"])
async def test_two_vehicles_on_one_connection_never_draw_more_than_it_gives(
    hass: HomeAssistant,
    simulator: Simulator,
    entry: MockConfigEntry,
    wallbox: Wallbox,
    pass_time: LetTimePass,
    factor: float,
) -> None:
    await set_up(hass, entry)
    hass.config_entries.async_update_entry(entry, options={"charge_power": 8})
    plug_in_empty(simulator, 60)
    plug_in_empty(simulator, 50, "Ariya")
    await add_plan(hass, entry, target=80, ready_by="07:00:00", capacity=37.2)
    ariya = {"switched_by": "vehicle", "power": 7.4, "target": 62, "ready_by": "07:00:00", "price_factor": factor}
    await add_plan(hass, entry, "Ariya", **ariya)
    await pass_time(timedelta(minutes=45))
    plans = [shown(runtime(entry, model).charge) for model in ("Leaf", "Ariya")]
    assert [plan.standing.status for plan in plans] == [PlanStatus.PLANNED] * 2
    together = []
    end = simulator.now() + timedelta(hours=11)
    while simulator.now() < end:
        await pass_time(timedelta(minutes=1))
        together.append(electric(simulator).from_wall + electric(simulator, "Ariya").from_wall)
    assert max(together[5:]) < 8
    assert electric(simulator).battery.level == pytest.approx(80, abs=2)
    assert electric(simulator, "Ariya").battery.level == pytest.approx(62, abs=2)
