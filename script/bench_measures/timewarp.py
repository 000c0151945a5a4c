"""An event loop in which waiting takes no time: when nothing is left to do, its clock jumps to the next timer.

Real Home Assistant, the real client and the simulator live a week in it within a minute. Real work takes real time, but
none of the loop's own: while a request is on its way or a thread is busy, the clock stands still.
"""

import asyncio
from collections.abc import Callable, Coroutine
from concurrent.futures import Executor
from datetime import datetime, timedelta
import selectors
from typing import Any, override
from unittest.mock import patch

from aiohttp.web import Request
from freezegun import freeze_time
from freezegun.api import FrozenDateTimeFactory

from custom_components.nissanconnect.backends.http import HttpClient
from tests.simulator import Fault

_REAL_WAIT = 0.5
"""Seconds after which the loop looks again whether what it waits for is still under way."""


class _Selector(selectors.DefaultSelector):
    """Waits for what is real, and passes over what is only time."""

    warp: Warp

    @override
    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        events = super().select(0)
        if events or timeout == 0:
            return events
        if self.warp.busy or timeout is None:  # without a timer, only what is real can go on
            return super().select(_REAL_WAIT)
        self.warp.pass_over(timeout)
        return []


class Warp(asyncio.SelectorEventLoop):
    """The loop. ``busy`` counts what goes on in reality: requests under way and jobs in threads."""

    def __init__(self, clock: FrozenDateTimeFactory) -> None:
        """Begin at the time at which ``clock`` stands; it follows from then on."""
        selector = _Selector()
        selector.warp = self
        self.busy = 0
        self._clock = clock
        self._start = clock()
        self._passed = 0.0
        super().__init__(selector)
        self._clock_resolution = 1e-6  # as the clock's; after a year a float does not tell nanoseconds apart any more

    @override
    def time(self) -> float:
        return self._passed

    def pass_over(self, seconds: float) -> None:
        """Let time pass. The clock is never behind the loop: a timer must not find that it is early."""
        self._passed += seconds
        self._clock.move_to(self._start + timedelta(microseconds=int(self._passed * 1e6) + 1))

    @override
    def run_in_executor[*Ts, T](
        self, executor: Executor | None, func: Callable[[*Ts], T], *args: *Ts
    ) -> asyncio.Future[T]:
        future = super().run_in_executor(executor, func, *args)
        self._hold()
        future.add_done_callback(self._release)
        return future

    @override
    async def shutdown_default_executor(self, timeout: float | None = None) -> None:
        self._hold()
        try:
            await super().shutdown_default_executor(timeout)
        finally:
            self._release()

    def _hold(self) -> None:
        self.busy += 1

    def _release(self, _: object = None) -> None:
        self.busy -= 1

    async def held[T](self, work: Coroutine[Any, Any, T]) -> T:
        """Wait for real work; the clock stands still meanwhile."""
        self._hold()
        try:
            return await work
        finally:
            self._release()

    async def tarry(self, seconds: float) -> None:
        """Take time over a request, in the simulator: for so long the clock does not wait for it."""
        self._release()
        try:
            await asyncio.sleep(seconds)
        finally:
            self._hold()


async def held[T](work: Coroutine[Any, Any, T]) -> T:
    """Wait for real work, as a thread does it, with the clock standing still."""
    return await _loop().held(work)


def holding[**P, T](work: Callable[P, Coroutine[Any, Any, T]]) -> Callable[P, Coroutine[Any, Any, T]]:
    """Return a function that does the same with the clock standing still."""

    async def do(*args: P.args, **kwargs: P.kwargs) -> T:
        return await held(work(*args, **kwargs))

    return do


def slow(seconds: float) -> Fault:
    """Return a delay of every answer, for a simulator in this loop."""

    async def respond(_: Request) -> None:
        await _loop().tarry(seconds)

    return Fault(respond=respond)


def _warp(clock: object) -> Warp:
    assert isinstance(clock, FrozenDateTimeFactory)
    return Warp(clock)


def _loop() -> Warp:
    loop = asyncio.get_running_loop()
    assert isinstance(loop, Warp)
    return loop


def warped[T](start: datetime, main: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Run ``main`` from ``start`` on, in a loop in which waiting takes no time."""
    with (
        freeze_time(start) as clock,
        asyncio.Runner(loop_factory=lambda: _warp(clock)) as runner,
        patch.object(HttpClient, "request", holding(HttpClient.request)),
    ):
        return runner.run(main())
