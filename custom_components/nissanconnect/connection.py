"""One entry's connection to its backend: reads, their quota, push updates, and vehicles that other entries own."""

from asyncio import Semaphore
from collections.abc import Callable
from datetime import timedelta

from homeassistant.config_entries import ConfigEntry, ConfigEntryState
from homeassistant.core import HomeAssistant, callback
from homeassistant.util import dt as dt_util

from .backends.base import Backend, Pushing
from .const import DOMAIN
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


@callback
def async_connection(hass: HomeAssistant, entry_id: str) -> Connection | None:
    """Return the connection of an entry, if that is loaded."""
    entry = hass.config_entries.async_get_entry(entry_id)
    if entry is None or entry.state is not ConfigEntryState.LOADED:
        return None
    connection: Connection = entry.runtime_data.connection
    return connection
