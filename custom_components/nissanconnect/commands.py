"""The commands to one vehicle: from who asks for them to what is told, logged and kept of them."""

from asyncio import sleep
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
import logging
from typing import Protocol

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import CALLBACK_TYPE, Context, HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.util import dt as dt_util

from .asker import async_asker
from .backends.base import Description
from .const import DOMAIN
from .engine.runner import CommandRunner, Job, Line, Patience, Stage
from .exceptions import NEEDS_REAUTH, action_error, outcome_error
from .vehicle import Asker, Command, CommandOutcome, CommandRecord, CommandStatus, Ticket, VehicleState

_LOGGER = logging.getLogger(__name__)

_KEPT = 50
"""Lines of the log: enough to answer "who did what to my car" for some weeks."""

type CommandListener = Callable[[CommandRecord], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Unfinished:
    """A command that was being carried out when Home Assistant stopped. ``ticket`` is what the backend gave for it."""

    command: Command
    asked_by: Asker
    asked_at: datetime
    ticket: Ticket


class CommandedVehicle(Line, Protocol):
    """What commands need of their vehicle."""

    hass: HomeAssistant
    config_entry: ConfigEntry
    name: str
    data: VehicleState

    def refusal(self, command: Command) -> str | None:
        """Why ``command`` should not be sent now, if it should not."""

    def async_command_changed(self, job: Job) -> None:
        """A command has come further; called in the event loop."""


class VehicleCommands:
    """Takes commands, has them carried out, tells how they ended."""

    def __init__(self, vehicle: CommandedVehicle, backend: Description, log: Iterable[CommandRecord]) -> None:
        """Begin with what was logged before the restart."""
        self._vehicle = vehicle
        self._backend = backend
        self._listeners: list[CommandListener] = []
        self.log = deque(log, maxlen=_KEPT)
        self.unfinished: Unfinished | None = None
        self.runner = CommandRunner(
            vehicle,
            check=vehicle.refusal,
            believed=lambda: vehicle.data,
            changed=self._async_changed,
            now=dt_util.utcnow,
            sleep=sleep,
            patience=Patience(limit=backend.command_limit.total_seconds()),
        )

    @property
    def in_progress(self) -> Command | None:
        """The command that is being carried out."""
        return self.runner.current.command if self.runner.current else None

    @callback
    def async_add_listener(self, listener: CommandListener) -> CALLBACK_TYPE:
        """Tell ``listener`` how each command ends."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    async def async_execute(self, command: Command, context: Context | None, *, at_once: bool) -> None:
        """Have a command carried out and wait for its end, or if ``at_once`` until it is accepted.

        Raises a translated :class:`HomeAssistantError` if it was not sent, not accepted, not carried out or not
        confirmed in time.
        """
        job = self.async_submit(command, await async_asker(self._vehicle.hass, context))
        await (job.accepted if at_once else job.ended).wait()
        if at_once and job.stage is not Stage.ENDED:
            return
        if job.error is not None:
            raise action_error(job.error)
        if job.outcome is None:
            raise HomeAssistantError(translation_domain=DOMAIN, translation_key="interrupted")
        if job.outcome.status is not CommandStatus.CONFIRMED:
            raise outcome_error(job.outcome)

    @callback
    def async_submit(self, command: Command, asked_by: Asker) -> Job:
        """Have a command carried out, or join an equal one; whoever wants to may wait for the end of the job."""
        job, new = self.runner.submit(command, asked_by)
        if new:
            self._async_start(job)
        return job

    @callback
    def async_resume(self, unfinished: Unfinished) -> None:
        """Follow a command to its end that was sent before a restart. Nothing is sent again."""
        self._async_start(
            self.runner.resume(unfinished.command, unfinished.asked_by, unfinished.asked_at, unfinished.ticket)
        )

    @callback
    def _async_start(self, job: Job) -> None:
        self._vehicle.config_entry.async_create_background_task(
            self._vehicle.hass, self.runner.work(job), f"{DOMAIN} {job.command.kind()} of {self._vehicle.name}"
        )

    @callback
    def _async_changed(self, job: Job) -> None:
        if isinstance(job.error, NEEDS_REAUTH):
            self._vehicle.config_entry.async_start_reauth(self._vehicle.hass)
        if job.stage in (Stage.SENDING, Stage.ACCEPTED):
            self.unfinished = Unfinished(
                command=job.command,
                asked_by=job.asked_by,
                asked_at=job.asked_at,
                # Without a ticket yet, nobody can be asked after a restart; the vehicle's state still tells.
                ticket=job.ticket or Ticket("", dt_util.utcnow()),
            )
        if job.stage is Stage.ENDED and job.outcome is not None:
            self.unfinished = None
            self._async_finish(job, job.outcome)
        self._vehicle.async_command_changed(job)

    @callback
    def _async_finish(self, job: Job, outcome: CommandOutcome) -> None:
        record = CommandRecord(
            command=job.command.kind(),
            asked_at=job.asked_at,
            asked_by=job.asked_by,
            backend=self._backend.name,
            outcome=outcome,
        )
        _LOGGER.debug("%s: %s ended %s: %s", self._vehicle.name, record.command, outcome.status, outcome.reason)
        self.log.append(record)
        for listener in list(self._listeners):
            listener(record)
