"""The planned climate start of one vehicle, followed until it has happened and not only until it is accepted."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from homeassistant.core import CALLBACK_TYPE, callback
from homeassistant.helpers.event import async_track_point_in_utc_time
from homeassistant.util import dt as dt_util

from .alerts import VehicleAlerts
from .commands import VehicleCommands
from .coordinator import VehicleCoordinator
from .engine.command_job import FIRST_LOOK, LAST_LOOK, ClimatePlan, Job
from .vehicle import (
    BackendError,
    CancelClimateSchedule,
    CommandOutcome,
    CommandRecord,
    CommandStatus,
    Group,
    Initiator,
    Reason,
    ScheduleClimate,
    StartClimate,
    StopClimate,
)

_ENDS_IT = (CancelClimateSchedule, StartClimate, StopClimate)


class ClimatePlans:
    """Follows the planned start of one vehicle: reports if it does not happen, cancels it where climate is blocked."""

    def __init__(self, coordinator: VehicleCoordinator, commands: VehicleCommands, alerts: VehicleAlerts) -> None:
        """Nothing is checked of a plan from before the restart until :meth:`async_resume`."""
        self._coordinator = coordinator
        self._commands = commands
        self._log = commands.log
        self._alerts = alerts
        self._stop: CALLBACK_TYPE = _nothing
        commands.async_add_job_listener(self._async_job_ended)
        alerts.async_add_evaluation_listener(self._async_review)

    @callback
    def async_resume(self) -> None:
        """Follow what was planned before a restart, unless it is too old to be seen in the vehicle's state."""
        now = dt_util.utcnow()
        if (plan := self._log.plan) is None:
            return
        if now > plan.at + LAST_LOOK:
            self._async_forget()
        else:
            self._async_check_at(max(plan.at + FIRST_LOOK, now))

    @callback
    def async_stop(self) -> None:
        """Cancel the next check."""
        self._stop()
        self._stop = _nothing

    @callback
    def _async_job_ended(self, job: Job, outcome: CommandOutcome) -> None:
        """Take over a plan that a command has made or ended."""
        if outcome.status is not CommandStatus.CONFIRMED:
            return
        if isinstance(job.command, ScheduleClimate):
            at = job.command.at
            self._log.plan = ClimatePlan(
                at=at,
                asked_at=job.asked_at,
                asked_by=job.asked_by,
                backend=self._coordinator.sources.backend_name(job.ticket),
            )
            self._async_check_at(at + FIRST_LOOK)
            return
        plan = self._log.plan
        over = isinstance(job.command, CancelClimateSchedule) or (plan and plan.at <= outcome.ended_at)
        if isinstance(job.command, _ENDS_IT) and over:  # whoever starts or stops it by hand knows how it went
            self._async_forget()

    @callback
    def _async_review(self) -> None:
        """Cancel the plan if climate is blocked where the vehicle is, and record that for whoever had made it."""
        plan, now = self._log.plan, dt_util.utcnow()
        if not self._alerts.blocks_climate or plan is None or plan.withdrawn or plan.at <= now:
            return
        self._log.plan = replace(plan, withdrawn=True)
        self._async_record(plan.failed(CommandStatus.BLOCKED, Reason.BLOCKED_BY_AREA, now))
        self._commands.async_submit(CancelClimateSchedule(), Initiator(kind="area"))

    @callback
    def _async_forget(self) -> None:
        self.async_stop()
        self._log.plan = None

    @callback
    def _async_check_at(self, at: datetime) -> None:
        self.async_stop()
        self._stop = async_track_point_in_utc_time(self._coordinator.hass, self._async_check, at)

    async def _async_check(self, now: datetime) -> None:
        """Read whether the climate has started. A failed read is retried until the start cannot be seen any more."""
        if (plan := self._log.plan) is None:
            return
        try:
            state = await self._coordinator.async_read_now({Group.CLIMATE})
        except BackendError:
            if now + FIRST_LOOK <= plan.at + LAST_LOOK:
                self._async_check_at(now + FIRST_LOOK)
                return
            state = self._coordinator.data
        if self._log.plan is not plan:
            return  # there is a new plan
        happened = plan.happened(state, driving=self._coordinator.activity.driving)
        self._async_forget()
        if happened is False and not plan.withdrawn:
            self._async_record(plan.failed(CommandStatus.TIMED_OUT, Reason.NOT_STARTED, dt_util.utcnow()))

    @callback
    def _async_record(self, record: CommandRecord) -> None:
        self._log.async_record(record)
        self._log.async_changed()


_nothing: Callable[[], None] = lambda: None  # noqa: E731 - there is nothing to cancel
