"""The connection of one account: log-in, requests, and every failure as a :class:`~...vehicle.BackendError`."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import nullcontext
from dataclasses import asdict
from datetime import datetime, timedelta
from hashlib import sha256
import logging
from typing import cast

from aiohttp import ClientSession
import pynissan

from ...vehicle import AuthenticationFailed, BackendError, ProtocolError, TokenRejected
from ..base import Context, EnterDeparture, Fields
from ..http import HttpClient
from ..reader import JsonReader, header_value
from .session import HardenedSession, ResponseInfo

_LOGGER = logging.getLogger(__name__)

_LOCKED_OUT_AFTER = timedelta(minutes=5)
"""How long fresh tokens must have been refused before the owner has to enter the password again."""

_TOKENS = ("access_token", "refresh_token", "id_token")


class ApiSession:
    """One account. Rejected credentials are never sent again.

    The ``repr`` of the library's tokens shows them in clear: never log them (mynissan-na §2.1 [A]).
    """

    def __init__(self, context: Context, fields: Fields) -> None:
        """A ``password`` is used for one log-in, in place of the tokens that were kept, and then forgotten.

        It is there in the dialogs only, and never kept: without tokens the owner has to enter it.
        """
        saved = JsonReader.of(context.auth)
        access, refresh, identity = (header_value(saved.get(name)) for name in _TOKENS)
        self._username = fields["username"]
        self._password = fields.get("password")
        self._tokens: pynissan.Tokens | None = None
        if access and refresh and self._password is None:
            self._tokens = pynissan.Tokens(access, refresh, identity)
        self._save_auth = context.save_auth
        self._now = context.now
        self._lock = asyncio.Lock()
        self._refused_since: datetime | None = None
        self.http = HttpClient(context.session, now=context.now)  # 30 seconds for a request, as in the app (§2.2)
        self._session = HardenedSession(self.http)
        self._client = pynissan.NissanClient(
            cast("ClientSession", self._session),
            country=pynissan.Country(fields["country"].upper()),
            tokens=self._tokens,
            token_listener=self._update_tokens,
            read_only=False,  # the library's default refuses all commands
            oauth_device_id=header_value(saved.get("device_id")),
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
                await self._call("log-in", lambda: self._client.async_authenticate(self._username, password))
                self._password = None
        # The same for each spelling of the address that the log-in takes (§2.1), and reveals none of them.
        return sha256(self._username.strip().lower().encode()).hexdigest()[:16]

    async def request[T, *Ts](
        self,
        name: str,
        call: Callable[[pynissan.NissanClient, *Ts], Awaitable[T]],
        *args: *Ts,
        departure: EnterDeparture = nullcontext,
    ) -> tuple[T, ResponseInfo]:
        """Call the library, after a log-in if need be; return its result and what it does not report of the response.

        ``name`` stands for the request in messages. The requests of the call leave within a ``departure``.
        """
        await self.log_in()
        result = await self._call(name, lambda: call(self._client, *args), departure)
        self._refused_since = None
        return result

    async def _call[T](
        self, name: str, call: Callable[[], Awaitable[T]], departure: EnterDeparture = nullcontext
    ) -> tuple[T, ResponseInfo]:
        with self._session.record(name, departure) as info:
            try:
                return await call(), info
            except BackendError as err:
                error = err
            except _CAUGHT as err:
                error = _backend_error(err, info)
        if isinstance(error, TokenRejected):  # the log-in is not valid only if that goes on for a while
            self._refused_since = self._refused_since or self._now()
            if self._now() - self._refused_since >= _LOCKED_OUT_AFTER:
                error = AuthenticationFailed(str(error))
        if isinstance(error, AuthenticationFailed):
            self._password = None
            if self._tokens is not None:
                _LOGGER.debug("The log-in is not valid any more")
                self._update_tokens(None)
        error.nothing_done = error.nothing_done or not info.done
        raise error

    def _update_tokens(self, tokens: pynissan.Tokens | None) -> None:
        """Keep the tokens, and the device id even without: a new one would look like a new phone (§2.1 [B])."""
        self._tokens = tokens
        saved = asdict(tokens) if tokens else dict.fromkeys(_TOKENS)
        self._save_auth({**saved, "device_id": self._client.oauth_device_id})


_CAUGHT = (pynissan.NissanError, ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError)
"""What a call of the library may raise: its own errors, and whatever strange JSON provokes."""


def _backend_error(error: Exception, info: ResponseInfo) -> BackendError:
    """Return what to raise instead of an error of the library, whose message may name anybody."""
    match error:
        case pynissan.AuthenticationError(status=400 | 401 | 403):
            return AuthenticationFailed(f"{info.name}: the log-in is not valid")
        case pynissan.NissanError() if (reported := info.error) is not None:
            return reported
        case _:
            return ProtocolError(f"{info.name}: the response cannot be understood")
