"""Waiting for conditions, always with a deadline."""

import asyncio
from collections.abc import Awaitable, Callable

from .console import DemoError

_PAUSE = 0.1


async def until[T](probe: Callable[[], Awaitable[T | None]], what: str, *, seconds: float, pause: float = _PAUSE) -> T:
    """Return the first result of ``probe`` that is not ``None``; ``what`` names for the error what was awaited."""
    try:
        async with asyncio.timeout(seconds):
            while (found := await probe()) is None:  # noqa: ASYNC110 - another process cannot set an event of ours
                await asyncio.sleep(pause)
            return found
    except TimeoutError:
        raise DemoError(f"Waited {seconds:.0f} s in vain for {what}") from None
