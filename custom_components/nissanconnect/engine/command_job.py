"""A command on its way: how far it has come, how soon it must have left, and the sending of it."""

from asyncio import CancelledError, Event, Task, Timeout, shield
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from ..vehicle import BackendError, Command, CommandOutcome, Departure, Initiator, Ticket, TooLate

type Attempt = Callable[[Departure], Coroutine[None, None, Ticket]]
type Timer = Callable[[float | None], Timeout]
"""Makes a context that ends after so many seconds, or never, as :func:`asyncio.timeout` does."""
type Spawn = Callable[[Coroutine[None, None, Ticket | BackendError]], Task[Ticket | BackendError]]
"""Has a coroutine carried out by a task of its own, which whoever owns the runner ends with it."""
type Book = Callable[[bool], AbstractAsyncContextManager[None]]
"""Returns the context of one request: entered when it is kept that it leaves, and whether it wakes the vehicle."""


class Sending:
    """One command on its way out: it leaves before ``latest``, or never.

    What is too late is not cancelled, because that could break off a log-in that others wait for, or a request that
    has left. It is left to itself, and finds that it may not leave any more.
    """

    def __init__(
        self, latest: datetime, book: Book, now: Callable[[], datetime], *, useful_until: datetime | None = None
    ) -> None:
        """Nothing is sent yet. After ``useful_until`` no request leaves, not even one that belongs to another."""
        self.uncertain = False
        """Whether a request has left that may have been carried out."""
        self._latest = latest
        self._useful_until = useful_until
        self._book = book
        self._now = now
        self._prepared = False
        self._gone = False
        self._limit: Timeout | None = None

    async def carry_out(self, attempt: Attempt, timer: Timer, spawn: Spawn) -> Ticket:
        """Return the ticket of ``attempt``.

        Raises:
            TooLate: It has not left in time.
            BackendError: It was not accepted, or nobody knows whether it was.
        """

        async def attempted() -> Ticket | BackendError:
            try:
                return await attempt(self._departure)
            except BackendError as error:
                return error

        sending: Task[Ticket | BackendError] | None = None
        try:
            async with timer(seconds_until(self._latest, self._now())) as self._limit:
                sending = spawn(attempted())
                result = await shield(sending)
        except TimeoutError:
            if sending is None or not sending.done():
                raise TooLate from None
            result = sending.result()  # it ended in the very moment
        except CancelledError:
            if sending is not None:
                sending.cancel()
            raise
        finally:
            self._limit = None
        if isinstance(result, BackendError):
            raise result
        return result

    def cancel(self) -> bool:
        """Let nothing leave any more; return ``False`` if what may be carried out has left already.

        What the vehicle takes part in already goes on until it would have left, because the vehicle is busy with it.
        """
        if self.uncertain:
            return False
        self._latest = self._useful_until = _PAST
        if self._limit is not None and not self._limit.expired() and not self._prepared:
            self._limit.reschedule(0.0)
        return True

    @asynccontextmanager
    async def _departure(self, *, wakes: bool = True, answer_within: timedelta = timedelta()) -> AsyncIterator[None]:
        """One request; see :class:`~..vehicle.Departure`. Once one has left, those that belong to it may follow."""
        if self._gone:
            async with self._leaving(wakes):
                yield
            return
        limit = self._limit
        if limit is None or limit.expired() or self._now() > self._latest:
            raise TooLate
        self._prepared = bool(answer_within)
        due = limit.when()
        limit.reschedule(None)  # what has left is waited for
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
            async with self._book(wakes):
                if self._useful_until is not None and self._now() > self._useful_until:
                    raise TooLate
                yield
        except BackendError as error:
            if error.nothing_done:
                self.uncertain = before
            raise


_PAST = datetime.min.replace(tzinfo=UTC)


def seconds_until(latest: datetime, now: datetime) -> float:
    """Return how long it is until then, 0 if that has passed."""
    return max((latest - now).total_seconds(), 0.0)


SEND_WITHIN = timedelta(seconds=30)
"""How soon a command must leave after it was asked for. Later it may not be wanted any more, so it is not sent at all.

The wait for an earlier command to the same vehicle counts, and so does all that a backend does before it sends.
"""


class Stage(StrEnum):
    """How far a command has come."""

    WAITING = "waiting"
    """Another command to the vehicle has to be sent or carried out first."""
    SENDING = "sending"
    ACCEPTED = "accepted"
    EXECUTED = "executed"
    """The backend calls it over, or has nothing to say of it; the vehicle's own state has not shown it yet."""
    ENDED = "ended"


@dataclass(slots=True, eq=False)
class Job:
    """A command on its way, as those see it who asked for it. Both events are set at the end, whatever it is.

    ``sent_at`` is when its first request left; ``None``: none ever did. ``superseded``: a later command has been sent
    that undoes what this one asks for, or was asked for before this one could leave. ``contested``: such an earlier
    one was on its way when this one was sent. ``rejected_as_busy``: the service carries out another first.
    """

    command: Command
    asked_by: Initiator
    asked_at: datetime
    stage: Stage = Stage.WAITING
    sent_at: datetime | None = None
    ticket: Ticket | None = None
    outcome: CommandOutcome | None = None
    error: BackendError | None = None
    """What the backend said, if that is why the command was not confirmed."""
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
        """Whether it is not to be sent any more."""
        return self.superseded and self.ticket is None and self.stage is not Stage.EXECUTED

    @property
    def blocks_others(self) -> bool:
        """Whether the service may refuse others because of it."""
        on_its_way = self.ticket is not None or (self.cancelled and self.sent_at is not None)
        return on_its_way and self.stage is not Stage.EXECUTED

    def cancel(self) -> None:
        """Have it not sent any more, unless it has left."""
        never_left = self.sending is None or self.sending.cancel()
        self.superseded = self.superseded or (self.ticket is None and never_left)

    @property
    def latest(self) -> datetime:
        """When it must have left."""
        soon, useful = self.asked_at + SEND_WITHIN, self.command.useful_until
        return soon if useful is None else min(soon, useful)
