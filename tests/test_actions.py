"""Actions as automations use them, among them the examples of their page."""

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
import re
from typing import Any

from aiohttp import web
from homeassistant.core import Context, HomeAssistant, ServiceResponse
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import config_validation as cv, device_registry as dr
from homeassistant.helpers.script import Script, async_validate_actions_config
from homeassistant.util import dt as dt_util
from homeassistant.util.yaml import parse_yaml
import probatio
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.nissanconnect.backends.demo.car import Car
from custom_components.nissanconnect.const import DOMAIN
from custom_components.nissanconnect.queries import QUERIES
from custom_components.nissanconnect.services import ACTIONS
from custom_components.nissanconnect.settings import OPTION_ANSWER_AT_ONCE
from custom_components.nissanconnect.vehicle import (
    Battery,
    Body,
    CancelClimateSchedule,
    ChargeSchedule,
    Command,
    FlashLights,
    Group,
    Push,
    Refresh,
    ScheduleClimate,
    SoundHorn,
    StartCharging,
    StartClimate,
    StartEngine,
    StopCharging,
    TripPeriod,
    VehicleState,
)

from .conftest import LetTimePass, set_up, settle, state
from .engine.test_capacity import Garage
from .pages import PAGES, blocks
from .simulator import Fault, Simulator
from .simulator.cars.electric import Electric
from .test_battery_health import charges
from .test_command_log import ask
from .test_commands import demo, device_id, executed  # noqa: F401 - demo is a fixture

PAGE = "docs/actions.md"
STEPS: list[Any] = [step for block in blocks(PAGE, "yaml") for step in parse_yaml(block)]
EXAMPLES: list[dict[str, Any]] = [step for step in STEPS if "action" in step]


async def perform(hass: HomeAssistant, action: str, device: str, **data: Any) -> None:
    await hass.services.async_call(DOMAIN, action, {"device_id": device, **data}, blocking=True)


async def run(hass: HomeAssistant, *steps: dict[str, Any]) -> dict[str, Any]:
    """Run actions as an automation does; return its variables."""
    sequence = await async_validate_actions_config(hass, cv.SCRIPT_SCHEMA(list(steps)))
    result = await Script(hass, sequence, "example", DOMAIN).async_run(context=Context())
    assert result is not None
    return dict(result.variables)


def test_there_is_an_example_and_a_line_for_every_action() -> None:
    known = {f"{DOMAIN}.{name}" for name in (*ACTIONS, *QUERIES)}
    assert {step["action"] for step in EXAMPLES} == known
    rows = re.findall(r"^\| `\w+\.(\w+)` \|(.*?)\|", PAGES[PAGE], re.MULTILINE)
    listed = {name: {*re.findall(r"`(\w+)`", fields)} - {*TripPeriod, "trip"} for name, fields in rows}
    actions = {name: each.fields for name, each in ACTIONS.items()}
    questions = {name: each.fields for name, each in QUERIES.items()}
    assert listed == {name: {*map(str, fields)} for name, fields in {**actions, **questions}.items()}


TOMORROW = datetime(2026, 11, 21, 7, 15, tzinfo=UTC)
EFFECTS: dict[str, list[Command]] = {
    "cancel_scheduled_climate": [CancelClimateSchedule()],
    "flash": [FlashLights()],
    "honk": [SoundHorn()],
    "locate": [Refresh(Group.POSITION)],
    "start_charging": [StartCharging()],
    "start_climate": [ScheduleClimate(at=TOMORROW, target=21)],
    "start_engine": [StartEngine()],
    "stop_charging": [StopCharging()],
    "stop_climate": [],  # it has reported that it is off
}


REFUSED = {
    "export_book": "folder_missing",  # it is none in this test
    "import_leafspy_log": "no_recorder",  # there is none in this test
    "rebuild_statistics": "no_recorder",
    "send_destination": "not_supported",  # nobody in Europe has these
    "set_charge_schedule": "not_supported",
}


@pytest.mark.parametrize("number", range(len(EXAMPLES)))
async def test_the_examples_do_what_they_say(
    hass: HomeAssistant, simulator: Simulator, loaded: MockConfigEntry, number: int
) -> None:
    ariya = simulator.vehicle("Ariya").powertrain
    assert isinstance(ariya, Electric)
    ariya.battery.energy *= 0.6  # so that there is something to charge
    step = EXAMPLES[number]
    action = step["action"].removeprefix(f"{DOMAIN}.")
    if action in REFUSED:
        with pytest.raises(ServiceValidationError) as error:
            await run(hass, step)
        assert error.value.translation_key == REFUSED[action]
        assert simulator.requests["actions"] == 0
        return
    variables = await run(hass, step)
    await settle(hass)
    wakes = [Refresh(Group.BATTERY), Refresh(Group.CLIMATE)] if step.get("data", {}).get("wake") else []
    done = [command for model in ("Leaf", "Ariya", "Qashqai") for command in executed(simulator, model)]
    assert done == EFFECTS.get(action, wakes)
    if "response_variable" in step:
        (told,) = variables[step["response_variable"]]["vehicles"].values()
        assert told["name"] == "LEAF"
        assert told["answer"] is not None


async def test_an_answer_can_be_used(hass: HomeAssistant, simulator: Simulator, loaded: MockConfigEntry) -> None:
    trips, use = next(pair for pair in pairwise(STEPS) if "variables" in pair[1])
    week = await ask(hass, "get_trips", device_id(hass, loaded, simulator, "Leaf"))
    assert (await run(hass, trips, use))["km_this_week"] == round(sum(day["distance"] for day in week))


async def test_reading_again_asks_the_cloud_for_everything_and_wakes_nobody(
    hass: HomeAssistant, simulator: Simulator, loaded: MockConfigEntry, pass_time: LetTimePass
) -> None:
    leaf = device_id(hass, loaded, simulator, "Leaf")
    await pass_time(timedelta(minutes=1))
    simulator.reset_counters()
    told = await ask(hass, "refresh", leaf)
    everything = {"battery-status", "charge-mode", "cockpit", "hvac-status", "location"}
    assert {name for name in everything if simulator.requests[name]} == everything
    assert simulator.requests["battery-status"] == 1, "of no other vehicle"
    assert simulator.requests["wakes"] == simulator.requests["actions"] == 0
    assert datetime.fromisoformat(told["last_read"]) == dt_util.utcnow()
    shown = state(hass, "sensor.leaf_last_report_from_vehicle").state
    assert datetime.fromisoformat(told["last_report"]).replace(second=0) == datetime.fromisoformat(shown)


async def test_a_refresh_that_wakes_goes_the_way_of_all_commands(
    hass: HomeAssistant, simulator: Simulator, loaded: MockConfigEntry
) -> None:
    leaf = device_id(hass, loaded, simulator, "Leaf")
    before = state(hass, "sensor.leaf_last_report_from_vehicle").state
    told = await ask(hass, "refresh", leaf, wake=True)
    assert datetime.fromisoformat(told["last_report"]) > datetime.fromisoformat(before)
    await settle(hass)
    assert simulator.requests["wakes"] == 2, "for the battery, and for the climate"
    wakes = [(line["why"], line["part"]) for line in await ask(hass, "wake_log", leaf)]
    assert wakes == [("refresh", "climate"), ("refresh", None)], "newest first, and no two alike"
    assert [line["command"] for line in await ask(hass, "command_log", leaf)] == ["refresh"] * 2


@pytest.mark.parametrize(
    ("fault", "key"), [(Fault.http(503), "service_outage"), (Fault.rate_limited(60), "rate_limited")]
)
async def test_a_refresh_without_an_answer_says_why(
    hass: HomeAssistant, simulator: Simulator, loaded: MockConfigEntry, fault: Fault, key: str
) -> None:
    simulator.fail("*", fault)
    with pytest.raises(HomeAssistantError) as error:
        await perform(hass, "refresh", device_id(hass, loaded, simulator, "Leaf"))
    assert error.value.translation_key == key


async def test_locating_asks_the_vehicle_and_tells_only_who_asked(
    hass: HomeAssistant,
    simulator: Simulator,
    entry: MockConfigEntry,
    pass_time: LetTimePass,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("DEBUG", "custom_components.nissanconnect")
    await set_up(hass, entry)
    leaf = device_id(hass, entry, simulator, "Leaf")
    await pass_time(timedelta(minutes=5))
    asked_at = dt_util.utcnow()

    told = await ask(hass, "locate", leaf)
    point = simulator.vehicle("Leaf").point
    assert (told["latitude"], told["longitude"]) == pytest.approx((point.latitude, point.longitude), abs=1e-5)
    assert datetime.fromisoformat(told["reported_at"]) >= asked_at
    assert simulator.requests["actions/refresh-location"] == simulator.requests["wakes"] == 1
    for log in ("command_log", "wake_log"):
        assert str(point.latitude)[:5] not in str(await ask(hass, log, leaf))
    assert str(point.latitude)[:5] not in caplog.text


def times_in(value: Any) -> list[str]:
    """The times in an answer; days are none."""
    if isinstance(value, dict | list):
        return [each for item in (value.values() if isinstance(value, dict) else value) for each in times_in(item)]
    return [value] if isinstance(value, str) and re.match(r"\d{4}-\d\d-\d\dT", value) else []


async def test_all_times_in_answers_are_local(
    hass: HomeAssistant, simulator: Simulator, loaded: MockConfigEntry
) -> None:
    await hass.config.async_set_time_zone("Europe/Amsterdam")
    leaf, now = device_id(hass, loaded, simulator, "Leaf"), dt_util.utcnow()
    vehicle = loaded.runtime_data.vehicles[simulator.car("Leaf").vin]
    for hours in (15, 18):
        await ask(hass, "start_climate", leaf, at=(now + timedelta(hours=hours)).isoformat())
    prices = [{"start": now.isoformat(), "end": (now + timedelta(hours=9)).isoformat(), "price": 0.2}]
    vehicle.battery.async_learn(charges(now - timedelta(days=900), now, Garage(per_year=-2)))
    asked: dict[str, dict[str, Any]] = {
        "locate": {},
        "refresh": {},
        "start_climate": {"at": (now + timedelta(hours=21)).isoformat()},
        "plan_charge": {"target": 100, "level": 50, "prices": prices},
        "battery_report": {},
        "command_log": {},
        "wake_log": {},
    }
    for action, data in asked.items():
        found = times_in(await ask(hass, action, leaf, **data))
        assert found, action
        assert {datetime.fromisoformat(each).utcoffset() for each in found} == {timedelta(hours=1)}, action


async def test_whoever_wants_an_answer_waits_for_it(
    hass: HomeAssistant, simulator: Simulator, entry: MockConfigEntry, pass_time: LetTimePass
) -> None:
    """Even if actions answer at once; without an answer to wait for they do."""
    entry.add_to_hass(hass)
    hass.config_entries.async_update_entry(entry, options={OPTION_ANSWER_AT_ONCE: True})
    await set_up(hass, entry)
    leaf = device_id(hass, entry, simulator, "Leaf")
    await pass_time(timedelta(minutes=5))
    await perform(hass, "locate", leaf)
    assert executed(simulator, "Leaf") == [], "accepted, not yet carried out"
    await hass.async_block_till_done(wait_background_tasks=True)

    asked_at = dt_util.utcnow()
    told = await ask(hass, "locate", leaf)
    assert datetime.fromisoformat(told["reported_at"]) >= asked_at


async def test_the_engine_is_started_against_a_low_battery_but_never_with_an_open_door(
    hass: HomeAssistant, simulator: Simulator, entry: MockConfigEntry
) -> None:
    await set_up(hass, entry)
    qashqai = device_id(hass, entry, simulator, "Qashqai")
    vehicle = entry.runtime_data.vehicles[simulator.car("Qashqai").vin]

    def says(*, is_open: bool, seconds: int) -> None:
        at = dt_util.utcnow() + timedelta(seconds=seconds)
        body = Body(backend="b", received_at=at, reported_at=at, door_front_left=is_open)
        battery = Battery(backend="b", received_at=at, reported_at=at, level=20)
        vehicle.coordinator.async_handle_push(Push(info=vehicle.info, state=VehicleState.of(battery, body)))

    says(is_open=True, seconds=0)
    for force in (False, True):
        with pytest.raises(ServiceValidationError) as error:
            await perform(hass, "start_engine", qashqai, force=force)
        assert error.value.translation_key == "door_open"
    says(is_open=False, seconds=1)
    with pytest.raises(ServiceValidationError) as error:
        await perform(hass, "start_engine", qashqai)
    assert error.value.translation_key == "battery_low"
    await perform(hass, "start_engine", qashqai, force=True)
    assert executed(simulator, "Qashqai") == [StartEngine()]


async def test_in_privacy_mode_nobody_is_located(
    hass: HomeAssistant, simulator: Simulator, entry: MockConfigEntry
) -> None:
    simulator.vehicle("Leaf").set_privacy(on=True)
    await set_up(hass, entry)
    with pytest.raises(ServiceValidationError) as error:
        await ask(hass, "locate", device_id(hass, entry, simulator, "Leaf"))
    assert error.value.translation_key == "privacy_mode"
    assert simulator.requests["actions"] == 0


@pytest.mark.parametrize(
    ("action", "model", "data", "key"),
    [
        ("stop_charging", "Leaf", {}, "not_supported"),
        ("start_charging", "Qashqai", {}, "not_supported"),
        ("start_charging", "Leaf", {}, "not_plugged_in"),
        ("set_charge_schedule", "Leaf", {"from": "23:00", "until": "06:00"}, "not_supported"),
        ("start_climate", "Leaf", {"defrost": True}, "defrost_not_supported"),
    ],
)
async def test_what_a_vehicle_cannot_do_is_refused_before_anything_is_sent(
    hass: HomeAssistant,
    simulator: Simulator,
    loaded: MockConfigEntry,
    action: str,
    model: str,
    data: dict[str, Any],
    key: str,
) -> None:
    simulator.vehicle("Leaf").report({Group.BATTERY, Group.CHARGING})
    await perform(hass, "refresh", device_id(hass, loaded, simulator, "Leaf"))
    with pytest.raises(ServiceValidationError) as error:
        await perform(hass, action, device_id(hass, loaded, simulator, model), **data)
    assert error.value.translation_key == key
    assert str(error.value) != key, "there is a text for it"
    assert simulator.requests["actions"] == 0


@pytest.mark.parametrize("data", [{"from": "23:00"}, {"from": "23:00", "until": "06:00", "days": []}])
async def test_half_a_schedule_is_none(
    hass: HomeAssistant, simulator: Simulator, loaded: MockConfigEntry, data: dict[str, Any]
) -> None:
    with pytest.raises(probatio.Invalid):
        await perform(hass, "set_charge_schedule", device_id(hass, loaded, simulator, "Leaf"), **data)


async def test_trips(hass: HomeAssistant, simulator: Simulator, loaded: MockConfigEntry) -> None:
    leaf = device_id(hass, loaded, simulator, "Leaf")
    week = await ask(hass, "get_trips", leaf)
    driven = [trip for trip in simulator.vehicle("Leaf").cloud.trips if trip.started_at.date() >= date(2026, 11, 14)]
    assert sum(day["trips"] for day in week) == len(driven) > 5
    assert sum(day["distance"] for day in week) == pytest.approx(sum(trip.distance for trip in driven), abs=1)
    assert [date.fromisoformat(day["start"]) for day in week] == sorted({trip.started_at.date() for trip in driven})

    (month,) = await ask(hass, "get_trips", leaf, **{"period": "month", "from": "2026-11-01"})
    assert (month["period"], month["start"]) == ("month", "2026-11-01")
    assert month["trips"] >= len(driven)
    assert await ask(hass, "get_trips", leaf, **{"from": date(2026, 11, 19), "to": date(2026, 11, 19)}) == [
        day for day in week if day["start"] == "2026-11-19"
    ]
    assert simulator.requests["wakes"] == 0


async def test_trips_from_the_future_to_the_past(
    hass: HomeAssistant, simulator: Simulator, loaded: MockConfigEntry
) -> None:
    with pytest.raises(ServiceValidationError) as error:
        await ask(hass, "get_trips", device_id(hass, loaded, simulator, "Leaf"), **{"from": "2026-12-24"})
    assert error.value.translation_key == "from_in_the_future"
    assert simulator.requests["trip-history"] == 0


async def test_trips_are_asked_for_whatever_the_contract_lists(
    hass: HomeAssistant, simulator: Simulator, entry: MockConfigEntry
) -> None:
    """Which service they need is a guess (kamereon-eu §7.3 [D]); only the service knows."""
    leaf = simulator.car("Leaf")
    leaf.services = {service: active for service, active in leaf.services.items() if service not in (235, 340)}
    await set_up(hass, entry)
    assert await ask(hass, "get_trips", device_id(hass, entry, simulator, "Leaf"))
    assert simulator.requests["trip-history"] == 1

    simulator.fail("trip-history", Fault.http(501, "501", "Not supported Feature"))
    with pytest.raises(ServiceValidationError) as error:
        await ask(hass, "get_trips", device_id(hass, entry, simulator, "Leaf"))
    assert error.value.translation_key == "not_supported"


@pytest.mark.parametrize(
    ("period", "since", "missing_from"),
    [("day", "2026-11-14", "2026-11-20"), ("month", "2026-09-10", "2026-11-01"), ("year", "2025-03-01", "2026-01-01")],
)
async def test_a_running_day_that_cannot_be_told_does_not_spoil_the_finished_ones(
    hass: HomeAssistant, simulator: Simulator, loaded: MockConfigEntry, period: str, since: str, missing_from: str
) -> None:
    """As long as it is in the range some services answer with an error (dartnissanconnect #6)."""

    async def fails_for_today(request: web.Request) -> web.StreamResponse | None:
        return web.Response(status=502) if request.query["end"] >= missing_from else None

    leaf = device_id(hass, loaded, simulator, "Leaf")
    whole = await ask(hass, "get_trips", leaf, period=period, **{"from": since})
    simulator.fail("trip-history", Fault(respond=fails_for_today))
    told: Any = await hass.services.async_call(
        DOMAIN,
        "get_trips",
        {"device_id": leaf, "period": period, "from": since},
        blocking=True,
        return_response=True,
    )
    (vehicle,) = told["vehicles"].values()
    assert vehicle["missing_from"] == missing_from
    assert vehicle["answer"] == [each for each in whole if each["start"] < missing_from]

    with pytest.raises(HomeAssistantError) as error:
        await ask(hass, "get_trips", leaf, period=period, **{"from": missing_from})
    assert error.value.translation_key == "unavailable"


async def test_trips_that_cannot_be_read(hass: HomeAssistant, simulator: Simulator, loaded: MockConfigEntry) -> None:
    simulator.fail("trip-history", Fault.http(503))
    with pytest.raises(HomeAssistantError) as error:
        await ask(hass, "get_trips", device_id(hass, loaded, simulator, "Leaf"))
    assert error.value.translation_key == "unavailable"


async def test_a_password_rejected_while_asking_for_trips_asks_for_the_new_one(
    hass: HomeAssistant, simulator: Simulator, loaded: MockConfigEntry
) -> None:
    simulator.account.password = "changed in the app"
    simulator.fail("trip-history", Fault.http(401, "401000"))
    simulator.fail("refresh-token", Fault.http(403))
    with pytest.raises(HomeAssistantError) as error:
        await ask(hass, "get_trips", device_id(hass, loaded, simulator, "Leaf"))
    assert error.value.translation_key == "authentication_failed"
    assert [flow["context"]["source"] for flow in hass.config_entries.flow.async_progress()] == ["reauth"]


async def demo_car(hass: HomeAssistant, entry: MockConfigEntry, name: str) -> tuple[str, Car]:
    """One of the demo's cars, and its device."""
    (found,) = (vehicle.info for vehicle in entry.runtime_data.vehicles.values() if vehicle.info.name == name)
    device = dr.async_get(hass).async_get_device_by_identifier((DOMAIN, found.key), entry.entry_id)
    assert device is not None
    return device.id, entry.runtime_data.backend.find(found)


async def test_demo_charge_schedule(hass: HomeAssistant, demo: MockConfigEntry) -> None:  # noqa: F811
    device, leaf = await demo_car(hass, demo, "LEAF")
    (example,) = (step for step in EXAMPLES if step["action"] == f"{DOMAIN}.set_charge_schedule")
    await run(hass, example)
    assert state(hass, "sensor.leaf_charge_schedule").state == "23:00-06:00"
    assert state(hass, "sensor.leaf_days_of_charge_schedule").state == "mon, tue, wed, thu, fri"
    assert leaf.schedule == ChargeSchedule(time(23), time(6), (0, 1, 2, 3, 4))

    await perform(hass, "set_charge_schedule", device)
    assert leaf.schedule is None
    assert state(hass, "sensor.leaf_charge_mode").state == "always"


async def test_demo_defrost(hass: HomeAssistant, demo: MockConfigEntry) -> None:  # noqa: F811
    device, ariya = await demo_car(hass, demo, "Ariya")
    await perform(hass, "start_climate", device, defrost=True)
    assert isinstance(ariya.running, StartClimate)
    assert ariya.running.defrost
    await perform(hass, "start_climate", device)
    assert isinstance(ariya.running, StartClimate)
    assert not ariya.running.defrost


@pytest.mark.parametrize("action", ["refresh", "locate"])
async def test_nothing_is_told_that_nobody_wants_to_know(
    hass: HomeAssistant, simulator: Simulator, loaded: MockConfigEntry, action: str
) -> None:
    response: ServiceResponse = await hass.services.async_call(
        DOMAIN, action, {"device_id": device_id(hass, loaded, simulator, "Leaf")}, blocking=True
    )
    assert response is None


async def test_preflight_of_locating(hass: HomeAssistant, simulator: Simulator, loaded: MockConfigEntry) -> None:
    leaf = device_id(hass, loaded, simulator, "Leaf")
    assert (await ask(hass, "preflight", leaf, command="locate"))["allowed"]
    told = await ask(hass, "preflight", leaf, command="set_charge_schedule")
    assert (told["allowed"], told["reason"]) == (False, "not_supported")
