"""Which vehicles of other entries the owner has made a source of a vehicle of this one."""

from typing import NamedTuple

from homeassistant.config_entries import ConfigEntry

from .const import CONF_ENTRY, CONF_PREFERRED, CONF_SOURCE_VEHICLE, CONF_VEHICLE, SUBENTRY_SOURCE
from .entry_values import EntryValues


class SourceChoice(NamedTuple):
    """One source: the alias of our vehicle, and the entry and the alias of the vehicle that is read for it.

    ``preferred``: it comes before the vehicle's own account.
    """

    subentry_id: str
    vehicle: str
    entry_id: str
    source_vehicle: str
    preferred: bool


def source_choices(entry: ConfigEntry, odd: set[str] | None = None) -> list[SourceChoice]:
    """Return the sources of an entry's vehicles; one that does not say which vehicles it is about is left out.

    What cannot be read is added to ``odd``.
    """
    found = []
    for subentry in entry.get_subentries_of_type(SUBENTRY_SOURCE):
        values = EntryValues(subentry.data)
        texts = {name: values.text(name) for name in (CONF_VEHICLE, CONF_ENTRY, CONF_SOURCE_VEHICLE)}
        vehicle, entry_id, source_vehicle = texts.values()
        preferred = values.flag(CONF_PREFERRED, default=False)
        if vehicle and entry_id and source_vehicle:
            found.append(SourceChoice(subentry.subentry_id, vehicle, entry_id, source_vehicle, preferred))
        if odd is not None:
            missing = {name for name, text in texts.items() if not text}
            odd |= {f"{SUBENTRY_SOURCE}.{name}" for name in values.odd | missing}
    return found
