"""The last known record and alerts of each vehicle, from responses and pushes alike."""

from asyncio import Semaphore, gather
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from ...vehicle import (
    NEVER,
    AuthenticationFailed,
    BackendError,
    Capability,
    NoConnection,
    NotSupported,
    ProtocolError,
    RateLimited,
    TwoFactorRequired,
    VehicleState,
    normalise_key,
)
from ..base import Json
from ..http import segment
from ..reader import JsonReader
from .client import Client
from .mapping import CarAlert, CarRecord, lock_of, newest_first, parse_alerts, parse_car

ACCOUNT_ERRORS = (AuthenticationFailed, TwoFactorRequired, NoConnection, RateLimited)
"""Errors that concern the whole account, so that another request is pointless."""

_MOST_ALERTS = 50
"""Of a vehicle; the server returns 25 (opencarwings §3)."""

_MOST_VEHICLES = 1000
"""A server that sends more of them is none that we know."""

_PARALLEL_REQUESTS = 4


class VehicleCache:
    """The vehicles of one account by their keys. Requests are sent only for those that the account itself lists."""

    def __init__(self, client: Client, now: Callable[[], datetime], saved: Json) -> None:
        """``saved`` is what :meth:`to_json` returned before the last restart."""
        self._client = client
        self._now = now
        self._vins = {normalise_key(vin): vin for vin in JsonReader.of(saved).values.values() if isinstance(vin, str)}
        self._cars: dict[str, CarRecord] = {}
        self._updated_at: dict[str, datetime] = {}
        self._alerts: dict[str, tuple[CarAlert, ...]] = {}

    def to_json(self) -> Json:
        """Return how the server spells each VIN."""
        return dict(self._vins)

    def car(self, key: str) -> CarRecord | None:
        """Return the record of a vehicle, if there is one."""
        return self._cars.get(key)

    def alerts(self, key: str) -> tuple[CarAlert, ...]:
        """Return the known alerts of a vehicle, newest first."""
        return self._alerts.get(key, ())

    def state(self, car: CarRecord) -> VehicleState:
        """Return the state of a vehicle, with its lock as the last remote command left it."""
        if Capability.LOCK not in car.info.capabilities:
            return car.state
        return replace(car.state, body=lock_of(self.alerts(car.info.key), self._now()))

    def time_since_update(self, key: str) -> timedelta:
        """Return how old the record of a vehicle is."""
        return self._now() - self._updated_at.get(key, NEVER)

    async def fetch_list(self) -> tuple[CarRecord, ...]:
        """Request the list of vehicles."""
        payload = await self._client.get("api/car/", "vehicle list")
        if not isinstance(payload, list):
            raise ProtocolError("vehicle list is no list")
        cars = {}
        for entry in payload[:_MOST_VEHICLES]:
            try:
                car = parse_car(entry, self._now())
            except ProtocolError:  # one that cannot be read does not hide the others
                continue
            cars[car.info.key] = car
        self._vins = {key: car.vin for key, car in cars.items()}
        return tuple(self._with_details(car) for car in cars.values())

    async def fetch_all(self) -> tuple[CarRecord, ...]:
        """Request the list and the details of every vehicle; if its details fail, the entry of the list counts."""
        limit = Semaphore(_PARALLEL_REQUESTS)
        return tuple(await gather(*(self._fetch_or_keep(car, limit) for car in await self.fetch_list())))

    async def _fetch_or_keep(self, listed: CarRecord, limit: Semaphore) -> CarRecord:
        try:
            async with limit:
                return await self.fetch(listed.info.key)
        except ACCOUNT_ERRORS:
            raise
        except BackendError:
            return self.update(listed)

    async def get(self, key: str) -> CarRecord:
        """Return the record of a vehicle with its details; they are requested only if they are not known yet."""
        car = self._cars.get(key)
        return car if car is not None and car.detailed else await self.fetch(key)

    async def fetch(self, key: str) -> CarRecord:
        """Request the details of a vehicle."""
        payload = await self._client.get(await self.path(key, "car"), "vehicle")
        return self.update(parse_car(payload, self._now()))

    async def fetch_alerts(self, key: str) -> tuple[CarAlert, ...]:
        """Request the newest alerts of a vehicle."""
        alerts = parse_alerts(await self._client.get(await self.path(key, "alerts"), "alerts"), self._now())
        self.add_alerts(key, alerts)
        return alerts

    async def path(self, key: str, kind: str) -> str:
        """Return the path of one kind of a vehicle's data; the case of a VIN counts there (§3)."""
        if key not in self._vins:
            await self.fetch_list()
        if key not in self._vins:
            raise NotSupported("the account does not list this vehicle")
        return f"api/{kind}/{segment(self._vins[key])}/"

    def update(self, car: CarRecord) -> CarRecord:
        """Merge a record into the cache and return the result. What is older by the server's clock is ignored.

        Raises:
            ProtocolError: It is one vehicle too many.
        """
        key = car.info.key
        if key not in self._cars and len(self._cars) >= _MOST_VEHICLES:
            raise ProtocolError("more vehicles than anybody has")
        if (cached := self._cars.get(key)) is not None:
            if (car.state.last_report or NEVER) < (cached.state.last_report or NEVER):
                car = replace(car, state=cached.state)
            car = self._with_details(car)
            if _requested_at(car) < _requested_at(cached):
                car = replace(car, command=cached.command)
        self._vins.setdefault(key, car.vin)
        self._cars[key] = car
        self._updated_at[key] = self._now()
        return car

    def _with_details(self, car: CarRecord) -> CarRecord:
        """Add to an entry of the list what only details show."""
        cached = self._cars.get(car.info.key)
        if car.detailed or cached is None or not cached.detailed:
            return car
        details = {name: getattr(cached, name) for name in ("user", "supported", "pinned", "command", "timers")}
        info = replace(car.info, capabilities=cached.info.capabilities)
        return replace(car, **details, info=info, detailed=True)

    def add_alerts(self, key: str, alerts: Iterable[CarAlert]) -> None:
        """Add alerts of a vehicle, some of which may be known."""
        by_id = {alert.id: alert for alert in (*self.alerts(key), *alerts)}
        self._alerts[key] = newest_first(by_id.values())[:_MOST_ALERTS]


def _requested_at(car: CarRecord) -> datetime:
    return (car.command and car.command.requested_at) or NEVER
