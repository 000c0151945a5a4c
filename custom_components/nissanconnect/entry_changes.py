"""Changes of an entry while it is loaded: options, geofences and sources are taken over without loading it anew.

Loading it anew would show every entity as unavailable for a moment, and start whatever waits for them to come back.
"""

from collections.abc import Mapping
import logging
from types import MappingProxyType
from typing import Any, NamedTuple, Self

from homeassistant.config_entries import SIGNAL_CONFIG_ENTRY_CHANGED, ConfigEntry, ConfigEntryChange, ConfigEntryState
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.dispatcher import async_dispatcher_connect

from .account import NissanConfigEntry
from .const import (
    CONF_AUTH,
    CONF_DEVICE_ID,
    CONF_ODOMETER_UNIT,
    CONF_OUTSIDE_UNIT,
    CONF_PINS,
    CONF_UNLOCK_WITHOUT_PIN,
    DOMAIN,
    SUBENTRY_GEOFENCE,
    SUBENTRY_SOURCE,
)
from .entry_values import EntryValues
from .geofences import async_remove_stale, read_geofences
from .ownership import async_others, source_choices
from .settings import Settings
from .sources import ODOMETER_UNITS, OUTSIDE_UNITS
from .vehicle import one_line

_LOGGER = logging.getLogger(__name__)


class _Chosen(NamedTuple):
    """What the owner has chosen in an entry; Home Assistant changes subentries in place."""

    options: Mapping[str, Any]
    names: Mapping[str, str]
    """The names of the geofences, which are part of their entities' names."""
    geofences: Mapping[str, object]
    sources: Mapping[str, object]

    @classmethod
    def of(cls, entry: ConfigEntry) -> Self:
        geofences = {each.subentry_id: each for each in entry.get_subentries_of_type(SUBENTRY_GEOFENCE)}
        sources = {each.subentry_id: each.as_dict() for each in entry.get_subentries_of_type(SUBENTRY_SOURCE)}
        return cls(
            options=MappingProxyType({**entry.options}),
            names={key: geofence.title for key, geofence in geofences.items()},
            geofences={key: geofence.as_dict() for key, geofence in geofences.items()},
            sources=sources,
        )


@callback
def async_follow(hass: HomeAssistant, entry: NissanConfigEntry) -> None:
    """Take over what the owner changes from now on."""
    chosen = _Chosen.of(entry)

    @callback
    def changed(change: ConfigEntryChange, changed_entry: ConfigEntry) -> None:
        nonlocal chosen
        if changed_entry is not entry or change is not ConfigEntryChange.UPDATED:
            return
        before, chosen = chosen, _Chosen.of(entry)
        if any(chosen.names[key] != before.names[key] for key in chosen.names.keys() & before.names.keys()):
            hass.config_entries.async_schedule_reload(entry.entry_id)  # entities get a new name by nothing else
            return
        account = entry.runtime_data
        if chosen != before:
            async_warn_of_odd_values(entry)
        if chosen.options != before.options:
            account.async_apply_settings(Settings.of(entry.options))
        if chosen.geofences != before.geofences:
            async_remove_stale(hass, entry, [vehicle.info for vehicle in account.vehicles.values()])
            for vehicle in account.vehicles.values():
                vehicle.async_apply_geofences()
        if chosen.sources != before.sources:
            entry.async_create_task(hass, _async_apply_sources(hass, entry), f"{DOMAIN} sources of {entry.entry_id}")

    entry.async_on_unload(async_dispatcher_connect(hass, SIGNAL_CONFIG_ENTRY_CHANGED, changed))


async def _async_apply_sources(hass: HomeAssistant, entry: NissanConfigEntry) -> None:
    await async_settle(hass, entry)  # those who lend a vehicle give it up first
    await entry.runtime_data.async_apply_sources()


async def async_settle(hass: HomeAssistant, changed: ConfigEntry) -> None:
    """Have the other entries give up the vehicles that ``changed`` owns now, and take back what it no longer uses."""
    for other in async_others(hass, changed):
        if other.state is ConfigEntryState.LOADED and other.runtime_data.async_recheck_ownership():
            await hass.config_entries.async_reload(other.entry_id)


@callback
def async_warn_of_odd_values(entry: ConfigEntry) -> None:
    """Tell in one line what the owner has chosen and cannot be read, by names only."""
    data = EntryValues(entry.data)
    for name in (CONF_AUTH, CONF_PINS):
        data.mapping(name)
    data.text(CONF_DEVICE_ID)
    data.flag(CONF_UNLOCK_WITHOUT_PIN, default=False)
    data.choice(CONF_ODOMETER_UNIT, ODOMETER_UNITS, "")
    data.choice(CONF_OUTSIDE_UNIT, OUTSIDE_UNITS, "")
    odd = set(data.odd)
    Settings.of(entry.options, odd)
    source_choices(entry, odd)
    odd |= {f"{SUBENTRY_GEOFENCE}.{name}" for geofence in read_geofences(entry) for name in geofence.odd}
    if odd:
        _LOGGER.warning(
            "%s: these are kept in a way that cannot be read: %s", one_line(str(entry.title)), ", ".join(sorted(odd))
        )
