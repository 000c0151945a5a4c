"""One HTTP request, bounded in time and size; whatever goes wrong on the way is ``Unavailable``."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

import aiohttp
from yarl import URL

from ...vehicle import NoConnection, Unavailable
from ..base import Json
from ..http import read_text, retry_seconds
from ..reader import load_json
from .answer import Answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeouts:
    """How long to wait, in seconds. ``heartbeat`` is how often a quiet socket is asked whether it is still there."""

    connect: float = 10.0
    answer: float = 30.0
    heartbeat: float = 30.0


class Transport:
    """The requests of one account."""

    def __init__(self, session: aiohttp.ClientSession, timeouts: Timeouts, now: Callable[[], datetime]) -> None:
        """``session`` stays the caller's."""
        self.session = session
        self.timeouts = timeouts
        self.requests = 0
        """How many have been sent."""
        self._now = now

    async def request(
        self, method: str, url: URL, name: str, *, headers: Mapping[str, str], body: Json = None
    ) -> Answer:
        """Send one request and return its answer, whatever its status; redirects are never followed.

        ``name`` stands for the URL in messages, because URLs carry VINs and the address of somebody's home.
        """
        self.requests += 1
        try:
            return await self._exchange(method, url, name, headers=headers, body=body)
        except aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError:
            raise NoConnection(f"no connection to {name}") from None
        except aiohttp.ClientError, OSError:  # a time-out is an OSError
            raise Unavailable(f"no answer from {name}") from None

    async def _exchange(self, method: str, url: URL, name: str, *, headers: Mapping[str, str], body: Json) -> Answer:
        async with self.session.request(
            method,
            url,
            # Messages are matched by their words in two places, so they must not be translated (opencarwings §3).
            headers={"Accept": "application/json", "Accept-Language": "en", **headers},
            json=body,
            timeout=aiohttp.ClientTimeout(total=self.timeouts.answer, connect=self.timeouts.connect),
            allow_redirects=False,
            raise_for_status=False,
        ) as response:
            text = await read_text(response, name)
            readable, parsed = _decode(text)
            return Answer(
                status=response.status,
                body=parsed,
                readable=readable,
                is_page=text.lstrip().startswith("<"),
                retry_after=retry_seconds(response, self._now()),
            )


def _decode(text: str) -> tuple[bool, Json]:
    """Return whether the body could be read, and it; an empty one is ``None`` (§2: 401 comes without any)."""
    try:
        return True, load_json(text) if text.strip() else None
    except ValueError, RecursionError:
        return False, None
