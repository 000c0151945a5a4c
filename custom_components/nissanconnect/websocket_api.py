"""What the dashboard asks for that no entity tells."""

from collections.abc import Iterator
from typing import Any

from homeassistant.components.websocket_api import (
    ActiveConnection,
    async_register_command,
    async_response,
    websocket_command,
)
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.importlib import async_import_module
import probatio

from .const import DOMAIN
from .vehicle import VehicleInfo

_RECORDER = "recorder"


@callback
def async_setup_websocket_api(hass: HomeAssistant) -> None:
    """Register the commands, once."""
    async_register_command(hass, _async_dashboard)


@websocket_command({probatio.Required("type"): f"{DOMAIN}/dashboard"})
@async_response
async def _async_dashboard(hass: HomeAssistant, connection: ActiveConnection, msg: dict[str, Any]) -> None:
    """Tell the ids of each vehicle's long-term statistics, by its device and by what they count."""
    infos, statistics = dict(_vehicles(hass)), dict[str, dict[str, str]]()
    if _RECORDER in hass.config.components:  # it would be loaded at our start if what needs it were imported there
        long_term = await async_import_module(hass, f"{__package__}.book.long_term")
        statistics = {device_id: await long_term.async_ids(hass, info) for device_id, info in infos.items()}
    vehicles = {device_id: {"statistics": statistics.get(device_id, {})} for device_id in infos}
    connection.send_result(msg["id"], {"vehicles": vehicles})


@callback
def _vehicles(hass: HomeAssistant) -> Iterator[tuple[str, VehicleInfo]]:
    devices = dr.async_get(hass)
    for entry in hass.config_entries.async_loaded_entries(DOMAIN):
        for vehicle in entry.runtime_data.vehicles.values():
            device = devices.async_get_device_by_identifier((DOMAIN, vehicle.info.key), entry.entry_id)
            if device is not None:
                yield device.id, vehicle.info
