"""Requests to the data plane: where its hosts are, with which headers, and how often a request is repeated."""

from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager, nullcontext, suppress
from dataclasses import dataclass, replace
from enum import StrEnum
from ipaddress import ip_address
import json
from typing import NamedTuple
from urllib.parse import quote, urlencode

from yarl import URL

from ...vehicle import ProtocolError
from ..base import Json
from ..http import HttpClient, NoResponse
from ..tokens import with_token
from .auth import Authenticator
from .errors import NotServed, body_of

JSON = "application/json"
JSON_API = "application/vnd.api+json"

type EnterDeparture = Callable[[], AbstractAsyncContextManager[None]]
"""A :class:`~...vehicle.Departure` as it is entered right before a request."""


class Host(StrEnum):
    """The parts of the service. Each has its own host in production."""

    LOGIN = "login"
    BFF = "bff"
    USERS = "users"
    CARS = "cars"
    NOTIFICATIONS = "notifications"
    ACTION_STATUS = "action-status"


class Timeouts(NamedTuple):
    """Timeouts in seconds. The service can be very slow (kamereon-eu §3.5)."""

    connect: float = 15.0
    data: float = 120.0
    login: float = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """One installation of the service: the base URL of every host, with a trailing slash, and the app's constants.

    Every URL of this backend is derived from it; nothing else can lead a password anywhere. ``client_id`` is what the
    app calls itself.
    """

    hosts: Mapping[Host, URL]
    client_id: str
    notification_realm: str

    def url(self, host: Host, path: str, **query: str) -> URL:
        """Return the URL of ``path``, whose variable segments must have gone through :func:`~..address.segment`."""
        encoded = urlencode(query, quote_via=quote)
        return self.hosts[host].join(URL(f"{path}?{encoded}" if encoded else path, encoded=True))

    @property
    def origin(self) -> str:
        """The origin of the log-in pages, as a browser sends it."""
        return str(self.hosts[Host.LOGIN].origin())

    def is_login(self, url: URL) -> bool:
        """Whether ``url`` belongs to the host that may see the password."""
        ours = self.hosts[Host.LOGIN]
        return (url.scheme, url.host, url.port) == (ours.scheme, ours.host, ours.port)

    def simulated(self, base_url: str) -> Environment:
        """Return the environment of a simulator that serves all hosts below ``base_url``.

        Raises:
            ValueError: ``base_url`` is not plain http on a loopback address. A name is refused too, even ``localhost``:
                what it means is decided elsewhere, and the account's password is sent there.
        """
        base = URL(base_url)
        if base.scheme != "http" or not _is_loopback(base.host) or base.user or base.password:
            raise ValueError("A simulator must be plain http on a loopback address")
        root = base.with_path(base.path.rstrip("/") + "/")
        paths = {host: url.path.strip("/") or _SIMULATED_PATHS[host] for host, url in self.hosts.items()}
        return replace(self, hosts={host: root.join(URL(f"{path}/")) for host, path in paths.items()})


_SIMULATED_PATHS = {Host.LOGIN: "auth", Host.ACTION_STATUS: "action-status"}
"""Paths for the hosts of Europe that have none of their own."""


def _is_loopback(host: str | None) -> bool:
    try:
        return ip_address(host or "").is_loopback
    except ValueError:
        return False


class KamereonClient:
    """The data plane for one account."""

    def __init__(
        self,
        http: HttpClient,
        authenticator: Authenticator,
        environment: Environment,
        headers: Mapping[Host, Mapping[str, str]],
    ) -> None:
        """``headers`` go with every request to their host."""
        self.environment = environment
        self._http = http
        self._authenticator = authenticator
        self._headers = headers

    def with_headers(self, more: Mapping[str, str]) -> KamereonClient:
        """Return a client that sends ``more`` headers."""
        if not more:
            return self
        headers = {host: {**own, **more} for host, own in self._headers.items()}
        return KamereonClient(self._http, self._authenticator, self.environment, headers)

    async def log_in(self) -> None:
        """Make sure that there is a token. An error of the next request is then none of the log-in."""
        await self._authenticator.token()

    async def get(self, host: Host, path: str, name: str, **query: str) -> Json:
        """Send a GET request and return the body. ``name`` stands for the path in messages.

        Raises:
            ProtocolError: The body is empty.
        """
        body = await self._get(host, path, name, **query)
        if body is None:
            raise ProtocolError(f"{name} answered nothing")
        return body

    async def exists(self, host: Host, path: str, name: str) -> bool:
        """Return whether the resource exists."""
        try:
            await self._get(host, path, name)
        except NotServed:
            return False
        return True

    async def _get(self, host: Host, path: str, name: str, **query: str) -> Json:
        """Repeat the request once if no response comes at all; that wakes no vehicle and costs little."""
        url = self.environment.url(host, path, **query)

        async def send(token: str) -> Json:
            try:
                return await self._send("GET", host, url, name, token)
            except NoResponse:
                return await self._send("GET", host, url, name, token)

        return await with_token(self._authenticator.token, send)

    async def post(self, host: Host, path: str, name: str, body: Json, departure: EnterDeparture = nullcontext) -> Json:
        """Send a POST request within a ``departure`` and return the body of the response.

        Only a refused token leads to a second request, because then nothing was done.
        """
        url, data = self.environment.url(host, path), json.dumps(body).encode()

        async def send(token: str) -> Json:
            async with departure():
                return await self._send("POST", host, url, name, token, data=data)

        return await with_token(self._authenticator.token, send)

    async def delete(self, host: Host, path: str, name: str) -> None:
        """Send a DELETE request; a resource that does not exist is fine."""
        url = self.environment.url(host, path)
        with suppress(NotServed):
            await with_token(self._authenticator.token, lambda token: self._send("DELETE", host, url, name, token))

    async def _send(
        self, method: str, host: Host, url: URL, name: str, token: str, *, data: bytes | None = None
    ) -> Json:
        content_type = {} if data is None else {"Content-Type": _CONTENT_TYPES[host]}
        headers = {**self._headers[host], **content_type, "Authorization": f"Bearer {token}"}
        return body_of(await self._http.request(method, url, name, headers=headers, data=data), name)


_CONTENT_TYPES = {Host.BFF: JSON, Host.CARS: JSON_API}
