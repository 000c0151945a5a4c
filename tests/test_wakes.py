"""The book of wakes in Home Assistant: every command is in it, a read never is."""

from datetime import timedelta
from typing import override

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import HomeAssistantError
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, MockUser

from custom_components.nissanconnect.settings import OPTION_WAKING
from custom_components.nissanconnect.vehicle import (
    Battery,
    Capability,
    Group,
    Initiator,
    Phase,
    Progress,
    Refresh,
    SoundHorn,
    Ticket,
    Unavailable,
    VehicleInfo,
    alias,
)

from .conftest import NOON, LetTimePass, set_up, settle, state, until
from .scripted import Scripted, Stage, reported, stage
from .simulator import Fault, Simulator
from .simulator.cars.telematics import Manner
from .test_command_log import ask
from .test_commands import act, device_id

__all__ = ["stage"]

REFRESH = "button.leaf_refresh_from_vehicle"
WAKES = "sensor.leaf_wakes_today"


async def test_every_wake_is_counted_and_told(
    hass: HomeAssistant, simulator: Simulator, loaded: MockConfigEntry, hass_admin_user: MockUser
) -> None:
    assert state(hass, WAKES).state == "0"
    await hass.services.async_call(
        "button", "press", {"entity_id": REFRESH}, blocking=True, context=Context(user_id=hass_admin_user.id)
    )
    await settle(hass)
    simulator.vehicle("Leaf").telematics.manner = Manner.SILENT
    with pytest.raises(HomeAssistantError):
        await act(hass, "climate", "turn_on", "climate.leaf_climate")
    simulator.fail("actions", Fault.http(500))
    with pytest.raises(HomeAssistantError):
        await act(hass, "button", "press", REFRESH)
    assert state(hass, WAKES).state == "4"
    assert state(hass, "sensor.ariya_wakes_today").state == "0"

    log = await ask(hass, "wake_log", device_id(hass, loaded, simulator, "Leaf"))
    assert [(line["why"], line["result"], line["asked_by"]) for line in log] == [
        ("refresh", "failed", "home_assistant"),
        ("start_climate", "unanswered", "home_assistant"),
        ("refresh", "answered", hass_admin_user.name),  # the climate, after the battery
        ("refresh", "answered", hass_admin_user.name),
    ]
    assert log[-1]["at"] == "2026-11-20T12:00:00+00:00"


async def test_what_is_blocked_wakes_nobody(
    hass: HomeAssistant, simulator: Simulator, loaded: MockConfigEntry, pass_time: LetTimePass
) -> None:
    simulator.vehicle("Leaf").report({Group.BATTERY, Group.CHARGING})
    await loaded.runtime_data.async_read_vehicle(loaded.runtime_data.vehicles[simulator.car("Leaf").vin])
    with pytest.raises(HomeAssistantError):
        await act(hass, "button", "press", "button.leaf_start_charging")  # it is at work, without a plug
    await pass_time(timedelta(hours=2), timedelta(minutes=5))
    assert state(hass, WAKES).state == "0"
    assert await ask(hass, "wake_log", device_id(hass, loaded, simulator, "Leaf")) == []


async def test_the_book_outlives_a_restart_and_the_count_a_day(
    hass: HomeAssistant, simulator: Simulator, loaded: MockConfigEntry, pass_time: LetTimePass
) -> None:
    await act(hass, "button", "press", REFRESH)
    await settle(hass)
    device = device_id(hass, loaded, simulator, "Leaf")
    before = await ask(hass, "wake_log", device)
    await hass.config_entries.async_reload(loaded.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert await ask(hass, "wake_log", device) == before
    assert state(hass, WAKES).state == "2"

    await pass_time(timedelta(hours=13), timedelta(minutes=10))
    assert state(hass, WAKES).state == "0"
    assert await ask(hass, "wake_log", device) == before


async def test_requests_are_counted_for_the_account(
    hass: HomeAssistant, simulator: Simulator, loaded: MockConfigEntry, pass_time: LetTimePass
) -> None:
    account = loaded.runtime_data
    first = account.connection.requests_today
    assert first >= sum(simulator.requests[name] for name in ("battery-status", "cockpit", "location", "hvac-status"))
    await pass_time(timedelta(minutes=10))
    assert account.connection.requests_today > first
    await pass_time(timedelta(hours=13), timedelta(minutes=10))
    assert 0 < account.connection.requests_today < first + 60


async def test_a_refresh_is_in_the_book_before_anything_else_can_be_decided(
    hass: HomeAssistant, simulator: Simulator, loaded: MockConfigEntry
) -> None:
    """Otherwise a second decision could be made on the same count."""
    vehicle = loaded.runtime_data.vehicles[simulator.car("Leaf").vin]
    assert vehicle.commands.runner.idle
    job = vehicle.commands.async_submit(Refresh(), Initiator(kind="option"))
    assert vehicle.log.wakes_today == 1
    assert not vehicle.commands.runner.idle
    await job.ended.wait()
    assert vehicle.log.wakes_today == 1


async def test_nobody_is_woken_besides_while_a_command_is_carried_out(
    hass: HomeAssistant, simulator: Simulator, entry: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    """What waits behind a command is in no book yet, so it would come on top of the day's budget."""
    await allow_wakes(hass, simulator, entry, {"wake_parked": 30})
    stuck = hass.loop.create_future()

    async def never(seconds: float) -> None:
        await stuck

    vehicle = entry.runtime_data.vehicles[simulator.car("Leaf").vin]
    follower = vehicle.commands.runner._follower
    sleep, follower._sleep = follower._sleep, never
    vehicle.commands.async_submit(SoundHorn(), Initiator(kind="user", name="Robin"))
    await until(hass, lambda: [each for each in vehicle.log.unfinished if each.ticket])
    for _ in range(12):
        freezer.tick(timedelta(minutes=10))
        await vehicle.coordinator.async_refresh()
        assert vehicle.coordinator.read_failure is None
    assert vehicle.commands.runner.pending == [SoundHorn()]

    follower._sleep = sleep
    stuck.set_result(None)
    await settle(hass)
    assert [(each.command, each.asked_by.kind) for each in vehicle.log.records] == [("sound_horn", "user")]
    await vehicle.coordinator.async_refresh()
    await settle(hass)
    assert vehicle.log.records[-1].asked_by.kind == "option", "it was due all the time"


async def allow_wakes(
    hass: HomeAssistant, simulator: Simulator, entry: MockConfigEntry, options: dict[str, int | str]
) -> None:
    """Set the account up with the LEAF alone, which is parked at work, and with leave to wake it."""
    simulator.account.vins = {simulator.car("Leaf").vin}
    entry.add_to_hass(hass)
    hass.config_entries.async_update_entry(entry, options={OPTION_WAKING: {alias(simulator.car("Leaf").vin): options}})
    await set_up(hass, entry)


async def test_a_parked_vehicle_is_woken_as_chosen_and_no_more(
    hass: HomeAssistant, simulator: Simulator, entry: MockConfigEntry, pass_time: LetTimePass
) -> None:
    await allow_wakes(hass, simulator, entry, {"wake_parked": 60, "wake_budget": 3})
    assert simulator.requests["wakes"] == 0
    await pass_time(timedelta(hours=5), timedelta(minutes=5))
    assert simulator.requests["wakes"] == 3
    assert state(hass, WAKES).state == "3"
    log = await ask(hass, "wake_log", device_id(hass, entry, simulator, "Leaf"))
    assert {(line["why"], line["asked_by"]) for line in log} == {("refresh", "option")}

    assert (log[0]["result"], log[0]["refusal"]) == ("not_woken", "budget"), "and it is told why"
    assert [line["result"] for line in log[1:]] == ["answered"] * 3

    await act(hass, "button", "press", REFRESH)
    assert simulator.requests["wakes"] == 4, "the owner is never held up"


@pytest.mark.usefixtures("every_entity_enabled")
async def test_why_a_vehicle_is_not_woken_can_be_seen(
    hass: HomeAssistant, simulator: Simulator, entry: MockConfigEntry, pass_time: LetTimePass
) -> None:
    await allow_wakes(hass, simulator, entry, {"wake_parked": 60, "quiet_from": "13:00:00", "quiet_until": "16:00:00"})
    await pass_time(timedelta(minutes=15), timedelta(minutes=5))
    assert state(hass, "sensor.leaf_automatic_wake").state == "restart", (
        "it was due before, and that is not made up for"
    )
    await pass_time(timedelta(hours=1), timedelta(minutes=5))
    assert state(hass, "sensor.leaf_automatic_wake").state == "quiet_hours"
    (line,) = await ask(hass, "wake_log", device_id(hass, entry, simulator, "Leaf"))
    assert (line["result"], line["refusal"]) == ("not_woken", "quiet_hours")
    assert "2026-11-20T13:0" in line["at"]


async def test_only_the_vehicle_that_was_chosen_is_woken(
    hass: HomeAssistant, simulator: Simulator, entry: MockConfigEntry, pass_time: LetTimePass
) -> None:
    """Options that an earlier version kept for the whole account choose nobody."""
    entry.add_to_hass(hass)
    waking = {"wake_parked": 60, alias(simulator.car("Ariya").vin): {"wake_parked": 60, "wake_budget": 2}}
    hass.config_entries.async_update_entry(entry, options={OPTION_WAKING: waking})
    await set_up(hass, entry)
    await pass_time(timedelta(hours=4), timedelta(minutes=5))
    assert state(hass, "sensor.ariya_wakes_today").state == "2"
    assert state(hass, WAKES).state == "0"
    assert simulator.requests["wakes"] == 2


async def test_a_restart_wakes_nobody(
    hass: HomeAssistant, simulator: Simulator, entry: MockConfigEntry, pass_time: LetTimePass
) -> None:
    await allow_wakes(hass, simulator, entry, {"wake_parked": 60})
    for _ in range(6):
        await pass_time(timedelta(minutes=50), timedelta(minutes=5))
        await hass.config_entries.async_reload(entry.entry_id)
        await hass.async_block_till_done(wait_background_tasks=True)
    assert simulator.requests["wakes"] == 0, "overdue all the time, and each start waits a full hour"


async def test_a_vehicle_that_does_not_answer_is_left_in_peace(
    hass: HomeAssistant, simulator: Simulator, entry: MockConfigEntry, pass_time: LetTimePass
) -> None:
    await allow_wakes(hass, simulator, entry, {"wake_parked": 30, "wake_budget": 20})
    simulator.vehicle("Leaf").telematics.manner = Manner.SILENT
    await pass_time(timedelta(hours=4), timedelta(minutes=5))
    assert state(hass, WAKES).state == "3"


async def test_quiet_hours(
    hass: HomeAssistant, simulator: Simulator, entry: MockConfigEntry, pass_time: LetTimePass
) -> None:
    quiet = {"quiet_from": "11:00:00", "quiet_until": "14:00:00"}
    await allow_wakes(hass, simulator, entry, {"wake_parked": 30, **quiet})
    await pass_time(timedelta(minutes=115), timedelta(minutes=5))
    assert state(hass, WAKES).state == "0"
    await pass_time(timedelta(minutes=30), timedelta(minutes=5))
    assert state(hass, WAKES).state == "1"


class Asleep(Scripted):
    """A source whose vehicle does not answer."""

    @override
    async def poll(self, vehicle: VehicleInfo, ticket: Ticket) -> Progress:
        return Progress(Phase.PENDING)


async def test_what_was_read_before_a_wake_is_no_answer_to_it(
    hass: HomeAssistant, stage: Stage, freezer: FrozenDateTimeFactory, pass_time: LetTimePass
) -> None:
    """After an outage a read brings news and shows that a wake is due: the news is older than the wake."""
    freezer.move_to(NOON)

    vin = "SJNFAAZE1U0099999"
    info = VehicleInfo(key=vin, vin=vin, capabilities=frozenset({Capability.BATTERY, Capability.REFRESH}))
    source = Asleep("kamereon", {vin: info}, {vin: reported(Battery, "kamereon", -5, level=50)})
    entry = stage.entry("Cloud", source)
    entry.add_to_hass(hass)
    hass.config_entries.async_update_entry(entry, options={OPTION_WAKING: {alias(vin): {"wake_parked": 60}}})
    await set_up(hass, entry)
    source.error = Unavailable()
    await pass_time(timedelta(hours=2), timedelta(minutes=5))
    source.states[vin], source.error = reported(Battery, "kamereon", 30, level=50), None
    await pass_time(timedelta(hours=1), timedelta(minutes=5))
    assert source.sent == [Refresh()]
    assert [wake.result for wake in entry.runtime_data.vehicles[vin].log.wakes.wakes] == ["unanswered"]
