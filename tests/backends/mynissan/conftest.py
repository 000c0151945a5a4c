"""A simulated service, a clock, and a backend that talks to the one by the other through the real library."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, cast

from aiohttp import ClientSession
import pytest

from custom_components.nissanconnect.backends.base import Context, Json
from custom_components.nissanconnect.backends.mynissan import MyNissanBackend
from custom_components.nissanconnect.backends.mynissan.client import ApiSession
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

FIELDS = {"country": "us", "username": EMAIL}


@pytest.fixture
def make_api_session(context: Context, diary: Diary[dict[str, Json]]) -> MakeApiSession:
    def make(*, password: str | None = PASSWORD, **more: Any) -> ApiSession:
        fields = FIELDS if password is None else {**FIELDS, "password": password}
        return ApiSession(replace(context, save_auth=diary, **more), fields)

    return make


@pytest.fixture
def make_backend(context: Context) -> MakeBackend:
    def make(*, memory: Json = None, **fields: str) -> MyNissanBackend:
        return MyNissanBackend(replace(context, memory=memory), {**FIELDS, "password": PASSWORD, **fields})

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
