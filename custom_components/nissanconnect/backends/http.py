"""HTTP for all backends: addresses that secrets may go to, bounded requests, and tokens.

Errors show no secret.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from ipaddress import ip_address
import re
from unicodedata import normalize
from urllib.parse import quote

import aiohttp
from yarl import URL

from ..vehicle import BackendError, InvalidAddress, NoConnection, ProtocolError, TokenRejected, Unavailable
from .base import Json
from .reader import load_json

_LARGEST_BODY = 4 * 1024 * 1024
_LONGEST_PAUSE = 86400.0
"""Seconds: an absurd Retry-After must not stop an account for good."""


class NoResponse(Unavailable):
    """No response came in time, or it broke off. Only this is worth an immediate retry."""


class Unauthorized(TokenRejected):
    """The service refused the token or key. If it refuses a fresh one as well, the service is at fault."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """One HTTP response, which may hold tokens and positions.

    ``body`` is its JSON: ``None`` if the text is empty, or if ``is_json`` is false. ``retry_after`` is in seconds.
    """

    status: int
    text: str = field(repr=False)
    body: Json = field(repr=False)
    is_json: bool
    location: str | None = field(default=None, repr=False)
    retry_after: float | None = None

    @classmethod
    def of(cls, status: int, text: str, *, location: str | None = None, retry_after: float | None = None) -> Response:
        """Parse the text of a response."""
        try:
            body, is_json = load_json(text.removeprefix("\ufeff")) if text.strip("\ufeff \r\n\t") else None, True
        except ValueError, RecursionError:
            body, is_json = None, False
        return cls(status=status, text=text, body=body, is_json=is_json, location=location, retry_after=retry_after)

    @property
    def is_success(self) -> bool:
        """Whether the status is 2xx. Services also report errors with HTTP 200."""
        return self.status // 100 == 2

    @property
    def is_html(self) -> bool:
        """Whether this is a page for people, as from a gateway in front of the service."""
        return self.text.lstrip("\ufeff \r\n\t").startswith("<")


class HttpClient:
    """The HTTP requests of one account; ``requests`` counts them."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        *,
        now: Callable[[], datetime],
        timeout: float = 30.0,
        connect_timeout: float = 15.0,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """``session`` stays the caller's. Timeouts are in seconds; ``headers`` go with every request."""
        self.session = session
        self.requests = 0
        self._now = now
        self._timeout = timeout
        self._connect_timeout = connect_timeout
        self._headers = dict(headers or {})

    async def request(
        self,
        method: str,
        url: URL,
        name: str,
        *,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
        json: Json = None,
        data: bytes | Mapping[str, str] | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 - aiohttp bounds it, together with the time to connect
    ) -> Response:
        """Send one request and return the response, whatever its status. Redirects are not followed.

        ``name`` stands for the URL in messages, because URLs carry VINs and user ids.

        Raises:
            NoConnection: There is no way to the host.
            NoResponse: Nothing came back in time, or it broke off.
            Unavailable: The connection was lost.
            ProtocolError: The body has no end.
        """
        self.requests += 1
        try:
            async with self.session.request(
                method,
                url,
                headers={**self._headers, **(headers or {})},
                params=params,
                json=json,
                data=data,
                timeout=aiohttp.ClientTimeout(total=timeout or self._timeout, connect=self._connect_timeout),
                allow_redirects=False,
                raise_for_status=False,
            ) as response:
                return Response.of(
                    response.status,
                    await read_text(response, name),
                    location=response.headers.get("Location"),
                    retry_after=retry_seconds(response, self._now()),
                )
        except aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError:
            raise NoConnection(f"no connection to {name}") from None
        except aiohttp.ClientOSError, aiohttp.ServerDisconnectedError:
            # aiohttp has already repeated a request that was dropped, if its method is idempotent.
            raise Unavailable(f"no connection to {name}") from None
        except aiohttp.ClientError, OSError:  # a time-out is an OSError
            raise NoResponse(f"no response from {name}") from None


async def read_text(response: aiohttp.ClientResponse, name: str) -> str:
    """Return the body of a response; ``name`` stands for who sent it.

    Raises:
        ProtocolError: It has no end.
    """
    body = bytearray()
    async for chunk in response.content.iter_any():
        body += chunk
        if len(body) > _LARGEST_BODY:
            raise ProtocolError(f"{name} sent a response without end")
    return body.decode(errors="replace")


def retry_seconds(response: aiohttp.ClientResponse, now: datetime) -> float | None:
    """Return the seconds of ``Retry-After``, which holds seconds or an HTTP date."""
    value = response.headers.get("Retry-After")
    if value is None:
        return None
    if value.isdecimal():
        return min(float(value), _LONGEST_PAUSE)
    try:
        date = parsedate_to_datetime(value)
    except ValueError:
        return None
    wait = date.replace(tzinfo=date.tzinfo or UTC) - now
    return min(max(wait.total_seconds(), 0.0), _LONGEST_PAUSE)


def without_redirects(session: aiohttp.ClientSession) -> aiohttp.ClientSession:
    """Return a session over the same connections that follows no redirect, for WebSockets, which have no such option.

    A redirect could lead to any host of the owner's network. The caller closes the session.
    """
    return aiohttp.ClientSession(
        connector=session.connector,
        connector_owner=False,
        cookie_jar=aiohttp.DummyCookieJar(),
        headers=session.headers,
        middlewares=(_refuse_redirects,),
    )


async def _refuse_redirects(request: aiohttp.ClientRequest, send: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
    response = await send(request)
    if 300 <= response.status < 400:
        response.close()
        raise aiohttp.WSServerHandshakeError(response.request_info, (), status=response.status)
    return response


_LOCAL = ("home", "home.arpa", "internal", "lan", "local", "localdomain", "localhost", "fritz.box", "ts.net")
"""Domains that no public server has, one that a maker of routers uses, and the encrypted network Tailscale's."""

_NUMERIC = re.compile(r"\d+|0x[0-9a-f]*", re.ASCII)
"""The last part of an address in an odd spelling: resolvers take 134744072 for 8.8.8.8."""

_HOST = re.compile(r"[0-9A-Za-z.:%_-]+")


def base_url(address: str, *, page: str = "") -> URL:
    """Return the base URL of the server at ``address``, with a trailing slash. ``page`` at its end is cut off.

    Raises:
        InvalidAddress: It is no address of a server, holds more than that (a query may hold a token), or is plain http
            into the internet, where others could read the secret.
    """
    try:
        url = URL(address.strip())
        host, port = url.raw_host or "", url.port
    except ValueError:
        raise InvalidAddress from None
    if url.scheme not in {"http", "https"} or port is None or not _HOST.fullmatch(host):
        raise InvalidAddress
    if url.user or url.password or url.query_string or url.fragment:
        raise InvalidAddress
    if url.scheme == "http" and not is_local(host):
        raise InvalidAddress("plain http is for addresses in the own network only")
    return url.with_path(url.path.removesuffix(page).rstrip("/") + "/", encoded=False)


def is_local(host: str) -> bool:
    """Whether ``host`` is reached without the internet, so that plain http shows no secret to others."""
    try:
        address = ip_address(host.partition("%")[0])
    except ValueError:
        name = normalize("NFKC", host).casefold().rstrip(".")
        if _NUMERIC.fullmatch(name.rpartition(".")[2]):
            return False
        return "." not in name or name.endswith(tuple(f".{each}" for each in _LOCAL))
    return not address.is_global and not address.is_unspecified


def segment(name: str) -> str:
    """Quote ``name`` as one segment of a path, whatever it contains, even ``..``."""
    return quote(name, safe="").replace(".", "%2E")


class TokenRenewal:
    """Hands out a token. Callers who wait while it is renewed share the outcome, good or bad."""

    def __init__(self, valid: Callable[[], str | None], renew: Callable[[], Awaitable[str]]) -> None:
        """``valid`` returns the current token if it seems good; ``renew`` returns a new one, which is then valid.

        Either may raise a :class:`~..vehicle.BackendError`; ``valid`` does so if renewal is pointless as well.
        """
        self._valid = valid
        self._renew = renew
        self._lock = asyncio.Lock()
        self._renewals = 0
        self._error: BackendError | None = None

    async def get(self, refused: str | None = None) -> str:
        """Return a valid token other than the one that was ``refused``; renew it if need be.

        Raises:
            BackendError: As ``valid`` and ``renew`` do; all who waited get a copy of the renewal's error.
        """
        renewals = self._renewals
        async with self._lock:
            if (valid := self._valid()) is not None and valid != refused:
                return valid
            if self._error is not None and self._renewals != renewals:
                raise self._error.copy()
            self._error = None
            try:
                return await self._renew()
            except BackendError as error:
                self._error = error
                raise
            finally:
                self._renewals += 1


type TokenGetter = Callable[[str | None], Awaitable[str]]
"""Returns a valid token, other than the one that was refused, or raises a :class:`~..vehicle.BackendError`."""


async def with_token[T](get_token: TokenGetter, send: Callable[[str], Awaitable[T]]) -> T:
    """Send a request with a token, and once more with a fresh one if it was refused, because then nothing was done."""
    token = await get_token(None)
    try:
        return await send(token)
    except Unauthorized:
        token = await get_token(token)
    return await send(token)
