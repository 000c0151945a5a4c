"""One command on its way to a vehicle: its job, how it is followed once sent, and the climate start that it may plan.

    WAITING → SENDING → ACCEPTED → EXECUTED → ENDED

A job goes back from SENDING to WAITING if the service is still busy with another of our commands. It goes from SENDING
to EXECUTED if the response was lost, and from anywhere to ENDED. Beside its stage, a later command may make a job
``superseded``; see :class:`Job`.

After sending, the backend is polled for the progress, then the vehicle's state is read for the effect. Backends report
"done" too early, and "cancelled" for commands that were carried out (kamereon-eu §10). So the vehicle's own state
decides.
"""

from asyncio import Event, timeout
from collections.abc import Awaitable, Callable, Collection, Iterable
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
"""How soon after its request a command must leave. After that nobody may want it any more, so it is never sent.

This includes the wait for an earlier command to the same vehicle, and everything that a backend does before sending.
"""


class Stage(StrEnum):
    """How far a command has come."""

    WAITING = "waiting"
    """Another command to the vehicle must be sent or carried out first."""
    SENDING = "sending"
    ACCEPTED = "accepted"
    """The backend has taken it and is polled for its progress."""
    EXECUTED = "executed"
    """The backend reports it as over, or its response was lost; the vehicle's state is being read for its effect."""
    ENDED = "ended"


@dataclass(slots=True, eq=False)
class Job:
    """A command on its way. Both events are set at the end, whatever the outcome.

    ``sent_at`` is when its first request left, ``None`` if none has. ``before`` is the state known right before that.
    ``superseded``: a later command undoes this one. Either it was sent, too, or this one had not left by its request.
    ``contested``: this one has superseded a command that was already sent, so the vehicle may have been changing.
    ``rejected_as_busy``: the service wants to finish another command first.
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
        """Whether it was superseded while it had no ticket: it is not sent any more."""
        return self.superseded and self.ticket is None and self.stage is not Stage.EXECUTED

    @property
    def blocks_others(self) -> bool:
        """Whether the service may refuse other commands because of it."""
        may_be_preparing = self.cancelled and self.sent_at is not None
        return (self.ticket is not None or may_be_preparing) and self.stage is not Stage.EXECUTED

    @property
    def can_be_followed(self) -> bool:
        """Whether its end may become known; with a ticket that has no id it never does."""
        return self.ticket is None or bool(self.ticket.id)

    @property
    def deadline(self) -> datetime:
        """When it must have left."""
        soon = self.asked_at + SEND_WITHIN
        useful_until = self.command.useful_until
        return soon if useful_until is None else min(soon, useful_until)


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
    """How one vehicle is reached, whichever of its sources takes the command."""

    send: Callable[[Command, Departure], Awaitable[Ticket]]
    """Sends a command, each of its requests within the context of a departure.

    Raises a :class:`BackendError` if it was not accepted, or if that is unknown.
    """
    poll: Callable[[Ticket], Awaitable[Progress]]
    """Returns the progress of an accepted command."""
    read: Callable[[Collection[Group], Ticket | None], Awaitable[VehicleState]]
    """Reads the groups that show the effect of the ticket's command; returns the merged state."""
    still_reports: Callable[[Command], Awaitable[bool]]
    """Reads whether the source still reports the command's groups. Does not wake the vehicle."""
    would_displace: Callable[[Command, Ticket | None], bool]
    """Whether the command, if it was sent now, would replace the accepted one that has the ticket.

    ``None`` instead of the ticket stands for a command that is still being sent, through a source not yet known.
    """


class CommandTiming(NamedTuple):
    """How long and how often to poll, in seconds. Vehicles take 10-120 s (kamereon-eu §10).

    Polling does not wake the vehicle. With a ``longest_pause`` of 2.5 s, 95 of 100 commands are confirmed within 3 s of
    being carried out, slow responses included. That takes some 14 requests; a pause of 6 s would take 8
    (``script/bench latency``).
    """

    first_pause: float = 1.0
    pause_growth: float = 1.5
    longest_pause: float = 2.5
    longest_pause_unattended: float = 10.0
    """If nobody waits for the outcome: regular wakes must not use up the requests that reads need."""
    limit: float = 120.0
    reads: int = 3
    """How often the state is read once the backend has reported the command as over."""
    between_reads: float = 6.0
    late_reads: tuple[float, ...] = (8.0, 13.0, 20.0, 30.0, 45.0, 60.0)
    """The pauses before further reads if a report is awaited, which may reach the source minutes late."""
    read_before_sending: float = 5.0
    """How long a read may delay a command."""
    recent: float = 60.0
    """Up to which age the known state needs no read before a command that requests a newer report."""


class CommandFollower:
    """Follows sent commands to their end; several may be followed at once."""

    def __init__(self, transport: CommandTransport, now: Clock, sleep: Sleep, timing: CommandTiming) -> None:
        self._transport = transport
        self._now = now
        self._sleep = sleep
        self._timing = timing

    async def is_still_so(self, command: Command) -> bool:
        """Whether the source still reports what makes the command needless; ``False`` if it responds too late."""
        try:
            async with timeout(self._timing.read_before_sending):
                return await self._transport.still_reports(command)
        except TimeoutError:
            return False

    async def state_before(self, command: Command, known: VehicleState) -> VehicleState:
        """Return what the source reports already, so that an old report is not taken for the vehicle's response."""
        groups = command.shown_by(known)
        received_at = [value.received_at for group, value in known.groups().items() if group in groups]
        if received_at and (self._now() - max(received_at)).total_seconds() < self._timing.recent:
            return known
        try:
            async with timeout(self._timing.read_before_sending):
                return await self._transport.read(groups, None)
        except BackendError, TimeoutError:
            return known

    async def poll(self, job: Job, ticket: Ticket) -> Progress:
        """Poll until the command is over, superseded or out of time; an error may demand a pause.

        A command with a PIN is polled to the end in any case: otherwise PINs could be guessed by superseding commands.
        """
        limit = self._timing.limit if ticket.limit is None else ticket.limit
        longest = self._timing.longest_pause if job.asked_by.waits else self._timing.longest_pause_unattended
        pause, demanded = self._timing.first_pause, 0.0
        polled_at, waited = ticket.sent_at, 0.0
        while True:  # at least once: after a restart the time may be over, and the result there
            await self._sleep(max(pause, demanded))
            if job.superseded and not job.command.tries_pin:
                return Progress(Phase.UNCERTAIN)
            progress, demanded = Progress(Phase.PENDING), 0.0
            try:
                progress = await self._transport.poll(ticket)
            except BackendError as error:
                demanded = error.retry_after or 0.0
            now = self._now()
            waited += max((now - polled_at).total_seconds(), 0)  # the clock may have been set back
            polled_at = now
            left = limit - waited
            if progress.phase is not Phase.PENDING or left <= 0:
                return progress
            pause = min(pause * self._timing.pause_growth, longest)
            demanded = min(demanded, left)

    async def find_outcome(self, job: Job, ticket: Ticket, progress: Progress) -> CommandOutcome:
        """Return how a polled command has ended, after reading the vehicle's state."""
        reads = self._timing.reads if progress.phase in (Phase.DONE, Phase.UNCERTAIN) else 1
        # Somebody may open the door meanwhile; that does not make a wrong PIN right.
        wrong = progress.reason is Reason.WRONG_PIN
        confirmed = not wrong and await self._reads_effect(job, progress.phase, _rounds(job, reads))
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

    async def find_outcome_without_response(self, job: Job, error: BackendError) -> CommandOutcome:
        """Return how a command has ended whose response was lost: the vehicle may have carried it out all the same."""
        confirmed = await self._reads_effect(job, Phase.TIMED_OUT, _rounds(job, 1))
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
            if await self._reads_effect(job, Phase.DONE, [job.command.shown_by(job.before)]):
                return True
        return False

    async def _reads_effect(self, job: Job, phase: Phase, rounds: Iterable[frozenset[Group]]) -> bool:
        """Read the groups of each round until the vehicle's state shows the command's effect; return whether it does.

        Once some of the command's groups have shown it, all of them are read.
        """
        for number, groups in enumerate(rounds):
            if number > 0:
                await self._sleep(self._timing.between_reads)
            if job.superseded:
                break
            try:
                state = await self._transport.read(groups, job.ticket)
            except BackendError:
                continue
            if _proves(job, state, phase) and not job.superseded:
                if groups != job.command.groups:
                    with suppress(BackendError):
                        await self._transport.read(job.command.groups, job.ticket)
                return True
        return False


def _rounds(job: Job, reads: int) -> list[frozenset[Group]]:
    """Return the groups of each read: once all groups of the command, otherwise only the most telling ones.

    A refresh ends with all groups, because these have to wait for the reads of other vehicles. Others begin with them.
    """
    rounds = [job.command.shown_by(job.before)] * reads
    rounds[-1 if job.command.reports else 0] = job.command.groups
    return rounds


_UNCONFIRMED = {
    Phase.DONE: (CommandStatus.TIMED_OUT, Reason.NOT_SEEN),
    Phase.UNCERTAIN: (CommandStatus.REJECTED, Reason.REJECTED_BY_VEHICLE),
    Phase.REJECTED: (CommandStatus.REJECTED, Reason.REJECTED_BY_VEHICLE),
    Phase.TIMED_OUT: (CommandStatus.TIMED_OUT, Reason.NO_ANSWER),
    Phase.PENDING: (CommandStatus.TIMED_OUT, Reason.NO_ANSWER),
}
"""How a command has ended if the vehicle's state does not show its effect, by the backend's last phase."""

_CLOCK_ERROR = timedelta(minutes=1)
"""By how much the clock of a vehicle may be behind ours."""


def _proves(job: Job, state: VehicleState, phase: Phase) -> bool:
    """Whether ``state`` shows that a command was carried out. ``phase`` is the last one that the backend reported."""
    command, before = job.command, job.before
    sent_at = job.sent_at or job.asked_at
    seen = command.seen_in(state, before)
    reported = {group: at for group, at in state.report_times.items() if group in command.groups}
    is_new = any(at != before.report_times.get(group) for group, at in reported.items())
    fresh = is_new or not command.seen_in(before, before)
    if phase is Phase.DONE:  # the backend is believed unless the vehicle contradicts it
        return seen is not False and (fresh or not job.contested or not reported)
    # Against the backend only fresh evidence counts. Neither a state that was the same before the command proves
    # anything, nor a report that is older than the command and was only read after it.
    is_older = max(reported.values(), default=sent_at) < sent_at - _CLOCK_ERROR
    return seen is True and fresh and (command.reports or not is_older)


CHECK_START_AFTER = timedelta(minutes=5)
"""How long after the planned time to check whether it has started: vehicles need a minute or two, and so do clouds."""

START_VISIBLE_FOR = timedelta(minutes=15)
"""How long after the planned time it can be seen: on battery, a vehicle then stops by itself (kamereon-eu §9.3)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClimatePlan:
    """A climate start that the vehicle has confirmed, with who requested it, when, and through which backend.

    ``withdrawn``: the owner was notified that it will not happen.
    """

    at: datetime = field(metadata=PLANNED)
    asked_at: datetime
    asked_by: Initiator
    backend: str
    withdrawn: bool = False

    def happened(self, state: VehicleState, *, driving: bool | None) -> bool | None:
        """Whether it has happened; ``None`` if that is unknown, or if another start has been planned since."""
        climate = state.climate
        if climate is None or climate.running is None:
            return None
        if climate.running:
            return True
        replaced = climate.next_start_at is not None and climate.next_start_at > self.at + START_VISIBLE_FOR
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
    """Return when the vehicle will start its climate by itself, ``None`` if no start is known."""
    planned = plan.at if plan is not None and not plan.withdrawn else None
    reported = state.climate.next_start_at if state.climate else None
    return next((at for at in (planned, reported) if at is not None and at > now), None)
