"""What the library's exceptions mean. Their own messages are Nissan's words and may name anybody, so none is kept."""

from pynissan import (
    ApiError,
    AuthenticationError,
    GraphQLError,
    NetworkError,
    NissanError,
    ResponseError,
)

from ...vehicle import (
    AccessBlocked,
    AuthenticationFailed,
    BackendError,
    Declined,
    NoConnection,
    ProtocolError,
    RateLimited,
    Unavailable,
    UnsafeRedirect,
)
from ..base import Json
from .wire import Heard


class NotLetIn(Unavailable):
    """A fresh token was refused, too. Once that may be the service's fault (mynissan-na §5)."""

    nothing_done = True


CAUGHT = (
    NissanError,
    TimeoutError,
    OSError,
    ArithmeticError,
    AttributeError,
    LookupError,
    RecursionError,
    TypeError,
    ValueError,
)
"""What a question to the library may raise: its own errors, the time limit, and whatever strange JSON provokes."""


def meaning(error: Exception, heard: Heard, name: str) -> BackendError:
    """Return what to raise instead of ``error``; ``name`` stands for what was asked."""
    match error:
        case AuthenticationError(status=400 | 401 | 403):
            return AuthenticationFailed(f"{name}: the log-in is not valid")
        case ApiError(status=401):
            return NotLetIn(f"{name}: the token was refused")
        case AuthenticationError() | ApiError():
            return _refused(error.status, heard, name)
        case NetworkError() | TimeoutError() | OSError():
            if heard.reached:
                return Unavailable(f"{name}: no answer")
            return NoConnection(f"{name}: no connection")
        case GraphQLError():
            return Unavailable(f"{name}: the service has no data at the moment")
        case ResponseError() if heard.answer is None:
            return _refused(heard.status or 0, heard, name)
        case ResponseError() if any(_is_refusal(said) for said in heard.data.values()):
            return Declined(f"{name}: the service has refused it")
        case _:
            return ProtocolError(f"{name}: the answer cannot be understood")


def _is_refusal(said: Json) -> bool:
    """Whether a command got words in place of the id by which it could be followed."""
    return isinstance(said, dict) and bool(said.get("message")) and said.get("serviceRequestId", ...) is None


def _refused(status: int, heard: Heard, name: str) -> BackendError:
    """Return what a status means, also that of an answer which is a page for people."""
    text = f"{name}: HTTP {status}"
    match status:
        case 429:
            return RateLimited(text, retry_after=heard.retry_after)
        case 403:
            return AccessBlocked(text, retry_after=heard.retry_after)
        case 301 | 302 | 303 | 307 | 308:
            return UnsafeRedirect(text)
        case _ if status >= 500 or status in (200, 408):
            return Unavailable(text, retry_after=heard.retry_after)  # 200: a maintenance page
        case _:
            return Declined(text) if status // 100 == 4 else ProtocolError(text)
