"""What a host answered, and what that means in the terms of ``vehicle.errors`` (kamereon-eu §3.3, §15.1)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
import re
from typing import NamedTuple

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
    TokenRejected,
    Unavailable,
)
from ..base import Json
from ..reader import load_json


class NoAnswer(Unavailable):
    """Nothing came back in time, or it broke off. Only this is worth an immediate second try."""


class Unauthorized(TokenRejected):
    """The access token was refused. A fresh one helps; if it does not, the service is at fault, not the password."""


class AdapterFault(Unavailable):
    """The battery adapter's own 500: a fault at first, a missing feature if it goes on (§8.1)."""


class BadRequest(Declined):
    """The service does not understand the request as it was put."""


class InvalidValue(BadRequest):
    """The request is well put, but something in it is wrong: a one-time code, for example."""


class AlreadyThere(Declined):
    """What should be made exists."""


class NotServed(NotSupported):
    """This path, or this version of it, does not exist for this vehicle; another version may."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One HTTP answer, which may hold tokens and places. ``retry_after`` is in seconds."""

    status: int
    text: str = field(repr=False)
    location: str | None = field(default=None, repr=False)
    retry_after: float | None = None


def json_of(answer: Answer, name: str) -> Json:
    """Return the body of a successful answer; an empty one is ``None``.

    ``name`` says in messages who answered.

    Raises:
        BackendError: The answer tells of a fault, whatever its HTTP status, or is not JSON.
    """
    body, readable = _decode(answer.text)
    if (error := _error(answer, name, _fault(body))) is not None:
        raise error
    if answer.status // 100 != 2:
        raise ProtocolError(f"{name} answered {answer.status}")
    if not readable:
        raise ProtocolError(f"{name} did not answer with JSON")
    return body


def error_of(answer: Answer, name: str) -> BackendError | None:
    """Return what went wrong according to ``answer``; errors can come with HTTP 200, so every body is searched."""
    body, _ = _decode(answer.text)
    return _error(answer, name, _fault(body))


def fault_code(answer: Answer) -> str:
    """Return the code of the service's own error envelope; empty if there is none."""
    fault = _fault(_decode(answer.text)[0])
    return "" if fault is None else fault.code


def _decode(text: str) -> tuple[Json, bool]:
    """Return the body, ``None`` if there is none, and whether it could be read."""
    try:
        return (load_json(text) if text.strip() else None), True
    except ValueError, RecursionError:
        return None, False


def _error(answer: Answer, name: str, fault: _Fault | None) -> BackendError | None:
    status = answer.status
    if status < HTTPStatus.BAD_REQUEST:
        if fault is None:
            return None
        status = fault.status
    kind = AccessBlocked if status == HTTPStatus.FORBIDDEN and _is_html(answer.text) else _kind(status, fault)
    shown = f" (code {fault.code})" if fault and fault.code.isdecimal() and len(fault.code) <= 6 else ""
    retry_after = answer.retry_after
    if kind is RateLimited:
        retry_after = max(_SHORTEST_PENALTY, retry_after or 0)
    return kind(f"{name} answered {answer.status}{shown}", retry_after=retry_after)


_SHORTEST_PENALTY = 300.0
"""Seconds. No 429 was ever reported from this service, so nobody knows its patience (§15.1 [D])."""


class _Fault(NamedTuple):
    """The first error of the service's own envelope."""

    code: str
    word: str
    told: str

    @property
    def status(self) -> int:
        """The HTTP status that the fault stands for, 0 if it does not say."""
        for number in (self.code[:3], self.word):
            if re.fullmatch("[45][0-9]{2}", number):
                return int(number)
        return next((s.value for s in HTTPStatus if s.phrase.casefold() == self.word.casefold()), 0)


def _fault(body: Json) -> _Fault | None:
    """Find the envelope, whose ``errors`` is a list or, with 401, a single object."""
    errors = body.get("errors") if isinstance(body, dict) else None
    if not errors:
        return None
    first = errors[0] if isinstance(errors, list) else errors
    if not isinstance(first, Mapping):
        first = {}
    code, word, title, detail = (
        str(value) if isinstance(value := first.get(name), str | int | float) else ""
        for name in ("code", "status", "title", "detail")
    )
    return _Fault(code=code, word=word, told=f"{title} {detail}")


def _is_html(text: str) -> bool:
    """Whether the gateway in front of the service speaks, which never uses the service's JSON."""
    return text.lstrip().startswith("<") or "forbidden by administrator" in text


def _kind(status: int, fault: _Fault | None) -> type[BackendError]:
    if fault is not None:
        if fault.code in _BY_CODE:
            return _BY_CODE[fault.code]
        if fault.code == "400001":
            return NotSupported if "gateway" in fault.told else InvalidValue
        if status == HTTPStatus.INTERNAL_SERVER_ERROR and "BatteryAdapter.getBatteryStatus" in fault.told:
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
    "409010": AlreadyThere,
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
