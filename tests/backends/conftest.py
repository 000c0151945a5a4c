"""What the tests of several backends begin with: an evening, a clock, a diary, a session and a context."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

from aiohttp import ClientSession, CookieJar
import pytest

from custom_components.nissanconnect.backends.base import Context

from .doubles import Clock, Diary, a_context

NOW = datetime(2026, 11, 20, 18, 30, tzinfo=UTC)


@pytest.fixture
def clock() -> Clock:
    return Clock(NOW)


@pytest.fixture
def diary() -> Diary[Any]:
    return Diary()


@pytest.fixture
async def session(socket_enabled: None) -> AsyncIterator[ClientSession]:
    async with ClientSession(cookie_jar=CookieJar(unsafe=True)) as session:  # simulators have bare addresses
        yield session


@pytest.fixture
def context(session: ClientSession, clock: Clock) -> Context:
    """What a backend is given that has never logged in; tests replace what matters to them."""
    return a_context(clock, session=session)
