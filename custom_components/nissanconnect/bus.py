"""What happens to vehicles, on Home Assistant's bus: for the logbook, and for automations that follow every vehicle."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from homeassistant.core import callback
from homeassistant.helpers import device_registry as dr

from .const import DOMAIN
from .vehicle import Detail

if TYPE_CHECKING:
    from .coordinator import VehicleCoordinator


@callback
def async_fire(vehicle: VehicleCoordinator, event: str, kind: str, details: Mapping[str, Detail]) -> None:
    """Fire an ``event`` about a vehicle; ``kind`` is its type."""
    registry = dr.async_get(vehicle.hass)
    device = registry.async_get_device_by_identifier((DOMAIN, vehicle.info.key), vehicle.config_entry.entry_id)
    data = {"device_id": device.id if device else None, "vehicle": vehicle.info.name, "type": kind, **details}
    vehicle.hass.bus.async_fire(event, data)
