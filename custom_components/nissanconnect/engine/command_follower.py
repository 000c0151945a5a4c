"""What comes after sending: polling the backend for the progress, then reading the vehicle's state for the effect.

Backends report "done" too early, and "cancelled" for commands that were carried out (kamereon-eu §10). So the vehicle's
own state decides.
"""

from asyncio import timeout
from collections.abc import Awaitable, Callable, Collection
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from typing import NamedTuple

from ..vehicle import (
    BackendError,
    Command,
    CommandOutcome,
    CommandStatus,
    Departure,
    Group,
    Phase,
    Progress,
    Reason,
    Ticket,
    VehicleState,
)
from .command_job import Job

type Clock = Callable[[], datetime]
type Sleep = Callable[[float], Awaitable[object]]


class CommandTransport(NamedTuple):
    """How one vehicle is reached, whichever of its sources takes the command. All but the last may do I/O."""

    send: Callable[[Command, Departure], Awaitable[Ticket]]
    """Sends a command, each of its requests within the departure.

    Raises a :class:`BackendError` if it was not accepted, or if that is unknown.
    """
    poll: Callable[[Ticket], Awaitable[Progress]]
    """Returns the progress of an accepted command."""
    read: Callable[[Collection[Group], Ticket | None], Awaitable[VehicleState]]
    """Reads the groups that show the effect of the ticket's command; returns the merged state."""
    confirm: Callable[[Command], Awaitable[bool]]
    """Whether the source, asked now, still reports the command's groups. Wakes nobody."""
    would_displace: Callable[[Command, Ticket | None], bool]
    """Whether the command, sent now, would replace the accepted one of the ticket.

    Without a ticket the other is still being sent, by an unknown source.
    """


class CommandTiming(NamedTuple):
    """How long and how often to poll, in seconds. Vehicles take 10-120 s (kamereon-eu §10).

    Polling wakes nobody. With a ``longest`` pause of 2.5 s, 95 of 100 commands are confirmed within 3 s of being
    carried out, slow responses included. That takes some 14 requests instead of the 8 of a pause of 6 s
    (``script/bench latency``).
    """

    first: float = 1.0
    growth: float = 1.5
    longest: float = 2.5
    unhurried: float = 10.0
    """The longest pause if nobody waits: regular wakes must not use up the requests that reads need."""
    limit: float = 120.0
    reads: int = 3
    """How often the state is read after the backend called the command over."""
    between_reads: float = 6.0
    late_reads: tuple[float, ...] = (8.0, 13.0, 20.0, 30.0, 45.0, 60.0)
    """The pauses before further reads if a report is awaited, which may reach the source minutes late."""
    first_read: float = 5.0
    """How long finding out what the source has already may delay a command that requests a newer report."""
    recent: float = 60.0
    """How old the known state may be to count as what the source has already."""


class CommandFollower:
    """Follows sent commands to their end; several may be followed at once."""

    def __init__(self, transport: CommandTransport, now: Clock, sleep: Sleep, timing: CommandTiming) -> None:
        self._transport = transport
        self._now = now
        self._sleep = sleep
        self._timing = timing

    async def is_still_so(self, command: Command) -> bool:
        """Whether the source still reports what makes the command needless; a slow response is no yes."""
        try:
            async with timeout(self._timing.first_read):
                return await self._transport.confirm(command)
        except TimeoutError:
            return False

    async def state_before(self, command: Command, known: VehicleState) -> VehicleState:
        """Return what the source has already: an older report must not be taken for the vehicle's response."""
        groups = command.shown_by(known)
        received_at = [value.received_at for group, value in known.groups().items() if group in groups]
        if received_at and (self._now() - max(received_at)).total_seconds() < self._timing.recent:
            return known
        try:
            async with timeout(self._timing.first_read):
                return await self._transport.read(groups, None)
        except BackendError, TimeoutError:
            return known

    async def poll(self, job: Job, ticket: Ticket) -> Progress:
        """Poll until the command is over, superseded or out of time; an error may demand a pause.

        A command with a PIN is polled to the end in any case: otherwise PINs could be guessed by superseding commands.
        """
        limit = self._timing.limit if ticket.limit is None else ticket.limit
        at, waited = ticket.sent_at, 0.0
        longest = self._timing.longest if job.asked_by.waits else self._timing.unhurried
        pause, demanded = self._timing.first, 0.0
        while True:  # at least once: after a restart the time may be over, and the result there
            await self._sleep(max(pause, demanded))
            if job.superseded and not job.command.tries_pin:
                return Progress(Phase.UNCERTAIN)
            progress, demanded = Progress(Phase.PENDING), 0.0
            try:
                progress = await self._transport.poll(ticket)
            except BackendError as error:
                demanded = error.retry_after or 0.0
            waited, at = waited + max((self._now() - at).total_seconds(), 0), self._now()  # clocks are set back
            left = limit - waited
            if progress.phase is not Phase.PENDING or left <= 0:
                return progress
            pause, demanded = min(pause * self._timing.growth, longest), min(demanded, left)

    async def confirm(self, job: Job, ticket: Ticket, before: VehicleState, progress: Progress) -> CommandOutcome:
        """Return how a polled command has ended, after reading the vehicle's state. ``before`` is from its sending."""
        reads = self._timing.reads if progress.phase in (Phase.DONE, Phase.UNCERTAIN) else 1
        # Somebody may open the door meanwhile; that does not make a wrong PIN right.
        wrong = progress.reason is Reason.WRONG_PIN
        confirmed = not wrong and await self._is_seen(job, before, progress.phase, reads)
        job.nothing_done = progress.nothing_done and not confirmed
        if job.superseded and not wrong:
            progress = Progress(Phase.UNCERTAIN, reason=Reason.SUPERSEDED)
        status, reason = (CommandStatus.CONFIRMED, None) if confirmed else _UNCONFIRMED[progress.phase]
        if not confirmed and progress.reason is not None:
            reason = progress.reason
        outcome = CommandOutcome(
            status=status, reason=reason, code=progress.code, sent_at=ticket.sent_at, ended_at=self._now()
        )
        if job.command.reports and outcome.reason == Reason.NOT_SEEN:
            return await self._await_report(job, before, outcome)
        return outcome

    async def confirm_without_response(self, job: Job, before: VehicleState, error: BackendError) -> CommandOutcome:
        """Return how a command has ended whose response was lost: the vehicle may have carried it out all the same."""
        outcome = CommandOutcome(
            status=CommandStatus.TIMED_OUT, reason=error.key, sent_at=job.sent_at, ended_at=self._now()
        )
        if await self._is_seen(job, before, Phase.TIMED_OUT, reads=1):
            job.error = None
            outcome = replace(outcome, status=CommandStatus.CONFIRMED, reason=None)
        return replace(outcome, ended_at=self._now())

    async def _await_report(self, job: Job, before: VehicleState, outcome: CommandOutcome) -> CommandOutcome:
        """Read for a late report, at growing intervals."""
        for pause in self._timing.late_reads:
            await self._sleep(pause)
            if await self._is_seen(job, before, Phase.DONE, reads=1, groups=job.command.shown_by(before)):
                return replace(outcome, status=CommandStatus.CONFIRMED, reason=None, ended_at=self._now())
        return replace(outcome, ended_at=self._now())

    async def _is_seen(
        self,
        job: Job,
        before: VehicleState,
        phase: Phase,
        reads: int,
        groups: Collection[Group] | None = None,
    ) -> bool:
        """Read the vehicle's state until it shows the command's effect, at most ``reads`` times.

        All groups of the command are read once, and again when the most telling ones have shown the effect. In between
        only the most telling ones are read. A refresh begins with these: all groups would have to wait for the reads of
        other vehicles.
        """
        command = job.command
        best = command.shown_by(before) if groups is None else groups
        rounds = [best] * reads
        if groups is None:
            rounds[-1 if command.reports else 0] = command.groups
        for number, wanted in enumerate(rounds):
            if number:
                await self._sleep(self._timing.between_reads)
            if job.superseded:
                break
            try:
                state = await self._transport.read(wanted, job.ticket)
            except BackendError:
                continue
            sent_at = job.sent_at or job.asked_at
            proven = proves(command, state, before, phase, sent_at, contested=job.contested)
            if proven and not job.superseded:
                if wanted != command.groups:
                    with suppress(BackendError):
                        await self._transport.read(command.groups, job.ticket)
                return True
        return False


_UNCONFIRMED = {
    Phase.DONE: (CommandStatus.TIMED_OUT, Reason.NOT_SEEN),
    Phase.UNCERTAIN: (CommandStatus.REJECTED, Reason.REJECTED_BY_VEHICLE),
    Phase.REJECTED: (CommandStatus.REJECTED, Reason.REJECTED_BY_VEHICLE),
    Phase.TIMED_OUT: (CommandStatus.TIMED_OUT, Reason.NO_ANSWER),
    Phase.PENDING: (CommandStatus.TIMED_OUT, Reason.NO_ANSWER),
}
"""How a command ended that the vehicle's state does not show, by the last phase that the backend reported."""

_CLOCK_ERROR = timedelta(minutes=1)
"""By how much the clock of a vehicle may be behind ours."""


def proves(
    command: Command, state: VehicleState, before: VehicleState, phase: Phase, sent_at: datetime, *, contested: bool
) -> bool:
    """Whether ``state`` shows that the command was carried out. ``phase`` is the last one that the backend reported.

    ``before`` is the state known when it was sent, at ``sent_at``. ``contested``: the opposite command was on its way
    then, so the vehicle may be about to change.
    """
    seen = command.seen_in(state, before)
    fresh = not command.seen_in(before, before) or _has_reported(command, state, before)
    if phase is Phase.DONE:  # the backend is believed unless the vehicle contradicts it
        return seen is not False and (fresh or not contested or not _report_times(command, state))
    # Against the backend only fresh evidence counts: a state that was so all along proves nothing, nor does a report
    # from before the command that had not been read.
    return seen is True and fresh and (command.reports or not _is_older(command, state, sent_at - _CLOCK_ERROR))


def _has_reported(command: Command, state: VehicleState, before: VehicleState) -> bool:
    """Whether the vehicle has reported any group of the command since ``before``."""
    then = before.report_times
    return any(at != then.get(group) for group, at in _report_times(command, state).items())


def _is_older(command: Command, state: VehicleState, time: datetime) -> bool:
    """Whether the vehicle has reported no group of the command since ``time``, as far as report times are known."""
    return max(_report_times(command, state).values(), default=time) < time


def _report_times(command: Command, state: VehicleState) -> dict[Group, datetime]:
    return {group: at for group, at in state.report_times.items() if group in command.groups}
