"""What the HTTP clients of several backends do alike: bounded bodies, pauses that are asked for, addresses at home."""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from ipaddress import ip_address
import re
from unicodedata import normalize

import aiohttp

from ..vehicle import ProtocolError

_LARGEST_BODY = 4 * 1024 * 1024
_LONGEST_PAUSE = 86400.0
"""Seconds: an absurd Retry-After must not silence an account for good."""

_LOCAL = ("home", "home.arpa", "internal", "lan", "local", "localdomain", "localhost", "fritz.box", "ts.net")
"""Names that no server on the internet has, one that a maker of routers took, and the encrypted network Tailscale's."""
_NUMERIC = re.compile(r"\d+|0x[0-9a-f]*", re.ASCII)
"""How the last part of an address looks that is spelt oddly: resolvers take 134744072 for 8.8.8.8."""


async def read_text(response: aiohttp.ClientResponse, name: str) -> str:
    """Return the body of an answer; ``name`` stands for who gave it.

    Raises:
        ProtocolError: It has no end.
    """
    body = bytearray()
    async for chunk in response.content.iter_any():
        body += chunk
        if len(body) > _LARGEST_BODY:
            raise ProtocolError(f"{name} answered without end")
    return body.decode(errors="replace")


def without_redirects(session: aiohttp.ClientSession) -> aiohttp.ClientSession:
    """Return a session over the same connections that follows no redirect, for what cannot be told so: sockets.

    Whoever answers could have us call any host of the owner's network. It is the caller's to close.
    """
    return aiohttp.ClientSession(
        connector=session.connector,
        connector_owner=False,
        cookie_jar=aiohttp.DummyCookieJar(),
        headers=session.headers,
        middlewares=(_refuse_redirects,),
    )


async def _refuse_redirects(request: aiohttp.ClientRequest, send: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
    response = await send(request)
    if 300 <= response.status < 400:
        response.close()
        raise aiohttp.WSServerHandshakeError(response.request_info, (), status=response.status)
    return response


def retry_seconds(response: aiohttp.ClientResponse, now: datetime) -> float | None:
    """Return the pause in seconds that an answer asks for by ``Retry-After``, which holds seconds or an HTTP date."""
    asked = response.headers.get("Retry-After")
    if asked is None:
        return None
    if asked.isdecimal():
        return min(float(asked), _LONGEST_PAUSE)
    try:
        date = parsedate_to_datetime(asked)
    except ValueError:
        return None
    wait = date.replace(tzinfo=date.tzinfo or UTC) - now
    return min(max(wait.total_seconds(), 0.0), _LONGEST_PAUSE)


def is_near(host: str) -> bool:
    """Whether the way to ``host`` does not lead through the internet, so that plain http tells nobody a secret."""
    try:
        address = ip_address(host.partition("%")[0])
    except ValueError:
        name = normalize("NFKC", host).casefold().rstrip(".")
        if _NUMERIC.fullmatch(name.rpartition(".")[2]):
            return False
        return "." not in name or name.endswith(tuple(f".{each}" for each in _LOCAL))
    return not address.is_global and not address.is_unspecified
