"""An OVMS module as a backend: one vehicle, which speaks by itself as long as it has a network."""

import asyncio
from collections.abc import Awaitable, Callable, Collection
from contextlib import AbstractAsyncContextManager, suppress
from datetime import datetime, timedelta
from hmac import compare_digest
from typing import override
from uuid import uuid4

from ...vehicle import (
    BackendError,
    Command,
    Departure,
    Group,
    InvalidPin,
    InvalidTopic,
    ListedVehicle,
    NoBroker,
    NothingReceived,
    OtherVehicle,
    PinRequired,
    Progress,
    Push,
    Ticket,
    Unlock,
    Unreachable,
    VehicleInfo,
    VehicleReport,
    VehicleState,
    Weakness,
    WrongPin,
    is_pin,
)
from ..base import Backend, Description, Json, MessageBus, MqttMessage
from .commands import Desk, Order, order_for
from .mapping import BACKEND
from .metrics import TYPE
from .module import Module
from .mqtt import Ear, Topics

GATHER = 0.5
"""Seconds in which messages belong together: a module sends a hundred a second."""

_AT_ONCE = 0.02
"""Seconds after which the first messages are handed over that follow a silence; the rest is gathered."""

_QUIET = 0.1
"""Seconds without a message after which the broker has sent all that it had kept, twice in a row."""

_PATIENCE = 50
"""How many times that to wait for the first message: what the broker has kept comes after half a second (§1.2)."""

_WEAKNESSES = (
    # The module repeats what it last heard of a vehicle that sleeps, along with what it measures by itself.
    Weakness(group=Group.CLIMATE, cached=frozenset({"inside_temperature", "outside_temperature"})),
)


class OvmsBackend(Backend):
    """One module. See :class:`~..base.Backend` for what the methods promise, and :class:`~..base.Pushing`."""

    def __init__(
        self,
        bus: MessageBus,
        topics: Topics,
        *,
        client: str,
        now: Callable[[], datetime],
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
        pin: str | None = None,
        new_number: Callable[[], str] = lambda: uuid4().hex,
        memory: Json = None,
    ) -> None:
        """Prepare; nothing is subscribed yet.

        ``client`` is our name among those that command the module, and nobody else's. With a ``pin`` unlocking takes
        it, four digits: it is compared here, because the module of a LEAF lets anything pass (ovms §1.7). ``memory``
        is what :meth:`memory` returned; give none for another module.
        """
        self._bus = bus
        self._topics = topics
        self._now = now
        self._sleep = sleep
        self._pin = pin
        self._module = Module(topics, takes_pin=pin is not None, now=now, memory=memory)
        self._desk = Desk(bus, topics, client, shown=self._shows, now=now, sleep=sleep, new_number=new_number)
        listened = (topics.metrics, topics.notices, topics.replies(client))
        self._ear = Ear(bus, listened, self._hear, opened=self._module.interrupted)
        self._news = asyncio.Event()
        self._heard = False
        self._asked_for_all = False

    @property
    @override
    def description(self) -> Description:
        return Description(
            name=BACKEND,
            command_limit=timedelta(seconds=100),
            pushes=True,
            weaknesses=_WEAKNESSES,
        )

    @property
    @override
    def requests(self) -> int:
        return self._desk.sent

    @override
    async def log_in(self) -> str:
        """Look whether the module has ever been at the broker, and is one that is understood."""
        if self._pin is not None and not is_pin(self._pin):
            raise InvalidPin
        if not await self._hears():
            raise NothingReceived
        if self._module.is_other:
            raise OtherVehicle
        return self._topics.account

    @override
    async def list_vehicles(self) -> tuple[ListedVehicle, ...]:
        """Return the one vehicle, whether or not the broker has kept anything of it, if it was ever heard."""
        if not await self._hears() and not self._module.named:
            raise NothingReceived
        return (ListedVehicle(info=self._module.name()),)

    @override
    async def read(self, vehicle: VehicleInfo, groups: Collection[Group] | None = None) -> VehicleReport:
        """Return what was heard; nobody is asked for it."""
        await self._hears()
        known = self._module.state.groups()
        return VehicleReport(
            state=VehicleState.of(*(value for group, value in known.items() if groups is None or group in groups))
        )

    @override
    async def send(self, vehicle: VehicleInfo, command: Command, departure: Departure) -> Ticket:
        """Put a command to a module that is there. Its reply is heard only while somebody listens."""
        order = order_for(command)
        if isinstance(command, Unlock):
            self._check_pin(command.pin)
        async with self._listening():
            await self._first_words()
            if not self._module.presence.present:
                raise Unreachable("ovms: the module is not at the broker", nothing_done=True)
            return await self._desk.send(order, departure)

    @override
    async def poll(self, vehicle: VehicleInfo, ticket: Ticket) -> Progress:
        self._module.settle()
        return await self._desk.progress(ticket.id)

    @override
    def forget_refusals(self, vehicle: VehicleInfo) -> None:
        """Nothing is remembered as refused."""

    @override
    def memory(self) -> Json:
        return self._module.memory()

    async def listen(self, hear: Callable[[Push], None]) -> None:
        """Hand over what the module says, gathered; see :class:`~..base.Pushing`."""
        end = self._bus.on_connection(lambda _: self._news.set())
        try:
            async with self._listening():
                self._module.begin()
                self._asked_for_all = False
                await self._first_words()
                while self._bus.connected:
                    _hand_over(self._module.news(), hear)
                    handed_over_at = self._now()
                    await self._ask_for_what_is_missing()
                    await self._something()
                    if self._now() - handed_over_at >= timedelta(seconds=GATHER):
                        await self._sleep(_AT_ONCE)
                        # The halves of a position come one after the other.
                        _hand_over(self._module.news(later={Group.POSITION}), hear)
                    await self._sleep(GATHER)
                    self._news.clear()
                _hand_over(self._module.cut_off(), hear)
                raise NoBroker
        finally:
            end()

    def _listening(self) -> AbstractAsyncContextManager[None]:
        self._check()
        return self._ear.open()

    def _check(self) -> None:
        if not self._topics.valid:
            raise InvalidTopic
        if not self._bus.connected:
            raise NoBroker

    async def _hears(self) -> bool:
        """Whether anything is known of the module; listens for a while if nobody has yet."""
        self._check()
        if not self._heard:
            async with self._listening():
                await self._first_words()
        self._module.settle()
        return self._heard

    async def _first_words(self) -> None:
        """Wait until something is known of the module, or nothing comes."""
        counts = [0, 0, 0]
        for _ in range(0 if self._heard else _PATIENCE):
            await self._sleep(_QUIET)
            counts = [*counts[1:], self._module.messages]
            if counts[0] == counts[-1] > 0:
                break
        self._heard = self._module.messages > 0
        self._module.settle()

    async def _something(self) -> None:
        """Wait for a message, for the broker to go, or until what was going on in the vehicle may be over."""
        left = self._module.presence.fades_in(self._now())
        waiting: list[asyncio.Future[object]] = [asyncio.ensure_future(self._news.wait())]
        if left is not None:
            waiting.append(asyncio.ensure_future(self._sleep(left.total_seconds())))
        try:
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for each in waiting:
                each.cancel()

    async def _ask_for_what_is_missing(self) -> None:
        """Have a module that is there tell everything, once, if the broker has forgotten what it said (§5.4)."""
        if self._module.presence.present and TYPE not in self._module.tree and not self._asked_for_all:
            self._asked_for_all = True
            with suppress(BackendError):
                await self._desk.ask_for_all()

    def _hear(self, message: MqttMessage) -> None:
        self._desk.hear(message)
        self._module.hear(message)
        self._news.set()

    def _shows(self, order: Order) -> bool:
        return self._module.tree.value(order.metric) == order.value

    def _check_pin(self, pin: str | None) -> None:
        if self._pin is None:
            return
        if pin is None:
            raise PinRequired
        if not compare_digest(pin.encode(), self._pin.encode()):
            raise WrongPin


def _hand_over(push: Push | None, hear: Callable[[Push], None]) -> None:
    if push is not None:
        hear(push)
