"""What the errors in an answer mean: the service has turned the request down, or it has failed over it.

GraphQL tells of both with HTTP 200 and next to no rules. Of this service nothing is on record but the words
"Unauthorized field or type" (mynissan-na §5 [C]), so the codes count that GraphQL servers commonly give, then plain
words; what neither explains is an error of which nobody knows whether anything was done.
"""

from collections.abc import Iterable, Mapping
import re

from ...vehicle import (
    BackendError,
    Declined,
    NotSupported,
    RateLimited,
    ServiceError,
    TokenRejected,
    Unavailable,
    UnsafeRedirect,
)
from ..base import Json

type Kind = type[BackendError]


def kind_of_status(status: int) -> Kind:
    """Return what an HTTP status of an error means, wherever it stands."""
    match status:
        case 401:
            return TokenRejected
        case 403:
            return NotSupported
        case 429:
            return RateLimited
        case 301 | 302 | 303 | 307 | 308:
            return UnsafeRedirect
        case 408 | 425:
            return Unavailable  # it was being read
    return {4: Declined, 5: Unavailable}.get(status // 100, ServiceError)


def error_in(answer: Mapping[str, Json] | None) -> Kind | None:
    """Return what an answer means that brought nothing but errors, or that turned a command down; else ``None``.

    If any of several errors leaves open whether something was done, that one counts.
    """
    if answer is None:
        return None
    data = answer.get("data")
    brought = [each for each in data.values() if each is not None] if isinstance(data, dict) else []
    if brought:
        return Declined if any(_turned_down(each) for each in brought) else None
    kinds = [kind_of(error) for error in errors_in(answer)]
    return next((kind for kind in kinds if not kind.nothing_done), next(iter(kinds), None))


def errors_in(answer: Mapping[str, Json] | None) -> tuple[Json, ...]:
    """Return the errors of an answer, a single one included."""
    errors = answer.get("errors") if answer else None
    if isinstance(errors, dict):
        return (errors,)
    return tuple(errors) if isinstance(errors, list) else ()


def kind_of(error: Json) -> Kind:
    """Return what one error means."""
    said: Mapping[str, Json] = error if isinstance(error, dict) else {}
    inner = said.get("extensions")
    more: Mapping[str, Json] = inner if isinstance(inner, dict) else {}
    for name in _NAMES:
        for value in (more.get(name), said.get(name)):
            if (kind := _by_code(value)) is not None:
                return kind
    words = " ".join(str(said.get(name) or "") for name in ("message", "detail"))[:1000]
    return next((kind for pattern, kind in _WORDS if pattern.search(words)), ServiceError)


def _turned_down(said: Json) -> bool:
    """Whether a command got a no, or words in place of the id by which it could be followed."""
    if not isinstance(said, dict) or said.get("serviceRequestId") is not None:
        return False
    return said.get("success") is False or bool(said.get("message") and said.get("success") is not True)


def _by_code(value: Json) -> Kind | None:
    if isinstance(value, bool) or not isinstance(value, int | str):
        return None
    text = str(value).strip()
    if re.fullmatch("[3-5][0-9]{2}", text, re.ASCII):
        return kind_of_status(int(text))
    return _CODES.get(re.sub("[^a-z]", "", text.casefold()))


_NAMES = ("code", "errorType", "classification", "status", "statusCode")
"""Where servers put their codes, in the error or in its extensions."""


def _codes(kind: Kind, names: Iterable[str]) -> dict[str, Kind]:
    return dict.fromkeys(names, kind)


_CODES: Mapping[str, Kind] = (
    _codes(TokenRejected, ["unauthenticated"])
    | _codes(
        NotSupported,
        [
            "accessdenied",
            "forbidden",
            "notauthorized",
            "permissiondenied",
            "unauthorized",
            "unauthorizedfieldortype",
            "unauthorizedexception",
        ],
    )
    | _codes(
        Declined,
        [
            "badrequest",
            "baduserinput",
            "failedprecondition",
            "graphqlparsefailed",
            "graphqlvalidationfailed",
            "invalidsyntax",
            "notfound",
            "operationnotsupported",
            "operationresolutionfailure",
            "validationerror",
        ],
    )
    | _codes(RateLimited, ["ratelimited", "requestratelimited", "throttled", "toomanyrequests"])
    | _codes(
        Unavailable,
        [
            "datafetchingexception",
            "executiontimeout",
            "gatewaytimeout",
            "internal",
            "internalerror",
            "internalservererror",
            "requesttimeout",
            "serviceunavailable",
            "subrequesthttperror",
            "timeout",
            "unavailable",
        ],
    )
)
"""Codes as Apollo, AppSync and graphql-java give them, letters only."""

_WORDS = tuple(
    (re.compile(pattern, re.IGNORECASE | re.ASCII), kind)
    for pattern, kind in (
        (r"\binternal\b|\btime(d|out|-out)?[ -]?out\b|\bunavailable\b|\bmaintenance\b|\b50[0-4]\b", Unavailable),
        (r"\btoo many\b|\brate.?limit|\bthrottl", RateLimited),
        (
            r"\b(un|not )authori[sz]ed\b|\bforbidden\b"
            r"|\b(access|permission) (is |was )?denied\b|\bno (access|permission)\b"
            r"|\bnot (allowed|eligible|enrolled|entitled|permitted|subscribed|supported)\b",
            NotSupported,
        ),
        (r"\b(syntax|validation) error\b|\bcannot query field\b|\binvalid (argument|input|value)\b", Declined),
    )
)
"""Words that only ever mean one thing; a failure is looked for first, because a refusal promises more."""
