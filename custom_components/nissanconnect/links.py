"""The ways to one vehicle: its own account, and the vehicles of other entries that its owner has added as sources."""

import asyncio
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, override

from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant, callback
from homeassistant.util import dt as dt_util

from .backends.base import Backend
from .const import CONF_ENTRY, CONF_PREFERRED, CONF_SOURCE_VEHICLE, CONF_VEHICLE, SUBENTRY_SOURCE
from .engine.merge import Word, merge
from .engine.polling import Pace
from .exceptions import NEEDS_REAUTH
from .vehicle import (
    BackendError,
    Capability,
    Command,
    Group,
    NoConnection,
    NotSupported,
    Progress,
    Ticket,
    Unavailable,
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

    def __init__(self, name: str, word: Word) -> None:
        """Begin with what was said before the restart."""
        self.name = name
        self.word = word
        self.error: BackendError | None = None
        """Why the last attempt brought nothing, if it did not."""
        self.failures = 0
        self._retry_at: datetime | None = None

    @property
    def account(self) -> AccountCoordinator | None:
        """The account behind it, if it is loaded."""
        raise NotImplementedError

    @property
    def info(self) -> VehicleInfo | None:
        """The vehicle as that account knows it."""
        raise NotImplementedError

    @property
    def backend(self) -> Backend:
        """What speaks with the source; raises :class:`Unavailable` if nothing does."""
        if self.account is None:
            raise Unavailable("the source is not loaded")
        return self.account.backend

    @property
    def weaknesses(self) -> tuple[Weakness, ...]:
        """What is to be doubted in what it says."""
        return self.account.backend.description.weaknesses if self.account else ()

    @property
    def silent(self) -> bool:
        """Whether it has failed for so long that its owner should know."""
        return self.failures >= _FAILURES_BEFORE_TELLING

    def rested(self) -> None:
        """Try it again at the next occasion."""
        self._retry_at = None

    def rests(self, now: datetime) -> bool:
        """Whether it has failed and is not tried again yet."""
        return self._retry_at is not None and now < self._retry_at

    def offers(self, capabilities: Collection[Capability]) -> bool:
        """Whether the vehicle has all of these through here."""
        return self.account is not None and self.info is not None and self.info.capabilities.issuperset(capabilities)

    async def read(self, groups: Collection[Group]) -> VehicleReport:
        """Read what the source knows; raises :class:`BackendError`. A source that pushes has said it already."""
        backend = self.backend
        if self.account is None or self.info is None:
            raise Unavailable("the source does not know the vehicle")
        if not self.asks:
            if self.account.deaf is not None:
                raise self.account.deaf
            return VehicleReport(state=VehicleState())
        async with self.account.reading:
            return await backend.read(self.info, groups)

    @property
    def asks(self) -> bool:
        """Whether the source is asked, and does not speak by itself."""
        return self.account is not None and not self.account.backend.description.pushes

    def succeed(self, state: VehicleState) -> None:
        """Take in what came."""
        self.word = self.word.after(state)
        self.error, self.failures, self._retry_at = None, 0, None

    def fail(self, error: BackendError, pace: Pace, now: datetime) -> None:
        """Note that nothing came."""
        self.error = error
        self.failures += 1
        self._retry_at = now + pace.retry(self.failures, error.retry_after)


class OwnLink(Link):
    """The way through the vehicle's own account."""

    def __init__(self, account: AccountCoordinator, info: VehicleInfo, word: Word) -> None:
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

    def __init__(self, name: str, hass: HomeAssistant, entry_id: str, vehicle: str, word: Word) -> None:
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

    @override
    def succeed(self, state: VehicleState) -> None:
        if not self.word.state.groups() and self._lent is not None:
            self.word = self._lent.word  # what was heard while the vehicle was the other entry's own
        super().succeed(state)

    def leads_to(self, entry: NissanConfigEntry, key: str) -> bool:
        """Whether this is the way through that vehicle of ``entry``."""
        return entry.entry_id == self._entry_id and alias(key) == self._vehicle


@dataclass(slots=True)
class Answers:
    """What came of reading: a report from each way that gave one, and why the others did not."""

    reports: dict[Link, VehicleReport] = field(default_factory=dict)
    errors: dict[Link, BackendError] = field(default_factory=dict)

    def answered(self, groups: Collection[Group]) -> set[Group]:
        """Return which of ``groups`` need not be asked for again soon.

        Failures name parts of a backend, not groups: whatever is missing then is asked for again next time.
        """
        return set().union(
            *(
                set(groups) & report.state.groups().keys() if report.failures else groups
                for report in self.reports.values()
            )
        )

    @property
    def retry_after(self) -> float | None:
        """The longest pause, in seconds, that any part demands."""
        parts = [error for report in self.reports.values() for error in report.failures.values()]
        return max((error.retry_after or 0 for error in parts), default=None)

    @property
    def failures(self) -> dict[str, BackendError]:
        """Every part that could not be read, a whole source being one."""
        parts = {part: error for report in self.reports.values() for part, error in report.failures.items()}
        return parts | {_name(link): error for link, error in self.errors.items()}


class VehicleLinks:
    """All ways to one vehicle, in the order in which its owner prefers them."""

    def __init__(self, own: OwnLink, lent: Iterable[tuple[LentLink, bool]]) -> None:
        """Put those first that are preferred (``True``) to the vehicle's own account, the others after it."""
        ways = list(lent)
        self.own = own
        self.lent = [link for link, _ in ways]
        self._ordered: list[Link] = [
            *(link for link, preferred in ways if preferred),
            own,
            *(link for link, preferred in ways if not preferred),
        ]
        self._last_used: Link = own

    def __iter__(self) -> Iterator[Link]:
        """Go through them in order."""
        return iter(self._ordered)

    @property
    def info(self) -> VehicleInfo:
        """The vehicle as its own account knows it, able to do whatever it can by any way."""
        if not self.lent:
            return self.own.info
        known = (link.info.capabilities for link in self if link.info is not None)
        return replace(self.own.info, capabilities=frozenset({Capability.SEVERAL_SOURCES}).union(*known))

    @property
    def state(self) -> VehicleState:
        """What is believed when all that was said is weighed."""
        return merge([(link.word, link.weaknesses) for link in self])

    @property
    def needs_asking(self) -> bool:
        """Whether anything is learnt by reading: a single source that speaks by itself needs no questions."""
        return bool(self.lent) or self.own.asks

    async def read(self, groups: Collection[Group], pace: Pace) -> Answers:
        """Read them all at once. One that fails is left alone for a while, unless nothing else is there."""
        now = dt_util.utcnow()
        asked = [link for link in self if not link.rests(now)] or list(self)
        found = await asyncio.gather(*(link.read(groups) for link in asked), return_exceptions=True)
        answers = Answers()
        for link, answer in zip(asked, found, strict=True):
            if isinstance(answer, BackendError):
                link.fail(answer, pace, now)
                answers.errors[link] = answer
                if isinstance(answer, NEEDS_REAUTH) and link.account is not None:
                    link.account.config_entry.async_start_reauth(link.account.hass)
            elif isinstance(answer, BaseException):
                raise answer
            else:
                link.succeed(answer.state)
                answers.reports[link] = answer
        return answers

    def able(self, command: Command) -> list[Link]:
        """Return the ways by which the vehicle obeys ``command``, the best first: those that work, then by order."""
        return sorted((link for link in self if link.offers(command.needs)), key=lambda link: link.error is not None)

    async def send(self, command: Command, on_wake: Callable[[], None]) -> Ticket:
        """Send by the first way that takes the command; another is tried only if it cannot have arrived."""
        error: BackendError = NotSupported()
        for link in self.able(command):
            if link.info is None:
                continue
            self._last_used = link
            try:
                ticket = await link.backend.send(link.info, command, on_wake)
            except NoConnection as err:
                error = err
                continue
            return replace(ticket, via=link.name, limit=link.backend.description.command_limit.total_seconds())
        raise error

    async def poll(self, ticket: Ticket) -> Progress:
        """Ask the way that has taken the command."""
        link = self._last_used = self.named(ticket.via)
        if link.info is None:
            raise Unavailable("the source is not loaded")
        return await link.backend.poll(link.info, ticket)

    async def look(self, groups: Collection[Group]) -> VehicleReport:
        """Read what shows a command's effect, where it was sent last."""
        link = self._last_used
        if link.info is None:
            raise Unavailable("the source is not loaded")
        report = await link.backend.read(link.info, groups)
        link.succeed(report.state)
        return report

    def named(self, name: str | None) -> Link:
        """Return the way of that name, or the own one if it is gone."""
        return next((link for link in self if link.name == name), self.own)

    def backend_name(self, ticket: Ticket | None) -> str:
        """Return the name of the backend that has taken a command."""
        return _name(self.named(ticket.via if ticket else None))

    def backends(self, capability: Capability | None = None) -> Iterator[tuple[Backend, VehicleInfo]]:
        """Go through the backends that are there, each with the vehicle as it knows it, if it has ``capability``."""
        for link in self:
            if link.info is not None and link.offers({capability} if capability else ()):
                yield link.backend, link.info


@callback
def async_links(
    account: AccountCoordinator, info: VehicleInfo, word: Word, lent_words: Callable[[str], Word | None]
) -> VehicleLinks:
    """Return the ways to a vehicle of ``account``; ``lent_words`` returns what was remembered of one by its name."""
    lent = []
    for name, subentry in account.config_entry.subentries.items():
        if subentry.subentry_type == SUBENTRY_SOURCE and subentry.data[CONF_VEHICLE] == alias(info.key):
            link = LentLink(
                name,
                account.hass,
                subentry.data[CONF_ENTRY],
                subentry.data[CONF_SOURCE_VEHICLE],
                lent_words(name) or Word(),
            )
            lent.append((link, subentry.data[CONF_PREFERRED]))
    return VehicleLinks(OwnLink(account, info, word), lent)


def _name(link: Link) -> str:
    return link.account.backend.description.name if link.account else link.name
