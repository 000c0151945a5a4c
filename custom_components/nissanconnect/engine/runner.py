"""How a command is followed from sending it to its end.

A command is sent once. Then the backend is asked how it goes, and finally the vehicle's own state, because backends
say "done" too early and "cancelled" for commands that were carried out (kamereon-eu §10).
"""

from asyncio import Event, Lock, timeout
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from functools import partial
from typing import NamedTuple, Protocol

from ..vehicle import (
    Asker,
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
    TooLate,
    Unavailable,
    VehicleState,
)
from .sending import Sending, Spawn, Timer, seconds_until

type Clock = Callable[[], datetime]
type Sleep = Callable[[float], Awaitable[object]]

SEND_WITHIN = timedelta(seconds=30)
"""How soon a command must leave after it was asked for. Later it may not be wanted any more, so it is not sent at all.

The wait for an earlier command to the same vehicle counts, and so does all that a backend does before it sends.
"""


class Line(Protocol):
    """What the runner needs of the world: one vehicle, reached through whatever backend it has."""

    async def send(self, command: Command, departure: Departure) -> Ticket:
        """Send the command, each of its requests within a ``departure``.

        Raises:
            BackendError: It was not accepted, or nobody knows whether it was.
        """

    async def poll(self, ticket: Ticket) -> Progress:
        """Ask how the command goes."""

    async def look(self, groups: Collection[Group]) -> VehicleState:
        """Read ``groups``, which show a command's effect, and return all that is believed now."""

    async def confirm(self, command: Command) -> bool:
        """Whether the source answers for what it has said of the command's effect, asked now. Wakes nobody."""


class Patience(NamedTuple):
    """How long and how often to ask, in seconds. Vehicles take 10-120 s (kamereon-eu §10).

    Asking wakes nobody. With a ``longest`` pause of 2.5 s, 95 of 100 commands are confirmed within 3 s of being carried
    out, slow answers included, for some 14 questions instead of the 8 that 6 s would take (``script/bench latency``).
    """

    first: float = 1.0
    growth: float = 1.5
    longest: float = 2.5
    unhurried: float = 10.0
    """The longest pause if nobody waits: regular wakes must not use up the requests that reads are made of."""
    limit: float = 120.0
    looks: int = 3
    """How often the state is read after the backend called the command over."""
    between_looks: float = 6.0
    late_looks: tuple[float, ...] = (8.0, 13.0, 20.0, 30.0, 45.0, 60.0)
    """The pauses before further looks if a report is awaited, which may reach the source minutes late."""
    first_look: float = 5.0
    """How long finding out what the source has already may hold up a command that asks for a newer report."""
    news: float = 60.0
    """How old what is believed may be to count as what the source has already."""


class Stage(StrEnum):
    """How far a command has come."""

    WAITING = "waiting"
    """Another command to the vehicle is still running."""
    SENDING = "sending"
    ACCEPTED = "accepted"
    EXECUTED = "executed"
    """The backend calls it over; the vehicle's own state has not shown it yet."""
    ENDED = "ended"


@dataclass(slots=True, eq=False)
class Job:
    """A command on its way, as those see it who asked for it. Both events are set at the end, whatever it is.

    ``sent_at`` is when its first request left; ``None``: none ever did.
    """

    command: Command
    asked_by: Asker
    asked_at: datetime
    stage: Stage = Stage.WAITING
    sent_at: datetime | None = None
    ticket: Ticket | None = None
    outcome: CommandOutcome | None = None
    error: BackendError | None = None
    """What the backend said, if that is why the command was not confirmed."""
    nothing_done: bool = False
    """Whether the vehicle was certainly not reached, although the command was accepted."""
    accepted: Event = field(default_factory=Event)
    ended: Event = field(default_factory=Event)


class CommandRunner:
    """The commands to one vehicle: one at a time, each sent at most once and followed to its end.

    ``check`` tells right before sending why a command should not, or need not, be sent; ``believed`` is the state at
    that moment; ``changed`` is called whenever a job is new or has come further. ``book`` returns the context in which
    a request of a job leaves, given whether that can wake the vehicle: it is entered when the job is kept with its
    ``sent_at``.
    """

    def __init__(
        self,
        line: Line,
        *,
        check: Callable[[Command], str | None],
        believed: Callable[[], VehicleState],
        changed: Callable[[Job], None],
        book: Callable[[Job, bool], AbstractAsyncContextManager[None]],
        now: Clock,
        sleep: Sleep,
        timer: Timer,
        spawn: Spawn,
        patience: Patience,
    ) -> None:
        """Keep what the commands need; nothing runs yet."""
        self._line = line
        self._check = check
        self._believed = believed
        self._changed = changed
        self._book = book
        self._now = now
        self._sleep = sleep
        self._timer = timer
        self._spawn = spawn
        self._patience = patience
        self._turn = Lock()
        self._jobs: list[Job] = []

    @property
    def current(self) -> Job | None:
        """The job that is being carried out; one that only awaits a late report comes after others."""
        return next((job for job in reversed(self._jobs) if job.stage is not Stage.WAITING), None)

    @property
    def pending(self) -> list[Command]:
        """The commands that have not ended, those that wait for their turn included, in the order of asking."""
        return [job.command for job in self._jobs]

    @property
    def idle(self) -> bool:
        """Whether nothing is carried out and nothing waits for it."""
        return not self._jobs

    def submit(self, command: Command, asked_by: Asker) -> tuple[Job, bool]:
        """Return the job for ``command``, and whether it is new: an equal one that has not ended is joined.

        Only if nothing else was asked for since, or "on, off, on" would leave it off. A new job is carried out by
        awaiting :meth:`work`.
        """
        if self._jobs and self._jobs[-1].command == command:
            return self._jobs[-1], False
        job = Job(command, asked_by, self._now())
        self.take_up(job)
        return job, True

    def take_up(self, job: Job) -> None:
        """Wait for :meth:`work`. A job that has a ticket, from before a restart, is then followed and not sent."""
        self._jobs.append(job)
        self._changed(job)

    async def work(self, job: Job) -> None:
        """Carry a job out when its turn comes; its outcome is then in it."""
        try:
            async with self._in_turn(job):
                before, outcome = await self._carry_out(job)
            if job.command.reports and outcome.reason == Reason.NOT_SEEN:  # while others have their turn
                outcome = await self._await_report(job.command, before, outcome)
            job.outcome = outcome
        except TooLate:
            job.outcome = self._blocked(Reason.TOO_LATE)
        finally:
            self._jobs.remove(job)
            try:
                self._move(job, Stage.ENDED)
            finally:  # whoever waits must not wait forever because somebody else's listener is broken
                job.accepted.set()
                job.ended.set()

    @asynccontextmanager
    async def _in_turn(self, job: Job) -> AsyncIterator[None]:
        """Wait for the end of the command before, but not until it is too late to send this one."""
        latest = job.asked_at + SEND_WITHIN if job.ticket is None else None
        try:
            async with self._timer(None if latest is None else seconds_until(latest, self._now())):
                await self._turn.acquire()
        except TimeoutError:
            raise TooLate from None
        try:
            if latest is not None and self._now() > latest:
                raise TooLate
            yield
        finally:
            self._turn.release()

    async def _carry_out(self, job: Job) -> tuple[VehicleState, CommandOutcome]:
        """Return what was known of the vehicle right before, and how the command has ended."""
        before = self._believed()
        if job.ticket is None:
            reason = self._check(job.command)
            if reason == Reason.ALREADY_SO:
                reason = self._check(job.command) if await self._confirm(job.command) else None
            if reason == Reason.ALREADY_SO:
                return before, CommandOutcome(status=CommandStatus.CONFIRMED, reason=reason, ended_at=self._now())
            if reason is not None:
                return before, self._blocked(reason)
            if job.command.reports:
                before = await self._known_already(job.command, before)
            self._move(job, Stage.SENDING)
            sending = Sending(job.asked_at + SEND_WITHIN, partial(self._leave, job), self._now)
            try:
                job.ticket = await sending.carry_out(
                    partial(self._line.send, job.command), timer=self._timer, spawn=self._spawn
                )
            except TooLate:
                raise
            except BackendError as error:
                job.error = error
                if sending.uncertain and not error.nothing_done:
                    return before, await self._look_after(job, before, error)
                status = CommandStatus.BLOCKED if isinstance(error, Unavailable) else CommandStatus.REJECTED
                return before, CommandOutcome(
                    status=status, reason=error.key, sent_at=job.sent_at, ended_at=self._now()
                )
        self._move(job, Stage.ACCEPTED)
        job.accepted.set()
        progress = await self._follow(job.ticket, hurried=job.asked_by.waits)
        self._move(job, Stage.EXECUTED)
        looks = self._patience.looks if progress.phase in (Phase.DONE, Phase.UNCERTAIN) else 1
        # A door that somebody opens meanwhile does not make a wrong PIN a right one.
        wrong = progress.reason is Reason.WRONG_PIN
        confirmed = not wrong and await self._look(job.command, before, progress.phase, looks)
        job.nothing_done = progress.nothing_done and not confirmed
        status, reason = (CommandStatus.CONFIRMED, None) if confirmed else _VERDICTS[progress.phase]
        if not confirmed and progress.reason is not None:
            reason = progress.reason
        return before, CommandOutcome(
            status=status, reason=reason, code=progress.code, sent_at=job.ticket.sent_at, ended_at=self._now()
        )

    async def _confirm(self, command: Command) -> bool:
        """Whether the source still says what makes the command needless; what takes long is no yes."""
        try:
            async with timeout(self._patience.first_look):
                return await self._line.confirm(command)
        except TimeoutError:
            return False

    async def _known_already(self, command: Command, believed: VehicleState) -> VehicleState:
        """Return what the source has already: a report from before must not be taken for the vehicle's answer."""
        groups = command.shown_by(believed)
        read_at = [value.received_at for group, value in believed.groups().items() if group in groups]
        if read_at and (self._now() - max(read_at)).total_seconds() < self._patience.news:
            return believed
        try:
            async with timeout(self._patience.first_look):
                return await self._line.look(groups)
        except BackendError, TimeoutError:
            return believed

    async def _await_report(self, command: Command, before: VehicleState, outcome: CommandOutcome) -> CommandOutcome:
        """Look for a report that is late, more and more rarely."""
        for pause in self._patience.late_looks:
            await self._sleep(pause)
            if await self._look(command, before, Phase.DONE, looks=1, groups=command.shown_by(before)):
                return replace(outcome, status=CommandStatus.CONFIRMED, reason=None, ended_at=self._now())
        return replace(outcome, ended_at=self._now())

    def _leave(self, job: Job, wakes: bool) -> AbstractAsyncContextManager[None]:
        if job.sent_at is None:
            job.sent_at = self._now()
            self._changed(job)
        return self._book(job, wakes)

    def _blocked(self, reason: str) -> CommandOutcome:
        return CommandOutcome(status=CommandStatus.BLOCKED, reason=reason, ended_at=self._now())

    async def _look_after(self, job: Job, before: VehicleState, error: BackendError) -> CommandOutcome:
        """Look at the vehicle when the answer to its command got lost: it may obey all the same."""
        outcome = CommandOutcome(
            status=CommandStatus.TIMED_OUT, reason=error.key, sent_at=job.sent_at, ended_at=self._now()
        )
        if await self._look(job.command, before, Phase.TIMED_OUT, looks=1):
            job.error = None
            outcome = replace(outcome, status=CommandStatus.CONFIRMED, reason=None)
        return replace(outcome, ended_at=self._now())

    async def _follow(self, ticket: Ticket, *, hurried: bool) -> Progress:
        """Ask until the command is over or the time is; an error on the way is no answer, but may ask for a pause."""
        limit = self._patience.limit if ticket.limit is None else ticket.limit
        deadline = ticket.sent_at + timedelta(seconds=limit)
        pause, longest = self._patience.first, self._patience.longest if hurried else self._patience.unhurried
        demanded = 0.0
        while True:  # once at least: after a restart the time may be over, and the answer there
            await self._sleep(max(pause, demanded))
            progress, demanded = Progress(Phase.PENDING), 0.0
            try:
                progress = await self._line.poll(ticket)
            except BackendError as error:
                demanded = error.retry_after or 0.0
            left = (deadline - self._now()).total_seconds()
            if progress.phase is not Phase.PENDING or left <= 0:
                return progress
            pause, demanded = min(pause * self._patience.growth, longest), min(demanded, left)

    async def _look(
        self,
        command: Command,
        before: VehicleState,
        phase: Phase,
        looks: int,
        groups: Collection[Group] | None = None,
    ) -> bool:
        """Read the vehicle's state until it shows the command's effect, at most ``looks`` times.

        All that the command is about is read once, and again when the part that tells best has shown it; in between
        only that part is. A refresh begins with it: all there is would have to wait for the reads of other vehicles.
        """
        best = command.shown_by(before) if groups is None else groups
        rounds = [best] * looks
        if groups is None:
            rounds[-1 if command.reports else 0] = command.groups
        for number, wanted in enumerate(rounds):
            if number:
                await self._sleep(self._patience.between_looks)
            try:
                state = await self._line.look(wanted)
            except BackendError:
                continue
            if _proves(command, state, before, phase):
                if wanted != command.groups:
                    with suppress(BackendError):
                        await self._line.look(command.groups)
                return True
        return False

    def _move(self, job: Job, stage: Stage) -> None:
        job.stage = stage
        self._changed(job)


_VERDICTS = {
    Phase.DONE: (CommandStatus.TIMED_OUT, Reason.NOT_SEEN),
    Phase.UNCERTAIN: (CommandStatus.REJECTED, Reason.REJECTED_BY_VEHICLE),
    Phase.REJECTED: (CommandStatus.REJECTED, Reason.REJECTED_BY_VEHICLE),
    Phase.TIMED_OUT: (CommandStatus.TIMED_OUT, Reason.NO_ANSWER),
    Phase.PENDING: (CommandStatus.TIMED_OUT, Reason.NO_ANSWER),
}
"""How a command ended that the vehicle's state does not show, by the backend's last word."""


def _proves(command: Command, state: VehicleState, before: VehicleState, phase: Phase) -> bool:
    seen = command.seen_in(state, before)
    if phase is Phase.DONE:
        return seen is not False  # the backend's word stands unless the vehicle contradicts it
    # Against the backend's word only fresh evidence counts: a state that was so all along proves nothing.
    return seen is True and (not command.seen_in(before, before) or _moved(command, state, before))


def _moved(command: Command, state: VehicleState, before: VehicleState) -> bool:
    """Whether the vehicle has spoken since, about anything that the command touches."""
    now, then = state.groups(), before.groups()
    return any(
        (word := now.get(group)) is not None
        and word.reported_at is not None
        and ((old := then.get(group)) is None or word.reported_at != old.reported_at)
        for group in command.groups
    )
