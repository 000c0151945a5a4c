"""The line to the service: logged in when it must be, and every failure in the terms of ``vehicle``."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import nullcontext
from datetime import datetime, timedelta
import logging
from typing import TYPE_CHECKING, cast

from pynissan import (
    ApiError,
    AuthenticationError,
    Country,
    GraphQLError,
    NetworkError,
    NissanClient,
    NissanError,
    ResponseError,
    Tokens,
)

from ...vehicle import (
    AccessBlocked,
    AuthenticationFailed,
    BackendError,
    NoConnection,
    ProtocolError,
    TokenRejected,
    Unavailable,
)
from .auth import Auth
from .errors import error_in, kind_of_status
from .session import Heard, Leave, Session, Wire

if TYPE_CHECKING:
    from aiohttp import ClientSession

_LOGGER = logging.getLogger(__name__)

_TIMEOUT = 30.0
"""Seconds for one request, as the app waits (mynissan-na §2.2)."""

_PATIENCE = timedelta(minutes=5)
"""How long fresh tokens must have been refused before the owner is asked for the password again."""


class Line:
    """One account. Tokens are kept through ``on_auth``; a rejected log-in is never tried again."""

    def __init__(
        self,
        session: Session,
        *,
        country: str,
        username: str,
        password: str | None,
        auth: Auth,
        on_auth: Callable[[Auth], None],
        now: Callable[[], datetime],
        timeout: float = _TIMEOUT,
    ) -> None:
        """Prepare; nothing is sent yet. With a ``password`` the tokens of ``auth`` are replaced by new ones."""
        self._wire = Wire(session, timeout=timeout, now=now)
        self._username = username
        self._password = password
        self._on_auth = on_auth
        self._now = now
        self._lock = asyncio.Lock()
        self._refused_since: datetime | None = None
        tokens = None if password is not None else auth.tokens
        self._client = NissanClient(
            cast("ClientSession", self._wire),
            country=Country(country),
            tokens=tokens,
            token_listener=self._keep,
            read_only=False,  # the library's default refuses all commands
            oauth_device_id=auth.device_id,
        )
        self._auth = Auth.of(tokens, self._client.oauth_device_id)

    @property
    def requests(self) -> int:
        """How many requests have been sent."""
        return self._wire.requests

    async def log_in(self) -> None:
        """Make sure that there are tokens; with some that may be good nothing is sent.

        Raises:
            AuthenticationFailed: The password is wrong, or there is none and no valid token either.
            BackendError: The log-in service does not work at the moment.
        """
        async with self._lock:
            if self._auth.tokens is not None:
                return
            if self._password is None:
                raise AuthenticationFailed("there is no valid log-in")
            password = self._password
            await self._hear("log-in", lambda client: client.async_authenticate(self._username, password))
            self._password = None

    async def ask[T](
        self, name: str, question: Callable[[NissanClient], Awaitable[T]], *, departure: Leave = nullcontext
    ) -> tuple[T, Heard]:
        """Ask the library one thing, logging in before if need be; return its answer and what came over the wire.

        What is asked leaves within a ``departure``.
        """
        await self.log_in()
        answer = await self._hear(name, question, departure)
        self._refused_since = None
        return answer

    async def _hear[T](
        self, name: str, question: Callable[[NissanClient], Awaitable[T]], departure: Leave = nullcontext
    ) -> tuple[T, Heard]:
        with self._wire.listen(departure) as heard:
            try:
                return await question(self._client), heard
            except BackendError:
                raise
            except CAUGHT as error:
                meant = meaning(error, heard, name)
        if isinstance(meant, TokenRejected):
            meant = self._doubted(meant)
        if isinstance(meant, AuthenticationFailed):
            self._forget()
        meant.nothing_done = not heard.done
        raise meant

    def _doubted(self, refusal: TokenRejected) -> BackendError:
        """Believe that the account is not let in any more only if that goes on."""
        since = self._refused_since = self._refused_since or self._now()
        return AuthenticationFailed(str(refusal)) if self._now() - since >= _PATIENCE else refusal

    def _forget(self) -> None:
        """Send neither these tokens nor this password ever again."""
        self._password = None
        if self._auth.tokens is not None:
            _LOGGER.debug("The log-in is not valid any more")
            self._change(Auth.of(None, self._client.oauth_device_id))

    def _keep(self, tokens: Tokens) -> None:
        self._change(Auth.of(tokens, self._client.oauth_device_id))

    def _change(self, auth: Auth) -> None:
        self._auth = auth
        self._on_auth(auth)


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
