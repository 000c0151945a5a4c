"""What a response means in the terms of ``vehicle.errors`` (kamereon-eu §3.3, §15.1)."""

from collections.abc import Mapping
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
    Unavailable,
)
from ..base import Json
from ..http import Response, Unauthorized


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
