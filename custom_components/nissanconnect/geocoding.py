"""Where an address is, asked of OpenStreetMap's Nominatim once when its owner types it.

Its usage policy asks for a User-Agent that names the application, for one request at a time, and for at most one a
second. The answer is © OpenStreetMap contributors.
"""

import asyncio
from http import HTTPStatus
from typing import NamedTuple

from aiohttp import ClientError
from homeassistant.core import HomeAssistant
from homeassistant.helpers.aiohttp_client import async_get_clientsession
from homeassistant.loader import async_get_integration
from homeassistant.util.json import json_loads
import probatio

from .const import DOMAIN
from .vehicle import BackendError

URL = "https://nominatim.openstreetmap.org/search"
_TIMEOUT = 10
"""Seconds, as the next."""
_GAP = 1.0

_ANSWER = probatio.Schema(
    [
        probatio.Schema(
            {
                probatio.Required("lat"): probatio.All(probatio.Coerce(float), probatio.Range(-90, 90)),
                probatio.Required("lon"): probatio.All(probatio.Coerce(float), probatio.Range(-180, 180)),
            },
            extra=probatio.REMOVE_EXTRA,
        )
    ]
)


class _Turn:
    """One request at a time, and a while between them."""

    def __init__(self) -> None:
        self._lock = asyncio.Lock()
        self._free_at = 0.0

    async def __aenter__(self) -> None:
        await self._lock.acquire()
        await asyncio.sleep(self._free_at - asyncio.get_running_loop().time())

    async def __aexit__(self, *_: object) -> None:
        self._free_at = asyncio.get_running_loop().time() + _GAP
        self._lock.release()


_turn = _Turn()


class Place(NamedTuple):
    """WGS 84 degrees."""

    latitude: float
    longitude: float


class NoPlaceFound(Exception):
    """The address could not be turned into a place; ``key`` names the text for the form."""

    def __init__(self, key: str) -> None:
        """Keep the key; the address is in no message."""
        super().__init__(key)
        self.key = key


async def async_find_address(hass: HomeAssistant, address: str) -> Place:
    """Return where an address is, by its best match; raises :class:`NoPlaceFound`."""
    from .backends.http import read_text  # noqa: PLC0415 - who looks up no address does not pay for it

    integration = await async_get_integration(hass, DOMAIN)
    agent = f"nissanconnect-home-assistant/{integration.version} ({integration.documentation})"
    async with _turn:
        try:
            async with (
                asyncio.timeout(_TIMEOUT),
                async_get_clientsession(hass).get(
                    URL,
                    params={"q": address, "format": "jsonv2", "limit": "1"},
                    headers={"User-Agent": agent},
                    allow_redirects=False,
                ) as response,
            ):
                if response.status != HTTPStatus.OK:
                    raise NoPlaceFound("address_service_unavailable")
                found = _ANSWER(json_loads(await read_text(response, "the address service")))
        except (ClientError, BackendError, TimeoutError, ValueError, probatio.Invalid) as err:
            raise NoPlaceFound("address_service_unavailable") from err
    if not found:
        raise NoPlaceFound("address_not_found")
    return Place(found[0]["lat"], found[0]["lon"])
