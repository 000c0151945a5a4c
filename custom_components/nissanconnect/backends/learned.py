"""Which endpoints work for one vehicle, and which are left alone so that nothing is requested in vain all day.

A refusal may be temporary or permanent, and both look the same. So an endpoint that has worked must refuse several
times in a row before it is left alone, for an hour at first. One that has never worked is left alone at once, but only
for a day, because contracts and gateways change (kamereon-eu §15.3). No refusal is kept over a restart: an owner who
restarts or reloads wants another try.
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

TIMES_IN_A_ROW = 3
"""So many refusals or failures in a row are no accident."""

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
        """Note that an endpoint works, and forget its refusals and failures."""
        self.working.add(name)
        self._refusals.pop(name, None)
        self._failures.pop(name, None)
        self._left_alone.pop(name, None)

    def record_failure(self, name: str) -> int:
        """Note an error that does not show whether the endpoint exists; return how many there were in a row."""
        self._failures[name] = self._failures.get(name, 0) + 1
        return self._failures[name]

    def failures(self, name: str) -> int:
        """Return how often in a row an endpoint has failed."""
        return self._failures.get(name, 0)

    def record_refusal(self, name: str, now: datetime, reason: BackendError, *, doubtful: bool = False) -> bool:
        """Note a refusal; return whether the endpoint is left alone from now on.

        If it is ``doubtful``, the endpoint is not left alone at the first refusal, even if it has never worked. An
        endpoint that has worked is left alone for an hour, then for twice as long each time, up to a day.
        """
        count = self._refusals.get(name, 0) + 1
        self._refusals[name] = count
        has_worked = name in self.working
        if count < TIMES_IN_A_ROW and (has_worked or doubtful):
            return False
        pause = _A_DAY
        if has_worked:
            doublings = min(count - TIMES_IN_A_ROW, 10)  # more would be too large for a duration in the end
            pause = min(_AN_HOUR * 2**doublings, _A_DAY)
        self._left_alone[name] = _Refusal(now, pause, reason)
        return True

    def is_refused(self, name: str, now: datetime) -> bool:
        """Whether an endpoint is left alone at the moment. It is not if the clock was set back since its refusal."""
        refusal = self._left_alone.get(name)
        return refusal is not None and refusal.at <= now < refusal.at + refusal.pause

    def reason(self, names: Iterable[str]) -> BackendError | None:
        """Return why ``names`` are left alone, ``None`` if not all are. A refusal counts until the next request."""
        refusals = [self._left_alone.get(name) for name in names]
        reasons = [refusal.reason for refusal in refusals if refusal is not None]
        return reasons[-1] if reasons and len(reasons) == len(refusals) else None

    def forget_refusals(self) -> None:
        """Let every endpoint be tried again. Failures in a row are still counted."""
        self._refusals.clear()
        self._left_alone.clear()


_CONCERNS_ALL = (RateLimited, AccessBlocked, TokenRejected, NoConnection)
"""Errors of one endpoint that concern all endpoints. None of these is an outage of the service."""

_MOST_TELLING_FIRST = (*_CONCERNS_ALL, Unavailable, ProtocolError, BackendError)
"""The kinds of errors. A refusal comes last, because it does not explain why other endpoints fail."""


def summary(errors: Collection[BackendError], *, log_in_works: bool = True) -> BackendError:
    """Return the error to raise for ``errors`` (at least one), with the longest ``retry_after`` of all.

    If several endpoints are unavailable at once, the service has an outage, but only if no other error explains that:
    one endpoint may fail by itself, the network may be down, and a refused account is no outage.
    """
    pause = max((error.retry_after for error in errors if error.retry_after), default=None)
    kind = next(kind for kind in _MOST_TELLING_FIRST if any(isinstance(error, kind) for error in errors))
    found = [error for error in errors if isinstance(error, kind)]
    if kind is Unavailable and len(found) > 1 and log_in_works:
        return ServiceOutage(retry_after=pause)
    return type(found[0])(str(found[0]), retry_after=pause)
