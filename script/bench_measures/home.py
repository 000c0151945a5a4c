"""A real Home Assistant in this process, with our integration in it."""

# The harness has to precede whatever of Home Assistant asks for the time.
import pytest_homeassistant_custom_component.patch_time  # noqa: F401, I001

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
import os
from pathlib import Path
import tempfile
from unittest.mock import patch

from aiohttp import ThreadedResolver
from homeassistant import loader
from homeassistant.const import CONF_PASSWORD, CONF_PREFIX, CONF_USERNAME
from homeassistant.core import HomeAssistant
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_test_home_assistant

from custom_components.nissanconnect.const import CONF_SOURCE, CONF_USER, CONF_VEHICLE_ID, DOMAIN
from custom_components.nissanconnect.sources import SIMULATOR_VARIABLE
from tests.simulator import EMAIL, PASSWORD

from .commuters import ZONE


class _Resolver(ThreadedResolver):
    async def real_close(self) -> None:
        """What Home Assistant calls at its end."""


@asynccontextmanager
async def home() -> AsyncGenerator[HomeAssistant]:
    """Run a Home Assistant, in a directory of its own that is gone afterwards."""
    with (
        tempfile.TemporaryDirectory(prefix="nissanconnect-bench-") as directory,
        # Home Assistant's own resolver needs zeroconf and the network; only bare addresses are asked for here.
        patch("homeassistant.helpers.aiohttp_client._async_make_resolver", lambda _: _Resolver()),
    ):
        async with async_test_home_assistant(config_dir=directory) as hass:
            (Path(directory) / ".storage").mkdir()
            hass.data.pop(loader.DATA_CUSTOM_COMPONENTS)
            await hass.config.async_set_time_zone(str(ZONE))
            try:
                yield hass
            finally:
                await hass.async_stop(force=True)


def account(name: str = "account", options: Mapping[str, object] | None = None) -> MockConfigEntry:
    """Return the entry of a simulator's account, never loaded so far."""
    return MockConfigEntry(
        domain=DOMAIN,
        title=name,
        unique_id=f"europe_{name}",
        data={CONF_SOURCE: "europe", CONF_USERNAME: EMAIL, CONF_PASSWORD: PASSWORD},
        options=options or {},
    )


def demo() -> MockConfigEntry:
    """Return the entry of the demo."""
    return MockConfigEntry(domain=DOMAIN, title="Demo", unique_id="demo", data={CONF_SOURCE: "demo"})


def module(prefix: str, user: str, vehicle_id: str) -> MockConfigEntry:
    """Return the entry of an OVMS module with these topics."""
    data = {CONF_SOURCE: "ovms", CONF_PREFIX: prefix, CONF_USER: user, CONF_VEHICLE_ID: vehicle_id}
    return MockConfigEntry(domain=DOMAIN, title="Module", unique_id="module", data=data)


async def load(hass: HomeAssistant, entry: MockConfigEntry, url: str = "") -> None:
    """Load an entry whose account is at the simulator with this address; its first reads may go on afterwards."""
    if url:
        os.environ[SIMULATOR_VARIABLE] = url
    if hass.config_entries.async_get_entry(entry.entry_id) is None:
        entry.add_to_hass(hass)
    if not await hass.config_entries.async_setup(entry.entry_id):
        raise RuntimeError(f"{entry.title} cannot be loaded: {entry.reason}")
