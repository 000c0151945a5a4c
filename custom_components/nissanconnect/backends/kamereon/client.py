"""Where the European service lives, and the constants that its app identifies itself with.

Every URL of this backend is derived from one :class:`Environment`; nothing else can lead a password anywhere.
All values are public. Those of Europe agree in five independent clients (kamereon-eu §2.1, [A]; the action-status host
[B]), those of Japan come from one that worked in September 2026 (§2.4 [B]).
"""

from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, nullcontext, suppress
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from ipaddress import ip_address
import json
from typing import NamedTuple
from urllib.parse import quote, urlencode

import aiohttp
from yarl import URL

from ...vehicle import NoConnection, ProtocolError, Unavailable
from ..base import Json
from ..http import read_text, retry_seconds
from .auth import Authenticator
from .errors import Answer, NoAnswer, NotServed, Unauthorized, json_of


class Host(StrEnum):
    """The parts of the service. Each has its own host in production."""

    LOGIN = "login"
    BFF = "bff"
    USERS = "users"
    CARS = "cars"
    NOTIFICATIONS = "notifications"
    ACTION_STATUS = "action-status"


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """One installation of the service: the base URL of every host, with a trailing slash, and what all share.

    ``client_id`` is what the app calls itself. What follows it is for the log-in pages of Europe alone.
    """

    hosts: Mapping[Host, URL]
    client_id: str = "ZM3WK7ax1OtQKYQ8Qqzcv5VgiA8a"
    redirect_uri: str = "com://wso2.service.nci"
    login_scope: str = "openid name profile email offline_access"
    data_scope: str = "openid profile vehicles"
    brand: str = "Nissan"
    client: str = "mynissanapp"
    locale: str = "en_GB"
    platform: str = "Android"
    notification_realm: str = "P_NCB"

    def url(self, host: Host, path: str, **query: str) -> URL:
        """Return the address of ``path``, whose variable segments must have gone through :func:`segment`."""
        encoded = urlencode(query, quote_via=quote)
        return self.hosts[host].join(URL(f"{path}?{encoded}" if encoded else path, encoded=True))

    @property
    def origin(self) -> str:
        """What a browser on the login pages would call their origin."""
        return str(self.hosts[Host.LOGIN].origin())

    def is_login(self, url: URL) -> bool:
        """Whether ``url`` belongs to the host that may see the password."""
        ours = self.hosts[Host.LOGIN]
        return (url.scheme, url.host, url.port) == (ours.scheme, ours.host, ours.port)

    def is_callback(self, url: URL) -> bool:
        """Whether ``url`` is the app's own address, with which the log-in ends; it is never fetched."""
        ours = URL(self.redirect_uri)
        return (url.scheme, url.host) == (ours.scheme, ours.host)


def segment(name: str) -> str:
    """Make ``name`` one segment of a path, whatever it contains, even ``..``."""
    return quote(name, safe="").replace(".", "%2E")


EUROPE = Environment(
    hosts={
        Host.LOGIN: URL("https://login.mynissan-account.com/"),
        Host.BFF: URL("https://nci-bff-web-prod.apps.eu2.kamereon.io/bff-web/"),
        Host.USERS: URL("https://alliance-platform-usersadapter-prod.apps.eu2.kamereon.io/user-adapter/"),
        Host.CARS: URL("https://alliance-platform-caradapter-prod.apps.eu2.kamereon.io/car-adapter/"),
        Host.NOTIFICATIONS: URL("https://alliance-platform-notifications-prod.apps.eu2.kamereon.io/notifications/"),
        Host.ACTION_STATUS: URL("https://alliance-platform-action-status-polling-prod.apps.eu2.kamereon.io/"),
    }
)

_JAPAN = URL("https://nc-app-bff-prod.apps.jp.kamereon.io/nc-app-bff/")

JAPAN = Environment(
    hosts={
        Host.LOGIN: _JAPAN,
        Host.BFF: _JAPAN,
        Host.USERS: _JAPAN / "alliance/user-adapter/",
        Host.CARS: _JAPAN / "alliance/car-adapter/",
        Host.NOTIFICATIONS: _JAPAN / "alliance/notifications/",
        Host.ACTION_STATUS: _JAPAN / "alliance/action-status-polling/",
    },
    client_id="jp.co.nissan.nissanconnect.ncx",
    notification_realm="n-nissan-nc",
)
"""One front end, with the adapters behind it."""


def simulated(base_url: str, like: Environment = EUROPE) -> Environment:
    """Return the environment of a simulator that serves all hosts below ``base_url``, and speaks ``like`` another.

    Raises:
        ValueError: ``base_url`` is not plain http on a loopback address. A name is refused too, even ``localhost``:
            what it means is decided elsewhere, and the account's password is sent there.
    """
    base = URL(base_url)
    if base.scheme != "http" or not _is_loopback(base.host) or base.user or base.password:
        raise ValueError("A simulator must be plain http on a loopback address")
    root = base.with_path(base.path.rstrip("/") + "/")
    prefixes = _PREFIXES if like is EUROPE else {host: url.path.strip("/") for host, url in like.hosts.items()}
    return replace(like, hosts={host: root.join(URL(f"{prefix}/")) for host, prefix in prefixes.items()})


# Japan's single host has a path for each part; Europe's hosts have not, so that the parts are told apart by these.
_PREFIXES = {
    Host.LOGIN: "auth",
    Host.BFF: "bff-web",
    Host.USERS: "user-adapter",
    Host.CARS: "car-adapter",
    Host.NOTIFICATIONS: "notifications",
    Host.ACTION_STATUS: "action-status",
}


def _is_loopback(host: str | None) -> bool:
    try:
        return ip_address(host or "").is_loopback
    except ValueError:
        return False


class Timeouts(NamedTuple):
    """How long to wait, in seconds. The service can be very slow (kamereon-eu §3.5)."""

    connect: float = 15.0
    data: float = 120.0
    login: float = 30.0


class Transport:
    """The requests of one account."""

    def __init__(self, session: aiohttp.ClientSession, *, timeouts: Timeouts, now: Callable[[], datetime]) -> None:
        """``session`` stays the caller's; its cookie jar should serve this account alone."""
        self.timeouts = timeouts
        self.requests = 0
        """How many have been sent."""
        self._session = session
        self._now = now

    def forget_cookies(self, host: str) -> None:
        """Begin a new browser session at ``host``."""
        self._session.cookie_jar.clear_domain(host)

    async def request(
        self,
        method: str,
        url: URL,
        name: str,
        *,
        timeout: float,  # noqa: ASYNC109 - aiohttp bounds it, together with the time to connect
        headers: Mapping[str, str],
        data: bytes | Mapping[str, str] | None = None,
    ) -> Answer:
        """Send one request and return its answer, whatever its status; redirects are never followed.

        ``name`` stands for the URL in messages, because URLs carry VINs and user ids.
        """
        self.requests += 1
        try:
            return await self._exchange(method, url, name, timeout=timeout, headers=headers, data=data)
        except aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError:
            raise NoConnection(f"no connection to {name}") from None
        except aiohttp.ClientOSError, aiohttp.ServerDisconnectedError:
            # A dropped GET has been repeated by aiohttp already, which does that for idempotent methods.
            raise Unavailable(f"no connection to {name}") from None
        except aiohttp.ClientError, OSError:
            raise NoAnswer(f"no answer from {name}") from None

    async def _exchange(
        self,
        method: str,
        url: URL,
        name: str,
        *,
        timeout: float,  # noqa: ASYNC109 - as above
        headers: Mapping[str, str],
        data: bytes | Mapping[str, str] | None,
    ) -> Answer:
        async with self._session.request(
            method,
            url,
            headers=headers,
            data=data,
            timeout=aiohttp.ClientTimeout(total=timeout, connect=self.timeouts.connect),
            allow_redirects=False,
            raise_for_status=False,
        ) as response:
            return Answer(
                status=response.status,
                text=await read_text(response, name),
                location=response.headers.get("Location"),
                retry_after=retry_seconds(response, self._now()),
            )


JSON = "application/json"
JSON_API = "application/vnd.api+json"

type Leave = Callable[[], AbstractAsyncContextManager[None]]

_POSTED_AS = {Host.BFF: JSON, Host.CARS: JSON_API, Host.NOTIFICATIONS: JSON}


class Client:
    """The data plane as one account sees it."""

    def __init__(
        self,
        transport: Transport,
        authenticator: Authenticator,
        environment: Environment,
        headers: Mapping[Host, Mapping[str, str]],
    ) -> None:
        """Keep what the requests need; ``headers`` go with every one to their host."""
        self._transport = transport
        self._authenticator = authenticator
        self._environment = environment
        self._headers = headers

    def with_headers(self, more: Mapping[str, str]) -> Client:
        """Return the same with ``more`` headers."""
        if not more:
            return self
        headers = {host: {**own, **more} for host, own in self._headers.items()}
        return Client(self._transport, self._authenticator, self._environment, headers)

    async def log_in(self) -> None:
        """Make sure that there is a token, so that what goes wrong afterwards is no fault of the log-in."""
        await self._authenticator.token()

    async def get(self, host: Host, path: str, name: str, **query: str) -> Json:
        """Read. When no answer comes at all, it is asked once more; that wakes no vehicle and costs little.

        ``name`` stands for the path in messages.
        """
        body = await self._read(host, path, name, **query)
        if body is None:
            raise ProtocolError(f"{name} answered nothing")
        return body

    async def exists(self, host: Host, path: str, name: str) -> bool:
        """Ask for something of which only the being there counts."""
        try:
            await self._read(host, path, name)
        except NotServed:
            return False
        return True

    async def _read(self, host: Host, path: str, name: str, **query: str) -> Json:
        url = self._environment.url(host, path, **query)

        async def read(token: str) -> Json:
            try:
                return await self._send("GET", url, name, self._headers[host], token=token)
            except NoAnswer:
                return await self._send("GET", url, name, self._headers[host], token=token)

        return await self._authorised(read)

    async def post(
        self, host: Host, path: str, name: str, body: Json, departure: Leave = nullcontext, **query: str
    ) -> Json:
        """Write, within a ``departure``. Only a refused token leads to a second try, because then nothing was done."""
        url = self._environment.url(host, path, **query)
        headers = {**self._headers[host], "Content-Type": _POSTED_AS[host]}
        data = json.dumps(body).encode()

        async def write(token: str) -> Json:
            async with departure():
                return await self._send("POST", url, name, headers, token=token, data=data)

        return await self._authorised(write)

    async def delete(self, host: Host, path: str, name: str) -> None:
        """Delete something; it does not matter if it is gone already."""
        url = self._environment.url(host, path)
        with suppress(NotServed):
            await self._authorised(lambda token: self._send("DELETE", url, name, self._headers[host], token=token))

    async def _authorised(self, send: Callable[[str], Awaitable[Json]]) -> Json:
        token = await self._authenticator.token()
        try:
            return await send(token)
        except Unauthorized:
            token = await self._authenticator.token(refused=token)
        return await send(token)

    async def _send(
        self, method: str, url: URL, name: str, headers: Mapping[str, str], *, token: str, data: bytes | None = None
    ) -> Json:
        answer = await self._transport.request(
            method,
            url,
            name,
            headers={**headers, "Authorization": f"Bearer {token}"},
            data=data,
            timeout=self._transport.timeouts.data,
        )
        return json_of(answer, name)
