"""What a vehicle's state shows about commands: that one is not needed, or that a planned start has happened."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from ..vehicle import (
    COMMANDS,
    PLANNED,
    Charging,
    ChargingStatus,
    Climate,
    Command,
    CommandOutcome,
    CommandRecord,
    CommandStatus,
    Initiator,
    Reason,
    Refresh,
    Reported,
    ScheduleClimate,
    SetChargeLimit,
    StartCharging,
    StopCharging,
    StopClimate,
    VehicleState,
)

_LASTS: Mapping[type[Command], timedelta] = {
    SetChargeLimit: timedelta(hours=1),
    StartCharging: timedelta(minutes=15),
    StopCharging: timedelta(hours=1),
    StopClimate: timedelta(hours=24),
}
"""How long after the vehicle's report its state still makes the command needless.

A charge begins and ends by itself, by timers and by hands at the plug. A remote climate start, whoever made it, is
reported, and planned ones are known. Starting climate again extends its run, so it is always sent. Doors are never left
to a report.
"""

_TIMERS = timedelta(minutes=15)
"""For how long a plugged vehicle that does not charge is assumed not to have begun by its own timer."""

_LATE_EFFECT = timedelta(minutes=15)
"""For how long a command that was not confirmed may still be carried out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """The known state, and when the vehicle reported the groups of the command."""

    state: VehicleState
    reported_at: datetime
    now: datetime


def is_settled(command: Command, evidence: Evidence, past: Iterable[CommandRecord]) -> bool:
    """Whether the vehicle has reported the wanted state since the last of ``past`` that could have changed it."""
    lasts = _LASTS.get(type(command))
    if lasts is None or evidence.now - evidence.reported_at > lasts:
        return False
    if command.seen_in(evidence.state, evidence.state) is not True or _may_begin(command, evidence):
        return False
    rivals = {kind.kind() for kind in COMMANDS if kind is not Refresh and kind.groups & command.groups}
    return all(_shown_by(record.outcome, evidence.reported_at) for record in past if record.command in rivals)


def _shown_by(outcome: CommandOutcome, reported_at: datetime) -> bool:
    """Whether a report shows the effect of a command. One that was not sent has changed nothing."""
    if outcome.sent_at is None:
        return True
    confirmed = outcome.status is CommandStatus.CONFIRMED
    return reported_at >= (outcome.sent_at if confirmed else outcome.ended_at + _LATE_EFFECT)


def _may_begin(command: Command, evidence: Evidence) -> bool:
    """Whether the thing to stop may have begun since, or may be about to, by a schedule."""
    group: Reported | None = evidence.state.climate if isinstance(command, StopClimate) else evidence.state.charging
    match command, group:
        case StopClimate(), Climate(next_start_at=datetime() as at):
            return evidence.reported_at < at <= evidence.now
        case StopCharging(), Charging(status=status, plugged_in=plugged):
            waits = status not in (ChargingStatus.NOT_CHARGING, ChargingStatus.FINISHED)
            return plugged is not False and (waits or evidence.now - evidence.reported_at > _TIMERS)
    return False


FIRST_LOOK = timedelta(minutes=5)
"""When after the planned time to look for the start: vehicles need a minute or two, and so do clouds."""

LAST_LOOK = timedelta(minutes=15)
"""How long the start can be seen. On its battery a vehicle then stops by itself (kamereon-eu §9.3)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClimatePlan:
    """A climate start that the vehicle has confirmed to have scheduled; who requested it, when, by which backend.

    ``withdrawn``: its owner was notified that it will not happen.
    """

    at: datetime = field(metadata=PLANNED)
    asked_at: datetime
    asked_by: Initiator
    backend: str
    withdrawn: bool = False

    def happened(self, state: VehicleState, *, driving: bool | None) -> bool | None:
        """Whether it has happened; ``None`` if that is unknown, or if somebody has planned otherwise since."""
        climate = state.climate
        if climate is None or climate.running is None:
            return None
        if climate.running:
            return True
        replaced = climate.next_start_at is not None and climate.next_start_at > self.at + LAST_LOOK
        return None if driving or replaced else False

    def failed(self, status: CommandStatus, reason: Reason, now: datetime) -> CommandRecord:
        """Return the log record of a plan that did not happen."""
        return CommandRecord(
            command=ScheduleClimate.kind(),
            asked_at=self.asked_at,
            asked_by=self.asked_by,
            backend=self.backend,
            outcome=CommandOutcome(status=status, reason=reason, ended_at=now),
        )


def next_start(plan: ClimatePlan | None, state: VehicleState, now: datetime) -> datetime | None:
    """Return when the vehicle will start its climate by itself, as far as known."""
    planned = plan.at if plan is not None and not plan.withdrawn else None
    reported = state.climate.next_start_at if state.climate else None
    return next((at for at in (planned, reported) if at is not None and at > now), None)
