"""What the service answered, and what that means in the terms of ``vehicle.errors`` (teslafi §4).

Errors come with HTTP 200, and JSON as ``text/html``, so what counts is the text.
"""

from http import HTTPStatus

from ...vehicle import (
    AccessBlocked,
    AuthenticationFailed,
    BackendError,
    Declined,
    NotSupported,
    ProtocolError,
    RateLimited,
    ServiceError,
    Unavailable,
    Unreachable,
    UnsafeRedirect,
)
from ..values import load_json
from .values import Values

_NAME = "the feed"
_FRAME = {"Date", "data_id"}
"""What is no news of a vehicle."""


def feed_of(status: int, text: str, retry_after: float | None = None) -> Values:
    """Return the fields of a reply.

    Raises:
        BackendError: The reply tells of something else, or cannot be understood.
    """
    if (error := _error_of_status(status, retry_after)) is not None:
        raise error
    try:
        body = load_json(text.removeprefix("\ufeff"))
    except ValueError, RecursionError:
        raise _error_of_text(text) from None
    if not isinstance(body, dict):
        raise ProtocolError(f"{_NAME} is no object")
    said = Values(body)
    if (error := _error_of_body(said)) is not None:
        raise error
    return said


def _error_of_status(status: int, retry_after: float | None) -> BackendError | None:
    """Too many requests are answered with 429 or 503 (§2 [M])."""
    shown = f"{_NAME} answered {status}"
    match status:
        case HTTPStatus.TOO_MANY_REQUESTS:
            return RateLimited(shown, retry_after=retry_after)
        case HTTPStatus.UNAUTHORIZED:
            return AuthenticationFailed(shown)
        case HTTPStatus.FORBIDDEN:
            return AccessBlocked(shown, retry_after=retry_after)
        case _ if status >= HTTPStatus.INTERNAL_SERVER_ERROR or status == HTTPStatus.REQUEST_TIMEOUT:
            return Unavailable(shown, retry_after=retry_after)
        case _ if status // 100 == 3:
            return UnsafeRedirect(shown)
        case _ if status // 100 == 4:
            return Declined(shown)
        case _ if status // 100 != 2:
            return ProtocolError(shown)
    return None


def _error_of_text(text: str) -> BackendError:
    """Read a sentence. Only how it begins is on record; ``<`` begins a page for people."""
    words = text.lstrip("\ufeff \r\n\t").casefold()
    if words.startswith("vehicle is asleep or unavailable"):
        return Unreachable("the service says that the vehicle is asleep")
    if words.startswith("this command is not enabled"):
        return NotSupported("the service does not allow this request")
    if words.startswith("<"):
        return Unavailable("a page for people came instead of the feed")
    return ProtocolError(f"{_NAME} is not JSON")


def _error_of_body(said: Values) -> BackendError | None:
    result = said.part("response").text("result")
    if result is not None and result.casefold() == "unauthorized":
        return AuthenticationFailed("the token was refused")
    if (error := said.text("error")) is not None:
        told = f"{error} {said.text('error_description')}".casefold()
        asleep = any(word in told for word in ("asleep", "offline", "vehicle unavailable"))
        return Unreachable("the vehicle is asleep") if asleep else ServiceError(f"{_NAME} tells of an error")
    if all(said.text(name) is None for name in said.values.keys() - _FRAME):
        return RateLimited(f"{_NAME} is hollow")  # how throttling may look (§2 [M])
    return None
