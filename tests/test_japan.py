"""NissanConnect Japan in Home Assistant, through the real client against the simulator's Japanese front end."""

from collections.abc import AsyncIterator
from datetime import UTC

from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import ConfigEntry, ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr, entity_registry as er, issue_registry as ir
from homeassistant.util import dt as dt_util
import pytest

from custom_components.nissanconnect.const import CONF_SOURCE, DOMAIN
from custom_components.nissanconnect.sources import SIMULATOR_VARIABLE

from .conftest import CREDENTIALS, NOON, state
from .dialogs import add
from .simulator import Simulator
from .simulator.japan import NOTE, SAKURA, japanese_garage

USER_ID = "437001"


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
