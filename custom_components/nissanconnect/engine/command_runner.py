"""How a command is followed from sending it to its end.

A command is sent once. Then the backend is asked how it goes, and finally the vehicle's own state, because backends
say "done" too early and "cancelled" for commands that were carried out (kamereon-eu §10).
"""

from asyncio import Event, timeout
from collections.abc import Awaitable, Callable, Collection
from contextlib import AbstractAsyncContextManager, suppress
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import NamedTuple, Protocol

from ..vehicle import (
    BackendError,
    Busy,
    Command,
    CommandOutcome,
    CommandStatus,
    Departure,
    Group,
    Initiator,
    Phase,
    Progress,
    Reason,
    Ticket,
    TimePassed,
    TooLate,
    Unavailable,
    VehicleState,
)
from .command_evidence import VERDICTS, proves
from .command_job import Job, Sending, Spawn, Stage, Timer, seconds_until

type Clock = Callable[[], datetime]
type Sleep = Callable[[float], Awaitable[object]]


class Line(Protocol):
    """What the runner needs of the world: one vehicle, reached through whatever backend it has."""

    async def send(self, command: Command, departure: Departure) -> Ticket:
        """Send the command, each of its requests within a ``departure``.

        Raises:
            BackendError: It was not accepted, or nobody knows whether it was.
        """

    async def poll(self, ticket: Ticket) -> Progress:
        """Ask how the command goes."""

    async def look(self, groups: Collection[Group], ticket: Ticket | None = None) -> VehicleState:
        """Read ``groups``, which show the effect of the command of ``ticket``, and return all that is believed now."""

    async def confirm(self, command: Command) -> bool:
        """Whether the source answers for what it has said of the command's effect, asked now. Wakes nobody."""

    def would_displace(self, command: Command, ticket: Ticket | None) -> bool:
        """Whether ``command``, if it was sent now, would take the place of the accepted one of ``ticket``.

        Without a ticket the other is just being sent, nobody knows by which way.
        """


class CommandTiming(NamedTuple):
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


class CommandRunner:
    """The commands to one vehicle: each is sent once at most, soon, and followed to its end while others are sent.

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
        patience: CommandTiming,
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
        self._jobs: list[Job] = []
        self._stirred = Event()
        """Set, and replaced, whenever a job comes further."""

    @property
    def current(self) -> Job | None:
        """The job that is being carried out; one that only awaits a late report comes after others."""
        return next(
            (job for job in reversed(self._jobs) if job.stage is not Stage.WAITING and not job.superseded), None
        )

    @property
    def pending(self) -> list[Command]:
        """The commands that have not ended and still count, waiting for their turn or not, in the order of asking."""
        return [job.command for job in self._jobs if not job.superseded]

    @property
    def in_flight(self) -> list[Command]:
        """The commands that have left and not ended."""
        return [job.command for job in self._jobs if job.sent_at is not None and not job.cancelled]

    @property
    def idle(self) -> bool:
        """Whether nothing is carried out and nothing waits for it."""
        return not self._jobs

    def submit(self, command: Command, asked_by: Initiator) -> tuple[Job, bool]:
        """Return the job for ``command``, and whether it is new: an equal one that has not ended is joined.

        Only if nothing else was asked for since, or "on, off, on" would leave it off; and if its end can be known, or
        it would be for nothing. A new job is carried out by awaiting :meth:`run`.
        """
        last = self._jobs[-1] if self._jobs else None
        if last is not None and last.command == command and not last.superseded and (not last.ticket or last.ticket.id):
            return last, False
        job = Job(command, asked_by, self._now())
        self._cancel_unsent(command)
        self.add(job)
        return job, True

    def add(self, job: Job) -> None:
        """Wait for :meth:`run`. A job that has a ticket, from before a restart, is then followed and not sent."""
        self._jobs.append(job)
        if job.sent_at is not None:
            self._supersede_earlier(job)
        self._changed(job)

    def _cancel_unsent(self, command: Command) -> None:
        """Have those not sent any more that ``command`` undoes, unless it is about to be refused itself."""
        needless = [each for each in self._jobs if command.cancels_unsent(each.command)]
        if needless and self._check(command) in (None, Reason.ALREADY_SO):
            for each in needless:
                each.cancel()
            self._wake_waiting()

    def _supersede_earlier(self, job: Job) -> None:
        """Note which earlier ones a command that has been sent undoes."""
        for each in self._jobs[: self._jobs.index(job)]:
            if each.sent_at is not None and not each.cancelled and job.command.supersedes(each.command):
                each.superseded = job.contested = True

    async def run(self, job: Job) -> None:
        """Carry a job out when its turn comes; its outcome is then in it."""
        try:
            job.outcome = await self._carry_out(job)
        except TooLate:
            passed = job.command.useful_until is not None and self._now() >= job.command.useful_until
            late = TimePassed.key if passed else Reason.TOO_LATE
            job.outcome = self._blocked(Reason.SUPERSEDED if job.superseded else late)
        finally:
            self._jobs.remove(job)
            try:
                self._move(job, Stage.ENDED)
            finally:  # whoever waits must not wait forever because somebody else's listener is broken
                job.accepted.set()
                job.ended.set()

    async def _wait_for_turn(self, job: Job) -> None:
        """Wait until nothing holds a job up any more, but not until it is too late to send it.

        Raises:
            Busy: It has waited in vain for one that the service has to carry out first.
            TooLate: Those before it have not left in time, or it has been called off.
        """
        try:
            async with self._timer(seconds_until(job.latest, self._now())):
                while any(self._holds_up(each, job) for each in self._jobs) and not job.superseded:
                    await self._stirred.wait()
        except TimeoutError:
            raise (Busy if self._is_locked_out(job) else TooLate) from None
        if job.superseded or self._now() > job.latest:
            raise TooLate

    def _holds_up(self, other: Job, job: Job) -> bool:
        """Whether a job must not be sent yet because of another.

        Of what concerns the same, the earlier is to arrive first. What has been accepted is only in the way if this one
        would take its place, or if the service has refused to carry out both at once.
        """
        if other is job or other.stage is Stage.EXECUTED:
            return False
        if job.rejected_as_busy and other.blocks_others:
            return True
        if other.cancelled:
            return False
        if other.ticket is None:
            if self._jobs.index(other) > self._jobs.index(job):
                return False
            if other.command.concerns_same(job.command):
                return True
        leaves = other.stage is not Stage.WAITING or other.ticket is not None
        displaced = leaves and self._line.would_displace(job.command, other.ticket)
        return displaced and not job.command.supersedes(other.command)

    def _is_locked_out(self, job: Job) -> bool:
        return any(each.blocks_others and self._holds_up(each, job) for each in self._jobs)

    async def _carry_out(self, job: Job) -> CommandOutcome:
        """Return how the command has ended."""
        before = self._believed()
        while job.ticket is None:
            try:
                await self._wait_for_turn(job)
            except Busy:
                return self._blocked(Busy.key)
            alone = not any(each.blocks_others for each in self._jobs)
            before, outcome = await self._send(job)
            job.rejected_as_busy = isinstance(job.error, Busy)
            if outcome is not None and job.rejected_as_busy and not alone:  # it can be sent when our other one is over
                job.error = job.sent_at = None
                self._move(job, Stage.WAITING)
            elif outcome is not None:
                return outcome
            elif job.error is not None:
                return await self._look_after(job, before, job.error)
        return await self._followed(job, job.ticket, before)

    async def _send(self, job: Job) -> tuple[VehicleState, CommandOutcome | None]:
        """Send a command; return what was known of the vehicle right before, and the outcome if it has one already.

        Without either ticket or outcome, nobody knows whether it was accepted.
        """
        before = self._believed()
        reason = self._check(job.command)
        if reason == Reason.ALREADY_SO:
            self._move(job, Stage.SENDING)
            reason = self._check(job.command) if await self._confirm(job.command) else None
        if job.superseded:
            raise TooLate
        if reason == Reason.ALREADY_SO:
            return before, CommandOutcome(status=CommandStatus.CONFIRMED, reason=reason, ended_at=self._now())
        if reason is not None:
            return before, self._blocked(reason)
        self._move(job, Stage.SENDING)
        if job.command.reports:
            before = await self._known_already(job.command, before)
        job.sending = sending = Sending(
            job.latest, partial(self._leave, job), self._now, useful_until=job.command.useful_until
        )
        try:
            job.ticket = await sending.carry_out(
                partial(self._line.send, job.command), timer=self._timer, spawn=self._spawn
            )
        except TooLate:
            raise
        except BackendError as error:
            if job.cancelled:
                raise TooLate from error
            job.error = error
            if not sending.uncertain or error.nothing_done:
                status = (
                    CommandStatus.BLOCKED if isinstance(error, Unavailable | TimePassed) else CommandStatus.REJECTED
                )
                return before, CommandOutcome(
                    status=status, reason=error.key, sent_at=job.sent_at, ended_at=self._now()
                )
        self._supersede_earlier(job)
        return before, None

    async def _followed(self, job: Job, ticket: Ticket, before: VehicleState) -> CommandOutcome:
        """Follow an accepted command to its end, while others are sent."""
        self._move(job, Stage.ACCEPTED)
        job.accepted.set()
        progress = await self._follow(job, ticket)
        self._move(job, Stage.EXECUTED)
        looks = self._patience.looks if progress.phase in (Phase.DONE, Phase.UNCERTAIN) else 1
        # A door that somebody opens meanwhile does not make a wrong PIN a right one.
        wrong = progress.reason is Reason.WRONG_PIN
        confirmed = not wrong and await self._look(job, before, progress.phase, looks)
        job.nothing_done = progress.nothing_done and not confirmed
        if job.superseded and not wrong:
            progress = Progress(Phase.UNCERTAIN, reason=Reason.SUPERSEDED)
        status, reason = (CommandStatus.CONFIRMED, None) if confirmed else VERDICTS[progress.phase]
        if not confirmed and progress.reason is not None:
            reason = progress.reason
        outcome = CommandOutcome(
            status=status, reason=reason, code=progress.code, sent_at=ticket.sent_at, ended_at=self._now()
        )
        if job.command.reports and outcome.reason == Reason.NOT_SEEN:
            return await self._await_report(job, before, outcome)
        return outcome

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

    async def _await_report(self, job: Job, before: VehicleState, outcome: CommandOutcome) -> CommandOutcome:
        """Look for a report that is late, more and more rarely."""
        for pause in self._patience.late_looks:
            await self._sleep(pause)
            if await self._look(job, before, Phase.DONE, looks=1, groups=job.command.shown_by(before)):
                return replace(outcome, status=CommandStatus.CONFIRMED, reason=None, ended_at=self._now())
        return replace(outcome, ended_at=self._now())

    def _leave(self, job: Job, wakes: bool) -> AbstractAsyncContextManager[None]:
        if job.sent_at is None:
            taken, job.sent_at = {each.sent_at for each in self._jobs}, self._now()
            while job.sent_at in taken:  # the book of wakes tells them apart by it
                job.sent_at += timedelta(microseconds=1)
            self._stir(job)
        return self._book(job, wakes)

    def _blocked(self, reason: str) -> CommandOutcome:
        return CommandOutcome(status=CommandStatus.BLOCKED, reason=reason, ended_at=self._now())

    async def _look_after(self, job: Job, before: VehicleState, error: BackendError) -> CommandOutcome:
        """Look at the vehicle when the answer to its command got lost: it may obey all the same."""
        self._move(job, Stage.EXECUTED)
        outcome = CommandOutcome(
            status=CommandStatus.TIMED_OUT, reason=error.key, sent_at=job.sent_at, ended_at=self._now()
        )
        if await self._look(job, before, Phase.TIMED_OUT, looks=1):
            job.error = None
            outcome = replace(outcome, status=CommandStatus.CONFIRMED, reason=None)
        return replace(outcome, ended_at=self._now())

    async def _follow(self, job: Job, ticket: Ticket) -> Progress:
        """Ask until the command is over, superseded, or its time is up; an error on the way may ask for a pause.

        Whether a PIN was wrong is found out in any case, or guesses that overrule each other would count for nothing.
        """
        limit = self._patience.limit if ticket.limit is None else ticket.limit
        at, waited = ticket.sent_at, 0.0
        longest = self._patience.longest if job.asked_by.waits else self._patience.unhurried
        pause, demanded = self._patience.first, 0.0
        while True:  # once at least: after a restart the time may be over, and the answer there
            await self._sleep(max(pause, demanded))
            if job.superseded and not job.command.tries_pin:
                return Progress(Phase.UNCERTAIN)
            progress, demanded = Progress(Phase.PENDING), 0.0
            try:
                progress = await self._line.poll(ticket)
            except BackendError as error:
                demanded = error.retry_after or 0.0
            waited, at = waited + max((self._now() - at).total_seconds(), 0), self._now()  # clocks are set back
            left = limit - waited
            if progress.phase is not Phase.PENDING or left <= 0:
                return progress
            pause, demanded = min(pause * self._patience.growth, longest), min(demanded, left)

    async def _look(
        self,
        job: Job,
        before: VehicleState,
        phase: Phase,
        looks: int,
        groups: Collection[Group] | None = None,
    ) -> bool:
        """Read the vehicle's state until it shows the command's effect, at most ``looks`` times.

        All that the command is about is read once, and again when the part that tells best has shown it; in between
        only that part is. A refresh begins with it: all there is would have to wait for the reads of other vehicles.
        """
        command = job.command
        best = command.shown_by(before) if groups is None else groups
        rounds = [best] * looks
        if groups is None:
            rounds[-1 if command.reports else 0] = command.groups
        for number, wanted in enumerate(rounds):
            if number:
                await self._sleep(self._patience.between_looks)
            if job.superseded:
                break
            try:
                state = await self._line.look(wanted, job.ticket)
            except BackendError:
                continue
            sent_at = job.sent_at or job.asked_at
            proven = proves(command, state, before, phase, sent_at, contested=job.contested)
            if proven and not job.superseded:
                if wanted != command.groups:
                    with suppress(BackendError):
                        await self._line.look(command.groups, job.ticket)
                return True
        return False

    def _move(self, job: Job, stage: Stage) -> None:
        job.stage = stage
        self._stir(job)

    def _stir(self, job: Job) -> None:
        """Tell those who watch, and those who wait for their turn."""
        self._wake_waiting()
        self._changed(job)

    def _wake_waiting(self) -> None:
        self._stirred.set()
        self._stirred = Event()
