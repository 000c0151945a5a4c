"""The commands to one vehicle: from who asks for them to what is told, logged and kept of them and of their wakes."""

from asyncio import sleep, timeout
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import datetime, timedelta
from functools import reduce
import logging
from typing import Protocol

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import CALLBACK_TYPE, Context, HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.util import dt as dt_util

from .asker import async_asker
from .const import DOMAIN
from .engine.command_evidence import Evidence, is_settled
from .engine.command_follower import CommandTiming, CommandTransport
from .engine.command_job import Job, Stage, Unfinished
from .engine.command_runner import CommandRunner
from .engine.wake_policy import Wake, WakeLedger, WakeResult
from .exceptions import action_error, outcome_error
from .vehicle import (
    BackendError,
    Command,
    CommandOutcome,
    CommandRecord,
    CommandStatus,
    Departure,
    Initiator,
    Reason,
    Ticket,
    VehicleState,
)

_LOGGER = logging.getLogger(__name__)

_KEPT = 50
"""Lines of the log: enough to answer "who did what to my car" for some weeks."""

type CommandListener = Callable[[CommandRecord], None]


class CommandedVehicle(Protocol):
    """What commands need of their vehicle."""

    hass: HomeAssistant
    config_entry: ConfigEntry
    name: str
    data: VehicleState

    def refusal(self, command: Command) -> str | None:
        """Why ``command`` should not be sent now, if it should not."""

    def evidence(self, command: Command) -> Evidence:
        """Return what shows whether the vehicle is already as ``command`` would have it."""

    def backend_name(self, ticket: Ticket | None) -> str:
        """Return through which backend a command went that gave this ticket, or would have gone."""

    def async_commands_changed(self) -> None:
        """There is something new to show and to keep; called in the event loop."""


class VehicleCommands:
    """Takes commands, has them carried out, tells how they ended, and keeps the book of wakes."""

    def __init__(
        self,
        vehicle: CommandedVehicle,
        transport: CommandTransport,
        command_limit: timedelta,
        *,
        log: Iterable[CommandRecord],
        wakes: WakeLedger,
        unfinished: tuple[Unfinished, ...],
        keep: Callable[[], Awaitable[None]],
        conclude: Callable[[Job, CommandOutcome], CommandOutcome] = lambda job, outcome: outcome,
    ) -> None:
        """Begin with what was kept over the restart; nothing runs before :meth:`async_resume`.

        ``keep`` returns when what is open is written, or that takes too long. ``conclude`` may say more of how a
        command has ended, before anybody is told.
        """
        self._vehicle = vehicle
        self._keep = keep
        self._conclude = conclude
        self._listeners: list[CommandListener] = []
        self.log = deque(log, maxlen=_KEPT)
        self.wakes = wakes
        self._left = unfinished
        self._open: dict[Job, Unfinished] = {}
        self.runner = CommandRunner(
            transport,
            check=self._why_not,
            current_state=lambda: vehicle.data,
            on_change=self._async_changed,
            record=self._async_book_command,
            now=dt_util.utcnow,
            sleep=sleep,
            timer=timeout,
            spawn=lambda sending: vehicle.config_entry.async_create_background_task(
                vehicle.hass, sending, f"{DOMAIN} sending to {vehicle.name}"
            ),
            timing=CommandTiming(limit=command_limit.total_seconds()),
        )

    def is_settled(self, command: Command) -> bool:
        """Whether the vehicle is known to be as ``command`` would have it, and nobody insists.

        As long as another command that may change it is on its way, nothing is known.
        """
        if command.force or any(each.concerns_same(command) for each in self.runner.in_flight):
            return False
        return is_settled(command, self._vehicle.evidence(command), self.log)

    def _why_not(self, command: Command) -> str | None:
        """Why ``command`` is not sent now: it should not be, or need not be."""
        reason = self._vehicle.refusal(command)
        return Reason.ALREADY_SO if reason is None and self.is_settled(command) else reason

    @property
    def in_progress(self) -> Command | None:
        """The command that is being carried out, of several the one that was asked for last."""
        return self.runner.current.command if self.runner.current else None

    def pending(self, kinds: Collection[type[Command]]) -> Command | None:
        """Return the command of one of these kinds that was asked for last and has not ended, if there is one."""
        asked = [command for command in self.runner.pending if type(command) in kinds]
        return asked[-1] if asked else None

    @property
    def expected(self) -> VehicleState:
        """What is believed of the vehicle as it will be after all that has been asked for.

        Decisions go by it: what is believed may be about to be superseded by a command on its way.
        """
        return reduce(lambda state, command: command.applied_to(state), self.runner.pending, self._vehicle.data)

    @property
    def unfinished(self) -> tuple[Unfinished, ...]:
        """The commands whose end has not been seen yet: what a restart must not lose."""
        return (*self._left, *self._open.values())

    @callback
    def async_add_listener(self, listener: CommandListener) -> CALLBACK_TYPE:
        """Tell ``listener`` how each command ends."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    async def async_execute(self, command: Command, context: Context | None, *, at_once: bool) -> CommandOutcome | None:
        """Have a command carried out and wait for its end, or if ``at_once`` until it is accepted; return its outcome.

        Raises a translated :class:`HomeAssistantError` if it was not sent, not accepted, not carried out or not
        confirmed in time.
        """
        job = self.async_submit(command, await async_asker(self._vehicle.hass, context))
        await (job.accepted if at_once else job.ended).wait()
        if at_once and job.stage is not Stage.ENDED:
            return None
        if job.error is not None:
            raise action_error(job.error)
        if job.outcome is None:
            raise HomeAssistantError(translation_domain=DOMAIN, translation_key="interrupted")
        if job.outcome.status is not CommandStatus.CONFIRMED:
            raise outcome_error(job.outcome)
        return job.outcome

    @callback
    def async_submit(self, command: Command, asked_by: Initiator) -> Job:
        """Have a command carried out, or join an equal one; whoever wants to may wait for the end of the job."""
        job, new = self.runner.submit(command, asked_by)
        if new:
            self._async_start(job)
        return job

    @callback
    def async_resume(self) -> None:
        """Bring to an end what was unfinished before the restart, once those listen who are to be told.

        What was sent is followed. What was not is not sent any more: it may no longer be wanted.
        """
        left, self._left = self._left, ()
        for each in left:
            job = Job(each.command, each.asked_by, each.asked_at, sent_at=each.sent_at)
            if each.sent_at is None:
                status, reason = CommandStatus.BLOCKED, Reason.INTERRUPTED
                self._async_finish(job, CommandOutcome(status=status, reason=reason, ended_at=dt_util.utcnow()))
                self._vehicle.async_commands_changed()
                continue
            # Without a ticket nobody can be asked how it goes, but the vehicle's state still tells.
            job.ticket = each.ticket or Ticket("", each.sent_at)
            self.runner.add(job)
            self._async_start(job)

    @asynccontextmanager
    async def async_waking(self, why: str, asked_by: Initiator) -> AsyncIterator[Departure]:
        """Keep the book of what is no command; yields in what its requests are to leave."""
        at = dt_util.utcnow()

        def departure(
            *, wakes: bool = True, answer_within: timedelta = timedelta()
        ) -> AbstractAsyncContextManager[None]:
            return self._async_book(at, asked_by, why, wakes=wakes)

        try:
            yield departure
        except BackendError as err:
            self._async_resolve(at, err.key)
            raise
        else:
            self._async_resolve(at, None)
        finally:
            self._vehicle.async_commands_changed()

    def _async_book_command(self, job: Job, wakes: bool) -> AbstractAsyncContextManager[None]:
        return self._async_book(job.sent_at or job.asked_at, job.asked_by, job.command.kind(), wakes=wakes)

    @asynccontextmanager
    async def _async_book(self, at: datetime, asked_by: Initiator, why: str, *, wakes: bool) -> AsyncIterator[None]:
        """Have it kept that a request leaves, and what it wakes, before it does; what was refused woke nobody."""
        if wakes:
            self._async_woken(at, asked_by, why)
        await self._keep()
        try:
            yield
        except BackendError as err:
            if wakes and err.nothing_done:
                self.wakes = self.wakes.withdraw(at)
            raise

    @callback
    def _async_start(self, job: Job) -> None:
        self._vehicle.config_entry.async_create_background_task(
            self._vehicle.hass, self.runner.run(job), f"{DOMAIN} {job.command.kind()} of {self._vehicle.name}"
        )

    @callback
    def _async_changed(self, job: Job) -> None:
        if job.stage is not Stage.ENDED:
            self._open[job] = Unfinished(
                command=job.command,
                asked_by=job.asked_by,
                asked_at=job.asked_at,
                sent_at=job.sent_at,
                ticket=job.ticket,
            )
        elif job.outcome is not None:  # otherwise it was given up, and is left for the next start
            del self._open[job]
            job.outcome = self._conclude(job, job.outcome)
            if job.sent_at is not None and job.nothing_done:
                self.wakes = self.wakes.withdraw(job.sent_at)
            elif job.sent_at is not None:
                self._async_resolve(job.sent_at, job.outcome.reason)
            self._async_finish(job, job.outcome)
        self._vehicle.async_commands_changed()

    @callback
    def _async_woken(self, at: datetime, asked_by: Initiator, why: str) -> None:
        """Put a wake into the book before it happens. A second one for the same shows that the first was answered."""
        self.wakes = self.wakes.resolve(at, WakeResult.ANSWERED).record(Wake(at=at, asked_by=asked_by, why=why))
        self._vehicle.async_commands_changed()

    @callback
    def _async_resolve(self, at: datetime, reason: str | None) -> None:
        self.wakes = self.wakes.resolve(at, WakeResult.of(reason))

    @callback
    def _async_finish(self, job: Job, outcome: CommandOutcome) -> None:
        record = CommandRecord(
            command=job.command.kind(),
            asked_at=job.asked_at,
            asked_by=job.asked_by,
            backend=self._vehicle.backend_name(job.ticket),
            outcome=outcome,
        )
        self._async_record(record)

    @callback
    def async_tell(self, record: CommandRecord) -> None:
        """Tell what has become of a command after it had ended: what it was to do later."""
        self._async_record(record)
        self._vehicle.async_commands_changed()

    @callback
    def _async_record(self, record: CommandRecord) -> None:
        outcome = record.outcome
        _LOGGER.debug("%s: %s ended %s: %s", self._vehicle.name, record.command, outcome.status, outcome.reason)
        self.log.append(record)
        for listener in list(self._listeners):
            listener(record)
