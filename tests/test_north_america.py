"""MyNISSAN of the USA, Canada and Mexico in a real Home Assistant, through the real library."""

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
import logging
import re
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.components.diagnostics import REDACTED
from homeassistant.components.update.const import DATA_COMPONENT
from homeassistant.config_entries import SOURCE_RECONFIGURE, SOURCE_USER, ConfigEntryState, ConfigFlowResult
from homeassistant.const import CONF_COUNTRY, CONF_PASSWORD, CONF_USERNAME, STATE_UNAVAILABLE, STATE_UNKNOWN
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import device_registry as dr, issue_registry as ir
from homeassistant.helpers.aiohttp_client import async_get_clientsession
from homeassistant.helpers.json import json_dumps
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.nissanconnect import commands, coordinator, sources
from custom_components.nissanconnect.backends.demo.places import TO_UTRECHT
from custom_components.nissanconnect.backends.demo.telematics import Manner
from custom_components.nissanconnect.const import CONF_AUTH, CONF_SOURCE, DOMAIN
from custom_components.nissanconnect.diagnostics import async_get_config_entry_diagnostics
from custom_components.nissanconnect.vehicle import (
    ChargeSchedule,
    FlashLights,
    Group,
    Lock,
    Refresh,
    SetChargeLimit,
    SetChargeSchedule,
    StartClimate,
    StartEngine,
    StopCharging,
    Unlock,
    UpdateStatus,
)

from .conftest import LetTimePass, state, status
from .simulator import Fault
from .simulator.mynissan import EMAIL, PASSWORD, Detour, MyNissan
from .simulator.mynissan.faults import partial
from .test_commands import act

EVENING = datetime(2026, 11, 20, 19, 30, tzinfo=UTC)
"""A Friday: the LEAF and the Ariya are at home and plugged in."""

ENTERED = {CONF_USERNAME: EMAIL, CONF_PASSWORD: PASSWORD, CONF_COUNTRY: "us"}


@pytest.fixture
async def service(
    hass: HomeAssistant, socket_enabled: None, freezer: FrozenDateTimeFactory, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[MyNissan]:
    """The simulated service, on the clock of the test; the integration's session leads there."""
    freezer.move_to(EVENING)
    service = MyNissan(now=dt_util.utcnow)
    await service.start()

    async def sleep(seconds: float) -> None:
        freezer.tick(seconds)

    monkeypatch.setattr(
        sources, "async_get_clientsession", lambda hass: Detour(async_get_clientsession(hass), service.url)
    )
    monkeypatch.setattr(commands, "sleep", sleep)
    monkeypatch.setattr(coordinator, "random", lambda: 0.5)
    await hass.config.async_set_time_zone("Europe/London")
    yield service
    await service.stop()


async def submit(hass: HomeAssistant, flow: ConfigFlowResult, entered: dict[str, Any]) -> ConfigFlowResult:
    result = await hass.config_entries.flow.async_configure(flow["flow_id"], entered)
    await hass.async_block_till_done(wait_background_tasks=True)
    return result


async def start(hass: HomeAssistant) -> ConfigFlowResult:
    menu = await hass.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_USER})
    return await hass.config_entries.flow.async_configure(menu["flow_id"], {"next_step_id": "north_america"})


@pytest.fixture
async def loaded(hass: HomeAssistant, service: MyNissan) -> MockConfigEntry:
    """An account that was added in the dialog."""
    result = await submit(hass, await start(hass), ENTERED)
    entry: MockConfigEntry = result["result"]
    return entry


def device(hass: HomeAssistant, entry: MockConfigEntry, model: str) -> str:
    """The id of a vehicle's device."""
    devices = dr.async_entries_for_config_entry(dr.async_get(hass), entry.entry_id)
    return next(each.id for each in devices if (each.model or "").startswith(model))


# Adding an account


@pytest.mark.parametrize("country", ["us", "ca", "mx"])
async def test_an_account_is_added(hass: HomeAssistant, service: MyNissan, country: str) -> None:
    form = await start(hass)
    assert (form["type"], form["step_id"], form["errors"]) == (FlowResultType.FORM, "north_america", {})
    result = await submit(hass, form, ENTERED | {CONF_COUNTRY: country})

    assert result["type"] is FlowResultType.CREATE_ENTRY
    entry = result["result"]
    assert entry.state is ConfigEntryState.LOADED
    assert entry.data.keys() == {CONF_SOURCE, CONF_USERNAME, CONF_COUNTRY, CONF_AUTH}
    assert PASSWORD not in json_dumps(dict(entry.data))
    assert EMAIL not in entry.title + (entry.unique_id or "")
    assert service.passwords == 1, "the entry uses the log-in of the dialog"


@pytest.mark.parametrize(
    ("name", "fault", "error"),
    [
        ("token", Fault.http(503), "unavailable"),
        ("token", Fault.rate_limited(60), "rate_limited"),
        ("VehiclesStaticData", Fault.http(403), "access_blocked"),
        ("VehiclesStaticData", Fault.html(200), "unavailable"),
        ("VehiclesStaticData", Fault.values(vehicles=[]), "no_vehicles"),
        ("VehiclesStaticData", Fault.values(vehicles=5), "protocol_error"),
    ],
)
async def test_what_goes_wrong_is_told_and_can_be_tried_again(
    hass: HomeAssistant, service: MyNissan, name: str, fault: Fault, error: str
) -> None:
    service.fail(name, fault)
    form = await submit(hass, await start(hass), ENTERED)
    assert form["errors"] == {"base": error}
    service.heal()
    assert (await submit(hass, form, ENTERED))["type"] is FlowResultType.CREATE_ENTRY


async def test_a_wrong_password_is_sent_once(hass: HomeAssistant, service: MyNissan) -> None:
    form = await start(hass)
    for _ in range(2):
        form = await submit(hass, form, ENTERED | {CONF_PASSWORD: "wrong"})
        assert form["errors"] == {"base": "authentication_failed"}
    assert service.passwords == 1
    assert (await submit(hass, form, ENTERED))["type"] is FlowResultType.CREATE_ENTRY


async def test_an_account_is_added_once(hass: HomeAssistant, loaded: MockConfigEntry) -> None:
    again = await submit(hass, await start(hass), ENTERED | {CONF_USERNAME: f" {EMAIL.upper()} "})
    assert (again["type"], again["reason"]) == (FlowResultType.ABORT, "already_configured")


# Staying in


async def test_the_owner_is_asked_for_the_password_when_the_log_in_has_ended(
    hass: HomeAssistant, service: MyNissan, loaded: MockConfigEntry, pass_time: LetTimePass
) -> None:
    (first,) = service.devices
    service.end_sessions(for_good=True)
    service.password = "a new one"
    await pass_time(timedelta(minutes=40))
    (flow,) = hass.config_entries.flow.async_progress()
    assert flow["step_id"] == "reauth_other"
    renewals = service.requests["token"]
    await pass_time(timedelta(hours=3), timedelta(minutes=10))
    assert service.requests["token"] == renewals, "what was refused is not sent again"
    assert state(hass, "sensor.ariya_battery").state not in {STATE_UNKNOWN, ""}

    form = await submit(hass, flow, {CONF_PASSWORD: PASSWORD})
    assert form["errors"] == {"base": "authentication_failed"}
    result = await submit(hass, form, {CONF_PASSWORD: "a new one"})
    assert result["reason"] == "reauth_successful"
    assert "a new one" not in json_dumps(dict(loaded.data))
    assert set(service.devices) == {first}, "we are still the same device"
    await pass_time(timedelta(minutes=10))
    assert state(hass, "sensor.ariya_battery").state != STATE_UNAVAILABLE


async def test_an_account_is_reconfigured(hass: HomeAssistant, service: MyNissan, loaded: MockConfigEntry) -> None:
    form = await hass.config_entries.flow.async_init(
        DOMAIN, context={"source": SOURCE_RECONFIGURE, "entry_id": loaded.entry_id}
    )
    assert form["step_id"] == "north_america"
    result = await submit(hass, form, ENTERED | {CONF_COUNTRY: "mx"})
    assert result["reason"] == "reconfigure_successful"
    assert loaded.data[CONF_COUNTRY] == "mx"
    assert CONF_PASSWORD not in loaded.data
    assert len(set(service.devices)) == 1
    assert status(loaded) is ConfigEntryState.LOADED


async def test_a_restart_needs_no_password(
    hass: HomeAssistant, service: MyNissan, loaded: MockConfigEntry, pass_time: LetTimePass
) -> None:
    await pass_time(timedelta(hours=2), timedelta(minutes=10))  # tokens have been renewed meanwhile
    asked = service.requests.copy()
    await hass.config_entries.async_reload(loaded.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert status(loaded) is ConfigEntryState.LOADED
    assert service.passwords == 1
    assert service.requests["VehicleCapabilities"] == asked["VehicleCapabilities"]
    assert service.requests["VehicleDynamicData"] == asked["VehicleDynamicData"] + 3
    assert state(hass, "lock.ariya_lock").state == "locked"


async def test_after_a_restart_everything_is_there_while_the_service_is_down(
    hass: HomeAssistant, service: MyNissan, loaded: MockConfigEntry
) -> None:
    before = {each.entity_id: each.state for each in hass.states.async_all() if "ariya" in each.entity_id}
    service.fail("*", Fault.http(503))
    await hass.config_entries.async_reload(loaded.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    after = {each.entity_id: each.state for each in hass.states.async_all() if "ariya" in each.entity_id}
    assert after.keys() == before.keys()
    kept = {name for name in before if name.startswith(("sensor.", "lock.", "climate.", "update."))}
    kept -= {name for name in kept if "today" in name}
    assert {name: after[name] for name in kept} == {name: before[name] for name in kept}


async def test_a_service_that_is_down_for_hours_takes_nothing_away(
    hass: HomeAssistant, service: MyNissan, loaded: MockConfigEntry, pass_time: LetTimePass
) -> None:
    level = state(hass, "sensor.leaf_battery").state
    service.fail("*", Fault.http(502))
    await pass_time(timedelta(hours=1), timedelta(minutes=5))
    assert state(hass, "sensor.leaf_battery").state == level
    issues = {issue.translation_key for issue in ir.async_get(hass).issues.values() if issue.domain == DOMAIN}
    assert issues == {"service_outage"}
    assert not hass.config_entries.flow.async_progress(), "nobody is asked for a password"

    service.heal()
    await pass_time(timedelta(hours=2), timedelta(minutes=10))
    assert not [issue for issue in ir.async_get(hass).issues.values() if issue.domain == DOMAIN]


async def test_one_part_down(
    hass: HomeAssistant, service: MyNissan, loaded: MockConfigEntry, pass_time: LetTimePass
) -> None:
    tracker = state(hass, "device_tracker.ariya_location").attributes["latitude"]
    level = state(hass, "sensor.ariya_battery").state
    service.fail("VehicleLocation", Fault.http(500))
    service.fail("VehicleDynamicData", partial("batteryStatus"))
    await pass_time(timedelta(hours=1), timedelta(minutes=5))
    assert state(hass, "device_tracker.ariya_location").attributes["latitude"] == tracker
    assert state(hass, "sensor.ariya_battery").state == level
    assert state(hass, "lock.ariya_lock").state == "locked"
    service.vehicle("Ariya").body.locked = False
    service.vehicle("Ariya").report([Group.BODY])
    await pass_time(timedelta(hours=1), timedelta(minutes=5))
    assert state(hass, "lock.ariya_lock").state == "unlocked", "the rest is still read"


async def test_being_refused_is_a_repair(
    hass: HomeAssistant, service: MyNissan, loaded: MockConfigEntry, pass_time: LetTimePass
) -> None:
    """Nissan may let in nobody but its app one day (mynissan-na §2.1)."""
    service.fail("*", Fault.http(403))
    await pass_time(timedelta(minutes=40), timedelta(minutes=5))
    issues = {issue.translation_key for issue in ir.async_get(hass).issues.values() if issue.domain == DOMAIN}
    assert issues == {"access_blocked"}


# What there is


async def test_what_a_vehicle_shows(hass: HomeAssistant, service: MyNissan, loaded: MockConfigEntry) -> None:
    said = service.vehicle("Ariya").cloud.state
    assert said.battery
    assert said.climate
    shown = {
        "sensor.ariya_battery": str(said.battery.level),
        "sensor.ariya_range": str(said.battery.range),
        "sensor.ariya_subscription": "active",
        "sensor.ariya_subscription_ends": "2027-03-01T00:00:00+00:00",
        "sensor.ariya_charging_finishes": STATE_UNKNOWN,
        "binary_sensor.ariya_plugged_in": "on",
        "binary_sensor.ariya_hood": "off",
        "binary_sensor.ariya_sunroof": "off",
        "binary_sensor.ariya_rear_left_window": "off",
        "binary_sensor.ariya_warning_lamp": "off",
        "climate.ariya_climate": "off",
        "lock.ariya_lock": "locked",
        "number.ariya_charge_limit": "80",
        "update.ariya_vehicle_software": "off",
        "sensor.qashqai_fuel_range": "454",
        "sensor.qashqai_oil_change_in": "7347",
    }
    assert {name: state(hass, name).state.removesuffix(".0") for name in shown} == shown
    assert state(hass, "climate.ariya_climate").attributes["current_temperature"] == said.climate.inside_temperature
    for absent in ("update.leaf_vehicle_software", "number.leaf_charge_limit", "climate.qashqai_climate"):
        assert hass.states.get(absent) is None
    for absent in ("binary_sensor.leaf_sunroof", "sensor.ariya_fuel_range", "binary_sensor.ariya_tyre_warning"):
        assert hass.states.get(absent) is None


async def test_an_update_is_shown_and_cannot_be_installed_from_here(
    hass: HomeAssistant, service: MyNissan, loaded: MockConfigEntry, pass_time: LetTimePass
) -> None:
    firmware = service.vehicle("Ariya").firmware
    assert firmware
    firmware.offer("campaign-7", "Better everything")
    await pass_time(timedelta(hours=30), timedelta(minutes=30))
    update = state(hass, "update.ariya_vehicle_software")
    assert update.state == "on"
    assert update.attributes["latest_version"] == "campaign-7"
    assert update.attributes["in_progress"] is False
    entity = hass.data[DATA_COMPONENT].get_entity(update.entity_id)
    assert entity
    assert await entity.async_release_notes() == "Better everything"
    with pytest.raises(HomeAssistantError):
        await act(hass, "update", "install", update.entity_id)

    firmware.status, firmware.progress = UpdateStatus.INSTALLING, 40
    await pass_time(timedelta(hours=30), timedelta(minutes=30))
    update = state(hass, "update.ariya_vehicle_software")
    assert (update.attributes["in_progress"], update.attributes["update_percentage"]) == (True, 40)

    firmware.finish()
    await pass_time(timedelta(hours=30), timedelta(minutes=30))
    assert state(hass, "update.ariya_vehicle_software").state == "off"


async def test_a_warning_lamp_is_an_alert(
    hass: HomeAssistant, service: MyNissan, loaded: MockConfigEntry, pass_time: LetTimePass
) -> None:
    service.car("Ariya").lamps["MASTER_WARNING"] = True
    await pass_time(timedelta(hours=7), timedelta(minutes=30))
    assert state(hass, "binary_sensor.ariya_warning_lamp").state == "on"
    alert = state(hass, "event.ariya_alert")
    assert alert.attributes["event_type"] == "warning_lamp"
    assert alert.attributes["lamps"] == "master_warning"


async def test_what_the_phone_app_did_is_a_message(
    hass: HomeAssistant, service: MyNissan, loaded: MockConfigEntry, pass_time: LetTimePass
) -> None:
    await pass_time(timedelta(minutes=40), timedelta(minutes=10))
    await act(hass, "lock", "lock", "lock.ariya_lock")
    service.car("Ariya").note("from-the-app", "SUCCESS", "REMOTE_DOOR_UNLOCK", dt_util.utcnow())
    await pass_time(timedelta(minutes=40), timedelta(minutes=10))
    alert = state(hass, "event.ariya_alert")
    assert alert.attributes["event_type"] == "cloud_message"
    assert alert.attributes["title"] == "Remote door unlock"


# Commands


async def test_commands(hass: HomeAssistant, service: MyNissan, loaded: MockConfigEntry) -> None:
    ariya = device(hass, loaded, "Ariya")
    await act(hass, "lock", "unlock", "lock.ariya_lock")
    assert state(hass, "lock.ariya_lock").state == "unlocked"
    await act(hass, "lock", "lock", "lock.ariya_lock")
    await act(hass, "button", "press", "button.ariya_flash_lights")
    await act(hass, "number", "set_value", "number.ariya_charge_limit", value=90)
    assert state(hass, "number.ariya_charge_limit").state.removesuffix(".0") == "90"
    await act(hass, "switch", "turn_off", "switch.ariya_charging")
    await hass.services.async_call(
        DOMAIN,
        "start_climate",
        {"device_id": ariya, "temperature": 23.5, "defrost": True, "heat_seats": True, "heat_wheel": True},
        blocking=True,
    )
    assert state(hass, "climate.ariya_climate").state == "heat_cool"
    await hass.services.async_call(DOMAIN, "locate", {"device_id": ariya}, blocking=True)
    await act(hass, "button", "press", "button.ariya_refresh_from_vehicle")
    assert service.vehicle("Ariya").telematics.executed == [
        Unlock(),
        Lock(),
        FlashLights(),
        SetChargeLimit(90),
        StopCharging(),
        StartClimate(23.5, defrost=True, heat_seats=True, heat_wheel=True),
        Refresh(Group.POSITION),
        Refresh(),
    ]
    assert state(hass, "sensor.ariya_wakes_today").state == "8"

    await act(hass, "button", "press", "button.qashqai_start_engine")
    assert service.vehicle("Qashqai").telematics.executed == [StartEngine()]


async def test_a_charge_timer(hass: HomeAssistant, service: MyNissan, loaded: MockConfigEntry) -> None:
    leaf = device(hass, loaded, "Leaf")
    data = {"device_id": leaf, "from": "23:30", "until": "05:00", "days": ["mon", "tue"]}
    await hass.services.async_call(DOMAIN, "set_charge_schedule", data, blocking=True)
    (done,) = service.vehicle("Leaf").telematics.executed
    assert isinstance(done, SetChargeSchedule)
    assert isinstance(done.schedule, ChargeSchedule)
    assert done.schedule.days == (0, 1)
    assert state(hass, "sensor.leaf_charge_mode").state == "scheduled"
    await hass.services.async_call(DOMAIN, "set_charge_schedule", {"device_id": leaf}, blocking=True)
    assert state(hass, "sensor.leaf_charge_mode").state == "always"


@pytest.mark.parametrize("wish", ["heat_seats", "heat_wheel"])
async def test_what_is_not_there_is_not_heated(
    hass: HomeAssistant, service: MyNissan, wish: str, loaded: MockConfigEntry, pass_time: LetTimePass
) -> None:
    car = service.car("Leaf")
    car.seats = car.wheel = False
    await pass_time(timedelta(hours=30), timedelta(minutes=30))
    with pytest.raises(HomeAssistantError) as raised:
        await hass.services.async_call(
            DOMAIN, "start_climate", {"device_id": device(hass, loaded, "Leaf"), wish: True}, blocking=True
        )
    assert raised.value.translation_key in {"seat_heat_not_supported", "wheel_heat_not_supported"}


async def test_a_refusal_is_told(hass: HomeAssistant, service: MyNissan, loaded: MockConfigEntry) -> None:
    service.vehicle("Ariya").depart(TO_UTRECHT)
    with pytest.raises(HomeAssistantError) as raised:
        await act(hass, "lock", "unlock", "lock.ariya_lock")
    assert raised.value.translation_key == "rejected_by_vehicle"
    command = state(hass, "event.ariya_command")
    assert (command.attributes["event_type"], command.attributes["code"]) == ("rejected", "vehicle_under_way")


async def test_no_answer_is_told(hass: HomeAssistant, service: MyNissan, loaded: MockConfigEntry) -> None:
    service.vehicle("Ariya").telematics.manner = Manner.SILENT
    with pytest.raises(HomeAssistantError) as raised:
        await act(hass, "lock", "unlock", "lock.ariya_lock")
    assert raised.value.translation_key == "no_answer"


async def test_trips_are_told(hass: HomeAssistant, loaded: MockConfigEntry) -> None:
    ariya = device(hass, loaded, "Ariya")
    told = await hass.services.async_call(
        DOMAIN, "get_trips", {"device_id": ariya}, blocking=True, return_response=True
    )
    answer: Any = told and told["vehicles"]
    assert [day["trips"] for day in answer[ariya]["answer"]] == [2, 2, 2]


# Privacy


def secrets(service: MyNissan, *entries: MockConfigEntry) -> Iterator[str]:
    """Everything that must not be seen."""
    yield from (EMAIL, EMAIL.split("@")[0] + "%40", PASSWORD)
    yield from service.access
    yield from service.refresh
    yield from service.devices
    for entry in entries:
        yield from (value for value in entry.data[CONF_AUTH].values() if value is not None)
    for vin, car in service.cars.items():
        yield from (vin, vin.lower())
        for place in (car.vehicle.home, car.vehicle.point):
            yield from (f"{place.latitude:.3f}", f"{place.longitude:.3f}")


async def test_nothing_personal_is_logged_or_downloaded(
    hass: HomeAssistant,
    service: MyNissan,
    loaded: MockConfigEntry,
    pass_time: LetTimePass,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    at_first = [*secrets(service, loaded)]
    vin = service.car("Ariya").vin
    faults = (
        Fault.http(500),
        Fault.html(502),
        Fault.malformed(),
        Fault.redirect(f"http://127.0.0.1:1/{EMAIL}"),
        Fault.rate_limited(300),
        Fault.values(message=f"{EMAIL} {vin}", level="half", ajar="HALF", lock=vin, type=vin, unit=EMAIL),
        Fault(rewrite=lambda body: {"errors": [{"message": f"{EMAIL} {vin}", "path": [vin, vin]}], "data": body}),
        partial("doorsStatus", vin),
        Fault.http(401),
    )
    told: list[str] = []
    for fault in faults:
        service.fail("*", fault, times=8)
        try:
            await act(hass, "lock", "unlock", "lock.ariya_lock")
        except HomeAssistantError as error:
            told.append(str(error))
        await pass_time(timedelta(hours=2), timedelta(minutes=10))
    service.heal()
    await hass.config_entries.async_reload(loaded.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)

    diagnostics = await async_get_config_entry_diagnostics(hass, loaded)
    assert diagnostics["data"][CONF_AUTH] == REDACTED
    assert diagnostics["backend"] == "mynissan"
    ours = [
        f"{record.name} {record.getMessage()} {record.exc_text or ''}"
        for record in caplog.records
        if record.name.startswith(("custom_components.nissanconnect", "pynissan", "homeassistant.helpers.update"))
    ]
    assert ours
    texts = {"log": "\n".join(ours), "diagnostics": json_dumps(diagnostics), "errors": "\n".join(told)}
    for secret in {*at_first, *secrets(service, loaded)}:
        for name, text in texts.items():
            assert not re.search(re.escape(secret), text), f"{name}: {secret[:4]}…"


async def test_two_countries_of_one_account_are_one_account(hass: HomeAssistant, loaded: MockConfigEntry) -> None:
    again = await submit(hass, await start(hass), ENTERED | {CONF_COUNTRY: "ca"})
    assert again["reason"] == "already_configured"
