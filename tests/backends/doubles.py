"""What tests of backends and of the simulator use instead of the world: a clock, and somewhere to keep a log-in."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta


@dataclass(slots=True)
class Clock:
    """A clock that stands still."""

    time: datetime

    def __call__(self) -> datetime:
        return self.time

    def advance(self, **delta: float) -> None:
        self.time += timedelta(**delta)


@dataclass(slots=True)
class Diary[A]:
    """Everything that was told about the log-in."""

    entries: list[A] = field(default_factory=list)

    def __call__(self, auth: A) -> None:
        self.entries.append(auth)

    @property
    def last(self) -> A:
        return self.entries[-1]
