"""Which entry a vehicle belongs to when several know it: one vehicle is one device.

It belongs where its device is. The other entries lend theirs: as a source, if the owner has made it one, otherwise as
nothing until the owner decides.
"""

from collections.abc import Iterator
from types import MappingProxyType

from homeassistant.config_entries import ConfigEntry, ConfigEntryState, ConfigSubentry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import device_registry as dr

from .const import CONF_ENTRY, CONF_PREFERRED, CONF_SOURCE_VEHICLE, CONF_VEHICLE, DOMAIN, SUBENTRY_SOURCE
from .coordinator import NissanConfigEntry, VehicleCoordinator
from .link import LentLink
from .source_choices import SourceChoice, source_choices
from .vehicle import alias


@callback
def async_is_source(hass: HomeAssistant, entry: ConfigEntry, key: str) -> bool:
    """Whether the vehicle of ``entry`` is a source of another entry's vehicle."""
    return any(choice.source_vehicle == alias(key) for _, choice in _references(hass, entry))


@callback
def async_home(hass: HomeAssistant, entry: ConfigEntry, key: str) -> ConfigEntry | None:
    """Return the other entry that a vehicle with this key belongs to, if it belongs to another one.

    Two entries can have its device when one of them was disabled while the other was added: it stays with the older.
    """
    registry = dr.async_get(hass)

    def has_device(entry: ConfigEntry) -> bool:
        return registry.async_get_device_by_identifier((DOMAIN, key), entry.entry_id) is not None

    ours = has_device(entry)
    homes = (other for other in _others(hass, entry) if has_device(other))
    return next((home for home in homes if not ours or home.created_at < entry.created_at), None)


@callback
def async_borrowers(
    hass: HomeAssistant, entry: NissanConfigEntry, key: str
) -> Iterator[tuple[VehicleCoordinator, LentLink]]:
    """Go through the vehicles that the vehicle of ``entry`` is a source of, with the way that leads to it."""
    others: list[NissanConfigEntry] = hass.config_entries.async_loaded_entries(DOMAIN)
    for other in others:
        for vehicle in other.runtime_data.vehicles.values():
            for link in vehicle.links.lent:
                if link.leads_to(entry, key):
                    yield vehicle, link


def source_title(entry: ConfigEntry, vehicle: str) -> str:
    """Return how a source is listed in an account: the title of its entry alone would not name the vehicle."""
    return f"{entry.title} ({vehicle})"


@callback
def async_add_as_source(hass: HomeAssistant, entry: NissanConfigEntry, vehicle: str) -> bool:
    """Make the vehicle of ``entry`` with that alias a source of the same one where it belongs, if that is elsewhere."""
    lent = entry.runtime_data.lent if entry.state is ConfigEntryState.LOADED else {}
    key = next((key for key in lent if alias(key) == vehicle), None)
    home = async_home(hass, entry, key) if key is not None else None
    if home is None:
        return False
    device = dr.async_get(hass).async_get_device_by_identifier((DOMAIN, str(key)), home.entry_id)
    data = {CONF_VEHICLE: vehicle, CONF_ENTRY: entry.entry_id, CONF_SOURCE_VEHICLE: vehicle, CONF_PREFERRED: False}
    subentry = ConfigSubentry(
        data=MappingProxyType(data),
        subentry_type=SUBENTRY_SOURCE,
        title=source_title(entry, (device and (device.name_by_user or device.name)) or "?"),
        unique_id=f"{entry.entry_id}_{vehicle}",
    )
    hass.config_entries.async_add_subentry(home, subentry)
    return True


async def async_settle(hass: HomeAssistant, changed: ConfigEntry) -> None:
    """Have the other entries give up what ``changed`` has now, and take back what it no longer uses."""
    for other in _others(hass, changed):
        if other.state is ConfigEntryState.LOADED and other.runtime_data.async_review():
            await hass.config_entries.async_reload(other.entry_id)


@callback
def async_forget_source(hass: HomeAssistant, removed: ConfigEntry) -> None:
    """Remove what refers to an entry that is gone."""
    for other, choice in list(_references(hass, removed)):
        hass.config_entries.async_remove_subentry(other, choice.subentry_id)


@callback
def async_forget_vehicle(hass: HomeAssistant, entry: ConfigEntry, key: str) -> None:
    """Give back what a vehicle had from other entries, because it has left ``entry``."""
    for choice in source_choices(entry):
        if choice.vehicle == alias(key):
            hass.config_entries.async_remove_subentry(entry, choice.subentry_id)


def _references(hass: HomeAssistant, entry: ConfigEntry) -> Iterator[tuple[ConfigEntry, SourceChoice]]:
    for other in _others(hass, entry):
        for choice in source_choices(other):
            if choice.entry_id == entry.entry_id:
                yield other, choice


def _others(hass: HomeAssistant, entry: ConfigEntry) -> list[NissanConfigEntry]:
    enabled = hass.config_entries.async_entries(DOMAIN, include_ignore=False, include_disabled=False)
    return [other for other in enabled if other.entry_id != entry.entry_id]
