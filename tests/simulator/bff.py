"""The log-in's second stage, the user and the list of vehicles (kamereon-eu §4.6, §4.7, §6)."""

from aiohttp import web

from .errors import ApiError, bad_parameter, no_right, not_found, unauthorized, unreadable
from .http import JSON, JSON_API, Endpoint, accepted, bearer, body, world
from .tokens import valid

REFRESH_BODY = {"scope": "openid profile vehicles"}


def _raw_token(request: web.Request) -> str:
    """Return what is in ``Authorization``: here, and only here, a token without a scheme."""
    if request.query.get("platform") != "Android":
        raise bad_parameter("platform")
    if request.content_type != JSON_API:
        raise ApiError(415)
    accepted(request, (JSON,))
    return request.headers.get("Authorization", "")


async def exchange(request: web.Request) -> web.StreamResponse:
    """Give Kamereon tokens for a OneID id token."""
    sim = world(request)
    account = valid(sim.tokens.identities, _raw_token(request), sim.service_now())
    if account is None:
        raise unauthorized()
    if await request.read():
        raise unreadable()
    return web.json_response(sim.tokens.issue(account, sim.service_now()))


async def refresh(request: web.Request) -> web.StreamResponse:
    """Give a new access token for a refresh token."""
    sim = world(request)
    token = _raw_token(request)
    account = valid(sim.tokens.refresh, token, sim.service_now())
    if account is None:
        raise unauthorized()
    if await body(request, JSON_API) != REFRESH_BODY:
        raise unreadable()
    return web.json_response(sim.tokens.issue(account, sim.service_now(), refreshed=token))


async def current_user(request: web.Request) -> web.StreamResponse:
    """Say who the token belongs to."""
    return web.json_response({"userId": bearer(request).user_id})


async def list_cars(request: web.Request) -> web.StreamResponse:
    """List the vehicles of the account; every version but the fifth is gone (kamereon-eu §6.2)."""
    accepted(request, (JSON,))
    account, sim = bearer(request), world(request)
    if request.match_info["version"] != "v5":
        raise not_found()
    if request.match_info["user"] != account.user_id:
        raise no_right()
    sim.advance()
    return web.json_response({"data": [car.listed() for vin, car in sim.cars.items() if vin in account.vins]})


ENDPOINTS = (
    Endpoint("exchange", "POST", "/bff-web/v1/oauth2/access_token", exchange),
    Endpoint("refresh-token", "POST", "/bff-web/v1/oauth2/refresh-token", refresh),
    Endpoint("users-current", "GET", "/user-adapter/v1/users/current", current_user),
    Endpoint("cars/{version}", "GET", "/bff-web/{version}/users/{user}/cars", list_cars),
)
