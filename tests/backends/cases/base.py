"""What a case is made of, and the tools with which the laws look at any backend."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, timedelta
from functools import partial
import json
from typing import ClassVar, cast

from aiohttp import ClientSession

from custom_components.nissanconnect.backends.base import (
    Backend,
    Context,
    Fields,
    Json,
    LockSetup,
    MessageBus,
    Messages,
    SingleTrips,
    Trips,
)
from custom_components.nissanconnect.vehicle import (
    BackendError,
    Command,
    Departure,
    FlashLights,
    Group,
    ListedVehicle,
    Lock,
    Notification,
    Refresh,
    StartClimate,
    StopClimate,
    Ticket,
    TripPeriod,
    TripRecord,
    TripSummary,
    Unlock,
    VehicleInfo,
    VehicleReport,
    VehicleState,
)
from tests.departures import nobody

from ..conftest import NOW
from ..doubles import Clock
from ..wire import Wire

PIN = "7391"
LOOKING_BACK = timedelta(days=14)
"""Within these days vehicles have been driven."""
COMMANDED: tuple[Command, ...] = (
    FlashLights(),
    Lock(pin=PIN),
    Refresh(),
    Refresh(Group.POSITION),
    StartClimate(21.0),
    StopClimate(),
    Unlock(pin=PIN),
)


class Case:
    """A backend, its stand-in, and what the owner and Home Assistant keep for it.

    Attributes:
        fields: What the owner has entered.
        auth: What ``save_auth`` was last given.
        withdrawn: How many departures have ended with an error that shows that nothing was done.
        departures: How many requests were sent, and how many commands have arrived, within each departure.
    """

    name: ClassVar[str]
    http: ClassVar[bool] = True
    """Whether it sends HTTP requests."""
    real: ClassVar[bool] = True
    """Whether its vehicles are somebody's."""
    fields: Fields = {}
    public: ClassVar[frozenset[str]] = frozenset({"url"})
    forgotten: ClassVar[frozenset[str]] = frozenset()
    command: ClassVar[Command | None] = None
    offline_fields: ClassVar[Fields] = {}
    logged_in: ClassVar[Json] = None
    info: ClassVar[VehicleInfo]
    simulator: str | None = None
    bus: MessageBus | None = None

    def __init__(self, session: ClientSession | None = None) -> None:
        self.clock = Clock(NOW)
        self.wire = Wire(session)
        self.auth: Json = None
        self.withdrawn = 0
        self.departing = False
        self.leave: Departure = nobody if session is None else self.departure
        self.departures: list[tuple[int, int]] = []

    @staticmethod
    def create(context: Context, fields: Fields) -> Backend:
        """Return a backend: the ``create`` function of its package."""
        raise NotImplementedError

    @staticmethod
    def documents() -> Sequence[Json]:
        """Return typical responses."""
        return ()

    async def open(self, stack: AsyncExitStack) -> None:
        """Start the stand-in; the ``stack`` ends it."""

    @property
    def kept(self) -> Fields:
        """What is left of the owner's fields after a restart."""
        return {name: value for name, value in self.fields.items() if name not in self.forgotten}

    @property
    def arrived(self) -> int:
        """How many commands have reached the service or the vehicle."""
        return 0

    @property
    def counted(self) -> int:
        """How many requests the backend has to count."""
        return len(self.wire.sent)

    def reject(self) -> None:
        """Let the service refuse the owner's secret."""

    def expire(self) -> None:
        """Let the tokens end."""

    def lose(self) -> None:
        """Let there be no way to the service; HTTP requests fail by themselves."""

    @classmethod
    def has(cls, name: str) -> bool:
        """Whether the case fills in ``name``."""
        return getattr(cls, name, None) is not getattr(Case, name, None)

    def backend(self, memory: Json = None, fields: Fields | None = None) -> Backend:
        """Return a new backend, as after a restart; without a ``memory`` it has forgotten all but the log-in."""
        backend = self.create(self.context(memory), self.fields if fields is None else fields)
        self.report(backend)
        return backend

    def report(self, backend: Backend) -> None:
        """Have a source that reports by itself do so."""

    def context(self, memory: Json = None) -> Context:
        """Return what a backend is given besides the fields."""
        return Context(
            session=cast("ClientSession", self.wire),
            now=self.clock,
            sleep=self.sleep,
            zone=UTC,
            auth=self.auth,
            save_auth=self._save,
            memory=memory,
            message_bus=self.bus,
            simulator=self.simulator,
        )

    def _save(self, auth: dict[str, Json]) -> None:
        self.auth = json.loads(json.dumps(auth))

    async def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self.clock.advance(seconds=seconds)
        await asyncio.sleep(0)

    @asynccontextmanager
    async def departure(self, *, wakes: bool = True, answer_within: timedelta = timedelta()) -> AsyncIterator[None]:
        """Let a command leave, and note what leaves within."""
        sent, arrived = self.counted, self.arrived
        self.departing = True
        try:
            yield
        except BackendError as error:
            self.withdrawn += error.nothing_done
            raise
        finally:
            self.departing = False
            self.departures.append((self.counted - sent, self.arrived - arrived))

    @property
    def secrets(self) -> set[str]:
        """What must never be shown: what was entered, tokens, and names and addresses of vehicles."""
        entered = {value for name, value in self.fields.items() if name not in self.public}
        saved = self.auth if isinstance(self.auth, dict) else {}
        return entered | {value for value in saved.values() if isinstance(value, str) and len(value) > 5}

    async def everything(
        self, backend: Backend, vehicles: Sequence[VehicleInfo], commands: Sequence[Command] = COMMANDED
    ) -> Outcomes:
        """Call all that a backend offers, for each vehicle. Nothing but a :class:`BackendError` may be raised.

        Without ``commands`` nothing is called that may wake a vehicle or change anything.
        """
        outcomes = Outcomes()
        await outcomes.add(backend.log_in)
        await outcomes.add(backend.list_vehicles)
        for info in vehicles:
            for groups in (None, {Group.BATTERY}):
                await outcomes.add(partial(backend.read, info, groups))
            for command in commands:
                await outcomes.add(partial(backend.send, info, command, self.leave))
            for ticket in ("location:1", "3/1/2026-11-20T18:00:00+00:00", ""):
                await outcomes.add(partial(backend.poll, info, Ticket(ticket, self.clock())))
            await self._more(backend, info, outcomes, lock=bool(commands))
            await outcomes.add(partial(backend.read, info))
        return outcomes

    async def _more(self, backend: Backend, info: VehicleInfo, outcomes: Outcomes, *, lock: bool) -> None:
        """Call what only some backends offer."""
        day = self.clock().date()
        if lock and isinstance(backend, LockSetup):
            device = "ha-01234567"
            await outcomes.add(partial(backend.send_device_code, info, device))
            await outcomes.add(partial(backend.register_device, info, device, "123456"))
            await outcomes.add(partial(backend.remove_device, info, device))
            await outcomes.add(partial(backend.set_pin, info, PIN, self.leave))
        if isinstance(backend, Trips):
            for period in TripPeriod:
                await outcomes.add(partial(backend.read_trips, info, period, day, day))
        if isinstance(backend, SingleTrips):
            await outcomes.add(partial(backend.read_single_trips, info, self.clock() - LOOKING_BACK, self.clock()))
        if isinstance(backend, Messages):
            await outcomes.add(partial(backend.read_notifications, info))


@dataclass(slots=True)
class Outcomes:
    """What calls have returned, and the errors that they have raised."""

    results: list[object] = field(default_factory=list)
    errors: list[BackendError] = field(default_factory=list)

    async def add(self, call: Callable[[], Awaitable[object]]) -> None:
        """Make a call."""
        try:
            result = await call()
        except BackendError as error:
            self.errors.append(error)
        else:
            self.results += result if isinstance(result, tuple) else [result]

    @property
    def reported(self) -> Iterator[VehicleState | TripRecord | TripSummary | Notification]:
        """The values among the results."""
        for result in self.results:
            if isinstance(result, VehicleReport | ListedVehicle):
                yield result.state
            elif isinstance(result, TripRecord | TripSummary | Notification):
                yield result
