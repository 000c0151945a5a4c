"""Actions that no entity has: climate at a chosen temperature and time."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from homeassistant.const import ATTR_DEVICE_ID, ATTR_TEMPERATURE
from homeassistant.core import HomeAssistant, ServiceCall, callback
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import config_validation as cv, service
from homeassistant.util import dt as dt_util
import probatio

from .const import DOMAIN
from .coordinator import NissanConfigEntry, VehicleCoordinator
from .vehicle import CancelClimateSchedule, Capability, Command, ScheduleClimate, StartClimate, StopClimate, VehicleInfo

ATTR_AT = "at"


@dataclass(frozen=True, kw_only=True)
class VehicleAction:
    """An action: its fields and the command that it makes of them for a vehicle."""

    command: Callable[[VehicleInfo, dict[str, Any]], Command]
    fields: dict[probatio.Marker, Any] = field(default_factory=dict)


def _start_climate(info: VehicleInfo, data: dict[str, Any]) -> Command:
    target = data.get(ATTR_TEMPERATURE)
    limits = info.climate_limits
    if target is not None and Capability.CLIMATE_TEMPERATURE not in info.capabilities:
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="temperature_not_supported")
    if target is not None and not limits.minimum <= target <= limits.maximum:
        raise ServiceValidationError(
            translation_domain=DOMAIN,
            translation_key="temperature_out_of_range",
            translation_placeholders={"minimum": f"{limits.minimum:g}", "maximum": f"{limits.maximum:g}"},
        )
    if (at := data.get(ATTR_AT)) is None:
        return StartClimate(target)
    at = dt_util.as_utc(at)  # a time without a zone is meant in Home Assistant's own
    if at <= dt_util.utcnow():
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="time_in_the_past")
    return ScheduleClimate(at, target)


ACTIONS = {
    "cancel_scheduled_climate": VehicleAction(command=lambda info, data: CancelClimateSchedule()),
    "start_climate": VehicleAction(
        command=_start_climate,
        fields={
            probatio.Optional(ATTR_TEMPERATURE): probatio.Coerce(float),
            probatio.Optional(ATTR_AT): cv.datetime,
        },
    ),
    "stop_climate": VehicleAction(command=lambda info, data: StopClimate()),
}


@callback
def async_setup_services(hass: HomeAssistant) -> None:
    """Register all actions."""
    for name, action in ACTIONS.items():
        hass.services.async_register(
            DOMAIN,
            name,
            _handler(action),
            probatio.Schema(
                {probatio.Required(ATTR_DEVICE_ID): probatio.All(cv.ensure_list, [cv.string]), **action.fields}
            ),
        )


def _handler(action: VehicleAction) -> Callable[[ServiceCall], Any]:
    async def handle(call: ServiceCall) -> None:
        vehicles = [_vehicle(call.hass, device_id) for device_id in call.data[ATTR_DEVICE_ID]]
        # All fields are checked for every vehicle before the first command is sent.
        commands = [action.command(vehicle.info, dict(call.data)) for vehicle in vehicles]
        results = await asyncio.gather(
            *(vehicle.async_execute(command) for vehicle, command in zip(vehicles, commands, strict=True)),
            return_exceptions=True,
        )
        for error in results:
            if error is not None:
                raise error

    return handle


@callback
def _vehicle(hass: HomeAssistant, device_id: str) -> VehicleCoordinator:
    device, entry = service.async_get_device_and_config_entry(hass, DOMAIN, device_id)
    vehicles = _vehicles(entry)
    for domain, key in device.identifiers:
        if domain == DOMAIN and key in vehicles:
            return vehicles[key]
    raise ServiceValidationError(translation_domain=DOMAIN, translation_key="vehicle_gone")


def _vehicles(entry: NissanConfigEntry) -> dict[str, VehicleCoordinator]:
    return entry.runtime_data.vehicles
