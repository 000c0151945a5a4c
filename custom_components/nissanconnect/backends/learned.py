"""What one vehicle's source serves and what it refuses, so that nothing is requested in vain all day.

A refusal may be an accident of the service or the truth for good, and looks the same. So an endpoint that has worked
must refuse several times in a row before it is left alone, for an hour at first. One that has never worked is left
alone at once, for a day, because contracts and gateways change (kamereon-eu §15.3). No refusal is kept over a restart:
an owner who restarts or reloads wants another try.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from ..vehicle import (
    AccessBlocked,
    BackendError,
    NoConnection,
    ProtocolError,
    RateLimited,
    ServiceOutage,
    TokenRejected,
    Unavailable,
)

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


_CONCERNS_ALL = (RateLimited, AccessBlocked, TokenRejected, NoConnection)
"""Errors of one part that hold for all. None of these is an outage of the service."""

_TELLING = (*_CONCERNS_ALL, Unavailable, ProtocolError, BackendError)
"""The most telling error first: a part that is refused explains no outage."""


def summary(errors: Collection[BackendError], *, log_in_works: bool = True) -> BackendError:
    """Return the error to raise for ``errors`` (at least one), with the longest ``retry_after`` of all.

    Several faults at once are an outage of the service, but only if nothing else explains them: one endpoint may fail
    by itself, the network may be down, and a refused account is no outage.
    """
    pause = max(filter(None, (error.retry_after for error in errors)), default=None)
    kind = next(kind for kind in _TELLING if any(isinstance(error, kind) for error in errors))
    found = [error for error in errors if isinstance(error, kind)]
    if kind is Unavailable and len(found) > 1 and log_in_works:
        return ServiceOutage(retry_after=pause)
    return type(found[0])(str(found[0]), retry_after=pause)
