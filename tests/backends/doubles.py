"""What tests of backends and of the simulator use instead of the world: a clock, and somewhere to keep a log-in."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from custom_components.nissanconnect.backends.base import Context


def a_context(now: Callable[[], datetime], **more: Any) -> Context:
    """What a backend is given that has never logged in."""
    nothing = {"session": None, "zone": UTC, "auth": None, "save_auth": lambda _: None, "memory": None}
    return Context(**{**nothing, "now": now, "sleep": asyncio.sleep, **more})


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
