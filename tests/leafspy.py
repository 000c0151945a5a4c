"""Leaf Spy in a real Home Assistant: a link, its webhook, and an app that calls it."""

from collections.abc import Mapping
from datetime import UTC
from http import HTTPStatus
from typing import Any

from aiohttp import ClientResponse
from aiohttp.test_utils import TestClient
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.nissanconnect.const import CONF_ODOMETER_UNIT, CONF_OUTSIDE_UNIT, CONF_SOURCE, DOMAIN

from .conftest import settle
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
