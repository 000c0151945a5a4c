"""One entry: the list of the vehicles of its account, and what runs for each of them."""

from asyncio import gather, sleep
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
import logging
from typing import override

from homeassistant.config_entries import ConfigEntry, ConfigEntryState
from homeassistant.const import Platform
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator
from homeassistant.util import dt as dt_util

from .backends.base import Backend, Forgetting
from .charging.planning import PlanGroup
from .commands import action_error
from .connection import Connection
from .const import DOMAIN
from .coordinator import Cause, StateUpdate, VehicleCoordinator, update_error
from .engine.diagnosis import outage_until
from .engine.polling import retry_pause
from .issues import (
    NOT_ON_ENERGY_DASHBOARD,
    SAME_VEHICLE,
    TOO_MANY_VEHICLES,
    async_report_account,
    async_report_sources,
    async_report_unlocking,
    async_report_vehicle,
    async_set_issue,
)
from .ownership import async_forget_vehicle, async_is_source, async_others, async_owner
from .runtime import VehicleRuntime
from .settings import Settings
from .store import MOST_VEHICLES, Remembered, RememberedVehicle, VehicleStore
from .vehicle import (
    BackendError,
    CommandRecord,
    ListedVehicle,
    NotSupported,
    NoVehicles,
    Push,
    SubscriptionInactive,
    VehicleInfo,
    alias,
)
from .vehicle_source import SecondarySource

_LOGGER = logging.getLogger(__name__)

_LIST_INTERVAL = timedelta(hours=6)
"""The list changes when a car is bought or a subscription lapses (kamereon-eu §6.2: at least daily)."""

_LIST_AGAIN = timedelta(minutes=2)
"""How soon the list may be read again because a command was refused."""

_MISSES_BEFORE_REMOVAL = 2
"""A vehicle must be missing from this many lists in a row: removing a device takes its history along."""

type NissanConfigEntry = ConfigEntry[AccountCoordinator]
type VehicleListener = Callable[[VehicleRuntime], None]


class AccountCoordinator(DataUpdateCoordinator[dict[str, VehicleInfo]]):  # an entry's whole life is in one place
    """One entry: keeps the list of its account's vehicles, and one runtime for each that it owns."""

    config_entry: NissanConfigEntry

    def __init__(
        self, hass: HomeAssistant, entry: NissanConfigEntry, backend: Backend, store: VehicleStore, settings: Settings
    ) -> None:
        super().__init__(
            hass,
            _LOGGER,
            config_entry=entry,
            name="account",
            update_interval=_LIST_INTERVAL,
            always_update=False,
        )
        store.async_start(self._remember)
        self.connection = Connection(hass, entry, backend, settings, store, on_push=self._async_handle_push)
        self.vehicles: dict[str, VehicleRuntime] = {}
        self.platforms: tuple[Platform, ...] = ()
        """Those that are set up."""
        self._plan_group = PlanGroup()
        self._pending_pushes: list[Push] = []
        """What had not lasted long enough to count before the restart."""
        self._is_resumed = False
        self._failures = 0
        self._misses = Counter[str]()
        self._error: BackendError | None = None
        self._listed_at: datetime | None = None

    @property
    def backend(self) -> Backend:
        """The backend of the entry."""
        return self.connection.backend

    @property
    def settings(self) -> Settings:
        """The options of the entry."""
        return self.connection.settings

    async def async_start(self, remembered: Remembered) -> None:
        """Bring the vehicles up: at once from what is remembered, otherwise when the backend has listed them.

        Nothing waits for the vehicles themselves: one that answers slowly must not hold up the others, and after a
        restart everything is there before the first answer.
        """
        for kept in remembered.vehicles:
            if kept.pending.groups():
                self._pending_pushes.append(Push(info=kept.info, state=kept.pending))
            if self._async_hand_over(kept):
                continue
            self._async_add_vehicle(kept, restored=True)
        if not self.vehicles and not self.connection.secondary:
            await self.async_config_entry_first_refresh()
            return
        self.data = {key: vehicle.info for key, vehicle in self.vehicles.items()}
        self._async_refresh_soon(self)
        async for vehicle in _in_turn(self.vehicles.values()):
            self._async_refresh_soon(vehicle.coordinator)

    @callback
    def async_resume(self) -> None:
        """Resume what was unfinished before the restart, once the entities are there to show it."""
        self._is_resumed = True
        for vehicle in self.vehicles.values():
            vehicle.async_resume()
        while self._pending_pushes:
            self._async_handle_push(self._pending_pushes.pop())

    @callback
    def _async_handle_push(self, push: Push) -> None:
        """Take over what was pushed, about a vehicle that may be new and may belong to another entry."""
        if self._async_pass_on(push):
            return
        if (vehicle := self.vehicles.get(push.info.key)) is None:
            if len(self.vehicles) >= MOST_VEHICLES:
                return  # as in a list
            known = self.connection.secondary.get(push.info.key, RememberedVehicle(info=push.info))
            vehicle = self._async_add_vehicle(known)
            self.async_set_updated_data({key: each.info for key, each in self.vehicles.items()})
        vehicle.coordinator.async_handle_push(push)

    @callback
    def _async_pass_on(self, push: Push) -> bool:
        """If another entry owns the vehicle, pass the report on to where ours is a source; return whether one does."""
        key = push.info.key
        if key in self.vehicles or not self._async_hand_over(self._async_known(push)):
            return False
        for consumer, source in self.consumers(key):
            consumer.coordinator.async_handle_push(push, source)
        return True

    @callback
    def _async_hand_over(self, known: RememberedVehicle) -> bool:
        """Hand the vehicle over to the entry that owns its device; return whether one does."""
        key = known.info.key
        used = async_is_source(self.hass, self.config_entry, key)
        owner = None if used else async_owner(self.hass, self.config_entry, key)
        async_set_issue(
            self.hass,
            self.config_entry,
            SAME_VEHICLE,
            present=owner is not None,
            vehicle=known.info,
            home=owner.title if owner else "",
        )
        if not used and owner is None:
            return False
        self.connection.secondary[key] = known
        self._async_remove_device(key)
        return True

    @callback
    def _async_known(self, push: Push) -> RememberedVehicle:
        """Return what is known of a vehicle that is not ours, or not yet, with this report."""
        before = self.connection.secondary.get(push.info.key, RememberedVehicle(info=push.info))
        return replace(before, info=push.info.with_lost_since(before.info), reported=before.reported.after(push.state))

    def consumers(self, key: str) -> Iterator[tuple[VehicleRuntime, SecondarySource]]:
        """Return the vehicles of other entries that our vehicle is a source of, with that source."""
        for entry in async_others(self.hass, self.config_entry):
            if entry.state is not ConfigEntryState.LOADED:
                continue
            account: AccountCoordinator = entry.runtime_data
            for vehicle in account.vehicles.values():
                for source in vehicle.sources.secondary:
                    if source.is_vehicle(self.config_entry.entry_id, key):
                        yield vehicle, source

    @callback
    def async_refresh_consumers(self) -> None:
        """Refresh the vehicles of other entries that use ours as a source: they could not before this was loaded."""
        for key in self.connection.secondary:
            for consumer, source in self.consumers(key):
                source.retry_now()
                self._async_refresh_soon(consumer.coordinator)

    @callback
    def async_recheck_ownership(self) -> bool:
        """Check again who owns the vehicles; return whether this entry must be reloaded."""
        entry, known = self.config_entry, list(self.connection.secondary.values())
        returned = [each for each in known if not self._async_hand_over(each)]
        wanted = (async_is_source(self.hass, entry, key) or async_owner(self.hass, entry, key) for key in self.vehicles)
        return bool(returned) or any(wanted)

    @callback
    def async_apply_settings(self, settings: Settings) -> None:
        """Go by other options from now on."""
        self.connection.settings = settings
        for vehicle in self.vehicles.values():
            vehicle.async_apply_settings()

    async def async_apply_sources(self) -> None:
        """Go by the sources that the owner has chosen now, and read them."""
        await gather(*(vehicle.async_apply_sources() for vehicle in self.vehicles.values()))
        self.connection.store.async_schedule_save()

    async def async_add_vehicle_listener(self, listener: VehicleListener) -> CALLBACK_TYPE:
        """Call ``listener`` for every vehicle that is there and for each one that comes."""
        seen: set[VehicleRuntime] = set()

        @callback
        def add_new() -> None:
            for vehicle in [each for each in self.vehicles.values() if each not in seen]:
                seen.add(vehicle)
                listener(vehicle)

        async for vehicle in _in_turn(self.vehicles.values()):
            seen.add(vehicle)
            listener(vehicle)
        add_new()  # those that have come meanwhile
        return self.async_add_listener(add_new)

    async def async_close(self) -> None:
        """Write the store and the books for the last time."""
        self.connection.debouncer.async_stop()
        await gather(*(vehicle.book.async_close() for vehicle in self.vehicles.values()))
        await self.connection.store.async_close()

    @callback
    def _async_observe(self, update: StateUpdate) -> None:
        """Show account problems after a read of a vehicle, and store what was reported."""
        if update.cause in (Cause.READ, Cause.READ_FAILED):
            self._async_report(update.error)
        if update.cause in (Cause.PUSHED, Cause.READ, Cause.READ_FOR_COMMAND):
            self.connection.store.async_schedule_save()

    @callback
    def _async_command_ended(self, vehicle: VehicleCoordinator, record: CommandRecord) -> None:
        """Read the list again if a command was refused: what the vehicle has lost may have been paid for."""
        if record.outcome.reason in {NotSupported.key, SubscriptionInactive.key} and vehicle.info.lost:
            self._async_list_again()

    @callback
    def _async_report(self, error: BackendError | None) -> None:
        """Show the problems of the account that only its owner can solve, or that they are solved."""
        failures = [vehicle.coordinator.read_failure for vehicle in self.vehicles.values()]
        # A vehicle that is gone can be read for a while, so only the list itself tells that it is not empty any more.
        left = self._error if isinstance(self._error, NoVehicles) else None
        async_report_account(self.hass, self.config_entry, error or left, outage_until(failures))

    async def async_dismiss(self, key: str) -> bool:
        """Remove a vehicle that its owner wants to delete, if it is not listed any more; return whether it is gone."""
        if isinstance(self.backend, Forgetting) and key in self.vehicles:
            self.backend.forget(self.vehicles[key].info)
        await self.async_refresh()
        if self.last_update_success and key in self.vehicles and self._misses[key]:
            self._async_remove_vehicle(key)
            self.async_set_updated_data({each: vehicle.info for each, vehicle in self.vehicles.items()})
        return key not in self.vehicles

    async def async_recheck(self, vehicle: str | None) -> str | None:
        """Read again now, the vehicle with that alias or all; return the key of the error.

        A vehicle that is refused everything has been read nevertheless, so that is no error.
        """
        await self.async_refresh()
        if self._error is not None:  # the vehicles would only log in once more
            return self._error.key
        checked = [each for key, each in self.vehicles.items() if vehicle in (None, alias(key))]
        for each in checked:
            each.sources.forget_refusals()
        await gather(*(each.coordinator.async_refresh() for each in checked))
        failures = [each.coordinator.read_failure for each in checked]
        errors = [failure.error for failure in failures if failure is not None]
        return next((error.key for error in errors if not isinstance(error, NotSupported)), None)

    @callback
    def _async_list_again(self) -> None:
        """Read the list before it is due, unless that was done lately."""
        now = dt_util.utcnow()
        if self._listed_at is None or now - self._listed_at >= _LIST_AGAIN:
            self._listed_at = now
            self._async_refresh_soon(self)

    async def async_read_vehicle(self, vehicle: VehicleRuntime) -> None:
        """Read everything of a vehicle now, whether refused before or not; raises a translated error if that fails."""
        if vehicle.info.lost:
            await self.async_refresh()  # which may have come back
        await vehicle.coordinator.async_read_everything()
        if (failure := vehicle.coordinator.read_failure) is not None:
            raise action_error(failure.error)

    @override
    async def _async_update_data(self) -> dict[str, VehicleInfo]:
        self._listed_at = dt_util.utcnow()
        try:
            listed = await self.backend.list_vehicles()
        except BackendError as err:
            self._failures += 1
            self._error = err
            self._async_report(err)
            self.update_interval = wait = retry_pause(self._failures, err.retry_after)
            # At the first start the interval does not count, and Home Assistant would try again within seconds.
            raise update_error(err, pause=wait.total_seconds() if err.retry_after else None) from err
        self._failures = 0
        self.update_interval = _LIST_INTERVAL
        # A source that speaks by itself has no list: it is empty until the first vehicle has spoken.
        self._error = None if listed or self.backend.description.pushes else NoVehicles()
        self._async_report(self._error)
        async_set_issue(
            self.hass,
            self.config_entry,
            TOO_MANY_VEHICLES,
            present=len(listed) > MOST_VEHICLES,
            listed=str(len(listed)),
            most=str(MOST_VEHICLES),
        )
        known = {*self.vehicles, *self.connection.secondary}
        known_first = sorted(listed, key=lambda vehicle: vehicle.info.key not in known)
        await self._async_update_list(tuple(known_first[:MOST_VEHICLES]))
        return {key: vehicle.info for key, vehicle in self.vehicles.items()}

    async def _async_update_list(self, listed: tuple[ListedVehicle, ...]) -> None:
        """Make ours what the list says: new vehicles, changed ones, and those that are gone."""
        before = len(self.vehicles)
        async for found in _in_turn(listed):
            vehicle = replace(found, state=self.connection.debouncer.async_read(found.info.key, found.state))
            self._misses.pop(vehicle.info.key, None)
            push = Push(info=vehicle.info, state=vehicle.state)
            if self._async_pass_on(push):
                continue
            if (known := self.vehicles.get(vehicle.info.key)) is not None:
                known.coordinator.is_listed = True
                known.coordinator.async_update_listing(vehicle)
                continue
            self._async_refresh_soon(self._async_add_vehicle(self._async_known(push)).coordinator)
        present = {vehicle.info.key for vehicle in listed}
        for key in (self.vehicles.keys() | self.connection.secondary.keys()) - present:
            self._misses[key] += 1
            if key in self.vehicles:
                self.vehicles[key].coordinator.is_listed = False
            if self._misses[key] >= _MISSES_BEFORE_REMOVAL:
                self._async_remove_vehicle(key)
        async_report_unlocking(self.hass, self.config_entry, [vehicle.info for vehicle in listed])
        self.connection.store.async_schedule_save(at_once=len(self.vehicles) > before)

    @callback
    def _async_add_vehicle(self, known: RememberedVehicle, *, restored: bool = False) -> VehicleRuntime:
        self.connection.secondary.pop(known.info.key, None)  # the other entry has given it up
        vehicle = VehicleRuntime(self.connection, known, self._plan_group, restored=restored)
        vehicle.coordinator.is_listed = not self._misses[known.info.key]
        vehicle.coordinator.async_add_observer(self._async_observe)
        vehicle.log.async_add_listener(partial(self._async_command_ended, vehicle.coordinator))
        self.vehicles[known.info.key] = vehicle
        if self._is_resumed:
            vehicle.async_resume()
        return vehicle

    @callback
    def _async_remove_vehicle(self, key: str) -> None:
        _LOGGER.info("%s is no longer in the account and is removed", alias(key))
        self._misses.pop(key, None)
        if (lent := self.connection.secondary.pop(key, None)) is not None:
            async_set_issue(self.hass, self.config_entry, SAME_VEHICLE, present=False, vehicle=lent.info)
            return
        vehicle = self.vehicles.pop(key)
        async_report_vehicle(self.hass, self.config_entry, vehicle.info, ())
        async_report_sources(self.hass, self.config_entry, vehicle.info, ())
        async_set_issue(self.hass, self.config_entry, NOT_ON_ENERGY_DASHBOARD, present=False, vehicle=vehicle.info)
        self.config_entry.async_create_task(self.hass, vehicle.async_stop())
        self._async_remove_device(key)
        async_forget_vehicle(self.hass, self.config_entry, key)

    @callback
    def _async_remove_device(self, key: str) -> None:
        registry = dr.async_get(self.hass)
        if device := registry.async_get_device_by_identifier((DOMAIN, key), self.config_entry.entry_id):
            registry.async_remove_device(device.id)

    @callback
    def _async_refresh_soon[T](self, coordinator: DataUpdateCoordinator[T]) -> None:
        self.config_entry.async_create_background_task(
            self.hass, coordinator.async_refresh(), f"{DOMAIN} first refresh of {coordinator.name}"
        )

    def _remember(self) -> Remembered:
        known = [*(vehicle.remembered() for vehicle in self.vehicles.values()), *self.connection.secondary.values()]
        return Remembered(
            vehicles=[replace(each, pending=self.connection.debouncer.pending(each.info.key)) for each in known],
            memory=self.backend.memory(),
        )


async def _in_turn[T](items: Iterable[T]) -> AsyncIterator[T]:
    """Yield items, with a turn for everybody else after each: a hundred vehicles must not stop Home Assistant."""
    for item in [*items]:
        yield item
        await sleep(0)
