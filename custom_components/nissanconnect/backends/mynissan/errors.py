"""What the errors in a response mean: the service has refused the request, or failed to carry it out.

GraphQL reports both with HTTP 200 and hardly any rules. Of this service only the words "Unauthorized field or type" are
on record (mynissan-na §5 [C]). So the codes that GraphQL servers commonly use count first, then plain words. Any other
error leaves open whether something was done.
"""

from collections.abc import Mapping
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
from ..reader import JsonReader

type ErrorType = type[BackendError]


def status_error(status: int) -> ErrorType:
    """Return what the HTTP status of an error means, whether it is the response's or stands in its body."""
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
            return Unavailable  # the request was being read
    return {4: Declined, 5: Unavailable}.get(status // 100, ServiceError)


def body_error(body: Mapping[str, Json] | None) -> ErrorType | None:
    """Return what a body means that holds only errors or refuses a command, ``None`` for any other.

    Of several errors, one that leaves open whether something was done counts.
    """
    if body is None:
        return None
    data = body.get("data")
    found = [each for each in data.values() if each is not None] if isinstance(data, dict) else []
    if found:
        return Declined if any(_is_refusal(each) for each in found) else None
    kinds = [graphql_error(error) for error in errors_in(body)]
    return next((kind for kind in kinds if not kind.nothing_done), next(iter(kinds), None))


def errors_in(body: Mapping[str, Json] | None) -> tuple[Json, ...]:
    """Return the errors of a body, which may also be a single object."""
    errors = body.get("errors") if body else None
    if isinstance(errors, dict):
        return (errors,)
    return tuple(errors) if isinstance(errors, list) else ()


def graphql_error(error: Json) -> ErrorType:
    """Return what one error of a body means."""
    fields = JsonReader.of(error)
    extensions = fields.child("extensions")
    for name in _CODE_FIELDS:
        for value in (extensions.get(name), fields.get(name)):
            if (kind := _by_code(value)) is not None:
                return kind
    words = " ".join(str(fields.get(name) or "") for name in ("message", "detail"))[:1000]
    return next((kind for pattern, kind in _WORDS if pattern.search(words)), ServiceError)


def _is_refusal(value: Json) -> bool:
    """Whether a command got a "no", or a message in place of the id by which it could be polled."""
    if not isinstance(value, dict) or value.get("serviceRequestId") is not None:
        return False
    return value.get("success") is False or bool(value.get("message") and value.get("success") is not True)


def _by_code(value: Json) -> ErrorType | None:
    if isinstance(value, bool) or not isinstance(value, int | str):
        return None
    text = str(value).strip()
    if re.fullmatch("[3-5][0-9]{2}", text, re.ASCII):
        return status_error(int(text))
    return _CODES.get(re.sub("[^a-z]", "", text.casefold()))


_CODE_FIELDS = ("code", "errorType", "classification", "status", "statusCode")
"""The fields of an error or of its extensions in which servers put their codes."""

_CODES: Mapping[str, ErrorType] = {
    code: kind
    for kind, codes in (
        (TokenRejected, "unauthenticated"),
        (
            NotSupported,
            "accessdenied forbidden notauthorized permissiondenied unauthorized unauthorizedexception"
            " unauthorizedfieldortype",
        ),
        (
            Declined,
            "badrequest baduserinput failedprecondition graphqlparsefailed graphqlvalidationfailed invalidsyntax"
            " notfound operationnotsupported operationresolutionfailure validationerror",
        ),
        (RateLimited, "ratelimited requestratelimited throttled toomanyrequests"),
        (
            Unavailable,
            "datafetchingexception executiontimeout gatewaytimeout internal internalerror internalservererror"
            " requesttimeout serviceunavailable subrequesthttperror timeout unavailable",
        ),
    )
    for code in codes.split()
}
"""The codes of Apollo, AppSync and graphql-java, letters only."""

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
"""Words with one meaning only. Failures come first, because a refusal promises that nothing was done."""
