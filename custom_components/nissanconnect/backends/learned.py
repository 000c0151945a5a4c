"""What one vehicle's source serves and what it refuses, so that nothing is requested in vain all day.

A refusal may be an accident of the service or the truth for good, and looks the same. So an endpoint that has worked
must refuse several times in a row before it is left alone, for an hour at first. One that has never worked is left
alone at once, for a day, because contracts and gateways change (kamereon-eu §15.3). No refusal is kept over a restart:
an owner who restarts or reloads wants another try.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from ..vehicle import BackendError

ENOUGH = 3
"""Refusals in a row after which it is no accident."""

_A_DAY = timedelta(days=1)
_AN_HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class _Refusal:
    """Since when and for how long an endpoint is left alone, and why."""

    at: datetime
    pause: timedelta
    reason: BackendError


@dataclass(slots=True)
class LearnedState:
    """What is known of the endpoints of one vehicle, by their names. ``working`` may be kept over a restart."""

    working: set[str] = field(default_factory=set)
    _refusals: dict[str, int] = field(default_factory=dict)
    _failures: dict[str, int] = field(default_factory=dict)
    _left_alone: dict[str, _Refusal] = field(default_factory=dict)

    def record_success(self, name: str) -> None:
        """Note that an endpoint works; nothing counts against it any more."""
        self.working.add(name)
        for against in (self._refusals, self._failures, self._left_alone):
            against.pop(name, None)

    def record_failure(self, name: str) -> int:
        """Note a response that does not show whether there is such an endpoint; return how many came in a row."""
        self._failures[name] = self._failures.get(name, 0) + 1
        return self._failures[name]

    def failures(self, name: str) -> int:
        """Return how often in a row an endpoint has failed."""
        return self._failures.get(name, 0)

    def record_refusal(self, name: str, now: datetime, reason: BackendError, *, doubtful: bool = False) -> bool:
        """Note a refusal; return whether the endpoint is left alone from now on.

        A ``doubtful`` one never counts at once. What has worked before is tried again after an hour, then after twice
        as long each time, up to a day.
        """
        count = self._refusals[name] = self._refusals.get(name, 0) + 1
        has_worked = name in self.working
        if count < ENOUGH and (has_worked or doubtful):
            return False
        pause = min(_AN_HOUR * (1 << min(count - ENOUGH, 10)), _A_DAY) if has_worked else _A_DAY
        self._left_alone[name] = _Refusal(now, pause, reason)
        return True

    def is_refused(self, name: str, now: datetime) -> bool:
        """Whether a request is pointless at the moment. If the clock was set back, it is not."""
        refusal = self._left_alone.get(name)
        return refusal is not None and refusal.at <= now < refusal.at + refusal.pause

    def reason(self, names: Iterable[str]) -> BackendError | None:
        """Return why ``names`` are left alone, if all of them are, or were until they are tried next."""
        reasons = [refusal.reason if (refusal := self._left_alone.get(name)) else None for name in names]
        return reasons[-1] if reasons and None not in reasons else None

    def forget_refusals(self) -> None:
        """Make every endpoint worth another try. Failures in a row are still counted."""
        self._refusals.clear()
        self._left_alone.clear()
