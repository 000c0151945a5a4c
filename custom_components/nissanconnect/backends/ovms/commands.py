"""Commands to one module: each published once, after the reply to the one before, and followed to its end (§5.5)."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from ...vehicle import (
    BackendError,
    Command,
    Departure,
    Lock,
    NotSupported,
    Phase,
    Progress,
    Reason,
    Refresh,
    SetChargeLimit,
    StartCharging,
    StartClimate,
    StopCharging,
    StopClimate,
    Ticket,
    Unlock,
)
from ..base import MessageBus, MqttMessage
from .metrics import LIMIT, LOCKED, Value, decode
from .mqtt import Topics

_AT_ONCE = timedelta(seconds=30)
"""What raises an event is sent at once (§1.4)."""
_IN_TURN = timedelta(seconds=75)
"""Everything else waits for its turn, which on older firmware comes every minute."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A command line, the reply to it that means success, and the metric that shows its effect within ``patience``.

    A reply tells no more than that the vehicle was told (§0).
    """

    line: str
    reply: str
    metric: str
    value: Value
    patience: timedelta
    wakes: bool = True


_LINES: dict[Command, Order] = {
    StartClimate(): Order(
        line="climatecontrol on", reply="Climate Control on", metric="v.e.hvac", value=True, patience=_IN_TURN
    ),
    StopClimate(): Order(
        line="climatecontrol off", reply="Climate Control off", metric="v.e.hvac", value=False, patience=_IN_TURN
    ),
    StartCharging(): Order(
        line="charge start", reply="Charge has been started", metric="v.c.charging", value=True, patience=_IN_TURN
    ),
    StopCharging(): Order(
        line="charge stop", reply="Charge has been stopped", metric="v.c.charging", value=False, patience=_IN_TURN
    ),
    Lock(): Order(line="lock 0", reply="Vehicle locked", metric=LOCKED, value=True, patience=_AT_ONCE),
    Unlock(): Order(line="unlock 0", reply="Vehicle unlocked", metric=LOCKED, value=False, patience=_AT_ONCE),
    Refresh(): Order(line="wakeup", reply="Vehicle has been woken", metric="v.e.awake", value=True, patience=_AT_ONCE),
}

TELL_ALL = "server v3 update all"
"""Has the module send all that it remembers; wakes nobody (§1.5)."""


def order_for(command: Command) -> Order:
    """Return how a command is given; raises :class:`NotSupported` for whatever a LEAF's module cannot do."""
    match command:
        case SetChargeLimit(limit=limit):
            return _limit(limit)
        case Lock():
            return _LINES[Lock()]
        case Unlock():
            return _LINES[Unlock()]
        case Refresh():
            return _LINES[Refresh()]  # all at once, whatever the group
    try:
        return _LINES[command]
    except KeyError:
        raise NotSupported(f"ovms: {command.kind()} is not offered in this form") from None


def _limit(limit: float) -> Order:
    """Return the order for a charge limit in whole percent.

    Below 100 it has a second meaning: the module then starts a charge by itself, too, when the level has fallen
    (§1.8). All there is to 100 is that the vehicle need not stop before, which is what the module calls no limit.
    """
    if limit not in range(1, 101):
        raise NotSupported("ovms: a charge limit is a whole number from 1 to 100")
    percent = int(limit) % 100
    return Order(
        line=f"config set xnl suffsoc {percent}",
        reply="Parameter has been set.",
        metric=LIMIT,
        value=float(percent),
        patience=_IN_TURN,
        wakes=False,
    )


_LONGEST = 1000
"""Bytes; the replies to our commands have less than a hundred."""


class Verdict(StrEnum):
    """How a module took a command."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    UNCLEAR = "unclear"


@dataclass(frozen=True, slots=True)
class Reply:
    """A verdict, and for a refusal the firmware's own words for it, as far as they are known to be its own."""

    verdict: Verdict
    code: str | None = None


UNCLEAR = "unexpected reply"

_REFUSALS = (
    "Error: Charge start functionality not available",
    "Error: Charge stop functionality not available",
    "Error: Climate Control failed",
    "Error: Climate Control functionality not available",
    "Error: Could not start charge",
    "Error: Could not stop charge",
    "Error: No vehicle module selected",
    "Error: Vehicle lock functionality not available",
    "Error: Vehicle unlock functionality not available",
    "Error: vehicle could not be locked",
    "Error: vehicle could not be unlocked",
    "Error: vehicle could not be woken",
)
_BEGINNINGS = {
    "error": "Error",
    "usage": "Usage",
    "subcommand required": "Usage",
    "unrecognised": "Unrecognised",
    "unimplemented": "Unimplemented",
    "unsupported": "Unsupported",
}
"""How any other refusal begins; the rest of it is not told, because nobody knows what it holds."""


def classify(payload: bytes, expected: str) -> Reply:
    """Return what a reply means to a command whose success is announced by ``expected``; line ends do not matter."""
    text = " ".join((decode(payload, _LONGEST) or "").split())
    if text == expected:
        return Reply(Verdict.ACCEPTED)
    lower = text.casefold()
    for refusal in _REFUSALS:
        if lower == refusal.casefold():
            return Reply(Verdict.REFUSED, refusal)
    for beginning, code in _BEGINNINGS.items():
        if lower.startswith(beginning):
            return Reply(Verdict.REFUSED, code)
    return Reply(Verdict.UNCLEAR, UNCLEAR)


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
        self._turn = asyncio.Lock()
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
