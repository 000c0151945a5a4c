"""What several failures say together, when every part of a vehicle has failed."""

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
"""What one part is told and holds for all. None of these shows that the service is out of order."""

_TELLING = (*_CONCERNS_ALL, Unavailable, ProtocolError, BackendError)
"""Which of several errors says most about all of them, first to last: a part that is refused explains no outage."""


def summary(errors: Collection[BackendError], *, log_in_works: bool = True) -> BackendError:
    """Return what to raise for ``errors``, of which there is at least one, with the longest pause that any asks for.

    Several faults at once are an outage of the service, but only if nothing else explains them: one endpoint may have
    its bad day, a network may be down, and who is not let in must not be told that the service does not work.
    """
    pause = max(filter(None, (error.retry_after for error in errors)), default=None)
    kind = next(kind for kind in _TELLING if any(isinstance(error, kind) for error in errors))
    found = [error for error in errors if isinstance(error, kind)]
    if kind is Unavailable and len(found) > 1 and log_in_works:
        return ServiceOutage(retry_after=pause)
    return type(found[0])(str(found[0]), retry_after=pause)
