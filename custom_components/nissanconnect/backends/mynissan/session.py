"""The aiohttp session that the library sends its requests through, with the checks that the library lacks.

The library follows redirects, reads bodies of any size and trips over numbers of the wrong kind. It reports neither
``Retry-After`` nor that a response holds only part of the data. All of that is handled here.
"""

from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager, nullcontext, suppress
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime
from math import isfinite
from typing import Any, Protocol, Self

import aiohttp

from ...vehicle import BackendError
from ..base import Json
from ..http import read_text, retry_seconds
from ..reader import JsonReader, load_json
from .errors import body_error, errors_in, status_error

_NULL_IS_NONE = "otaUpdate"
"""A field that the library takes for "none" if it is absent, and for a fault if it is null (mynissan-na §5 [A])."""

_CONNECT_TIMEOUT = 15.0
"""Seconds."""

type EnterDeparture = Callable[[], AbstractAsyncContextManager[None]]


class _NothingDone(BackendError):
    """Tells a departure that the request was refused. The response itself goes on to the library."""


class Session(Protocol):
    """What is used of an aiohttp session. Tests pass one that leads to another host."""

    @property
    def post(self) -> Callable[..., Any]:
        """Send a request to a URL; returns an asynchronous context manager of the response."""


@dataclass(slots=True)
class ResponseInfo:
    """What the library does not report about the requests of one call.

    ``departure`` is entered around each request with a JSON body; log-ins have none. ``reached``: the last request may
    have arrived. ``done``: a request with a JSON body may have been carried out. ``body`` is the body of the last
    response, ``None`` if that was no JSON object.
    """

    departure: EnterDeparture = nullcontext
    reached: bool = True
    done: bool = False
    status: int | None = None
    retry_after: float | None = None
    body: dict[str, Json] | None = field(default=None, repr=False)

    @property
    def data(self) -> Mapping[str, Json]:
        """The data of the response, empty if there are none."""
        return JsonReader.of(self.body).child("data").values

    @property
    def vehicle(self) -> Mapping[str, Json]:
        """The data of the one vehicle that was requested."""
        return JsonReader.of(self.body).child("data").child("vehicle").values

    @property
    def errors(self) -> tuple[Json, ...]:
        """The errors that came along with the data."""
        return errors_in(self.body)


@dataclass(frozen=True, slots=True)
class LibraryResponse:
    """As much of an aiohttp response as the library looks at. Without JSON, ``body`` is the reason."""

    status: int
    body: Json | Exception = field(repr=False)
    info: ResponseInfo = field(repr=False)

    @classmethod
    def of(cls, status: int, text: str, info: ResponseInfo) -> Self:
        """Parse and repair a body, and record it in ``info``."""
        try:
            body = repaired(load_json(text))
        except (ValueError, RecursionError) as error:
            return cls(status, error, info)
        info.body = body if isinstance(body, dict) else None
        return cls(status, body, info)

    @property
    def nothing_done(self) -> bool:
        """Whether the response itself shows that the request was not carried out."""
        kind = body_error(self.info.body) if self.status // 100 == 2 else status_error(self.status)
        return kind is not None and kind.nothing_done

    async def json(self, *, content_type: str | None = None) -> Json:
        """Return the repaired body; raises :class:`ValueError` if it is not JSON."""
        if isinstance(self.body, Exception):
            raise self.body
        body = self.body
        if isinstance(body, dict) and self.info.vehicle.get(_NULL_IS_NONE, ...) is None:
            vehicle = {name: value for name, value in self.info.vehicle.items() if name != _NULL_IS_NONE}
            return {**body, "data": {**self.info.data, "vehicle": vehicle}}
        return body


class HardenedSession:
    """Sends the library's requests: bounded in time and size, and never after a redirect."""

    def __init__(self, session: Session, *, timeout: float, now: Callable[[], datetime]) -> None:
        """``session`` stays the caller's; ``timeout`` is for one request, in seconds."""
        self.requests = 0
        """How many have been sent."""
        self._session = session
        self._timeout = aiohttp.ClientTimeout(total=timeout, connect=min(timeout, _CONNECT_TIMEOUT))
        self._now = now
        # Carries the facts out of a call of the library. Nothing else does without mixing up parallel calls.
        self._info: ContextVar[ResponseInfo | None] = ContextVar("response info", default=None)

    @contextmanager
    def record(self, departure: EnterDeparture = nullcontext) -> Iterator[ResponseInfo]:
        """Record the responses to this task's requests. Requests with a JSON body leave within a ``departure``."""
        info = ResponseInfo(departure)
        token = self._info.set(info)
        try:
            yield info
        finally:
            self._info.reset(token)

    @asynccontextmanager
    async def post(self, url: str, **options: Any) -> AsyncIterator[LibraryResponse]:
        """Send a request with the library's options, except for its time limit."""
        info = self._info.get() or ResponseInfo()
        info.reached, info.status, info.retry_after, info.body = False, None, None, None
        has_json = options.get("json") is not None
        info.done = info.done or has_json
        response: LibraryResponse | aiohttp.ClientError = aiohttp.ClientError()
        with suppress(_NothingDone):
            async with info.departure() if has_json else nullcontext():
                response = await self._send(url, info, options)
                if isinstance(response, aiohttp.ClientError) or response.nothing_done:
                    info.done = False
                    raise _NothingDone
        if isinstance(response, aiohttp.ClientError):
            raise response
        yield response

    async def _send(
        self, url: str, info: ResponseInfo, options: dict[str, Any]
    ) -> LibraryResponse | aiohttp.ClientError:
        """Return the response, or why the request cannot have left."""
        self.requests += 1
        try:
            async with self._session.post(
                url, **options | {"timeout": self._timeout, "allow_redirects": False}
            ) as response:
                info.reached = True
                info.status = response.status
                info.retry_after = retry_seconds(response, self._now())
                return LibraryResponse.of(response.status, await read_text(response, "the service"), info)
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            return error
        except aiohttp.ClientError, TimeoutError, OSError:
            info.reached = True  # it may have been sent before the connection broke
            raise


_INTEGERS = {
    "batteryStatus",
    "chargeConfig",
    "day",
    "duration",
    "engineOilDrainRange",
    "fuelAutonomy",
    "mileage",
    "month",
    "numberOfTrips",
    "otaUpdate",
    "tirePressure",
    "year",
}
"""Fields in which the library accepts whole numbers only.

A fraction makes it drop the value silently, or refuse the whole response (§5 [A]).
"""

_TOO_LARGE = 10**15
"""No number of the service is as large, and some arithmetic fails on such numbers."""


def repaired(value: Json, *, whole: bool = False) -> Json:
    """Return JSON with numbers that the library accepts: 73.0 becomes 73, an impossible number ``None``."""
    match value:
        case bool():
            return value
        case int():
            return value if abs(value) < _TOO_LARGE else None
        case float():
            if not isfinite(value) or abs(value) >= _TOO_LARGE:
                return None
            return round(value) if whole or value.is_integer() else value
        case dict():
            return {name: repaired(inner, whole=whole or name in _INTEGERS) for name, inner in value.items()}
        case list():
            return [repaired(inner, whole=whole) for inner in value]
        case _:
            return value
