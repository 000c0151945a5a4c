"""What can be made to go wrong, per endpoint (kamereon-eu §18)."""

import asyncio
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
import json
from typing import Self

from aiohttp import web

from custom_components.nissanconnect.backends.base import Json

from .errors import ApiError
from .http import world

type Respond = Callable[[web.Request], Awaitable[web.StreamResponse | None]]
type Rewrite = Callable[[Json], Json]


@dataclass(frozen=True, slots=True)
class Fault:
    """Either answers in place of the endpoint (``None``: only delays it), or rewrites what that answers."""

    respond: Respond | None = None
    rewrite: Rewrite | None = None

    @classmethod
    def _answer(cls, make: Callable[[], web.Response]) -> Self:
        async def respond(_: web.Request) -> web.StreamResponse:
            return make()

        return cls(respond=respond)

    @classmethod
    def http(cls, status: int, code: str | None = None, title: str | None = None, detail: str | None = None) -> Self:
        """Answer with an error envelope."""
        return cls._answer(ApiError(status, code, title, detail).response)

    @classmethod
    def errors_in_200(cls, code: str = "500", detail: str = "Internal Server Error") -> Self:
        """Answer with an error envelope, and with a status that says that all is well."""
        envelope = {"errors": [{"status": "Error", "code": code, "detail": detail}]}
        return cls._answer(lambda: web.json_response(envelope))

    @classmethod
    def errors_object(cls, status: int, code: str | None = None) -> Self:
        """Answer with an envelope whose ``errors`` is an object (kamereon-eu §3.3)."""
        envelope = {"errors": ApiError(status, code).error}
        return cls._answer(lambda: web.json_response(envelope, status=status))

    @classmethod
    def html(cls, status: int, text: str = "Access forbidden by administrator") -> Self:
        """Answer like a gateway in front: with a page for people."""
        page = f"<html><body><h1>{text}</h1></body></html>"
        return cls._answer(lambda: web.Response(status=status, text=page, content_type="text/html"))

    @classmethod
    def empty(cls, status: int = 200) -> Self:
        """Answer without a body."""
        return cls._answer(lambda: web.Response(status=status))

    @classmethod
    def malformed(cls) -> Self:
        """Answer with something that looks like JSON and breaks off."""
        return cls._answer(lambda: web.Response(text='{"data": {"attributes": {', content_type="application/json"))

    @classmethod
    def redirect(cls, location: str, status: int = 302) -> Self:
        """Answer with a redirect, which no data host does."""
        return cls._answer(lambda: web.Response(status=status, headers={"Location": location}))

    @classmethod
    def rate_limited(cls, retry_after: int | datetime | None = None) -> Self:
        """Answer 429; ``Retry-After`` is seconds or a date."""

        def make() -> web.Response:
            response = ApiError(429).response()
            if isinstance(retry_after, datetime):
                response.headers["Retry-After"] = format_datetime(retry_after, usegmt=True)
            elif retry_after is not None:
                response.headers["Retry-After"] = str(retry_after)
            return response

        return cls._answer(make)

    @classmethod
    def hang(cls) -> Self:
        """Never answer; the connection is dropped when the simulator stops."""

        async def respond(request: web.Request) -> web.StreamResponse:
            await world(request).stopping.wait()
            if request.transport is not None:
                request.transport.abort()
            return web.Response()

        return cls(respond=respond)

    @classmethod
    def delay(cls, seconds: float) -> Self:
        """Answer as usual, but later."""

        async def respond(_: web.Request) -> None:
            await asyncio.sleep(seconds)

        return cls(respond=respond)

    @classmethod
    def nulls(cls, *keys: str) -> Self:
        """Replace the values of ``keys`` with null, wherever they are; without keys, those of all attributes."""
        return cls(rewrite=lambda body: _changed(body, keys or _attributes(body), lambda i, key: i.update({key: None})))

    @classmethod
    def missing(cls, *keys: str) -> Self:
        """Leave ``keys`` out, wherever they are; without keys, all attributes."""
        return cls(rewrite=lambda body: _changed(body, keys or _attributes(body), dict.__delitem__))

    @classmethod
    def values(cls, **values: Json) -> Self:
        """Replace values by key, for example with members of an enumeration that nobody knows."""
        return cls(
            rewrite=lambda body: _changed(body, tuple(values), lambda item, key: item.update({key: values[key]}))
        )

    @classmethod
    def lowercase_vins(cls) -> Self:
        """Write VINs in lower case (kamereon-eu §6.2)."""
        return cls(rewrite=lambda body: _changed(body, ("vin",), lambda i, key: i.update({key: str(i[key]).lower()})))

    @classmethod
    def service_ids_as_strings(cls) -> Self:
        """Write the ids of services as strings (kamereon-eu §7.1)."""
        return cls(rewrite=lambda body: _changed(body, ("id",), lambda i, key: i.update({key: str(i[key])})))


@dataclass(slots=True)
class Injection:
    """A fault at an endpoint, for one vehicle or all, ``times`` more times (``None``: until it is healed)."""

    name: str
    fault: Fault
    times: int | None
    vin: str | None

    def hits(self, names: list[str], vin: str | None) -> bool:
        """Whether a request is to suffer; counts it if so."""
        if self.times == 0 or self.name not in {*names, "*"} or (self.vin is not None and self.vin != vin):
            return False
        if self.times is not None:
            self.times -= 1
        return True


def rewritten(fault: Fault, response: web.StreamResponse) -> web.StreamResponse:
    """Apply a rewriting fault to an answer that carries JSON."""
    if fault.rewrite is None or not isinstance(response, web.Response) or "json" not in response.content_type:
        return response
    changed = fault.rewrite(json.loads(response.text or "null"))
    return web.json_response(changed, status=response.status, content_type=response.content_type)


type Change = Callable[[dict[str, Json], str], None]


def _changed(value: Json, keys: Collection[str], change: Change) -> Json:
    """Do ``change`` to ``keys`` wherever they are."""
    match value:
        case dict():
            inner = {key: _changed(item, keys, change) for key, item in value.items()}
            for key in inner.keys() & set(keys):
                change(inner, key)
            return inner
        case list():
            return [_changed(item, keys, change) for item in value]
        case _:
            return value


def _attributes(body: Json) -> Collection[str]:
    """Return the names of what describes the vehicle, in either body shape of kamereon-eu §3.2."""
    match body:
        case {"data": {"attributes": dict() as attributes}}:
            return attributes
    return body.keys() - {"id"} if isinstance(body, dict) else ()
