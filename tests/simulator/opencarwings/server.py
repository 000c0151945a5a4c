"""The server on a port of this machine: REST, the socket, and what can be made to go wrong."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
import json
from random import Random
from typing import Any, override

from aiohttp import WSMsgType, web

from custom_components.nissanconnect.backends.base import Json

from ..loopback import Loopback
from .accounts import Account, Accounts
from .car import SENSITIVE, SUPPORTED, Car
from .dispatch import Dispatch
from .vehicles import leaf

type Respond = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(slots=True)
class Fault:
    """What an endpoint answers instead, ``times`` more times (``None``: until it is healed)."""

    name: str
    respond: Respond
    times: int | None = None


@dataclass(slots=True, eq=False)
class Line:
    """A socket of an account: what is to be sent, ``None`` at the end, and whether it is gone."""

    account: Account
    queue: asyncio.Queue[str | None] = field(default_factory=asyncio.Queue)
    gone: asyncio.Event = field(default_factory=asyncio.Event)


class OpenCarwings(Loopback):
    """One installation. ``now`` is its only clock; nothing happens to cars before :meth:`advance` or a request.

    Attributes:
        september: Whether it has the additions of September 2026.
        requests: Requests by endpoint; ``unknown`` are those to paths that do not exist.
        frames_heard: Frames that clients have sent over sockets, which they must not.
        pings: The contents of pings, which they may send.
    """

    def __init__(self, now: Callable[[], datetime], *, september: bool = False, seed: int = 0) -> None:
        self.now = now
        self.september = september
        self._rng = Random(f"opencarwings {seed}")
        self.accounts = Accounts(now, lambda: f"{self._rng.getrandbits(160):040x}")
        self.account = self.accounts.add("leafowner", "correct horse battery staple")
        self.cars: dict[str, Car] = {}
        self.dispatch = Dispatch(self._rng, self._tell)
        self.requests: Counter[str] = Counter()
        self.frames_heard = 0
        self.pings = asyncio.Queue[bytes]()
        self._faults: list[Fault] = []
        self._lines: list[Line] = []
        self.stopping = asyncio.Event()

    def add(self, vin: str, tcu_type: str = "continental2012", owner: Account | None = None, **model: float) -> Car:
        """Add a car; one that never ``connected`` has told nothing yet."""
        car = Car(
            vin=vin,
            owner=owner or self.account,
            vehicle=leaf(vin, self.now(), **model),
            tcu_type=tcu_type,
            nickname="Old LEAF",
            september=self.september,
            last_connection=self.now(),
        )
        self.cars[vin] = car
        return car

    def advance(self) -> None:
        """Let the cars catch up with the clock."""
        for car in self.cars.values():
            self.dispatch.advance(car, self.now())

    @override
    async def start(self, prefix: str = "") -> str:
        """Listen on any free port, or on the one of before, below ``prefix``; return the base URL."""
        app = web.Application()
        for name, method, path, handler in (
            ("obtain", "POST", "/api/token/obtain/", self._obtain),
            ("refresh", "POST", "/api/token/refresh/", self._refresh),
            ("list", "GET", "/api/car/", self._list),
            ("detail", "GET", "/api/car/{vin}/", self._detail),
            ("patch", "PATCH", "/api/car/{vin}/", self._patch),
            ("timers", "GET", "/api/car/{vin}/timers/", self._timers),
            ("timers", "POST", "/api/car/{vin}/timers/", self._add_timer),
            ("timer", "PATCH", "/api/car/{vin}/timers/{id}", self._timer),
            ("timer", "DELETE", "/api/car/{vin}/timers/{id}", self._timer),
            ("command", "POST", "/api/command/{vin}/", self._command),
            ("alerts", "GET", "/api/alerts/{vin}/", self._alerts),
            ("socket", "GET", "/ws/notif/", self._socket),
        ):
            app.router.add_route(method, prefix + path, self._served(name, handler))
        app.router.add_route("*", "/{rest:.*}", self._unknown)
        return await self.listen(app, self.port) + prefix

    @override
    async def stop(self) -> None:
        self.stopping.set()
        await self.drop_sockets()
        await super().stop()

    @property
    def sockets(self) -> int:
        """How many listen."""
        return len(self._lines)

    async def drop_sockets(self) -> None:
        """Lose every line."""
        lines = list(self._lines)
        for line in lines:
            line.queue.put_nowait(None)
        async with asyncio.timeout(5):
            for line in lines:
                await line.gone.wait()

    def say(self, text: str, account: Account | None = None) -> None:
        """Send any text to the sockets of an account."""
        for line in self._lines:
            if line.account is (account or self.account):
                line.queue.put_nowait(text)

    def _tell(self, car: Car, kind: str, data: dict[str, Any]) -> None:
        self.say(json.dumps({"type": kind, "data": data}), car.owner)

    def fail(self, name: str, status: int, body: Json = None, *, text: str = "", times: int | None = None) -> None:
        """Let an endpoint answer something else; without ``body`` and ``text`` it answers nothing."""
        kind = "text/html" if text.startswith("<") else "application/json"

        async def respond(_: web.Request) -> web.StreamResponse:
            return web.Response(status=status, text=text if body is None else json.dumps(body), content_type=kind)

        self._faults.insert(0, Fault(name, respond, times))

    def hang(self, name: str) -> None:
        """Let an endpoint never answer."""

        async def respond(request: web.Request) -> web.StreamResponse:
            await self.stopping.wait()
            return web.Response()

        self._faults.insert(0, Fault(name, respond))

    def heal(self, name: str | None = None) -> None:
        """Take back the faults of an endpoint, or all."""
        self._faults = [each for each in self._faults if name is not None and each.name != name]

    def _served(self, name: str, handler: Respond) -> Respond:
        async def handle(request: web.Request) -> web.StreamResponse:
            self.requests[name] += 1
            self.advance()
            for fault in self._faults:
                if fault.name in {name, "*"} and fault.times != 0:
                    if fault.times is not None:
                        fault.times -= 1
                    return await fault.respond(request)
            return await handler(request)

        return handle

    async def _unknown(self, request: web.Request) -> web.StreamResponse:
        self.requests["unknown"] += 1
        if request.method == "GET" and not request.path.endswith("/"):
            return web.Response(status=301, headers={"Location": f"{request.path}/"})
        return web.Response(status=404, text="<h1>Not Found</h1>", content_type="text/html")

    async def _obtain(self, request: web.Request) -> web.StreamResponse:
        return self.accounts.obtain(await request.json())

    async def _refresh(self, request: web.Request) -> web.StreamResponse:
        return self.accounts.renew(await request.json())

    async def _list(self, request: web.Request) -> web.StreamResponse:
        account = self.accounts.of(request)
        if not isinstance(account, Account):
            return account
        return web.json_response([car.entry() for car in self.cars.values() if car.owner is account])

    async def _detail(self, request: web.Request) -> web.StreamResponse:
        car = self._car(request, foreign=403)
        return web.json_response(car.detail()) if isinstance(car, Car) else car

    async def _alerts(self, request: web.Request) -> web.StreamResponse:
        car = self._car(request)
        return web.json_response(car.alerts[:25]) if isinstance(car, Car) else car

    async def _patch(self, request: web.Request) -> web.StreamResponse:
        car = self._car(request, foreign=403)
        if not isinstance(car, Car):
            return car
        place = (await request.json()).get("send_to_car_location")
        if place is not None:
            car.places = [*car.places, {"id": len(car.places) + 1, **place}][-6:]
            self.dispatch.frames(car, "send_to_car")
        return web.json_response(car.detail())

    async def _timers(self, request: web.Request) -> web.StreamResponse:
        car = self._car(request)
        return web.json_response(car.timers) if isinstance(car, Car) else car

    async def _add_timer(self, request: web.Request) -> web.StreamResponse:
        car, said = self._car(request), await request.json()
        if not isinstance(car, Car):
            return car
        if "time" not in said or len(car.timers) >= 6:
            told = {"status": False, "error": "time: This field is required."}
            return web.json_response(told if self.september else {"time": ["This field is required."]}, status=400)
        timer = {"id": max((each["id"] for each in car.timers), default=0) + 1, "date": None, **said}
        car.timers.append(timer)
        car.saved_at[timer["id"]] = self.now()
        return web.json_response(timer, status=201)

    async def _timer(self, request: web.Request) -> web.StreamResponse:
        car = self._car(request)
        if not isinstance(car, Car):
            return car
        timer = next((each for each in car.timers if str(each["id"]) == request.match_info["id"]), None)
        if timer is None:
            return web.json_response({"detail": "No CommandTimerSetting matches the given query."}, status=404)
        if request.method == "DELETE":
            car.timers.remove(timer)
            return web.Response(status=204)
        timer.update(await request.json())
        car.saved_at[timer["id"]] = self.now()
        return web.json_response(timer)

    async def _command(self, request: web.Request) -> web.StreamResponse:
        car, said = self._car(request), await request.json()
        if not isinstance(car, Car):
            return car
        code = said.get("command_type")
        if not isinstance(code, int) or not 1 <= code <= 15:
            return web.json_response({"error": "Invalid command type"}, status=400)
        if code not in SUPPORTED[car.tcu_type]:
            return web.json_response({"error": ""}, status=500)
        if "command_payload" in said and not car.is_ficosa:
            return web.json_response({"error": "Command does not support payload field"}, status=400)
        if self.september and code in SENSITIVE and car.owner.pin not in {None, said.get("command_pin")}:
            return web.json_response({"error": "Invalid PIN"}, status=403)
        self.dispatch.request(car, code, self.now())
        return web.json_response({"message": "Command requested successfully", "car": car.detail()})

    def _car(self, request: web.Request, foreign: int = 404) -> Car | web.Response:
        """Return the car that is asked for; the case of its VIN counts."""
        account = self.accounts.of(request)
        if not isinstance(account, Account):
            return account
        car = self.cars.get(request.match_info["vin"])
        if car is None:
            return web.json_response({"detail": "No Car matches the given query."}, status=404)
        if car.owner is not account:
            told = {"detail": "You do not have permission to perform this action."}
            return web.json_response(told, status=foreign)
        return car

    async def _socket(self, request: web.Request) -> web.StreamResponse:
        account = self.accounts.of(request)
        if not isinstance(account, Account):
            return web.Response(status=403)
        socket = web.WebSocketResponse(autoping=False)
        await socket.prepare(request)
        await socket.send_json({"type": "listen", "data": True})
        line = Line(account)
        self._lines.append(line)
        writer = asyncio.create_task(_write(socket, line.queue))
        try:
            async for message in socket:
                if message.type in {WSMsgType.TEXT, WSMsgType.BINARY}:
                    self.frames_heard += 1
                    await socket.close(code=1011)
                elif message.type is WSMsgType.PING:
                    self.pings.put_nowait(message.data)
                    await socket.pong(message.data)
        finally:
            writer.cancel()
            self._lines.remove(line)
            line.gone.set()
        return socket


async def _write(socket: web.WebSocketResponse, queue: asyncio.Queue[str | None]) -> None:
    while (text := await queue.get()) is not None:
        await socket.send_str(text)
    await socket.close(code=1012)
