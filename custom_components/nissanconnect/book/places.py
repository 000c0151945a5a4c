"""By which name the book knows a place."""

from homeassistant.components.zone import ENTITY_ID_HOME, async_active_zone
from homeassistant.core import HomeAssistant, callback

from ..alerts import VehicleAlerts
from ..engine.book_entries import HOME
from ..vehicle import Position

_WOBBLE = 50
"""Metres by which the fix of a parked vehicle may be off its zone."""


@callback
def async_zone_at(hass: HomeAssistant, latitude: float, longitude: float) -> str:
    """Return the name of the zone that a place is in; empty if it is in none."""
    zone = async_active_zone(hass, latitude, longitude, _WOBBLE)
    if zone is None:
        return ""
    return HOME if zone.entity_id == ENTITY_ID_HOME else zone.name


@callback
def async_place_at(hass: HomeAssistant, position: Position, alerts: VehicleAlerts) -> str:
    """Return the name of the zone or else of the geofence that a position is in; empty if it is in none."""
    fences = (fence.name for fence in alerts.geofences if alerts.tracker.inside(fence))
    return async_zone_at(hass, position.latitude, position.longitude) or next(fences, "")


@callback
def async_place_named(hass: HomeAssistant, place: str | None, alerts: VehicleAlerts) -> str | None:
    """Return by which name the book knows a zone's id or a geofence's key; ``None`` if it means everywhere."""
    if place is None:
        return None
    if place == ENTITY_ID_HOME:
        return HOME
    if (zone := hass.states.get(place)) is not None:
        return zone.name
    return next((fence.name for fence in alerts.geofences if fence.key == place), place)


@callback
def async_place_shown(hass: HomeAssistant, name: str | None) -> str | None:
    """Return how a place of the book is shown; ``None`` if it is unknown or in no zone."""
    if name != HOME:
        return name or None
    home = hass.states.get(ENTITY_ID_HOME)
    return home.name if home else "Home"
