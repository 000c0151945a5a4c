"""The cache reads of the car adapter and the BFF: which vehicle is served what, and in which shape (kamereon-eu §8)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from aiohttp import web

from custom_components.nissanconnect.backends.base import Json
from custom_components.nissanconnect.vehicle import TripPeriod, TripSummary

from . import wire
from .account import Car, Family
from .cars.trips import summarise
from .errors import ApiError, bad_parameter, no_right, not_for_this_gateway, not_found, privacy_mode, wrong_generation
from .http import JSON, JSON_API, Endpoint, accepted, bearer, car
from .wire import Attributes, timestamp


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """One version of one endpoint: who is served and how, what the others hear, and the services that it needs."""

    served: Mapping[Family, Callable[[Car], Attributes]]
    otherwise: Callable[[], ApiError] = not_for_this_gateway
    services: tuple[int, ...] = ()
    without: Callable[[], ApiError] = no_right

    def attributes(self, vehicle: Car) -> Attributes:
        """Return what the endpoint says of a vehicle, or refuse."""
        serve = self.served.get(vehicle.family)
        if serve is None:
            raise self.otherwise()
        if not vehicle.offers(self.services):
            raise self.without()
        return serve(vehicle)


def _all(serve: Callable[[Car], Attributes]) -> dict[Family, Callable[[Car], Attributes]]:
    return dict.fromkeys(Family, serve)


CAR_ADAPTER = {
    ("v1", "battery-status"): Read(
        served={
            Family.LEAF: wire.battery_v1,
            Family.ARIYA: wire.battery_v1_level_only,
            Family.COMBUSTION: wire.battery_v1_fuel_range,
        }
    ),
    ("v2", "battery-status"): Read(served={Family.ARIYA: wire.battery_v2, Family.RVG: wire.battery_v2}),
    ("v1", "cockpit"): Read(
        served={
            Family.LEAF: wire.cockpit_electric,
            Family.ARIYA: wire.cockpit_electric,
            Family.COMBUSTION: wire.cockpit_fuel,
        }
    ),
    ("v2", "cockpit"): Read(served={Family.RVG: wire.cockpit_electric_v2}),
    ("v1", "hvac-status"): Read(
        served={Family.LEAF: wire.hvac, Family.ARIYA: wire.hvac, Family.RVG: wire.hvac},
        otherwise=no_right,
        services=(307, 366, 2042),
    ),
    ("v1", "location"): Read(served=_all(wire.location), services=(12, 866)),
    ("v1", "lock-status"): Read(
        served={Family.ARIYA: wire.lock_only, Family.COMBUSTION: wire.lock},
        otherwise=not_found,
        services=(871, 886, 2021),
        without=not_found,
    ),
    ("v1", "pressure"): Read(
        served={Family.ARIYA: wire.pressure, Family.COMBUSTION: wire.pressure}, otherwise=no_right
    ),
    ("v1", "charge-mode"): Read(served={Family.LEAF: wire.charge_mode, Family.ARIYA: wire.charge_mode}),
    ("v1", "res-state"): Read(served={Family.COMBUSTION: wire.engine_state}, services=(96,)),
}
BFF = {
    ("v3", "battery-status"): Read(served={Family.ARIYA: wire.battery_v3, Family.RVG: wire.battery_v3}),
    ("v1", "health-status"): Read(served=_all(wire.health)),
}
NOT_OFFERED = ("settings/gfc-restrictions", "settings/area-restrictions", "settings/speed-restrictions")
"""Zone, speed and curfew alerts, of which only names are known (kamereon-eu §14.5)."""


async def read(request: web.Request) -> web.StreamResponse:
    """Serve the car adapter: flat or JSON:API, as the client accepts (kamereon-eu §3.2)."""
    bearer(request)
    shape = accepted(request, (JSON_API, JSON))
    vehicle = car(request)
    found = CAR_ADAPTER.get((request.match_info["version"], request.match_info["data"]))
    if found is None:
        raise not_found()
    if request.match_info["data"] == "location" and vehicle.vehicle.privacy:
        raise privacy_mode()
    return _shaped(vehicle, found.attributes(vehicle), shape)


async def read_bff(request: web.Request) -> web.StreamResponse:
    """Serve the BFF, which wants to be told the vehicle's generation and knows one shape only."""
    bearer(request)
    accepted(request, (JSON,))
    vehicle = car(request)
    found = BFF.get((request.match_info["version"], request.match_info["data"]))
    if found is None:
        raise not_found()
    generation = request.query.get("canGen")
    if generation is None:
        raise bad_parameter("canGen")
    if generation != vehicle.vehicle.info.generation:
        raise wrong_generation(generation)
    return web.json_response(_json_api(vehicle, found.attributes(vehicle)))


async def not_offered(request: web.Request) -> web.StreamResponse:
    """Refuse what no client has ever seen an answer of."""
    car(request)
    raise not_for_this_gateway()


async def trips(request: web.Request) -> web.StreamResponse:
    """Serve trip summaries by day, month or year (kamereon-eu §13)."""
    bearer(request)
    shape = accepted(request, (JSON_API, JSON))
    vehicle = car(request)
    period = PERIODS.get(request.query.get("type", ""))
    if period is None:
        raise bad_parameter("type")
    start, end = (_day(request, name) for name in ("start", "end"))
    model = vehicle.vehicle
    summaries = summarise(model.cloud.trips, period, start, end, model.zone)
    return _shaped(vehicle, {"summaries": [summary(each, vehicle.family) for each in summaries]}, shape)


PERIODS = {"0": TripPeriod.DAY, "1": TripPeriod.MONTH, "2": TripPeriod.YEAR}
_BUCKETS = {TripPeriod.DAY: ("day", "%Y%m%d"), TripPeriod.MONTH: ("month", "%Y%m"), TripPeriod.YEAR: ("year", "%Y")}


def _day(request: web.Request, name: str) -> date:
    try:
        return datetime.strptime(request.query.get(name, ""), "%Y-%m-%d").date()  # noqa: DTZ007
    except ValueError:
        raise bad_parameter(name) from None


def summary(said: TripSummary, family: Family) -> Json:
    bucket, spelling = _BUCKETS[said.period]
    return {
        bucket: said.start.strftime(spelling),
        "tripsNumber": said.trips,
        "distance": said.distance,
        "duration": said.duration,
        "firstTripStart": timestamp(said.first_start, family),
        "lastTripEnd": timestamp(said.last_end, family),
        "consumedFuel": said.fuel_used,
        "consumedElectricity": said.energy_used,
        "savedElectricity": said.energy_recovered,
        "co2Saving": said.co2_saved,
    }


def _shaped(vehicle: Car, attributes: Attributes, shape: str) -> web.Response:
    """Return the flat form with its nulls, or JSON:API without them."""
    if shape == JSON:
        return web.json_response({"id": vehicle.vin, **attributes})
    return web.json_response(_json_api(vehicle, attributes), content_type=JSON_API)


def _json_api(vehicle: Car, attributes: Attributes) -> Json:
    known: Attributes = {name: value for name, value in attributes.items() if value is not None}
    return {"data": {"type": "Car", "id": vehicle.vin, "attributes": known}}


_CAR = "/car-adapter/{version}/cars/{vin}"

ENDPOINTS = (
    Endpoint("trip-history", "GET", "/car-adapter/v1/cars/{vin}/trip-history", trips),
    *(Endpoint("restrictions", "GET", f"{_CAR}/{path}", not_offered) for path in NOT_OFFERED),
    Endpoint("{data}/{version}", "GET", f"{_CAR}/{{data}}", read),
    Endpoint("{data}/{version}", "GET", "/bff-web/{version}/cars/{vin}/{data}", read_bff),
)
