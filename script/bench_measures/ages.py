"""How old what is shown is, measured against the vehicle itself."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from statistics import quantiles


@dataclass(frozen=True, slots=True)
class Shown:
    """What somebody sees: the state of charge in whole percents, and whether the vehicle charges; ``None`` unknown."""

    level: int | None
    charging: bool | None


@dataclass(slots=True)
class Ages:
    """Collects minutes.

    ``levels``: at each look, how long ago the vehicle's state of charge was last what is shown; 0 while it is.
    ``finishes``: for each charge, how long after its true end it was shown as over: with the final level, and not as
    charging. A charge whose end was still not shown when the next one began is as old as that.
    """

    levels: list[float] = field(default_factory=list)
    finishes: list[float] = field(default_factory=list)
    _last_seen: dict[int, datetime] = field(default_factory=dict)
    _charging: bool = False
    _ended: tuple[datetime, int] | None = None

    def look(self, now: datetime, shown: Shown, *, level: int, charging: bool) -> None:
        """Compare what is shown with the vehicle's true ``level`` and whether it is ``charging``."""
        self._last_seen[level] = now
        if shown.level in self._last_seen:
            self.levels.append(_minutes(self._last_seen[shown.level], now))
        if self._charging and not charging:
            self._ended = now, level
        self._charging = charging
        if self._ended is not None:
            ended_at, final = self._ended
            if charging or (shown.level == final and shown.charging is False):
                self.finishes.append(_minutes(ended_at, now))
                self._ended = None


def _minutes(since: datetime, until: datetime) -> float:
    return (until - since).total_seconds() / 60


def percentile(values: Sequence[float], percent: int) -> float:
    """Return a percentile, exact at the values themselves."""
    if len(values) < 2:
        return values[0] if values else float("nan")
    return quantiles(values, n=100, method="inclusive")[percent - 1]
