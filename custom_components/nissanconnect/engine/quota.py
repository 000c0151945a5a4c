"""How much one account asks of its service."""

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

_LONGEST = timedelta(hours=1)
"""The quota is soft: however many vehicles share it, each is read at least about this often."""


@dataclass(frozen=True, slots=True)
class DayTally:
    """How many requests a local day has seen."""

    count: int = 0
    day: date | None = None

    def after(self, requests: int, today: date) -> DayTally:
        """Return the tally after ``requests`` more; every day begins at nothing."""
        return DayTally(requests + (self.count if today == self.day else 0), today)


@dataclass(frozen=True, slots=True, kw_only=True)
class Quota:
    """A leaky bucket: it holds the requests of an hour and loses as many in an hour.

    What is over the brim is remembered up to the longest wait: more would be paid back for days without any use.
    Nissan documents no limit; clients of the same platform keep to about 60 an hour (kamereon-eu §16.2 [C]).
    """

    per_hour: float = 60.0
    level: float = 0.0
    at: datetime | None = None

    def after(self, requests: int, now: datetime) -> Quota:
        """Return the quota after ``requests`` more; a clock that was set back refills nothing."""
        most = self.per_hour * (1 + _LONGEST / timedelta(hours=1))
        return replace(self, level=min(self._level(now) + requests, most), at=now)

    def wait(self, now: datetime) -> timedelta:
        """Return how long to wait for what is over the brim."""
        return min(timedelta(hours=max(self._level(now) - self.per_hour, 0) / self.per_hour), _LONGEST)

    def _level(self, now: datetime) -> float:
        hours = max((now - self.at).total_seconds(), 0) / 3600 if self.at else 0
        return max(self.level - hours * self.per_hour, 0)
