"""The client of the feed: not more requests than the service allows, and a token that is never shown."""

import asyncio
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http import HTTPStatus

from yarl import URL

from ...vehicle import (
    AccessBlocked,
    AuthenticationFailed,
    BackendError,
    Declined,
    NotSupported,
    ProtocolError,
    RateLimited,
    ServiceError,
    Unavailable,
    Unreachable,
    UnsafeRedirect,
)
from ..base import Context
from ..http import HttpClient, Response, base_url
from ..reader import JsonReader, header_value
from .mapping import FeedReader

PAUSE = timedelta(seconds=60)
"""Between two requests. The service allows 3 or 15 a minute, and reads a vehicle once a minute itself (teslafi §2)."""

LONGEST_PAUSE = timedelta(minutes=15)
"""After failures the pause doubles up to this (§2); what the service itself demands may be longer, up to a day."""

_A_DAY = 24 * 3600.0
_REJECTED = "rejected"
_NAME = "the feed"
_FEED = "feed.php"
_FRAME = {"Date", "data_id"}
"""The fields that say nothing about the vehicle."""


def service_url(address: str) -> URL:
    """Return the base URL of the service at ``address``, which may also be that of its feed.

    Raises:
        InvalidAddress: The token must not be sent there.
    """
    return base_url(address, page=_FEED)


@dataclass(frozen=True, slots=True, kw_only=True)
class DataPoint:
    """One point of the feed, and when it was first received. ``live``: it is the newest point of all."""

    fields: FeedReader = field(repr=False)
    received_at: datetime
    live: bool

    @property
    def is_asleep(self) -> bool:
        """Whether the vehicle sleeps, so that its newest point holds next to nothing."""
        return (self.fields.text("carState") or "").casefold() == "sleeping"

    def is_repeated_in(self, other: DataPoint) -> bool:
        """Whether ``other`` is the same point once more."""
        point = self.fields.text("data_id")
        return point is not None and other.fields.text("data_id") == point


class FeedClient:
    """The feed of one vehicle. A request within the pause returns the outcome of the last one again."""

    def __init__(self, context: Context, base: URL, token: str, timeout: float) -> None:
        """A token that was ever rejected is not sent again, not even after a restart."""
        self._http = HttpClient(context.session, now=context.now, timeout=timeout)
        self._url = base.join(URL(_FEED))
        self._token = token
        self._now = context.now
        self._save_auth = context.save_auth
        self._lock = asyncio.Lock()
        self._requested_at = context.now()
        self._pause = PAUSE
        self._failures = 0
        rejected = JsonReader.of(context.auth).flag(_REJECTED)
        self._outcome: DataPoint | BackendError | None = (
            AuthenticationFailed("the token was refused") if rejected else None
        )
        self._point: DataPoint | None = None
        self._wants_last_good = True

    @property
    def requests(self) -> int:
        """How many requests have been sent."""
        return self._http.requests

    async def fetch(self) -> DataPoint:
        """Return the newest point that holds something.

        Raises:
            AuthenticationFailed: The token was refused; it is not sent again.
            BackendError: The last request failed.
        """
        async with self._lock:
            if self._outcome is None or self._left() <= timedelta():
                self._outcome = await self._request()
            outcome = self._outcome
        if isinstance(outcome, DataPoint):
            return outcome
        raise outcome.copy(retry_after=self._left().total_seconds() if isinstance(outcome, RateLimited) else None)

    def _left(self) -> timedelta:
        """Return how long to wait until the next request; a clock that was set back ends the pause."""
        if isinstance(self._outcome, AuthenticationFailed):
            return timedelta.max
        passed = self._now() - self._requested_at
        return self._pause - passed if passed >= timedelta() else timedelta()

    async def _request(self) -> DataPoint | BackendError:
        """Send one request. The newest point of a sleeping vehicle is hollow; then the last good one is requested."""
        last_good = self._wants_last_good
        self._requested_at = self._now()
        try:
            fields = await self._get("lastGood" if last_good else "")
        except BackendError as error:
            self._failures += 1
            doubled = min(PAUSE * (1 << min(self._failures, 10)), LONGEST_PAUSE)
            self._pause = max(doubled, timedelta(seconds=error.retry_after or 0))
            if isinstance(error, AuthenticationFailed):
                self._save_auth({_REJECTED: True})
            return error
        before, point = self._point, DataPoint(fields=fields, received_at=self._requested_at, live=not last_good)
        fell_asleep = point.live and point.is_asleep and not (before is not None and before.is_asleep)
        self._wants_last_good = fell_asleep and before is not None and before.live
        self._failures, self._pause = 0, _pause_after(fields)
        if before is not None and before.is_repeated_in(point):  # which makes it no newer
            point = DataPoint(fields=fields, received_at=before.received_at, live=point.live)
        self._point = point
        return point

    async def _get(self, command: str) -> FeedReader:
        if header_value(self._token) is None:
            raise AuthenticationFailed("the token cannot be sent")
        response = await self._http.request(
            "GET",
            self._url,
            _NAME,
            params={"command": command},
            # In the header and not in the address, which others log (§1 [H]).
            headers={"Authorization": f"Bearer {self._token}", "Accept": "application/json"},
        )
        return fields_of(response)


def _pause_after(fields: FeedReader) -> timedelta:
    """Return the pause after a response, which may say how many requests are left (§2)."""
    limit = fields.child("rate_limit")
    remaining, reset = limit.number("remaining"), limit.number("reset_in_seconds", 0, _A_DAY)
    if remaining is None or reset is None or remaining > 1:
        return PAUSE
    return max(PAUSE, timedelta(seconds=reset))


def fields_of(response: Response) -> FeedReader:
    """Return the fields of a response (§4). Errors come with HTTP 200, and JSON as ``text/html``: the text counts.

    Raises:
        BackendError: The response reports an error, or cannot be understood.
    """
    if (error := _status_error(response)) is not None:
        raise error
    if response.body is None:
        raise _text_error(response)
    if not isinstance(response.body, dict):
        raise ProtocolError(f"{_NAME} is no object")
    fields = FeedReader(response.body)
    if (error := _body_error(fields)) is not None:
        raise error
    return fields


def _status_error(response: Response) -> BackendError | None:
    """Too many requests are answered with 429 or 503 (§2 [M])."""
    message = f"{_NAME} answered {response.status}"
    match response.status:
        case HTTPStatus.TOO_MANY_REQUESTS:
            return RateLimited(message, retry_after=response.retry_after)
        case HTTPStatus.UNAUTHORIZED:
            return AuthenticationFailed(message)
        case HTTPStatus.FORBIDDEN:
            return AccessBlocked(message, retry_after=response.retry_after)
        case status if status >= HTTPStatus.INTERNAL_SERVER_ERROR or status == HTTPStatus.REQUEST_TIMEOUT:
            return Unavailable(message, retry_after=response.retry_after)
        case status if status // 100 == 3:
            return UnsafeRedirect(message)
        case status if status // 100 == 4:
            return Declined(message)
    return None if response.is_success else ProtocolError(message)


def _text_error(response: Response) -> BackendError:
    """Read a sentence. Only how it begins is on record."""
    words = response.text.lstrip("\ufeff \r\n\t").casefold()
    if words.startswith("vehicle is asleep or unavailable"):
        return Unreachable("the service says that the vehicle is asleep")
    if words.startswith("this command is not enabled"):
        return NotSupported("the service does not allow this request")
    if response.is_html:
        return Unavailable("an HTML page came instead of the feed")
    return ProtocolError(f"{_NAME} is not JSON")


def _body_error(fields: FeedReader) -> BackendError | None:
    result = fields.child("response").text("result")
    if result is not None and result.casefold() == "unauthorized":
        return AuthenticationFailed("the token was refused")
    if (error := fields.text("error")) is not None:
        text = f"{error} {fields.text('error_description')}".casefold()
        asleep = any(word in text for word in ("asleep", "offline", "vehicle unavailable"))
        return Unreachable("the vehicle is asleep") if asleep else ServiceError(f"{_NAME} reports an error")
    if all(fields.text(name) is None for name in fields.values.keys() - _FRAME):
        return RateLimited(f"{_NAME} is hollow")  # how throttling may look (§2 [M])
    return None
