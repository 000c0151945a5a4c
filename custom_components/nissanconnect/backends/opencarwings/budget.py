"""How many commands may be sent: each costs the owner an SMS, and the server knows no limit (opencarwings §1)."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from ...vehicle import TooManyCommands
from ..base import Json
from ..reader import time_of

LIMITS: Mapping[timedelta, int] = {timedelta(hours=1): 10, timedelta(days=1): 30}
"""Commands to one vehicle: more than a person sends, and a small bill if an automation runs wild."""

_LONGEST = max(LIMITS)


class Budget:
    """The commands of the last day, for each vehicle. It outlives restarts, which could empty a purse otherwise."""

    def __init__(self, saved: Json) -> None:
        """Go on with what :meth:`to_json` returned; what cannot be read was never sent."""
        self._sent: dict[str, list[datetime]] = {}
        for key, listed in saved.items() if isinstance(saved, dict) else ():
            times = (time_of(each) for each in (listed if isinstance(listed, list) else ()))
            self._sent[key] = sorted(at for at in times if at is not None)

    def to_json(self) -> Json:
        """Return what the next start begins with."""
        return {key: [at.isoformat() for at in times] for key, times in self._sent.items() if times}

    def spend(self, key: str, now: datetime) -> None:
        """Count one command to a vehicle.

        Raises:
            TooManyCommands: There have been too many; it says when there is room again.
        """
        # A clock that was put back must not lock anybody out for longer than a day.
        known = [at for at in self._sent.get(key, ()) if now - _LONGEST < at <= now]
        waits = [known[-most] + window - now for window, most in LIMITS.items() if most <= len(known)]
        self._sent[key] = known
        if (wait := max(waits, default=timedelta())) > timedelta():
            raise TooManyCommands("enough commands, each costs an SMS", retry_after=wait.total_seconds())
        known.append(now)

    def give_back(self, key: str) -> None:
        """Take the last command back, which never left."""
        if self._sent.get(key):
            self._sent[key].pop()
