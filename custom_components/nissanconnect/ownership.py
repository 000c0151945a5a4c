"""Which entry owns a vehicle that several know: one vehicle is one device.

The entry that has the device owns the vehicle. The vehicles of the other entries are its sources, if the owner has
chosen so, and otherwise unused until the owner decides.
"""

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import NamedTuple

from homeassistant.config_entries import ConfigEntry, ConfigEntryState, ConfigSubentry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import device_registry as dr

from .connection import async_connection
from .const import CONF_ENTRY, CONF_PREFERRED, CONF_SOURCE_VEHICLE, CONF_VEHICLE, DOMAIN, SUBENTRY_SOURCE
from .engine.merge import SourceState
from .settings import EntryValues, Read
from .vehicle import alias
from .vehicle_source import SecondarySource


class SourceChoice(NamedTuple):
    """A source that the owner has chosen: the alias of our vehicle, and the entry and the alias of the source's.

    ``preferred``: it comes before the vehicle's own account.
    """

    subentry_id: str
    vehicle: str
    entry_id: str
    source_vehicle: str
    preferred: bool


def source_choices(entry: ConfigEntry) -> list[SourceChoice]:
    """Return the sources of an entry's vehicles, without those that cannot be read."""
    read = (read_source(subentry).value for subentry in entry.get_subentries_of_type(SUBENTRY_SOURCE))
    return [choice for choice in read if choice is not None]


def read_source(subentry: ConfigSubentry) -> Read[SourceChoice | None]:
    """Read a source; it is ``None`` if it does not say which vehicles it is about."""
    values = EntryValues(subentry.data)
    texts = {name: values.text(name) or "" for name in (CONF_VEHICLE, CONF_ENTRY, CONF_SOURCE_VEHICLE)}
    vehicle, entry_id, source_vehicle = texts.values()
    preferred = values.flag(CONF_PREFERRED)
    choice = SourceChoice(subentry.subentry_id, vehicle, entry_id, source_vehicle, preferred)
    missing = {name for name, text in texts.items() if not text}
    return Read(None if missing else choice, values.odd | missing)


@callback
def async_secondary_sources(
    hass: HomeAssistant, entry: ConfigEntry, key: str, reported: Mapping[str, SourceState]
) -> list[tuple[SecondarySource, bool]]:
    """Return the sources of a vehicle of ``entry`` in other entries, and whether each is preferred.

    ``reported`` is what they have reported before, by the names of the sources.
    """
    return [
        (
            SecondarySource(
                choice.subentry_id,
                hass,
                choice.entry_id,
                choice.source_vehicle,
                reported.get(choice.subentry_id, SourceState()),
            ),
            choice.preferred,
        )
        for choice in source_choices(entry)
        if choice.vehicle == alias(key)
    ]


@callback
def async_is_source(hass: HomeAssistant, entry: ConfigEntry, key: str) -> bool:
    """Whether the vehicle of ``entry`` is a source of another entry's vehicle."""
    return any(choice.source_vehicle == alias(key) for _, choice in _references(hass, entry))


@callback
def async_owner(hass: HomeAssistant, entry: ConfigEntry, key: str) -> ConfigEntry | None:
    """Return the other entry that owns a vehicle with this key, if ``entry`` does not.

    An entry that is being set up owns the vehicle before it has the device. Two entries can have the device when one of
    them was disabled while the other was added: the older one owns it.
    """
    registry = dr.async_get(hass)

    def has_vehicle(entry: ConfigEntry) -> bool:
        if registry.async_get_device_by_identifier((DOMAIN, key), entry.entry_id) is not None:
            return True
        in_setup = entry.state is ConfigEntryState.SETUP_IN_PROGRESS and hasattr(entry, "runtime_data")
        return in_setup and key in entry.runtime_data.vehicles

    ours = has_vehicle(entry)
    owners = (other for other in async_others(hass, entry) if has_vehicle(other))
    return next((owner for owner in owners if not ours or owner.created_at < entry.created_at), None)


def new_source(
    entry: ConfigEntry, source_vehicle: str, *, vehicle: str, name: str, preferred: bool = False
) -> ConfigSubentry:
    """Return the subentry that makes a vehicle of ``entry`` a source of our ``vehicle``, both by their aliases.

    ``name`` is what our vehicle is called: the title of the entry alone would not say which one it is.
    """
    data = {
        CONF_VEHICLE: vehicle,
        CONF_ENTRY: entry.entry_id,
        CONF_SOURCE_VEHICLE: source_vehicle,
        CONF_PREFERRED: preferred,
    }
    return ConfigSubentry(
        data=MappingProxyType(data),
        subentry_type=SUBENTRY_SOURCE,
        title=f"{entry.title} ({name})",
        unique_id=f"{entry.entry_id}_{source_vehicle}",
    )


@callback
def async_add_as_source(hass: HomeAssistant, entry: ConfigEntry, vehicle: str) -> bool:
    """Make the vehicle of ``entry`` with that alias a source of the same one in the entry that owns it.

    Returns whether another entry does.
    """
    connection = async_connection(hass, entry.entry_id)
    known = connection.secondary_vehicle(vehicle) if connection else None
    owner = async_owner(hass, entry, known.info.key) if known else None
    if owner is None or known is None:
        return False
    device = dr.async_get(hass).async_get_device_by_identifier((DOMAIN, known.info.key), owner.entry_id)
    name = (device and (device.name_by_user or device.name)) or "?"
    hass.config_entries.async_add_subentry(owner, new_source(entry, vehicle, vehicle=vehicle, name=name))
    return True


@callback
def async_forget_entry(hass: HomeAssistant, removed: ConfigEntry) -> None:
    """Remove the sources of other entries that refer to an entry that is gone."""
    for other, choice in list(_references(hass, removed)):
        hass.config_entries.async_remove_subentry(other, choice.subentry_id)


@callback
def async_forget_vehicle(hass: HomeAssistant, entry: ConfigEntry, key: str) -> None:
    """Remove the sources of a vehicle that has left ``entry``."""
    for choice in source_choices(entry):
        if choice.vehicle == alias(key):
            hass.config_entries.async_remove_subentry(entry, choice.subentry_id)


@callback
def async_others(hass: HomeAssistant, entry: ConfigEntry) -> list[ConfigEntry]:
    """Return the other enabled entries of this integration."""
    enabled = hass.config_entries.async_entries(DOMAIN, include_ignore=False, include_disabled=False)
    return [other for other in enabled if other.entry_id != entry.entry_id]


def _references(hass: HomeAssistant, entry: ConfigEntry) -> Iterator[tuple[ConfigEntry, SourceChoice]]:
    for other in async_others(hass, entry):
        for choice in source_choices(other):
            if choice.entry_id == entry.entry_id:
                yield other, choice
