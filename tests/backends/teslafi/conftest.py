"""The stand-in for the service, a clock, and a backend that reads the one by the other."""

from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from functools import partial

from aiohttp import ClientSession
import pytest

from custom_components.nissanconnect.backends.teslafi import TeslaFiBackend, service_url
from tests.backends.doubles import Clock
from tests.simulator.teslafi import TOKEN, TeslaFi

NOW = datetime(2026, 11, 20, 18, 45, tzinfo=UTC)
"""A Friday evening: the LEAF has come home and been plugged in, and waits for its timer."""


type MakeBackend = Callable[..., TeslaFiBackend]
"""Makes a backend that reads the stand-in."""


@pytest.fixture
def clock() -> Clock:
    return Clock(NOW)


@pytest.fixture
async def teslafi(clock: Clock, socket_enabled: None) -> AsyncIterator[TeslaFi]:
    async with TeslaFi(now=clock) as service:
        service.asleep = False
        yield service


@pytest.fixture
def make_backend(session: ClientSession, teslafi: TeslaFi, clock: Clock) -> MakeBackend:
    return partial(TeslaFiBackend, session, base=service_url(teslafi.url), token=TOKEN, now=clock, timeout=5.0)


@pytest.fixture
def backend(make_backend: MakeBackend) -> TeslaFiBackend:
    return make_backend()
