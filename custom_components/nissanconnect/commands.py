"""The commands to one vehicle: from whoever wants them, past what forbids them, to their end."""

from asyncio import sleep, timeout
from collections.abc import Callable, Collection, Iterator
from dataclasses import replace
from datetime import datetime
from functools import reduce

from homeassistant.const import ATTR_FRIENDLY_NAME
from homeassistant.core import Context, HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.util import dt as dt_util

from .command_checks import CommandChecks
from .command_log import CommandLog
from .const import DOMAIN
from .coordinator import VehicleCoordinator
from .engine.command_job import CommandTiming, CommandTransport, Job, Stage, next_start
from .engine.command_runner import CommandRunner
from .vehicle import (
    BackendError,
    Command,
    CommandOutcome,
    CommandRecord,
    CommandStatus,
    Departure,
    Initiator,
    NotSupported,
    PinRequired,
    Reason,
    Refresh,
    ScheduleClimate,
    Ticket,
    VehicleState,
)

_RUNNERS = ("automation", "script")

type JobListener = Callable[[Job, CommandOutcome], None]


class VehicleCommands:
    """Takes the commands to one vehicle, has them carried out, and records how they ended."""

    def __init__(self, coordinator: VehicleCoordinator, log: CommandLog, checks: CommandChecks) -> None:
        """Nothing of what was unfinished at the restart runs before :meth:`async_resume`."""
        self.log = log
        self._coordinator = coordinator
        self._sources = coordinator.sources
        self._replaces: datetime | None = None
        """The planned climate start that the one which is being sent would replace."""
        self._job_listeners: list[JobListener] = []
        self.runner = CommandRunner(
            CommandTransport(
                send=self._async_send,
                poll=self._sources.poll,
                read=coordinator.async_read_now,
                still_reports=self._async_still_reports,
                would_displace=self._sources.would_displace,
            ),
            check=checks.check,
            current_state=lambda: coordinator.data,
            on_change=self._async_job_changed,
            record=log.record_request,
            now=dt_util.utcnow,
            sleep=sleep,
            timer=timeout,
            spawn=lambda sending: coordinator.config_entry.async_create_background_task(
                coordinator.hass, sending, f"{DOMAIN} sending to {coordinator.name}"
            ),
            timing=CommandTiming(limit=coordinator.connection.backend.description.command_limit.total_seconds()),
        )

    @callback
    def async_add_job_listener(self, listener: JobListener) -> None:
        """Call ``listener`` for each command that ends with an outcome, before that is recorded."""
        self._job_listeners.append(listener)

    @property
    def in_progress(self) -> Command | None:
        """The command that is being carried out, of several the one that was requested last."""
        return self.runner.current.command if self.runner.current else None

    def pending(self, kinds: Collection[type[Command]]) -> Command | None:
        """Return the last command of these kinds that has not ended, if there is one."""
        pending = [command for command in self.runner.pending if type(command) in kinds]
        return pending[-1] if pending else None

    @property
    def expected(self) -> VehicleState:
        """The state as it will be after all pending commands.

        Decisions go by it: the present state may be about to be superseded by a command on its way.
        """
        return reduce(lambda state, command: command.applied_to(state), self.runner.pending, self._coordinator.data)

    async def async_execute(
        self, command: Command, context: Context | None = None, *, until_accepted: bool | None = None
    ) -> CommandOutcome | None:
        """Have a command carried out and return its outcome, or ``None`` if it has only to be accepted.

        ``until_accepted`` is whether that is enough; if it is ``None`` the owner's option decides.

        Raises a translated :class:`HomeAssistantError` if it was not sent, not accepted, not carried out or not
        confirmed in time.
        """
        if until_accepted is None:
            until_accepted = self._coordinator.connection.settings.answer_at_once
        job = self.async_submit(command, await async_initiator(self._coordinator.hass, context))
        await (job.accepted if until_accepted else job.ended).wait()
        if until_accepted and job.stage is not Stage.ENDED:
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
        """Have a command carried out, or join an equal one; the job's events tell how it goes."""
        job, is_new = self.runner.submit(command, asked_by)
        if is_new:
            self._async_run(job)
        return job

    @callback
    def async_resume(self) -> None:
        """Resume what was unfinished at the restart: sent commands are followed, unsent ones are dropped."""
        for each in self.log.resume():
            job = Job(each.command, each.asked_by, each.asked_at, sent_at=each.sent_at)
            if each.sent_at is None:
                outcome = CommandOutcome(
                    status=CommandStatus.BLOCKED, reason=Reason.INTERRUPTED, ended_at=dt_util.utcnow()
                )
                self._async_record(job, outcome)
                self.log.async_changed()
                continue
            # Without a ticket it cannot be polled, but the vehicle's state still shows its effect.
            job.ticket = each.ticket or Ticket("", each.sent_at)
            self.runner.add(job)
            self._async_run(job)

    async def _async_send(self, command: Command, departure: Departure) -> Ticket:
        if isinstance(command, ScheduleClimate):
            self._replaces = next_start(self.log.plan, self._coordinator.data, dt_util.utcnow())
        return await self._sources.send(replace(command, force=False), departure)  # no source needs to know who insists

    async def _async_still_reports(self, command: Command) -> bool:
        """Whether the source, read now, still reports the command's groups."""
        if not self._sources.is_polled:
            return True
        requested_at = dt_util.utcnow()
        try:
            groups = (await self._coordinator.async_read_now(command.groups)).groups()
        except BackendError:
            return False
        return all(group in groups and groups[group].received_at >= requested_at for group in command.groups)

    @callback
    def _async_run(self, job: Job) -> None:
        self._coordinator.config_entry.async_create_background_task(
            self._coordinator.hass, self.runner.run(job), f"{DOMAIN} {job.command.kind()} of {self._coordinator.name}"
        )

    @callback
    def _async_job_changed(self, job: Job) -> None:
        if job.stage is not Stage.ENDED:
            self.log.async_open(job)
        elif job.outcome is not None:  # otherwise it was given up, and is left for the next start
            self._async_end(job, job.outcome)
        self.log.async_changed()

    @callback
    def _async_end(self, job: Job, outcome: CommandOutcome) -> None:
        self.log.async_close(job, outcome.reason)
        for refresh in self._left_out(job, outcome):
            self.async_submit(refresh, job.asked_by)
        if isinstance(job.command, ScheduleClimate) and outcome.status is CommandStatus.CONFIRMED:
            job.outcome = outcome = replace(
                outcome, replaced_at=self._replaces if self._replaces != job.command.at else None
            )
        for listener in self._job_listeners:
            listener(job, outcome)
        self._async_record(job, outcome)

    def _left_out(self, job: Job, outcome: CommandOutcome) -> Iterator[Refresh]:
        """Yield the refreshes of what the widest refresh leaves out, if somebody waits for that.

        Automatic wakes stay single.
        """
        if job.command != Refresh() or not job.asked_by.waits or outcome.status is not CommandStatus.CONFIRMED:
            return
        source = self._sources.named(job.ticket.via if job.ticket else None)
        known = source.reported.state.groups()
        for group in source.connection.backend.description.refreshes if source.connection else ():
            reported_at = known[group].reported_at if group in known else None
            renewed = reported_at is not None and job.sent_at is not None and reported_at >= job.sent_at
            if source.offers(Refresh(group).needs) and not renewed:
                yield Refresh(group)

    @callback
    def _async_record(self, job: Job, outcome: CommandOutcome) -> None:
        record = CommandRecord(
            command=job.command.kind(),
            asked_at=job.asked_at,
            asked_by=job.asked_by,
            backend=self._sources.backend_name(job.ticket),
            outcome=outcome,
        )
        self.log.async_record(record)


def action_error(error: BackendError) -> HomeAssistantError:
    """Return what an action raises when its command was not accepted."""
    kind = ServiceValidationError if isinstance(error, NotSupported | PinRequired) else HomeAssistantError
    return kind(translation_domain=DOMAIN, translation_key=error.key)


def outcome_error(outcome: CommandOutcome) -> HomeAssistantError:
    """Return what an action raises when its command was blocked, or not confirmed by the vehicle."""
    kind = ServiceValidationError if outcome.status is CommandStatus.BLOCKED else HomeAssistantError
    return kind(
        translation_domain=DOMAIN,
        translation_key=outcome.reason or outcome.status,
        translation_placeholders={"code": outcome.code or "?"},
    )


async def async_initiator(hass: HomeAssistant, context: Context | None) -> Initiator:
    """Return who is behind a context.

    An automation or script runs its actions under the context of its own last change of state; a person's context
    names the user.
    """
    if context is None:
        return Initiator(kind="home_assistant")
    for domain in _RUNNERS:
        for state in hass.states.async_all(domain):
            if state.context.id in (context.id, context.parent_id):
                return Initiator(kind=domain, name=state.attributes.get(ATTR_FRIENDLY_NAME, state.entity_id))
    if context.user_id and (user := await hass.auth.async_get_user(context.user_id)):
        return Initiator(kind="user", name=user.name)
    return Initiator(kind="home_assistant")
