"""A source that says and does what a test wants: for what must hold whatever the source is."""

import asyncio
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components import nissanconnect
from custom_components.nissanconnect import sources
from custom_components.nissanconnect.backends.base import Backend, Description, Json
from custom_components.nissanconnect.const import CONF_SOURCE, DOMAIN
from custom_components.nissanconnect.sources import Source
from custom_components.nissanconnect.vehicle import (
    BackendError,
    Command,
    Departure,
    Group,
    ListedVehicle,
    Notification,
    Phase,
    Progress,
    Push,
    Reported,
    Ticket,
    VehicleInfo,
    VehicleReport,
    VehicleState,
    Weakness,
)

from .conftest import NOON


def reported(kind: type[Reported], backend: str = "ovms", minutes: float | None = None, **values: Any) -> VehicleState:
    """Return one group as a vehicle has reported it: now, or so many minutes after noon."""
    at = dt_util.utcnow() if minutes is None else NOON + timedelta(minutes=minutes)
    return VehicleState.of(kind(backend=backend, received_at=max(at, NOON), reported_at=at, **values))


@dataclass(eq=False)
class Scripted:
    """A backend that is all script. ``error`` is raised by everything, ``refusal`` by sending only."""

    name: str = "ovms"
    vehicles: dict[str, VehicleInfo] = field(default_factory=dict)
    states: dict[str, VehicleState] = field(default_factory=dict)
    listed: dict[str, VehicleState] = field(default_factory=dict)
    """What the list says of vehicles."""
    messages: tuple[Notification, ...] = ()
    """What it has written of any vehicle, newest first."""
    pushes: bool = False
    weaknesses: tuple[Weakness, ...] = ()
    error: BackendError | None = None
    failures: dict[str, BackendError] = field(default_factory=dict)
    """The parts that cannot be read."""
    refusal: BackendError | None = None
    obeys: Callable[[Command], VehicleState | None] = lambda command: None
    sent: list[Command] = field(default_factory=list)
    reads: int = 0
    asked: set[Group] = field(default_factory=set)
    """What it has been asked for with success."""
    listening: int = 0
    """How often somebody has begun to listen."""
    _lines: list[asyncio.Queue[Push | BackendError]] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Describe it as a test has chosen."""
        self.description = Description(
            name=self.name,
            command_limit=timedelta(seconds=60),
            pushes=self.pushes,
            weaknesses=self.weaknesses,
        )

    @property
    def requests(self) -> int:
        """Nobody counts them."""
        return 0

    async def log_in(self) -> str:
        """Let anybody in."""
        self._fail()
        return self.name

    async def list_vehicles(self) -> tuple[ListedVehicle, ...]:
        """Return what the script holds."""
        self._fail()
        said = self.listed
        return tuple(
            ListedVehicle(info=info, state=said.get(key, VehicleState())) for key, info in self.vehicles.items()
        )

    async def read(self, vehicle: VehicleInfo, groups: Collection[Group] | None = None) -> VehicleReport:
        """Return what the script holds, whatever was asked for."""
        self.reads += 1
        self._fail()
        self.asked.update(Group if groups is None else groups)
        return VehicleReport(state=self.states.get(vehicle.key, VehicleState()), failures=self.failures)

    async def read_notifications(
        self, vehicle: VehicleInfo, *, first: int = 1, count: int = 20
    ) -> tuple[Notification, ...]:
        """Return what the script holds."""
        self._fail()
        return self.messages[first - 1 : first - 1 + count]

    async def send(self, vehicle: VehicleInfo, command: Command, departure: Departure) -> Ticket:
        """Take a command; the vehicle obeys at once, as the script says."""
        self._fail()
        async with departure():
            if self.refusal is not None:
                raise self.refusal
            self.sent.append(command)
        if (state := self.obeys(command)) is not None:
            self.states[vehicle.key] = state
        return Ticket("1", dt_util.utcnow())

    async def poll(self, vehicle: VehicleInfo, ticket: Ticket) -> Progress:
        """Say that it is done."""
        self._fail()
        return Progress(Phase.DONE)

    async def listen(self, hear: Callable[[Push], None]) -> None:
        """Hand over what :meth:`say` is given."""
        self._fail()
        self.listening += 1
        line = asyncio.Queue[Push | BackendError]()
        self._lines.append(line)
        try:
            while True:
                said = await line.get()
                if isinstance(said, BackendError):
                    raise said
                hear(said)
        finally:
            self._lines.remove(line)

    def say(self, said: Push | BackendError) -> None:
        """Say something, or have the line break. A vehicle is known from its first word on."""
        if isinstance(said, Push):
            self.vehicles.setdefault(said.info.key, said.info)
        for line in self._lines:
            line.put_nowait(said)

    @property
    def heard(self) -> bool:
        """Whether somebody listens."""
        return bool(self._lines)

    def forget_refusals(self, vehicle: VehicleInfo) -> None:
        """Nothing is ever refused here."""

    def memory(self) -> Json:
        """Return nothing: nothing is learnt."""
        return None

    def _fail(self) -> None:
        if self.error is not None:
            raise self.error


@dataclass
class Stage:
    """Where scripted sources play; each has an entry of its own."""

    actors: dict[str, Scripted] = field(default_factory=dict)

    def entry(self, title: str, scripted: Scripted) -> MockConfigEntry:
        """Return an entry behind which a scripted source is."""
        self.actors[title] = scripted
        return MockConfigEntry(
            domain=DOMAIN, title=title, unique_id=title, data={CONF_SOURCE: Source.EUROPE, "actor": title}
        )


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch, freezer: FrozenDateTimeFactory) -> Stage:
    """A place for scripted sources, where Europe would be."""
    stage = Stage()

    async def create(hass: HomeAssistant, data: Mapping[str, Any], **options: Any) -> Backend:
        if "actor" in data:
            return stage.actors[data["actor"]]
        return await sources.async_create_backend(hass, data, **options)

    monkeypatch.setattr(nissanconnect, "async_create_backend", create)
    return stage


@pytest.fixture
def source(freezer: FrozenDateTimeFactory) -> Scripted:
    """A source that knows no vehicle before it has pushed one. It is noon."""
    freezer.move_to(NOON)
    return Scripted(pushes=True)
