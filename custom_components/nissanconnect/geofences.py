"""The areas of an account, as its owner has drawn them."""

from collections.abc import Iterable
from typing import NamedTuple

from homeassistant.config_entries import ConfigEntry, ConfigSubentry
from homeassistant.const import CONF_LATITUDE, CONF_LOCATION, CONF_LONGITUDE, CONF_RADIUS
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import entity_registry as er

from .const import CONF_ON_ENTERING, CONF_ON_LEAVING, CONF_VEHICLES, SUBENTRY_GEOFENCE
from .engine.position import LARGEST, SMALLEST, Circle, Geofence, GeofenceAction
from .entry_values import EntryValues
from .vehicle import LONGEST_TITLE, VehicleInfo, alias, one_line

_KINDS = ("area", "area_distance")
"""The translation keys of the entities that each area has."""

_BOUNDS = {CONF_LATITUDE: (-90, 90), CONF_LONGITUDE: (-180, 180), CONF_RADIUS: (SMALLEST, LARGEST)}


class DrawnArea(NamedTuple):
    """An area and the vehicles that it concerns, by their aliases: all of them if none was chosen.

    Without a ``fence`` it cannot be told where the area is. ``odd`` are the names of values that cannot be read.
    """

    key: str
    fence: Geofence | None
    vehicles: frozenset[str]
    odd: frozenset[str]

    def concerns(self, vehicle: VehicleInfo) -> bool:
        """Whether it is an area for that vehicle."""
        return not self.vehicles or alias(vehicle.key) in self.vehicles


def drawn_areas(entry: ConfigEntry) -> list[DrawnArea]:
    """Return all areas of an account."""
    return [drawn_area(subentry) for subentry in entry.get_subentries_of_type(SUBENTRY_GEOFENCE)]


def fences_of(entry: ConfigEntry, vehicle: VehicleInfo) -> tuple[Geofence, ...]:
    """Return the areas that concern a vehicle; those that cannot be read are left out."""
    return tuple(area.fence for area in drawn_areas(entry) if area.fence is not None and area.concerns(vehicle))


@callback
def async_remove_stale(hass: HomeAssistant, entry: ConfigEntry, vehicles: Iterable[VehicleInfo]) -> None:
    """Remove the entities of areas that are gone; they belong to the vehicles' devices, so nothing else does.

    Those of areas that only cannot be read stay: the version that has drawn them may come back.
    """
    areas = drawn_areas(entry)
    drawn = {
        f"{vehicle.key}_{kind}_{area.key}"
        for vehicle in vehicles
        for area in areas
        if area.concerns(vehicle)
        for kind in _KINDS
    }
    registry = er.async_get(hass)
    for entity in er.async_entries_for_config_entry(registry, entry.entry_id):
        if entity.translation_key in _KINDS and entity.unique_id not in drawn:
            registry.async_remove(entity.entity_id)


def drawn_area(subentry: ConfigSubentry) -> DrawnArea:
    """Return what a subentry says of an area."""
    key = subentry.subentry_id.lower()
    values = EntryValues(subentry.data)
    place = EntryValues(values.mapping(CONF_LOCATION))
    latitude, longitude, radius = (place.number(name, None, bounds) for name, bounds in _BOUNDS.items())
    on_entering, on_leaving = (values.members(name, GeofenceAction) for name in (CONF_ON_ENTERING, CONF_ON_LEAVING))
    vehicles = values.texts(CONF_VEHICLES)
    if latitude is None or longitude is None or radius is None:
        return DrawnArea(key, None, vehicles, frozenset(values.odd | {CONF_LOCATION}))
    fence = Geofence(
        key=key,
        name=one_line(str(subentry.title), LONGEST_TITLE) or "?",
        area=Circle(latitude=latitude, longitude=longitude, radius=radius),
        on_entering=on_entering,
        on_leaving=on_leaving,
    )
    return DrawnArea(key, fence, vehicles, frozenset(values.odd))
