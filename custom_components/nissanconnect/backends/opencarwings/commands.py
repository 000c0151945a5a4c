"""Commands: their requests, their costs, and how each has ended (opencarwings §3, §4).

The result alone proves nothing: it is "success" even when the vehicle reports that it could not. The alert with the
same command id decides (§4.1 [A]). Ids are used again, and what happens by itself carries the last one. So only alerts
since the request count, and only of the types that belong to this command.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Self, override

from ...vehicle import (
    Command,
    FlashLights,
    Lock,
    NoFreeTimer,
    NotSupported,
    Phase,
    PinRequired,
    Progress,
    Reason,
    Refresh,
    SoundHorn,
    StartCharging,
    StartClimate,
    StopClimate,
    StopSignals,
    TimePassed,
    TooManyCommands,
    Unlock,
)
from ..base import EnterDeparture, Json
from ..reader import JsonReader, time_of
from .client import Client
from .mapping import CLIMATE_ON, ONCE, TIMER_NAME, CarAlert, CarRecord, LastCommand, Timer, parse_timers

CODES: Mapping[type[Command], int] = {
    Refresh: 1,
    StartCharging: 2,
    StartClimate: CLIMATE_ON,
    StopClimate: 4,
    Unlock: 7,
    Lock: 8,
    SoundHorn: 9,
    FlashLights: 10,
    StopSignals: 12,
}


def command_request(car: CarRecord, command: Command) -> dict[str, Json]:
    """Return the body of the request that sends a command to the vehicle.

    Raises:
        NotSupported: This telematics unit does not know the command.
        PinRequired: The command takes a PIN, and has none.
    """
    code = CODES.get(type(command))
    if code is None or code not in car.supported:
        raise NotSupported(f"{command.kind()} is not possible with this telematics unit")
    if code not in car.pinned:
        return {"command_type": code}
    pin = command.pin if isinstance(command, Lock | Unlock) else None
    if not pin:
        raise PinRequired
    return {"command_type": code, "command_pin": pin}


_SUCCESS: Mapping[int, frozenset[int]] = {
    2: frozenset({2}),
    3: frozenset({4}),
    4: frozenset({5}),
    7: frozenset({12}),
    8: frozenset({13}),
    **dict.fromkeys((9, 10, 12), frozenset({14, 15})),
}
_FAILURE: Mapping[int, int] = {2: 96, 3: 97, 4: 97, 7: 95, 8: 95, 9: 94, 10: 94, 12: 94}
_TIMED_OUT, _FAILED = 98, 99
"""Types of alerts that can end any command. A refresh has no other, and needs none (§4.1: 19 was never seen)."""


@dataclass(frozen=True, slots=True)
class SentCommand:
    """A command that the server has accepted: its number, its id, and when by the server's clock."""

    code: int
    id: int
    requested_at: datetime | None

    @override
    def __str__(self) -> str:
        """Return the id of its ticket."""
        return f"{self.code}/{self.id}/{self.requested_at.isoformat() if self.requested_at else ''}"

    @classmethod
    def parse(cls, ticket_id: str) -> Self | None:
        """Read what :meth:`__str__` wrote."""
        code, _, rest = ticket_id.partition("/")
        identifier, _, at = rest.partition("/")
        if not (code.isdecimal() and identifier.isdecimal()):
            return None
        return cls(int(code), int(identifier), time_of(at))

    def matches(self, alert: CarAlert) -> bool:
        """Whether an alert has this command's id and is not older than it."""
        return alert.command_id == self.id and (self.requested_at is None or alert.at >= self.requested_at)


def progress(sent: SentCommand, last: LastCommand | None, alerts: Iterable[CarAlert]) -> Progress | None:
    """Return the progress of a command; ``None`` if it is done but the alert that shows its success is missing."""
    types = {alert.type for alert in alerts if sent.matches(alert)}
    if (failed := _failure(sent.code, types)) is not None:
        return failed
    if types & _SUCCESS.get(sent.code, frozenset()):
        return Progress(Phase.DONE)
    if last is None:
        return Progress(Phase.PENDING)
    if last.id != sent.id:
        return Progress(Phase.UNCERTAIN, reason=Reason.SUPERSEDED)
    match last.result:
        case 0:
            return None if sent.code in _SUCCESS else Progress(Phase.DONE)
        case 1:
            return Progress(Phase.REJECTED, code=str(_FAILED))
        case 2:
            return Progress(Phase.TIMED_OUT, code=str(_TIMED_OUT))
    return Progress(Phase.PENDING)


def _failure(code: int, types: Collection[int]) -> Progress | None:
    if _FAILURE.get(code) in types:
        return Progress(Phase.REJECTED, code=str(_FAILURE[code]))
    if _TIMED_OUT in types:
        return Progress(Phase.TIMED_OUT, code=str(_TIMED_OUT))
    return Progress(Phase.REJECTED, code=str(_FAILED)) if _FAILED in types else None


LIMITS: Mapping[timedelta, int] = {timedelta(hours=1): 10, timedelta(days=1): 30}
"""Commands to one vehicle: more than a person sends, and a small bill if an automation runs wild."""

_LONGEST = max(LIMITS)


class SmsBudget:
    """Limits the commands to each vehicle: each costs the owner an SMS, and the server has no limit (§1).

    Persisted: a restart loop must not run up an SMS bill.
    """

    def __init__(self, saved: Json) -> None:
        """``saved`` is what :meth:`to_json` returned; damaged entries are ignored."""
        self._sent: dict[str, list[datetime]] = {}
        for key, listed in saved.items() if isinstance(saved, dict) else ():
            times = (time_of(each) for each in (listed if isinstance(listed, list) else ()))
            self._sent[key] = sorted(at for at in times if at is not None)

    def to_json(self) -> Json:
        """Return when commands were sent in the last day."""
        return {key: [at.isoformat() for at in times] for key, times in self._sent.items() if times}

    def spend(self, key: str, now: datetime) -> None:
        """Count one command to a vehicle.

        Raises:
            TooManyCommands: The limit is reached; ``retry_after`` says when the next one may be sent.
        """
        # A clock that was set back must not block commands for longer than a day.
        known = [at for at in self._sent.get(key, ()) if now - _LONGEST < at <= now]
        waits = [known[-most] + window - now for window, most in LIMITS.items() if most <= len(known)]
        self._sent[key] = known
        if (wait := max(waits, default=timedelta())) > timedelta():
            raise TooManyCommands("enough commands, each costs an SMS", retry_after=wait.total_seconds())
        known.append(now)

    def give_back(self, key: str) -> None:
        """Do not count the last command: it never left."""
        if self._sent.get(key):
            self._sent[key].pop()


_MOST_TIMERS = 6
"""The server keeps so many for each vehicle. What they start costs an SMS each time (§3)."""

_NOTICE = timedelta(minutes=1)
"""Once a minute the server looks for the timers of the next one, and ignores their seconds."""
_SLACK = timedelta(seconds=15)
"""For the request to arrive, and for clocks that differ."""


async def schedule_climate(
    client: Client, path: str, at: datetime, *, now: Callable[[], datetime], within: EnterDeparture
) -> None:
    """Have the server start the climate control in the minute nearest to ``at``, instead of when it was planned before.

    ``path`` is that of the vehicle's timers.

    Raises:
        NoFreeTimer: The owner has used them all.
        TimePassed: The server does not look for timers of that minute any more.
    """
    timers = await client.get(path, "timers")
    utc_at = (at.astimezone(UTC) + timedelta(seconds=30)).replace(second=0, microsecond=0)
    if utc_at - now() < _NOTICE + _SLACK:
        raise TimePassed
    body: dict[str, Json] = {
        "name": TIMER_NAME,
        "enabled": True,
        "timer_type": ONCE,
        "command_type": CLIMATE_ON,
        "date": utc_at.date().isoformat(),
        "time": utc_at.time().isoformat(timespec="seconds"),  # UTC (§3)
    }
    if (ours := _our_timer(timers)) is not None:
        await client.send("PATCH", f"{path}{ours.id}", "timers", body, within=within)  # no slash at its end (§3 [A])
        return
    if len(JsonReader.list_of(timers)) >= _MOST_TIMERS:
        raise NoFreeTimer
    await client.send("POST", path, "timers", body, within=within)


async def cancel_climate(client: Client, path: str, *, within: EnterDeparture) -> None:
    """Delete our timer, if there is one; the owner's stay."""
    if (ours := _our_timer(await client.get(path, "timers"))) is not None:
        await client.send("DELETE", f"{path}{ours.id}", "timers", within=within)


def _our_timer(timers: Json) -> Timer | None:
    return next((timer for timer in parse_timers(timers) if timer.ours), None)
