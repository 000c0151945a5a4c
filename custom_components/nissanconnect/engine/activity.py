"""What reads in a row tell beyond each of them: whether a vehicle drives, rests, or has spoken."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from ..vehicle import VehicleState
from .geodesy import distance

_CONSECUTIVE = timedelta(minutes=75)
"""Reads further apart than the slowest pace do not tell driving now from having driven in between."""

_DRIFT = 0.2
"""km that a parked vehicle's position may wander."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Activity:
    """What a vehicle has been up to. All times are those of our reads; ``None`` is unknown.

    ``rests_since``: since when it has neither driven, charged nor run its climate, all of which feed the 12 V battery.
    ``spoke_at``: the read that last brought a new report. ``stopped_at``: the read that last saw a drive over.
    """

    driving: bool | None = None
    rests_since: datetime | None = None
    spoke_at: datetime | None = None
    stopped_at: datetime | None = None

    def after(self, before: VehicleState, state: VehicleState, now: datetime) -> Activity:
        """Return what is known after a read that turned ``before`` into ``state``.

        The report times alone do not start a drive, because plugging in and waking move them too; but while a vehicle
        drives it reports every two minutes (kamereon-eu §16.1), so they tell when a drive is over.
        """
        spoke = state.last_report is not None and state.last_report != before.last_report
        moved = _moved(before, state)
        driving = self._driving(before, state, now, moved=moved, spoke=spoke)
        charging = state.charging is not None and state.charging.active
        heating = state.climate is not None and state.climate.running
        rests_since = state.last_report if moved or self.rests_since is None else self.rests_since
        return Activity(
            driving=driving,
            rests_since=now if driving or charging or heating else rests_since,
            spoke_at=now if spoke else self.spoke_at,
            stopped_at=now if self.driving and driving is False else self.stopped_at,
        )

    def _driving(
        self, before: VehicleState, state: VehicleState, now: datetime, *, moved: bool, spoke: bool
    ) -> bool | None:
        if before.last_read is None:
            return None
        if state.charging is not None and state.charging.plugged_in:
            return False
        return (moved and now - before.last_read <= _CONSECUTIVE) or (self.driving is True and spoke)


def _moved(before: VehicleState, state: VehicleState) -> bool:
    if before.position and state.position and distance(before.position, state.position) > _DRIFT:
        return True
    if before.odometer is None or state.odometer is None:
        return False
    return (state.odometer.distance or 0) > (before.odometer.distance or float("inf"))
