"""A simulated server, a clock, and a backend that uses both."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace

import pytest

from custom_components.nissanconnect.backends.base import Context, Fields, Json
from custom_components.nissanconnect.backends.opencarwings import OpenCarwingsBackend
from custom_components.nissanconnect.backends.opencarwings.client import CarwingsAuth
from custom_components.nissanconnect.vehicle import (
    BackendError,
    Command,
    Notification,
    Phase,
    Progress,
    Push,
    Ticket,
    VehicleInfo,
)
from tests.backends.doubles import Clock, Diary
from tests.departures import departing
from tests.simulator.opencarwings import LEAF_24, LEAF_40, Car, OpenCarwings


@dataclass(slots=True)
class Owner:
    """Sends commands, counts wakes and follows commands to the end."""

    backend: OpenCarwingsBackend
    clock: Clock
    wakes: int = 0

    def woken(self) -> None:
        self.wakes += 1

    def withdrawn(self) -> None:
        self.wakes -= 1

    async def vehicle(self, index: int = 0) -> VehicleInfo:
        return (await self.backend.list_vehicles())[index].info

    async def send(self, command: Command, vehicle: VehicleInfo | None = None) -> Ticket:
        return await self.backend.send(vehicle or await self.vehicle(), command, departing(self.woken, self.withdrawn))

    async def follow(self, ticket: Ticket, vehicle: VehicleInfo | None = None, seconds: float = 2.5) -> Progress:
        """Poll every 2.5 s, as the runner does, for ten minutes at most; an error is no progress."""
        vehicle = vehicle or await self.vehicle()
        progress = Progress(Phase.PENDING)
        for _ in range(int(600 / seconds)):
            self.clock.advance(seconds=seconds)
            with suppress(BackendError):
                progress = await self.backend.poll(vehicle, ticket)
            if progress.phase is not Phase.PENDING:
                return progress
        return progress

    async def end(self, command: Command) -> Progress:
        return await self.follow(await self.send(command))


@dataclass(slots=True)
class PushRecorder:
    """What was pushed."""

    pushes: list[Push] = field(default_factory=list)
    came: asyncio.Event = field(default_factory=asyncio.Event)

    def __call__(self, push: Push) -> None:
        self.pushes.append(push)
        self.came.set()

    async def until(self, happened: Callable[[], bool]) -> None:
        """Wait for a push after which something is so."""
        async with asyncio.timeout(5):
            while not happened():
                self.came.clear()
                await self.came.wait()

    @property
    def last(self) -> Push:
        return self.pushes[-1]

    @property
    def notifications(self) -> list[Notification]:
        return [notification for push in self.pushes for notification in push.notifications]


type MakeBackend = Callable[..., OpenCarwingsBackend]
"""Makes a backend for the server; by default with the account's key."""


@pytest.fixture
async def server(clock: Clock, socket_enabled: None) -> AsyncIterator[OpenCarwings]:
    async with OpenCarwings(clock) as server:
        yield server


@pytest.fixture
def car(server: OpenCarwings) -> Car:
    """A LEAF of 24 kWh."""
    return server.add(LEAF_24)


@pytest.fixture
def ficosa(server: OpenCarwings) -> Car:
    """A LEAF of 40 kWh, whose VIN is spelt in lower case."""
    return server.add(LEAF_40, "ficosa2016", capacity=40, health=93)


@pytest.fixture
def make_backend(context: Context, server: OpenCarwings, diary: Diary[CarwingsAuth]) -> MakeBackend:
    def make(
        credentials: Fields | None = None,
        *,
        auth: CarwingsAuth | None = None,
        memory: Json = None,
        timeout: float = 30.0,
        heartbeat: float = 5.0,
    ) -> OpenCarwingsBackend:
        known = replace(
            context,
            auth=auth.to_json() if auth else None,
            save_auth=lambda saved: diary(CarwingsAuth.from_json(saved)),
            memory=memory,
        )
        entered = {"api_key": server.account.key} if credentials is None else credentials
        return OpenCarwingsBackend(known, {"url": server.url, **entered}, timeout=timeout, heartbeat=heartbeat)

    return make


@pytest.fixture
def backend(make_backend: MakeBackend) -> OpenCarwingsBackend:
    return make_backend()


@pytest.fixture
def owner(backend: OpenCarwingsBackend, clock: Clock) -> Owner:
    return Owner(backend, clock)


@asynccontextmanager
async def listening(backend: OpenCarwingsBackend) -> AsyncIterator[PushRecorder]:
    """Listen while the block runs; it begins when every vehicle has been pushed."""
    recorder = PushRecorder()
    task = asyncio.create_task(backend.listen(recorder))
    vehicles = await backend.list_vehicles()
    await recorder.until(lambda: len({push.info.key for push in recorder.pushes}) == len(vehicles))
    try:
        yield recorder
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
