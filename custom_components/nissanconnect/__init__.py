"""NissanConnect: every connected Nissan in Home Assistant."""

import asyncio
from contextlib import suppress

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ConfigEntryError, HomeAssistantError
from homeassistant.helpers import config_validation as cv, device_registry as dr
from homeassistant.helpers.typing import ConfigType

from . import minimum  # noqa: F401 - first: an older Home Assistant lacks what the others import
from .account import AccountCoordinator, NissanConfigEntry
from .backends.base import LockSetup
from .connection import AuthStorage
from .const import CONF_DEVICE_ID, DOMAIN, PLATFORMS
from .entry_changes import async_follow, async_settle, async_warn_of_odd_values
from .entry_values import EntryValues
from .geofences import async_remove_stale
from .issues import async_report_old_yaml, async_report_store
from .ownership import async_forget_entry
from .services import async_setup_services
from .settings import Settings
from .sources import async_create_backend, source_of
from .store import VehicleStore
from .vehicle import BackendError, Capability, InvalidAddress, VehicleInfo
from .webhook import async_receive

CONFIG_SCHEMA = cv.config_entry_only_config_schema(DOMAIN)


async def async_setup(hass: HomeAssistant, config: ConfigType) -> bool:
    """Register the actions, which are there whether or not an account is loaded."""
    async_setup_services(hass)
    async_report_old_yaml(hass, config)
    return True


async def async_setup_entry(hass: HomeAssistant, entry: NissanConfigEntry) -> None:
    """Bring up one account and its vehicles."""
    source_of(entry.data)
    store = VehicleStore(hass, entry.entry_id)
    remembered = await store.async_load()
    async_report_store(hass, entry, remembered.set_aside)
    auth = AuthStorage(hass, entry)
    try:
        backend = await async_create_backend(hass, entry.data, save_auth=auth.async_save, memory=remembered.memory)
    except InvalidAddress as err:
        raise ConfigEntryError(translation_domain=DOMAIN, translation_key=err.key) from err
    async_warn_of_odd_values(entry)
    entry.runtime_data = AccountCoordinator(hass, entry, backend, store, Settings.of(entry.options))
    auth.async_start(backend)
    await entry.runtime_data.async_start(remembered)
    async_remove_stale(hass, entry, [vehicle.info for vehicle in entry.runtime_data.vehicles.values()])
    await async_settle(hass, entry)  # before there would be the same entities twice
    await hass.config_entries.async_forward_entry_setups(entry, PLATFORMS)
    entry.runtime_data.async_resume()
    entry.runtime_data.connection.async_listen()
    entry.runtime_data.async_refresh_consumers()
    await async_receive(hass, entry)
    async_follow(hass, entry)


async def async_unload_entry(hass: HomeAssistant, entry: NissanConfigEntry) -> None:
    """Take an account down; what it knows is kept for the next start."""
    await hass.config_entries.async_unload_platforms_or_raise(entry, PLATFORMS)
    await entry.runtime_data.async_close()
    if entry.disabled_by is not None:
        await async_settle(hass, entry)


async def async_remove_entry(hass: HomeAssistant, entry: NissanConfigEntry) -> None:
    """Forget the account, and have its vehicles forget us."""
    store = VehicleStore(hass, entry.entry_id)
    if device := EntryValues(entry.data).text(CONF_DEVICE_ID):
        remembered = await store.async_load()
        with suppress(BackendError, HomeAssistantError):  # what could not be set up cannot be asked, either
            await _async_end_trust(hass, entry, device, [vehicle.info for vehicle in remembered.vehicles])
    await store.async_remove()
    async_forget_entry(hass, entry)
    await async_settle(hass, entry)


async def _async_end_trust(
    hass: HomeAssistant, entry: NissanConfigEntry, device: str, vehicles: list[VehicleInfo]
) -> None:
    """Take us from the vehicles' lists of trusted devices; the entry is removed whether or not that succeeds."""
    backend = await async_create_backend(hass, entry.data, save_auth=lambda _: None)
    with suppress(TimeoutError):
        async with asyncio.timeout(20):
            for vehicle in vehicles:
                if Capability.LOCK_SETUP in vehicle.capabilities and isinstance(backend, LockSetup):
                    with suppress(BackendError):
                        await backend.remove_device(vehicle, device)


async def async_remove_config_entry_device(
    hass: HomeAssistant, entry: NissanConfigEntry, device: dr.AnyDeviceEntry
) -> bool:
    """Let the owner delete a device whose vehicle has left the account, and no other.

    The account's list is asked for at that moment, so that nobody has to wait until it is read anew.
    """
    keys = [key for key in entry.runtime_data.vehicles if (DOMAIN, key) in device.identifiers]
    return not keys or await entry.runtime_data.async_dismiss(keys[0])
