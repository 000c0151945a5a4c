"""The feed on a port of this machine: what it says, to whom, how often, and how it fails (teslafi §1, §2, §4)."""

import asyncio
from collections import Counter, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
import json
from typing import override

from aiohttp import web

from custom_components.nissanconnect.backends.base import Json
from custom_components.nissanconnect.vehicle import Group, VehicleState

from ..cars.garage import Garage
from ..cars.snapshot import snapshot
from ..cars.vehicle import SimulatedVehicle
from ..garages import garage_at
from ..loopback import Loopback
from . import wire

TOKEN = "f3c1-our-own-token-77aa"
READS = ("", "lastGood", "lastGoodTemp")
AWAKE_FOR = timedelta(minutes=10)


@dataclass(frozen=True, slots=True, kw_only=True)
class Say:
    """What is said in place of the feed. ``silence`` is nothing at all, ``hang_up`` drops the connection."""

    status: int = 200
    text: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    silence: bool = False
    hang_up: bool = False

    @classmethod
    def json(cls, body: Json) -> Say:
        """Any JSON."""
        return cls(text=json.dumps(body))


UNAUTHORIZED = Say.json({"response": {"result": "unauthorized"}})
TOO_MANY = Say(status=429, text="Too Many Requests")


class TeslaFi(Loopback):
    """The service, with one account and one vehicle.

    Attributes:
        url: The base URL, with a slash at its end.
        token: What is valid.
        asleep: Whether the service calls the vehicle asleep; ``None``: as it is, some time after it last moved.
        per_minute: How many requests are answered in a minute; ``None``: it is not said, and three are.
        changes: Fields that are said otherwise than they are.
        requests: By command, and ``refused`` for those that were too many.
        orders: What was asked of the vehicle; a reader never does.
        leaked: Requests that had the token in their address.
    """

    def __init__(self, *, now: Callable[[], datetime], garage: Garage | None = None, model: str = "Leaf") -> None:
        self.now = now
        self.garage = garage or garage_at(now())
        self.vehicle: SimulatedVehicle = next(v for v in self.garage.vehicles.values() if v.info.model == model)
        self.token = TOKEN
        self.asleep: bool | None = None
        self.per_minute: int | None = None
        self.changes: dict[str, Json] = {}
        self.requests: Counter[str] = Counter()
        self.orders: list[str] = []
        self.leaked = 0
        self._script: deque[Say] = deque()
        self._always: Say | None = None
        self._times: deque[datetime] = deque()
        self._moved_at = now()
        self.stopping = asyncio.Event()

    @override
    async def start(self) -> str:
        """Listen on any free port, or on the one of before; return the base URL."""
        app = web.Application()
        app.router.add_get("/feed.php", self._handle)
        self.url = f"{await self.listen(app, self.port)}/"
        return self.url

    def say(self, *answers: Say) -> None:
        """Answer the next requests like this."""
        self._script.extend(answers)

    def always(self, answer: Say | None) -> None:
        """Answer every request like this, until told otherwise."""
        self._always = answer

    @property
    def total(self) -> int:
        """All requests."""
        return sum(self.requests.values())

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        command = request.query.get("command", "")
        self.leaked += "token" in request.query
        if command not in READS:
            self.orders.append(command)
        self.requests[command] += 1
        answer = self._script.popleft() if self._script else self._always
        if answer is None:
            answer = self._answer(request, command)
        if answer.silence:
            await self.stopping.wait()
        if (answer.hang_up or answer.silence) and request.transport is not None:
            request.transport.abort()
        # JSON too is called HTML here (§1).
        return web.Response(
            status=answer.status, text=answer.text, content_type="text/html", charset="utf-8", headers=answer.headers
        )

    def _answer(self, request: web.Request, command: str) -> Say:
        now = self.now()
        while self._times and now - self._times[0] >= timedelta(minutes=1):
            self._times.popleft()
        if len(self._times) >= (self.per_minute or 3):
            self.requests["refused"] += 1
            return TOO_MANY
        self._times.append(now)
        if request.headers.get("Authorization") != f"Bearer {self.token}" and request.query.get("token") != self.token:
            return UNAUTHORIZED
        return Say.json({**self._point(command), **self._limit(), **self.changes})

    def _limit(self) -> dict[str, Json]:
        if self.per_minute is None:
            return {}
        left = self.per_minute - len(self._times)
        return {
            "data_source": "live",
            "rate_limit": {"limit": self.per_minute, "remaining": left, "reset_in_seconds": 60},
        }

    def _point(self, command: str) -> wire.Point:
        """Return the newest point, or the last rich one. The service looks at a vehicle that is awake every minute."""
        vehicle = self.vehicle
        self.garage.advance(self.now())
        number = int(vehicle.now.astimezone(UTC).timestamp() // 60)
        if vehicle.drive is not None or vehicle.powertrain.active:
            self._moved_at = vehicle.now
        asleep = vehicle.now - self._moved_at > AWAKE_FOR if self.asleep is None else self.asleep
        if not asleep:
            state = VehicleState.of(*snapshot(vehicle, Group).values())
            return wire.awake(number, vehicle.info, state, vehicle.now, driving=vehicle.drive is not None)
        known = vehicle.cloud.state
        if command == "":
            return wire.asleep(number, known, vehicle.now)
        at = known.last_report or vehicle.now
        return wire.awake(int(at.timestamp() // 60), vehicle.info, known, at, driving=False)
