"""Leaf Spy in a real Home Assistant: a link, its webhook, and an app that calls it."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, timedelta
from http import HTTPStatus
from typing import Any

from aiohttp import ClientResponse
from aiohttp.test_utils import TestClient
from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_fire_time_changed

from custom_components.nissanconnect.const import CONF_ODOMETER_UNIT, CONF_OUTSIDE_UNIT, CONF_SOURCE, DOMAIN

from .simulator.leafspy_app import LeafSpyApp, old_leaf

WEBHOOK_ID = "0f1e2d3c4b5a69788796a5b4c3d2e1f0"
PASSWORD = "opensesame"
ADDRESS = f"/api/webhook/{WEBHOOK_ID}"

type Client = TestClient[Any, Any]


def link(password: str | None = PASSWORD) -> MockConfigEntry:
    """A link that has never been loaded."""
    data = {
        CONF_SOURCE: "leafspy",
        "webhook_id": WEBHOOK_ID,
        CONF_ODOMETER_UNIT: "kilometres",
        CONF_OUTSIDE_UNIT: "automatic",
        **({"password": password} if password else {}),
    }
    return MockConfigEntry(domain=DOMAIN, title="Leaf Spy", unique_id="leafspy_1", data=data)


def phone(**settings: Any) -> LeafSpyApp:
    """The app beside a LEAF that stands at home."""
    return LeafSpyApp(vehicle=old_leaf(dt_util.utcnow(), UTC), password=PASSWORD, **settings)


async def settle(hass: HomeAssistant) -> None:
    """Wait for what has begun, but not for who listens as long as the entry is loaded."""
    for _ in range(10):
        await asyncio.sleep(0)
        await hass.async_block_till_done()


async def load(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Load an entry that speaks by itself."""
    if hass.config_entries.async_get_entry(entry.entry_id) is None:
        entry.add_to_hass(hass)
    await hass.config_entries.async_setup(entry.entry_id)
    await settle(hass)


async def let_pass(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, duration: timedelta, step: timedelta = timedelta(minutes=1)
) -> None:
    """Let time pass in steps, in which Home Assistant does what is due."""
    end = dt_util.utcnow() + duration
    while dt_util.utcnow() < end:
        freezer.tick(min(step, end - dt_util.utcnow()))
        async_fire_time_changed(hass)
        await settle(hass)


async def call(
    hass: HomeAssistant, client: Client, parameters: Mapping[str, str], address: str = ADDRESS
) -> ClientResponse:
    """Send a message as the app does and let it take effect."""
    response = await client.get(address, params=parameters)
    await settle(hass)
    return response


async def verdict(response: ClientResponse) -> tuple[int, str]:
    """What the app looks at."""
    return response.status, await response.text()


GOOD = (HTTPStatus.OK, '"status":"0"')
BAD = (HTTPStatus.UNAUTHORIZED, '"status":"1"')
"""What it is told."""
