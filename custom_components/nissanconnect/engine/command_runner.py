"""The order and life of the commands to one vehicle: each is sent once, and followed while others are sent."""

from asyncio import Event
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from functools import partial

from ..vehicle import (
    BackendError,
    Busy,
    Command,
    CommandOutcome,
    CommandStatus,
    Initiator,
    Reason,
    TimePassed,
    TooLate,
    Unavailable,
    VehicleState,
)
from .command_follower import Clock, CommandFollower, CommandTiming, CommandTransport, Sleep
from .command_job import Job, Sending, Spawn, Stage, Timer, seconds_until


class CommandRunner:
    """The commands to one vehicle. Each is sent once at most, soon, and followed to its end while others are sent.

    ``check`` returns right before sending why a command should not, or need not, be sent. ``current_state`` returns the
    merged state at that moment. ``on_change`` is called whenever a job is new or changes. ``record`` returns the
    context in which a request of a job leaves, given whether it can wake the vehicle; it is entered once the job has
    its ``sent_at``.
    """

    def __init__(
        self,
        transport: CommandTransport,
        *,
        check: Callable[[Command], str | None],
        current_state: Callable[[], VehicleState],
        on_change: Callable[[Job], None],
        record: Callable[[Job, bool], AbstractAsyncContextManager[None]],
        now: Clock,
        sleep: Sleep,
        timer: Timer,
        spawn: Spawn,
        timing: CommandTiming,
    ) -> None:
        self._transport = transport
        self._follower = CommandFollower(transport, now, sleep, timing)
        self._check = check
        self._current_state = current_state
        self._on_change = on_change
        self._record = record
        self._now = now
        self._timer = timer
        self._spawn = spawn
        self._jobs: list[Job] = []
        self._changed = Event()
        """Set, and replaced, whenever a job changes."""

    @property
    def current(self) -> Job | None:
        """The newest job that is being carried out; one that still waits for its turn does not count."""
        return next(
            (job for job in reversed(self._jobs) if job.stage is not Stage.WAITING and not job.superseded), None
        )

    @property
    def pending(self) -> list[Command]:
        """The commands that have not ended and still count, waiting or not, in the order of their requests."""
        return [job.command for job in self._jobs if not job.superseded]

    @property
    def in_flight(self) -> list[Command]:
        """The commands that have left and not ended."""
        return [job.command for job in self._jobs if job.sent_at is not None and not job.cancelled]

    @property
    def idle(self) -> bool:
        """Whether there is no job."""
        return not self._jobs

    # Which command, and when

    def submit(self, command: Command, asked_by: Initiator) -> tuple[Job, bool]:
        """Return the job for ``command``, and whether it is new: an equal one that has not ended is joined.

        It is joined only if it was the last one requested, or "on, off, on" would leave the vehicle off. It is also
        not joined if its end can never be known. A new job is carried out by awaiting :meth:`run`.
        """
        last = self._jobs[-1] if self._jobs else None
        if last is not None and last.command == command and not last.superseded and (not last.ticket or last.ticket.id):
            return last, False
        job = Job(command, asked_by, self._now())
        self._cancel_unsent(command)
        self.add(job)
        return job, True

    def add(self, job: Job) -> None:
        """Queue a job for :meth:`run`. One with a ticket, from before a restart, is followed and not sent."""
        self._jobs.append(job)
        if job.sent_at is not None:
            self._supersede_earlier(job)
        self._on_change(job)

    def _cancel_unsent(self, command: Command) -> None:
        """Cancel the unsent jobs that ``command`` undoes, unless it is about to be refused itself."""
        needless = [each for each in self._jobs if command.cancels_unsent(each.command)]
        if needless and self._check(command) in (None, Reason.ALREADY_SO):
            for each in needless:
                each.cancel()
            self._wake_waiting()

    def _supersede_earlier(self, job: Job) -> None:
        """Mark the earlier sent jobs that a sent one undoes."""
        for each in self._jobs[: self._jobs.index(job)]:
            if each.sent_at is not None and not each.cancelled and job.command.supersedes(each.command):
                each.superseded = job.contested = True

    async def _wait_for_turn(self, job: Job) -> None:
        """Wait until no other job holds this one up, at most until it is too late to send it.

        Raises:
            Busy: The service had to carry out another one first, and did not finish in time.
            TooLate: Earlier ones have not left in time, or this one was cancelled.
        """
        try:
            async with self._timer(seconds_until(job.latest, self._now())):
                while any(self._holds_up(each, job) for each in self._jobs) and not job.superseded:
                    await self._changed.wait()
        except TimeoutError:
            raise (Busy if self._is_locked_out(job) else TooLate) from None
        if job.superseded or self._now() > job.latest:
            raise TooLate

    def _holds_up(self, other: Job, job: Job) -> bool:
        """Whether a job must not be sent yet because of another.

        Of two that concern the same thing, the earlier must arrive first. An accepted one holds up another only if that
        would replace it, or if the service has refused to carry out both at once.
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
        displaced = leaves and self._transport.would_displace(job.command, other.ticket)
        return displaced and not job.command.supersedes(other.command)

    def _is_locked_out(self, job: Job) -> bool:
        return any(each.blocks_others and self._holds_up(each, job) for each in self._jobs)

    # The life of one

    async def run(self, job: Job) -> None:
        """Carry a job out when its turn comes, and set its outcome."""
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
            finally:  # a broken listener must not make the initiator wait forever
                job.accepted.set()
                job.ended.set()

    async def _carry_out(self, job: Job) -> CommandOutcome:
        """Send and follow a command; return its outcome."""
        before = self._current_state()
        while job.ticket is None:
            try:
                await self._wait_for_turn(job)
            except Busy:
                return self._blocked(Busy.key)
            alone = not any(each.blocks_others for each in self._jobs)
            before, outcome = await self._send(job)
            job.rejected_as_busy = isinstance(job.error, Busy)
            if outcome is not None and job.rejected_as_busy and not alone:  # sent again when our other one is over
                job.error = job.sent_at = None
                self._move(job, Stage.WAITING)
            elif outcome is not None:
                return outcome
            elif job.error is not None:
                self._move(job, Stage.EXECUTED)
                return await self._follower.confirm_without_response(job, before, job.error)
        self._move(job, Stage.ACCEPTED)
        job.accepted.set()
        progress = await self._follower.poll(job, job.ticket)
        self._move(job, Stage.EXECUTED)
        return await self._follower.confirm(job, job.ticket, before, progress)

    async def _send(self, job: Job) -> tuple[VehicleState, CommandOutcome | None]:
        """Send a command; return the state known right before, and the outcome if there is one already.

        With neither ticket nor outcome it is unknown whether the command was accepted.
        """
        before = self._current_state()
        reason = self._check(job.command)
        if reason == Reason.ALREADY_SO:
            self._move(job, Stage.SENDING)
            reason = self._check(job.command) if await self._follower.is_still_so(job.command) else None
        if job.superseded:
            raise TooLate
        if reason == Reason.ALREADY_SO:
            return before, CommandOutcome(status=CommandStatus.CONFIRMED, reason=reason, ended_at=self._now())
        if reason is not None:
            return before, self._blocked(reason)
        self._move(job, Stage.SENDING)
        if job.command.reports:
            before = await self._follower.state_before(job.command, before)
        job.sending = sending = Sending(
            job.latest, partial(self._request, job), self._now, useful_until=job.command.useful_until
        )
        try:
            job.ticket = await sending.carry_out(
                partial(self._transport.send, job.command), timer=self._timer, spawn=self._spawn
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

    def _request(self, job: Job, wakes: bool) -> AbstractAsyncContextManager[None]:
        if job.sent_at is None:
            taken, job.sent_at = {each.sent_at for each in self._jobs}, self._now()
            while job.sent_at in taken:  # the wake ledger tells them apart by it
                job.sent_at += timedelta(microseconds=1)
            self._notify(job)
        return self._record(job, wakes)

    def _blocked(self, reason: str) -> CommandOutcome:
        return CommandOutcome(status=CommandStatus.BLOCKED, reason=reason, ended_at=self._now())

    def _move(self, job: Job, stage: Stage) -> None:
        job.stage = stage
        self._notify(job)

    def _notify(self, job: Job) -> None:
        """Wake the jobs that wait for their turn, and call the listener."""
        self._wake_waiting()
        self._on_change(job)

    def _wake_waiting(self) -> None:
        self._changed.set()
        self._changed = Event()
