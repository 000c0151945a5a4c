"""What all hosts have in common: routes with names, bearers, and what a client accepts."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
import json

from aiohttp import web

from custom_components.nissanconnect.backends.base import Json

from .account import Account, Car
from .errors import ApiError, not_found, unauthorized, unreadable
from .tokens import valid
from .world import World

JSON = "application/json"
JSON_API = "application/vnd.api+json"

WORLD: web.AppKey[World] = web.AppKey("world", World)

type Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A path below the base URL; ``name`` is what tests call it in counters and faults.

    A name may take parts of the path: ``actions/{action}`` also counts as ``actions``.
    """

    name: str
    method: str
    path: str
    handler: Handler

    def names(self, parts: dict[str, str]) -> list[str]:
        """Return the names of a request, the general one first."""
        words = self.name.format(**parts).split("/")
        return ["/".join(words[: count + 1]) for count in range(len(words))]


def world(request: web.Request) -> World:
    """Return the world that a request is made in."""
    return request.app[WORLD]


def bearer(request: web.Request) -> Account:
    """Return whose access token came with the request, or refuse it."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    sim = world(request)
    account = valid(sim.tokens.access, token, sim.service_now()) if scheme == "Bearer" else None
    if account is None:
        raise unauthorized()
    return account


def car(request: web.Request) -> Car:
    """Return the vehicle that the path names: one of the caller's, its VIN in upper case (kamereon-eu §6.2)."""
    account, vin = bearer(request), request.match_info["vin"]
    if vin not in account.vins:
        raise not_found()
    world(request).advance()
    return world(request).cars[vin]


def accepted(request: web.Request, offered: Sequence[str]) -> str:
    """Return the first of what the client accepts that is ``offered``; no wish means the first offer."""
    for wish in request.headers.get("Accept", "*/*").split(","):
        media_type = wish.partition(";")[0].strip().lower()
        if media_type in {"*/*", "application/*"}:
            return offered[0]
        if media_type in offered:
            return media_type
    raise ApiError(406)


async def body(request: web.Request, *content_types: str) -> Json:
    """Return the JSON of a request that must be of one of ``content_types``."""
    if request.content_type not in content_types:
        raise ApiError(415)
    try:
        parsed: Json = json.loads(await request.read())
    except ValueError:
        raise unreadable() from None
    return parsed
