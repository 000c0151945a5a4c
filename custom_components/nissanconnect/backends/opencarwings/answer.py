"""What the server answered, and what that means in the terms of ``vehicle.errors`` (opencarwings §2 to §4)."""

from dataclasses import dataclass, field
from http import HTTPStatus
import re

from ...vehicle import (
    AccessBlocked,
    BackendError,
    Declined,
    NotSupported,
    ProtocolError,
    RateLimited,
    TokenRejected,
    TwoFactorRequired,
    Unavailable,
    UnsafeRedirect,
    WrongCode,
    WrongPin,
)
from ..base import Json
from .values import Said


class Unauthorized(TokenRejected):
    """The key, the token or the password was refused."""


class Explained(Unavailable):
    """The server has failed, and says at what."""


class NotServed(NotSupported):
    """There is nothing here, or it is not ours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One HTTP answer, whose body may hold everything that is secret. ``retry_after`` is in seconds.

    ``is_page``: it is written for people, so it comes from something in front of the server.
    """

    status: int
    body: Json = field(repr=False)
    readable: bool = True
    is_page: bool = False
    retry_after: float | None = None


def body_of(answer: Answer, name: str) -> Json:
    """Return the body of a successful answer. ``name`` says in messages who answered.

    Raises:
        BackendError: The answer tells of a fault, or is not JSON.
    """
    if answer.status // 100 == 2:
        if not answer.readable:
            raise ProtocolError(f"{name} did not answer with JSON")
        return answer.body
    raise _kind(answer)(f"{name} answered {answer.status}", retry_after=answer.retry_after)


def _kind(answer: Answer) -> type[BackendError]:
    said = Said.of(answer.body)
    match answer.status:
        case HTTPStatus.UNAUTHORIZED:
            return _SECOND_FACTOR.get(said.line("detail") or "", Unauthorized)
        case HTTPStatus.FORBIDDEN if answer.is_page:
            return AccessBlocked
        case HTTPStatus.FORBIDDEN:
            return _forbidden(said)
        case HTTPStatus.NOT_FOUND:
            return Declined if answer.is_page else NotServed
        case HTTPStatus.TOO_MANY_REQUESTS:
            return RateLimited
        case HTTPStatus.INTERNAL_SERVER_ERROR if said.get("error") == "":
            return NotSupported  # how a command is turned down that this telematics unit does not know (§4 [A])
        case HTTPStatus.INTERNAL_SERVER_ERROR if said.line("error"):
            return Explained
        case status if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            return Unavailable
        case status if status // 100 == 4:
            return Declined
        case status if status // 100 == 3:
            return UnsafeRedirect
    return ProtocolError


_SECOND_FACTOR: dict[str, type[BackendError]] = {
    "otp_code_missing": TwoFactorRequired,
    "otp_code_invalid": WrongCode,
}


def _forbidden(said: Said) -> type[BackendError]:
    """403 is a bad key, a bad token, somebody else's vehicle or a wrong PIN; only the body tells (§2)."""
    if said.get("code") == "token_not_valid":
        return Unauthorized
    if re.search(r"\bpin\b", said.line("error") or "", re.IGNORECASE):
        return WrongPin
    # "Invalid token.", and in the framework's words: no credentials, a token with blanks in it, a closed account.
    if re.search(r"\btoken\b|\bcredentials\b|\binactive\b", said.line("detail") or "", re.IGNORECASE):
        return Unauthorized
    return NotServed
