"""The energy dashboard of Home Assistant: what a kWh from the grid costs by it, and whether a vehicle is on it."""

from collections.abc import Collection
from typing import TYPE_CHECKING

from homeassistant.const import Platform
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import entity_registry as er

from ..charging.price_sources import shown_price
from ..const import DOMAIN
from ..energy_preferences import async_energy_manager, async_grid_price_setting
from ..vehicle import VehicleInfo

if TYPE_CHECKING:
    from homeassistant.components.energy.data import DeviceConsumption

_SENSORS = ("energy_charged_at_home", "energy_charged")
"""The keys of the sensors that may stand for a vehicle there, the better one first."""


async def async_grid_price(hass: HomeAssistant) -> float | None:
    """Return what a kWh from the grid costs now in Home Assistant's currency, if the dashboard knows that."""
    price = await async_grid_price_setting(hass)
    return shown_price(hass, price) if isinstance(price, str) else price


async def async_lacks(hass: HomeAssistant, info: VehicleInfo, meters: Collection[str]) -> bool:
    """Return whether a dashboard that is in use shows neither the vehicle nor any of the ``meters`` that feed it."""
    manager = await async_energy_manager(hass)
    if manager is None or not manager.data or not manager.data["energy_sources"]:
        return False
    own = {_entity_id(hass, info, key) for key in _SENSORS}
    shown = {device["stat_consumption"] for device in manager.data["device_consumption"]}
    return own != {None} and shown.isdisjoint({*own, *meters})


async def async_add_to_dashboard(hass: HomeAssistant, info: VehicleInfo) -> bool:
    """Have the dashboard show what a vehicle charges at home as a device; return whether that was possible."""
    manager = await async_energy_manager(hass)
    entity_id = next((found for key in _SENSORS if (found := _entity_id(hass, info, key))), None)
    if manager is None or manager.data is None or entity_id is None:
        return False
    devices = manager.data["device_consumption"]
    if all(device["stat_consumption"] != entity_id for device in devices):
        device: DeviceConsumption = {"stat_consumption": entity_id, "name": info.name}
        await manager.async_update({**manager.data, "device_consumption": [*devices, device]})
    return True


@callback
def _entity_id(hass: HomeAssistant, info: VehicleInfo, key: str) -> str | None:
    """Return the id of a sensor that is not disabled."""
    registry = er.async_get(hass)
    entity_id = registry.async_get_entity_id(Platform.SENSOR, DOMAIN, f"{info.key}_{key}")
    found = registry.async_get(entity_id) if entity_id else None
    return None if found is None or found.disabled_by is not None else entity_id
