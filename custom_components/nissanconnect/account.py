"""The account: the list of its vehicles, and what they share."""

from asyncio import Semaphore, gather, sleep, wait
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import replace
from datetime import datetime, timedelta
import logging
from typing import override

from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator
from homeassistant.util import dt as dt_util

from .backends.base import Backend, Forgetting, Pushing
from .const import DOMAIN
from .coordinator import NissanConfigEntry, VehicleCoordinator
from .engine.diagnosis import outage_until
from .engine.polling import DayTally, Quota
from .exceptions import NEEDS_REAUTH, update_error
from .issues import (
    async_report_account,
    async_report_double,
    async_report_sources,
    async_report_too_many,
    async_report_unlocking,
    async_report_vehicle,
)
from .listener import async_listen
from .pushes import PushDebouncer
from .settings import Settings
from .sharing import async_borrowers, async_forget_vehicle, async_home, async_is_source
from .store import MOST_VEHICLES, Remembered, RememberedVehicle, VehicleStore
from .vehicle import BackendError, ListedVehicle, NotSupported, NoVehicles, Push, VehicleInfo, alias

_LOGGER = logging.getLogger(__name__)

_LIST_INTERVAL = timedelta(hours=6)
"""The list changes when a car is bought or a subscription lapses (kamereon-eu §6.2: at least daily)."""

_LIST_AGAIN = timedelta(minutes=2)
"""How soon the list may be asked for again because a command was refused."""

_READ_AT_ONCE = 4
"""How many vehicles are read at a time."""

_LONGEST_WRITE = 0.25
"""Seconds that a command waits for its being kept: it takes some milliseconds, but a disk may be full or asleep."""

_MISSES_BEFORE_REMOVAL = 2
"""A vehicle must be missing from this many lists in a row: removing a device takes its history along."""

type VehicleListener = Callable[[VehicleCoordinator], None]


class AccountCoordinator(DataUpdateCoordinator[dict[str, VehicleInfo]]):
    """One account: keeps the list of its vehicles and one coordinator for each."""

    config_entry: NissanConfigEntry

    def __init__(
        self, hass: HomeAssistant, entry: NissanConfigEntry, backend: Backend, store: VehicleStore, settings: Settings
    ) -> None:
        """Prepare; nothing is read yet."""
        super().__init__(
            hass,
            _LOGGER,
            config_entry=entry,
            name="account",
            update_interval=_LIST_INTERVAL,
            always_update=False,
        )
        self.backend = backend
        self.settings = settings
        self.vehicles: dict[str, VehicleCoordinator] = {}
        self.lent: dict[str, RememberedVehicle] = {}
        """The vehicles that belong to other entries, and what was known of them when they were ours, if they were."""
        self.deaf: BackendError | None = None
        """Why the source cannot be heard, if it speaks by itself and cannot."""
        self.reading = Semaphore(_READ_AT_ONCE)
        """Held by a vehicle that is being read."""
        self.pushes = PushDebouncer(hass, self._async_hear)
        self._unsettled: list[Push] = []
        self._store = store
        self._failures = 0
        self._misses = Counter[str]()
        self._quota = Quota()
        self._tally = DayTally()
        self._counted = 0
        self._error: BackendError | None = None
        self._closed = False
        self._listed_at: datetime | None = None

    async def async_start(self, remembered: Remembered) -> None:
        """Bring the vehicles up: at once from what is remembered, otherwise when the backend has listed them.

        Nothing waits for the vehicles themselves: one that answers slowly must not hold up the others, and after a
        restart everything is there before the first answer.
        """
        for kept in remembered.vehicles:
            if kept.pending.groups():
                self._unsettled.append(Push(info=kept.info, state=kept.pending))
            if self._async_lend(kept):
                continue
            self._async_add_vehicle(kept, restored=True)
        if not self.vehicles and not self.lent:
            await self.async_config_entry_first_refresh()
            return
        self.data = {key: vehicle.info for key, vehicle in self.vehicles.items()}
        self._async_refresh_soon(self)
        async for vehicle in _in_turn(self.vehicles.values()):
            self._async_refresh_soon(vehicle)

    @callback
    def async_resume(self) -> None:
        """Bring to an end what was unfinished before the restart; after the entities are there to tell of it."""
        for vehicle in self.vehicles.values():
            vehicle.commands.async_resume()
            vehicle.plans.async_resume()
        while self._unsettled:
            self._async_hear(self._unsettled.pop())

    @callback
    def async_listen(self) -> None:
        """Hear from now on what the source says by itself, if it does."""
        if isinstance(self.backend, Pushing):
            self.config_entry.async_create_background_task(
                self.hass,
                async_listen(self.backend, hear=self.pushes.async_push, lost=self._async_lose),
                f"{DOMAIN} listening to {self.backend.description.name}",
            )

    @callback
    def _async_hear(self, push: Push) -> None:
        """Take what was said, about a vehicle that may be new and may belong to another entry."""
        self.deaf = None
        if self._async_pass_on(push):
            return
        if (vehicle := self.vehicles.get(push.info.key)) is None:
            if len(self.vehicles) >= MOST_VEHICLES:
                return  # as in a list
            known = self.lent.get(push.info.key, RememberedVehicle(info=push.info))
            vehicle = self._async_add_vehicle(known)
            self.async_set_updated_data({key: each.info for key, each in self.vehicles.items()})
        vehicle.async_hear(push)

    @callback
    def _async_lose(self, error: BackendError) -> None:
        self.deaf = error
        if isinstance(error, NEEDS_REAUTH):
            self.config_entry.async_start_reauth(self.hass)

    @callback
    def _async_pass_on(self, push: Push) -> bool:
        """Leave what was said to those who use the vehicle, if it belongs to another entry."""
        key = push.info.key
        if key in self.vehicles or not self._async_lend(self._async_known(push)):
            return False
        for borrower, link in async_borrowers(self.hass, self.config_entry, key):
            borrower.async_hear(push, link)
        return True

    @callback
    def _async_lend(self, known: RememberedVehicle) -> bool:
        """Leave a vehicle to the entry that it belongs to, if that is another one."""
        key = known.info.key
        used = async_is_source(self.hass, self.config_entry, key)
        home = None if used else async_home(self.hass, self.config_entry, key)
        async_report_double(self.hass, self.config_entry, known.info, home)
        if not used and home is None:
            return False
        self.lent[key] = known
        self._async_remove_device(key)
        return True

    @callback
    def _async_known(self, push: Push) -> RememberedVehicle:
        """Return what is known of a vehicle that is not ours, or not yet, with what is said of it now."""
        before = self.lent.get(push.info.key, RememberedVehicle(info=push.info))
        return replace(before, info=push.info.after(before.info), word=before.word.after(push.state))

    @callback
    def async_offer(self) -> None:
        """Have those read who borrow a vehicle from here: they could not while this was not loaded."""
        for key in self.lent:
            for borrower, link in async_borrowers(self.hass, self.config_entry, key):
                link.rested()
                self._async_refresh_soon(borrower)

    @callback
    def async_review(self) -> bool:
        """Look again at whose the vehicles are; return whether the account has to be loaded anew because of it."""
        entry = self.config_entry
        returned = [known for known in list(self.lent.values()) if not self._async_lend(known)]
        wanted = (async_is_source(self.hass, entry, key) or async_home(self.hass, entry, key) for key in self.vehicles)
        return bool(returned) or any(wanted)

    @callback
    def async_apply_settings(self, settings: Settings) -> None:
        """Go by other options from now on."""
        self.settings = settings
        for vehicle in self.vehicles.values():
            vehicle.async_apply_settings()

    async def async_apply_sources(self) -> None:
        """Go by the sources that the owner has chosen now, and read them."""
        await gather(*(vehicle.async_apply_sources() for vehicle in self.vehicles.values()))
        self.async_schedule_save()

    async def async_add_vehicle_listener(self, listener: VehicleListener) -> CALLBACK_TYPE:
        """Call ``listener`` for every vehicle that is there and for each one that comes."""
        told: set[VehicleCoordinator] = set()

        @callback
        def tell() -> None:
            for vehicle in [each for each in self.vehicles.values() if each not in told]:
                told.add(vehicle)
                listener(vehicle)

        async for vehicle in _in_turn(self.vehicles.values()):
            told.add(vehicle)
            listener(vehicle)
        tell()  # who has come meanwhile
        return self.async_add_listener(tell)

    @callback
    def async_schedule_save(self, *, at_once: bool = False) -> None:
        """Have the store written, soon or as soon as possible."""
        if not self._closed:
            self._store.async_schedule_save(self._remember, at_once=at_once)

    async def async_keep(self) -> None:
        """Have what is open written, and wait for that as long as a command can wait."""
        if not self._closed:
            writing = self.hass.async_create_task(
                self._store.async_keep_open(map(remembered, self.vehicles.values())), eager_start=True
            )
            await wait({writing}, timeout=_LONGEST_WRITE)

    async def async_close(self) -> None:
        """Have the store written for the last time: whatever still ends must not overwrite what a successor knows."""
        self._closed = True
        self.pushes.async_stop()
        await self._store.async_save(self._remember())

    @callback
    def async_handle_error(self, error: BackendError | None) -> None:
        """Show what only the owner can put right, or that it is."""
        troubles = [vehicle.trouble for vehicle in self.vehicles.values()]
        # A vehicle that is gone can be read for a while, so only the list itself tells that it is not empty any more.
        left = self._error if isinstance(self._error, NoVehicles) else None
        async_report_account(self.hass, self.config_entry, error or left, outage_until(troubles))

    def lists(self, vehicle: VehicleInfo) -> bool:
        """Whether the vehicle is in the account, as far as is known."""
        return self._misses[vehicle.key] == 0

    async def async_dismiss(self, key: str) -> bool:
        """Let go of a vehicle that its owner wants to delete, if the list says now that it is gone."""
        if isinstance(self.backend, Forgetting) and key in self.vehicles:
            self.backend.forget(self.vehicles[key].info)
        await self.async_refresh()
        if self.last_update_success and key in self.vehicles and self._misses[key]:
            self._async_remove_vehicle(key)
            self.async_set_updated_data({each: vehicle.info for each, vehicle in self.vehicles.items()})
        return key not in self.vehicles

    async def async_recheck(self, vehicle: str | None) -> str | None:
        """Ask again at once, for the one vehicle with that alias or for all; return the key of what went wrong.

        A vehicle that is refused everything has been asked nevertheless, so that is not among what can go wrong.
        """
        await self.async_refresh()
        if self._error is not None:  # the vehicles would only log in once more
            return self._error.key
        asked = [each for key, each in self.vehicles.items() if vehicle in (None, alias(key))]
        for each in asked:
            each.links.forget_refusals()
        await gather(*(each.async_refresh() for each in asked))
        errors = [each.trouble.error for each in asked if each.trouble is not None]
        return next((error.key for error in errors if not isinstance(error, NotSupported)), None)

    @callback
    def async_list_again(self) -> None:
        """Ask for the list before it is time, if that was not done lately: what is refused may have been paid for."""
        now = dt_util.utcnow()
        if self._listed_at is None or now - self._listed_at >= _LIST_AGAIN:
            self._listed_at = now
            self._async_refresh_soon(self)

    @callback
    def async_debt(self) -> timedelta:
        """Return how long a vehicle should wait so that all of them together keep to the quota."""
        self._async_count()
        return self._quota.wait(dt_util.utcnow())

    @property
    def requests_today(self) -> int:
        """How many requests the account has sent since midnight, or since it was loaded."""
        self._async_count()
        return self._tally.count

    @callback
    def _async_count(self) -> None:
        sent = self.backend.requests
        new, self._counted = sent - self._counted, sent
        self._quota = self._quota.after(new, dt_util.utcnow())
        self._tally = self._tally.after(new, dt_util.now().date())

    @override
    async def _async_update_data(self) -> dict[str, VehicleInfo]:
        self._listed_at = dt_util.utcnow()
        try:
            listed = await self.backend.list_vehicles()
        except BackendError as err:
            self._failures += 1
            self._error = err
            self.async_handle_error(err)
            self.update_interval = wait = self.settings.pace.retry(self._failures, err.retry_after)
            # At the first start the interval does not count, and Home Assistant would try again within seconds.
            raise update_error(err, pause=wait.total_seconds() if err.retry_after else None) from err
        self._failures = 0
        self.update_interval = _LIST_INTERVAL
        # A source that speaks by itself has no list: it is empty until the first vehicle has spoken.
        self._error = None if listed or self.backend.description.pushes else NoVehicles()
        self.async_handle_error(self._error)
        async_report_too_many(self.hass, self.config_entry, len(listed), MOST_VEHICLES)
        known_first = sorted(listed, key=lambda vehicle: vehicle.info.key not in {*self.vehicles, *self.lent})
        await self._async_adopt(tuple(known_first[:MOST_VEHICLES]))
        return {key: vehicle.info for key, vehicle in self.vehicles.items()}

    async def _async_adopt(self, listed: tuple[ListedVehicle, ...]) -> None:
        """Make ours what the list says: new vehicles, changed ones, and those that are gone."""
        before = len(self.vehicles)
        async for found in _in_turn(listed):
            vehicle = replace(found, state=self.pushes.async_read(found.info.key, found.state))
            self._misses.pop(vehicle.info.key, None)
            push = Push(info=vehicle.info, state=vehicle.state)
            if self._async_pass_on(push):
                continue
            if (known := self.vehicles.get(vehicle.info.key)) is not None:
                known.async_adopt(vehicle)
                continue
            self._async_refresh_soon(self._async_add_vehicle(self._async_known(push)))
        present = {vehicle.info.key for vehicle in listed}
        for key in (self.vehicles.keys() | self.lent.keys()) - present:
            self._misses[key] += 1
            if self._misses[key] >= _MISSES_BEFORE_REMOVAL:
                self._async_remove_vehicle(key)
        async_report_unlocking(self.hass, self.config_entry, [vehicle.info for vehicle in listed])
        self.async_schedule_save(at_once=len(self.vehicles) > before)

    @callback
    def _async_add_vehicle(self, known: RememberedVehicle, *, restored: bool = False) -> VehicleCoordinator:
        self.lent.pop(known.info.key, None)  # the other entry has given it up
        vehicle = VehicleCoordinator(self, known, restored=restored)
        self.vehicles[known.info.key] = vehicle
        return vehicle

    @callback
    def _async_remove_vehicle(self, key: str) -> None:
        _LOGGER.info("%s is no longer in the account and is removed", alias(key))
        self._misses.pop(key, None)
        if (lent := self.lent.pop(key, None)) is not None:
            async_report_double(self.hass, self.config_entry, lent.info, None)
            return
        vehicle = self.vehicles.pop(key)
        async_report_vehicle(self.hass, self.config_entry, vehicle.info, ())
        async_report_sources(self.hass, self.config_entry, vehicle.info, None)
        self.config_entry.async_create_task(self.hass, vehicle.async_shutdown())
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
        known = [*map(remembered, self.vehicles.values()), *self.lent.values()]
        return Remembered(
            vehicles=[replace(each, pending=self.pushes.pending(each.info.key)) for each in known],
            memory=self.backend.memory(),
        )


async def _in_turn[T](items: Iterable[T]) -> AsyncIterator[T]:
    """Yield items, with a turn for everybody else after each: a hundred vehicles must not stop Home Assistant."""
    for item in [*items]:
        yield item
        await sleep(0)


def remembered(vehicle: VehicleCoordinator) -> RememberedVehicle:
    """Return what the next start begins with."""
    return RememberedVehicle(
        info=vehicle.links.own.info,
        word=vehicle.links.own.word,
        lent_words={link.name: link.word for link in vehicle.links.lent},
        log=tuple(vehicle.commands.log),
        unfinished=vehicle.commands.unfinished,
        wakes=vehicle.commands.wakes,
        rests_since=vehicle.rests_since,
        lookout=vehicle.alerts.lookout,
        wishes=vehicle.alerts.wishes,
        wrong_pins=vehicle.pin_guard.wrong,
        plan=vehicle.plans.plan,
    )
