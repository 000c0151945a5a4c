"""The connection of one account: log-in, requests, and every failure as a :class:`~...vehicle.BackendError`."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import nullcontext
from dataclasses import dataclass, field, fields
from datetime import datetime, timedelta
from hashlib import sha256
import logging
from typing import TYPE_CHECKING, Self, cast

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
from ..base import Json
from ..reader import JsonReader, header_value
from .errors import body_error, status_error
from .session import EnterDeparture, HardenedSession, ResponseInfo, Session

if TYPE_CHECKING:
    from aiohttp import ClientSession

_LOGGER = logging.getLogger(__name__)

_TIMEOUT = 30.0
"""Seconds for one request, as in the app (mynissan-na §2.2)."""

_LOCKED_OUT_AFTER = timedelta(minutes=5)
"""How long fresh tokens must have been refused before the owner has to enter the password again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NissanAuth:
    """The tokens and the device id of a log-in. The password is never kept: without tokens the owner has to enter it.

    ``device_id`` outlives the tokens, because a new one at every log-in would look like a new phone
    (mynissan-na §2.1 [B]).
    """

    access_token: str | None = field(default=None, repr=False)
    refresh_token: str | None = field(default=None, repr=False)
    id_token: str | None = field(default=None, repr=False)
    device_id: str | None = field(default=None, repr=False)

    @property
    def tokens(self) -> Tokens | None:
        """The tokens as the library takes them. Their ``repr`` shows them in clear: never log them (§2.1 [A])."""
        if self.access_token is None or self.refresh_token is None:
            return None
        return Tokens(self.access_token, self.refresh_token, self.id_token)

    @classmethod
    def of(cls, tokens: Tokens | None, device_id: str) -> Self:
        """Return what to keep of the library's tokens."""
        if tokens is None:
            return cls(device_id=device_id)
        return cls(
            access_token=tokens.access_token,
            refresh_token=tokens.refresh_token,
            id_token=tokens.id_token,
            device_id=device_id,
        )

    def to_json(self) -> dict[str, Json]:
        """Return everything, secrets included, for a store that only the owner can read."""
        return {each.name: getattr(self, each.name) for each in fields(self)}

    @classmethod
    def from_json(cls, saved: Json) -> Self:
        """Read what :meth:`to_json` wrote; missing or damaged values are left out."""
        values = JsonReader.of(saved)
        return cls(**{each.name: header_value(values.get(each.name)) for each in fields(cls)})


def account_id(username: str) -> str:
    """Return a stable id of an account that does not reveal its e-mail address, spelt as in the log-in (§2.1)."""
    return sha256(username.strip().lower().encode()).hexdigest()[:16]


class ApiSession:
    """One account. New tokens go to ``on_auth``; rejected credentials are never sent again."""

    def __init__(
        self,
        session: Session,
        *,
        country: str,
        username: str,
        password: str | None,
        auth: NissanAuth,
        on_auth: Callable[[NissanAuth], None],
        now: Callable[[], datetime],
        timeout: float = _TIMEOUT,
    ) -> None:
        """With a ``password``, the first request logs in and replaces the tokens of ``auth``."""
        self._session = HardenedSession(session, timeout=timeout, now=now)
        self._username = username
        self._password = password
        self._on_auth = on_auth
        self._now = now
        self._lock = asyncio.Lock()
        self._refused_since: datetime | None = None
        tokens = None if password is not None else auth.tokens
        self._client = NissanClient(
            cast("ClientSession", self._session),
            country=Country(country),
            tokens=tokens,
            token_listener=self._update_tokens,
            read_only=False,  # the library's default refuses all commands
            oauth_device_id=auth.device_id,
        )
        self._auth = NissanAuth.of(tokens, self._client.oauth_device_id)

    @property
    def requests(self) -> int:
        """How many requests have been sent."""
        return self._session.requests

    async def log_in(self) -> None:
        """Make sure that there are tokens. Nothing is sent if there are some already.

        Raises:
            AuthenticationFailed: The password is wrong, or there is neither a password nor a valid token.
            BackendError: The log-in service does not work at the moment.
        """
        async with self._lock:
            if self._auth.tokens is not None:
                return
            if self._password is None:
                raise AuthenticationFailed("there is no valid log-in")
            password = self._password
            await self._call("log-in", lambda client: client.async_authenticate(self._username, password))
            self._password = None

    async def request[T](
        self, name: str, call: Callable[[NissanClient], Awaitable[T]], *, departure: EnterDeparture = nullcontext
    ) -> tuple[T, ResponseInfo]:
        """Call the library, after a log-in if need be; return its result and what it does not report of the response.

        ``name`` stands for the request in messages. The requests of the call leave within a ``departure``.
        """
        await self.log_in()
        result = await self._call(name, call, departure)
        self._refused_since = None
        return result

    async def _call[T](
        self, name: str, call: Callable[[NissanClient], Awaitable[T]], departure: EnterDeparture = nullcontext
    ) -> tuple[T, ResponseInfo]:
        with self._session.record(departure) as info:
            try:
                return await call(self._client), info
            except BackendError:
                raise
            except _CAUGHT as err:
                error = _backend_error(err, info, name)
        if isinstance(error, TokenRejected):
            error = self._after_refusal(error)
        if isinstance(error, AuthenticationFailed):
            self._forget_credentials()
        error.nothing_done = not info.done
        raise error

    def _after_refusal(self, refusal: TokenRejected) -> BackendError:
        """Return the error to raise: only refusals that go on for a while mean that the log-in is not valid."""
        since = self._refused_since = self._refused_since or self._now()
        return AuthenticationFailed(str(refusal)) if self._now() - since >= _LOCKED_OUT_AFTER else refusal

    def _forget_credentials(self) -> None:
        self._password = None
        if self._auth.tokens is not None:
            _LOGGER.debug("The log-in is not valid any more")
            self._update_tokens(None)

    def _update_tokens(self, tokens: Tokens | None) -> None:
        self._auth = NissanAuth.of(tokens, self._client.oauth_device_id)
        self._on_auth(self._auth)


_CAUGHT = (
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
"""What a call of the library may raise: its own errors, the time limit, and whatever strange JSON provokes."""


def _backend_error(error: Exception, info: ResponseInfo, name: str) -> BackendError:
    """Return what to raise instead of an error of the library, whose message may name anybody."""
    match error:
        case AuthenticationError(status=400 | 401 | 403):
            return AuthenticationFailed(f"{name}: the log-in is not valid")
        case AuthenticationError() | ApiError():
            return _http_error(error.status, info, name)
        case NetworkError() | TimeoutError() | OSError():
            if info.reached:
                return Unavailable(f"{name}: no response")
            return NoConnection(f"{name}: no connection")
        case GraphQLError() | ResponseError() if (kind := body_error(info.body)) is not None:
            return kind(f"{name}: the service reports an error")
        case ResponseError() if info.body is None:
            return _http_error(info.status or 0, info, name)
        case _:
            return ProtocolError(f"{name}: the response cannot be understood")


def _http_error(status: int, info: ResponseInfo, name: str) -> BackendError:
    """Return what a status means, also that of a response without JSON: with HTTP 200 it is a maintenance page."""
    kinds: dict[int, type[BackendError]] = {200: Unavailable, 403: AccessBlocked}
    kind = kinds.get(status) or status_error(status)
    return kind(f"{name}: HTTP {status}", retry_after=info.retry_after)
