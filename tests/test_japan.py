"""NissanConnect Japan in Home Assistant, through the real client against the simulator's Japanese front end."""

from collections.abc import AsyncIterator
from datetime import UTC, timedelta
import logging

from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import ConfigEntry, ConfigEntryState
from homeassistant.const import CONF_PASSWORD, STATE_UNAVAILABLE, Platform
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import device_registry as dr, entity_registry as er, issue_registry as ir
from homeassistant.helpers.json import json_dumps
from homeassistant.util import dt as dt_util
import pytest

from custom_components.nissanconnect.const import CONF_AUTH, CONF_SOURCE, DOMAIN
from custom_components.nissanconnect.diagnostics import async_get_config_entry_diagnostics
from custom_components.nissanconnect.sources import SIMULATOR_VARIABLE

from .conftest import CREDENTIALS, NOON, LetTimePass, logged, state
from .dialogs import add, open_form, submit
from .simulator import EMAIL, PASSWORD, Fault, Login, Simulator
from .simulator.japan import NOTE, SAKURA, UUIDS, japanese_garage

USER_ID = "437001"
PARTS = ("battery-status", "cockpit", "health-status", "hvac-status", "location", "lock-status")


@pytest.fixture
async def japan(
    socket_enabled: None, freezer: FrozenDateTimeFactory, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Simulator]:
    """The service, on the clock of the test."""
    freezer.move_to(NOON)
    async with Simulator(now=dt_util.utcnow, garage=japanese_garage(NOON, UTC), user_id=USER_ID) as service:
        service.cars[SAKURA].services[2021] = True  # the status of its lock
        monkeypatch.setenv(SIMULATOR_VARIABLE, service.url)
        yield service


@pytest.fixture
async def entry(hass: HomeAssistant, japan: Simulator) -> ConfigEntry:
    """An entry that was made by the dialog."""
    await hass.config.async_set_time_zone("Europe/London")
    return await add(hass, "japan", CREDENTIALS)


async def reload(hass: HomeAssistant, entry: ConfigEntry) -> None:
    await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)


def entity(hass: HomeAssistant, key: str, name: str) -> str:
    """The entity id of a vehicle's entity."""
    found = next(
        each.entity_id
        for each in er.async_get(hass).entities.values()
        if each.platform == DOMAIN and each.unique_id == f"{key}_{name}"
    )
    assert key.lower().replace("-", "_") not in found
    return str(found)


async def test_from_the_dialog_to_the_vehicles(hass: HomeAssistant, japan: Simulator, entry: ConfigEntry) -> None:
    assert entry.state is ConfigEntryState.LOADED
    assert (entry.unique_id, entry.title) == (f"japan_{USER_ID}", "NissanConnect Japan")
    assert entry.data[CONF_SOURCE] == "japan"
    assert japan.requests["login"] == 1, "the entry uses the log-in of the dialog"
    devices = dr.async_entries_for_config_entry(dr.async_get(hass), entry.entry_id)
    assert {(device.name, device.serial_number) for device in devices} == {("サクラ", None), ("ノート", None)}
    level = state(hass, entity(hass, SAKURA, "battery_level")).state
    battery = japan.cars[SAKURA].vehicle.cloud.state.battery
    assert battery
    assert float(level) == battery.level
    assert float(state(hass, entity(hass, NOTE, "fuel_range")).state) > 0
    assert not ir.async_get(hass).issues


async def test_nothing_can_be_commanded(hass: HomeAssistant, japan: Simulator, entry: ConfigEntry) -> None:
    entities = er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id)
    assert len(entities) > 40
    pressable = {Platform.BUTTON, Platform.CLIMATE, Platform.SWITCH}
    assert not [each.entity_id for each in entities if each.domain in pressable]
    assert japan.requests["wakes"] == 0


@pytest.mark.parametrize(
    ("login", "error"),
    [
        (Login.WRONG_PASSWORD, "authentication_failed_other"),
        (Login.OUTAGE, "unavailable"),
        (Login.GEO_BLOCKED, "access_blocked"),
    ],
)
async def test_each_way_a_log_in_can_end_has_its_own_words(
    hass: HomeAssistant, japan: Simulator, login: Login, error: str
) -> None:
    japan.login = login
    form = await submit(hass, await open_form(hass, "japan"), CREDENTIALS)
    assert form["errors"] == {"base": error}
    japan.login = Login.SUCCESS
    if login is Login.WRONG_PASSWORD:
        assert (await submit(hass, form, CREDENTIALS))["errors"] == {"base": error}
        assert japan.requests["login"] == 1, "the same input is not sent again"
        form = await open_form(hass, "japan")
    assert (await submit(hass, form, CREDENTIALS))["type"] is FlowResultType.CREATE_ENTRY


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Fault.http(500, "0204"), "unavailable"),
        (Fault.malformed(), "protocol_error"),
        (Fault.values(vehicles=[]), "no_vehicles"),
        (Fault.rate_limited(60), "rate_limited"),
    ],
)
async def test_a_list_that_cannot_be_had(hass: HomeAssistant, japan: Simulator, fault: Fault, error: str) -> None:
    japan.fail("token-info", fault)
    form = await submit(hass, await open_form(hass, "japan"), CREDENTIALS)
    assert form["errors"] == {"base": error}
    japan.heal()
    assert (await submit(hass, form, CREDENTIALS))["type"] is FlowResultType.CREATE_ENTRY


async def test_a_network_that_is_away(hass: HomeAssistant, japan: Simulator) -> None:
    form = await open_form(hass, "japan")
    await japan.stop()
    assert (await submit(hass, form, CREDENTIALS))["errors"] == {"base": "no_connection"}


async def test_reauthentication(
    hass: HomeAssistant, japan: Simulator, entry: ConfigEntry, pass_time: LetTimePass
) -> None:
    japan.account.password = "changed in the app"
    await pass_time(timedelta(minutes=80), timedelta(minutes=5))
    (flow,) = hass.config_entries.flow.async_progress()
    assert flow["step_id"] == "reauth_other"
    logins = japan.requests["login"]
    await pass_time(timedelta(hours=8), timedelta(minutes=30))
    await reload(hass, entry)
    assert japan.requests["login"] == logins == 2, "the refused password is not sent again"
    (flow,) = hass.config_entries.flow.async_progress()

    result = await submit(hass, flow, {CONF_PASSWORD: "a guess"})
    assert result["errors"] == {"base": "authentication_failed_other"}
    result = await submit(hass, flow, {CONF_PASSWORD: "changed in the app"})
    assert result["reason"] == "reauth_successful"
    assert entry.state is ConfigEntryState.LOADED
    assert entry.data[CONF_AUTH]["rejected"] is False


async def test_restart(hass: HomeAssistant, japan: Simulator, entry: ConfigEntry, pass_time: LetTimePass) -> None:
    level = entity(hass, SAKURA, "battery_level")
    before = state(hass, level).state
    await pass_time(timedelta(minutes=10))
    await hass.config_entries.async_unload(entry.entry_id)
    asked = japan.total
    await pass_time(timedelta(minutes=20))
    assert japan.total == asked, "nothing is asked while unloaded"
    japan.fail("*", Fault.hang())
    await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    assert state(hass, level).state == before, "before the first answer"
    japan.heal()
    await reload(hass, entry)
    assert entry.state is ConfigEntryState.LOADED
    assert japan.requests["login"] == 1, "the token still lasts"


@pytest.mark.parametrize("part", PARTS)
async def test_one_part_down(hass: HomeAssistant, japan: Simulator, entry: ConfigEntry, part: str) -> None:
    japan.fail(part, Fault.http(500, "0204"))
    await reload(hass, entry)
    for vehicle in entry.runtime_data.vehicles.values():
        assert vehicle.coordinator.last_update_success
        assert vehicle.coordinator.parts.failing <= {part}
    assert any(vehicle.coordinator.parts.failing for vehicle in entry.runtime_data.vehicles.values())
    entities = er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id)
    shown = [each.entity_id for each in entities if not each.disabled]
    assert not [each for each in shown if state(hass, each).state == STATE_UNAVAILABLE]


async def test_the_service_down(
    hass: HomeAssistant, japan: Simulator, entry: ConfigEntry, pass_time: LetTimePass
) -> None:
    level = entity(hass, SAKURA, "battery_level")
    before = state(hass, level).state
    for part in PARTS:
        japan.fail(part, Fault.http(503))
    await pass_time(timedelta(hours=2), timedelta(minutes=10))
    assert state(hass, level).state == before
    assert {issue.translation_key for issue in ir.async_get(hass).issues.values()} == {"service_outage"}
    await pass_time(timedelta(hours=2), timedelta(minutes=10))
    assert state(hass, level).state == STATE_UNAVAILABLE
    assert japan.requests["login"] <= 6, "not one for each request"
    japan.heal()
    await pass_time(timedelta(hours=1, minutes=10), timedelta(minutes=10))
    assert state(hass, level).state != STATE_UNAVAILABLE
    assert not ir.async_get(hass).issues
    assert not hass.config_entries.flow.async_progress()


async def test_a_day_leaves_no_trace_of_anybody(
    hass: HomeAssistant,
    japan: Simulator,
    entry: ConfigEntry,
    pass_time: LetTimePass,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    faults = (Fault.http(500), Fault.html(502), Fault.malformed(), Fault.errors_in_200(), Fault.rate_limited(300))
    places = set()
    for hour in range(24):
        japan.fail("*", faults[hour % len(faults)], times=6)
        await pass_time(timedelta(hours=1), timedelta(minutes=5))
        for car in japan.cars.values():
            places |= {f"{car.vehicle.point.latitude:.3f}", f"{car.vehicle.point.longitude:.3f}"}
    japan.heal()
    await reload(hass, entry)
    lines = logged(caplog, "custom_components", "homeassistant.config_entries", "homeassistant.helpers.update")
    assert len(lines) > 100
    told = json_dumps(await async_get_config_entry_diagnostics(hass, entry))
    tokens = {*japan.tokens.access, *japan.tokens.refresh, str(entry.data[CONF_AUTH]["access_token"])}
    for secret in (EMAIL, PASSWORD, USER_ID, SAKURA, NOTE, *UUIDS.values(), *tokens, *places):
        assert not [line for line in lines if secret in line], "a secret is in the log"
        assert secret not in told
    assert set(japan.password_posts) == {japan.url.removeprefix("http://")}
    assert japan.requests["wakes"] == 0
