"""The areas of an account, as its owner has drawn them."""

from homeassistant.config_entries import ConfigEntry, ConfigSubentry
from homeassistant.const import CONF_LATITUDE, CONF_LOCATION, CONF_LONGITUDE, CONF_RADIUS

from .const import CONF_ON_ENTERING, CONF_ON_LEAVING, CONF_VEHICLES, SUBENTRY_GEOFENCE
from .engine.geofence import Area, Fence, FenceAction
from .vehicle import VehicleInfo, alias


def fences_of(entry: ConfigEntry, vehicle: VehicleInfo) -> tuple[Fence, ...]:
    """Return the areas that concern a vehicle. An area for which none was chosen concerns all."""
    return tuple(
        _fence(subentry)
        for subentry in entry.get_subentries_of_type(SUBENTRY_GEOFENCE)
        if not (chosen := subentry.data.get(CONF_VEHICLES)) or alias(vehicle.key) in chosen
    )


def _fence(subentry: ConfigSubentry) -> Fence:
    location = subentry.data[CONF_LOCATION]
    return Fence(
        key=subentry.subentry_id.lower(),
        name=subentry.title,
        area=Area(latitude=location[CONF_LATITUDE], longitude=location[CONF_LONGITUDE], radius=location[CONF_RADIUS]),
        on_entering=frozenset(map(FenceAction, subentry.data[CONF_ON_ENTERING])),
        on_leaving=frozenset(map(FenceAction, subentry.data[CONF_ON_LEAVING])),
    )
