"""One entry's connection to its backend: reads, their quota, push updates, and vehicles that other entries own."""

from asyncio import Semaphore
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from homeassistant.config_entries import ConfigEntry, ConfigEntryState
from homeassistant.core import HomeAssistant, callback
from homeassistant.util import dt as dt_util

from .backends.base import Backend, Json, Pushing
from .const import CONF_AUTH, CONF_DEVICE_ID, CONF_PINS, CONF_UNLOCK_WITHOUT_PIN, DOMAIN
from .engine.polling import DayTally, Quota
from .exceptions import NEEDS_REAUTH
from .push import PushDebouncer, async_listen
from .settings import Settings
from .store import RememberedVehicle
from .vehicle import BackendError, Push, alias

_READ_AT_ONCE = 4
"""How many vehicles are read at a time."""


class Connection:
    """What everything of one entry shares that talks to its backend.

    ``secondary`` are the vehicles of the account that other entries own, by their keys, with what was known of them
    while they were ours. ``push_error`` is the last error of the push connection, ``None`` while it is open.
    """

    def __init__(
        self,
        hass: HomeAssistant,
        entry: ConfigEntry,
        backend: Backend,
        settings: Settings,
        on_push: Callable[[Push], None],
    ) -> None:
        self.hass = hass
        self.entry = entry
        self.backend = backend
        self.settings = settings
        self.secondary: dict[str, RememberedVehicle] = {}
        self.push_error: BackendError | None = None
        self.debouncer = PushDebouncer(hass, self._async_push)
        self._on_push = on_push
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
                self.hass,
                async_listen(self.backend, on_push=self.debouncer.async_push, on_error=self._async_lose),
                f"{DOMAIN} listening to {self.backend.description.name}",
            )

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

    @callback
    def _async_push(self, push: Push) -> None:
        self.push_error = None
        self._on_push(push)

    @callback
    def _async_lose(self, error: BackendError) -> None:
        self.push_error = error
        if isinstance(error, NEEDS_REAUTH):
            self.async_start_reauth()


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
