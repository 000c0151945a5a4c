"""What a vehicle's state shows of a command: carried out, not needed, or planned and begun."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from ..vehicle import (
    COMMANDS,
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
"""How long after the vehicle's report its state still answers for the command.

A charge begins and ends by itself, by timers and hands at the plug. Climate that is started from afar, by whomever, is
reported, and what is planned is known. Starting it again lets it run for longer, so that is always sent; and doors are
never left to a report.
"""

_TIMERS = timedelta(minutes=15)
"""How long a vehicle at the plug that does not charge is taken not to have begun by a timer of its own."""

_OBEYS_LATE = timedelta(minutes=15)
"""A command that was not confirmed may still be carried out for so long."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What is believed, and when the vehicle reported what the command concerns."""

    state: VehicleState
    reported_at: datetime
    now: datetime


def is_settled(command: Command, seen: Evidence, past: Iterable[CommandRecord]) -> bool:
    """Whether the vehicle has reported that it is so since the last of ``past`` that could have changed it."""
    lasts = _LASTS.get(type(command))
    if lasts is None or seen.now - seen.reported_at > lasts:
        return False
    if command.seen_in(seen.state, seen.state) is not True or _may_begin(command, seen):
        return False
    rivals = {kind.kind() for kind in COMMANDS if kind is not Refresh and kind.groups & command.groups}
    return all(_shown_by(record.outcome, seen.reported_at) for record in past if record.command in rivals)


def _shown_by(outcome: CommandOutcome, reported_at: datetime) -> bool:
    """Whether a report shows what came of a command; one that was not sent has changed nothing."""
    if outcome.sent_at is None:
        return True
    confirmed = outcome.status is CommandStatus.CONFIRMED
    return reported_at >= (outcome.sent_at if confirmed else outcome.ended_at + _OBEYS_LATE)


def _may_begin(command: Command, seen: Evidence) -> bool:
    """Whether what is to be stopped may have begun since by a plan, or is about to."""
    group: Reported | None = seen.state.climate if isinstance(command, StopClimate) else seen.state.charging
    match command, group:
        case StopClimate(), Climate(next_start_at=datetime() as at):
            return seen.reported_at < at <= seen.now
        case StopCharging(), Charging(status=status, plugged_in=plugged):
            waits = status not in (ChargingStatus.NOT_CHARGING, ChargingStatus.FINISHED)
            return plugged is not False and (waits or seen.now - seen.reported_at > _TIMERS)
    return False


FIRST_LOOK = timedelta(minutes=5)
"""How long after the time of a plan it is looked for: vehicles need a minute or two, and clouds as well."""

LAST_LOOK = timedelta(minutes=15)
"""Until when it can be looked for. On its battery a vehicle then stops by itself (kamereon-eu §9.3)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClimatePlan:
    """A start that the vehicle has confirmed to have noted, who asked for it when, and by which backend.

    ``withdrawn``: its owner was told that it is not to happen.
    """

    at: datetime
    asked_at: datetime
    asked_by: Initiator
    backend: str
    withdrawn: bool = False

    def happened(self, state: VehicleState, *, driving: bool | None) -> bool | None:
        """Whether it was seen to happen; ``None`` if that cannot be told, or somebody has planned otherwise since."""
        climate = state.climate
        if climate is None or climate.running is None:
            return None
        if climate.running:
            return True
        replaced = climate.next_start_at is not None and climate.next_start_at > self.at + LAST_LOOK
        return None if driving or replaced else False

    def failed(self, status: CommandStatus, reason: Reason, now: datetime) -> CommandRecord:
        """Return what is told of a plan that has come to nothing."""
        return CommandRecord(
            command=ScheduleClimate.kind(),
            asked_at=self.asked_at,
            asked_by=self.asked_by,
            backend=self.backend,
            outcome=CommandOutcome(status=status, reason=reason, ended_at=now),
        )


def next_start(plan: ClimatePlan | None, state: VehicleState, now: datetime) -> datetime | None:
    """Return when the vehicle will start its climate by itself, as far as is known."""
    planned = plan.at if plan is not None and not plan.withdrawn else None
    reported = state.climate.next_start_at if state.climate else None
    return next((at for at in (planned, reported) if at is not None and at > now), None)
