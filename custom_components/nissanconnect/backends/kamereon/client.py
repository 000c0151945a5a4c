"""Requests to the data plane: where its hosts are, with which headers, and how often a request is repeated.

Errors are in the terms of ``vehicle.errors`` (kamereon-eu §3.3, §15.1).
"""

from collections.abc import Mapping
from contextlib import nullcontext, suppress
from dataclasses import dataclass, replace
from enum import StrEnum
from http import HTTPStatus
from ipaddress import ip_address
import json
import re
from typing import NamedTuple
from urllib.parse import quote, urlencode

from yarl import URL

from ...vehicle import (
    AccessBlocked,
    BackendError,
    Busy,
    Declined,
    NotSupported,
    PrivacyMode,
    ProtocolError,
    RateLimited,
    TimePassed,
    Unavailable,
)
from ..base import EnterDeparture, Json
from ..http import HttpClient, NoResponse, Response, TokenGetter, Unauthorized, with_token

JSON = "application/json"
JSON_API = "application/vnd.api+json"


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
    """One installation of the service: the base URL of every host, with a trailing slash, and the app's constants.

    Every URL of this backend is derived from it; nothing else can lead a password anywhere. ``client_id`` is what the
    app calls itself.
    """

    hosts: Mapping[Host, URL]
    client_id: str
    notification_realm: str

    def url(self, host: Host, path: str, **query: str) -> URL:
        """Return the URL of ``path``, whose variable segments must have gone through :func:`~..http.segment`."""
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
        get_token: TokenGetter,
        environment: Environment,
        headers: Mapping[Host, Mapping[str, str]],
    ) -> None:
        """``headers`` go with every request to their host."""
        self.environment = environment
        self._http = http
        self._get_token = get_token
        self._headers = headers

    def with_headers(self, more: Mapping[str, str]) -> KamereonClient:
        """Return a client that sends ``more`` headers."""
        if not more:
            return self
        headers = {host: {**own, **more} for host, own in self._headers.items()}
        return KamereonClient(self._http, self._get_token, self.environment, headers)

    async def log_in(self) -> None:
        """Make sure that there is a token. An error of the next request is then none of the log-in."""
        await self._get_token(None)

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

        return await with_token(self._get_token, send)

    async def post(self, host: Host, path: str, name: str, body: Json, departure: EnterDeparture = nullcontext) -> Json:
        """Send a POST request within a ``departure`` and return the body of the response.

        Only a refused token leads to a second request, because then nothing was done.
        """
        url, data = self.environment.url(host, path), json.dumps(body).encode()

        async def send(token: str) -> Json:
            async with departure():
                return await self._send("POST", host, url, name, token, data=data)

        return await with_token(self._get_token, send)

    async def delete(self, host: Host, path: str, name: str) -> None:
        """Send a DELETE request; a resource that does not exist is fine."""
        url = self.environment.url(host, path)
        with suppress(NotServed):
            await with_token(self._get_token, lambda token: self._send("DELETE", host, url, name, token))

    async def _send(
        self, method: str, host: Host, url: URL, name: str, token: str, *, data: bytes | None = None
    ) -> Json:
        content_type = {} if data is None else {"Content-Type": _CONTENT_TYPES[host]}
        headers = {**self._headers[host], **content_type, "Authorization": f"Bearer {token}"}
        return body_of(await self._http.request(method, url, name, headers=headers, data=data), name)


_CONTENT_TYPES = {Host.BFF: JSON, Host.CARS: JSON_API}


class AdapterFault(Unavailable):
    """The battery adapter's own 500: a fault at first, a missing feature if it goes on (§8.1)."""


class BadRequest(Declined):
    """The service does not understand the form of the request."""


class InvalidValue(BadRequest):
    """The form of the request is right, but a value in it is wrong: a one-time code, for example."""


class AlreadyExists(Declined):
    """The resource to create exists."""


class NotServed(NotSupported):
    """This path, or this version of it, does not exist for this vehicle; another version may."""


def body_of(response: Response, name: str) -> Json:
    """Return the body of a successful response; an empty one is ``None``. ``name`` stands for its path in messages.

    Raises:
        BackendError: The response reports an error, whatever its HTTP status, or is not JSON.
    """
    if (error := error_of(response, name)) is not None:
        raise error
    if not response.is_success:
        raise ProtocolError(f"{name} answered {response.status}")
    if not response.is_json:
        raise ProtocolError(f"{name} did not answer with JSON")
    return response.body


def error_of(response: Response, name: str) -> BackendError | None:
    """Return the error that a response reports; errors can come with HTTP 200, so every body is searched."""
    status, fault = response.status, _fault(response.body)
    if status < HTTPStatus.BAD_REQUEST:
        if fault is None:
            return None
        status = fault.status
    blocked = status == HTTPStatus.FORBIDDEN and _is_from_gateway(response)
    kind = AccessBlocked if blocked else _kind(status, fault)
    shown = f" (code {fault.code})" if fault and fault.code.isdecimal() and len(fault.code) <= 6 else ""
    retry_after = response.retry_after
    if kind is RateLimited:
        retry_after = max(_SHORTEST_PAUSE, retry_after or 0)
    return kind(f"{name} answered {response.status}{shown}", retry_after=retry_after)


def error_code(response: Response) -> str:
    """Return the code of the service's own error object; empty if there is none."""
    fault = _fault(response.body)
    return "" if fault is None else fault.code


_SHORTEST_PAUSE = 300.0
"""Seconds after a 429. None was ever reported from this service, so nobody knows its limits (§15.1 [D])."""


class _Fault(NamedTuple):
    """The first error object of the service; ``text`` is its title and detail."""

    code: str
    status_text: str
    text: str

    @property
    def status(self) -> int:
        """The HTTP status that the error stands for; 0 if it does not say."""
        for number in (self.code[:3], self.status_text):
            if re.fullmatch("[45][0-9]{2}", number):
                return int(number)
        phrase = self.status_text.casefold()
        return next((status.value for status in HTTPStatus if status.phrase.casefold() == phrase), 0)


def _fault(body: Json) -> _Fault | None:
    """Return the first of ``errors``, which is a list or, with 401, a single object."""
    errors = body.get("errors") if isinstance(body, dict) else None
    if not errors:
        return None
    first = errors[0] if isinstance(errors, list) else errors
    if not isinstance(first, Mapping):
        first = {}
    code, status, title, detail = (
        str(value) if isinstance(value := first.get(name), str | int | float) else ""
        for name in ("code", "status", "title", "detail")
    )
    return _Fault(code=code, status_text=status, text=f"{title} {detail}")


def _is_from_gateway(response: Response) -> bool:
    """Whether the response is of the gateway in front of the service, which never uses the service's JSON."""
    return response.is_html or "forbidden by administrator" in response.text


def _kind(status: int, fault: _Fault | None) -> type[BackendError]:
    if fault is not None:
        if fault.code in _BY_CODE:
            return _BY_CODE[fault.code]
        if fault.code == "400001":
            return NotSupported if "gateway" in fault.text else InvalidValue
        if status == HTTPStatus.INTERNAL_SERVER_ERROR and "BatteryAdapter.getBatteryStatus" in fault.text:
            return AdapterFault
    if status in _BY_STATUS:
        return _BY_STATUS[status]
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return Unavailable
    return Declined if status >= HTTPStatus.BAD_REQUEST else ProtocolError


_BY_CODE: Mapping[str, type[BackendError]] = {
    "0101": Unauthorized,  # the four of Japan (§2.4, §10); 0145 is on record without a meaning
    "0204": Unavailable,
    "0205": Unauthorized,
    "0399": BadRequest,
    "403009": PrivacyMode,
    "409001": Busy,
    "409010": AlreadyExists,
    "Future": TimePassed,
}
_BY_STATUS: Mapping[int, type[BackendError]] = {
    HTTPStatus.BAD_REQUEST: BadRequest,
    HTTPStatus.UNAUTHORIZED: Unauthorized,
    HTTPStatus.FORBIDDEN: NotSupported,
    HTTPStatus.NOT_FOUND: NotServed,
    HTTPStatus.TOO_MANY_REQUESTS: RateLimited,
    HTTPStatus.NOT_IMPLEMENTED: NotServed,
}
