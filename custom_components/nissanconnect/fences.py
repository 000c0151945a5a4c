"""The areas of an account, as its owner has drawn them."""

from collections.abc import Iterable

from homeassistant.config_entries import ConfigEntry, ConfigSubentry
from homeassistant.const import CONF_LATITUDE, CONF_LOCATION, CONF_LONGITUDE, CONF_RADIUS
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import entity_registry as er

from .const import CONF_ON_ENTERING, CONF_ON_LEAVING, CONF_VEHICLES, SUBENTRY_GEOFENCE
from .engine.geofence import Area, Fence, FenceAction
from .vehicle import LONGEST_TITLE, VehicleInfo, alias, one_line

_KINDS = ("area", "area_distance")
"""The translation keys of the entities that each area has."""


def fences_of(entry: ConfigEntry, vehicle: VehicleInfo) -> tuple[Fence, ...]:
    """Return the areas that concern a vehicle. An area for which none was chosen concerns all."""
    return tuple(
        _fence(subentry)
        for subentry in entry.get_subentries_of_type(SUBENTRY_GEOFENCE)
        if not (chosen := subentry.data.get(CONF_VEHICLES)) or alias(vehicle.key) in chosen
    )


@callback
def async_remove_stale(hass: HomeAssistant, entry: ConfigEntry, vehicles: Iterable[VehicleInfo]) -> None:
    """Remove the entities of areas that are gone; they belong to the vehicles' devices, so nothing else does."""
    areas = [(vehicle.key, fence.key) for vehicle in vehicles for fence in fences_of(entry, vehicle)]
    drawn = {f"{vehicle}_{kind}_{area}" for vehicle, area in areas for kind in _KINDS}
    registry = er.async_get(hass)
    for entity in er.async_entries_for_config_entry(registry, entry.entry_id):
        if entity.translation_key in _KINDS and entity.unique_id not in drawn:
            registry.async_remove(entity.entity_id)


def _fence(subentry: ConfigSubentry) -> Fence:
    location = subentry.data[CONF_LOCATION]
    return Fence(
        key=subentry.subentry_id.lower(),
        name=one_line(subentry.title, LONGEST_TITLE) or "?",
        area=Area(latitude=location[CONF_LATITUDE], longitude=location[CONF_LONGITUDE], radius=location[CONF_RADIUS]),
        on_entering=frozenset(map(FenceAction, subentry.data[CONF_ON_ENTERING])),
        on_leaving=frozenset(map(FenceAction, subentry.data[CONF_ON_LEAVING])),
    )
