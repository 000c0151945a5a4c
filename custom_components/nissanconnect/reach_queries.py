"""The action that says whether a vehicle gets somewhere, and back; language models ask the same.

Where an address is, OpenStreetMap is asked, and is told nothing else: the distance is reckoned here.
"""

from collections.abc import Mapping
from datetime import timedelta
import re
from typing import Any

from homeassistant.auth.permissions.const import POLICY_READ
from homeassistant.components.zone import DOMAIN as ZONE
from homeassistant.const import PERCENTAGE, UnitOfEnergyDistance, UnitOfLength, UnitOfTemperature
from homeassistant.core import Context, HomeAssistant, ServiceCall, State
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError, Unauthorized
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.location import find_coordinates, get_state_coordinates
from homeassistant.util.json import JsonValueType
from homeassistant.util.unit_conversion import TemperatureConverter
import probatio

from .charge_queries import ATTR_LEVEL, Limits, async_check_limits
from .const import DOMAIN
from .engine.consumption import Consumption
from .engine.position import Circle, distance
from .engine.reach import RESERVE, Road, Usage, reach, road_to, usage, usage_by_range
from .geofences import NoPlaceFound, async_find_address, geofences_of
from .runtime import VehicleRuntime
from .texts import async_text
from .vehicle import Capability, Position

ATTR_ADDRESS = "address"
ATTR_DISTANCE = "distance"
ATTR_OUTSIDE_TEMPERATURE = "outside_temperature"
ATTR_RESERVE = "reserve"
ATTR_ROUND_TRIP = "round_trip"
ATTR_TO = "to"

_STILL_OUTSIDE = timedelta(hours=6)
"""How long the temperature outside is taken for that of the drive to come; after that it is unknown."""

_WORD = re.compile(r"[^\W\d_]{2}")
"""What an address has."""

_ANGLE = r"""\d(?:[.,]\d{3,}|(?:[.,]\d+)?\s*(?:[°º]|deg\w*)\s*(?:\d+(?:[.,]\d+)?\s*['\u2019\u2032\xb4m]|[NSEWO]))"""
_POSITION = re.compile(rf"{_ANGLE}.*{_ANGLE}|[023456789CFGHJMPQRVWX]{{4,8}}\+", re.DOTALL | re.IGNORECASE)
"""What only a position has: two angles, of which a part of a degree is told or the direction, or a plus code.

Floors and house numbers may have a sign like that of degrees, too.
"""

_LIMITS: Mapping[str, Limits] = {
    ATTR_DISTANCE: Limits(0.1, 5000, UnitOfLength.KILOMETERS),
    ATTR_LEVEL: Limits(0, 100, PERCENTAGE),
    ATTR_RESERVE: Limits(0, 100, PERCENTAGE),
}
_COLDEST, _HOTTEST = -60.0, 60.0
"""°C outside that are no mistake."""

CAN_REACH_FIELDS: Mapping[probatio.Marker, Any] = {
    probatio.Optional(ATTR_DISTANCE): probatio.Coerce(float),
    probatio.Optional(ATTR_TO): cv.string,
    probatio.Optional(ATTR_ADDRESS): cv.string,
    probatio.Optional(ATTR_ROUND_TRIP, default=False): cv.boolean,
    probatio.Optional(ATTR_RESERVE, default=RESERVE): probatio.Coerce(float),
    probatio.Optional(ATTR_LEVEL): probatio.Coerce(float),
    probatio.Optional(ATTR_OUTSIDE_TEMPERATURE): probatio.Coerce(float),
}

_BACK = "_back"
"""What the names of messages end with that speak of coming back."""

_UNITS: Mapping[str, str] = {
    "distance": UnitOfLength.KILOMETERS,
    "consumption": UnitOfEnergyDistance.KILO_WATT_HOUR_PER_100_KM,
    "outside_temperature": UnitOfTemperature.CELSIUS,
}
"""Of the answer; what is not here is in %."""


async def async_can_reach(vehicle: VehicleRuntime, call: ServiceCall) -> Mapping[str, JsonValueType]:
    """Answer for a vehicle; raises a translated error if it cannot be told, or if a field makes no sense."""
    data = dict(call.data)
    unit = vehicle.hass.config.units.temperature_unit
    if ATTR_OUTSIDE_TEMPERATURE in data:
        outside = data[ATTR_OUTSIDE_TEMPERATURE]
        convert, celsius = TemperatureConverter.convert, UnitOfTemperature.CELSIUS
        limits = Limits(convert(_COLDEST, celsius, unit), convert(_HOTTEST, celsius, unit), unit)
        await _async_check(vehicle, ATTR_OUTSIDE_TEMPERATURE, outside, limits)
        data[ATTR_OUTSIDE_TEMPERATURE] = convert(outside, unit, celsius)
    check_one_of(data, ATTR_DISTANCE, ATTR_TO, ATTR_ADDRESS)
    if ATTR_DISTANCE in data:
        road = await async_road_of(vehicle, data[ATTR_DISTANCE])
    elif ATTR_ADDRESS in data:
        road = await async_road_to_address(vehicle, data[ATTR_ADDRESS])
    else:
        await async_check_readable(vehicle, call.context, data[ATTR_TO])
        road = road_to_place(vehicle, _place(vehicle, data[ATTR_TO]))
    return {"answer": await async_reach_answer(vehicle, road, data)}


async def async_reach_answer(vehicle: VehicleRuntime, road: Road, data: Mapping[str, Any]) -> dict[str, JsonValueType]:
    """Return the answer for a road by the other fields of the action, with the temperature in °C."""
    for name in _LIMITS.keys() & data.keys():
        await _async_check(vehicle, name, data[name], _LIMITS[name])
    outside: float | None = data.get(ATTR_OUTSIDE_TEMPERATURE, vehicle.estimates.outside(_STILL_OUTSIDE))
    level, taken, consumption = _energy(vehicle, data.get(ATTR_LEVEL), outside)
    found = reach(
        level,
        taken,
        road,
        round_trip=data[ATTR_ROUND_TRIP],
        reserve=data.get(ATTR_RESERVE, RESERVE),
    )
    return {
        "reachable": found.reachable,
        "level_at_arrival": round(found.level_at_arrival, 1),
        "level_at_return": None if found.level_at_return is None else round(found.level_at_return, 1),
        "spread": round(found.spread, 1),
        "distance": round(found.distance, 1),
        "consumption": None if consumption is None else round(consumption.mean, 1),
        "outside_temperature": None if outside is None else round(outside, 1),
        "why": found.reason,
        "message": await async_text(
            vehicle.hass, "reach_reason", f"{found.reason}{_BACK if data[ATTR_ROUND_TRIP] else ''}"
        ),
        "units": dict(_UNITS),
    }


def check_one_of(data: Mapping[str, Any], *names: str) -> None:
    """Raise a translated error unless exactly one of the fields is given that say where to."""
    if len(data.keys() & {*names}) != 1:
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="distance_or_place")


async def async_road_of(vehicle: VehicleRuntime, km: float) -> Road:
    """Return the road of a given length; raises a translated error if that cannot be one."""
    await _async_check(vehicle, ATTR_DISTANCE, km, _LIMITS[ATTR_DISTANCE])
    return Road(km)


async def _async_check(vehicle: VehicleRuntime, field: str, value: float, limits: Limits) -> None:
    await async_check_limits(vehicle.hass, "can_reach", field, value, limits)


def named_places(vehicle: VehicleRuntime) -> dict[str, Circle]:
    """Return the zones, and the geofences of the vehicle, by their names in lower case."""
    zones = {
        name: Circle(latitude=place.latitude, longitude=place.longitude, radius=0)
        for name, zone in _zones(vehicle.hass).items()
        if (place := get_state_coordinates(zone)) is not None
    }
    return zones | _fences(vehicle)


def _zones(hass: HomeAssistant) -> dict[str, State]:
    return {state.name.casefold(): state for state in hass.states.async_all(ZONE)}


def _fences(vehicle: VehicleRuntime) -> dict[str, Circle]:
    fences = geofences_of(vehicle.connection.entry, vehicle.info)
    return {fence.name.casefold(): fence.area for fence in fences}


def road_to_place(vehicle: VehicleRuntime, place: Circle | None) -> Road:
    """Return the road from where the vehicle is; raises a translated error if one of the places is not known."""
    if place is None:
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="place_unknown")
    return road_to(distance(_position(vehicle), place))


async def async_road_to_address(vehicle: VehicleRuntime, address: str) -> Road:
    """Return the road from where the vehicle is to an address, which is looked up; raises a translated error.

    A position is refused, so that none is sent by mistake.
    """
    _position(vehicle)  # without it the address need not be sent
    if not _is_address(address):
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="address_expected")
    try:
        latitude, longitude = await async_find_address(vehicle.hass, address.strip())
    except NoPlaceFound as err:  # whose cause may tell the address
        if str(err) == "address_not_found":
            raise ServiceValidationError(translation_domain=DOMAIN, translation_key="address_not_found") from None
        raise HomeAssistantError(translation_domain=DOMAIN, translation_key="address_service_unavailable") from None
    return road_to_place(vehicle, Circle(latitude=latitude, longitude=longitude, radius=0))


def _position(vehicle: VehicleRuntime) -> Position:
    position = vehicle.coordinator.shown.position
    if position is None:
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="position_unknown")
    return position


def _is_address(text: str) -> bool:
    return _WORD.search(text) is not None and _POSITION.search(text) is None


def _place(vehicle: VehicleRuntime, name: str) -> Circle | None:
    """Return where the place of a name is, or the entity of an id, or a latitude and longitude."""
    if (found := named_places(vehicle).get(name.strip().casefold())) is not None:
        return found
    latitude, _, longitude = (find_coordinates(vehicle.hass, name.strip()) or "").partition(",")
    try:
        return Circle(latitude=cv.latitude(latitude), longitude=cv.longitude(longitude), radius=0)
    except probatio.Invalid:
        return None


async def async_check_readable(vehicle: VehicleRuntime, context: Context | None, name: str) -> None:
    """Raise :class:`Unauthorized` if the place is an entity that the user may not see: a distance tells of it.

    The state of an entity may name a zone, or another entity, which :func:`find_coordinates` follows.
    """
    place = name.strip()
    if context is None or context.user_id is None or place.casefold() in _fences(vehicle):
        return
    states, zones = vehicle.hass.states, _zones(vehicle.hass)
    user, asked = await vehicle.hass.auth.async_get_user(context.user_id), set[str]()
    state = zones.get(place.casefold()) or states.get(place)
    while state is not None and state.entity_id not in asked:
        if user is None or not user.permissions.check_entity(state.entity_id, POLICY_READ):
            raise Unauthorized(context=context, entity_id=state.entity_id, permission=POLICY_READ)
        asked.add(state.entity_id)
        if get_state_coordinates(state) is not None:
            return
        place = state.state
        state = states.get(f"{ZONE}.{place}") or zones.get(place.casefold()) or states.get(place)


def _energy(
    vehicle: VehicleRuntime, given: float | None, outside: float | None
) -> tuple[float, Usage, Consumption | None]:
    """Return the level in %, what a km takes of it, and the consumption if that is known.

    Without a capacity, and for a tank, the range counts that the vehicle reports itself.
    """
    state = vehicle.coordinator.shown
    electric = Capability.BATTERY in vehicle.info.all_capabilities
    source = state.battery if electric else state.fuel
    reported = source.level if source else None
    level = reported if given is None else given
    if electric:
        if level is None:
            raise ServiceValidationError(translation_domain=DOMAIN, translation_key="level_unknown")
        capacity, consumption = vehicle.estimates.capacity, vehicle.estimates.consumption(outside)
        if capacity is not None and consumption is not None:
            return level, usage(consumption, capacity), consumption
    level = 100.0 if level is None else level  # some report the range of a tank without its level
    reported = level if reported is None else reported
    if source is None or not source.range or not reported:
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="range_unknown")
    return level, usage_by_range(reported, source.range), None
