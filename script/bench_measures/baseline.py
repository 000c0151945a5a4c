"""The policy of the best-known open integration, with our client: so only the policies differ.

It reads everything every ten minutes, wakes the vehicle every fifteen minutes while it is plugged in, and ten times
after a climate command; each wake is followed by a read at once, before the vehicle can have answered. Its newer
versions wake by themselves no more unless the owner asks for it.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

from aiohttp import ClientSession, CookieJar
from homeassistant.util import dt as dt_util

from custom_components.nissanconnect.backends.kamereon import KamereonBackend, simulated
from custom_components.nissanconnect.engine.accumulate import accumulate
from custom_components.nissanconnect.vehicle import (
    BackendError,
    Group,
    Refresh,
    StartClimate,
    VehicleInfo,
    VehicleState,
)
from tests.simulator import EMAIL, PASSWORD

from .ages import Shown

EVERYTHING = frozenset(
    {
        Group.BATTERY,
        Group.BODY,
        Group.CHARGING,
        Group.CLIMATE,
        Group.FUEL,
        Group.ODOMETER,
        Group.POSITION,
        Group.TYRES,
    }
)
"""What the six endpoints tell; as with ours, those that the vehicle has refused are left alone."""

READ_EVERY, WAKE_EVERY, WAKE_AGAIN = 600.0, 900.0, 5.0
"""Seconds."""
WAKES_AFTER_COMMAND = 10


class Baseline:
    """One vehicle under that policy."""

    def __init__(self, backend: KamereonBackend, info: VehicleInfo) -> None:
        """Know nothing yet."""
        self._state = VehicleState()
        self._backend = backend
        self._info = info

    async def read(self) -> None:
        """Read all six."""
        with suppress(BackendError):
            self._state = accumulate(self._state, (await self._backend.read(self._info, EVERYTHING)).state)

    def shown(self) -> Shown:
        """Return what somebody would see."""
        battery, charging = self._state.battery, self._state.charging
        return Shown(
            level=None if battery is None or battery.level is None else round(battery.level),
            charging=None if charging is None else charging.active,
        )

    async def start_climate(self) -> None:
        """Command, then wake until the vehicle must have noticed."""
        await self._backend.send(self._info, StartClimate(21.0), _uncounted)
        for _ in range(WAKES_AFTER_COMMAND):
            await self._wake()
            await asyncio.sleep(WAKE_AGAIN)

    async def _wake(self) -> None:
        with suppress(BackendError):
            await self._backend.send(self._info, Refresh(Group.BATTERY), _uncounted)
        await self.read()

    async def _wake_at_the_plug(self) -> None:
        if self._state.charging and self._state.charging.plugged_in:
            await self._wake()

    async def run(self) -> None:
        """Live by the policy, without end."""
        async with asyncio.TaskGroup() as loops:
            loops.create_task(_every(READ_EVERY, self.read))
            loops.create_task(_every(WAKE_EVERY, self._wake_at_the_plug))


def _uncounted() -> None:
    """It keeps no book of its wakes."""


async def _every(seconds: float, do: Callable[[], Awaitable[None]]) -> None:
    while True:
        await do()
        await asyncio.sleep(seconds)


@asynccontextmanager
async def baseline(url: str) -> AsyncGenerator[Baseline]:
    """Look after the first vehicle of the simulator's account."""
    async with ClientSession(cookie_jar=CookieJar(unsafe=True)) as session:
        backend = KamereonBackend(
            session,
            username=EMAIL,
            password=PASSWORD,
            on_auth=lambda _: None,
            now=dt_util.utcnow,
            environment=simulated(url),
        )
        vehicle = Baseline(backend, (await backend.list_vehicles())[0].info)
        running = asyncio.create_task(vehicle.run())
        try:
            yield vehicle
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
