"""How a region's service hands out tokens; what is done with them is the same everywhere."""

from typing import Protocol

from ...vehicle import ActionRequired, NotSupported
from ..base import Json
from .answer import Answer, BadRequest, NotServed, Unauthorized, json_of


class Refused(ActionRequired):
    """The data plane does not take our proof. With a fresh log-in behind it, only the owner can change that."""


class LogIn(Protocol):
    """The log-in of one region. Every method raises a :class:`~...vehicle.BackendError` on failure."""

    @property
    def works(self) -> bool:
        """Whether the log-in itself did its part when it was last needed; refreshing tokens is not part of it."""

    async def log_in(self, username: str, password: str) -> Json:
        """Return a reply with tokens.

        Raises:
            AuthenticationFailed: The password is wrong.
        """

    async def refresh(self, refresh_token: str) -> Json:
        """Return a reply with tokens, in which the refresh token may be left out if it stays.

        Raises:
            Refused: Only a log-in helps.
        """


def accepted(answer: Answer, name: str) -> Json:
    """Return the body of an answer that brings tokens; :class:`Refused` if it refuses them (§4.7, §15.2)."""
    try:
        body = json_of(answer, name)
    except NotServed:
        raise
    except BadRequest, Unauthorized, NotSupported:
        raise Refused(f"{name} was refused") from None
    if isinstance(body, dict) and "error" in body:
        raise Refused(f"{name} was refused")
    return body
