"""An account of MyNISSAN in North America in a real Home Assistant, through the real library."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime

from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import ConfigEntry
from homeassistant.const import CONF_COUNTRY, CONF_PASSWORD, CONF_USERNAME
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.aiohttp_client import async_get_clientsession
from homeassistant.util import dt as dt_util
import pytest

from custom_components.nissanconnect import commands, reading, sources
from custom_components.nissanconnect.const import CONF_UNLOCK_WITHOUT_PIN

from ..dialogs import add
from ..simulator.mynissan import EMAIL, PASSWORD, Detour, MyNissan

EVENING = datetime(2026, 11, 20, 19, 30, tzinfo=UTC)
"""A Friday: the LEAF and the Ariya are at home and plugged in."""

ENTERED = {CONF_USERNAME: EMAIL, CONF_PASSWORD: PASSWORD, CONF_COUNTRY: "us", CONF_UNLOCK_WITHOUT_PIN: True}


@pytest.fixture
async def service(
    hass: HomeAssistant, socket_enabled: None, freezer: FrozenDateTimeFactory, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[MyNissan]:
    """The simulated service, on the clock of the test; the integration's session leads there."""
    freezer.move_to(EVENING)

    async def sleep(seconds: float) -> None:
        freezer.tick(seconds)

    monkeypatch.setattr(commands, "sleep", sleep)
    monkeypatch.setattr(reading, "random", lambda: 0.5)
    await hass.config.async_set_time_zone("Europe/London")
    async with MyNissan(now=dt_util.utcnow) as service:
        monkeypatch.setattr(
            sources, "async_get_clientsession", lambda hass: Detour(async_get_clientsession(hass), service.url)
        )
        yield service


@pytest.fixture
async def loaded(hass: HomeAssistant, service: MyNissan) -> ConfigEntry:
    """An account that was added in the dialog."""
    return await add(hass, "north_america", ENTERED)


def device(hass: HomeAssistant, entry: ConfigEntry, model: str) -> str:
    """The id of a vehicle's device."""
    devices = dr.async_entries_for_config_entry(dr.async_get(hass), entry.entry_id)
    return next(each.id for each in devices if (each.model or "").startswith(model))
