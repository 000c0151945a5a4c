"""Listening to one module: subscribed while anybody needs it, and not longer."""

from asyncio import Lock, gather
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from ..base import MessageBus, MessageListener


class Ear:
    """Subscriptions to ``topics``; ``opened`` is called before the first message after a time of not listening."""

    def __init__(
        self, bus: MessageBus, topics: tuple[str, ...], hear: MessageListener, *, opened: Callable[[], None]
    ) -> None:
        """Prepare; nothing is subscribed yet."""
        self._bus = bus
        self._topics = topics
        self._hear = hear
        self._opened = opened
        self._users = 0
        self._changing = Lock()
        self._ends: list[Callable[[], None]] = []

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """Listen for as long as the context lasts; raises :class:`~...vehicle.NoBroker`."""
        async with self._changing:
            if not self._users:
                self._opened()
                try:
                    await self._subscribe_all()
                except BaseException:
                    self._close()
                    raise
            self._users += 1
        try:
            yield
        finally:
            self._users -= 1
            if not self._users:
                self._close()

    async def _subscribe_all(self) -> None:
        """Subscribe at once; what goes wrong is told when all have ended, so that none is left behind."""
        ended = await gather(*(self._subscribe(topic) for topic in self._topics), return_exceptions=True)
        for error in ended:
            if error is not None:
                raise error

    async def _subscribe(self, topic: str) -> None:
        self._ends.append(await self._bus.subscribe(topic, self._hear))

    def _close(self) -> None:
        for end in self._ends:
            end()
        self._ends.clear()
