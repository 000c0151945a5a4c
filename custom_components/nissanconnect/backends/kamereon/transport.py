"""One HTTP request, bounded in time and size; whatever goes wrong on the way is ``Unavailable``."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import NamedTuple

import aiohttp
from yarl import URL

from ...vehicle import NoConnection, Unavailable
from ..http import read_text, retry_seconds
from .answer import Answer, NoAnswer


class Timeouts(NamedTuple):
    """How long to wait, in seconds. The service can be very slow (kamereon-eu §3.5)."""

    connect: float = 15.0
    data: float = 120.0
    login: float = 30.0


class Transport:
    """The requests of one account."""

    def __init__(self, session: aiohttp.ClientSession, *, timeouts: Timeouts, now: Callable[[], datetime]) -> None:
        """``session`` stays the caller's; its cookie jar should serve this account alone."""
        self.timeouts = timeouts
        self.requests = 0
        """How many have been sent."""
        self._session = session
        self._now = now

    def forget_cookies(self, host: str) -> None:
        """Begin a new browser session at ``host``."""
        self._session.cookie_jar.clear_domain(host)

    async def request(
        self,
        method: str,
        url: URL,
        name: str,
        *,
        timeout: float,  # noqa: ASYNC109 - aiohttp bounds it, together with the time to connect
        headers: Mapping[str, str],
        data: bytes | Mapping[str, str] | None = None,
    ) -> Answer:
        """Send one request and return its answer, whatever its status; redirects are never followed.

        ``name`` stands for the URL in messages, because URLs carry VINs and user ids.
        """
        self.requests += 1
        try:
            return await self._exchange(method, url, name, timeout=timeout, headers=headers, data=data)
        except aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError:
            raise NoConnection(f"no connection to {name}") from None
        except aiohttp.ClientOSError, aiohttp.ServerDisconnectedError:
            # A dropped GET has been repeated by aiohttp already, which does that for idempotent methods.
            raise Unavailable(f"no connection to {name}") from None
        except aiohttp.ClientError, OSError:
            raise NoAnswer(f"no answer from {name}") from None

    async def _exchange(
        self,
        method: str,
        url: URL,
        name: str,
        *,
        timeout: float,  # noqa: ASYNC109 - as above
        headers: Mapping[str, str],
        data: bytes | Mapping[str, str] | None,
    ) -> Answer:
        async with self._session.request(
            method,
            url,
            headers=headers,
            data=data,
            timeout=aiohttp.ClientTimeout(total=timeout, connect=self.timeouts.connect),
            allow_redirects=False,
            raise_for_status=False,
        ) as response:
            return Answer(
                status=response.status,
                text=await read_text(response, name),
                location=response.headers.get("Location"),
                retry_after=retry_seconds(response, self._now()),
            )
