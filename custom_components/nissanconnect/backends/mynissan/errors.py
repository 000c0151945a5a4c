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
    NoConnection,
    ProtocolError,
    Unavailable,
)
from .refusals import error_in, kind_of_status
from .wire import Heard

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
        case AuthenticationError() | ApiError():
            return _refused(error.status, heard, name)
        case NetworkError() | TimeoutError() | OSError():
            if heard.reached:
                return Unavailable(f"{name}: no answer")
            return NoConnection(f"{name}: no connection")
        case GraphQLError() | ResponseError() if (kind := error_in(heard.answer)) is not None:
            return kind(f"{name}: the service has answered with an error")
        case ResponseError() if heard.answer is None:
            return _refused(heard.status or 0, heard, name)
        case _:
            return ProtocolError(f"{name}: the answer cannot be understood")


def _refused(status: int, heard: Heard, name: str) -> BackendError:
    """Return what a status means, also that of an answer which is a page for people."""
    kinds: dict[int, type[BackendError]] = {200: Unavailable, 403: AccessBlocked}  # 200: a maintenance page
    kind = kinds.get(status) or kind_of_status(status)
    return kind(f"{name}: HTTP {status}", retry_after=heard.retry_after)
