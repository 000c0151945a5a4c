"""The server's own timers, at most six for each vehicle: what they start costs an SMS each time (opencarwings §3)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from ...vehicle import NoFreeTimer
from ..base import Json
from ..values import time_of
from .client import Client
from .values import objects

_NAME = "Home Assistant"
"""By what our timer is known: there is one, and no other is touched."""

_ONCE = 0
_CLIMATE_ON = 3
_MOST = 6


@dataclass(frozen=True, slots=True)
class Timer:
    """One climate start that is still to come, unless it is disabled; ``ours`` by its name."""

    id: int
    at: datetime
    enabled: bool
    ours: bool


def timers_of(value: Json) -> tuple[Timer, ...]:
    """Return the timers that start the climate once. Those of every week are somebody's plan, and not a next start."""
    found = []
    for said in objects(value):
        identifier, day, time = said.whole("id", 0), said.text("date", 10), said.text("time", 8)
        at = time_of(f"{day}T{time}") if day and time else None
        if identifier is None or at is None:
            continue
        if said.whole("timer_type") == _ONCE and said.whole("command_type") == _CLIMATE_ON:
            ours = said.text("name") == _NAME
            found.append(Timer(identifier, at, enabled=said.flag("enabled") is not False, ours=ours))
    return tuple(found)


def next_start(timers: Iterable[Timer], now: datetime) -> datetime | None:
    """Return when the climate starts next: our own timer first, because that is what a command is asked about."""
    coming = (timer for timer in timers if timer.enabled and timer.at > now)
    return min(((not timer.ours, timer.at) for timer in coming), default=(True, None))[1]


class Timers:
    """The timers of one vehicle, by the ``path`` of its list."""

    def __init__(self, client: Client, path: str) -> None:
        """Keep what the requests need."""
        self._client = client
        self._path = path

    async def schedule(self, at: datetime) -> None:
        """Have the climate started at ``at``, instead of when that was planned before.

        Raises:
            NoFreeTimer: The owner has used them all.
        """
        timers = await self._client.get(self._path, "timers")
        utc_at = at.astimezone(UTC)
        body: dict[str, Json] = {
            "name": _NAME,
            "enabled": True,
            "timer_type": _ONCE,
            "command_type": _CLIMATE_ON,
            "date": utc_at.date().isoformat(),
            "time": utc_at.time().isoformat(timespec="seconds"),  # UTC (§3)
        }
        if (ours := self._ours(timers)) is not None:
            await self._client.send("PATCH", f"{self._path}{ours.id}", "timer", body)  # no slash at its end (§3 [A])
            return
        if len(objects(timers)) >= _MOST:
            raise NoFreeTimer
        await self._client.send("POST", self._path, "timers", body)

    async def cancel(self) -> None:
        """Take our timer back, if there is one; the owner's stay."""
        if (ours := self._ours(await self._client.get(self._path, "timers"))) is not None:
            await self._client.send("DELETE", f"{self._path}{ours.id}", "timer")

    @staticmethod
    def _ours(timers: Json) -> Timer | None:
        return next((timer for timer in timers_of(timers) if timer.ours), None)
