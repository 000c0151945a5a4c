"""The session that the library sends its requests through, and what the responses mean.

The library follows redirects, reads bodies of any size and trips over numbers of the wrong kind. It reports neither
``Retry-After`` nor that a response holds only part of the data. All of that is handled here.

GraphQL reports that a request was refused, or failed, with HTTP 200 and hardly any rules. Of this service only the
words "Unauthorized field or type" are on record (mynissan-na §5 [C]). So the codes that GraphQL servers commonly use
count first, then plain words. Any other error leaves open whether something was done.
"""

from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, nullcontext, suppress
from contextvars import ContextVar
from dataclasses import dataclass, field
from itertools import chain
import re
from typing import Any, NamedTuple

from yarl import URL

from ...vehicle import (
    AccessBlocked,
    BackendError,
    Declined,
    NotSupported,
    RateLimited,
    ServiceError,
    TokenRejected,
    Unavailable,
    UnsafeRedirect,
)
from ..base import EnterDeparture, Json
from ..http import HttpClient, Response
from ..reader import JsonReader, text_of

type ErrorType = type[BackendError]


class _NothingDone(BackendError):
    """Tells a departure that the request was refused. The response itself goes on to the library."""


@dataclass(slots=True)
class ResponseInfo:
    """What the library does not report about the requests of one call, which is called ``name`` in messages.

    ``departure`` is entered around each request with a JSON body; log-ins have none. ``done``: the last request had a
    JSON body, and may have been carried out. ``response`` is the last one, ``None`` if none came; ``body`` is its
    repaired body, ``None`` if that was no JSON object.
    """

    name: str = "the service"
    departure: EnterDeparture = nullcontext
    done: bool = False
    response: Response | None = None
    body: dict[str, Json] | None = field(default=None, repr=False)

    @property
    def data(self) -> Mapping[str, Json]:
        """The data of the response, empty if there are none."""
        return JsonReader.of(self.body).child("data").values

    @property
    def vehicle(self) -> Mapping[str, Json]:
        """The data of the one vehicle that was requested."""
        return JsonReader.of(self.body).child("data").child("vehicle").values

    def has_list(self, name: str) -> bool:
        """Whether the vehicle has a list of that name; to the library ``[]`` and ``null`` are the same."""
        return isinstance(self.vehicle.get(name), list)

    @property
    def errors(self) -> list[Json]:
        """The errors that came along with the data, which may also be a single object."""
        errors = self.body.get("errors") if self.body else None
        return [errors] if isinstance(errors, dict) else errors if isinstance(errors, list) else []

    @property
    def error(self) -> BackendError | None:
        """What a response means that has failed, holds only errors or refuses a command, ``None`` for any other.

        Of several errors, one that leaves open whether something was done counts.
        """
        if self.response is None:
            return None
        status = self.response.status
        if self.body is None or not self.response.is_success:
            kind = _BY_HTTP_STATUS.get(status) or status_error(status)
            return kind(f"{self.name}: HTTP {status}", retry_after=self.response.retry_after)
        kinds: list[ErrorType] = [graphql_error(error) for error in self.errors]
        if found := [each for each in self.data.values() if each is not None]:
            kinds = [Declined for each in found if _is_refusal(each)]
        kinds.sort(key=lambda kind: kind.nothing_done)
        return kinds[0](f"{self.name}: the service reports an error") if kinds else None


class _LibraryResponse(NamedTuple):
    """As much of an aiohttp response as the library looks at."""

    status: int
    body: Json

    async def json(self, *, content_type: str | None = None) -> Json:
        """Return the body. To the library one that is not JSON is as wrong as ``None``."""
        return self.body


class HardenedSession:
    """Sends the library's requests: bounded in time and size, and never after a redirect."""

    def __init__(self, http: HttpClient) -> None:
        self._http = http
        # Carries the facts out of a call of the library. Nothing else does without mixing up parallel calls.
        self._info: ContextVar[ResponseInfo] = ContextVar("response info")

    @contextmanager
    def record(self, name: str, departure: EnterDeparture = nullcontext) -> Iterator[ResponseInfo]:
        """Record the responses to this task's requests. Requests with a JSON body leave within a ``departure``."""
        with self._info.set(info := ResponseInfo(name, departure)):
            yield info

    @asynccontextmanager
    async def post(
        self,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        json: Json = None,
        data: Mapping[str, str] | None = None,
        **options: Any,
    ) -> AsyncIterator[_LibraryResponse]:
        """Send a request; the library's other ``options`` are its time limit.

        Raises:
            BackendError: As :meth:`HttpClient.request` does, or as the departure does.
        """
        info = self._info.get()
        info.done, info.response, info.body = False, None, None
        with suppress(_NothingDone):
            async with info.departure() if json is not None else nullcontext():
                info.done = json is not None
                response = await self._http.request("POST", URL(url), info.name, headers=headers, json=json, data=data)
                info.response, body = response, repaired(response.body)
                info.body = body if isinstance(body, dict) else None
                if (error := info.error) is not None and error.nothing_done:
                    info.done = False
                    raise _NothingDone
        if info.vehicle.get(_NULL_IS_NONE, ...) is None:
            vehicle = {name: value for name, value in info.vehicle.items() if name != _NULL_IS_NONE}
            body = {**(info.body or {}), "data": {**info.data, "vehicle": vehicle}}
        yield _LibraryResponse(response.status, body)


_NULL_IS_NONE = "otaUpdate"
"""A field that the library takes for "none" if it is absent, and for a fault if it is null (mynissan-na §5 [A])."""


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
        case int() | float() if not isinstance(value, bool):
            if not -_TOO_LARGE < value < _TOO_LARGE:  # NaN is not, either
                return None
            return round(value) if whole or value.is_integer() else value
        case dict():
            return {name: repaired(inner, whole=whole or name in _INTEGERS) for name, inner in value.items()}
        case list():
            return [repaired(inner, whole=whole) for inner in value]
        case _:
            return value


_BY_STATUS: Mapping[int, ErrorType] = {
    **dict.fromkeys((301, 302, 303, 307, 308), UnsafeRedirect),
    401: TokenRejected,
    403: NotSupported,
    **dict.fromkeys((408, 425), Unavailable),  # the request was being read
    429: RateLimited,
}

_BY_HTTP_STATUS: Mapping[int, ErrorType] = {200: Unavailable, 403: AccessBlocked}
"""What only the status of a response means. One of 200 without JSON is a maintenance page."""


def status_error(status: int) -> ErrorType:
    """Return what the HTTP status of an error means, whether it is the response's or stands in its body."""
    return _BY_STATUS.get(status) or {4: Declined, 5: Unavailable}.get(status // 100, ServiceError)


def graphql_error(error: Json) -> ErrorType:
    """Return what one error of a body means."""
    fields = JsonReader.of(error)
    extensions = fields.child("extensions")
    codes = (_by_code(each.get(name)) for name in _CODE_FIELDS for each in (extensions, fields))
    words = " ".join(str(fields.get(name) or "") for name in ("message", "detail"))[:1000]
    plain = (kind for kind, pattern in _WORDS.items() if pattern.search(words))
    return next(filter(None, chain(codes, plain)), ServiceError)


def _is_refusal(value: Json) -> bool:
    """Whether a command got a "no", or a message in place of the id by which it could be polled."""
    if not isinstance(value, dict) or value.get("serviceRequestId") is not None:
        return False
    return value.get("success") is False or bool(value.get("message") and value.get("success") is not True)


def _by_code(value: Json) -> ErrorType | None:
    text = text_of(value) or ""
    if re.fullmatch("[3-5][0-9]{2}", text, re.ASCII):
        return status_error(int(text))
    return _CODES.get(re.sub("[^a-z]", "", text.casefold()))


_CODE_FIELDS = ("code", "errorType", "classification", "status", "statusCode")
"""The fields of an error or of its extensions in which servers put their codes."""

_CODES: Mapping[str, ErrorType] = {
    code: kind
    for kind, codes in {
        TokenRejected: "unauthenticated",
        NotSupported: "accessdenied forbidden notauthorized permissiondenied unauthorized unauthorizedexception"
        " unauthorizedfieldortype",
        Declined: "badrequest baduserinput failedprecondition graphqlparsefailed graphqlvalidationfailed invalidsyntax"
        " notfound operationnotsupported operationresolutionfailure validationerror",
        RateLimited: "ratelimited requestratelimited throttled toomanyrequests",
        Unavailable: "datafetchingexception executiontimeout gatewaytimeout internal internalerror internalservererror"
        " requesttimeout serviceunavailable subrequesthttperror timeout unavailable",
    }.items()
    for code in codes.split()
}
"""The codes of Apollo, AppSync and graphql-java, letters only."""

_WORDS: Mapping[ErrorType, re.Pattern[str]] = {
    kind: re.compile(pattern, re.IGNORECASE | re.ASCII)
    for kind, pattern in {
        Unavailable: r"\binternal\b|\btime(d|out|-out)?[ -]?out\b|\bunavailable\b|\bmaintenance\b|\b50[0-4]\b",
        RateLimited: r"\btoo many\b|\brate.?limit|\bthrottl",
        NotSupported: r"\b(un|not )authori[sz]ed\b|\bforbidden\b"
        r"|\b(access|permission) (is |was )?denied\b|\bno (access|permission)\b"
        r"|\bnot (allowed|eligible|enrolled|entitled|permitted|subscribed|supported)\b",
        Declined: r"\b(syntax|validation) error\b|\bcannot query field\b|\binvalid (argument|input|value)\b",
    }.items()
}
"""Words with one meaning only. Failures come first, because a refusal promises that nothing was done."""
