"""What is done for one vehicle without a command: its planned climate start is followed, and it may be woken."""

from dataclasses import replace
from datetime import datetime
import logging
from typing import NamedTuple

from homeassistant.core import CALLBACK_TYPE, callback
from homeassistant.helpers.event import async_track_point_in_utc_time
from homeassistant.util import dt as dt_util

from .alerts import VehicleAlerts
from .commands import VehicleCommands
from .coordinator import Cause, StateUpdate, VehicleCoordinator
from .engine.command_job import CHECK_START_AFTER, START_VISIBLE_FOR, ClimatePlan, Job
from .engine.wake_policy import WakeContext, WakeRefusal, wake_refusal
from .vehicle import (
    BackendError,
    CancelClimateSchedule,
    Capability,
    CommandOutcome,
    CommandRecord,
    CommandStatus,
    Group,
    Initiator,
    Reason,
    Refresh,
    ScheduleClimate,
    StartClimate,
    StopClimate,
)

_LOGGER = logging.getLogger(__name__)

_ENDS_IT = (CancelClimateSchedule, StartClimate, StopClimate)


class ClimatePlans:
    """Follows the planned start of one vehicle: reports if it does not happen, cancels it where climate is blocked."""

    def __init__(self, coordinator: VehicleCoordinator, commands: VehicleCommands, alerts: VehicleAlerts) -> None:
        """Nothing is checked of a plan from before the restart until :meth:`async_resume`."""
        self._coordinator = coordinator
        self._commands = commands
        self._log = commands.log
        self._alerts = alerts
        self._cancel_check: CALLBACK_TYPE | None = None
        commands.async_add_job_listener(self._async_job_ended)
        alerts.async_add_evaluation_listener(self._async_review)

    @callback
    def async_resume(self) -> None:
        """Follow what was planned before a restart, unless it is too old to be seen in the vehicle's state."""
        now = dt_util.utcnow()
        if (plan := self._log.plan) is None:
            return
        if now > plan.at + START_VISIBLE_FOR:
            self._async_forget()
        else:
            self._async_check_at(max(plan.at + CHECK_START_AFTER, now))

    @callback
    def async_stop(self) -> None:
        """Cancel the next check."""
        if self._cancel_check is not None:
            self._cancel_check()
            self._cancel_check = None

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
            self._async_check_at(at + CHECK_START_AFTER)
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
        self._cancel_check = async_track_point_in_utc_time(self._coordinator.hass, self._async_check, at)

    async def _async_check(self, now: datetime) -> None:
        """Read whether the climate has started. A failed read is retried until the start cannot be seen any more."""
        if (plan := self._log.plan) is None:
            return
        try:
            state = await self._coordinator.async_read_now({Group.CLIMATE})
        except BackendError:
            if now + CHECK_START_AFTER <= plan.at + START_VISIBLE_FOR:
                self._async_check_at(now + CHECK_START_AFTER)
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


class NotWoken(NamedTuple):
    """Why the vehicle is not woken automatically, and since when that is the reason."""

    refusal: WakeRefusal
    since: datetime


class AutomaticWakes:
    """Wakes one vehicle when its owner wants that and nothing speaks against it.

    ``not_woken`` is why it is not woken at the moment.
    """

    def __init__(self, coordinator: VehicleCoordinator, commands: VehicleCommands) -> None:
        """A wake that was due before now is not made up for."""
        self.not_woken: NotWoken | None = None
        self._coordinator = coordinator
        self._commands = commands
        self._started_at = dt_util.utcnow()

    @callback
    def async_observe(self, update: StateUpdate) -> None:
        """After a read, wake the vehicle or note why not."""
        vehicle = self._coordinator
        if update.cause is not Cause.READ or Capability.REFRESH not in vehicle.info.capabilities:
            return
        if not self._commands.runner.idle:
            return  # a command that waits its turn is not in the log yet
        now = dt_util.utcnow()
        refusal = wake_refusal(
            WakeContext(
                policy=vehicle.connection.settings.wake_policy(vehicle.info.key),
                ledger=self._commands.log.wakes,
                state=update.state,
                activity=vehicle.activity,
                now=now,
                zone=dt_util.get_default_time_zone(),
                started_at=self._started_at,
            )
        )
        if self.not_woken is None or self.not_woken.refusal is not refusal:
            _LOGGER.debug("%s: automatic wake: %s", vehicle.name, refusal or "due")
            self.not_woken = NotWoken(refusal, now) if refusal else None
        if refusal is None:
            self._commands.async_submit(Refresh(), Initiator(kind="option", name=None))
