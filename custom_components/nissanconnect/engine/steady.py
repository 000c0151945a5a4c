"""Values that move to and fro, shown so that they do not: each change would be a line in the logbook."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Steady[T](Protocol):
    """Decides what is shown of a value. Asking again at the same moment changes nothing."""

    def after(self, value: T | None, now: datetime) -> T | None:
        """Return what is shown when ``value`` is known ``now``."""


@dataclass(slots=True)
class InSteps:
    """A number in multiples of ``step``, which stays until the value is a whole step away from what is shown."""

    step: float
    shown: float | None = None

    def after(self, value: float | None, now: datetime) -> float | None:
        """Return what is shown."""
        if value is None:
            self.shown = None
        elif self.shown is None or abs(value - self.shown) >= self.step:
            self.shown = self.step * round(value / self.step)
        return self.shown


class TimeInSteps:
    """A time in steps: see :class:`InSteps`."""

    def __init__(self, step: timedelta) -> None:
        """Begin with nothing shown."""
        self._seconds = InSteps(step.total_seconds())

    def after(self, value: datetime | None, now: datetime) -> datetime | None:
        """Return what is shown, in UTC."""
        seconds = self._seconds.after(None if value is None else value.timestamp(), now)
        return None if seconds is None else datetime.fromtimestamp(seconds, UTC)


@dataclass(slots=True)
class Held:
    """One of several names, which stays until it has not been right for as long as ``hold``."""

    hold: timedelta
    shown: str | None = None
    right_at: datetime | None = None

    def after(self, value: str | None, now: datetime) -> str | None:
        """Return what is shown."""
        if value not in (None, self.shown) and self._holds(now):
            return self.shown
        self.shown, self.right_at = value, now
        return value

    def _holds(self, now: datetime) -> bool:
        if self.shown is None or self.right_at is None:
            return False
        return timedelta() <= now - self.right_at < self.hold
