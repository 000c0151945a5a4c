"""The backend of one OVMS module: one vehicle, whose module pushes metrics as long as it has a network."""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import AbstractAsyncContextManager, ExitStack, asynccontextmanager, suppress
from datetime import timedelta
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
    Weakness,
    WrongPin,
    is_pin,
)
from ..base import Backend, Context, Description, Fields, Json, MessageBus, MessageListener, MqttMessage, Pushing
from .commands import CommandClient, shell_command_for
from .metrics import BACKEND, TYPE
from .module import Module, Topics

PUSH_INTERVAL = 0.5
"""Seconds in which messages are gathered into one push: a module sends a hundred a second."""

_FIRST_PUSH = 0.02
"""Seconds after which the first messages that follow a silence are pushed; the rest is gathered."""

_QUIET = 0.1
"""Seconds without a message, twice in a row, after which the broker has sent all that it had retained."""

_QUIET_CHECKS = 50
"""How many of these to wait for the first message: retained ones may come after half a second only (§1.2)."""


class OvmsBackend(Backend, Pushing):
    """One module."""

    description = Description(
        name=BACKEND,
        command_limit=timedelta(seconds=100),
        pushes=True,
        # While the vehicle sleeps the module repeats its last values, along with what it measures by itself.
        weaknesses=(Weakness(group=Group.CLIMATE, cached=frozenset({"inside_temperature", "outside_temperature"})),),
    )

    def __init__(
        self, context: Context, fields: Fields, *, client: str, new_id: Callable[[], str] = lambda: uuid4().hex
    ) -> None:
        """``client`` is our name among those that send commands to the module; nobody else may have it.

        With a ``pin`` of four digits among the fields unlocking requires it. It is compared here, because the module of
        a LEAF accepts any (ovms §1.7).

        Raises:
            NoBroker: ``context`` has no message bus.
        """
        if (bus := context.message_bus) is None:
            raise NoBroker
        topics = Topics.of(fields["prefix"], fields.get("user", ""), fields.get("vehicle_id", ""), client=client)
        self._bus = bus
        self._topics = topics
        self._now = context.now
        self._sleep = context.sleep
        self._pin = fields.get("pin")
        self._module = Module(topics, takes_pin=self._pin is not None, now=context.now, memory=context.memory)
        self._commands = CommandClient(context, bus, topics, self._module.store, new_id)
        self._subscription = TopicSubscription(bus, topics.filters, self._handle, on_start=self._module.interrupted)
        self._changed = asyncio.Event()
        """Set by a message and when the connection to the broker changes."""
        self._has_messages = False
        self._requested_all = False

    @property
    @override
    def requests(self) -> int:
        return self._commands.requests

    @override
    async def log_in(self) -> str:
        """Check that the module has ever been at the broker, and that its vehicle is a LEAF.

        Raises:
            InvalidPin: The PIN has not four digits.
            NothingReceived: The broker has no message of the module.
            OtherVehicle: It is in another vehicle.
        """
        if self._pin is not None and not is_pin(self._pin):
            raise InvalidPin
        if not await self._receive_first():
            raise NothingReceived
        if self._module.is_other_vehicle:
            raise OtherVehicle
        return self._topics.account

    @override
    async def list_vehicles(self) -> tuple[ListedVehicle, ...]:
        """Return the one vehicle; once it was listed, even if the broker has retained nothing.

        Raises:
            NothingReceived: The broker has no message of the module.
        """
        received = await self._receive_first()
        if self._module.key is None:
            if not received:
                raise NothingReceived
            await self._wait_for_vin()
        return (ListedVehicle(info=self._module.keep_key()),)

    @override
    async def read(self, vehicle: VehicleInfo, groups: Collection[Group] | None = None) -> VehicleReport:
        """Return what was received; sends no request."""
        await self._receive_first()
        return VehicleReport(state=self._module.state.only(Group if groups is None else groups))

    @override
    async def send(self, vehicle: VehicleInfo, command: Command, departure: Departure) -> Ticket:
        """Send a command to a module that is online. Its response arrives only while somebody listens."""
        shell_command = shell_command_for(command)
        if isinstance(command, Unlock):
            self._check_pin(command.pin)
        async with self._subscribed():
            await self._wait_for_messages()
            if not self._module.availability.online:
                raise Unreachable("ovms: the module is not at the broker", nothing_done=True)
            return await self._commands.send(shell_command, departure)

    @override
    async def poll(self, vehicle: VehicleInfo, ticket: Ticket) -> Progress:
        self._module.process()
        return await self._commands.progress(ticket.id)

    @override
    def memory(self) -> Json:
        return self._module.memory()

    @override
    async def listen(self, on_push: Callable[[Push], None]) -> None:
        def push(update: Push | None) -> None:
            if update is not None:
                on_push(update)

        unsubscribe = self._bus.on_connection(lambda _: self._changed.set())
        try:
            async with self._subscribed():
                self._module.forget_pushes()
                self._requested_all = False
                await self._wait_for_messages()
                while self._bus.connected:
                    push(self._module.next_push())
                    pushed_at = self._now()
                    await self._request_missing()
                    await self._wait_for_change()
                    if self._now() - pushed_at >= timedelta(seconds=PUSH_INTERVAL):
                        await self._sleep(_FIRST_PUSH)
                        # Latitude and longitude are two messages.
                        push(self._module.next_push(without={Group.POSITION}))
                    await self._sleep(PUSH_INTERVAL)
                    self._changed.clear()
                push(self._module.last_push())
                raise NoBroker
        finally:
            unsubscribe()

    def _subscribed(self) -> AbstractAsyncContextManager[None]:
        self._check_connection()
        return self._subscription.active()

    def _check_connection(self) -> None:
        if not self._topics.valid:
            raise InvalidTopic
        if not self._bus.connected:
            raise NoBroker

    async def _receive_first(self) -> bool:
        """Return whether any message of the module was ever received; subscribe for a while if none was."""
        self._check_connection()
        if not self._has_messages:
            async with self._subscribed():
                await self._wait_for_messages()
        self._module.process()
        return self._has_messages

    async def _wait_for_messages(self) -> None:
        """Wait until the broker has sent what it has retained, or nothing comes."""
        counts = [0, 0, 0]
        for _ in range(0 if self._has_messages else _QUIET_CHECKS):
            await self._sleep(_QUIET)
            counts = [*counts[1:], self._module.messages]
            if counts[0] == counts[-1] > 0:
                break
        self._has_messages = self._module.messages > 0
        self._module.process()

    async def _wait_for_vin(self) -> None:
        """Give a module that is just connecting the time to send all: the key that its vehicle gets now stays."""
        async with self._subscribed():
            for _ in range(_QUIET_CHECKS):
                if self._module.info.vin is not None or self._module.availability.online is False:
                    break
                await self._sleep(_QUIET)
                self._module.process()

    async def _wait_for_change(self) -> None:
        """Wait for a message, for the broker to disconnect, or until reported activity is too old to trust."""
        left = self._module.availability.stale_in(self._now())
        waiting: list[asyncio.Future[object]] = [asyncio.ensure_future(self._changed.wait())]
        if left is not None:
            waiting.append(asyncio.ensure_future(self._sleep(left.total_seconds())))
        try:
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for each in waiting:
                each.cancel()

    async def _request_missing(self) -> None:
        """Request all metrics of a module that is online, once, if the broker has not retained them (§5.4)."""
        if self._module.availability.online and TYPE not in self._module.store and not self._requested_all:
            self._requested_all = True
            with suppress(BackendError):
                await self._commands.request_all_metrics()

    def _handle(self, message: MqttMessage) -> None:
        self._commands.handle(message)
        self._module.handle(message)
        self._changed.set()

    def _check_pin(self, pin: str | None) -> None:
        if self._pin is None:
            return
        if pin is None:
            raise PinRequired
        if not compare_digest(pin.encode(), self._pin.encode()):
            raise WrongPin


class TopicSubscription:
    """Subscribes to ``topics`` while at least one user needs them.

    ``on_start`` is called before the first message after a time without a subscription.
    """

    def __init__(
        self, bus: MessageBus, topics: tuple[str, ...], on_message: MessageListener, *, on_start: Callable[[], None]
    ) -> None:
        self._bus = bus
        self._topics = topics
        self._on_message = on_message
        self._on_start = on_start
        self._users = 0
        self._starting = asyncio.Lock()
        self._subscriptions = ExitStack()

    @asynccontextmanager
    async def active(self) -> AsyncIterator[None]:
        """Stay subscribed as long as the context lasts; raises :class:`~...vehicle.NoBroker`."""
        async with self._starting:
            if not self._users:
                self._on_start()
                with ExitStack() as started:
                    await self._subscribe_all(started)
                    self._subscriptions = started.pop_all()
            self._users += 1
        try:
            yield
        finally:
            self._users -= 1
            if not self._users:
                self._subscriptions.close()

    async def _subscribe_all(self, stack: ExitStack) -> None:
        """Subscribe to all topics at once; raise an error only when all have ended, so that none is left behind."""
        started = (self._subscribe(topic, stack) for topic in self._topics)
        results = await asyncio.gather(*started, return_exceptions=True)
        for error in results:
            if error is not None:
                raise error

    async def _subscribe(self, topic: str, stack: ExitStack) -> None:
        stack.callback(await self._bus.subscribe(topic, self._on_message))
