"""What the vehicles of one entry share: its backend, quota, push updates and store, and vehicles that others own."""

from asyncio import Semaphore, sleep
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
import logging
from typing import Any

from homeassistant.config_entries import ConfigEntry, ConfigEntryState
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers.event import async_call_later
from homeassistant.util import dt as dt_util

from .backends.base import Backend, Json, Pushing
from .const import CONF_AUTH, CONF_DEVICE_ID, CONF_PINS, CONF_UNLOCK_WITHOUT_PIN, DOMAIN
from .engine.debounce import Debounce
from .engine.polling import DayTally, Quota
from .settings import Settings
from .store import RememberedVehicle, VehicleStore
from .vehicle import (
    AuthenticationFailed,
    BackendError,
    Push,
    TwoFactorRequired,
    Unavailable,
    VehicleInfo,
    VehicleState,
    alias,
)

_LOGGER = logging.getLogger(__name__)

NEEDS_REAUTH = (AuthenticationFailed, TwoFactorRequired)
"""Errors that only the owner can end, with new credentials."""

_READ_AT_ONCE = 4
"""How many vehicles are read at a time."""

_FIRST_PAUSE, _LONGEST_PAUSE = 5.0, 900.0
"""Seconds. Push connections break for moments all the time, so the first retry comes soon."""

_MOST_DOUBLINGS = 10
"""Beyond the longest pause; after ten days of failures the power of two would overflow."""


class Connection:
    """One entry's backend, and all that goes with it.

    ``secondary`` are the vehicles of the account that other entries own, by their keys, with what was known of them
    while they were ours. ``push_error`` is the last error of the push connection, ``None`` while it is open.
    """

    def __init__(
        self,
        hass: HomeAssistant,
        entry: ConfigEntry,
        backend: Backend,
        settings: Settings,
        store: VehicleStore,
        *,
        on_push: Callable[[Push], None],
    ) -> None:
        self.hass = hass
        self.entry = entry
        self.backend = backend
        self.settings = settings
        self.store = store
        self.secondary: dict[str, RememberedVehicle] = {}
        self.push_error: BackendError | None = None
        self.debouncer = PushDebouncer(hass, on_push)
        self.reading = Semaphore(_READ_AT_ONCE)
        """Held by a vehicle that is being read."""
        self._quota = Quota()
        self._tally = DayTally()
        self._counted = 0

    def secondary_vehicle(self, vehicle: str) -> RememberedVehicle | None:
        """Return the vehicle with that alias, if another entry owns it."""
        return next((known for key, known in self.secondary.items() if alias(key) == vehicle), None)

    @callback
    def async_listen(self) -> None:
        """Start listening for push updates, if the backend offers them."""
        if isinstance(self.backend, Pushing):
            self.entry.async_create_background_task(
                self.hass, self._listen(self.backend), f"{DOMAIN} listening to {self.backend.description.name}"
            )

    async def _listen(self, backend: Pushing) -> None:
        """Listen until cancelled; after a pause again whenever the connection is lost.

        Ends if the credentials are rejected: only the owner can change that.
        """
        failures = 0

        def received(push: Push) -> None:
            nonlocal failures
            failures = 0
            self.push_error = None
            self.debouncer.async_push(push)

        while True:
            try:
                await backend.listen(received)
                raise Unavailable("the connection was closed")
            except BackendError as err:
                _LOGGER.debug("Push updates are interrupted: %s", err)
                self.push_error = err
                if isinstance(err, NEEDS_REAUTH):
                    self.async_start_reauth()
                    return
                pause = min(_FIRST_PAUSE * 2.0 ** min(failures, _MOST_DOUBLINGS), _LONGEST_PAUSE)
                pause = max(pause, err.retry_after or 0)
            failures += 1
            await sleep(pause)

    @callback
    def async_start_reauth(self) -> None:
        """Ask the owner for new credentials."""
        self.entry.async_start_reauth(self.hass)

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


@dataclass(slots=True)
class _PushedVehicle:
    """One vehicle that a source pushes, and the timer for its next value that may have lasted long enough."""

    info: VehicleInfo
    debounce: Debounce = field(default_factory=Debounce)
    cancel: CALLBACK_TYPE | None = None


class PushDebouncer:
    """Passes the pushes of one account on to ``on_push``; a value that flaps follows once it has lasted."""

    def __init__(self, hass: HomeAssistant, on_push: Callable[[Push], None]) -> None:
        self._hass = hass
        self._on_push = on_push
        self._vehicles: dict[str, _PushedVehicle] = {}

    @callback
    def async_push(self, push: Push) -> None:
        """Pass a push on; what has to last for a moment first follows by itself."""
        vehicle = self._vehicles.setdefault(push.info.key, _PushedVehicle(push.info))
        vehicle.info = push.info
        self._on_push(replace(push, state=vehicle.debounce.push(push.state, dt_util.utcnow())))
        self._async_schedule(vehicle)

    @callback
    def async_read(self, key: str, state: VehicleState) -> VehicleState:
        """Return what counts of a response to a read, which waits for nothing."""
        if (vehicle := self._vehicles.get(key)) is None:
            return state
        state = vehicle.debounce.read(state)
        self._async_schedule(vehicle)
        return state

    def pending(self, key: str) -> VehicleState:
        """Return what was pushed and has not lasted long enough yet."""
        vehicle = self._vehicles.get(key)
        return vehicle.debounce.pending() if vehicle else VehicleState()

    @callback
    def async_stop(self) -> None:
        """Pass nothing on any more."""
        for vehicle in self._vehicles.values():
            if vehicle.cancel is not None:
                vehicle.cancel()

    @callback
    def _async_schedule(self, vehicle: _PushedVehicle) -> None:
        if vehicle.cancel is not None:
            vehicle.cancel()
            vehicle.cancel = None
        if (due_at := vehicle.debounce.due_at()) is None:
            return

        @callback
        def release(now: datetime) -> None:
            vehicle.cancel = None
            if (state := vehicle.debounce.release(now)).groups():
                self._on_push(Push(info=vehicle.info, state=state))
            self._async_schedule(vehicle)

        wait = max((due_at - dt_util.utcnow()).total_seconds(), 0.0)
        vehicle.cancel = async_call_later(self._hass, wait, release)


class AuthStorage:
    """Stores the log-in state (tokens) of an entry's backend in the data of the entry.

    Once a dialog has logged in again, or the entry was reloaded, what the old backend still reports is ignored.
    """

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry) -> None:
        self._hass = hass
        self._entry = entry
        self._backend: Backend | None = None
        self._known: dict[str, Any] = {}

    @callback
    def async_start(self, backend: Backend) -> None:
        """Store what ``backend`` reports from now on."""
        self._backend = backend
        self._known = self._login()

    @callback
    def async_save(self, auth: dict[str, Json]) -> None:
        """Store a log-in state."""
        account = getattr(self._entry, "runtime_data", None)  # Home Assistant deletes it while nothing is loaded
        if (account is not None and account.backend is not self._backend) or self._login() != self._known:
            return
        self._hass.config_entries.async_update_entry(self._entry, data=self._entry.data | {CONF_AUTH: auth})
        self._known = self._login()

    def _login(self) -> dict[str, Any]:
        """Return what the log-in depends on, and its state."""
        return {name: value for name, value in self._entry.data.items() if name not in _NOT_LOGIN}


_NOT_LOGIN = {CONF_DEVICE_ID, CONF_PINS, CONF_UNLOCK_WITHOUT_PIN}


@callback
def async_connection(hass: HomeAssistant, entry_id: str) -> Connection | None:
    """Return the connection of an entry, if that is loaded."""
    entry = hass.config_entries.async_get_entry(entry_id)
    if entry is None or entry.state is not ConfigEntryState.LOADED:
        return None
    connection: Connection = entry.runtime_data.connection
    return connection
