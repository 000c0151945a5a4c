"""Asking for the feed, never more often than the service allows, and with a token that is never shown."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import aiohttp
from yarl import URL

from ...vehicle import AuthenticationFailed, BackendError, NoConnection, RateLimited, Unavailable
from ..http import read_text, retry_seconds
from ..values import header_value
from .answer import feed_of
from .values import Values

PAUSE = timedelta(seconds=60)
"""Between two requests. The service allows 3 or 15 a minute, and asks a vehicle once a minute itself (teslafi §2)."""

LONGEST_PAUSE = timedelta(minutes=15)
"""After failures the pause doubles up to this (§2); what the service itself demands may be longer, up to a day."""

_A_DAY = 24 * 3600.0
_TIMEOUT = 15.0
"""Seconds; the answer comes from a database (§1)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """A reply, and when the point that it tells of was first heard. ``live``: it is the newest point of all."""

    said: Values = field(repr=False)
    received_at: datetime
    live: bool

    @property
    def sleeps(self) -> bool:
        """Whether the vehicle sleeps, so that the newest point tells next to nothing."""
        return (self.said.text("carState") or "").casefold() == "sleeping"


class Feed:
    """The feed of one vehicle. Whoever asks in a pause hears once more what came of the last request."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        base: URL,
        token: str,
        *,
        now: Callable[[], datetime],
        rejected: bool = False,
        on_rejected: Callable[[], None] = lambda: None,
        timeout: float = _TIMEOUT,
    ) -> None:
        """Prepare; nothing is sent yet, and nothing ever with a token that is known to be ``rejected``."""
        self.requests = 0
        self._session = session
        self._url = base.join(URL("feed.php"))
        self._token = token
        self._now = now
        self._timeout = timeout
        self._lock = asyncio.Lock()
        self._asked_at = now()
        self._pause = PAUSE
        self._failures = 0
        self._outcome: Heard | BackendError | None = AuthenticationFailed("the token was refused") if rejected else None
        self._on_rejected = on_rejected
        self._heard: Heard | None = None
        self._needs_rich = True

    async def hear(self) -> Heard:
        """Return the newest point that is worth something.

        Raises:
            AuthenticationFailed: The token was refused; it is not sent again.
            BackendError: The last request brought nothing.
        """
        async with self._lock:
            if self._outcome is None or self._left() <= timedelta():
                self._outcome = await self._ask()
            outcome = self._outcome
        if isinstance(outcome, Heard):
            return outcome
        # Anew, because an error that is raised twice collects tracebacks.
        wait = self._left().total_seconds() if isinstance(outcome, RateLimited) else outcome.retry_after
        raise type(outcome)(str(outcome), retry_after=wait)

    def _left(self) -> timedelta:
        """How long to wait until the next request; a clock that was set back ends the pause."""
        if isinstance(self._outcome, AuthenticationFailed):
            return timedelta.max
        passed = self._now() - self._asked_at
        return self._pause - passed if passed >= timedelta() else timedelta()

    async def _ask(self) -> Heard | BackendError:
        """Ask once. The newest point of a sleeping vehicle is hollow, so that the last rich one is asked for then."""
        rich = self._needs_rich
        self._asked_at = self._now()
        self.requests += 1
        try:
            said = await self._request("lastGood" if rich else "")
        except BackendError as error:
            self._failures += 1
            doubled = min(PAUSE * (1 << min(self._failures, 10)), LONGEST_PAUSE)
            self._pause = max(doubled, timedelta(seconds=error.retry_after or 0))
            if isinstance(error, AuthenticationFailed):
                self._on_rejected()
            return error
        before, heard = self._heard, Heard(said=said, received_at=self._asked_at, live=not rich)
        fell_asleep = heard.live and heard.sleeps and not (before is not None and before.sleeps)
        self._needs_rich = fell_asleep and before is not None and before.live
        self._failures, self._pause = 0, _pause_after(said)
        self._heard = _first_heard(heard, before)
        return self._heard

    async def _request(self, command: str) -> Values:
        if header_value(self._token) is None:
            raise AuthenticationFailed("the token is none")
        try:
            async with self._session.get(
                self._url,
                params={"command": command},
                # In the header and not in the address, which others log (§1 [H]).
                headers={"Authorization": f"Bearer {self._token}", "Accept": "application/json"},
                timeout=aiohttp.ClientTimeout(total=self._timeout),
                allow_redirects=False,
                raise_for_status=False,
            ) as response:
                wait = retry_seconds(response, self._now())
                return feed_of(response.status, await read_text(response, "the feed"), wait)
        except aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError:
            raise NoConnection("no connection to the feed") from None
        except aiohttp.ClientError, OSError:
            raise Unavailable("no answer from the feed") from None


def _first_heard(heard: Heard, before: Heard | None) -> Heard:
    """Return the time of a point that is told once more as when it was told first: that makes it no newer."""
    point = heard.said.text("data_id")
    if before is None or point is None or before.said.text("data_id") != point:
        return heard
    return Heard(said=heard.said, received_at=before.received_at, live=heard.live)


def _pause_after(said: Values) -> timedelta:
    """Return the pause after a reply, which may tell how many requests are left (§2)."""
    limit = said.part("rate_limit")
    remaining, reset = limit.number("remaining"), limit.number("reset_in_seconds", 0, _A_DAY)
    if remaining is None or reset is None or remaining > 1:
        return PAUSE
    return max(PAUSE, timedelta(seconds=reset))
