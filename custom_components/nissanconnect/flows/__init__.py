"""The dialogs, and what several of them need. Home Assistant finds them through ``config_flow.py``."""

from asyncio import Task
from collections.abc import Coroutine, Mapping
from typing import Any

from homeassistant.config_entries import ConfigEntry, ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.helpers.selector import SelectOptionDict, SelectSelector, SelectSelectorConfig

from ..account import NissanConfigEntry
from ..const import DOMAIN
from ..vehicle import Capability, VehicleInfo, alias


def loaded_vehicles(entry: NissanConfigEntry, capability: Capability | None = None) -> dict[str, VehicleInfo]:
    """Return the vehicles of an entry by their aliases, if given only those with a capability.

    An entry that is not loaded has none.
    """
    if entry.state is not ConfigEntryState.LOADED:
        return {}
    infos = (vehicle.info for vehicle in entry.runtime_data.vehicles.values())
    return {alias(info.key): info for info in infos if capability is None or capability in info.capabilities}


def vehicle_selector(vehicles: Mapping[str, VehicleInfo], *, multiple: bool = False) -> SelectSelector:
    """Return the choice of one vehicle, or of ``multiple``, by name; its values are the aliases."""
    options = [SelectOptionDict(value=name, label=info.name) for name, info in vehicles.items()]
    return SelectSelector(SelectSelectorConfig(options=options, multiple=multiple))


def start_task[T](
    hass: HomeAssistant, work: Coroutine[Any, Any, T], name: str, entry: ConfigEntry | None = None
) -> Task[T]:
    """Start the task of a step that shows progress.

    Home Assistant cancels it when the dialog is closed, and also when ``entry`` is unloaded.
    """
    name = f"{DOMAIN} {name}"
    # Not eager: if the task ended at once, Home Assistant would pass the current input to the next step, too.
    if entry is None:
        return hass.async_create_background_task(work, name, eager_start=False)
    return entry.async_create_background_task(hass, work, name, eager_start=False)
