"""A simulated service, a clock, and a backend that talks to the one by the other through the real library."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, cast

from aiohttp import ClientSession
import pytest

from custom_components.nissanconnect.backends.mynissan import ApiSession, MyNissanBackend, NissanAuth
from custom_components.nissanconnect.vehicle import Command, Phase, Progress, Ticket, VehicleInfo
from tests.backends.doubles import Clock, Diary
from tests.departures import departing
from tests.simulator.mynissan import EMAIL, PASSWORD, Detour, MyNissan


@pytest.fixture
async def service(clock: Clock, socket_enabled: None) -> AsyncIterator[MyNissan]:
    async with MyNissan(now=clock) as service:
        yield service


@pytest.fixture
def session(session: ClientSession, service: MyNissan) -> ClientSession:
    return cast("ClientSession", Detour(session, service.url))


type MakeApiSession = Callable[..., ApiSession]
"""Makes a connection to the simulated service; by default one that logs in."""
type MakeBackend = Callable[..., MyNissanBackend]
"""Makes a backend with such a connection."""


@pytest.fixture
def make_api_session(session: ClientSession, clock: Clock, diary: Diary[NissanAuth]) -> MakeApiSession:
    return partial(
        ApiSession,
        session,
        country="US",
        username=EMAIL,
        password=PASSWORD,
        auth=NissanAuth(),
        on_auth=diary,
        now=clock,
    )


@pytest.fixture
def make_backend(make_api_session: MakeApiSession, clock: Clock) -> MakeBackend:
    def make(**changes: Any) -> MyNissanBackend:
        memory = changes.pop("memory", None)
        return MyNissanBackend(make_api_session(**changes), now=clock, memory=memory)

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
