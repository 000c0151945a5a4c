"""What was last heard of each vehicle, by requests and over the socket alike."""

from asyncio import Semaphore, gather
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from ...vehicle import (
    AuthenticationFailed,
    BackendError,
    Capability,
    NoConnection,
    Notification,
    ProtocolError,
    RateLimited,
    TwoFactorRequired,
    VehicleState,
    normalise_key,
)
from ..base import Json
from .address import segment
from .alerts import CarAlert, is_locked, last_lock, newest_first, notification, parse_alerts
from .answer import NotServed
from .car import Car, parse_car
from .client import Client
from .mapping import lock_of
from .values import Said

_KEPT = 50
"""Alerts of a vehicle; the server tells 25 (opencarwings §3)."""

_LOADED_AT_ONCE = 4

_MOST = 1000
"""Vehicles of which anything is remembered: whoever sends more of them is no server of ours."""

REFUSALS = (AuthenticationFailed, TwoFactorRequired, NoConnection, RateLimited)
"""What concerns the whole account, so that asking for something else is pointless."""

_NEVER = datetime.min.replace(tzinfo=UTC)


class Fleet:
    """The vehicles of one account by their keys. Only those that the account itself lists are ever asked about."""

    def __init__(self, client: Client, now: Callable[[], datetime], saved: Json) -> None:
        """Go on with the spellings of VINs that :meth:`to_json` returned."""
        self._client = client
        self._now = now
        self._vins = {normalise_key(vin): vin for vin in Said.of(saved).values.values() if isinstance(vin, str)}
        self._cars: dict[str, Car] = {}
        self._heard_at: dict[str, datetime] = {}
        self._alerts: dict[str, tuple[CarAlert, ...]] = {}

    def to_json(self) -> Json:
        """Return what the next start begins with."""
        return dict(self._vins)

    def car(self, key: str) -> Car | None:
        """Return what is known of a vehicle."""
        return self._cars.get(key)

    def silent_for(self, key: str) -> timedelta:
        """Return how long nothing has been heard of a vehicle."""
        return self._now() - self._heard_at.get(key, _NEVER)

    async def list(self) -> tuple[Car, ...]:
        """Ask which vehicles there are, and for what the list says of them."""
        reply = await self._client.get("api/car/", "vehicle list")
        if not isinstance(reply, list):
            raise ProtocolError("vehicle list is no list")
        cars = {}
        for entry in reply[:_MOST]:
            try:
                car = parse_car(entry, self._now())
            except ProtocolError:  # one that cannot be read does not hide the others
                continue
            cars[car.info.key] = car
        self._vins = {key: car.vin for key, car in cars.items()}
        return tuple(self._with_details(car) for car in cars.values())

    async def list_detailed(self) -> tuple[Car, ...]:
        """Ask for everything about every vehicle; of one whose details fail, the list's word counts."""
        turn = Semaphore(_LOADED_AT_ONCE)
        return tuple(await gather(*(self._detailed(car, turn) for car in await self.list())))

    async def _detailed(self, car: Car, turn: Semaphore) -> Car:
        try:
            async with turn:
                return await self.load(car.info.key)
        except REFUSALS:
            raise
        except BackendError:
            return self.hear(car)

    async def known(self, key: str) -> Car:
        """Return what is known of a vehicle, with its details; asks only if they have never been heard."""
        car = self._cars.get(key)
        return car if car is not None and car.detailed else await self.load(key)

    async def load(self, key: str) -> Car:
        """Ask for the details of a vehicle."""
        return self.hear(parse_car(await self._client.get(await self.path(key, "car"), "vehicle"), self._now()))

    async def load_alerts(self, key: str) -> tuple[CarAlert, ...]:
        """Ask for the newest alerts of a vehicle."""
        alerts = parse_alerts(await self._client.get(await self.path(key, "alerts"), "alerts"), self._now())
        self.hear_alerts(key, alerts)
        return alerts

    async def path(self, key: str, kind: str) -> str:
        """Return where something of a vehicle is found; the case of a VIN counts there (§3)."""
        if key not in self._vins:
            await self.list()
        if key not in self._vins:
            raise NotServed("the account does not list this vehicle")
        return f"api/{kind}/{segment(self._vins[key])}/"

    def hear(self, car: Car) -> Car:
        """Take what was said of a vehicle. What is older than what is known already, by the server's clock, is not.

        Raises:
            ProtocolError: It is one vehicle too many.
        """
        key = car.info.key
        if key not in self._cars and len(self._cars) >= _MOST:
            raise ProtocolError("more vehicles than anybody has")
        if (known := self._cars.get(key)) is not None:
            if (car.state.last_report or _NEVER) < (known.state.last_report or _NEVER):
                car = replace(car, state=known.state)
            car = self._with_details(car)
            if _requested_at(car) < _requested_at(known):
                car = replace(car, command=known.command)
        self._vins.setdefault(key, car.vin)
        self._cars[key] = car
        self._heard_at[key] = self._now()
        return car

    def _with_details(self, car: Car) -> Car:
        """Add to an entry of the list what only details tell."""
        known = self._cars.get(car.info.key)
        if car.detailed or known is None or not known.detailed:
            return car
        details = {name: getattr(known, name) for name in ("user", "offered", "pinned", "command", "timers")}
        info = replace(car.info, capabilities=known.info.capabilities)
        return replace(car, **details, info=info, detailed=True)

    def hear_alerts(self, key: str, alerts: Iterable[CarAlert]) -> None:
        """Take alerts of a vehicle, which may be known."""
        together = {alert.id: alert for alert in (*self._alerts.get(key, ()), *alerts)}
        self._alerts[key] = newest_first(together.values())[:_KEPT]

    def alerts(self, key: str) -> tuple[CarAlert, ...]:
        """Return the known alerts of a vehicle, newest first."""
        return self._alerts.get(key, ())

    def state(self, car: Car) -> VehicleState:
        """Return all that is known of a vehicle: what its object says, and how its lock was last turned from afar."""
        if Capability.LOCK not in car.info.capabilities or (turned := last_lock(self.alerts(car.info.key))) is None:
            return car.state
        return replace(car.state, body=lock_of(is_locked(turned), turned.at, self._now()))


def _requested_at(car: Car) -> datetime:
    return (car.command and car.command.requested_at) or _NEVER


def notifications_of(alerts: Iterable[CarAlert]) -> tuple[Notification, ...]:
    """Return what an owner is told of alerts."""
    return tuple(told for alert in alerts if (told := notification(alert)) is not None)
