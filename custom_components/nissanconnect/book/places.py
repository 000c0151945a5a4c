"""Where a vehicle has been: the book knows a zone by its entity id and a geofence by its key, whatever they are called.

The name that a place had last is kept, so that a trip still tells where it went when a zone has been deleted.
"""

from homeassistant.components.zone import DOMAIN as ZONE, ENTITY_ID_HOME, async_active_zone
from homeassistant.core import HomeAssistant, callback

from ..alerts import VehicleAlerts
from ..vehicle import Position

_WOBBLE = 50
"""Metres by which the fix of a parked vehicle may be off its zone."""

_HOME = "Home"


@callback
def async_zone_at(hass: HomeAssistant, latitude: float, longitude: float) -> str:
    """Return the entity id of the zone that a place is in; empty if it is in none."""
    zone = async_active_zone(hass, latitude, longitude, _WOBBLE)
    return zone.entity_id if zone else ""


class Places:
    """The places of one vehicle's book, and by which ``names`` they were known last."""

    def __init__(self, hass: HomeAssistant, alerts: VehicleAlerts) -> None:
        """No name is known yet."""
        self.hass = hass
        self.names: dict[str, str] = {}
        self._alerts = alerts

    @callback
    def async_at(self, position: Position) -> str:
        """Return the zone or else the geofence that a position is in; empty if it is in none."""
        place = async_zone_at(self.hass, position.latitude, position.longitude)
        place = place or next((each.key for each in self._alerts.geofences if self._alerts.tracker.inside(each)), "")
        if place and (name := self._async_name(place)) is not None:
            self.names[place] = name
        return place

    @callback
    def async_shown(self, place: str | None) -> str | None:
        """Return the name of a place as it is now; ``None`` if the place is unknown or in no zone."""
        if not place:
            return None
        return self._async_name(place) or self.names.get(place) or (_HOME if place == ENTITY_ID_HOME else place)

    @callback
    def async_called(self, name: str) -> str:
        """Return the place of this name, which is how the first version of the book knew it; else the name."""
        found = [zone.entity_id for zone in self.hass.states.async_all(ZONE) if zone.name == name]
        found += [fence.key for fence in self._alerts.geofences if fence.name == name]
        return next(iter(found), name)

    @callback
    def _async_name(self, place: str) -> str | None:
        """Return the name of a zone or of a geofence that there is."""
        if place.startswith(f"{ZONE}.") and (zone := self.hass.states.get(place)) is not None:
            return zone.name
        return next((fence.name for fence in self._alerts.geofences if fence.key == place), None)
