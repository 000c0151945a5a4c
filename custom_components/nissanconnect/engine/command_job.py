"""One command on its way to a vehicle.

    WAITING → SENDING → ACCEPTED → EXECUTED → ENDED

A job goes back from SENDING to WAITING if the service is still busy with another of our commands. It goes from SENDING
to EXECUTED if the response was lost, and from anywhere to ENDED. Beside its stage, a later command may make a job
``superseded``; see :class:`Job`.
"""

from asyncio import CancelledError, Event, Task, Timeout, shield
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from ..vehicle import NEVER, BackendError, Command, CommandOutcome, Departure, Initiator, Ticket, TooLate

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
        self._gone = False
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
        if self._gone:
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
            self._gone = self.uncertain
            if not self._gone and self._limit is not None:
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

    ``sent_at`` is when its first request left, ``None`` if none has. ``superseded``: a later command undoes this one,
    and was either sent or requested before this one could leave. ``contested``: such an earlier command was on its way
    when this one was sent. ``rejected_as_busy``: the service wants to finish another command first.
    """

    command: Command
    asked_by: Initiator
    asked_at: datetime
    stage: Stage = Stage.WAITING
    sent_at: datetime | None = None
    ticket: Ticket | None = None
    outcome: CommandOutcome | None = None
    error: BackendError | None = None
    """The backend's error, if that is why the command was not confirmed."""
    nothing_done: bool = False
    """Whether the vehicle was certainly not reached, although the command was accepted."""
    sending: Sending | None = None
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

    def cancel(self) -> None:
        """Do not send it any more, unless it has left."""
        never_left = self.sending is None or self.sending.cancel()
        self.superseded = self.superseded or (self.ticket is None and never_left)

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
