"""The session that the library sends its requests through: an aiohttp session with doubts.

The library takes redirects, answers without end and numbers of the wrong kind as they come, and tells neither how long
a service wants to be left alone nor that it has answered in part only. All of that is seen here.
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
from ..reader import load_json
from .errors import error_in, errors_in, kind_of_status

_NULL_IS_NONE = "otaUpdate"
"""Where the library takes an absent value for none, and a null for a fault (mynissan-na §5 [A])."""

_CONNECT = 15.0
"""Seconds in which a connection must stand."""


type Leave = Callable[[], AbstractAsyncContextManager[None]]


class _NothingDone(BackendError):
    """The answer is handed on to the library; this only says that it was a refusal."""


class Session(Protocol):
    """What is used of an aiohttp session. Tests pass one that leads to another host."""

    @property
    def post(self) -> Callable[..., Any]:
        """Send a request to a URL; returns an asynchronous context manager of the response."""


@dataclass(slots=True)
class Heard:
    """What came back for one question to the library.

    ``departure`` is in what each request leaves that is put as JSON, which log-ins are not. ``reached``: the last
    request may have arrived. ``done``: one that was put as JSON may have been carried out. ``answer`` is the last body,
    ``None`` if it was no JSON object.
    """

    departure: Leave = nullcontext
    reached: bool = True
    done: bool = False
    status: int | None = None
    retry_after: float | None = None
    answer: Mapping[str, Json] | None = field(default=None, repr=False)

    @property
    def data(self) -> Mapping[str, Json]:
        """The answer's data, as far as there are any."""
        data = self.answer.get("data") if self.answer else None
        return data if isinstance(data, dict) else {}

    @property
    def vehicle(self) -> Mapping[str, Json]:
        """What the answer says of the one vehicle that was asked for."""
        vehicle = self.data.get("vehicle")
        return vehicle if isinstance(vehicle, dict) else {}

    @property
    def errors(self) -> tuple[Json, ...]:
        """The errors that came along with the data."""
        return errors_in(self.answer)


@dataclass(frozen=True, slots=True)
class Reply:
    """As much of an aiohttp response as the library looks at; ``body`` is why there is none if it is no JSON."""

    status: int
    body: Json | Exception = field(repr=False)
    heard: Heard = field(repr=False)

    @classmethod
    def of(cls, status: int, text: str, heard: Heard) -> Self:
        """Read and mend a body, and have it heard."""
        try:
            body = mended(load_json(text))
        except (ValueError, RecursionError) as error:
            return cls(status, error, heard)
        heard.answer = body if isinstance(body, dict) else None
        return cls(status, body, heard)

    @property
    def nothing_done(self) -> bool:
        """Whether the answer itself shows that what was asked was not carried out."""
        kind = error_in(self.heard.answer) if self.status // 100 == 2 else kind_of_status(self.status)
        return kind is not None and kind.nothing_done

    async def json(self, *, content_type: str | None = None) -> Json:
        """Return the mended body; raises :class:`ValueError` if it is no JSON."""
        if isinstance(self.body, Exception):
            raise self.body
        body = self.body
        if isinstance(body, dict) and self.heard.vehicle.get(_NULL_IS_NONE, ...) is None:
            vehicle = {name: said for name, said in self.heard.vehicle.items() if name != _NULL_IS_NONE}
            return {**body, "data": {**self.heard.data, "vehicle": vehicle}}
        return body


class Wire:
    """Sends what the library asks for: bounded in time and size, and never after a redirect."""

    def __init__(self, session: Session, *, timeout: float, now: Callable[[], datetime]) -> None:
        """``session`` stays the caller's; ``timeout`` is for one request, in seconds."""
        self.requests = 0
        """How many have been sent."""
        self._session = session
        self._timeout = aiohttp.ClientTimeout(total=timeout, connect=min(timeout, _CONNECT))
        self._now = now
        self._listening: ContextVar[Heard | None] = ContextVar("heard", default=None)

    @contextmanager
    def listen(self, departure: Leave = nullcontext) -> Iterator[Heard]:
        """Hear what comes back in this task, and have what is asked leave within a ``departure``."""
        heard = Heard(departure)
        token = self._listening.set(heard)
        try:
            yield heard
        finally:
            self._listening.reset(token)

    @asynccontextmanager
    async def post(self, url: str, **options: Any) -> AsyncIterator[Reply]:
        """Send a request as the library wants it, but for its time limit."""
        heard = self._listening.get() or Heard()
        heard.reached, heard.status, heard.retry_after, heard.answer = False, None, None, None
        asks = options.get("json") is not None
        heard.done = heard.done or asks
        reply: Reply | aiohttp.ClientError = aiohttp.ClientError()
        with suppress(_NothingDone):
            async with heard.departure() if asks else nullcontext():
                reply = await self._exchange(url, heard, options)
                if isinstance(reply, aiohttp.ClientError) or reply.nothing_done:
                    heard.done = False
                    raise _NothingDone
        if isinstance(reply, aiohttp.ClientError):
            raise reply
        yield reply

    async def _exchange(self, url: str, heard: Heard, options: dict[str, Any]) -> Reply | aiohttp.ClientError:
        """Return the reply, or why the request cannot have left."""
        self.requests += 1
        try:
            async with self._session.post(
                url, **options | {"timeout": self._timeout, "allow_redirects": False}
            ) as response:
                heard.reached = True
                heard.status = response.status
                heard.retry_after = retry_seconds(response, self._now())
                return Reply.of(response.status, await read_text(response, "the service"), heard)
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            return error
        except aiohttp.ClientError, TimeoutError, OSError:
            heard.reached = True  # it may have been sent before the line broke
            raise


_WHOLE = {
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
"""Where the library takes whole numbers only.

If there is a fraction it knows nothing, silently or of the whole answer (§5 [A]).
"""


_SENSELESS = 10**15
"""No number of the service is as large; arithmetic would stumble over some."""


def mended(value: Json, *, whole: bool = False) -> Json:
    """Return JSON whose numbers the library takes for what they are: 73.0 is 73, and what is no number is nothing."""
    match value:
        case bool():
            return value
        case int():
            return value if abs(value) < _SENSELESS else None
        case float():
            if not isfinite(value) or abs(value) >= _SENSELESS:
                return None
            return round(value) if whole or value.is_integer() else value
        case dict():
            return {name: mended(inner, whole=whole or name in _WHOLE) for name, inner in value.items()}
        case list():
            return [mended(inner, whole=whole) for inner in value]
        case _:
            return value
