"""NissanConnect: every connected Nissan in Home Assistant."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
import logging
from typing import Any, NamedTuple, Self

from homeassistant.config_entries import SIGNAL_CONFIG_ENTRY_CHANGED, ConfigEntry, ConfigEntryChange, ConfigEntryState
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import ConfigEntryError, HomeAssistantError
from homeassistant.helpers import config_validation as cv, device_registry as dr, entity_registry as er
from homeassistant.helpers.dispatcher import async_dispatcher_connect
from homeassistant.helpers.typing import ConfigType

from . import const  # noqa: F401 - first: an older Home Assistant lacks what the others import
from .abrp import read_abrp
from .account import AccountCoordinator, NissanConfigEntry
from .backends.base import LockSetup
from .book.files import async_remove_books
from .browser import async_load_module, async_serve_module, async_unload_module
from .charging.outlet import async_leave_on
from .charging.plans import async_follow_renames, read_charge_plan, read_charge_plans
from .connection import AuthStorage
from .const import (
    CONF_AUTH,
    CONF_DEVICE_ID,
    CONF_ODOMETER_UNIT,
    CONF_OUTSIDE_UNIT,
    CONF_PINS,
    CONF_UNLOCK_WITHOUT_PIN,
    DOMAIN,
    PLATFORMS,
    SUBENTRY_ABRP,
    SUBENTRY_CHARGE_PLAN,
    SUBENTRY_GEOFENCE,
    SUBENTRY_SOURCE,
)
from .geofences import async_remove_stale, read_geofence
from .issues import STORE_DAMAGED, async_report_old_yaml, async_set_issue
from .ownership import async_forget_entry, async_others, read_source
from .services import async_setup_services
from .settings import EntryValues, read_settings
from .sources import ODOMETER_UNITS, OUTSIDE_UNITS, async_create_backend, source_of
from .store import VehicleStore
from .trip_calendar import async_needs_calendar, async_register_trip_calendars
from .vehicle import BackendError, Capability, InvalidAddress, VehicleInfo, one_line
from .webhook import async_receive
from .websocket_api import async_setup_websocket_api

_LOGGER = logging.getLogger(__name__)

CONFIG_SCHEMA = cv.config_entry_only_config_schema(DOMAIN)


async def async_setup(hass: HomeAssistant, config: ConfigType) -> bool:
    """Register the actions, which are there whether or not an account is loaded, and what the browser loads."""
    async_setup_services(hass)
    async_report_old_yaml(hass, config)
    async_setup_websocket_api(hass)
    await async_serve_module(hass)
    return True


async def async_setup_entry(hass: HomeAssistant, entry: NissanConfigEntry) -> None:
    """Bring up one account and its vehicles."""
    source_of(entry.data)
    await async_load_module(hass)
    store = VehicleStore(hass, entry.entry_id)
    remembered = await store.async_load()
    aside = remembered.set_aside
    async_set_issue(hass, entry, STORE_DAMAGED, present=aside is not None, file=aside or "")
    auth = AuthStorage(hass, entry)
    try:
        backend = await async_create_backend(hass, entry.data, save_auth=auth.async_save, memory=remembered.memory)
    except InvalidAddress as err:
        raise ConfigEntryError(translation_domain=DOMAIN, translation_key=err.key) from err
    _async_warn_of_odd_values(entry)
    entry.runtime_data = AccountCoordinator(hass, entry, backend, store, read_settings(entry.options).value)
    auth.async_start(backend)
    await entry.runtime_data.async_start(remembered)
    async_remove_stale(hass, entry, [vehicle.info for vehicle in entry.runtime_data.vehicles.values()])
    await _async_settle(hass, entry)  # before there would be the same entities twice
    entry.runtime_data.platforms = _platforms(hass, entry)
    await hass.config_entries.async_forward_entry_setups(entry, entry.runtime_data.platforms)
    await async_register_trip_calendars(hass, entry)
    entry.runtime_data.async_resume()
    entry.runtime_data.connection.async_listen()
    entry.runtime_data.async_refresh_consumers()
    await async_receive(hass, entry)
    _async_follow(hass, entry)


def _platforms(hass: HomeAssistant, entry: ConfigEntry) -> tuple[Platform, ...]:
    """Return the platforms of an entry: no calendar that nobody wants, or everybody would have one in the sidebar."""
    entities = er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id)
    has_plans = bool(entry.get_subentries_of_type(SUBENTRY_CHARGE_PLAN))
    needed = has_plans or any(map(async_needs_calendar, entities))
    return tuple(each for each in PLATFORMS if needed or each is not Platform.CALENDAR)


async def async_unload_entry(hass: HomeAssistant, entry: NissanConfigEntry) -> None:
    """Take an account down; what it knows is kept for the next start."""
    await hass.config_entries.async_unload_platforms_or_raise(entry, entry.runtime_data.platforms)
    await entry.runtime_data.async_close()
    if entry.disabled_by is not None:
        sessions = [vehicle.charge.memory.session for vehicle in entry.runtime_data.vehicles.values()]
        await async_leave_on(hass, read_charge_plans(entry), sessions)
        await _async_settle(hass, entry)


async def async_remove_entry(hass: HomeAssistant, entry: NissanConfigEntry) -> None:
    """Forget the account, and have its vehicles forget us."""
    store = VehicleStore(hass, entry.entry_id)
    remembered = await store.async_load()
    if entry.disabled_by is None:
        sessions = [vehicle.charge.session for vehicle in remembered.vehicles]
        await async_leave_on(hass, read_charge_plans(entry), sessions)
    if device := EntryValues(entry.data).text(CONF_DEVICE_ID):
        with suppress(BackendError, HomeAssistantError):  # what could not be set up cannot be reached, either
            await _async_end_trust(hass, entry, device, [vehicle.info for vehicle in remembered.vehicles])
    await store.async_remove()
    await async_remove_books(hass, entry.entry_id, [vehicle.info.key for vehicle in remembered.vehicles])
    async_forget_entry(hass, entry)
    await _async_settle(hass, entry)
    if not hass.config_entries.async_entries(DOMAIN):
        await async_unload_module(hass)


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

    The account's list is read at that moment, so that nobody has to wait for the next regular read.
    """
    keys = [key for key in entry.runtime_data.vehicles if (DOMAIN, key) in device.identifiers]
    return not keys or await entry.runtime_data.async_dismiss(keys[0])


class _Chosen(NamedTuple):
    """What the owner has chosen in an entry. Subentries are copied, because Home Assistant changes them in place."""

    options: Mapping[str, Any]
    geofences: Mapping[str, Mapping[str, Any]]
    sources: Mapping[str, Mapping[str, Any]]
    charge_plans: Mapping[str, Mapping[str, Any]]
    abrp: Mapping[str, Mapping[str, Any]]

    @classmethod
    def of(cls, entry: ConfigEntry) -> Self:
        def subentries(kind: str) -> dict[str, Mapping[str, Any]]:
            return {each.subentry_id: each.as_dict() for each in entry.get_subentries_of_type(kind)}

        kinds = (SUBENTRY_GEOFENCE, SUBENTRY_SOURCE, SUBENTRY_CHARGE_PLAN, SUBENTRY_ABRP)
        return cls(entry.options, *map(subentries, kinds))


@callback
def _async_follow(hass: HomeAssistant, entry: NissanConfigEntry) -> None:
    """Apply options, geofences, charge plans and sources that change from now on, without loading the entry anew.

    Loading it anew would show every entity as unavailable for a moment, and start whatever waits for them to come back.
    """
    entry.async_on_unload(async_follow_renames(hass, entry))
    chosen = _Chosen.of(entry)

    @callback
    def changed(change: ConfigEntryChange, changed_entry: ConfigEntry) -> None:
        nonlocal chosen
        if changed_entry is not entry or change is not ConfigEntryChange.UPDATED:
            return
        before, chosen = chosen, _Chosen.of(entry)
        kept = chosen.geofences.keys() & before.geofences.keys()
        if any(chosen.geofences[key]["title"] != before.geofences[key]["title"] for key in kept):
            # The name of a geofence is part of its entities' names, which change by nothing else.
            hass.config_entries.async_schedule_reload(entry.entry_id)
            return
        account = entry.runtime_data
        if chosen != before:
            _async_warn_of_odd_values(entry)
        if chosen.options != before.options:
            account.async_apply_settings(read_settings(entry.options).value)
        if chosen.geofences != before.geofences:
            async_remove_stale(hass, entry, [vehicle.info for vehicle in account.vehicles.values()])
            for vehicle in account.vehicles.values():
                vehicle.async_apply_geofences()
        if chosen.charge_plans != before.charge_plans:
            entry.async_create_task(hass, _async_add_platforms(hass, entry), f"{DOMAIN} platforms of {entry.entry_id}")
            for vehicle in account.vehicles.values():
                vehicle.async_apply_charge_plans()
        if chosen.abrp != before.abrp:
            for vehicle in account.vehicles.values():
                vehicle.async_apply_abrp()
        if chosen.sources != before.sources:
            entry.async_create_task(hass, _async_apply_sources(hass, entry), f"{DOMAIN} sources of {entry.entry_id}")

    entry.async_on_unload(async_dispatcher_connect(hass, SIGNAL_CONFIG_ENTRY_CHANGED, changed))


async def _async_add_platforms(hass: HomeAssistant, entry: NissanConfigEntry) -> None:
    """Add the platforms that only the first charge plan needs."""
    account = entry.runtime_data
    missing = [each for each in _platforms(hass, entry) if each not in account.platforms]
    account.platforms += tuple(missing)
    await hass.config_entries.async_forward_entry_setups(entry, missing)


async def _async_apply_sources(hass: HomeAssistant, entry: NissanConfigEntry) -> None:
    await _async_settle(hass, entry)  # those who lend a vehicle give it up first
    await entry.runtime_data.async_apply_sources()


async def _async_settle(hass: HomeAssistant, changed: ConfigEntry) -> None:
    """Have the other entries give up the vehicles that ``changed`` owns now, and take back what it no longer uses."""
    for other in async_others(hass, changed):
        if other.state is ConfigEntryState.LOADED and other.runtime_data.async_recheck_ownership():
            await hass.config_entries.async_reload(other.entry_id)


@callback
def _async_warn_of_odd_values(entry: ConfigEntry) -> None:
    """Warn once of what is kept in the entry and cannot be read, by names only."""
    data = EntryValues(entry.data)
    for name in (CONF_AUTH, CONF_PINS):
        data.mapping(name)
    data.text(CONF_DEVICE_ID)
    data.flag(CONF_UNLOCK_WITHOUT_PIN)
    data.choice(CONF_ODOMETER_UNIT, ODOMETER_UNITS)
    data.choice(CONF_OUTSIDE_UNIT, OUTSIDE_UNITS)
    odd = data.odd | read_settings(entry.options).odd
    for subentry in entry.get_subentries_of_type(SUBENTRY_SOURCE):
        odd |= {f"{SUBENTRY_SOURCE}.{name}" for name in read_source(subentry).odd}
    for subentry in entry.get_subentries_of_type(SUBENTRY_GEOFENCE):
        odd |= {f"{SUBENTRY_GEOFENCE}.{name}" for name in read_geofence(subentry).odd}
    for subentry in entry.get_subentries_of_type(SUBENTRY_CHARGE_PLAN):
        odd |= {f"{SUBENTRY_CHARGE_PLAN}.{name}" for name in read_charge_plan(subentry).odd}
    for subentry in entry.get_subentries_of_type(SUBENTRY_ABRP):
        odd |= {f"{SUBENTRY_ABRP}.{name}" for name in read_abrp(subentry).odd}
    if odd:
        _LOGGER.warning(
            "%s: these are kept in a way that cannot be read: %s", one_line(str(entry.title)), ", ".join(sorted(odd))
        )
