"""A simulator on loopback, a clock, and a plain client."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

from aiohttp import ClientSession, ClientTimeout, CookieJar
import pytest

from tests.backends.doubles import Clock
from tests.simulator import Simulator
from tests.simulator.micra import micra

from .client import Client

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


@pytest.fixture
def clock() -> Clock:
    return Clock(NOW)


@pytest.fixture
async def service(socket_enabled: None, clock: Clock) -> AsyncIterator[Simulator]:
    async with Simulator(now=clock) as service:
        service.add_vehicle(micra(NOW - timedelta(hours=2), UTC))
        yield service


@pytest.fixture
async def stranger(service: Simulator) -> AsyncIterator[Client]:
    """A client that has not logged in."""
    async with ClientSession(cookie_jar=CookieJar(unsafe=True), timeout=ClientTimeout(total=10)) as session:
        yield Client(session, service.url)


@pytest.fixture
async def client(stranger: Client, service: Simulator) -> Client:
    await stranger.log_in()
    service.reset_counters()
    return stranger
