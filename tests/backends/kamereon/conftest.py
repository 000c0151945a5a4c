"""A fake service on loopback, a clock, and a backend that talks to the one by the other."""

from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from functools import partial

from aiohttp import ClientSession, web
from aiohttp.test_utils import TestServer
import pytest

from custom_components.nissanconnect.backends.http import HttpClient
from custom_components.nissanconnect.backends.kamereon import EUROPE, KamereonAuth, KamereonBackend, Timeouts
from custom_components.nissanconnect.backends.kamereon.client import Environment
from tests.backends.conftest import NOW
from tests.backends.doubles import Clock, Diary

from .fake import E_MAIL, PASSWORD, Fake

QUICK = Timeouts(connect=5, data=5, login=5)


type MakeBackend = Callable[..., KamereonBackend]
"""Makes a backend for the fake service; by default one that is logged in."""

LOGGED_IN = KamereonAuth(
    access_token="access-0",
    refresh_token="refresh-0",
    expires_at=NOW + timedelta(minutes=30),
    user_id="user-1",
)


@pytest.fixture
async def fake() -> Fake:
    return Fake()


@pytest.fixture
async def environment(fake: Fake, socket_enabled: None) -> AsyncIterator[Environment]:
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", fake.handle)
    async with TestServer(app) as server:
        yield EUROPE.simulated(str(server.make_url("/"))).environment
        fake.released.set()


@pytest.fixture
def http(session: ClientSession, clock: Clock) -> HttpClient:
    return HttpClient(session, now=clock, timeout=QUICK.data)


@pytest.fixture
def make_backend(
    session: ClientSession, environment: Environment, clock: Clock, diary: Diary[KamereonAuth]
) -> MakeBackend:
    return partial(
        KamereonBackend,
        session,
        username=E_MAIL,
        password=PASSWORD,
        auth=LOGGED_IN,
        on_auth=diary,
        now=clock,
        region=EUROPE._replace(environment=environment),
        timeouts=QUICK,
    )


@pytest.fixture
def backend(make_backend: MakeBackend) -> KamereonBackend:
    return make_backend()
