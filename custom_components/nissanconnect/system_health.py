"""What the page *System information* shows: whether Nissan can be reached, and what there is."""

from typing import Any

from homeassistant.components.system_health import SystemHealthRegistration, async_check_can_reach_url
from homeassistant.core import HomeAssistant, callback
from homeassistant.loader import async_get_integration

from .account import NissanConfigEntry
from .const import DOMAIN


@callback
def async_register(hass: HomeAssistant, register: SystemHealthRegistration) -> None:
    """Register the card."""
    register.async_register_info(_async_info)


async def _async_info(hass: HomeAssistant) -> dict[str, Any]:
    entries: list[NissanConfigEntry] = hass.config_entries.async_loaded_entries(DOMAIN)
    accounts = [entry.runtime_data for entry in entries]
    backends = {account.backend.description.name: account.backend.description for account in accounts}
    return {
        "version": str((await async_get_integration(hass, DOMAIN)).version),
        "backends": ", ".join(sorted(backends)),
        "vehicles": sum(len(account.vehicles) for account in accounts),
        "requests_today": sum(account.connection.requests_today for account in accounts),
        "wakes_today": sum(vehicle.log.wakes_today for account in accounts for vehicle in account.vehicles.values()),
        **{
            f"can_reach_{name}": async_check_can_reach_url(hass, url)
            for description in backends.values()
            for name, url in description.hosts.items()
        },
    }
