"""A module in a LEAF, a broker in memory, a clock in the test's hand, and a backend between them."""

import asyncio
from asyncio import Future, Task
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from heapq import heappop, heappush
from itertools import count

import pytest

from custom_components.nissanconnect.backends.base import Json
from custom_components.nissanconnect.backends.ovms import OvmsBackend
from custom_components.nissanconnect.engine.merge import accumulate
from custom_components.nissanconnect.vehicle import (
    Command,
    ListedVehicle,
    Phase,
    Progress,
    Push,
    VehicleInfo,
    VehicleState,
)
from tests.backends.conftest import NOW
from tests.backends.doubles import a_context
from tests.departures import nobody
from tests.simulator.cars.electric import Electric
from tests.simulator.cars.vehicle import SimulatedVehicle
from tests.simulator.ovms import MemoryBroker, MemoryBus, MemoryLink, OvmsModule
from tests.simulator_tests.cars import build

VIN = "SJNFAAZE1U0456789"
PREFIX = "ovms/owner/LEAF40/"
CLIENT = "ours"


class Clock:
    """A clock that only the test moves; whoever sleeps is woken in turn."""

    def __init__(self) -> None:
        self.time = NOW
        self._order = count()
        self._sleepers: list[tuple[datetime, int, Future[None]]] = []

    def __call__(self) -> datetime:
        return self.time

    async def sleep(self, seconds: float) -> None:
        waiting = asyncio.get_running_loop().create_future()
        heappush(self._sleepers, (self.time + timedelta(seconds=seconds), next(self._order), waiting))
        await waiting

    async def advance(self, **duration: float) -> None:
        """Let time pass, and everybody who wakes in it do what they have to."""
        end = self.time + timedelta(**duration)
        await _everybody()
        while self._sleepers and self._sleepers[0][0] <= end:
            await self._wake_next()
        self.time = end
        await _everybody()

    async def until[T](self, done: Coroutine[object, object, T]) -> T:
        """Let as much time pass as something takes."""
        task = asyncio.ensure_future(done)
        await _everybody()
        while not task.done():
            await self._wake_next()
        return await task

    async def _wake_next(self) -> None:
        at, _, waiting = heappop(self._sleepers)
        if not waiting.done():
            self.time = max(self.time, at)
            waiting.set_result(None)
            await _everybody()


async def _everybody() -> None:
    for _ in range(30):
        await asyncio.sleep(0)


@dataclass(slots=True)
class Shell:
    """What a listener makes of the pushes, as a coordinator would."""

    pushes: list[Push] = field(default_factory=list)

    def hear(self, push: Push) -> None:
        self.pushes.append(push)

    @property
    def state(self) -> VehicleState:
        state = VehicleState()
        for push in self.pushes:
            state = accumulate(state, push.state)
        return state

    @property
    def info(self) -> VehicleInfo:
        return self.pushes[-1].info


@dataclass(slots=True)
class World:
    """All of it."""

    clock: Clock
    broker: MemoryBroker
    bus: MemoryBus
    vehicle: SimulatedVehicle
    module: OvmsModule
    backend: OvmsBackend = field(init=False)

    @property
    def electric(self) -> Electric:
        """What drives the vehicle."""
        return build.powertrain(self.vehicle)

    def another(self, *, memory: Json = None, pin: str | None = None, prefix: str = PREFIX) -> OvmsBackend:
        """A backend as it is after a restart, or with other settings."""
        numbers = count(1)
        context = a_context(self.clock, sleep=self.clock.sleep, message_bus=self.bus, memory=memory)
        fields = {"prefix": prefix} | ({} if pin is None else {"pin": pin})
        return OvmsBackend(context, fields, client=CLIENT, new_id=lambda: f"n{next(numbers)}")

    @asynccontextmanager
    async def listening(self, backend: OvmsBackend | None = None) -> AsyncIterator[Shell]:
        """Listen, and have heard what there is at first."""
        shell = Shell()
        task = asyncio.ensure_future((backend or self.backend).listen(shell.hear))
        try:
            await self.clock.advance(seconds=3)
            yield shell
        finally:
            await _end(task)

    async def tick(self, **duration: float) -> None:
        """Let time pass, and the module say what has changed by then."""
        await self.clock.advance(**duration)
        self.module.tick()
        await self.clock.advance(seconds=1)

    async def info(self, backend: OvmsBackend | None = None) -> VehicleInfo:
        return (await self.listed(backend)).info

    async def listed(self, backend: OvmsBackend | None = None) -> ListedVehicle:
        (listed,) = await self.clock.until((backend or self.backend).list_vehicles())
        return listed

    async def command(self, command: Command, backend: OvmsBackend | None = None) -> Progress:
        """Send a command and ask until it is over; the module speaks every ten seconds."""
        backend = backend or self.backend
        info = await self.info(backend)
        ticket = await self.clock.until(backend.send(info, command, nobody))
        for _ in range(30):
            progress = await backend.poll(info, ticket)
            if progress.phase is not Phase.PENDING:
                return progress
            await self.tick(seconds=5)
        raise AssertionError("it never ends")


@pytest.fixture
def world() -> World:
    """All of it, as the tests begin."""
    return build_world()


def build_world() -> World:
    """A LEAF at home at 60 %, locked, not plugged in, whose module is connected."""
    clock, broker = Clock(), MemoryBroker()
    vehicle = build.leaf(VIN, NOW)
    module = OvmsModule(vehicle, MemoryLink(broker), prefix=PREFIX, now=clock)
    module.connect()
    world = World(clock, broker, MemoryBus(broker), vehicle, module)
    world.backend = world.another()
    return world


async def _end(task: Task[None]) -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
