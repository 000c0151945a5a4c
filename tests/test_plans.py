"""Climate starts that a vehicle is to make by itself: followed until they have happened, or not."""

from datetime import datetime, timedelta
from typing import Any

from homeassistant.components.logbook import LOGBOOK_ENTRY_MESSAGE
from homeassistant.core import Event, HomeAssistant
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_capture_events

from custom_components.nissanconnect.const import DOMAIN, EVENT_COMMAND
from custom_components.nissanconnect.vehicle import CancelClimateSchedule, Group, ScheduleClimate, StopClimate

from .conftest import LetTimePass, logbook_lines, settle, state
from .simulator import Fault, Simulator
from .simulator.cars.electric import Electric
from .test_alerts import draw, geofence
from .test_command_log import ask
from .test_commands import act, device_id, executed

MINUTES = timedelta(minutes=1)
HOUR = timedelta(hours=1)


@pytest.fixture
def ended(hass: HomeAssistant) -> list[Event]:
    """How commands have ended."""
    captured: list[Event] = async_capture_events(hass, EVENT_COMMAND)
    return captured


def told(ended: list[Event]) -> list[tuple[str, str, str | None]]:
    return [(event.data["command"], event.data["type"], event.data["reason"]) for event in ended]


async def plan(hass: HomeAssistant, entry: MockConfigEntry, simulator: Simulator, at: datetime) -> Any:
    """Have the LEAF start its climate at a time; return what is answered."""
    leaf = device_id(hass, entry, simulator, "Leaf")
    call = {"device_id": leaf, "temperature": 22, "at": at.isoformat()}
    answer = await hass.services.async_call(DOMAIN, "start_climate", call, blocking=True, return_response=True)
    assert answer is not None
    return answer["vehicles"][leaf]["answer"]  # type: ignore[index, call-overload]


async def test_one_plan_replaces_the_other_and_says_so(
    hass: HomeAssistant, simulator: Simulator, loaded: MockConfigEntry, ended: list[Event]
) -> None:
    first, second = (dt_util.utcnow() + hours * HOUR for hours in (2, 5))
    assert await plan(hass, loaded, simulator, first) == {"replaced": None}
    assert await plan(hass, loaded, simulator, second) == {"replaced": first.isoformat()}
    assert [event.data.get("replaced") for event in ended] == [None, first.isoformat()]
    last, _ = await ask(hass, "command_log", device_id(hass, loaded, simulator, "Leaf"))
    assert last["replaced"] == first.isoformat()
    target = {"device_id": device_id(hass, loaded, simulator, "Leaf")}
    await hass.services.async_call(DOMAIN, "cancel_scheduled_climate", target, blocking=True)
    assert await plan(hass, loaded, simulator, first) == {"replaced": None}


async def test_a_plan_that_happens_is_no_news(
    hass: HomeAssistant, simulator: Simulator, loaded: MockConfigEntry, ended: list[Event], pass_time: LetTimePass
) -> None:
    await plan(hass, loaded, simulator, dt_util.utcnow() + HOUR)
    ended.clear()
    await pass_time(75 * MINUTES)
    assert told(ended) == []
    assert simulator.requests["wakes"] == 1
    assert loaded.runtime_data.vehicles[simulator.car("Leaf").vin].log.plan is None


@pytest.mark.parametrize("restart", [False, True])
async def test_a_plan_that_does_not_happen_has_failed(
    hass: HomeAssistant,
    simulator: Simulator,
    loaded: MockConfigEntry,
    ended: list[Event],
    pass_time: LetTimePass,
    restart: bool,
) -> None:
    await plan(hass, loaded, simulator, dt_util.utcnow() + HOUR)
    ended.clear()
    leaf = simulator.vehicle("Leaf")
    assert isinstance(leaf.powertrain, Electric)
    leaf.unplug()
    leaf.powertrain.battery.energy *= 0.1
    if restart:
        await hass.config_entries.async_reload(loaded.entry_id)
        await settle(hass)
    await pass_time(64 * MINUTES, 4 * MINUTES)
    assert told(ended) == []
    await pass_time(2 * MINUTES)
    assert told(ended) == [("schedule_climate", "timed_out", "not_started")]
    assert state(hass, "event.leaf_command").attributes["reason"] == "not_started"
    assert simulator.requests["wakes"] == 1, "looking wakes nobody"
    await pass_time(HOUR, 10 * MINUTES)
    assert len(ended) == 1


async def test_what_cannot_be_read_is_tried_again_until_nothing_is_to_be_seen(
    hass: HomeAssistant, simulator: Simulator, loaded: MockConfigEntry, ended: list[Event], pass_time: LetTimePass
) -> None:
    await plan(hass, loaded, simulator, dt_util.utcnow() + HOUR)
    ended.clear()
    await pass_time(62 * MINUTES, 10 * MINUTES)
    simulator.fail("*", Fault.http(500))
    await pass_time(5 * MINUTES)
    assert told(ended) == []
    simulator.heal()
    await pass_time(5 * MINUTES)
    assert told(ended) == []
    assert state(hass, "climate.leaf_climate").state == "heat_cool"


async def test_whoever_was_away_too_long_claims_nothing(
    hass: HomeAssistant, simulator: Simulator, loaded: MockConfigEntry, ended: list[Event], pass_time: LetTimePass
) -> None:
    await plan(hass, loaded, simulator, dt_util.utcnow() + HOUR)
    ended.clear()
    await hass.config_entries.async_unload(loaded.entry_id)
    await pass_time(3 * HOUR, HOUR)
    await hass.config_entries.async_setup(loaded.entry_id)
    await settle(hass)
    await pass_time(HOUR, 10 * MINUTES)
    assert told(ended) == []


async def test_who_stops_it_by_hand_knows(
    hass: HomeAssistant, simulator: Simulator, loaded: MockConfigEntry, ended: list[Event], pass_time: LetTimePass
) -> None:
    await plan(hass, loaded, simulator, dt_util.utcnow() + HOUR)
    await pass_time(62 * MINUTES, 2 * MINUTES)
    await act(hass, "climate", "turn_off", "climate.leaf_climate")
    assert executed(simulator, "Leaf")[-1] == StopClimate()
    ended.clear()
    await pass_time(20 * MINUTES, 5 * MINUTES)
    assert told(ended) == []


@pytest.mark.parametrize("obeys", [True, False])
async def test_a_plan_is_taken_back_where_climate_is_blocked(
    hass: HomeAssistant,
    simulator: Simulator,
    loaded: MockConfigEntry,
    ended: list[Event],
    pass_time: LetTimePass,
    obeys: bool,
) -> None:
    await draw(hass, loaded, geofence(on_entering=["block_climate"]))
    at = dt_util.utcnow() + 5 * HOUR
    await plan(hass, loaded, simulator, at)
    ended.clear()
    lines = logbook_lines(hass, "event.leaf_command")
    leaf = simulator.vehicle("Leaf")
    leaf.point = leaf.home
    leaf.report(Group)
    if not obeys:
        simulator.fail("actions", Fault.http(500))
    await pass_time(31 * MINUTES, 10 * MINUTES)
    refused = ("schedule_climate", "blocked", "blocked_by_area")
    result = ("confirmed", None) if obeys else ("timed_out", "unavailable")
    assert told(ended) == [refused, ("cancel_climate_schedule", *result)]
    assert ended[-1].data["asked_by"] == "area"
    assert " s, requested by a geofence" in lines[-1].data[LOGBOOK_ENTRY_MESSAGE]
    if obeys:
        assert [type(each) for each in executed(simulator, "Leaf")] == [ScheduleClimate, CancelClimateSchedule]
    await pass_time(HOUR, 10 * MINUTES)
    assert len(ended) == 2
