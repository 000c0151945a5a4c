"""One error for a read of which every part has failed."""

from collections.abc import Collection

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
