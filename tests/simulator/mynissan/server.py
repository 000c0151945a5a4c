"""The service on a port of this machine: its token endpoint and its GraphQL."""

import asyncio
import base64
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, tzinfo
import json
from random import Random
from typing import override

from aiohttp import BasicAuth, web

from custom_components.nissanconnect.backends.base import Json

from ..cars.garage import Garage
from ..cars.vehicle import SimulatedVehicle
from ..faults import Fault, Injection, rewritten
from ..garages import garage_at
from ..loopback import Loopback
from .car import Car, car_of
from .mutations import CHECKS, MUTATIONS, check, mutate
from .reads import QUERIES, listed

EMAIL = "driver@example.com"
PASSWORD = "a quick brown fox"

_TOKEN, _GRAPHQL = "/token", "/iotmw-hades-ccs/graphql"


class MyNissan(Loopback):
    """MyNISSAN in North America on loopback, in front of simulated cars. ``now`` is its only clock.

    Attributes:
        cars: The vehicles of the one account, by VIN.
        token_lifetime: How long an access token is let in.
        states_expiry: Whether tokens tell when they end; the library compares that with the machine's own clock.
        units: The units it answers in whatever is asked for, if it does not care.
        requests: How often each operation was asked for, ``token`` among them.
        passwords: How often a password arrived.
        devices: Under which names clients logged in.
        variables: The variables of the last request for each operation.
    """

    _faults: tuple[Injection, ...] = ()

    def __init__(
        self, *, now: Callable[[], datetime], garage: Garage | None = None, seed: int = 0, zone: tzinfo = UTC
    ) -> None:
        self.now = now
        self._rng = Random(f"mynissan {seed}")
        garage = garage or garage_at(now(), seed=seed, zone=zone)
        self.cars = {key: car_of(vehicle) for key, vehicle in garage.vehicles.items()}
        self.password = PASSWORD
        self.token_lifetime = timedelta(minutes=30)
        self.states_expiry = False
        self.units: dict[str, Json] = {}
        self.requests: Counter[str] = Counter()
        self.passwords = 0
        self.devices: list[str] = []
        self.variables: dict[str, dict[str, Json]] = {}
        self.access: dict[str, tuple[str, datetime]] = {}
        self.refresh: set[str] = set()
        self.stopping = asyncio.Event()

    @override
    async def start(self) -> str:
        """Listen on 127.0.0.1, on any free port; return the base URL."""
        app = web.Application()
        app.router.add_post(_TOKEN, self._token)
        app.router.add_post(_GRAPHQL, self._graphql)
        return await self.listen(app)

    def fail(self, name: str, fault: Fault, times: int | None = None) -> None:
        """Let an operation, ``token`` or ``*`` fail from now on; of several faults the newest wins."""
        self._faults = (Injection(name, fault, times, None), *self._faults)

    def heal(self) -> None:
        """Take back all faults."""
        self._faults = ()

    def car(self, model: str) -> Car:
        """Return the vehicle of a model, brought up to date."""
        self.advance()
        return next(car for car in self.cars.values() if car.vehicle.info.model == model)

    def vehicle(self, model: str) -> SimulatedVehicle:
        """Return the vehicle of a model itself, brought up to date."""
        return self.car(model).vehicle

    def advance(self) -> None:
        """Let the vehicles catch up with the clock."""
        now = self.now()
        for car in self.cars.values():
            car.vehicle.advance(now)
            car.settle(now)

    def end_sessions(self, *, for_good: bool = False) -> None:
        """Let no access token in any more; and no refresh token either, if ``for_good``."""
        self.access.clear()
        if for_good:
            self.refresh.clear()

    async def _token(self, request: web.Request) -> web.StreamResponse:
        form = await request.post()
        self.requests["token"] += 1
        self.passwords += "password" in form
        fault = self._fault("token")
        if fault.respond is not None and (answer := await fault.respond(request)) is not None:
            return answer
        BasicAuth.decode(request.headers["Authorization"])  # whose secret it is does not matter here
        match form.get("grant_type"):
            case "password":
                scope = str(form["scope"]).split()
                assert scope[0] == "openid"
                self.devices.append(scope[1])
                let_in = (form["username"], form["password"]) == (f"NISNNAVCS/{EMAIL}", self.password)
            case "refresh_token":
                let_in = str(form["refresh_token"]) in self.refresh
                self.refresh.discard(str(form["refresh_token"]))
            case _:
                let_in = False
        if not let_in:
            told = {"error": "invalid_grant", "error_description": f"The login of {EMAIL} is invalid"}
            return web.json_response(told, status=400)
        access, fresh = self._jwt(), f"refresh-{self._secret()}"
        identity = self._jwt()
        self.access[access] = (identity, self.now() + self.token_lifetime)
        self.refresh.add(fresh)
        tokens: Json = {
            "access_token": access,
            "refresh_token": fresh,
            "id_token": identity,
            "token_type": "Bearer",
            "expires_in": int(self.token_lifetime.total_seconds()),
        }
        return rewritten(fault, web.json_response(tokens))

    def _secret(self) -> str:
        return f"{self._rng.getrandbits(128):032x}"

    def _jwt(self) -> str:
        claims: dict[str, Json] = {"jti": self._secret()}
        if self.states_expiry:
            claims["exp"] = int((self.now() + self.token_lifetime).timestamp())
        parts = ({"alg": "none"}, claims)
        encoded = (base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts)
        return ".".join([*encoded, "signature"])

    async def _graphql(self, request: web.Request) -> web.StreamResponse:
        asked = await request.json()
        name, variables = asked["operationName"], asked["variables"]
        assert f" {name}" in asked["query"], "the document is another one"
        self.requests[name] += 1
        self.variables[name] = variables
        fault = self._fault(name)
        if fault.respond is not None and (answer := await fault.respond(request)) is not None:
            return answer
        scheme, _, token = request.headers["Authorization"].partition(" ")
        identity, expires_at = self.access.get(token, ("", self.now()))
        if scheme != "Bearer" or expires_at <= self.now() or request.headers.get("id-token") != identity:
            return web.json_response({"message": "Unauthorized"}, status=401)
        assert request.headers["Country"] in {"US", "CA", "MX"}
        self.advance()
        return rewritten(fault, web.json_response(self._answer(name, variables | self.units)))

    def _answer(self, name: str, variables: dict[str, Json]) -> Json:
        if name == "VehiclesStaticData":
            return {"data": {"vehicles": [listed(car) for car in self.cars.values()]}}
        car = self.cars.get(str(variables.get("vin")))
        if car is None:
            return {"errors": [{"message": f"No access to {variables.get('vin')}"}], "data": {"vehicle": None}}
        if (query := QUERIES.get(name)) is not None:
            return {"data": {"vehicle": {"__typename": car.kind, **query(car, variables)}}}
        if (mutation := MUTATIONS.get(name)) is not None:
            return {"data": mutate(car, mutation, variables)}
        if (root := CHECKS.get(name)) is not None:
            return {"data": check(car, root, variables, self.now())}
        return {"errors": [{"message": f"Unknown operation {name}"}], "data": None}

    def _fault(self, name: str) -> Fault:
        return next((each.fault for each in self._faults if each.hits([name], None)), Fault())

    def hang(self) -> Fault:
        """A fault that never answers."""

        async def respond(request: web.Request) -> web.StreamResponse:
            await self.stopping.wait()
            if request.transport is not None:
                request.transport.abort()
            return web.Response()

        return Fault(respond=respond)
