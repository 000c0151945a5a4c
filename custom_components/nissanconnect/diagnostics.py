"""Diagnostics: what helps to understand a problem, without anything that shows who or where the owner is."""

from dataclasses import asdict
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.redact import async_redact_data

from .abrp import AbrpSender
from .account import NissanConfigEntry
from .charging.control import ChargeControl
from .const import DOMAIN
from .runtime import VehicleRuntime
from .vehicle import alias
from .vehicle_source import VehicleSource

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
        "lent": sorted(alias(key) for key in account.connection.secondary),
    }


async def async_get_device_diagnostics(
    hass: HomeAssistant, entry: NissanConfigEntry, device: dr.AnyDeviceEntry
) -> dict[str, Any]:
    """Describe one vehicle."""
    vehicles = entry.runtime_data.vehicles
    keys = (key for domain, key in device.identifiers if domain == DOMAIN and key in vehicles)
    return next((_vehicle(vehicles[key]) for key in keys), {})


def _vehicle(vehicle: VehicleRuntime) -> dict[str, Any]:
    state = {group.value: asdict(value) for group, value in vehicle.coordinator.data.groups().items()}
    if vehicle.coordinator.data.health:  # opaque: nobody has documented that it holds nothing personal
        state["health"]["values"] = sorted(vehicle.coordinator.data.health.values)
    return {
        "info": async_redact_data(asdict(vehicle.info), _PERSONAL)
        | {"capabilities": sorted(vehicle.info.capabilities), "lost": sorted(vehicle.info.lost)},
        "state": async_redact_data(state, _PERSONAL),
        "available": vehicle.coordinator.available,
        "last_update_success": vehicle.coordinator.last_update_success,
        "update_interval": str(vehicle.coordinator.update_interval),
        "failing": sorted(vehicle.coordinator.parts.failing),
        "given_up": {part: str(error) for part, error in sorted(vehicle.coordinator.parts.given_up.items())},
        "sources": [_source(source) for source in vehicle.sources],
        "charge": _charge(vehicle.charge) if vehicle.charge.plans else None,
        "abrp": _abrp(vehicle.abrp),
    }


def _charge(charge: ChargeControl) -> dict[str, Any]:
    """Describe the plan that holds; neither its name nor its place, and no id of a source of prices."""
    settings, plan = charge.settings, charge.stay.plan if charge.stay else None
    return {
        "standing": charge.display.standing if charge.display else None,
        "failure": charge.display.failure if charge.display else None,
        "wishes": asdict(settings.wishes) if settings else None,
        "switched_by": settings.switch.by if settings else None,
        "prices_of": settings.price.source.partition(":")[0] if settings else None,
        "plan": asdict(plan) if plan else None,
        "memory": asdict(charge.memory),
    }


def _abrp(abrp: AbrpSender) -> dict[str, Any] | None:
    """Describe what goes to A Better Routeplanner, without key and token."""
    if (settings := abrp.settings) is None:
        return None
    return {
        "running": not settings.refused,
        "send_position": settings.send_position,
        "sent_at": abrp.sent_at,
        "error": abrp.error,
    }


def _source(source: VehicleSource) -> dict[str, Any]:
    return {
        "backend": source.connection.backend.description.name if source.connection else None,
        "failures": source.failures,
        "error": source.error.key if source.error else None,
        "groups": {group.value: value.reported_at for group, value in source.reported.state.groups().items()},
    }
