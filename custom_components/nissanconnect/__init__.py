"""NissanConnect: every connected Nissan in Home Assistant."""

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import config_validation as cv, device_registry as dr
from homeassistant.helpers.typing import ConfigType

from .backends.base import Json
from .const import CONF_AUTH, DOMAIN, PLATFORMS
from .coordinator import AccountCoordinator, NissanConfigEntry
from .services import async_setup_services
from .settings import Settings
from .sources import async_create_backend
from .store import VehicleStore

CONFIG_SCHEMA = cv.config_entry_only_config_schema(DOMAIN)


async def async_setup(hass: HomeAssistant, config: ConfigType) -> bool:
    """Register the actions, which are there whether or not an account is loaded."""
    async_setup_services(hass)
    return True


async def async_setup_entry(hass: HomeAssistant, entry: NissanConfigEntry) -> None:
    """Bring up one account and its vehicles."""

    @callback
    def save_auth(auth: dict[str, Json]) -> None:
        hass.config_entries.async_update_entry(entry, data=entry.data | {CONF_AUTH: auth})

    store = VehicleStore(hass, entry.entry_id)
    remembered = await store.async_load()
    backend = await async_create_backend(hass, entry.data, save_auth=save_auth, memory=remembered.memory)
    entry.runtime_data = AccountCoordinator(hass, entry, backend, store, Settings.of(entry.options))
    await entry.runtime_data.async_start(remembered)
    await hass.config_entries.async_forward_entry_setups(entry, PLATFORMS)


async def async_unload_entry(hass: HomeAssistant, entry: NissanConfigEntry) -> None:
    """Take an account down; what it knows is kept for the next start."""
    await hass.config_entries.async_unload_platforms_or_raise(entry, PLATFORMS)
    await entry.runtime_data.async_save()


async def async_remove_entry(hass: HomeAssistant, entry: NissanConfigEntry) -> None:
    """Forget the account."""
    await VehicleStore(hass, entry.entry_id).async_remove()


async def async_remove_config_entry_device(
    hass: HomeAssistant, entry: NissanConfigEntry, device: dr.AnyDeviceEntry
) -> bool:
    """Let the owner delete a device whose vehicle has left the account, and no other."""
    return not any((DOMAIN, key) in device.identifiers for key in entry.runtime_data.vehicles)
