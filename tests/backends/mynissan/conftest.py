"""A simulated service, a clock, and a backend that talks to the one by the other through the real library."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from aiohttp import ClientSession
import pytest

from custom_components.nissanconnect.backends.base import Json
from custom_components.nissanconnect.backends.mynissan import MyNissanBackend, NissanAuth
from custom_components.nissanconnect.backends.mynissan.client import ApiSession
from custom_components.nissanconnect.vehicle import Command, Phase, Progress, Ticket, VehicleInfo
from tests.backends.doubles import Clock, Diary
from tests.departures import departing
from tests.simulator.mynissan import EMAIL, PASSWORD, Detour, MyNissan

NO_LOG_IN = NissanAuth()


@pytest.fixture
async def service(clock: Clock, socket_enabled: None) -> AsyncIterator[MyNissan]:
    async with MyNissan(now=clock) as service:
        yield service


@pytest.fixture
def session(session: ClientSession, service: MyNissan) -> Detour:
    return Detour(session, service.url)


class MakeBackend(Protocol):
    """Makes a backend for the simulated service; by default one that logs in."""

    def __call__(
        self, *, auth: NissanAuth | None = ..., password: str | None = ..., memory: Json = ..., country: str = ...
    ) -> MyNissanBackend: ...


class MakeApiSession(Protocol):
    """Makes a connection to the simulated service."""

    def __call__(self, *, auth: NissanAuth = ..., password: str | None = ..., timeout: float = ...) -> ApiSession: ...


@pytest.fixture
def make_backend(session: Detour, clock: Clock, diary: Diary[NissanAuth]) -> MakeBackend:
    def make(
        *,
        auth: NissanAuth | None = None,
        password: str | None = PASSWORD,
        memory: Json = None,
        country: str = "US",
    ) -> MyNissanBackend:
        return MyNissanBackend(
            session,
            country=country,
            username=EMAIL,
            password=password,
            auth=auth,
            on_auth=diary,
            now=clock,
            memory=memory,
        )

    return make


@pytest.fixture
def make_api_session(session: Detour, clock: Clock, diary: Diary[NissanAuth]) -> MakeApiSession:
    def make(*, auth: NissanAuth = NO_LOG_IN, password: str | None = PASSWORD, timeout: float = 5) -> ApiSession:
        return ApiSession(
            session,
            country="US",
            username=EMAIL,
            password=password,
            auth=auth,
            on_auth=diary,
            now=clock,
            timeout=timeout,
        )

    return make


@pytest.fixture
def backend(make_backend: MakeBackend) -> MyNissanBackend:
    return make_backend()


async def vehicle(backend: MyNissanBackend, model: str) -> VehicleInfo:
    """The vehicle of a model, as the backend lists it."""
    return next(each.info for each in await backend.list_vehicles() if each.info.model == model)


@dataclass(slots=True)
class Sent:
    """The outcome of a command."""

    ticket: Ticket
    progress: Progress
    wakes: int


async def carry_out(backend: MyNissanBackend, info: VehicleInfo, command: Command, clock: Clock) -> Sent:
    """Send a command and poll it until it is over, or for the time that the backend says."""
    wakes: list[datetime] = []
    ticket = await backend.send(info, command, departing(lambda: wakes.append(clock())))
    limit = clock() + backend.description.command_limit
    progress = Progress(Phase.PENDING)
    while progress.phase is Phase.PENDING and clock() < limit:
        clock.advance(seconds=5)
        progress = await backend.poll(info, ticket)
    return Sent(ticket, progress, len(wakes))
