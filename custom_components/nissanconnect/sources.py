"""Which backend serves which source of vehicles.

A backend's package is imported when a source first needs it, so that nobody pays for those that they do not use.
"""

from asyncio import Event, sleep
from collections.abc import Awaitable, Callable, Mapping
from enum import StrEnum
from functools import partial
import logging
import os
from typing import Any

from aiohttp import CookieJar
from homeassistant.const import CONF_PASSWORD, CONF_USERNAME
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.aiohttp_client import async_create_clientsession
from homeassistant.helpers.event import async_call_later
from homeassistant.helpers.importlib import async_import_module
from homeassistant.util import dt as dt_util

from .backends.base import Backend, Json
from .const import CONF_AUTH, CONF_DEVICE_ID, CONF_ODOMETER_UNIT, CONF_OUTSIDE_UNIT, CONF_SOURCE

_LOGGER = logging.getLogger(__name__)

SIMULATOR_VARIABLE = "NISSANCONNECT_SIMULATOR_URL"

KILOMETRES, MILES = "kilometres", "miles"
AUTOMATIC, CELSIUS, FAHRENHEIT = "automatic", "celsius", "fahrenheit"

type SaveAuth = Callable[[dict[str, Json]], None]


class Source(StrEnum):
    """Where vehicles can come from, named by what the owner has in hand; also the steps of the config flow."""

    EUROPE = "europe"
    LEAFSPY = "leafspy"
    DEMO = "demo"


async def async_create_backend(
    hass: HomeAssistant, data: Mapping[str, Any], *, save_auth: SaveAuth, memory: Json = None
) -> Backend:
    """Return the backend for the data of a config entry.

    ``save_auth`` is handed every new log-in state (tokens), to be kept as ``data[CONF_AUTH]``; ``memory`` is what the
    backend's own ``memory()`` returned before the last restart.
    """
    return await _CREATE[Source(data[CONF_SOURCE])](hass, data, save_auth, memory)


async def _async_europe(hass: HomeAssistant, data: Mapping[str, Any], save_auth: SaveAuth, memory: Json) -> Backend:
    await _async_load(hass, "kamereon")
    from .backends.kamereon import EUROPE, Auth, KamereonBackend, simulated  # noqa: PLC0415

    environment, cookie_jar = EUROPE, None
    if url := os.environ.get(SIMULATOR_VARIABLE):
        _LOGGER.warning("%s is set: passwords go to the simulator, not to Nissan", SIMULATOR_VARIABLE)
        environment, cookie_jar = simulated(url), CookieJar(unsafe=True)  # a jar ignores bare addresses otherwise
    return KamereonBackend(
        # A session of its own: the log-in lives in its cookies.
        async_create_clientsession(hass, cookie_jar=cookie_jar),
        username=data[CONF_USERNAME],
        password=data[CONF_PASSWORD],
        auth=Auth.from_json(data.get(CONF_AUTH)),
        on_auth=lambda auth: save_auth(auth.to_json()),
        now=dt_util.utcnow,
        sleep=sleep,
        device_id=data.get(CONF_DEVICE_ID),
        environment=environment,
        memory=memory,
    )


async def _async_demo(hass: HomeAssistant, data: Mapping[str, Any], save_auth: SaveAuth, memory: Json) -> Backend:
    await _async_load(hass, "demo")
    from .backends.demo import DemoBackend  # noqa: PLC0415

    return DemoBackend(now=dt_util.utcnow, zone=dt_util.get_default_time_zone())


async def _async_leafspy(hass: HomeAssistant, data: Mapping[str, Any], save_auth: SaveAuth, memory: Json) -> Backend:
    await _async_load(hass, "leafspy")
    from .backends.leafspy import LeafSpyBackend, Units  # noqa: PLC0415

    return LeafSpyBackend(
        now=dt_util.utcnow,
        sleep=partial(_async_pause, hass),
        password=data.get(CONF_PASSWORD),
        units=Units(
            odometer_miles=data[CONF_ODOMETER_UNIT] == MILES,
            outside_fahrenheit={CELSIUS: False, FAHRENHEIT: True}.get(data[CONF_OUTSIDE_UNIT]),
        ),
        memory=memory,
    )


async def _async_pause(hass: HomeAssistant, seconds: float) -> None:
    """Wait by Home Assistant's clock."""
    over = Event()
    cancel = async_call_later(hass, seconds, callback(lambda _: over.set()))
    try:
        await over.wait()
    finally:
        cancel()


async def _async_load(hass: HomeAssistant, backend: str) -> None:
    """Import a backend outside the event loop; the import statement after it then only looks the module up."""
    await async_import_module(hass, f"{__package__}.backends.{backend}")


_CREATE: Mapping[Source, Callable[[HomeAssistant, Mapping[str, Any], SaveAuth, Json], Awaitable[Backend]]] = {
    Source.EUROPE: _async_europe,
    Source.LEAFSPY: _async_leafspy,
    Source.DEMO: _async_demo,
}
