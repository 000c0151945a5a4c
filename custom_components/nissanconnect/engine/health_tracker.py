"""Notices when a battery's health has really fallen, whichever source reports it.

Sources measure the health in different ways, so each is only compared with itself. Of its reports one a day counts, and
of those the median of the last three, so a single odd one changes nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from statistics import median

from ..vehicle import Alert, AlertType

_DROP = 2.0
"""By how many % the health has to fall."""

_APART = timedelta(days=1)
_REPORTS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthReading:
    """A battery's health in %, as ``source`` had it at a time."""

    at: datetime
    value: float
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthTrack:
    """The last readings of one source, and the ``reference`` from which its health has to fall."""

    recent: tuple[HealthReading, ...] = ()
    reference: float | None = None

    @property
    def settled(self) -> float | None:
        """The health, ``None`` before there are enough readings."""
        return median(each.value for each in self.recent) if len(self.recent) == _REPORTS else None

    @property
    def dropped(self) -> float:
        """By how many % the health is below the reference."""
        settled = self.settled
        return 0.0 if settled is None or self.reference is None else self.reference - settled

    def after(self, reading: HealthReading) -> HealthTrack:
        """Return the track after one more reading, which is left out if there is one of that day."""
        if self.recent and abs(reading.at - self.recent[-1].at) < _APART:
            return self
        after = replace(self, recent=(*self.recent, reading)[-_REPORTS:])
        return after.noted() if self.reference is None else after

    def noted(self) -> HealthTrack:
        """Return the track with the health of today as the reference."""
        return replace(self, reference=self.settled)


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthTracker:
    """The tracks of all sources, by their names."""

    tracks: Mapping[str, HealthTrack] = field(default_factory=dict)

    def after(self, readings: Mapping[str, HealthReading]) -> tuple[HealthTracker, tuple[Alert, ...]]:
        """Return the tracker after the newest reading of each source, and an alert if one of them shows a drop.

        Other sources will show the same drop sooner or later. So from an alert on, all of them have to fall again.
        """
        new = {name: self.tracks.get(name, HealthTrack()).after(reading) for name, reading in readings.items()}
        tracks = {**self.tracks, **new}
        lowest = max(new.values(), key=lambda track: track.dropped, default=HealthTrack())
        if lowest.dropped < _DROP:
            return HealthTracker(tracks=tracks), ()
        last = lowest.recent[-1]
        details = {"health": lowest.settled, "dropped": round(lowest.dropped, 2), "source": last.source}
        alert = Alert(type=AlertType.BATTERY_HEALTH_DROPPED, at=last.at, details=details)
        return HealthTracker(tracks={name: track.noted() for name, track in tracks.items()}), (alert,)
