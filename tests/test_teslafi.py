"""TeslaFi in Home Assistant, through the real client against the stand-in."""

from collections.abc import AsyncIterator
from datetime import timedelta

from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import ConfigEntry, ConfigEntryState
from homeassistant.const import CONF_API_TOKEN, CONF_URL, STATE_UNAVAILABLE
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr, issue_registry as ir
from homeassistant.util import dt as dt_util
import pytest

from custom_components.nissanconnect.const import CONF_SOURCE

from .conftest import NOON, LetTimePass, state
from .dialogs import add, open_form, submit, suggested
from .simulator.teslafi import TOKEN, Say, TeslaFi

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


async def test_addresses(hass: HomeAssistant, teslafi: TeslaFi) -> None:
    form = await open_form(hass, "teslafi")
    for address in ("http://www.teslafi.com", "teslafi", f"{teslafi.url}?token={TOKEN}"):
        form = await submit(hass, form, {CONF_URL: address, CONF_API_TOKEN: TOKEN})
        assert form["errors"] == {"base": "invalid_address"}
    await teslafi.stop()
    form = await submit(hass, form, {CONF_URL: teslafi.url, CONF_API_TOKEN: TOKEN})
    assert form["errors"] == {"base": "no_connection"}
    assert suggested(form) == {CONF_URL: teslafi.url, CONF_API_TOKEN: None}


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


async def test_a_day_keeps_to_the_quota(
    hass: HomeAssistant, teslafi: TeslaFi, entry: ConfigEntry, pass_time: LetTimePass
) -> None:
    teslafi.asleep = None
    faults = (Say(status=500), Say(text="<html>"), Say(hang_up=True), Say(text="nonsense"), None)
    for hour in range(24):
        teslafi.always(faults[hour % len(faults)])
        await pass_time(timedelta(hours=1), timedelta(minutes=5))
    await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert (teslafi.requests["refused"], teslafi.orders, teslafi.leaked) == (0, [], 0)
