"""Telling the owner which values of a config entry cannot be read."""

import logging

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import callback

from .const import (
    CONF_AUTH,
    CONF_DEVICE_ID,
    CONF_ODOMETER_UNIT,
    CONF_OUTSIDE_UNIT,
    CONF_PINS,
    CONF_UNLOCK_WITHOUT_PIN,
    SUBENTRY_GEOFENCE,
)
from .entry_values import EntryValues
from .fences import drawn_areas
from .ownership import source_choices
from .settings import Settings
from .sources import ODOMETER_UNITS, OUTSIDE_UNITS
from .vehicle import one_line

_LOGGER = logging.getLogger(__name__)


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
    odd |= {f"{SUBENTRY_GEOFENCE}.{name}" for area in drawn_areas(entry) for name in area.odd}
    if odd:
        _LOGGER.warning(
            "%s: these are kept in a way that cannot be read: %s", one_line(str(entry.title)), ", ".join(sorted(odd))
        )
