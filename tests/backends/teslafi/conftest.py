"""The stand-in for the service, a clock, and a backend that reads the one by the other."""

from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from custom_components.nissanconnect.backends.base import Context
from custom_components.nissanconnect.backends.teslafi import TeslaFiBackend
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
def make_backend(context: Context, teslafi: TeslaFi) -> MakeBackend:
    def make(*, token: str = TOKEN, timeout: float = 30.0, **more: Any) -> TeslaFiBackend:
        fields = {"url": teslafi.url, "api_token": token}
        return TeslaFiBackend(replace(context, **more), fields, timeout=timeout)

    return make


@pytest.fixture
def backend(make_backend: MakeBackend) -> TeslaFiBackend:
    return make_backend()
