"""The simulator in a process of its own, so that what it costs is not taken for what we cost."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import Any

from tests.simulator import Fault

from .commuters import fleet


class Remote:
    """A simulator with an account of some vehicles."""

    def __init__(self, url: str, pipe: Connection) -> None:
        """Talk to the process at the other end of the pipe."""
        self.url = url
        self._pipe = pipe

    def counted(self) -> tuple[int, int]:
        """Return how many requests there were since the last call, and the most connections that were open at once."""
        self._pipe.send("count")
        requests, connections = self._pipe.recv()
        return requests, connections


@asynccontextmanager
async def remote(vehicles: int, *, round_trip: float = 0.0) -> AsyncGenerator[Remote]:
    """Run a simulator whose every answer takes ``round_trip`` seconds; its vehicles take one over a command."""
    ours, theirs = get_context("spawn").Pipe()
    process = get_context("spawn").Process(target=_serve, args=(theirs, vehicles, round_trip))
    process.start()
    theirs.close()  # so that its end is heard here
    try:
        yield Remote(await asyncio.to_thread(ours.recv), ours)
    finally:
        ours.close()
        await asyncio.to_thread(process.join, 5)
        process.kill()


def _serve(pipe: Connection, vehicles: int, round_trip: float) -> None:
    asyncio.run(_answer(pipe, vehicles, round_trip))


async def _answer(pipe: Connection, vehicles: int, round_trip: float) -> None:
    service = fleet(_whole_seconds, vehicles)
    for car in service.cars.values():
        car.vehicle.telematics.wake_delay = (1, 1)
    if round_trip:
        service.fail("*", Fault.delay(round_trip))
    pipe.send(await service.start())
    done, loop = asyncio.Event(), asyncio.get_running_loop()

    def hear() -> None:
        try:
            pipe.recv()
        except EOFError:
            done.set()
            loop.remove_reader(pipe.fileno())
            return
        answer: tuple[Any, ...] = service.total, service.most_connections
        pipe.send(answer)
        service.reset_counters()

    loop.add_reader(pipe.fileno(), hear)
    await done.wait()
    await service.stop()


def _whole_seconds() -> datetime:
    """Return the time; vehicles that stand still for a second cost nothing between two requests."""
    return datetime.now(UTC).replace(microsecond=0)
