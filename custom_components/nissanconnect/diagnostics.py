"""Diagnostics: what helps to understand a problem, without anything that tells who or where the owner is."""

from dataclasses import asdict
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.redact import async_redact_data

from .const import DOMAIN
from .coordinator import NissanConfigEntry, VehicleCoordinator
from .link import Link
from .vehicle import alias

_PERSONAL = {
    "api_key",
    "api_token",
    "auth",
    "device_id",
    "heading",
    "key",
    "latitude",
    "longitude",
    "nickname",
    "password",
    "pin",
    "pins",
    "prefix",
    "title",
    "user",
    "url",
    "username",
    "vehicle_id",
    "vin",
    "webhook_id",
}


async def async_get_config_entry_diagnostics(hass: HomeAssistant, entry: NissanConfigEntry) -> dict[str, Any]:
    """Describe the account and all its vehicles."""
    account = entry.runtime_data
    return {
        "data": async_redact_data(dict(entry.data), _PERSONAL),
        "options": dict(entry.options),
        "backend": account.backend.description.name,
        "last_update_success": account.last_update_success,
        "vehicles": {alias(key): _vehicle(vehicle) for key, vehicle in account.vehicles.items()},
        "lent": sorted(alias(key) for key in account.lent),
    }


async def async_get_device_diagnostics(
    hass: HomeAssistant, entry: NissanConfigEntry, device: dr.AnyDeviceEntry
) -> dict[str, Any]:
    """Describe one vehicle."""
    vehicles = entry.runtime_data.vehicles
    keys = (key for domain, key in device.identifiers if domain == DOMAIN and key in vehicles)
    return next((_vehicle(vehicles[key]) for key in keys), {})


def _vehicle(vehicle: VehicleCoordinator) -> dict[str, Any]:
    state = {group.value: asdict(value) for group, value in vehicle.data.groups().items()}
    if vehicle.data.health:  # opaque: nobody has documented that it holds nothing personal
        state["health"]["values"] = sorted(vehicle.data.health.values)
    return {
        "info": async_redact_data(asdict(vehicle.info), _PERSONAL)
        | {"capabilities": sorted(vehicle.info.capabilities), "lost": sorted(vehicle.info.lost)},
        "state": async_redact_data(state, _PERSONAL),
        "available": vehicle.available,
        "last_update_success": vehicle.last_update_success,
        "update_interval": str(vehicle.update_interval),
        "failing": sorted(vehicle.parts.failing),
        "given_up": {part: str(error) for part, error in sorted(vehicle.parts.given_up.items())},
        "sources": [_source(link) for link in vehicle.links],
    }


def _source(link: Link) -> dict[str, Any]:
    account = link.account
    return {
        "backend": account.backend.description.name if account else None,
        "failures": link.failures,
        "error": link.error.key if link.error else None,
        "groups": {group.value: value.reported_at for group, value in link.word.state.groups().items()},
    }
