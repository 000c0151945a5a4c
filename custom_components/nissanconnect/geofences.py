"""The geofences of an account, which are subentries, and where an address is.

OpenStreetMap's Nominatim looks up an address once, when the owner gives it. Its usage policy asks for a User-Agent that
names the application, for one request at a time, for at most one a second, and to remember what was found. The response
is © OpenStreetMap contributors.
"""

import asyncio
from collections.abc import Iterable
from http import HTTPStatus
from typing import NamedTuple

from aiohttp import ClientError
from homeassistant.config_entries import ConfigEntry, ConfigSubentry
from homeassistant.const import CONF_LATITUDE, CONF_LOCATION, CONF_LONGITUDE, CONF_RADIUS
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.aiohttp_client import async_get_clientsession
from homeassistant.loader import async_get_integration
from homeassistant.util.hass_dict import HassKey
from homeassistant.util.json import json_loads
import probatio

from .const import CONF_ON_ENTERING, CONF_ON_LEAVING, CONF_VEHICLES, DOMAIN, SUBENTRY_GEOFENCE
from .engine.position import LARGEST, SMALLEST, Circle, Geofence, GeofenceAction
from .settings import EntryValues, Read
from .vehicle import LONGEST_TITLE, BackendError, VehicleInfo, alias, one_line

_KINDS = ("area", "area_distance")
"""The translation keys of the entities that each geofence has."""

_BOUNDS = {CONF_LATITUDE: (-90, 90), CONF_LONGITUDE: (-180, 180), CONF_RADIUS: (SMALLEST, LARGEST)}

URL = "https://nominatim.openstreetmap.org/search"
_TIMEOUT, _LONGEST = 10, 30
"""Seconds that a request may take, and seconds with the wait for others. The next is in seconds, too."""
_GAP = 1.0

_FOUND: HassKey[dict[str, tuple[float, float]]] = HassKey(f"{DOMAIN}_addresses")
_MOST_FOUND = 50
"""How many addresses are remembered, until Home Assistant stops."""

_RESPONSE = probatio.Schema(
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


class GeofenceSubentry(NamedTuple):
    """What a subentry holds: a geofence, and the aliases of the vehicles that it applies to; none means all.

    ``geofence`` is ``None`` if its circle cannot be read.
    """

    key: str
    geofence: Geofence | None
    vehicles: frozenset[str]

    def applies_to(self, vehicle: VehicleInfo) -> bool:
        """Whether the geofence applies to a vehicle."""
        return not self.vehicles or alias(vehicle.key) in self.vehicles


def read_geofences(entry: ConfigEntry) -> list[GeofenceSubentry]:
    """Return what all geofence subentries of an account hold."""
    return [read_geofence(subentry).value for subentry in entry.get_subentries_of_type(SUBENTRY_GEOFENCE)]


def geofences_of(entry: ConfigEntry, vehicle: VehicleInfo) -> tuple[Geofence, ...]:
    """Return the geofences that apply to a vehicle, without those that cannot be read."""
    return tuple(
        subentry.geofence
        for subentry in read_geofences(entry)
        if subentry.geofence is not None and subentry.applies_to(vehicle)
    )


@callback
def async_remove_stale(hass: HomeAssistant, entry: ConfigEntry, vehicles: Iterable[VehicleInfo]) -> None:
    """Remove the entities of deleted geofences. They belong to the vehicles' devices, so nothing else removes them.

    The entities of a geofence that cannot be read stay: the version that wrote it may come back.
    """
    subentries = read_geofences(entry)
    current = {
        f"{vehicle.key}_{kind}_{subentry.key}"
        for vehicle in vehicles
        for subentry in subentries
        if subentry.applies_to(vehicle)
        for kind in _KINDS
    }
    registry = er.async_get(hass)
    for entity in er.async_entries_for_config_entry(registry, entry.entry_id):
        if entity.translation_key in _KINDS and entity.unique_id not in current:
            registry.async_remove(entity.entity_id)


def read_geofence(subentry: ConfigSubentry) -> Read[GeofenceSubentry]:
    """Read what a geofence subentry holds."""
    key = subentry.subentry_id.lower()
    values = EntryValues(subentry.data)
    place = EntryValues(values.mapping(CONF_LOCATION))
    latitude, longitude, radius = (place.number(name, None, bounds) for name, bounds in _BOUNDS.items())
    on_entering, on_leaving = (values.members(name, GeofenceAction) for name in (CONF_ON_ENTERING, CONF_ON_LEAVING))
    vehicles = values.texts(CONF_VEHICLES)
    if latitude is None or longitude is None or radius is None:
        return Read(GeofenceSubentry(key, None, vehicles), values.odd | {CONF_LOCATION})
    geofence = Geofence(
        key=key,
        name=one_line(str(subentry.title), LONGEST_TITLE) or "?",
        area=Circle(latitude=latitude, longitude=longitude, radius=radius),
        on_entering=on_entering,
        on_leaving=on_leaving,
    )
    return Read(GeofenceSubentry(key, geofence, vehicles), values.odd)


class _Turn:
    """Lets one request through at a time, and waits between them."""

    def __init__(self) -> None:
        self._lock = asyncio.Lock()
        self._free_at = 0.0

    async def __aenter__(self) -> None:
        await self._lock.acquire()
        try:
            await asyncio.sleep(self._free_at - asyncio.get_running_loop().time())
        except BaseException:  # who waits for it may be stopped
            self._lock.release()
            raise

    async def __aexit__(self, *_: object) -> None:
        self._free_at = asyncio.get_running_loop().time() + _GAP
        self._lock.release()


_turn = _Turn()


class NoPlaceFound(Exception):
    """No place was found for the address. It holds the key of the text for the form, and never the address."""


async def async_find_address(hass: HomeAssistant, address: str) -> tuple[float, float]:
    """Return latitude and longitude (WGS 84 degrees) of the best match for an address; raises :class:`NoPlaceFound`."""
    found = hass.data.setdefault(_FOUND, {})
    if address not in found:
        try:
            async with asyncio.timeout(_LONGEST), _turn:
                if address not in found:  # another may have asked for it meanwhile
                    found[address] = await _async_look_up(hass, address)
        except TimeoutError as err:
            raise NoPlaceFound("address_service_unavailable") from err
        if len(found) > _MOST_FOUND:
            del found[next(iter(found))]
    return found[address]


async def _async_look_up(hass: HomeAssistant, address: str) -> tuple[float, float]:
    from .backends.http import read_text  # noqa: PLC0415 - only looking up an address needs it

    integration = await async_get_integration(hass, DOMAIN)
    agent = f"nissanconnect-home-assistant/{integration.version} ({integration.documentation})"
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
            found = _RESPONSE(json_loads(await read_text(response, "the address service")))
    except (ClientError, BackendError, TimeoutError, ValueError, probatio.Invalid) as err:
        raise NoPlaceFound("address_service_unavailable") from err
    if not found:
        raise NoPlaceFound("address_not_found")
    return found[0]["lat"], found[0]["lon"]
