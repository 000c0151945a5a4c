"""A backend, its clock, and somebody who listens."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from operator import itemgetter

import pytest

from custom_components.nissanconnect.backends.base import Json
from custom_components.nissanconnect.backends.leafspy import LeafSpyBackend
from custom_components.nissanconnect.vehicle import Group, Push, VehicleInfo, VehicleState
from tests.backends.doubles import a_context
from tests.simulator.leafspy_app import VIN, LeafSpyApp, old_leaf

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


@dataclass
class World:
    """A clock that is moved by hand, and what was heard."""

    time: datetime = NOW
    heard: list[Push] = field(default_factory=list)
    pauses: list[tuple[datetime, asyncio.Event]] = field(default_factory=list)

    def now(self) -> datetime:
        return self.time

    def tick(self, **delta: float) -> None:
        """Move the clock; nobody who waits notices."""
        self.time += timedelta(**delta)

    async def let(self, **delta: float) -> None:
        """Let time pass, for everybody."""
        end = self.time + timedelta(**delta)
        while True:
            due = min(
                ((at, over) for at, over in self.pauses if at <= end and not over.is_set()),
                default=None,
                key=itemgetter(0),
            )
            if due is None:
                break
            self.time = max(self.time, due[0])
            due[1].set()
            await settle()
        self.time = end

    async def sleep(self, seconds: float) -> None:
        over = asyncio.Event()
        self.pauses.append((self.time + timedelta(seconds=seconds), over))
        await over.wait()

    def backend(self, memory: Json = None, **fields: str) -> LeafSpyBackend:
        return LeafSpyBackend(a_context(self.now, sleep=self.sleep, memory=memory), fields)

    @property
    def state(self) -> VehicleState:
        """What was told last."""
        return self.heard[-1].state


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
async def backend(world: World) -> AsyncIterator[LeafSpyBackend]:
    """A backend without a password, to which somebody listens."""
    backend = world.backend()
    listening = asyncio.create_task(backend.listen(world.heard.append))
    await settle()
    yield backend
    listening.cancel()


@pytest.fixture
def app() -> LeafSpyApp:
    return LeafSpyApp(vehicle=old_leaf(NOW, UTC))


async def settle() -> None:
    """Let whoever waits go on."""
    for _ in range(5):
        await asyncio.sleep(0)


async def told(backend: LeafSpyBackend, *groups: Group, key: str = VIN) -> VehicleState:
    return (await backend.read(VehicleInfo(key=key), groups or None)).state
