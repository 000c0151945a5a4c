"""One command on its way to a vehicle: its job, how it is followed once it is sent, and a start that it has planned.

    WAITING → SENDING → ACCEPTED → EXECUTED → ENDED

A job goes back from SENDING to WAITING if the service is still busy with another of our commands. It goes from SENDING
to EXECUTED if the response was lost, and from anywhere to ENDED. Beside its stage, a later command may make a job
``superseded``; see :class:`Job`.

After sending, the backend is polled for the progress, then the vehicle's state is read for the effect. Backends report
"done" too early, and "cancelled" for commands that were carried out (kamereon-eu §10). So the vehicle's own state
decides.
"""

from asyncio import Event, timeout
from collections.abc import Awaitable, Callable, Collection
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from ..vehicle import (
    PLANNED,
    BackendError,
    Command,
    CommandOutcome,
    CommandRecord,
    CommandStatus,
    Departure,
    Group,
    Initiator,
    Phase,
    Progress,
    Reason,
    ScheduleClimate,
    Ticket,
    VehicleState,
)

SEND_WITHIN = timedelta(seconds=30)
"""How soon a command must leave after the request for it. A later one may not be wanted any more and is never sent.

This includes the wait for an earlier command to the same vehicle, and everything a backend does before it sends.
"""


class Stage(StrEnum):
    """How far a command has come."""

    WAITING = "waiting"
    """Another command to the vehicle must be sent or carried out first."""
    SENDING = "sending"
    ACCEPTED = "accepted"
    """The backend has taken it and is polled for its progress."""
    EXECUTED = "executed"
    """The backend calls it over, or its response was lost; the vehicle's state is being read for its effect."""
    ENDED = "ended"


@dataclass(slots=True, eq=False)
class Job:
    """A command on its way. Both events are set at the end, whatever the outcome.

    ``sent_at`` is when its first request left, ``None`` if none has, ``before`` the state known right before.
    ``superseded``: a later command undoes this one, and was either sent or requested before this one could leave.
    ``contested``: such an earlier command was on its way when this one was sent, so the vehicle may have been about to
    change. ``rejected_as_busy``: the service wants to finish another command first.
    """

    command: Command
    asked_by: Initiator
    asked_at: datetime
    stage: Stage = Stage.WAITING
    sent_at: datetime | None = None
    before: VehicleState = VehicleState()
    ticket: Ticket | None = None
    outcome: CommandOutcome | None = None
    error: BackendError | None = None
    """The backend's error, if that is why the command was not confirmed."""
    nothing_done: bool = False
    """Whether the vehicle was certainly not reached, although the command was accepted."""
    superseded: bool = False
    contested: bool = False
    rejected_as_busy: bool = False
    accepted: Event = field(default_factory=Event)
    ended: Event = field(default_factory=Event)

    @property
    def cancelled(self) -> bool:
        """Whether it will not be sent any more."""
        return self.superseded and self.ticket is None and self.stage is not Stage.EXECUTED

    @property
    def blocks_others(self) -> bool:
        """Whether the service may refuse other commands because of it."""
        on_its_way = self.ticket is not None or (self.cancelled and self.sent_at is not None)
        return on_its_way and self.stage is not Stage.EXECUTED

    @property
    def latest(self) -> datetime:
        """When it must have left."""
        soon, useful = self.asked_at + SEND_WITHIN, self.command.useful_until
        return soon if useful is None else min(soon, useful)


@dataclass(frozen=True, slots=True, kw_only=True)
class Unfinished:
    """A command that had not ended when Home Assistant stopped.

    ``sent_at`` is when its first request left, if one did; ``ticket`` is what the backend gave for it, if anything.
    """

    command: Command
    asked_by: Initiator
    asked_at: datetime
    sent_at: datetime | None = None
    ticket: Ticket | None = None


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

    async def confirm(self, job: Job, ticket: Ticket, progress: Progress) -> CommandOutcome:
        """Return how a polled command has ended, after reading the vehicle's state."""
        reads = self._timing.reads if progress.phase in (Phase.DONE, Phase.UNCERTAIN) else 1
        # Somebody may open the door meanwhile; that does not make a wrong PIN right.
        wrong = progress.reason is Reason.WRONG_PIN
        confirmed = not wrong and await self._is_seen(job, progress.phase, reads)
        job.nothing_done = progress.nothing_done and not confirmed
        if job.superseded and not wrong:
            progress = Progress(Phase.UNCERTAIN, reason=Reason.SUPERSEDED)
        status, reason = _UNCONFIRMED[progress.phase]
        reason = progress.reason or reason
        if not confirmed and job.command.reports and reason is Reason.NOT_SEEN:
            confirmed = await self._is_reported_late(job)
        return CommandOutcome(
            status=CommandStatus.CONFIRMED if confirmed else status,
            reason=None if confirmed else reason,
            code=progress.code,
            sent_at=ticket.sent_at,
            ended_at=self._now(),
        )

    async def confirm_without_response(self, job: Job, error: BackendError) -> CommandOutcome:
        """Return how a command has ended whose response was lost: the vehicle may have carried it out all the same."""
        confirmed = await self._is_seen(job, Phase.TIMED_OUT)
        job.error = None if confirmed else error
        return CommandOutcome(
            status=CommandStatus.CONFIRMED if confirmed else CommandStatus.TIMED_OUT,
            reason=None if confirmed else error.key,
            sent_at=job.sent_at,
            ended_at=self._now(),
        )

    async def _is_reported_late(self, job: Job) -> bool:
        """Read for a late report, at growing intervals."""
        for pause in self._timing.late_reads:
            await self._sleep(pause)
            if await self._is_seen(job, Phase.DONE, groups=job.command.shown_by(job.before)):
                return True
        return False

    async def _is_seen(self, job: Job, phase: Phase, reads: int = 1, groups: Collection[Group] | None = None) -> bool:
        """Read the vehicle's state until it shows the command's effect, at most ``reads`` times.

        All groups of the command are read once, and again when the most telling ones have shown the effect. In between
        only the most telling ones are read. A refresh begins with these: all groups would have to wait for the reads of
        other vehicles.
        """
        command = job.command
        rounds = [command.shown_by(job.before) if groups is None else groups] * reads
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
            if _proves(job, state, phase) and not job.superseded:
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


def _proves(job: Job, state: VehicleState, phase: Phase) -> bool:
    """Whether ``state`` shows that a command was carried out. ``phase`` is the last one that the backend reported."""
    command, before, sent_at = job.command, job.before, job.sent_at or job.asked_at
    seen = command.seen_in(state, before)
    reported = {group: at for group, at in state.report_times.items() if group in command.groups}
    is_new = any(at != before.report_times.get(group) for group, at in reported.items())
    fresh = is_new or not command.seen_in(before, before)
    if phase is Phase.DONE:  # the backend is believed unless the vehicle contradicts it
        return seen is not False and (fresh or not job.contested or not reported)
    # Against the backend only fresh evidence counts: a state that was so all along proves nothing, nor does a report
    # from before the command that had not been read.
    is_older = max(reported.values(), default=sent_at) < sent_at - _CLOCK_ERROR
    return seen is True and fresh and (command.reports or not is_older)


FIRST_LOOK = timedelta(minutes=5)
"""When after the planned time to look for the start: vehicles need a minute or two, and so do clouds."""

LAST_LOOK = timedelta(minutes=15)
"""How long the start can be seen. On its battery a vehicle then stops by itself (kamereon-eu §9.3)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClimatePlan:
    """A climate start that the vehicle has confirmed to have scheduled; who requested it, when, by which backend.

    ``withdrawn``: its owner was notified that it will not happen.
    """

    at: datetime = field(metadata=PLANNED)
    asked_at: datetime
    asked_by: Initiator
    backend: str
    withdrawn: bool = False

    def happened(self, state: VehicleState, *, driving: bool | None) -> bool | None:
        """Whether it has happened; ``None`` if that is unknown, or if somebody has planned otherwise since."""
        climate = state.climate
        if climate is None or climate.running is None:
            return None
        if climate.running:
            return True
        replaced = climate.next_start_at is not None and climate.next_start_at > self.at + LAST_LOOK
        return None if driving or replaced else False

    def failed(self, status: CommandStatus, reason: Reason, now: datetime) -> CommandRecord:
        """Return the log record of a plan that did not happen."""
        return CommandRecord(
            command=ScheduleClimate.kind(),
            asked_at=self.asked_at,
            asked_by=self.asked_by,
            backend=self.backend,
            outcome=CommandOutcome(status=status, reason=reason, ended_at=now),
        )


def next_start(plan: ClimatePlan | None, state: VehicleState, now: datetime) -> datetime | None:
    """Return when the vehicle will start its climate by itself, as far as known."""
    planned = plan.at if plan is not None and not plan.withdrawn else None
    reported = state.climate.next_start_at if state.climate else None
    return next((at for at in (planned, reported) if at is not None and at > now), None)
