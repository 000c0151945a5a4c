"""Commands to one module: each published once, after the reply to the one before, and followed to its end (§5.5)."""

from asyncio import Lock
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from ...vehicle import BackendError, Departure, Phase, Progress, Reason, Ticket
from ..base import MessageBus, MqttMessage
from .orders import TELL_ALL, Order
from .replies import Reply, Verdict, classify
from .topics import Topics

REPLY_LIMIT = timedelta(seconds=15)
"""A module replies within seconds; a command is 24 frames of 100 ms (§1.7)."""

_LOOK_EVERY = 0.5
"""Seconds between two looks whether the command before has been answered."""

_FOLLOWED = timedelta(minutes=5)
"""More than any command is followed for."""


@dataclass(slots=True)
class Exchange:
    """A command on its way. ``ended`` is how it went, once that is known.

    ``so_before``: what it is to bring about was so when it was sent, and has not been otherwise since; until
    ``contested_until`` an earlier command may change that yet.
    """

    number: str
    order: Order
    sent_at: datetime
    so_before: bool = False
    contested_until: datetime | None = None
    reply: Reply | None = None
    replied_at: datetime | None = None
    ended: Progress | None = None

    @property
    def effect_until(self) -> datetime:
        """Until when the vehicle may begin to obey."""
        return (self.replied_at or self.sent_at + REPLY_LIMIT) + self.order.patience

    def waits(self, now: datetime) -> bool:
        """Whether a reply may still come."""
        return self.reply is None and now - self.sent_at < REPLY_LIMIT


class Desk:
    """Sends orders as ``client`` and knows how they go; ``shown`` tells whether the effect of one is."""

    def __init__(
        self,
        bus: MessageBus,
        topics: Topics,
        client: str,
        *,
        shown: Callable[[Order], bool],
        now: Callable[[], datetime],
        sleep: Callable[[float], Awaitable[object]],
        new_number: Callable[[], str],
    ) -> None:
        """Prepare; nothing is sent yet."""
        self._bus = bus
        self._topics = topics
        self._client = client
        self._shown = shown
        self._now = now
        self._sleep = sleep
        self._new_number = new_number
        self._turn = Lock()
        self._open: dict[str, Exchange] = {}
        """The orders that somebody may still ask about, by their numbers."""
        self.sent = 0
        """How many commands have been published."""

    async def send(self, order: Order, departure: Departure) -> Ticket:
        """Publish an order when the one before has been answered.

        At quality of service 0: a module that is gone must not find the order when it comes back (§1.2). Being told
        that somebody listens, the module sends every few seconds what changes.
        """
        async with self._turn:
            while any(each.waits(self._now()) for each in self._open.values()):
                await self._sleep(_LOOK_EVERY)
            self._forget()
            await self._bus.publish(self._topics.active(self._client), "1")
            async with departure(wakes=order.wakes):
                exchange = Exchange(
                    self._new_number(),
                    order,
                    self._now(),
                    so_before=self._shown(order),
                    contested_until=max((each.effect_until for each in self._against(order)), default=None),
                )
                self._open[exchange.number] = exchange  # first: the reply may come before publishing returns
                try:
                    await self._publish(exchange.number, order.line)
                except BackendError:
                    del self._open[exchange.number]
                    raise
        return Ticket(exchange.number, exchange.sent_at)

    def _against(self, order: Order) -> Iterator[Exchange]:
        """Yield the earlier commands that have not ended and are to bring about something else than ``order``."""
        for each in self._open.values():
            if each.ended is None and each.order.metric == order.metric and each.order.value != order.value:
                yield each

    def _forget(self) -> None:
        """Drop what nobody asks about any more, because it has ended or was given up."""
        since = self._now() - _FOLLOWED
        self._open = {
            number: each for number, each in self._open.items() if each.ended is None and each.sent_at >= since
        }

    async def ask_for_all(self) -> None:
        """Have the module send all that it remembers; whether it does shows by itself."""
        await self._publish(self._new_number(), TELL_ALL)

    def hear(self, message: MqttMessage) -> None:
        """Take a reply: the first to each command; what is kept by the broker is somebody's mistake."""
        exchange = self._open.get(self._topics.reply(message.topic, self._client) or "")
        if exchange is None or message.retain or exchange.reply is not None:
            return
        exchange.reply, exchange.replied_at = classify(message.payload, exchange.order.reply), self._now()

    async def progress(self, number: str) -> Progress:
        """Return how an order goes. One from before a restart was not answered to us."""
        exchange = self._open.get(number)
        if exchange is None:
            return Progress(Phase.TIMED_OUT)
        if exchange.ended is None and (ended := self._judge(exchange)).phase is not Phase.PENDING:
            exchange.ended = ended
            if all(each.ended is not None for each in self._open.values()):
                with suppress(BackendError):  # otherwise the module notices after two minutes (§1.5)
                    await self._bus.publish(self._topics.active(self._client), "0")
        return exchange.ended or Progress(Phase.PENDING)

    def _judge(self, exchange: Exchange) -> Progress:
        if exchange.reply is None or exchange.replied_at is None:
            return Progress(Phase.PENDING if exchange.waits(self._now()) else Phase.TIMED_OUT)
        code, unclear = exchange.reply.code, exchange.reply.verdict is Verdict.UNCLEAR
        if exchange.reply.verdict is Verdict.REFUSED:  # before the firmware sends the vehicle anything (§1.7)
            return Progress(Phase.REJECTED, code, nothing_done=True)
        shown = self._shown(exchange.order)
        exchange.so_before = exchange.so_before and shown
        contested = exchange.contested_until is not None and self._now() < exchange.contested_until
        if shown and not (exchange.so_before and (unclear or contested)):
            return Progress(Phase.DONE)
        if self._now() - exchange.replied_at < exchange.order.patience:
            return Progress(Phase.PENDING)
        return Progress(Phase.TIMED_OUT, code, Reason.NOT_SEEN)

    async def _publish(self, number: str, line: str) -> None:
        self.sent += 1
        await self._bus.publish(self._topics.command(self._client, number), line)
