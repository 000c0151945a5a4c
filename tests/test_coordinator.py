"""Reading vehicles: each part on its own, at the right pace, and believed for the right time."""

from collections.abc import Mapping
from datetime import timedelta
from itertools import pairwise
import time

from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import STATE_UNAVAILABLE, STATE_UNKNOWN
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr, entity_registry as er, issue_registry as ir
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_capture_events

from custom_components.nissanconnect import account
from custom_components.nissanconnect.book_sensor import BOOK_SENSORS
from custom_components.nissanconnect.const import DOMAIN
from custom_components.nissanconnect.estimate_sensor import ESTIMATES
from custom_components.nissanconnect.vehicle import Group

from .conftest import NOON, LetTimePass, minutes_of_reads, set_up, settle, state
from .simulator import Fault, Login, Simulator
from .simulator.account import Car
from .simulator.cars.electric import Electric
from .test_commands import device_id

MINUTE = timedelta(minutes=1)

FAULTS: Mapping[str, Fault] = {
    "403": Fault.http(403, "403", "security.access", "Access is denied for this resource"),
    "404": Fault.http(404),
    "500": Fault.http(500),
    "501": Fault.http(501, "501", "Not supported Feature"),
    "502 html": Fault.html(502, "Bad gateway"),
    "blocked": Fault.html(403),
    "login page": Fault.html(200, "Log in"),
    "empty": Fault.empty(),
    "malformed": Fault.malformed(),
    "redirect": Fault.redirect("http://127.0.0.1:1/"),
    "errors in 200": Fault.errors_in_200(),
    "errors object": Fault.errors_object(500),
    "429": Fault.rate_limited(60),
    "nulls": Fault.nulls(),
    "missing": Fault.missing(),
}

# What each endpoint is the only source of, for the LEAF; without it those states are unknown or do not exist.
SOURCES: Mapping[str, set[str]] = {
    "battery-status": {
        "binary_sensor.leaf_battery_charging",
        "binary_sensor.leaf_plugged_in",
        "sensor.leaf_battery",
        "sensor.leaf_battery_capacity",
        "sensor.leaf_charge_connection",
        "sensor.leaf_charging_status",
        "sensor.leaf_range",
        "sensor.leaf_range_with_climate_on",
    },
    "cockpit": {"sensor.leaf_odometer"},
    "hvac-status": {
        "binary_sensor.leaf_climate_running",
        "climate.leaf_climate",
        "sensor.leaf_inside_temperature",
        "sensor.leaf_outside_temperature",
    },
    "location": {"device_tracker.leaf_location"},
    "charge-mode": {"sensor.leaf_charge_mode"},
    "health-status": set(),
    "lock-status": set(),
    "pressure": set(),
}

# These change with every answer, whatever it holds.
MOVING = {"sensor.leaf_last_report_from_vehicle"}


OWN = {description.key for description in (*BOOK_SENSORS, *ESTIMATES)}
"""What is in the book stays, and what is expected follows from several reports."""


def leaf_states(hass: HomeAssistant) -> dict[str, str]:
    """What is known of the LEAF by its reports."""
    registry = er.async_get(hass)
    return {
        state.entity_id: state.state
        for state in hass.states.async_all()
        if ".leaf_" in state.entity_id
        and state.state != STATE_UNKNOWN
        and (known := registry.async_get(state.entity_id)) is not None
        and known.translation_key not in OWN
    }


@pytest.fixture
async def healthy(hass: HomeAssistant, loaded: MockConfigEntry) -> dict[str, str]:
    """What is known of the LEAF when nothing is wrong."""
    return leaf_states(hass)


@pytest.mark.parametrize("endpoint", SOURCES)
@pytest.mark.parametrize("fault", FAULTS)
async def test_one_endpoint_fails_alone(
    hass: HomeAssistant, simulator: Simulator, entry: MockConfigEntry, endpoint: str, fault: str
) -> None:
    simulator.fail(endpoint, FAULTS[fault])
    await set_up(hass, entry)
    assert entry.state is ConfigEntryState.LOADED
    broken = leaf_states(hass)

    await hass.config_entries.async_remove(entry.entry_id)
    simulator.heal()
    again = MockConfigEntry(domain=DOMAIN, unique_id=entry.unique_id, data=dict(entry.data))
    await set_up(hass, again)
    healthy = leaf_states(hass)
    assert SOURCES[endpoint] <= healthy.keys()

    lost = SOURCES[endpoint]
    assert {key: value for key, value in broken.items() if key not in MOVING} == {
        key: value for key, value in healthy.items() if key not in MOVING | lost
    }


async def test_a_hanging_endpoint_does_not_hold_the_others_up_for_ever(
    hass: HomeAssistant, simulator: Simulator, entry: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    simulator.fail("cockpit", Fault.hang())
    entry.add_to_hass(hass)
    setting_up = hass.async_create_task(hass.config_entries.async_setup(entry.entry_id))
    for _ in range(300):  # five minutes, in which both tries run out of time
        freezer.tick(1)
        await hass.async_add_executor_job(time.sleep, 0.005)  # the sockets need time that really passes
    assert setting_up.done()
    assert entry.state is ConfigEntryState.LOADED
    await hass.async_block_till_done()
    assert "sensor.leaf_battery" in leaf_states(hass)
    assert "sensor.leaf_odometer" not in leaf_states(hass)


@pytest.mark.parametrize("endpoint", [name for name, lost in SOURCES.items() if lost])
async def test_a_read_that_fails_keeps_the_last_value(
    hass: HomeAssistant, simulator: Simulator, healthy: dict[str, str], pass_time: LetTimePass, endpoint: str
) -> None:
    simulator.fail(endpoint, FAULTS["500"])
    await pass_time(timedelta(hours=2, minutes=40), 10 * MINUTE)
    for key in SOURCES[endpoint]:
        assert leaf_states(hass)[key] == healthy[key]


@pytest.mark.parametrize("fault", ["403", "500"])
@pytest.mark.parametrize("endpoint", [name for name, lost in SOURCES.items() if lost])
async def test_a_part_that_is_not_told_any_more_is_unavailable_alone(
    hass: HomeAssistant,
    simulator: Simulator,
    loaded: MockConfigEntry,
    healthy: dict[str, str],
    pass_time: LetTimePass,
    endpoint: str,
    fault: str,
) -> None:
    simulator.fail(endpoint, FAULTS[fault])
    asked = simulator.requests[endpoint]
    await pass_time(timedelta(hours=16), 40 * MINUTE)  # timers are asked for every six hours, and stay for three more
    assert simulator.requests[endpoint] > asked
    now = leaf_states(hass)
    lost = SOURCES[endpoint] - {"climate.leaf_climate"}
    assert {key for key in healthy if now.get(key) == STATE_UNAVAILABLE} == lost
    if endpoint == "hvac-status":
        assert state(hass, "climate.leaf_climate").state == STATE_UNKNOWN, "it can be commanded all the same"

    simulator.heal()
    if fault == "500":
        await pass_time(timedelta(hours=2), 40 * MINUTE)
        assert STATE_UNAVAILABLE not in leaf_states(hass).values()


@pytest.mark.parametrize("restart", [False, True])
async def test_a_vehicle_that_is_refused_everything_shows_nothing_after_three_hours(
    hass: HomeAssistant, simulator: Simulator, loaded: MockConfigEntry, pass_time: LetTimePass, restart: bool
) -> None:
    before = leaf_states(hass)
    for endpoint in SOURCES:
        simulator.fail(endpoint, FAULTS["403"], vin=simulator.car("Leaf").vin)
    await pass_time(timedelta(hours=2, minutes=30), 10 * MINUTE)
    assert leaf_states(hass) == before
    if restart:
        await hass.config_entries.async_reload(loaded.entry_id)
        await settle(hass)
        assert STATE_UNAVAILABLE not in leaf_states(hass).values(), "the clock goes on, and has not run down yet"
    await pass_time(timedelta(hours=1), 10 * MINUTE)
    assert set(leaf_states(hass).values()) == {STATE_UNAVAILABLE}
    await pass_time(timedelta(hours=9), 40 * MINUTE)
    assert set(leaf_states(hass).values()) == {STATE_UNAVAILABLE}, "the list of vehicles does not revive it"
    assert state(hass, "sensor.ariya_battery").state != STATE_UNAVAILABLE


def only(simulator: Simulator, model: str) -> Car:
    """Leave one vehicle in the account."""
    car = simulator.car(model)
    simulator.account.vins = {car.vin}
    return car


async def test_a_parked_vehicle_is_read_every_ten_minutes(
    hass: HomeAssistant, simulator: Simulator, entry: MockConfigEntry, pass_time: LetTimePass
) -> None:
    only(simulator, "Leaf")
    await set_up(hass, entry)
    found = await minutes_of_reads(simulator, pass_time, 35)
    assert len(found) == 3
    assert {later - earlier for earlier, later in pairwise(found)} <= {10, 11}


async def test_a_parked_vehicles_tyres_and_timers_are_left_alone(
    hass: HomeAssistant, simulator: Simulator, loaded: MockConfigEntry, pass_time: LetTimePass
) -> None:
    simulator.requests.clear()
    await pass_time(timedelta(hours=2), 5 * MINUTE)
    assert (
        simulator.requests["pressure"] == simulator.requests["charge-mode"] == simulator.requests["health-status"] == 0
    )
    assert simulator.requests["battery-status"] > 30


async def test_a_day_costs_half_of_reading_everything_every_ten_minutes(
    hass: HomeAssistant, simulator: Simulator, entry: MockConfigEntry, pass_time: LetTimePass
) -> None:
    """The LEAF drives home and charges at night; six reads every ten minutes would be 864 a day."""
    only(simulator, "Leaf")
    leaf = simulator.vehicle("Leaf")
    assert isinstance(leaf.powertrain, Electric)
    leaf.powertrain.battery.energy *= 0.5
    await set_up(hass, entry)
    simulator.requests.clear()
    levels = []
    for _ in range(24 * 60 // 2):
        await pass_time(2 * MINUTE, 2 * MINUTE)
        levels.append(float(state(hass, "sensor.leaf_battery").state))
    assert sum(simulator.requests[endpoint] for endpoint in SOURCES) < 864 / 2
    assert min(levels) < levels[0]
    assert max(levels) > levels[0]


async def test_a_vehicle_with_its_climate_on_is_read_every_five_minutes(
    hass: HomeAssistant, simulator: Simulator, entry: MockConfigEntry, pass_time: LetTimePass
) -> None:
    only(simulator, "Ariya")
    await set_up(hass, entry)
    await hass.services.async_call("climate", "turn_on", {"entity_id": "climate.ariya_climate"}, blocking=True)
    found = await minutes_of_reads(simulator, pass_time, 22)
    assert 3 <= len(found) <= 5


async def test_failures_back_off(
    hass: HomeAssistant, simulator: Simulator, entry: MockConfigEntry, pass_time: LetTimePass
) -> None:
    only(simulator, "Leaf")
    await set_up(hass, entry)
    simulator.fail("*", FAULTS["500"])
    found = await minutes_of_reads(simulator, pass_time, 60 * 4)
    gaps = [later - earlier for earlier, later in pairwise(found)]
    for gap, expected in zip(gaps, (5, 10, 20, 40, 60), strict=False):
        assert expected <= gap <= expected + 1

    simulator.heal()
    await pass_time(timedelta(hours=1, minutes=1))
    assert state(hass, "sensor.leaf_battery").state not in (STATE_UNAVAILABLE, STATE_UNKNOWN)


async def test_the_service_may_ask_for_a_longer_pause(
    hass: HomeAssistant, simulator: Simulator, entry: MockConfigEntry, pass_time: LetTimePass
) -> None:
    only(simulator, "Leaf")
    await set_up(hass, entry)
    simulator.fail("location", Fault.rate_limited(45 * 60), times=1)
    found = await minutes_of_reads(simulator, pass_time, 60)
    assert len(found) == 2
    assert found[1] - found[0] >= 45


async def test_values_stay_for_three_hours_of_outage(
    hass: HomeAssistant, simulator: Simulator, healthy: dict[str, str], pass_time: LetTimePass
) -> None:
    simulator.fail("*", FAULTS["500"])
    await pass_time(timedelta(hours=2, minutes=45), 5 * MINUTE)
    assert leaf_states(hass) == healthy
    await pass_time(timedelta(hours=2), 5 * MINUTE)
    assert set(leaf_states(hass).values()) == {STATE_UNAVAILABLE}

    simulator.heal()
    await pass_time(timedelta(minutes=70), 5 * MINUTE)
    assert leaf_states(hass).keys() >= healthy.keys()
    assert STATE_UNAVAILABLE not in leaf_states(hass).values()


async def test_an_outage_is_logged_once(
    hass: HomeAssistant,
    simulator: Simulator,
    loaded: MockConfigEntry,
    pass_time: LetTimePass,
    caplog: pytest.LogCaptureFixture,
) -> None:
    simulator.fail("*", FAULTS["500"])
    await pass_time(timedelta(hours=5), 5 * MINUTE)
    simulator.heal()
    await pass_time(timedelta(hours=2), 5 * MINUTE)
    errors = [record for record in caplog.records if record.levelname == "ERROR" and DOMAIN in record.name]
    assert len(errors) == len(simulator.cars)
    assert sum("recovered" in record.message for record in caplog.records) == len(simulator.cars)


async def test_a_part_that_fails_is_logged_once(
    hass: HomeAssistant,
    simulator: Simulator,
    loaded: MockConfigEntry,
    pass_time: LetTimePass,
    caplog: pytest.LogCaptureFixture,
) -> None:
    simulator.fail("hvac-status", FAULTS["502 html"])
    await pass_time(timedelta(hours=1))
    simulator.heal()
    await pass_time(timedelta(minutes=15))
    assert sum("hvac-status cannot be read" in record.message for record in caplog.records) == 2
    assert sum("hvac-status can be read again" in record.message for record in caplog.records) == 2


async def test_a_new_vehicle_appears_by_itself(
    hass: HomeAssistant, simulator: Simulator, entry: MockConfigEntry, pass_time: LetTimePass
) -> None:
    everything = set(simulator.account.vins)
    only(simulator, "Leaf")
    await set_up(hass, entry)
    assert hass.states.get("sensor.qashqai_fuel_range") is None

    simulator.account.vins = everything
    await pass_time(timedelta(hours=6, minutes=2), timedelta(minutes=10))
    assert float(state(hass, "sensor.qashqai_fuel_range").state) > 0


async def test_a_part_that_comes_and_goes_is_not_logged_each_time(
    hass: HomeAssistant,
    simulator: Simulator,
    loaded: MockConfigEntry,
    pass_time: LetTimePass,
    caplog: pytest.LogCaptureFixture,
) -> None:
    for _ in range(3):
        simulator.fail("hvac-status", FAULTS["502 html"])
        await pass_time(timedelta(minutes=40), 5 * MINUTE)
        simulator.heal()
        await pass_time(timedelta(minutes=40), 5 * MINUTE)
    told = [record.message for record in caplog.records if "hvac-status can" in record.message]
    assert len(told) == 4, "two cars, for which it is told once that it fails and once that it does not"


async def test_a_vehicle_that_left_the_account_goes_after_the_second_list(
    hass: HomeAssistant, simulator: Simulator, loaded: MockConfigEntry, pass_time: LetTimePass
) -> None:
    gone = simulator.car("Qashqai").vin
    simulator.account.vins -= {gone}
    await pass_time(timedelta(hours=6, minutes=2), timedelta(minutes=10))
    assert state(hass, "sensor.qashqai_odometer").state == STATE_UNAVAILABLE, "and still there"
    await pass_time(timedelta(hours=6, minutes=2), timedelta(minutes=10))
    assert hass.states.get("sensor.qashqai_odometer") is None
    assert dr.async_get(hass).async_get_device_by_identifier((DOMAIN, gone), loaded.entry_id) is None
    assert float(state(hass, "sensor.leaf_battery").state) > 0


async def test_an_account_may_list_absurdly_many(
    hass: HomeAssistant, simulator: Simulator, entry: MockConfigEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those that are taken work, the owner is told, and a shorter list ends it."""
    monkeypatch.setattr(account, "MOST_VEHICLES", 2)
    await set_up(hass, entry)
    assert len(entry.runtime_data.vehicles) == 2
    taken = set(entry.runtime_data.vehicles)
    issue_id = f"too_many_vehicles_{entry.entry_id}"
    assert ir.async_get(hass).async_get_issue(DOMAIN, issue_id) is not None
    simulator.account.vins = set(taken)
    await entry.runtime_data.async_refresh()
    assert set(entry.runtime_data.vehicles) == taken
    assert ir.async_get(hass).async_get_issue(DOMAIN, issue_id) is None


async def test_a_list_that_misses_a_vehicle_once_changes_nothing(
    hass: HomeAssistant, simulator: Simulator, loaded: MockConfigEntry
) -> None:
    """However often that happens: the device stays the same one, with its history and what automations know it by."""
    everything, missed = set(simulator.account.vins), simulator.car("Qashqai").vin
    device = device_id(hass, loaded, simulator, "Qashqai")
    removed = async_capture_events(hass, dr.EVENT_DEVICE_REGISTRY_UPDATED)
    for _ in range(3):
        simulator.account.vins = everything - {missed}
        await loaded.runtime_data.async_refresh()
        await settle(hass)
        assert missed in loaded.runtime_data.vehicles
        simulator.account.vins = everything
        await loaded.runtime_data.async_refresh()
        await settle(hass)
    assert float(state(hass, "sensor.qashqai_odometer").state) > 0
    assert device_id(hass, loaded, simulator, "Qashqai") == device
    assert [each for each in removed if each.data["action"] == "remove"] == []


async def test_an_account_that_lost_all_its_vehicles_says_so(
    hass: HomeAssistant, simulator: Simulator, loaded: MockConfigEntry, pass_time: LetTimePass
) -> None:
    everything, simulator.account.vins = simulator.account.vins, set()
    await pass_time(timedelta(hours=12, minutes=4), timedelta(minutes=10))
    registry = ir.async_get(hass)
    assert (DOMAIN, f"no_vehicles_{loaded.entry_id}") in registry.issues

    simulator.account.vins = everything
    await pass_time(timedelta(hours=6, minutes=4), timedelta(minutes=10))
    assert not registry.issues
    assert float(state(hass, "sensor.leaf_battery").state) > 0


@pytest.mark.usefixtures("every_entity_enabled")
async def test_privacy_mode_hides_the_position(
    hass: HomeAssistant, simulator: Simulator, loaded: MockConfigEntry, pass_time: LetTimePass
) -> None:
    assert "latitude" in state(hass, "device_tracker.leaf_location").attributes
    assert state(hass, "sensor.leaf_location_last_reported").state != STATE_UNKNOWN
    simulator.vehicle("Leaf").set_privacy(on=True)
    await pass_time(timedelta(minutes=11))
    assert state(hass, "binary_sensor.leaf_privacy_mode").state == "on"
    tracker = state(hass, "device_tracker.leaf_location")
    assert tracker.state == STATE_UNKNOWN
    assert "latitude" not in tracker.attributes
    assert state(hass, "sensor.leaf_location_last_reported").state == STATE_UNKNOWN
    vehicle = loaded.runtime_data.vehicles[simulator.car("Leaf").vin]
    assert Group.POSITION not in vehicle.coordinator.data.groups()

    simulator.vehicle("Leaf").set_privacy(on=False)
    await pass_time(timedelta(minutes=11))
    assert state(hass, "binary_sensor.leaf_privacy_mode").state == "off"
    assert "latitude" in state(hass, "device_tracker.leaf_location").attributes


async def test_a_subscription_that_lapsed_is_a_state_of_its_own(
    hass: HomeAssistant, simulator: Simulator, loaded: MockConfigEntry, pass_time: LetTimePass
) -> None:
    assert state(hass, "sensor.leaf_subscription").state == "active"
    simulator.car("Leaf").lapse()
    await pass_time(timedelta(hours=6, minutes=2), timedelta(minutes=10))
    assert state(hass, "sensor.leaf_subscription").state == "inactive"
    assert state(hass, "sensor.ariya_subscription").state == "active"


async def test_a_question_of_nissans_in_the_middle_of_life_is_an_issue(
    hass: HomeAssistant, simulator: Simulator, loaded: MockConfigEntry, pass_time: LetTimePass
) -> None:
    simulator.fail("refresh-token", FAULTS["403"])
    simulator.login = Login.TERMS_PENDING
    await pass_time(timedelta(minutes=45), 5 * MINUTE)
    registry = ir.async_get(hass)
    assert (DOMAIN, f"action_required_{loaded.entry_id}") in registry.issues
    assert not hass.config_entries.flow.async_progress()

    simulator.login = Login.SUCCESS
    await pass_time(timedelta(minutes=65), 5 * MINUTE)
    assert not registry.issues


async def test_a_password_that_stopped_working_asks_for_the_new_one(
    hass: HomeAssistant, simulator: Simulator, loaded: MockConfigEntry, pass_time: LetTimePass
) -> None:
    simulator.fail("refresh-token", FAULTS["403"])
    simulator.account.password = "changed in the app"
    simulator.requests.clear()
    await pass_time(timedelta(hours=8), 5 * MINUTE)
    (flow,) = hass.config_entries.flow.async_progress()
    assert flow["step_id"] == "reauth_confirm"
    assert simulator.requests["login"] == 1


async def test_time_is_the_vehicles_own(
    hass: HomeAssistant, simulator: Simulator, loaded: MockConfigEntry, pass_time: LetTimePass
) -> None:
    """Asking does not make a parked vehicle any fresher."""
    reported = state(hass, "sensor.leaf_last_report_from_vehicle").state
    assert reported < NOON.isoformat()
    await pass_time(timedelta(hours=1), 5 * MINUTE)
    assert state(hass, "sensor.leaf_last_report_from_vehicle").state == reported


async def test_a_parked_vehicle_has_been_there_since_it_came(
    hass: HomeAssistant, simulator: Simulator, loaded: object, pass_time: LetTimePass
) -> None:
    tracker = state(hass, "device_tracker.qashqai_location")
    await pass_time(timedelta(hours=3), timedelta(minutes=5))
    assert simulator.requests["location"] > 1
    assert state(hass, "device_tracker.qashqai_location").last_changed == tracker.last_changed
