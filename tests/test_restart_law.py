"""A restart at any point of any command: nothing is sent again, nobody is woken, no end is lost or told twice.

Everything here is real but the vehicle, the clock and the event loop's tasks: the commands, their runner, the book of
wakes, and the file, by way of real JSON.
"""

from asyncio import FIRST_COMPLETED, Event, Future, Task, gather, sleep, wait
from collections import Counter
from collections.abc import Collection, Coroutine, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from types import SimpleNamespace
from typing import Any, cast
from unittest.mock import patch

from homeassistant.core import HomeAssistant
from homeassistant.util.async_ import create_eager_task
from hypothesis import given, settings, strategies as st

from custom_components.nissanconnect import commands
from custom_components.nissanconnect.backends.base import Description
from custom_components.nissanconnect.command_checks import CommandChecks
from custom_components.nissanconnect.command_log import CommandLog
from custom_components.nissanconnect.commands import VehicleCommands
from custom_components.nissanconnect.engine.command_job import Stage
from custom_components.nissanconnect.engine.merge import SourceState
from custom_components.nissanconnect.engine.wake_policy import WakeResult
from custom_components.nissanconnect.settings import Settings
from custom_components.nissanconnect.store import Remembered, RememberedVehicle
from custom_components.nissanconnect.vehicle import (
    BackendError,
    Capability,
    Climate,
    Command,
    CommandRecord,
    CommandStatus,
    Departure,
    DeviceNotRegistered,
    Group,
    Initiator,
    Lock,
    NotSupported,
    Phase,
    Progress,
    Reason,
    Refresh,
    SoundHorn,
    StartClimate,
    Ticket,
    Unavailable,
    Unreachable,
    VehicleState,
)

from .engine.strategies import EPOCH
from .test_store import INFO, through_the_file

type Name = tuple[str, datetime]
"""A command by its kind and when it was asked for."""


def climate(*, running: bool, minutes: int) -> VehicleState:
    at = EPOCH + timedelta(minutes=minutes)
    return VehicleState(climate=Climate(backend="b", received_at=at, reported_at=at, running=running))


OFF, ON = climate(running=False, minutes=0), climate(running=True, minutes=1)


@dataclass(frozen=True)
class Sending:
    """What comes of sending: how often the vehicle is woken for it, and with what error it ends."""

    wakes: int
    error: BackendError | None = None


class Stop(StrEnum):
    """How a life ends."""

    SHUTDOWN = "shutdown"
    """Everything is given up, then the file is written."""
    UNLOAD = "unload"
    """The file is written, then everything is given up."""
    CRASH = "crash"
    """The file is as it was when something last changed."""


@dataclass(frozen=True)
class Life:
    """One run of Home Assistant.

    It is asked for ``orders`` and stops at the ``steps``-th time that something is waited for, or before it has even
    come to what was unfinished.
    """

    orders: tuple[Command, ...]
    steps: int
    stop: Stop
    resumes: bool


@dataclass
class World:
    """A vehicle that behaves as scripted; the last of each script is repeated."""

    sendings: list[Sending]
    polls: list[Progress | BackendError]
    looks: list[VehicleState | BackendError]
    refused: frozenset[str]
    lag: int
    clock: datetime = EPOCH
    steps: int = 0
    stopped: Event = field(default_factory=Event)
    files: list[RememberedVehicle] = field(
        default_factory=lambda: [RememberedVehicle(info=INFO, reported=SourceState(state=OFF))]
    )
    asked: list[Name] = field(default_factory=list)
    sent: list[Name] = field(default_factory=list)
    sent_at: dict[Name, datetime | None] = field(default_factory=dict)
    woken: list[Name] = field(default_factory=list)
    told: list[CommandRecord] = field(default_factory=list)
    commands: VehicleCommands = field(init=False)
    log: CommandLog = field(init=False)
    tasks: list[Task[Any]] = field(default_factory=list)
    closed: bool = False

    # What the commands see of the connection, coordinator, sources, alerts, store and guard of the PIN

    hass = cast("HomeAssistant", None)
    settings = Settings()
    backend = SimpleNamespace(description=Description(name="b", command_limit=timedelta(seconds=120)))
    name = "vehicle"
    data = OFF
    info = replace(INFO, capabilities=frozenset(Capability))
    blocks_climate = False
    is_polled = True

    def __post_init__(self) -> None:
        self.connection = self.config_entry = self.sources = self

    def refusal(self, command: Command) -> str | None:
        return Reason.BATTERY_LOW if command.kind() in self.refused else None

    def able(self, command: Command) -> list[World]:
        return [self]

    def __iter__(self) -> Iterator[World]:
        yield self

    @property
    def reported(self) -> SourceState:
        return SourceState()

    def reported_at(self, group: Group) -> datetime:
        return EPOCH - timedelta(days=9)

    def named(self, name: str | None) -> World:
        return self

    def backend_name(self, ticket: Ticket | None) -> str:
        return "b"

    def async_create_background_task(self, hass: object, work: Coroutine[Any, Any, Any], name: str) -> Task[Any]:
        self.tasks.append(task := create_eager_task(work))
        return task

    async def sleep(self, seconds: float) -> None:
        self.clock += timedelta(seconds=seconds)
        await self.step()

    async def send(self, command: Command, departure: Departure) -> Ticket:
        sending_now = (each for each in self.commands.runner._jobs if each.stage is Stage.SENDING)
        (job,) = (each for each in sending_now if each.command == command)
        name = (command.kind(), job.asked_at)
        self.clock += timedelta(milliseconds=1)
        sending = _next(self.sendings)
        await self.step()
        for left in range(max(sending.wakes, 1), 0, -1):
            answer_within = timedelta(minutes=left > 1)
            async with departure(wakes=sending.wakes > 0, answer_within=answer_within):
                self.sent += [name] if name not in self.sent_at else []
                self.sent_at[name] = job.sent_at
                self.woken += [name] if sending.wakes else []
                await self.step()
                if left == 1 and sending.error is not None:
                    if sending.wakes and sending.error.nothing_done:
                        self.woken.remove(name)
                    raise sending.error
        return Ticket("1", self.clock)

    async def poll(self, ticket: Ticket) -> Progress:
        await self.step()
        return _told(_next(self.polls))

    async def async_read_now(self, groups: Collection[Group], ticket: Ticket | None = None) -> VehicleState:
        await self.step()
        return _told(_next(self.looks))

    def would_displace(self, command: Command, ticket: Ticket | None) -> bool:
        return False

    async def step(self) -> None:
        """Pass one of the points at which everything may stop."""
        if self.steps == 0:
            self.stopped.set()
            await Event().wait()
        self.steps -= 1
        await sleep(0)

    # Its lives

    def begin(self, steps: int) -> None:
        self.steps, self.stopped, self.closed = steps, Event(), False
        known = self.files[-1]
        ours = cast("Any", self)
        self.log = CommandLog("vehicle", known, ours, on_change=lambda: None)
        self.log.async_add_listener(self.told.append)
        self.commands = VehicleCommands(ours, self.log, CommandChecks(ours, self.log, ours, ours))

    async def async_save_open(self) -> None:
        await self.step()

    def async_schedule_save(self, *, at_once: bool = True) -> None:
        """Write the file, as is done at once whenever something has changed."""
        if self.closed:
            return
        now = replace(
            self.files[0],
            log=tuple(self.log.records),
            wakes=self.log.wakes,
            unfinished=self.log.unfinished,
        )
        self.files += through_the_file(Remembered(vehicles=[now])).vehicles

    async def live(self, life: Life) -> None:
        self.begin(life.steps)
        if life.resumes:
            self.commands.async_resume()
        for order in life.orders:
            self.clock += timedelta(milliseconds=1)
            job = self.commands.async_submit(order, Initiator(kind="user", name="Robin"))
            if (name := (order.kind(), job.asked_at)) not in self.asked:
                self.asked.append(name)
        stopped: Task[Any] = create_eager_task(self.stopped.wait())
        done: Future[Any] = gather(*self.tasks)
        await wait((stopped, done), return_when=FIRST_COMPLETED)
        if done.done():
            done.result()
        if life.stop is Stop.UNLOAD:
            self.async_schedule_save()
        self.closed = life.stop is not Stop.SHUTDOWN
        for task in (stopped, *self.tasks):
            task.cancel()
        await gather(*self.tasks, return_exceptions=True)
        self.async_schedule_save()
        self.tasks.clear()
        del self.files[max(len(self.files) - self.lag, 1) :]
        self.clock += timedelta(minutes=1)


def _next[T](script: list[T]) -> T:
    return script.pop(0) if len(script) > 1 else script[0]


def _told[T](answer: T | BackendError) -> T:
    if isinstance(answer, BackendError):
        raise answer
    return answer


errors = st.sampled_from([NotSupported(), DeviceNotRegistered(), Unreachable(), Unavailable()])
sendings = st.builds(Sending, st.integers(0, 2), st.none() | errors)
orders = st.sampled_from([StartClimate(21), StartClimate(22), SoundHorn(), Lock("4711"), Refresh()])
lives = st.lists(
    st.builds(
        Life,
        orders=st.lists(orders, max_size=3).map(tuple),
        steps=st.integers(0, 40),
        stop=st.sampled_from(Stop),
        resumes=st.integers(0, 3).map(bool),
    ),
    min_size=1,
    max_size=4,
)
worlds = st.builds(
    World,
    sendings=st.lists(sendings, min_size=1, max_size=6),
    polls=st.lists(st.sampled_from([*map(Progress, Phase), Unavailable()]), min_size=1, max_size=10),
    looks=st.lists(st.sampled_from([OFF, ON, VehicleState(), Unavailable()]), min_size=1, max_size=5),
    refused=st.frozensets(st.sampled_from(["sound_horn", "lock"]), max_size=1),
    lag=st.just(0),
)
LAST = Life(orders=(), steps=10**6, stop=Stop.SHUTDOWN, resumes=True)
"""Nothing new is asked for, and there is time for everything."""


async def live_all(world: World, lives: list[Life]) -> None:
    """Have a world live through restarts; what the last life does to the vehicle is what restarts alone do."""
    with (
        patch.object(commands, "dt_util", SimpleNamespace(utcnow=lambda: world.clock)),
        patch.object(commands, "sleep", world.sleep),
    ):
        for life in lives:
            before = len(world.sent), len(world.woken)
            await world.live(life)
            if not life.orders:
                assert (len(world.sent), len(world.woken)) == before, "a restart sends nothing and wakes nobody"
    assert len(set(world.sent)) == len(world.sent), "a command is sent once at most"


@given(worlds, lives)
@settings(max_examples=300, deadline=None)
async def test_a_restart_at_any_point_loses_no_end_and_wakes_nobody(world: World, lives: list[Life]) -> None:
    await live_all(world, [*lives, LAST])

    kept = world.files[-1]
    ends = {(record.command, record.asked_at): record.outcome for record in kept.log}
    assert sorted(ends) == sorted(world.asked), "what was asked for has an end"
    assert len(kept.log) == len(ends), "and no other"
    assert sorted(world.told, key=repr) == sorted(kept.log, key=repr), "which was told once"
    assert kept.unfinished == ()
    for name, outcome in ends.items():
        # What was kept and had not left when everything stopped counts as sent: nobody knows.
        assert not (outcome.status is CommandStatus.BLOCKED and name in world.sent)
        assert (outcome.sent_at is None) is (outcome.status is CommandStatus.BLOCKED)

    booked, woken = Counter(wake.why for wake in kept.wakes.wakes), Counter(kind for kind, _ in world.woken)
    assert woken <= booked, "what wakes is booked before it leaves"
    most = sum(len(life.orders) for life in lives)
    assert (booked - woken).total() <= most, "and may not have left when everything stopped"
    for name in set(world.woken):
        *earlier, last = (wake.result for wake in kept.wakes.wakes if wake.at == world.sent_at[name])
        assert set(earlier) <= {WakeResult.ANSWERED}, "what came after shows it"
        withdrawn = ends[name].status is CommandStatus.REJECTED and last is WakeResult.ANSWERED
        assert withdrawn or last is WakeResult.of(ends[name].reason)


@given(worlds, lives, st.integers(1, 6))
@settings(deadline=None)
async def test_nothing_is_sent_again_even_if_the_file_is_not_the_latest(
    world: World, lives: list[Life], lag: int
) -> None:
    """The power fails between a change and its way to the disk."""
    world.lag = lag
    await live_all(world, [*lives, LAST])
    names = [(record.command, record.asked_at) for record in world.files[-1].log]
    assert len(set(names)) == len(names)


async def test_the_law_is_about_something() -> None:
    """A command is stopped at each of its points in turn; what is lost of it would be seen."""
    ends: set[tuple[CommandStatus, str | None]] = set()
    for steps in range(12):
        world = World(
            sendings=[Sending(wakes=2)],
            polls=[Progress(Phase.PENDING), Progress(Phase.DONE)],
            looks=[ON],
            refused=frozenset(),
            lag=0,
        )
        first = Life(orders=(StartClimate(21), SoundHorn()), steps=steps, stop=Stop.CRASH, resumes=True)
        await live_all(world, [first, LAST])
        ends |= {(record.outcome.status, record.outcome.reason) for record in world.files[-1].log}
    assert ends == {
        (CommandStatus.CONFIRMED, None),
        (CommandStatus.BLOCKED, Reason.INTERRUPTED),
    }
