"""One way to a vehicle: through its own account, or through a vehicle of another entry."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, override

from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import CONF_PIN
from homeassistant.core import HomeAssistant

from .backends.base import Trips
from .const import CONF_UNLOCK_WITHOUT_PIN
from .engine.merge import SourceState
from .engine.polling import PollingPolicy, outdated
from .exceptions import NEEDS_REAUTH
from .vehicle import (
    BackendError,
    Capability,
    Command,
    Group,
    NotSupported,
    TripPeriod,
    TripSummary,
    Unavailable,
    Unlock,
    VehicleInfo,
    VehicleReport,
    VehicleState,
    Weakness,
    alias,
)

if TYPE_CHECKING:
    from .account import AccountCoordinator
    from .coordinator import NissanConfigEntry
    from .store import RememberedVehicle

OWN = "own"
"""The name of the way through the entry that the vehicle belongs to."""

_FAILURES_BEFORE_TELLING = 3
"""A source that misses a turn is no news."""


class Link:
    """One way to a vehicle: what came through it, and how it has done lately."""

    def __init__(self, name: str, word: SourceState) -> None:
        """Begin with what was said before the restart."""
        self.name = name
        self.word = word
        self.error: BackendError | None = None
        """Why the last attempt brought nothing, if it did not."""
        self.failures = 0
        """How often in a row it has failed. Reads before its pause is over are not counted: it may just be loading."""
        self._retry_at: datetime | None = None
        self._rests = False
        self._missing: frozenset[Group] = frozenset()
        """What is known of old, and was not reported when it was last asked for."""
        self._answered = False

    @property
    def account(self) -> AccountCoordinator | None:
        """The account behind it, if it is loaded."""
        raise NotImplementedError

    @property
    def info(self) -> VehicleInfo | None:
        """The vehicle as that account knows it."""
        raise NotImplementedError

    @property
    def backend_name(self) -> str:
        """The name of the backend; that of the way itself while nothing is behind it."""
        return self.account.backend.description.name if self.account else self.name

    @contextmanager
    def reach(self) -> Iterator[tuple[AccountCoordinator, VehicleInfo]]:
        """Yield whom to ask about which vehicle; an account that does not let us in any more asks its owner.

        Raises:
            Unavailable: Nothing is there to speak with.
        """
        account, info = self.account, self.info
        if account is None or info is None:
            raise Unavailable("the source is not loaded, or does not know the vehicle", nothing_done=True)
        try:
            yield account, info
        except NEEDS_REAUTH:
            account.config_entry.async_start_reauth(account.hass)
            raise

    @property
    def weaknesses(self) -> tuple[Weakness, ...]:
        """What is to be doubted in what it says."""
        return self.account.backend.description.weaknesses if self.account else ()

    @property
    def works(self) -> bool:
        """Whether the source has answered lately and, as far as it knows, reaches the vehicle."""
        connectivity = self.word.state.connectivity
        return self.error is None and not (connectivity is not None and connectivity.reachable is False)

    @property
    def silent(self) -> bool:
        """Whether it has failed for so long that its owner should know."""
        return self.failures >= _FAILURES_BEFORE_TELLING

    def rested(self) -> None:
        """Try it again at the next occasion."""
        self._rests = False

    def rests(self, now: datetime) -> bool:
        """Whether it has failed and is not tried again yet."""
        return self._rests and self._retry_at is not None and now < self._retry_at

    def offers(self, capabilities: Collection[Capability]) -> bool:
        """Whether the vehicle has all of these through here."""
        return self.account is not None and self.info is not None and self.info.capabilities.issuperset(capabilities)

    @property
    def takes_pin(self) -> bool:
        """Whether a PIN is asked for before the vehicle is unlocked through here."""
        return self.offers({Capability.LOCK_PIN})

    @property
    def locks_freely(self) -> bool:
        """Whether the PIN is only ours, to guard unlocking: the vehicle itself takes any."""
        return self.account is not None and CONF_PIN in self.account.config_entry.data

    def forbids(self, command: Command) -> bool:
        """Whether ``command`` would unlock without a PIN through here, and the owner has not allowed that."""
        if not isinstance(command, Unlock) or self.takes_pin or self.account is None:
            return False
        return self.account.config_entry.data.get(CONF_UNLOCK_WITHOUT_PIN, True) is not True

    async def read(self, groups: Collection[Group]) -> VehicleReport:
        """Read what the source knows; raises :class:`BackendError`. A source that pushes has said it already."""
        with self.reach() as (account, info):
            if self.asks:
                async with account.reading:
                    return await _read(account, info, groups)
            if account.deaf is not None:
                raise account.deaf
            return VehicleReport(state=self.heard)

    async def look(self, groups: Collection[Group]) -> VehicleReport:
        """Read at once what shows a command's effect; raises :class:`BackendError`."""
        with self.reach() as (account, info):
            return await _read(account, info, groups)

    async def read_trips(self, period: TripPeriod, start: date, end: date) -> tuple[TripSummary, ...]:
        """Return what was driven from ``start`` to ``end``, both included; raises :class:`BackendError`."""
        with self.reach() as (account, info):
            if not isinstance(account.backend, Trips):
                raise NotSupported
            return await account.backend.read_trips(info, period, start, end)

    @property
    def heard(self) -> VehicleState:
        """What the source has said that may not have come here yet."""
        return VehicleState()

    @property
    def asks(self) -> bool:
        """Whether the source is asked, and does not speak by itself."""
        return self.account is not None and not self.account.backend.description.pushes

    def outdated(self, now: datetime) -> frozenset[Group]:
        """Return which groups the source has not reported for so long that they are not to be shown any more.

        One that cannot be reached since a restart may only have its bad day, other than one that refuses.
        """
        unreachable = self.error is not None and not isinstance(self.error, NotSupported)
        return outdated(self.word.state, self._missing, now, restored=unreachable and not self._answered)

    def succeed(self, state: VehicleState, asked: Collection[Group] = ()) -> None:
        """Take in what came, on being ``asked`` or by itself."""
        in_vain = self.word.state.groups().keys() & {*asked} if self.asks else frozenset()
        self._missing = (self._missing | in_vain) - state.groups().keys()
        self._answered = self._answered or bool(state.groups())
        self.word = self.word.after(state)
        self.error, self.failures, self._retry_at, self._rests = None, 0, None, False

    def forget_place(self) -> None:
        """Keep no position: what is said of it in privacy mode must not come to light after it."""
        if self.word.state.position is not None:
            self.word = self.word.without(Group.POSITION)

    def fail(self, error: BackendError, pace: PollingPolicy, now: datetime) -> None:
        """Note that nothing came."""
        self.error = error
        if self.asks:
            self._missing = frozenset(self.word.state.groups())
        self._rests = True
        if self._retry_at is None or now >= self._retry_at:
            self.failures += 1
            self._retry_at = now + pace.retry(self.failures, error.retry_after)
        else:
            self._retry_at = max(self._retry_at, now + timedelta(seconds=error.retry_after or 0))


class OwnLink(Link):
    """The way through the vehicle's own account."""

    def __init__(self, account: AccountCoordinator, info: VehicleInfo, word: SourceState) -> None:
        """Begin with what was said before the restart."""
        super().__init__(OWN, word)
        self._account = account
        self.known = info

    @property
    @override
    def account(self) -> AccountCoordinator:
        return self._account

    @property
    @override
    def info(self) -> VehicleInfo:
        return self.known


class LentLink(Link):
    """The way through a vehicle of another entry, which comes and goes as that entry does."""

    def __init__(self, name: str, hass: HomeAssistant, entry_id: str, vehicle: str, word: SourceState) -> None:
        """Begin with what was said before the restart; ``vehicle`` is the alias of the other entry's vehicle."""
        super().__init__(name, word)
        self._hass = hass
        self._entry_id = entry_id
        self._vehicle = vehicle

    @property
    def entry(self) -> NissanConfigEntry | None:
        """The other entry, if it still exists."""
        return self._hass.config_entries.async_get_entry(self._entry_id)

    @property
    @override
    def account(self) -> AccountCoordinator | None:
        entry = self.entry
        return entry.runtime_data if entry is not None and entry.state is ConfigEntryState.LOADED else None

    @property
    def _lent(self) -> RememberedVehicle | None:
        lent = self.account.lent if self.account else {}
        return next((known for key, known in lent.items() if alias(key) == self._vehicle), None)

    @property
    @override
    def info(self) -> VehicleInfo | None:
        return self._lent.info if self._lent else None

    @property
    @override
    def heard(self) -> VehicleState:
        return self._lent.word.state if self._lent else VehicleState()

    @override
    def succeed(self, state: VehicleState, asked: Collection[Group] = ()) -> None:
        if not self.word.state.groups() and self._lent is not None:
            self.word = self._lent.word  # what was heard while the vehicle was the other entry's own
        super().succeed(state, asked)

    @override
    def forget_place(self) -> None:
        super().forget_place()
        if self.account is not None and (lent := self._lent) is not None and lent.word.state.position is not None:
            self.account.lent[lent.info.key] = replace(lent, word=lent.word.without(Group.POSITION))

    def leads_to(self, entry: NissanConfigEntry, key: str) -> bool:
        """Whether this is the way through that vehicle of ``entry``."""
        return entry.entry_id == self._entry_id and alias(key) == self._vehicle


async def _read(account: AccountCoordinator, info: VehicleInfo, groups: Collection[Group]) -> VehicleReport:
    report = await account.backend.read(info, groups)
    return replace(report, state=account.pushes.async_read(info.key, report.state))
