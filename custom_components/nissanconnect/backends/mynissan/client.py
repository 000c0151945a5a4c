"""The connection of one account: log-in, requests, and every failure as a :class:`~...vehicle.BackendError`."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import nullcontext
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
import logging
from typing import Self, cast

from aiohttp import ClientSession
from pynissan import (
    ApiError,
    AuthenticationError,
    Country,
    GraphQLError,
    NissanClient,
    NissanError,
    ResponseError,
    Tokens,
)

from ...vehicle import AccessBlocked, AuthenticationFailed, BackendError, ProtocolError, TokenRejected, Unavailable
from ..base import Json
from ..http import HttpClient, Response
from ..reader import JsonReader, header_value
from .session import EnterDeparture, ErrorType, HardenedSession, ResponseInfo, status_error

_LOGGER = logging.getLogger(__name__)

_LOCKED_OUT_AFTER = timedelta(minutes=5)
"""How long fresh tokens must have been refused before the owner has to enter the password again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NissanAuth:
    """The tokens and the device id of a log-in. The password is never kept: without tokens the owner has to enter it.

    The ``repr`` of the library's tokens shows them in clear: never log them (mynissan-na §2.1 [A]). ``device_id``
    outlives the tokens, because a new one at every log-in would look like a new phone (§2.1 [B]).
    """

    tokens: Tokens | None = field(default=None, repr=False)
    device_id: str | None = field(default=None, repr=False)

    def to_json(self) -> dict[str, Json]:
        """Return everything, secrets included, for a store that only the owner can read."""
        tokens = asdict(self.tokens) if self.tokens else dict.fromkeys(_TOKENS)
        return {**tokens, "device_id": self.device_id}

    @classmethod
    def from_json(cls, saved: Json) -> Self:
        """Read what :meth:`to_json` wrote; missing or damaged values are left out."""
        values = JsonReader.of(saved)
        access, refresh, identity = (header_value(values.get(name)) for name in _TOKENS)
        tokens = Tokens(access, refresh, identity) if access and refresh else None
        return cls(tokens=tokens, device_id=header_value(values.get("device_id")))


_TOKENS = ("access_token", "refresh_token", "id_token")


def account_id(username: str) -> str:
    """Return a stable id of an account that does not reveal its e-mail address, spelt as in the log-in (§2.1)."""
    return sha256(username.strip().lower().encode()).hexdigest()[:16]


class ApiSession:
    """One account. New tokens go to ``on_auth``; rejected credentials are never sent again."""

    def __init__(
        self,
        session: ClientSession,
        *,
        country: str,
        username: str,
        password: str | None = None,
        auth: NissanAuth,
        on_auth: Callable[[NissanAuth], None],
        now: Callable[[], datetime],
    ) -> None:
        """``session`` stays the caller's. ``country`` is ``US``, ``CA`` or ``MX``.

        ``auth`` is what ``on_auth`` was last called with. A ``password`` is used for one log-in, in place of the tokens
        in ``auth``, and then forgotten.
        """
        self.http = HttpClient(session, now=now)  # with 30 seconds for one request, as in the app (§2.2)
        self._session = HardenedSession(self.http)
        self._username = username
        self._password = password
        self._on_auth = on_auth
        self._now = now
        self._lock = asyncio.Lock()
        self._refused_since: datetime | None = None
        self._tokens = auth.tokens if password is None else None
        self._client = NissanClient(
            cast("ClientSession", self._session),
            country=Country(country),
            tokens=self._tokens,
            token_listener=self._update_tokens,
            read_only=False,  # the library's default refuses all commands
            oauth_device_id=auth.device_id,
        )

    async def log_in(self) -> str:
        """Make sure that there are tokens; return a stable id of the account. If there are some, nothing is sent.

        Raises:
            AuthenticationFailed: The password is wrong, or there is neither a password nor a valid token.
            BackendError: The log-in service does not work at the moment.
        """
        async with self._lock:
            if self._tokens is None:
                if (password := self._password) is None:
                    raise AuthenticationFailed("there is no valid log-in")
                await self._call("log-in", NissanClient.async_authenticate, self._username, password)
                self._password = None
        return account_id(self._username)

    async def request[T, *Ts](
        self,
        name: str,
        call: Callable[[NissanClient, *Ts], Awaitable[T]],
        *args: *Ts,
        departure: EnterDeparture = nullcontext,
    ) -> tuple[T, ResponseInfo]:
        """Call the library, after a log-in if need be; return its result and what it does not report of the response.

        ``name`` stands for the request in messages. The requests of the call leave within a ``departure``.
        """
        await self.log_in()
        result = await self._call(name, call, *args, departure=departure)
        self._refused_since = None
        return result

    async def _call[T, *Ts](
        self,
        name: str,
        call: Callable[[NissanClient, *Ts], Awaitable[T]],
        *args: *Ts,
        departure: EnterDeparture = nullcontext,
    ) -> tuple[T, ResponseInfo]:
        with self._session.record(name, departure) as info:
            try:
                return await call(self._client, *args), info
            except BackendError as err:
                error = err
            except _CAUGHT as err:
                error = _backend_error(err, info)
        if isinstance(error, TokenRejected):
            error = self._after_refusal(error)
        if isinstance(error, AuthenticationFailed):
            self._forget_credentials()
        error.nothing_done = error.nothing_done or not info.done
        raise error

    def _after_refusal(self, refusal: TokenRejected) -> BackendError:
        """Return the error to raise: only refusals that go on for a while mean that the log-in is not valid."""
        since = self._refused_since = self._refused_since or self._now()
        return AuthenticationFailed(str(refusal)) if self._now() - since >= _LOCKED_OUT_AFTER else refusal

    def _forget_credentials(self) -> None:
        self._password = None
        if self._tokens is not None:
            _LOGGER.debug("The log-in is not valid any more")
            self._update_tokens(None)

    def _update_tokens(self, tokens: Tokens | None) -> None:
        self._tokens = tokens
        self._on_auth(NissanAuth(tokens=tokens, device_id=self._client.oauth_device_id))


_CAUGHT = (NissanError, ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError)
"""What a call of the library may raise: its own errors, and whatever strange JSON provokes."""


def _backend_error(error: Exception, info: ResponseInfo) -> BackendError:
    """Return what to raise instead of an error of the library, whose message may name anybody."""
    match error:
        case AuthenticationError(status=400 | 401 | 403):
            return AuthenticationFailed(f"{info.name}: the log-in is not valid")
        case AuthenticationError() | ApiError() if info.response is not None:
            return _http_error(info.response, info.name)
        case GraphQLError() | ResponseError() if (kind := info.error) is not None:
            return kind(f"{info.name}: the service reports an error")
        case ResponseError() if info.response is not None and info.body is None:
            return _http_error(info.response, info.name)
        case _:
            return ProtocolError(f"{info.name}: the response cannot be understood")


def _http_error(response: Response, name: str) -> BackendError:
    """Return what a status means, also that of a response without JSON: with HTTP 200 it is a maintenance page."""
    kinds: dict[int, ErrorType] = {200: Unavailable, 403: AccessBlocked}
    kind = kinds.get(response.status) or status_error(response.status)
    return kind(f"{name}: HTTP {response.status}", retry_after=response.retry_after)
