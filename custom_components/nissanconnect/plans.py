"""The climate start that a vehicle was told to make by itself, followed to its time and not only to its being noted."""

from collections.abc import Callable, Collection
from dataclasses import replace
from datetime import datetime
from typing import Protocol

from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers.event import async_track_point_in_utc_time
from homeassistant.util import dt as dt_util

from .alerts import VehicleAlerts
from .commands import VehicleCommands
from .engine.command_evidence import FIRST_LOOK, LAST_LOOK, ClimatePlan, next_start
from .engine.command_job import Job
from .vehicle import (
    BackendError,
    CancelClimateSchedule,
    Command,
    CommandOutcome,
    CommandStatus,
    Group,
    Initiator,
    Reason,
    ScheduleClimate,
    StartClimate,
    StopClimate,
    Ticket,
    VehicleState,
)

_ENDS_IT = (CancelClimateSchedule, StartClimate, StopClimate)


class PlannedVehicle(Protocol):
    """What plans need of their vehicle."""

    hass: HomeAssistant
    data: VehicleState
    commands: VehicleCommands
    alerts: VehicleAlerts

    @property
    def driving(self) -> bool | None:
        """Whether it drives, as far as is known."""

    async def look(self, groups: Collection[Group]) -> VehicleState:
        """Read ``groups`` and return all that is believed then; wakes nobody."""

    def backend_name(self, ticket: Ticket | None) -> str:
        """Return through which backend a command went."""


class ClimatePlans:
    """Knows the next start of one vehicle, tells if it does not happen, and takes it back where climate is blocked."""

    def __init__(self, vehicle: PlannedVehicle, plan: ClimatePlan | None) -> None:
        """Go on from what was planned before the restart; nothing is looked at before :meth:`async_resume`."""
        self.plan = plan
        self._vehicle = vehicle
        self._replaces: datetime | None = None
        self._stop: CALLBACK_TYPE = _nothing

    @callback
    def async_sending(self, command: Command) -> None:
        """Note what a plan that is being sent would replace."""
        if isinstance(command, ScheduleClimate):
            self._replaces = next_start(self.plan, self._vehicle.data, dt_util.utcnow())

    @callback
    def async_conclude(self, job: Job, outcome: CommandOutcome) -> CommandOutcome:
        """Take notice of how a command has ended; return the outcome with what it has replaced."""
        if outcome.status is not CommandStatus.CONFIRMED:
            return outcome
        if isinstance(job.command, ScheduleClimate):
            replaced, at = self._replaces, job.command.at
            self.plan = ClimatePlan(
                at=at,
                asked_at=job.asked_at,
                asked_by=job.asked_by,
                backend=self._vehicle.backend_name(job.ticket),
            )
            self._async_look_at(at + FIRST_LOOK)
            return replace(outcome, replaced_at=replaced if replaced != at else None)
        over = isinstance(job.command, CancelClimateSchedule) or (self.plan and self.plan.at <= outcome.ended_at)
        if isinstance(job.command, _ENDS_IT) and over:  # whoever starts or stops by hand meanwhile knows how it went
            self._async_forget()
        return outcome

    @callback
    def async_resume(self) -> None:
        """Look after what was planned before a restart; of what is long past nothing can be seen any more."""
        now = dt_util.utcnow()
        if self.plan is None:
            return
        if now > self.plan.at + LAST_LOOK:
            self._async_forget()
        else:
            self._async_look_at(max(self.plan.at + FIRST_LOOK, now))

    @callback
    def async_stop(self) -> None:
        """Look no more."""
        self._stop()
        self._stop = _nothing

    @callback
    def async_review(self) -> None:
        """Take the plan back if the vehicle is where its owner wants no climate, and tell who had asked for it."""
        plan, now = self.plan, dt_util.utcnow()
        blocked = self._vehicle.alerts.lookout.blocks_climate(self._vehicle.alerts.fences)
        if not blocked or plan is None or plan.withdrawn or plan.at <= now:
            return
        self.plan = replace(plan, withdrawn=True)
        self._vehicle.commands.async_tell(plan.failed(CommandStatus.BLOCKED, Reason.BLOCKED_BY_AREA, now))
        self._vehicle.commands.async_submit(CancelClimateSchedule(), Initiator(kind="area"))

    @callback
    def _async_forget(self) -> None:
        self.async_stop()
        self.plan = None

    @callback
    def _async_look_at(self, at: datetime) -> None:
        self.async_stop()
        self._stop = async_track_point_in_utc_time(self._vehicle.hass, self._async_look, at)

    async def _async_look(self, now: datetime) -> None:
        """Read whether it has happened. What cannot be read is tried again until there is nothing to be seen."""
        if (plan := self.plan) is None:
            return
        try:
            state = await self._vehicle.look({Group.CLIMATE})
        except BackendError:
            if now + FIRST_LOOK <= plan.at + LAST_LOOK:
                self._async_look_at(now + FIRST_LOOK)
                return
            state = self._vehicle.data
        if self.plan is not plan:
            return  # somebody has planned anew meanwhile
        happened = plan.happened(state, driving=self._vehicle.driving)
        self._async_forget()
        if happened is False and not plan.withdrawn:
            self._vehicle.commands.async_tell(
                plan.failed(CommandStatus.TIMED_OUT, Reason.NOT_STARTED, dt_util.utcnow())
            )


_nothing: Callable[[], None] = lambda: None  # noqa: E731 - there is nothing to stop
