"""The energy dashboard of Home Assistant: what a kWh from the grid costs by it, and whether a vehicle is on it."""

from math import isfinite
from typing import TYPE_CHECKING

from homeassistant.core import HomeAssistant
from homeassistant.helpers.importlib import async_import_module

if TYPE_CHECKING:
    from homeassistant.components.energy.data import EnergyManager

_PER_KWH = {"kWh": 1.0, "Wh": 1000.0, "MWh": 0.001}
"""What a price is multiplied by, by the unit of energy that it is for."""


async def async_manager(hass: HomeAssistant) -> EnergyManager | None:
    """Return what keeps the dashboard's preferences, ``None`` if there is no dashboard."""
    if "energy" not in hass.config.components:
        return None
    # It is loaded with the dashboard. At the start it would load the recorder.
    data = await async_import_module(hass, "homeassistant.components.energy.data")
    manager: EnergyManager = await data.async_get_manager(hass)
    return manager


async def async_grid_price(hass: HomeAssistant) -> float | None:
    """Return what a kWh from the grid costs now in Home Assistant's currency, if the dashboard knows that."""
    manager = await async_manager(hass)
    for source in (manager.data or {"energy_sources": []})["energy_sources"] if manager else ():
        if source["type"] != "grid":
            continue
        if (number := source["number_energy_price"]) is not None:
            return number
        if (entity_id := source["entity_energy_price"]) is not None:
            return _price_of(hass, entity_id)
    return None


def _price_of(hass: HomeAssistant, entity_id: str) -> float | None:
    state = hass.states.get(entity_id)
    if state is None:
        return None
    unit = str(state.attributes.get("unit_of_measurement", ""))
    try:
        price = float(state.state) * _PER_KWH[unit.rpartition("/")[2]]
    except KeyError, ValueError:
        return None
    return price if isfinite(price) else None


async def async_is_on_dashboard(hass: HomeAssistant, statistic_ids: set[str]) -> bool | None:
    """Return whether one of these is shown as a device; ``None`` if there is no dashboard in use."""
    manager = await async_manager(hass)
    if manager is None or not manager.data or not manager.data["energy_sources"]:
        return None
    return any(device["stat_consumption"] in statistic_ids for device in manager.data["device_consumption"])


async def async_add_to_dashboard(hass: HomeAssistant, statistic_id: str, name: str) -> bool:
    """Have the dashboard show it as a device; return whether that was possible."""
    manager = await async_manager(hass)
    if manager is None or not manager.data:
        return False
    devices = manager.data["device_consumption"]
    if all(device["stat_consumption"] != statistic_id for device in devices):
        await manager.async_update(
            {"device_consumption": [*devices, {"stat_consumption": statistic_id, "name": name}]}  # type: ignore[typeddict-item]
        )
    return True
