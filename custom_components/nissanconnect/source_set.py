"""All sources of one vehicle: what is merged of their reports, and by which of them a command is sent."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any

from homeassistant.util import dt as dt_util

from .engine.merge import merge
from .engine.polling import own_groups
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
    TripRecord,
    Unavailable,
    Unlock,
    VehicleInfo,
    VehicleReport,
    VehicleState,
    WrongPin,
    last_finished,
)
from .vehicle_source import OwnSource, SecondarySource, VehicleSource

_ABOUT_THE_COMMAND = (PinRequired, TimePassed, TooLate, WrongPin)
"""Errors that another source would not change."""


@dataclass(slots=True)
class ReadResults:
    """The results of one read: a report from each source that gave one, and the latest error of each that did not."""

    reports: dict[VehicleSource, VehicleReport] = field(default_factory=dict)
    errors: dict[VehicleSource, BackendError] = field(default_factory=dict)

    def answered(self, groups: Collection[Group]) -> set[Group]:
        """Return which of ``groups`` need not be requested again soon.

        Failures name parts of a backend, not groups: whatever is missing then is requested again next time. A source
        that pushes has answered nothing.
        """
        return set().union(*(answered(report, groups) for source, report in self.reports.items() if source.is_polled))

    @property
    def reached_vehicle(self) -> bool:
        """Whether a source has answered for the vehicle itself: one that pushes always does.

        So does one that has nothing to report yet, unless it is because parts were refused or failed.
        """
        return any(
            not source.is_polled or own_groups(report.state) or not (report.failures or report.given_up)
            for source, report in self.reports.items()
        )

    @property
    def retry_after(self) -> float | None:
        """The longest pause, in seconds, that any part demands."""
        parts = [error for report in self.reports.values() for error in report.failures.values()]
        return max((error.retry_after or 0 for error in parts), default=None)

    @property
    def given_up(self) -> dict[str, BackendError]:
        """Every part that is not requested at the moment because it was refused."""
        return {part: error for report in self.reports.values() for part, error in report.given_up.items()}

    @property
    def failures(self) -> dict[str, BackendError]:
        """Every part that could not be read, a whole source being one."""
        parts = {part: error for report in self.reports.values() for part, error in report.failures.items()}
        return parts | {source.backend_name: error for source, error in self.errors.items()}


def answered(report: VehicleReport, groups: Collection[Group]) -> set[Group]:
    """Return which of ``groups`` a report settles: if parts have failed, only those that it holds."""
    return set(groups) & report.state.groups().keys() if report.failures else set(groups)


class SourceSet:  # whatever sources report or do together is in one place
    """All sources of one vehicle, in the order in which its owner prefers them."""

    def __init__(self, own: OwnSource, secondary: Iterable[tuple[SecondarySource, bool]] = ()) -> None:
        """``secondary`` are the other sources that the owner has chosen; see :meth:`arrange`."""
        self.own = own
        self._last_used: VehicleSource = own
        self.arrange(secondary)

    def arrange(self, secondary: Iterable[tuple[SecondarySource, bool]]) -> None:
        """Take these sources; those with ``True`` come before the vehicle's own account, the others after it."""
        chosen = list(secondary)
        self.secondary = [source for source, _ in chosen]
        self._ordered: list[VehicleSource] = [
            *(source for source, preferred in chosen if preferred),
            self.own,
            *(source for source, preferred in chosen if not preferred),
        ]
        self._last_used = self.named(self._last_used.name)

    def __iter__(self) -> Iterator[VehicleSource]:
        """Iterate in the order of preference."""
        return iter(self._ordered)

    @property
    def info(self) -> VehicleInfo:
        """The vehicle as its own account knows it, with the capabilities of all sources."""
        if not self.secondary:
            return self.own.info
        known = [source.info for source in self if source.info is not None]
        able = frozenset({Capability.SEVERAL_SOURCES}).union(*(info.capabilities for info in known))
        return replace(
            self.own.info, capabilities=able, lost=frozenset[Capability]().union(*(info.lost for info in known)) - able
        )

    @property
    def complete(self) -> bool:
        """Whether the capabilities of the vehicle are known for every source."""
        return all(source.info is not None for source in self)

    @property
    def state(self) -> VehicleState:
        """The merged state."""
        return merge([(source.reported, source.weaknesses) for source in self])

    def shown(self, now: datetime) -> VehicleState | None:
        """Return the merged state without what is too old to be shown; ``None`` if nothing is.

        As long as one source reports a group, what another has reported of it later still counts.
        """
        old = set[Group]()
        current = set[Group]()
        for source in self:
            groups, outdated = source.reported.state.groups().keys(), source.outdated(now)
            old |= outdated
            current |= groups - outdated
        if not (hidden := old - current):
            return None
        changes: dict[str, Any] = {group.value: None for group in hidden}
        return replace(self.state, **changes).without_past_forecasts(now)

    def reported_at(self, group: Group) -> datetime:
        """Return when the vehicle last reported a group through any source, as far as can be known."""
        reported = [source.reported for source in self if group in source.reported.state.groups()]
        return max((each.dated(group) for each in reported), default=NEVER)

    def clear_position_if_private(self) -> None:
        """Keep no position of any source while one of them reports privacy mode."""
        if self._is_private:
            for source in self:
                source.clear_position()

    @property
    def _is_private(self) -> bool:
        return any(source.reported.state.is_private for source in self)

    @property
    def is_polled(self) -> bool:
        """Whether a read brings anything: a single source that pushes need not be read."""
        return bool(self.secondary) or self.own.is_polled

    def forget_refusals(self) -> None:
        """Have the next read request everything from all of them, whatever they refused or failed to do before."""
        for source in self:
            source.retry_now()
            if source.connection is not None and source.info is not None:
                source.connection.backend.forget_refusals(source.info)

    async def read(self, groups: Collection[Group]) -> ReadResults:
        """Read all sources at once. One that fails is left alone for a while, unless there is no other."""
        now = dt_util.utcnow()
        tried = [source for source in self if not source.is_backing_off(now)] or list(self)
        found = await asyncio.gather(*(source.read(groups) for source in tried), return_exceptions=True)
        results = ReadResults(
            errors={source: source.error for source in self if source not in tried and source.error is not None}
        )
        for source, result in zip(tried, found, strict=True):
            if isinstance(result, BackendError):
                source.fail(result, now)
                results.errors[source] = result
            elif isinstance(result, BaseException):
                raise result
            else:
                # If no part has failed, nothing is missing: a vehicle that sleeps has nothing new to report.
                source.succeed(result.state, groups if result.failures or result.given_up else ())
                results.reports[source] = result
        return results

    async def read_now(self, groups: Collection[Group], ticket: Ticket | None) -> VehicleReport:
        """Read what shows a command's effect, from the source that has accepted it or was the last to be tried."""
        source = self._last_used if ticket is None else self.named(ticket.via)
        report = await source.read_now(groups)
        source.succeed(report.state)
        return report

    def able(self, command: Command) -> list[VehicleSource]:
        """Return the sources that can send ``command``: those that work first, otherwise in their order.

        While one of them takes a PIN, none of the others unlocks: it would take any PIN for the right one.
        """
        able = [source for source in self if source.offers(command.needs) and not source.forbids(command)]
        if isinstance(command, Unlock) and any(source.takes_pin for source in able):
            able = [source for source in able if source.takes_pin]
        return sorted(able, key=lambda source: not source.works)

    async def send(self, command: Command, departure: Departure) -> Ticket:
        """Send by the first source that accepts the command.

        After any error that does not promise ``nothing_done`` the command may still reach the vehicle, so no other
        source is tried.

        Raises:
            BackendError: No source has accepted it, the first for this reason.
        """
        first: BackendError | None = None
        for source in self.able(command):
            self._last_used = source
            try:
                with source.reach() as (connection, info):
                    ticket = await connection.backend.send(info, command, departure)
            except BackendError as err:
                if not err.nothing_done or isinstance(err, _ABOUT_THE_COMMAND):
                    raise
                first = first or err
                continue
            limit = connection.backend.description.command_limit
            return replace(ticket, via=source.name, limit=limit.total_seconds())
        raise first or NotSupported

    async def poll(self, ticket: Ticket) -> Progress:
        """Return the progress of a command from the source that has accepted it."""
        with self.named(ticket.via).reach() as (connection, info):
            return await connection.backend.poll(info, ticket)

    def would_displace(self, command: Command, ticket: Ticket | None) -> bool:
        """Whether both go through the same source, which keeps one command only until the vehicle has fetched it."""
        source = next(iter(self.able(command)), None)
        if source is None or source.connection is None or (ticket is not None and source is not self.named(ticket.via)):
            return False
        return source.connection.backend.description.keeps_one_command

    async def read_trips(self, period: TripPeriod, start: date, end: date, today: date) -> DrivenTrips:
        """Return the trips from ``start`` to ``end``, both included, from the first source that has them.

        A service may fail for as long as the running day is requested (dartnissanconnect #6), which must not cost the
        rest.

        Raises:
            BackendError: No source has them, the first for this reason.
        """
        finished = last_finished(period, today)

        async def read(source: VehicleSource) -> DrivenTrips:
            try:
                return DrivenTrips(await source.read_trips(period, start, end))
            except (Unavailable, ProtocolError) as err:
                if not start <= finished < end or isinstance(err, NoConnection | AccessBlocked):
                    raise
            return DrivenTrips(await source.read_trips(period, start, finished), finished + timedelta(days=1))

        return await _read_history(self, read)

    async def read_single_trips(self, start: datetime, end: datetime) -> tuple[TripRecord, ...]:
        """Return the trips that began from ``start`` on and before ``end``, from the first source that has them.

        In privacy mode they are without positions.

        Raises:
            BackendError: No source has them, the first for this reason.
        """
        found = await _read_history(self, lambda source: source.read_single_trips(start, end))
        if not self._is_private:
            return found
        return tuple(replace(each, start_position=None, end_position=None) for each in found)

    def named(self, name: str | None) -> VehicleSource:
        """Return the source of that name, or the own one if it is gone."""
        return next((source for source in self if source.name == name), self.own)

    def backend_name(self, ticket: Ticket | None) -> str:
        """Return the name of the backend that has accepted a command."""
        return self.named(ticket.via if ticket else None).backend_name


async def _read_history[T](sources: Iterable[VehicleSource], read: Callable[[VehicleSource], Awaitable[T]]) -> T:
    """Return what the first source with trips responds; the next is asked only if that does not keep them."""
    first: BackendError | None = None
    for source in sources:
        if not source.offers({Capability.TRIPS}):
            continue
        try:
            return await read(source)
        except BackendError as err:
            first = first or err
            if not isinstance(err, NotSupported):
                break
    raise first or NotSupported
