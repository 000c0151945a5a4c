"""A climate start that a vehicle is to make by itself, and whether it has."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from ..vehicle import Asker, CommandOutcome, CommandRecord, CommandStatus, Reason, ScheduleClimate, VehicleState

FIRST_LOOK = timedelta(minutes=5)
"""How long after the time of a plan it is looked for: vehicles need a minute or two, and clouds as well."""

LAST_LOOK = timedelta(minutes=15)
"""Until when it can be looked for. On its battery a vehicle then stops by itself (kamereon-eu §9.3)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A start that the vehicle has confirmed to have noted, who asked for it when, and by which backend.

    ``withdrawn``: its owner was told that it is not to happen.
    """

    at: datetime
    asked_at: datetime
    asked_by: Asker
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


def next_start(plan: Plan | None, state: VehicleState, now: datetime) -> datetime | None:
    """Return when the vehicle will start its climate by itself, as far as is known."""
    planned = plan.at if plan is not None and not plan.withdrawn else None
    reported = state.climate.next_start_at if state.climate else None
    return next((at for at in (planned, reported) if at is not None and at > now), None)
