"""What every simulated service has in common: a port of this machine."""

import asyncio
from types import TracebackType
from typing import Self

from aiohttp import web
from yarl import URL


class Loopback:
    """A service that listens on 127.0.0.1: while a block runs, or from :meth:`start` to :meth:`stop`.

    Attributes:
        url: The base URL, without a slash at its end; empty before the first start.
        stopping: Set when requests that hang must end. No time-out would do it: a test's clock may stand still.
    """

    url = ""
    stopping: asyncio.Event
    _runner: web.AppRunner | None = None

    async def start(self) -> str:
        """Begin to listen; return the base URL."""
        raise NotImplementedError

    async def listen(self, app: web.Application, port: int = 0) -> str:
        """Serve an application on a port, or on any free one; return the base URL."""
        self.stopping.clear()
        self._runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=0.05)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", port).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self.url

    @property
    def port(self) -> int:
        """Where it listens, or listened last; 0 before the first start."""
        return URL(self.url).port or 0

    async def stop(self) -> None:
        """Stop listening; requests that hang are cut off."""
        self.stopping.set()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()
