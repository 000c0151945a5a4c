"""TeslaFi in Home Assistant, through the real client against the stand-in."""

from collections.abc import AsyncIterator
from datetime import timedelta
import logging

from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import (
    ConfigEntry,
    ConfigEntryState,
)
from homeassistant.const import CONF_API_TOKEN, CONF_URL, STATE_UNAVAILABLE, Platform
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import device_registry as dr, entity_registry as er, issue_registry as ir
from homeassistant.helpers.json import json_dumps
from homeassistant.util import dt as dt_util
import pytest

from custom_components.nissanconnect.const import CONF_SOURCE
from custom_components.nissanconnect.diagnostics import async_get_config_entry_diagnostics

from .conftest import NOON, LetTimePass, logged, state
from .dialogs import add, open_form, reconfigure, submit, suggested
from .simulator.teslafi import TOKEN, Say, TeslaFi
from .simulator.teslafi.server import UNAUTHORIZED

LEVEL = "sensor.leaf_battery"


@pytest.fixture
async def teslafi(socket_enabled: None, freezer: FrozenDateTimeFactory) -> AsyncIterator[TeslaFi]:
    """The service, on the clock of the test; its vehicle is kept awake."""
    freezer.move_to(NOON)
    async with TeslaFi(now=dt_util.utcnow) as service:
        service.asleep = False
        yield service


@pytest.fixture
async def entry(hass: HomeAssistant, teslafi: TeslaFi) -> ConfigEntry:
    """An entry that was made by the dialog."""
    await hass.config.async_set_time_zone("Europe/London")
    return await add(hass, "teslafi", {CONF_URL: teslafi.url, CONF_API_TOKEN: f" {TOKEN} "})


async def test_from_the_dialog_to_the_vehicle(hass: HomeAssistant, teslafi: TeslaFi, entry: ConfigEntry) -> None:
    assert entry.state is ConfigEntryState.LOADED
    assert entry.data.keys() == {CONF_SOURCE, CONF_URL, CONF_API_TOKEN, "auth"}
    vin = teslafi.vehicle.info.key
    assert vin not in f"{entry.unique_id} {entry.title}"
    assert TOKEN not in f"{entry.unique_id} {entry.title}"
    (device,) = dr.async_entries_for_config_entry(dr.async_get(hass), entry.entry_id)
    assert (device.name, device.serial_number) == ("LEAF", vin)
    assert float(state(hass, LEVEL).state) == round(teslafi.vehicle.powertrain.battery.level)  # type: ignore[union-attr]
    assert teslafi.requests == {"lastGood": 2}, "one by the dialog, one by the entry"


async def test_nothing_can_be_commanded(hass: HomeAssistant, teslafi: TeslaFi, entry: ConfigEntry) -> None:
    entities = er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id)
    assert len(entities) > 20
    pressable = {Platform.BUTTON, Platform.CLIMATE, Platform.SWITCH}
    assert not [each.entity_id for each in entities if each.domain in pressable]
    assert state(hass, "binary_sensor.leaf_lock").state == "off"  # for Home Assistant that is locked
    assert hass.states.get("lock.leaf_lock") is None
    assert teslafi.orders == []


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (UNAUTHORIZED, "authentication_failed_other"),
        (Say(text="Vehicle is asleep or unavailable"), "unreachable"),
        (Say.json({"data_id": 1, "state": "online", "vin": None}), "unreachable"),
        (Say(status=429), "rate_limited"),
        (Say(status=500), "unavailable"),
        (Say(text="<html>"), "unavailable"),
        (Say(text="no JSON"), "protocol_error"),
        (Say(status=302, headers={"Location": "http://127.0.0.1:1/"}), "unsafe_redirect"),
    ],
)
async def test_each_way_to_fail_has_its_own_words(
    hass: HomeAssistant, teslafi: TeslaFi, answer: Say, error: str
) -> None:
    entered = {CONF_URL: teslafi.url, CONF_API_TOKEN: TOKEN}
    teslafi.always(answer)
    form = await submit(hass, await open_form(hass, "teslafi"), entered)
    assert form["errors"] == {"base": error}

    teslafi.always(None)
    again = await submit(hass, form, entered)
    if answer is UNAUTHORIZED:
        assert again["errors"] == {"base": error}
        assert teslafi.total == 1, "a token that was refused is not sent again"
    else:
        assert again["type"] is FlowResultType.CREATE_ENTRY


async def test_addresses(hass: HomeAssistant, teslafi: TeslaFi) -> None:
    form = await open_form(hass, "teslafi")
    for address in ("http://www.teslafi.com", "teslafi", f"{teslafi.url}?token={TOKEN}"):
        form = await submit(hass, form, {CONF_URL: address, CONF_API_TOKEN: TOKEN})
        assert form["errors"] == {"base": "invalid_address"}
    await teslafi.stop()
    form = await submit(hass, form, {CONF_URL: teslafi.url, CONF_API_TOKEN: TOKEN})
    assert form["errors"] == {"base": "no_connection"}
    assert suggested(form) == {CONF_URL: teslafi.url, CONF_API_TOKEN: None}


async def test_a_vehicle_is_set_up_once(hass: HomeAssistant, teslafi: TeslaFi, entry: ConfigEntry) -> None:
    teslafi.per_minute = 15
    result = await submit(hass, await open_form(hass, "teslafi"), {CONF_URL: teslafi.url, CONF_API_TOKEN: TOKEN})
    assert result["reason"] == "already_configured"


async def test_reauthentication(
    hass: HomeAssistant, teslafi: TeslaFi, entry: ConfigEntry, pass_time: LetTimePass
) -> None:
    teslafi.token = "a-new-token"
    await pass_time(timedelta(minutes=15))
    (flow,) = hass.config_entries.flow.async_progress()
    assert flow["step_id"] == "reauth_other"
    asked = teslafi.total
    await pass_time(timedelta(hours=8), timedelta(minutes=20))
    assert teslafi.total == asked, "the refused token is not sent again"

    result = await submit(hass, flow, {CONF_API_TOKEN: "a guess"})
    assert result["errors"] == {"base": "authentication_failed_other"}
    teslafi.changes = {"vin": "1N4AZ1CP1JC999999"}
    other = await submit(hass, flow, {CONF_API_TOKEN: "a-new-token"})
    assert other["reason"] == "unique_id_mismatch"

    teslafi.changes = {}
    entry.async_start_reauth(hass)
    await hass.async_block_till_done()
    (flow,) = hass.config_entries.flow.async_progress()
    result = await submit(hass, flow, {CONF_API_TOKEN: "a-new-token"})
    assert result["reason"] == "reauth_successful"
    assert entry.state is ConfigEntryState.LOADED
    assert entry.data[CONF_API_TOKEN] == "a-new-token"
    assert entry.data[CONF_URL] == teslafi.url


async def test_reconfiguring(hass: HomeAssistant, teslafi: TeslaFi, entry: ConfigEntry, pass_time: LetTimePass) -> None:
    await pass_time(timedelta(minutes=2))
    form = await reconfigure(hass, entry)
    assert form["step_id"] == "teslafi"
    result = await submit(hass, form, {CONF_URL: f"{teslafi.url}feed.php", CONF_API_TOKEN: TOKEN})
    assert result["reason"] == "reconfigure_successful"
    assert entry.state is ConfigEntryState.LOADED


async def test_restart_and_unload(
    hass: HomeAssistant, teslafi: TeslaFi, entry: ConfigEntry, pass_time: LetTimePass
) -> None:
    before = state(hass, LEVEL).state
    await hass.config_entries.async_unload(entry.entry_id)
    asked = teslafi.total
    await pass_time(timedelta(hours=3), timedelta(minutes=30))
    assert teslafi.total == asked
    teslafi.asleep = True
    teslafi.always(Say(silence=True))
    await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    assert state(hass, LEVEL).state == before, "before the first answer"
    await teslafi.stop()
    teslafi.always(None)
    await hass.async_block_till_done(wait_background_tasks=True)
    await teslafi.start()
    await pass_time(timedelta(minutes=30))
    assert entry.state is ConfigEntryState.LOADED
    assert len(dr.async_entries_for_config_entry(dr.async_get(hass), entry.entry_id)) == 1


async def test_a_service_that_is_down(
    hass: HomeAssistant, teslafi: TeslaFi, entry: ConfigEntry, pass_time: LetTimePass
) -> None:
    before = state(hass, LEVEL).state
    teslafi.always(Say(status=502, text="<html>Bad Gateway"))
    await pass_time(timedelta(hours=2), timedelta(minutes=10))
    assert state(hass, LEVEL).state == before
    await pass_time(timedelta(hours=2), timedelta(minutes=10))
    assert state(hass, LEVEL).state == STATE_UNAVAILABLE
    assert not hass.config_entries.flow.async_progress()
    teslafi.always(None)
    await pass_time(timedelta(hours=1, minutes=5), timedelta(minutes=5))
    assert state(hass, LEVEL).state != STATE_UNAVAILABLE


async def test_a_sleeping_vehicle_keeps_its_values_and_its_place_in_the_list(
    hass: HomeAssistant, teslafi: TeslaFi, entry: ConfigEntry, pass_time: LetTimePass
) -> None:
    teslafi.asleep = True
    teslafi.changes = {f"tpms_{place}": None for place in ("front_left", "front_right", "rear_left", "rear_right")}
    for _ in range(80):
        await pass_time(timedelta(minutes=15), timedelta(minutes=15))
        assert not ir.async_get(hass).issues, "that it sleeps is no refusal"
    assert state(hass, LEVEL).state not in {STATE_UNAVAILABLE, "unknown"}
    assert len(dr.async_entries_for_config_entry(dr.async_get(hass), entry.entry_id)) == 1
    assert teslafi.orders == []


async def test_a_day_leaves_no_trace_in_the_log_and_keeps_to_the_quota(
    hass: HomeAssistant,
    teslafi: TeslaFi,
    entry: ConfigEntry,
    pass_time: LetTimePass,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    teslafi.asleep = None
    faults = (Say(status=500, text=TOKEN), Say(text="<html>"), Say(hang_up=True), Say(text="nonsense"), None)
    places = set()
    for hour in range(24):
        teslafi.always(faults[hour % len(faults)])
        await pass_time(timedelta(hours=1), timedelta(minutes=5))
        point = teslafi.vehicle.point
        places |= {f"{point.latitude:.4f}", f"{point.longitude:.4f}"}
    teslafi.always(None)
    await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    vin = teslafi.vehicle.info.key
    ours = logged(caplog, "custom_components", "homeassistant.config_entries", "homeassistant.helpers")
    assert len(ours) > 50
    told = json_dumps(await async_get_config_entry_diagnostics(hass, entry))
    for secret in (TOKEN, vin, vin.lower(), *places):
        assert not [line for line in ours if secret in line]
        assert secret not in told
    assert (teslafi.requests["refused"], teslafi.orders, teslafi.leaked) == (0, [], 0)
    assert len(places) > 2
