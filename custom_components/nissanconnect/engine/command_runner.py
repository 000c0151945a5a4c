"""The commands to one vehicle. Each is sent at most once, soon or never, and followed while others are sent."""

from asyncio import CancelledError, Event, Task, Timeout, shield
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import datetime, timedelta
from functools import partial

from ..vehicle import (
    NEVER,
    BackendError,
    Busy,
    Command,
    CommandOutcome,
    CommandStatus,
    Departure,
    Initiator,
    Reason,
    Ticket,
    TimePassed,
    TooLate,
    Unavailable,
    VehicleState,
)
from .command_job import Clock, CommandFollower, CommandTiming, CommandTransport, Job, Sleep, Stage

type Attempt = Callable[[Departure], Awaitable[Ticket]]
type Timer = Callable[[float | None], Timeout]
"""Returns a context that ends after this many seconds, or never, like :func:`asyncio.timeout`."""
type Spawn = Callable[[Coroutine[None, None, Ticket | BackendError]], Task[Ticket | BackendError]]
"""Runs a coroutine in a task of its own, which whoever owns the runner cancels when that stops."""
type RecordRequest = Callable[[bool], AbstractAsyncContextManager[None]]
"""Returns the context of one request, given whether it can wake the vehicle.

Entering it records the request before it leaves.
"""


class Sending:
    """Sends one command before ``deadline``, or never.

    An attempt that is too late is not cancelled: that could break a log-in that others wait for, or a request that has
    left. It goes on without anybody waiting for it, and its next request is refused.
    """

    def __init__(
        self, deadline: datetime, record: RecordRequest, now: Clock, *, useful_until: datetime | None = None
    ) -> None:
        """After ``useful_until`` no request leaves at all, after ``deadline`` none unless another has left already."""
        self.may_be_carried_out = False
        """Whether a request has left that the vehicle may have carried out."""
        self._deadline = deadline
        self._useful_until = useful_until
        self._record = record
        self._now = now
        self._is_prepared = False
        self._timeout: Timeout | None = None

    async def carry_out(self, attempt: Attempt, timer: Timer, spawn: Spawn) -> Ticket:
        """Return the ticket of ``attempt``.

        Raises:
            TooLate: It has not left in time.
            BackendError: It was not accepted, or it is unknown whether it was.
        """

        async def attempted() -> Ticket | BackendError:
            try:
                return await attempt(self._departure)
            except BackendError as error:
                return error

        task: Task[Ticket | BackendError] | None = None
        try:
            async with timer(seconds_until(self._deadline, self._now())) as self._timeout:
                task = spawn(attempted())
                result = await shield(task)
        except TimeoutError:
            if task is None or not task.done():
                raise TooLate from None
            result = task.result()  # it ended at the same moment
        except CancelledError:
            if task is not None:
                task.cancel()
            raise
        finally:
            self._timeout = None
        if isinstance(result, BackendError):
            raise result
        return result

    def cancel(self) -> bool:
        """Let no more requests leave; return ``False`` if one that may be carried out has left already.

        A preparation in which the vehicle takes part goes on until the command would have left, because the vehicle is
        busy with it.
        """
        if self.may_be_carried_out:
            return False
        self._deadline = self._useful_until = NEVER
        if self._timeout is not None and not self._timeout.expired() and not self._is_prepared:
            self._timeout.reschedule(0.0)
        return True

    @asynccontextmanager
    async def _departure(self, *, wakes: bool = True, answer_within: timedelta = timedelta()) -> AsyncIterator[None]:
        """Let one request leave; see :class:`~..vehicle.Departure`. Once one has left, the others may follow."""
        if self.may_be_carried_out:
            async with self._leaving(wakes):
                yield
            return
        running = self._timeout
        if running is None or running.expired() or self._now() > self._deadline:
            raise TooLate
        self._is_prepared = only_prepares = bool(answer_within)
        ends_at = running.when()
        running.reschedule(None)  # a request that has left is awaited
        try:
            async with self._leaving(wakes, only_prepares=only_prepares):
                yield
            self._deadline += answer_within
            if ends_at is not None:
                ends_at += answer_within.total_seconds()
        finally:
            if not self.may_be_carried_out and self._timeout is not None:
                running.reschedule(ends_at)

    @asynccontextmanager
    async def _leaving(self, wakes: bool, *, only_prepares: bool = False) -> AsyncIterator[None]:
        before = self.may_be_carried_out
        self.may_be_carried_out = before or not only_prepares
        try:
            async with self._record(wakes):
                if self._useful_until is not None and self._now() > self._useful_until:
                    raise TooLate
                yield
        except BackendError as error:
            if error.nothing_done:
                self.may_be_carried_out = before
            raise


def seconds_until(deadline: datetime, now: datetime) -> float:
    """Return the seconds until ``deadline``, 0 if it has passed."""
    return max((deadline - now).total_seconds(), 0.0)


class CommandRunner:
    """Sends the commands to one vehicle, and follows them to their ends.

    ``check`` is called right before sending and returns why a command should not, or need not, be sent.
    ``current_state`` returns the merged state. ``on_change`` is called whenever a job is new or changes. ``record``
    returns the context in which a request of a job leaves, given whether it can wake the vehicle; it is entered once
    the job has its ``sent_at``.
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
        self._sendings: dict[Job, Sending] = {}
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
        """The commands that have neither ended nor been superseded, in the order of their requests."""
        return [job.command for job in self._jobs if not job.superseded]

    @property
    def idle(self) -> bool:
        """Whether there is no job."""
        return not self._jobs

    # The queue, and whose turn it is

    def submit(self, command: Command, asked_by: Initiator) -> tuple[Job, bool]:
        """Return the job for ``command``, and whether it is new; a new one is carried out by awaiting :meth:`run`.

        A job for an equal command that has not ended is returned again if it was the last one requested: otherwise
        "on, off, on" would leave the vehicle off.
        """
        last = self._jobs[-1] if self._jobs else None
        if last is not None and last.command == command and not last.superseded and last.can_be_followed:
            return last, False
        job = Job(command, asked_by, self._now())
        self._cancel_unsent(command)
        self.add(job)
        return job, True

    def add(self, job: Job) -> None:
        """Queue a job for :meth:`run`. If it has a ticket, from before a restart, it is followed and not sent."""
        self._jobs.append(job)
        if job.sent_at is not None:
            self._supersede_earlier(job)
        self._on_change(job)

    def _cancel_unsent(self, command: Command) -> None:
        """Cancel the unsent jobs that ``command`` undoes, unless it is about to be refused itself."""
        undone = [each for each in self._jobs if command.cancels_unsent(each.command)]
        if undone and self._check(command) in (None, Reason.ALREADY_SO):
            for each in undone:
                sending = self._sendings.get(each)
                never_left = sending is None or sending.cancel()
                if each.ticket is None and never_left:
                    each.superseded = True
            self._wake_waiting()

    def _supersede_earlier(self, job: Job) -> None:
        """Mark the earlier jobs that were sent and that ``job``, now sent, too, undoes."""
        for each in self._jobs[: self._jobs.index(job)]:
            if each.sent_at is not None and not each.cancelled and job.command.supersedes(each.command):
                each.superseded = True
                job.contested = True

    async def _wait_for_turn(self, job: Job) -> None:
        """Wait until no other job holds this one up, at most until it is too late to send it.

        Raises:
            Busy: The service had to carry out another command first, and did not finish in time.
            TooLate: Earlier commands have not left in time, or this one was cancelled.
        """
        try:
            async with self._timer(seconds_until(job.deadline, self._now())):
                while any(self._holds_up(each, job) for each in self._jobs) and not job.superseded:
                    await self._changed.wait()
        except TimeoutError:
            is_service_busy = any(each.blocks_others and self._holds_up(each, job) for each in self._jobs)
            raise (Busy if is_service_busy else TooLate) from None
        if job.superseded or self._now() > job.deadline:
            raise TooLate

    def _holds_up(self, other: Job, job: Job) -> bool:
        """Whether ``job`` must not be sent yet because of ``other``.

        Of two jobs that concern the same thing, the earlier must be sent first. Once accepted, a job holds up another
        only if the service would replace it by the other, or has refused to carry out both at once.
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
        has_left = other.stage is not Stage.WAITING or other.ticket is not None
        would_displace = has_left and self._transport.would_displace(job.command, other.ticket)
        return would_displace and not job.command.supersedes(other.command)

    # One job from its turn to its end

    async def run(self, job: Job) -> None:
        """Carry a job out when its turn comes, and set its outcome."""
        try:
            job.outcome = await self._carry_out(job)
        except Busy:
            job.outcome = self._blocked(Busy.key)
        except TooLate:
            has_passed = job.command.useful_until is not None and self._now() >= job.command.useful_until
            too_late = TimePassed.key if has_passed else Reason.TOO_LATE
            job.outcome = self._blocked(Reason.SUPERSEDED if job.superseded else too_late)
        finally:
            self._jobs.remove(job)
            self._sendings.pop(job, None)
            try:
                self._move(job, Stage.ENDED)
            finally:  # a broken listener must not make the initiator wait forever
                job.accepted.set()
                job.ended.set()

    async def _carry_out(self, job: Job) -> CommandOutcome:
        """Send and follow a command; return its outcome."""
        job.before = self._current_state()
        while job.ticket is None:
            await self._wait_for_turn(job)
            is_own_command_blocking = any(each.blocks_others for each in self._jobs)
            outcome = await self._decide(job) or await self._send(job)
            job.rejected_as_busy = isinstance(job.error, Busy)
            if outcome is not None and job.rejected_as_busy and is_own_command_blocking:
                job.error = job.sent_at = None  # it is sent again when our other command is over
                self._move(job, Stage.WAITING)
            elif outcome is not None:
                return outcome
            elif job.error is not None:
                self._move(job, Stage.EXECUTED)
                return await self._follower.find_outcome_without_response(job, job.error)
        self._move(job, Stage.ACCEPTED)
        job.accepted.set()
        progress = await self._follower.poll(job, job.ticket)
        self._move(job, Stage.EXECUTED)
        return await self._follower.find_outcome(job, job.ticket, progress)

    async def _decide(self, job: Job) -> CommandOutcome | None:
        """Return the outcome of a command that should not or need not be sent, ``None`` if it is to be sent."""
        job.before = self._current_state()
        reason = self._check(job.command)
        if reason == Reason.ALREADY_SO:
            self._move(job, Stage.SENDING)
            reason = self._check(job.command) if await self._follower.is_still_so(job.command) else None
        if job.superseded:
            raise TooLate
        if reason == Reason.ALREADY_SO:
            return CommandOutcome(status=CommandStatus.CONFIRMED, reason=reason, ended_at=self._now())
        if reason is not None:
            return self._blocked(reason)
        return None

    async def _send(self, job: Job) -> CommandOutcome | None:
        """Send a command; return its outcome if it certainly was not accepted.

        Otherwise the job has a ticket, or an error that leaves it unknown whether the command was accepted.
        """
        self._move(job, Stage.SENDING)
        if job.command.reports:
            job.before = await self._follower.state_before(job.command, job.before)
        sending = Sending(
            job.deadline, partial(self._record_request, job), self._now, useful_until=job.command.useful_until
        )
        self._sendings[job] = sending
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
            if not sending.may_be_carried_out or error.nothing_done:
                blocked = isinstance(error, Unavailable | TimePassed)
                status = CommandStatus.BLOCKED if blocked else CommandStatus.REJECTED
                return CommandOutcome(status=status, reason=error.key, sent_at=job.sent_at, ended_at=self._now())
        self._supersede_earlier(job)
        return None

    def _record_request(self, job: Job, wakes: bool) -> AbstractAsyncContextManager[None]:
        """Return the context of a request; the first one gives the job its ``sent_at``."""
        if job.sent_at is None:
            taken = {each.sent_at for each in self._jobs}
            job.sent_at = self._now()
            while job.sent_at in taken:  # the wake ledger identifies commands by this time
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
