"""The policy of the best-known open integration, with our client: so only the policies differ.

It reads everything every ten minutes, and the trips of the day and of the month every hour; it logs in anew for each
access token. It wakes the vehicle at intervals, with two actions each time, one for the battery and one for the
position, and reads at once, before the vehicle can have answered: every minute while the climate runs; otherwise, as
it was set up until October 2025, every hour, and every quarter of an hour at the plug until it was seen five times
there without charging. Installations since then do neither, but keep the wakes for the climate. After a climate
command it wakes the vehicle up to ten times, until it sees what it waits for.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext, suppress
from dataclasses import dataclass
from datetime import timedelta

from aiohttp import ClientSession, CookieJar
from homeassistant.util import dt as dt_util

from custom_components.nissanconnect.backends.base import Context
from custom_components.nissanconnect.backends.kamereon import EUROPE, KamereonBackend
from custom_components.nissanconnect.engine.merge import accumulate
from custom_components.nissanconnect.vehicle import (
    BackendError,
    Group,
    Refresh,
    StartClimate,
    TripPeriod,
    VehicleInfo,
    VehicleState,
)
from tests.simulator import EMAIL, PASSWORD

from .ages import Shown

EVERYTHING = frozenset(
    {
        Group.BATTERY,
        Group.CHARGING,
        Group.CLIMATE,
        Group.FUEL,
        Group.ODOMETER,
        Group.POSITION,
    }
)
"""What the four endpoints tell that a LEAF does not refuse."""

READ_EVERY, TRIPS_EVERY, WAKE_AGAIN, WAKE_FOR_CLIMATE, TOKEN_LASTS = 600.0, 3600.0, 10.0, 60.0, 1800.0
"""Seconds."""
WAKES_AFTER_COMMAND = 10
LOOKS_AT_THE_PLUG = 5


@dataclass(frozen=True, slots=True)
class Waking:
    """Seconds between two wakes, in general and at the plug; ``None``: never."""

    parked: float | None
    plugged_in: float | None


UNTIL_2025 = Waking(3600.0, 900.0)
SINCE_2025 = Waking(None, None)


class Baseline:
    """One vehicle under that policy."""

    def __init__(self, connect: Callable[[], KamereonBackend], info: VehicleInfo, waking: Waking) -> None:
        """Know nothing yet; ``connect`` returns a client that has not logged in."""
        self._connect = connect
        self._backend = connect()
        self._info = info
        self._waking = waking
        self._state = VehicleState()
        self._idle_at_the_plug = 0
        self._wake_every: float | None = None
        self._replanned = asyncio.Event()

    async def read(self) -> None:
        """Read all four."""
        with suppress(BackendError):
            self._state = accumulate(self._state, (await self._backend.read(self._info, EVERYTHING)).state)
        self._plan()

    def shown(self) -> Shown:
        """Return what somebody would see."""
        battery, charging = self._state.battery, self._state.charging
        return Shown(
            level=None if battery is None or battery.level is None else round(battery.level),
            charging=None if charging is None else charging.active,
        )

    async def start_climate(self) -> None:
        """Command, then wake until it is seen that the vehicle has obeyed."""
        await self._backend.send(self._info, StartClimate(21.0), _uncounted)
        for _ in range(WAKES_AFTER_COMMAND):
            await self._wake()
            if self._climate_runs:
                break
            await asyncio.sleep(WAKE_AGAIN)

    @property
    def _climate_runs(self) -> bool:
        return self._state.climate is not None and self._state.climate.running is True

    def _plan(self) -> None:
        """Decide after each read how often to wake from now on."""
        charging = self._state.charging
        wake_every = self._waking.parked
        if charging is not None and charging.plugged_in:
            self._idle_at_the_plug = 0 if charging.active else self._idle_at_the_plug + 1
            if self._idle_at_the_plug < LOOKS_AT_THE_PLUG:
                wake_every = self._waking.plugged_in
        if self._climate_runs:
            wake_every = WAKE_FOR_CLIMATE
        if wake_every != self._wake_every:
            self._wake_every = wake_every
            self._replanned.set()

    async def _wake(self) -> None:
        for group in (Group.POSITION, Group.BATTERY):
            with suppress(BackendError):
                await self._backend.send(self._info, Refresh(group), _uncounted)
        await self.read()

    async def _wake_now_and_then(self) -> None:
        while True:
            self._replanned.clear()
            try:
                async with asyncio.timeout(self._wake_every):
                    await self._replanned.wait()
            except TimeoutError:
                await self._wake()

    async def _read_trips(self) -> None:
        today = dt_util.now().date()
        for period, start in ((TripPeriod.DAY, today), (TripPeriod.MONTH, today.replace(day=1))):
            with suppress(BackendError):
                await self._backend.read_trips(self._info, period, start, today)

    async def _log_in_anew(self) -> None:
        self._backend = self._connect()

    async def run(self) -> None:
        """Live by the policy, without end."""
        async with asyncio.TaskGroup() as loops:
            loops.create_task(_every(READ_EVERY, self.read))
            loops.create_task(_every(TRIPS_EVERY, self._read_trips))
            loops.create_task(_every(TOKEN_LASTS, self._log_in_anew))
            loops.create_task(self._wake_now_and_then())


def _uncounted(*, wakes: bool = True, answer_within: timedelta = timedelta()) -> AbstractAsyncContextManager[None]:
    """It keeps no book of its wakes."""
    return nullcontext()


async def _every(seconds: float, do: Callable[[], Awaitable[None]]) -> None:
    while True:
        await do()
        await asyncio.sleep(seconds)


@asynccontextmanager
async def baseline(url: str, waking: Waking = SINCE_2025) -> AsyncGenerator[Baseline]:
    """Look after the first vehicle of the simulator's account."""
    async with ClientSession(cookie_jar=CookieJar(unsafe=True)) as session:

        def connect() -> KamereonBackend:
            context = Context(
                session=session,
                now=dt_util.utcnow,
                sleep=asyncio.sleep,
                zone=dt_util.UTC,
                auth=None,
                save_auth=lambda _: None,
                memory=None,
                simulator=url,
            )
            return KamereonBackend(context, {"username": EMAIL, "password": PASSWORD}, EUROPE)

        vehicle = Baseline(connect, (await connect().list_vehicles())[0].info, waking)
        running = asyncio.create_task(vehicle.run())
        try:
            yield vehicle
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
