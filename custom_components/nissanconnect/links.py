"""All ways to one vehicle: what came by them, what is believed of it, and by which a command goes."""

import asyncio
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.util import dt as dt_util

from .engine.merge import SourceState, merge
from .engine.polling import PollingPolicy, own_groups
from .link import LentLink, Link, OwnLink
from .source_choices import source_choices
from .vehicle import (
    NEVER,
    AccessBlocked,
    BackendError,
    Capability,
    Command,
    Departure,
    DrivenTrips,
    Group,
    NoConnection,
    NotSupported,
    PinRequired,
    Progress,
    ProtocolError,
    Ticket,
    TimePassed,
    TooLate,
    TripPeriod,
    Unavailable,
    Unlock,
    VehicleInfo,
    VehicleReport,
    VehicleState,
    WrongPin,
    alias,
    last_finished,
)

_ABOUT_THE_COMMAND = (PinRequired, TimePassed, TooLate, WrongPin)
"""What no other way would change."""


@dataclass(slots=True)
class Answers:
    """What came of reading: a report from each way that gave one, and the latest error of each that did not."""

    reports: dict[Link, VehicleReport] = field(default_factory=dict)
    errors: dict[Link, BackendError] = field(default_factory=dict)

    def answered(self, groups: Collection[Group]) -> set[Group]:
        """Return which of ``groups`` need not be asked for again soon.

        Failures name parts of a backend, not groups: whatever is missing then is asked for again next time. A source
        that speaks by itself has answered nothing.
        """
        return set().union(
            *(
                set(groups) & report.state.groups().keys() if report.failures else groups
                for link, report in self.reports.items()
                if link.asks
            )
        )

    @property
    def brought(self) -> bool:
        """Whether a source has answered for the vehicle itself: one that reports by itself always does.

        So does one that has nothing to tell yet, unless it is because parts were refused or failed.
        """
        return any(
            not link.asks or own_groups(report.state) or not (report.failures or report.given_up)
            for link, report in self.reports.items()
        )

    @property
    def retry_after(self) -> float | None:
        """The longest pause, in seconds, that any part demands."""
        parts = [error for report in self.reports.values() for error in report.failures.values()]
        return max((error.retry_after or 0 for error in parts), default=None)

    @property
    def given_up(self) -> dict[str, BackendError]:
        """Every part that is not asked for at the moment because it was refused."""
        return {part: error for report in self.reports.values() for part, error in report.given_up.items()}

    @property
    def failures(self) -> dict[str, BackendError]:
        """Every part that could not be read, a whole source being one."""
        parts = {part: error for report in self.reports.values() for part, error in report.failures.items()}
        return parts | {link.backend_name: error for link, error in self.errors.items()}


class VehicleLinks:
    """All ways to one vehicle, in the order in which its owner prefers them."""

    def __init__(self, own: OwnLink, lent: Iterable[tuple[LentLink, bool]]) -> None:
        """Begin with the sources that the owner has chosen, as :meth:`arrange` takes them."""
        self.own = own
        self._last_used: Link = own
        self.arrange(lent)

    def arrange(self, lent: Iterable[tuple[LentLink, bool]]) -> None:
        """Put those first that are preferred (``True``) to the vehicle's own account, the others after it."""
        ways = list(lent)
        self.lent = [link for link, _ in ways]
        self._ordered: list[Link] = [
            *(link for link, preferred in ways if preferred),
            self.own,
            *(link for link, preferred in ways if not preferred),
        ]
        self._last_used = self.named(self._last_used.name)

    def __iter__(self) -> Iterator[Link]:
        """Go through them in order."""
        return iter(self._ordered)

    @property
    def info(self) -> VehicleInfo:
        """The vehicle as its own account knows it, able to do whatever it can by any way."""
        if not self.lent:
            return self.own.info
        known = [link.info for link in self if link.info is not None]
        able = frozenset({Capability.SEVERAL_SOURCES}).union(*(info.capabilities for info in known))
        return replace(
            self.own.info, capabilities=able, lost=frozenset[Capability]().union(*(info.lost for info in known)) - able
        )

    @property
    def complete(self) -> bool:
        """Whether it is known of every way what the vehicle can do by it."""
        return all(link.info is not None for link in self)

    @property
    def state(self) -> VehicleState:
        """What is believed when all that was said is weighed."""
        return merge([(link.word, link.weaknesses) for link in self])

    def shown(self, now: datetime) -> VehicleState | None:
        """What is believed without what is too old to be shown; ``None`` if nothing is.

        As long as one source answers about a group, what another has reported of it later still counts.
        """
        old = set[Group]()
        current = set[Group]()
        for link in self:
            groups, outdated = link.word.state.groups().keys(), link.outdated(now)
            old |= outdated
            current |= groups - outdated
        if not (hidden := old - current):
            return None
        changes: dict[str, Any] = {group.value: None for group in hidden}
        return replace(self.state, **changes).without_past_forecasts(now)

    def said_at(self, group: Group) -> datetime:
        """Return when the vehicle last reported a group by any way, as far as can be known."""
        words = [link.word for link in self if group in link.word.state.groups()]
        return max((word.dated(group) for word in words), default=NEVER)

    def forget_place_if_private(self) -> None:
        """Keep no position, whoever tells it, while anybody tells of privacy mode."""
        if any(link.word.state.is_private for link in self):
            for link in self:
                link.forget_place()

    @property
    def needs_asking(self) -> bool:
        """Whether anything is learnt by reading: a single source that speaks by itself needs no questions."""
        return bool(self.lent) or self.own.asks

    def forget_refusals(self) -> None:
        """Have the next read ask all of them for everything, whatever they refused or failed to do before."""
        for link in self:
            link.rested()
            if link.account is not None and link.info is not None:
                link.account.backend.forget_refusals(link.info)

    async def read(self, groups: Collection[Group], pace: PollingPolicy) -> Answers:
        """Read them all at once. One that fails is left alone for a while, unless nothing else is there."""
        now = dt_util.utcnow()
        asked = [link for link in self if not link.rests(now)] or list(self)
        found = await asyncio.gather(*(link.read(groups) for link in asked), return_exceptions=True)
        answers = Answers(errors={link: link.error for link in self if link not in asked and link.error is not None})
        for link, answer in zip(asked, found, strict=True):
            if isinstance(answer, BackendError):
                link.fail(answer, pace, now)
                answers.errors[link] = answer
            elif isinstance(answer, BaseException):
                raise answer
            else:
                # Of one that has told all that it was asked for, nothing is missing: a vehicle asleep has no news.
                link.succeed(answer.state, groups if answer.failures or answer.given_up else ())
                answers.reports[link] = answer
        return answers

    def able(self, command: Command) -> list[Link]:
        """Return the ways by which the vehicle obeys ``command``, the best first: those that work, then by order.

        While one of them asks for a PIN none of the others unlocks: it would take any PIN for the right one.
        """
        ways = [link for link in self if link.offers(command.needs) and not link.forbids(command)]
        if isinstance(command, Unlock) and any(link.takes_pin for link in ways):
            ways = [link for link in ways if link.takes_pin]
        return sorted(ways, key=lambda link: not link.works)

    async def send(self, command: Command, departure: Departure) -> Ticket:
        """Send by the first way that takes the command; another is tried only if it cannot have arrived.

        Raises:
            BackendError: Nobody has taken it, the first for this reason.
        """
        first: BackendError | None = None
        for link in self.able(command):
            self._last_used = link
            try:
                with link.reach() as (account, info):
                    ticket = await account.backend.send(info, command, departure)
            except BackendError as err:
                if not err.nothing_done or isinstance(err, _ABOUT_THE_COMMAND):
                    raise
                first = first or err
                continue
            limit = account.backend.description.command_limit
            return replace(ticket, via=link.name, limit=limit.total_seconds())
        raise first or NotSupported

    async def poll(self, ticket: Ticket) -> Progress:
        """Ask the way that has taken the command."""
        with self.named(ticket.via).reach() as (account, info):
            return await account.backend.poll(info, ticket)

    def would_displace(self, command: Command, ticket: Ticket | None) -> bool:
        """Whether both go by the same way, and that keeps one command only until the vehicle has fetched it."""
        link = next(iter(self.able(command)), None)
        if link is None or link.account is None or (ticket is not None and link is not self.named(ticket.via)):
            return False
        return link.account.backend.description.keeps_one_command

    async def look(self, groups: Collection[Group], ticket: Ticket | None) -> VehicleReport:
        """Read what shows a command's effect: from the way that has taken it, or was the last to be tried."""
        link = self._last_used if ticket is None else self.named(ticket.via)
        report = await link.look(groups)
        link.succeed(report.state)
        return report

    async def read_trips(self, period: TripPeriod, start: date, end: date, today: date) -> DrivenTrips:
        """Return what was driven from ``start`` to ``end``, both included, by the first way that tells of trips.

        A service may fail as long as the running day is asked for (dartnissanconnect #6), which must not cost the rest.

        Raises:
            BackendError: Nobody tells, the first for this reason.
        """
        finished = last_finished(period, today)
        first: BackendError | None = None
        for link in self:
            if not link.offers({Capability.TRIPS}):
                continue
            try:
                try:
                    return DrivenTrips(await link.read_trips(period, start, end))
                except (Unavailable, ProtocolError) as err:
                    if not start <= finished < end or isinstance(err, NoConnection | AccessBlocked):
                        raise
                return DrivenTrips(await link.read_trips(period, start, finished), finished + timedelta(days=1))
            except BackendError as err:
                first = first or err
                if not isinstance(err, NotSupported):
                    break
        raise first or NotSupported

    def named(self, name: str | None) -> Link:
        """Return the way of that name, or the own one if it is gone."""
        return next((link for link in self if link.name == name), self.own)

    def backend_name(self, ticket: Ticket | None) -> str:
        """Return the name of the backend that has taken a command."""
        return self.named(ticket.via if ticket else None).backend_name


@callback
def async_lent_links(
    hass: HomeAssistant, entry: ConfigEntry, key: str, words: Mapping[str, SourceState]
) -> list[tuple[LentLink, bool]]:
    """Return the ways to a vehicle of ``entry`` that other entries lend it, and whether each is preferred.

    ``words`` is what was reported by those that there were before, by their names.
    """
    return [
        (
            LentLink(
                choice.subentry_id,
                hass,
                choice.entry_id,
                choice.source_vehicle,
                words.get(choice.subentry_id, SourceState()),
            ),
            choice.preferred,
        )
        for choice in source_choices(entry)
        if choice.vehicle == alias(key)
    ]
