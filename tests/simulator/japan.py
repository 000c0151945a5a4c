"""The Japanese front end, below ``/nc-app-bff/``, and vehicles with frame numbers (kamereon-eu §2.4)."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta, tzinfo

from aiohttp import web

from custom_components.nissanconnect.backends.base import Json

from . import wire
from .account import Account, Car, Family
from .cars.garage import Garage, build, leaf, qashqai
from .cars.trips import summarise
from .cars.vehicle import Make, SimulatedVehicle
from .errors import ApiError, not_for_this_gateway, not_found
from .http import JSON_API, Endpoint, Handler, bearer, body, world
from .reads import PERIODS, summary
from .wire import Attributes
from .world import Login

APP_ID = "jp.co.nissan.nissanconnect.ncx"
SAKURA, NOTE = "B6AW-012345", "E13-012345"
UUIDS = {SAKURA: "0b6a3a58-5a55-4a43-8a2b-5ab5f7c6a001", NOTE: "7f2b9a94-5d0b-4b07-9a56-2d6d0a52a002"}


def _sakura(start: datetime, zone: tzinfo) -> Make:
    made = leaf(start, zone)
    return replace(made, info=replace(made.info, key=SAKURA, vin=None, nickname=None, model="サクラ", year=2023))


def _note(start: datetime, zone: tzinfo) -> Make:
    made = qashqai(start, zone)
    return replace(made, info=replace(made.info, key=NOTE, vin=None, nickname=None, model="ノート", gateway="NGDC"))


def japanese_garage(now: datetime, zone: tzinfo) -> Garage:
    """Return an electric and a combustion vehicle that lead the life of the garage's, for a week until ``now``."""
    start = now - timedelta(days=7)
    vehicles: list[SimulatedVehicle] = [build(make(start, zone), start, zone, seed=0) for make in (_sakura, _note)]
    garage = Garage({vehicle.info.key: vehicle for vehicle in vehicles})
    garage.advance(now)
    return garage


async def login(request: web.Request) -> web.StreamResponse:
    """Give tokens for name and password."""
    sim = world(request)
    sim.requests["login"] += 1
    if request.headers.get("X-App-Id") != APP_ID:
        raise ApiError(400, "0399", "Bad Request")
    match sim.login:
        case Login.OUTAGE:
            raise ApiError(500, "0204", "Internal server error(KAuth)")
        case Login.GEO_BLOCKED:
            return web.Response(status=403, text="<html>Access forbidden by administrator</html>")
    match await body(request, JSON_API):
        case {"data": {"type": "token", "attributes": {"username": str() as username, "password": str() as password}}}:
            account = sim.accounts.get(username)
        case _:
            raise ApiError(400, "0201", "Bad Request")
    if account is None or sim.login is Login.WRONG_PASSWORD or account.locked or account.password != password:
        if account is not None:
            account.failures += 1
            account.locked = account.locked or (sim.lock_after is not None and account.failures >= sim.lock_after)
        raise ApiError(400, "0205", "User authentication error")
    account.failures = 0
    sim.tokens.access_lifetime = timedelta(hours=1)
    tokens: dict[str, Json] = {**sim.tokens.issue(account, sim.service_now()), "scope": "openid profile vehicles"}
    return web.json_response({"data": {"type": "token", "attributes": tokens}}, content_type=JSON_API)


def _asked(request: web.Request) -> Account:
    """Return who asks, in the way that every request must be asked."""
    if request.content_type != JSON_API:
        raise ApiError(415)
    try:
        return bearer(request)
    except ApiError:
        raise ApiError(401, "0101", "The token is invalid or missing.") from None


async def token_info(request: web.Request) -> web.StreamResponse:
    """Say who the token belongs to, and which vehicles that account has."""
    account, sim = _asked(request), world(request)
    vehicles: list[Json] = [
        {
            "vin": car.vin,
            "uuid": UUIDS.get(car.vin),
            "role": car.role,
            "services": [number for number, active in car.services.items() if active],
            "gateway": car.vehicle.info.gateway,
            "canGeneration": car.vehicle.info.generation,
        }
        for key, car in sim.cars.items()
        if key in account.vins
    ]
    return _answer("tokenInfo", account.user_id, {"vehicles": vehicles})


async def details(request: web.Request) -> web.StreamResponse:
    """Name a vehicle, which has to be asked for by its UUID."""
    account = _asked(request)
    keys = {uuid: key for key, uuid in UUIDS.items()}
    key = keys.get(request.match_info["vin"])
    if request.headers.get("X-VehicleIdType") != "UUID" or key not in account.vins:
        raise ApiError(401, "0101", "The token is invalid or missing.")
    car = world(request).cars[key]
    info = car.vehicle.info
    energy = "ICE" if car.family is Family.COMBUSTION else "EV"
    model: Json = {"displayName": info.model, "code": info.model_code, "year": str(info.year), "name": info.model}
    attributes: Attributes = {"model": model, "energy": energy}
    return _answer("vehicleDetails", request.match_info["vin"], attributes)


def _car(request: web.Request) -> Car:
    """Return the vehicle that is asked about by its frame number, with its gateway in a header."""
    account, key = _asked(request), request.match_info["vin"]
    if key not in account.vins:
        raise not_found()
    world(request).advance()
    car = world(request).cars[key]
    if request.headers.get("X-Vehicle-Gateway") != car.vehicle.info.gateway:
        raise ApiError(400, "0399", "Bad Request")
    return car


type Serve = Callable[[Car], Attributes]

_ELECTRIC = (Family.LEAF, Family.ARIYA)


def _cockpit(car: Car) -> Attributes:
    return wire.cockpit_electric(car) if car.family in _ELECTRIC else wire.cockpit_fuel(car)


def _electric_only(serve: Serve) -> Serve:
    def wrapped(car: Car) -> Attributes:
        if car.family not in _ELECTRIC:
            raise not_for_this_gateway()
        return serve(car)

    return wrapped


_READS: Mapping[str, Serve] = {
    "nissan/vehicle-info/v2/cars/{vin}/battery-status": _electric_only(wire.battery_v2),
    "nissan/vehicle-info/v1/cars/{vin}/location": wire.location,
    "nissan/remote-action/v1/cars/{vin}/lock-status": wire.lock,
    "nissan/remote-action/v1/cars/{vin}/hvac-status": _electric_only(wire.hvac),
    "alliance/car-adapter/v1/cars/{vin}/cockpit": _cockpit,
    "alliance/car-adapter/v1/cars/{vin}/health-status": wire.health,
}


def _read(serve: Serve) -> Handler:
    async def handle(request: web.Request) -> web.StreamResponse:
        car = _car(request)
        known: Attributes = {name: value for name, value in serve(car).items() if value is not None}
        return _answer("Car", car.vin, known)

    return handle


async def trips(request: web.Request) -> web.StreamResponse:
    """Sum up what was driven; days are written without hyphens."""
    car = _car(request)
    period = PERIODS.get(request.query.get("type", ""))
    if period is None:
        raise ApiError(400, "0399", "Bad Request")
    start, end = (_day(request, name) for name in ("start", "end"))
    model = car.vehicle
    found: list[Json] = [
        summary(each, car.family) for each in summarise(model.cloud.trips, period, start, end, model.zone)
    ]
    return _answer("Car", car.vin, {"summaries": found})


def _day(request: web.Request, name: str) -> date:
    try:
        return datetime.strptime(request.query.get(name, ""), "%Y%m%d").date()  # noqa: DTZ007
    except ValueError:
        raise ApiError(400, "0399", "Bad Request") from None


async def act(request: web.Request) -> web.StreamResponse:
    """Count what would wake a vehicle; nothing is known well enough to be played."""
    world(request).requests["wakes"] += 1
    raise not_for_this_gateway()


def _answer(kind: str, identifier: str, attributes: Attributes) -> web.Response:
    body: Json = {"data": {"type": kind, "id": identifier, "attributes": attributes}}
    return web.json_response(body, content_type=JSON_API)


_BFF = "/nc-app-bff"

ENDPOINTS = (
    Endpoint("login-jp", "POST", f"{_BFF}/nissan/account/v1/login", login),
    Endpoint("token-info", "GET", f"{_BFF}/nissan/account/v1/token-info", token_info),
    Endpoint("details", "GET", f"{_BFF}/nissan/vehicle-info/v1/cars/{{vin}}/details", details),
    *(Endpoint(path.rsplit("/", 1)[1], "GET", f"{_BFF}/{path}", _read(serve)) for path, serve in _READS.items()),
    Endpoint("trip-history", "GET", f"{_BFF}/alliance/car-adapter/v1/cars/{{vin}}/trip-history", trips),
    Endpoint("actions/{action}", "POST", f"{_BFF}/alliance/car-adapter/v1/cars/{{vin}}/actions/{{action}}", act),
)
