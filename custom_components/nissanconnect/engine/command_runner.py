"""The commands to one vehicle: each is sent once, soon or never, and followed while others are sent."""

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
"""Runs a coroutine in a task of its own. The owner of the runner ends that task with it."""
type RecordRequest = Callable[[bool], AbstractAsyncContextManager[None]]
"""Returns the context of one request, given whether it can wake the vehicle.

Entering it records the request before it leaves.
"""


class Sending:
    """Sends one command before ``latest``, or never.

    An attempt that is too late is not cancelled: that could break a log-in that others wait for, or a request that has
    left. It goes on alone, and its next request is refused.
    """

    def __init__(
        self,
        latest: datetime,
        record: RecordRequest,
        now: Callable[[], datetime],
        *,
        useful_until: datetime | None = None,
    ) -> None:
        """After ``useful_until`` no request leaves, not even one that follows another."""
        self.uncertain = False
        """Whether a request has left that the vehicle may have carried out."""
        self._latest = latest
        self._useful_until = useful_until
        self._record = record
        self._now = now
        self._prepared = False
        self._limit: Timeout | None = None

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
            async with timer(seconds_until(self._latest, self._now())) as self._limit:
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
            self._limit = None
        if isinstance(result, BackendError):
            raise result
        return result

    def cancel(self) -> bool:
        """Let no more requests leave; return ``False`` if one that may be carried out has left already.

        A preparation in which the vehicle takes part goes on until the command would have left, because the vehicle is
        busy with it.
        """
        if self.uncertain:
            return False
        self._latest = self._useful_until = NEVER
        if self._limit is not None and not self._limit.expired() and not self._prepared:
            self._limit.reschedule(0.0)
        return True

    @asynccontextmanager
    async def _departure(self, *, wakes: bool = True, answer_within: timedelta = timedelta()) -> AsyncIterator[None]:
        """Let one request leave; see :class:`~..vehicle.Departure`. Once one has left, the others may follow."""
        if self.uncertain:
            async with self._leaving(wakes):
                yield
            return
        limit = self._limit
        if limit is None or limit.expired() or self._now() > self._latest:
            raise TooLate
        self._prepared = bool(answer_within)
        due = limit.when()
        limit.reschedule(None)  # a request that has left is awaited
        try:
            async with self._leaving(wakes, only_prepares=bool(answer_within)):
                yield
            self._latest += answer_within
            due = due and due + answer_within.total_seconds()
        finally:
            if not self.uncertain and self._limit is not None:
                limit.reschedule(due)

    @asynccontextmanager
    async def _leaving(self, wakes: bool, *, only_prepares: bool = False) -> AsyncIterator[None]:
        before, self.uncertain = self.uncertain, self.uncertain or not only_prepares
        try:
            async with self._record(wakes):
                if self._useful_until is not None and self._now() > self._useful_until:
                    raise TooLate
                yield
        except BackendError as error:
            if error.nothing_done:
                self.uncertain = before
            raise


def seconds_until(latest: datetime, now: datetime) -> float:
    """Return the seconds until ``latest``, 0 if it has passed."""
    return max((latest - now).total_seconds(), 0.0)


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
        """The commands that have not ended and still count, waiting or not, in the order of their requests."""
        return [job.command for job in self._jobs if not job.superseded]

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
                sending = self._sendings.get(each)
                never_left = sending is None or sending.cancel()
                each.superseded = each.superseded or (each.ticket is None and never_left)
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
            async with self._timer(seconds_until(job.deadline, self._now())):
                while any(self._holds_up(each, job) for each in self._jobs) and not job.superseded:
                    await self._changed.wait()
        except TimeoutError:
            is_locked_out = any(each.blocks_others and self._holds_up(each, job) for each in self._jobs)
            raise (Busy if is_locked_out else TooLate) from None
        if job.superseded or self._now() > job.deadline:
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

    # The life of one

    async def run(self, job: Job) -> None:
        """Carry a job out when its turn comes, and set its outcome."""
        try:
            job.outcome = await self._carry_out(job)
        except Busy:
            job.outcome = self._blocked(Busy.key)
        except TooLate:
            passed = job.command.useful_until is not None and self._now() >= job.command.useful_until
            late = TimePassed.key if passed else Reason.TOO_LATE
            job.outcome = self._blocked(Reason.SUPERSEDED if job.superseded else late)
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
            alone = not any(each.blocks_others for each in self._jobs)
            outcome = await self._send(job)
            job.rejected_as_busy = isinstance(job.error, Busy)
            if outcome is not None and job.rejected_as_busy and not alone:  # sent again when our other one is over
                job.error = job.sent_at = None
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

    async def _send(self, job: Job) -> CommandOutcome | None:
        """Send a command; return the outcome if there is one already.

        With neither ticket nor outcome it is unknown whether the command was accepted.
        """
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
        self._move(job, Stage.SENDING)
        if job.command.reports:
            job.before = await self._follower.state_before(job.command, job.before)
        self._sendings[job] = sending = Sending(
            job.deadline, partial(self._request, job), self._now, useful_until=job.command.useful_until
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
                blocked = isinstance(error, Unavailable | TimePassed)
                status = CommandStatus.BLOCKED if blocked else CommandStatus.REJECTED
                return CommandOutcome(status=status, reason=error.key, sent_at=job.sent_at, ended_at=self._now())
        self._supersede_earlier(job)
        return None

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
