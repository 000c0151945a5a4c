"""A session in front of a stand-in: it records every request, and can respond or break off in the stand-in's place."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
import json
from typing import Any, Self

import aiohttp
from aiohttp.client_reqrep import ConnectionKey
from yarl import URL

from custom_components.nissanconnect.backends.base import Json


@dataclass(frozen=True, slots=True)
class Sent:
    """One request as it left the backend."""

    method: str
    url: URL
    options: dict[str, Any]

    @property
    def name(self) -> str:
        """What is requested; the same for every request of its kind."""
        body = self.options.get("json")
        operation = body.get("operationName") if isinstance(body, dict) else None
        return f"{self.method} {self.url.path} {operation or ''}".rstrip()

    @property
    def is_log_in(self) -> bool:
        """Whether it carries no token or key: it is about to get one."""
        header: str = (self.options.get("headers") or {}).get("Authorization", "")
        return not header.startswith(("Bearer ", "Token "))


@dataclass(frozen=True, slots=True)
class Reply:
    """What comes back in place of the stand-in's response: a response, or an ``error`` of the connection.

    ``delivered``: the stand-in has handled the request before that.
    """

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    error: Exception | None = None
    delivered: bool = False

    @classmethod
    def json(cls, body: Json, status: int = 200, **headers: str) -> Self:
        """Return JSON."""
        return cls(json.dumps(body).encode(), status, {name.replace("_", "-"): text for name, text in headers.items()})

    @property
    def content(self) -> Self:
        """The body as a stream, which is this object as well."""
        return self

    async def iter_any(self) -> AsyncIterator[bytes]:
        """Yield the body."""
        yield self.body


def no_way(message: str = "") -> Reply:
    """Nobody listens at that address."""
    key = ConnectionKey(message, 443, is_ssl=True, ssl=True, proxy=None, proxy_auth=None, proxy_headers_hash=None)
    return Reply(error=aiohttp.ClientConnectorError(key, OSError(message)))


def broken(message: str = "", *, delivered: bool = True) -> Reply:
    """The connection breaks after the request has left."""
    return Reply(error=aiohttp.ServerDisconnectedError(message), delivered=delivered)


def bad_replies(secret: str) -> Iterator[Reply | None]:
    """Yield how a service can fail that repeats what it was sent; ``None`` is a response of the stand-in."""
    envelope: Json = {"status": secret, "code": secret, "title": secret, "detail": secret, "message": secret}
    yield None
    yield Reply.json({"errors": [envelope], "error": secret, "detail": secret, "response": {"result": secret}}, 500)
    yield Reply.json({"errors": [envelope], "data": None})
    yield Reply.json({"errors": envelope, "detail": secret, "error": secret}, 403)
    yield Reply.json({"errors": envelope, "error": secret, "detail": secret, "code": "token_not_valid"}, 401)
    yield Reply.json({"vin": secret, "state": secret, "data": {"attributes": {"status": secret, "vin": secret}}})
    yield Reply(f"<html>{secret}</html>".encode(), 502)
    yield Reply(secret.encode())
    yield Reply(status=302, headers={"Location": f"http://127.0.0.1:1/{secret}?token={secret}"})
    yield Reply(secret.encode(), 429, {"Retry-After": secret})
    yield no_way(secret)
    yield broken(secret, delivered=False)
    yield Reply(error=TimeoutError(secret))


class Wire:
    """Stands for an aiohttp session. Without a ``session`` every request must have a :attr:`reply`.

    With a ``detour`` the path stays, scheme and host become those of that URL: for libraries whose hosts are fixed.
    """

    def __init__(self, session: aiohttp.ClientSession | None = None) -> None:
        self.sent: list[Sent] = []
        self.reply: Callable[[Sent], Reply | None] = lambda _: None
        self.detour: str | None = None
        self._session = session

    @property
    def cookie_jar(self) -> Any:
        """The session's, or one without cookies."""
        return self if self._session is None else self._session.cookie_jar

    def clear_domain(self, domain: str) -> None:
        """There are no cookies."""

    def always(self, reply: Reply | None) -> None:
        """Give the same reply to every request; ``None``: what the stand-in responds."""
        self.reply = lambda _: reply

    def post(self, url: str | URL, **options: Any) -> Any:
        """Send a request, see :meth:`request`."""
        return self.request("POST", url, **options)

    @asynccontextmanager
    async def request(self, method: str, url: str | URL, **options: Any) -> AsyncIterator[Any]:
        """Record a request, and reply to it or hand it on."""
        assert options["allow_redirects"] is False, "a redirect may lead to any host"
        assert options["timeout"].total, "a request must end"
        sent = Sent(method, URL(url), options)
        self.sent.append(sent)
        reply = self.reply(sent)
        if reply is None or reply.delivered:
            assert self._session is not None, "nobody is there"
            target = sent.url if self.detour is None else URL(self.detour).with_path(sent.url.path)
            async with self._session.request(method, target, **options) as response:
                if reply is None:
                    yield response
                    return
                await response.read()
        if reply.error is not None:
            raise reply.error
        yield reply
