"""The server's own timers, at most six for each vehicle: what they start costs an SMS each time (opencarwings §3)."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from ...vehicle import NoFreeTimer, TimePassed
from ..base import Json
from ..reader import time_of
from .client import Client, Leave
from .values import objects

_NAME = "Home Assistant"
"""By what our timer is known: there is one, and no other is touched."""

_LOOKS_AHEAD = timedelta(minutes=1)
"""Once a minute the server looks for the timers of the next one; seconds are nothing to it."""
_SLACK = timedelta(seconds=15)
"""For the request to arrive, and clocks that differ."""

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
        identifier, day, time = said.integer("id", 0), said.line("date", 10), said.line("time", 8)
        at = time_of(f"{day}T{time}") if day and time else None
        if identifier is None or at is None:
            continue
        if said.integer("timer_type") == _ONCE and said.integer("command_type") == _CLIMATE_ON:
            ours = said.line("name") == _NAME
            found.append(Timer(identifier, at, enabled=said.flag("enabled") is not False, ours=ours))
    return tuple(found)


def next_start(timers: Iterable[Timer], now: datetime) -> datetime | None:
    """Return when the climate starts next: our own timer first, because that is what a command is asked about."""
    coming = (timer for timer in timers if timer.enabled and timer.at > now)
    return min(((not timer.ours, timer.at) for timer in coming), default=(True, None))[1]


class Timers:
    """The timers of one vehicle, by the ``path`` of its list."""

    def __init__(self, client: Client, path: str, departure: Leave) -> None:
        """Keep what the requests need; what changes anything leaves within a ``departure``."""
        self._client = client
        self._path = path
        self._departure = departure

    async def schedule(self, at: datetime, now: Callable[[], datetime]) -> None:
        """Have the climate started in the minute nearest to ``at``, instead of when that was planned before.

        Raises:
            NoFreeTimer: The owner has used them all.
            TimePassed: The server does not look for timers of that minute any more.
        """
        timers = await self._client.get(self._path, "timers")
        utc_at = (at.astimezone(UTC) + timedelta(seconds=30)).replace(second=0, microsecond=0)
        if utc_at - now() < _LOOKS_AHEAD + _SLACK:
            raise TimePassed
        body: dict[str, Json] = {
            "name": _NAME,
            "enabled": True,
            "timer_type": _ONCE,
            "command_type": _CLIMATE_ON,
            "date": utc_at.date().isoformat(),
            "time": utc_at.time().isoformat(timespec="seconds"),  # UTC (§3)
        }
        if (ours := self._ours(timers)) is not None:
            await self._change("PATCH", f"{self._path}{ours.id}", body)  # no slash at its end (§3 [A])
            return
        if len(objects(timers)) >= _MOST:
            raise NoFreeTimer
        await self._change("POST", self._path, body)

    async def cancel(self) -> None:
        """Take our timer back, if there is one; the owner's stay."""
        if (ours := self._ours(await self._client.get(self._path, "timers"))) is not None:
            await self._change("DELETE", f"{self._path}{ours.id}")

    async def _change(self, method: str, path: str, body: Json = None) -> None:
        await self._client.send(method, path, "timers", body, departure=self._departure)

    @staticmethod
    def _ours(timers: Json) -> Timer | None:
        return next((timer for timer in timers_of(timers) if timer.ours), None)
