"""A fake service on loopback, a clock, and a backend that talks to the one by the other."""

from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

from aiohttp import ClientSession, web
from aiohttp.test_utils import TestServer
import pytest

from custom_components.nissanconnect.backends.base import Context
from custom_components.nissanconnect.backends.http import HttpClient
from custom_components.nissanconnect.backends.kamereon import EUROPE, KamereonAuth, KamereonBackend
from custom_components.nissanconnect.backends.kamereon.client import Environment
from tests.backends.conftest import NOW
from tests.backends.doubles import Clock, Diary

from .fake import E_MAIL, PASSWORD, Fake

PATIENT = 30.0
"""Seconds."""

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
        yield EUROPE.environment.simulated(str(server.make_url("/")))
        fake.released.set()


@pytest.fixture
def http(session: ClientSession, clock: Clock) -> HttpClient:
    return HttpClient(session, now=clock, timeout=PATIENT)


@pytest.fixture
def make_backend(context: Context, environment: Environment, diary: Diary[KamereonAuth]) -> MakeBackend:
    def make(
        auth: KamereonAuth | None = LOGGED_IN, *, timeout: float = PATIENT, password: str = PASSWORD, **more: Any
    ) -> KamereonBackend:
        fields = {"username": E_MAIL, "password": password}
        region = EUROPE._replace(environment=environment)
        return KamereonBackend(keeping(context, auth, diary, **more), fields, region, timeout=timeout)

    return make


def keeping(context: Context, auth: KamereonAuth | None, diary: Diary[KamereonAuth], **more: Any) -> Context:
    """What a backend is given that was logged in before, and whose log-ins somebody notes."""
    saved = auth.to_json() if auth else None
    return replace(context, auth=saved, save_auth=lambda auth: diary(KamereonAuth.from_json(auth)), **more)


@pytest.fixture
def backend(make_backend: MakeBackend) -> KamereonBackend:
    return make_backend()
