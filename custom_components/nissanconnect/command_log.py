"""What is recorded of the commands to one vehicle: those under way, how others ended, and every wake."""

from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import datetime, timedelta
import logging

from homeassistant.core import CALLBACK_TYPE, callback
from homeassistant.util import dt as dt_util

from .engine.command_job import Job, Stage, Unfinished
from .engine.wake_policy import Wake, WakeResult
from .store import RememberedVehicle, VehicleStore
from .vehicle import BackendError, Command, CommandRecord, Departure, Initiator, Refresh

_LOGGER = logging.getLogger(__name__)

_KEPT = 50
"""Records: enough to answer "who did what to my car" for some weeks."""

type CommandListener = Callable[[CommandRecord], None]


class CommandLog:
    """The commands to one vehicle and its wakes.

    ``records`` are of the commands that have ended, oldest first. ``wakes`` has every wake, whoever caused it. ``plan``
    is the climate start that the vehicle was told to make by itself.
    """

    def __init__(self, name: str, known: RememberedVehicle, store: VehicleStore, *, on_change: CALLBACK_TYPE) -> None:
        """``name`` is what logs call the vehicle; ``on_change`` is called when there is something new to show."""
        self.records = deque(known.log, maxlen=_KEPT)
        self.wakes = known.wakes
        self.plan = known.plan
        self._name = name
        self._store = store
        self._on_change = on_change
        self._listeners: list[CommandListener] = []
        self._unresumed = known.unfinished
        self._open: dict[Job, Unfinished] = {}

    @property
    def unfinished(self) -> tuple[Unfinished, ...]:
        """The commands whose end has not been seen: what a restart must not lose."""
        return (*self._unresumed, *self._open.values())

    def resume(self) -> tuple[Unfinished, ...]:
        """Return what was unfinished at the restart, once: whoever resumes it records what becomes of it."""
        unfinished, self._unresumed = self._unresumed, ()
        return unfinished

    @property
    def _under_way(self) -> list[Job]:
        """The jobs that have not ended; one that was given up has, but is open until the next start looks after it."""
        return [job for job in self._open if job.stage is not Stage.ENDED]

    @property
    def in_flight(self) -> list[Command]:
        """The commands that have left and not ended."""
        return [job.command for job in self._under_way if job.sent_at is not None and not job.cancelled]

    def is_carrying_out(self, kind: type[Command]) -> bool:
        """Whether a command of that kind is being carried out; one that waits for its turn does not count."""
        return any(
            isinstance(job.command, kind) and job.stage is not Stage.WAITING and not job.superseded
            for job in self._under_way
        )

    @property
    def wakes_today(self) -> int:
        """How often the vehicle has been woken since midnight, whoever asked."""
        return self.wakes.wakes_today(dt_util.utcnow(), dt_util.get_default_time_zone())

    @callback
    def async_add_listener(self, listener: CommandListener) -> CALLBACK_TYPE:
        """Call ``listener`` with the record of each command that ends."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    @callback
    def async_changed(self) -> None:
        """Store what a restart must not lose, and show that a command has come further."""
        self._store.async_schedule_save(at_once=True)
        self._on_change()

    @callback
    def async_record(self, record: CommandRecord) -> None:
        """Record how a command has ended."""
        outcome = record.outcome
        _LOGGER.debug("%s: %s ended %s: %s", self._name, record.command, outcome.status, outcome.reason)
        self.records.append(record)
        for listener in list(self._listeners):
            listener(record)

    @callback
    def async_open(self, job: Job) -> None:
        """Record that a command is under way, and how far."""
        self._open[job] = Unfinished(
            command=job.command, asked_by=job.asked_by, asked_at=job.asked_at, sent_at=job.sent_at, ticket=job.ticket
        )

    @callback
    def async_close(self, job: Job, reason: str | None) -> None:
        """Record that a command is not under way any more, and with ``reason`` what its wake has come to."""
        del self._open[job]
        if job.sent_at is None:
            return
        if job.nothing_done:
            self.wakes = self.wakes.withdraw(job.sent_at)
        else:
            self._async_resolve(job.sent_at, reason)

    def record_request(self, job: Job, wakes: bool) -> AbstractAsyncContextManager[None]:
        """Return the context in which a request of a command leaves; see :meth:`_async_request`."""
        at, command = job.sent_at or job.asked_at, job.command
        part = command.group if isinstance(command, Refresh) else None
        return self._async_request(Wake(at=at, asked_by=job.asked_by, why=command.kind(), part=part), wakes=wakes)

    @asynccontextmanager
    async def async_waking(self, why: str, asked_by: Initiator) -> AsyncIterator[Departure]:
        """Record the wake of what is no command; yields the departure of its requests."""
        at = dt_util.utcnow()

        def departure(
            *, wakes: bool = True, answer_within: timedelta = timedelta()
        ) -> AbstractAsyncContextManager[None]:
            return self._async_request(Wake(at=at, asked_by=asked_by, why=why), wakes=wakes)

        try:
            yield departure
        except BackendError as err:
            self._async_resolve(at, err.key)
            raise
        else:
            self._async_resolve(at, None)
        finally:
            self.async_changed()

    @asynccontextmanager
    async def _async_request(self, wake: Wake, *, wakes: bool) -> AsyncIterator[None]:
        """Write down that a request leaves, and what it wakes, before it does; one that was refused wakes nothing."""
        if wakes:
            # A second wake for the same command shows that the first was answered.
            self.wakes = self.wakes.resolve(wake.at, WakeResult.ANSWERED).record(wake)
            self.async_changed()
        await self._store.async_save_open()
        try:
            yield
        except BackendError as err:
            if wakes and err.nothing_done:
                self.wakes = self.wakes.withdraw(wake.at)
            raise

    @callback
    def _async_resolve(self, at: datetime, reason: str | None) -> None:
        self.wakes = self.wakes.resolve(at, WakeResult.of(reason))
