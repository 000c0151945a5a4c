"""How commands are followed to their end."""

from asyncio import Event, Task, create_task, gather, sleep, timeout
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import override

from hypothesis import given, strategies as st
import pytest

from custom_components.nissanconnect.engine import command_job as job_module
from custom_components.nissanconnect.engine.command_job import CommandTiming, CommandTransport, Job, Stage
from custom_components.nissanconnect.engine.command_runner import CommandRunner
from custom_components.nissanconnect.vehicle import (
    BackendError,
    Battery,
    Busy,
    Climate,
    Command,
    CommandOutcome,
    CommandStatus,
    Departure,
    FlashLights,
    Group,
    Initiator,
    Lock,
    NotSupported,
    Phase,
    Progress,
    RateLimited,
    Reason,
    Refresh,
    ScheduleClimate,
    SoundHorn,
    StartClimate,
    StopClimate,
    Ticket,
    Unavailable,
    Unlock,
    VehicleState,
)

from .strategies import EPOCH


def climate(running: bool | None, minutes: float = 0) -> VehicleState:
    """A state whose climate group the vehicle reported at some minute."""
    at = EPOCH + timedelta(minutes=minutes)
    return VehicleState(climate=Climate(backend="b", received_at=at, reported_at=at, running=running))


SOMEBODY = Initiator(kind="user", name="Somebody")
OFF, ON = climate(running=False), climate(running=True, minutes=1)
TIMING = CommandTiming()


async def others_have_run() -> None:
    """Let every task that can go on do so until it waits for something: none takes as many turns of the loop."""
    for _ in range(20):
        await sleep(0)


@dataclass
class Vehicle:
    """A scripted vehicle: what it answers to each poll and each look; the last answer is repeated."""

    polls: list[Progress | BackendError]
    looks: list[VehicleState | BackendError]
    refuses: BackendError | None = None
    clock: datetime = EPOCH
    sent: list[Command] = field(default_factory=list)
    asked: int = 0
    stages: list[Stage] = field(default_factory=list)
    wakes: list[datetime] = field(default_factory=list)
    looked_at: list[frozenset[Group]] = field(default_factory=list)
    answers_for_it: bool = True
    keeps_one_command: bool = False
    tasks: list[Task[None]] = field(default_factory=list)

    async def still_reports(self, command: Command) -> bool:
        return self.answers_for_it

    async def send(self, command: Command, departure: Departure) -> Ticket:
        async with departure():
            self.sent.append(command)
            if self.refuses:
                raise self.refuses
        return Ticket("1", self.clock)

    @asynccontextmanager
    async def book(self, job: Job, wakes: bool) -> AsyncIterator[None]:
        if wakes and job.sent_at is not None:
            self.wakes.append(job.sent_at)
        yield

    async def poll(self, ticket: Ticket) -> Progress:
        self.asked += 1
        return self._answer(self.polls)

    async def look(self, groups: Collection[Group], ticket: Ticket | None = None) -> VehicleState:
        self.looked_at.append(frozenset(groups))
        return self._answer(self.looks)

    def would_displace(self, command: Command, ticket: Ticket | None) -> bool:
        return self.keeps_one_command

    async def sleep(self, seconds: float) -> None:
        self.clock += timedelta(seconds=seconds)

    @staticmethod
    def _answer[T](script: list[T | BackendError]) -> T:
        answer = script.pop(0) if len(script) > 1 else script[0]
        if isinstance(answer, BackendError):
            raise answer
        return answer

    @property
    def transport(self) -> CommandTransport:
        return CommandTransport(self.send, self.poll, self.look, self.still_reports, self.would_displace)

    def runner(
        self, believed: VehicleState = OFF, refusal: str | None = None, timing: CommandTiming = TIMING
    ) -> CommandRunner:
        return CommandRunner(
            self.transport,
            check=lambda command: refusal,
            current_state=lambda: believed,
            on_change=lambda job: self.stages.append(job.stage),
            record=self.book,
            now=lambda: self.clock,
            sleep=self.sleep,
            timer=timeout,
            spawn=create_task,
            timing=timing,
        )

    async def run(self, command: Command, before: VehicleState = OFF) -> CommandOutcome:
        return await finish(self.runner(before), command)


async def finish(runner: CommandRunner, command: Command, asker: Initiator = SOMEBODY) -> CommandOutcome:
    """Have a command carried out and return how it ended."""
    job, new = runner.submit(command, asker)
    assert new
    await runner.run(job)
    assert job.outcome is not None
    return job.outcome


async def test_a_clock_that_is_set_back_keeps_nobody_waiting() -> None:
    class SetBack(Vehicle):
        @override
        async def poll(self, ticket: Ticket) -> Progress:
            if not self.asked:
                self.clock -= timedelta(hours=1)
            return await super().poll(ticket)

    vehicle = SetBack(phases(Phase.PENDING), [OFF])
    assert (await vehicle.run(StartClimate(21))).status is CommandStatus.TIMED_OUT
    assert vehicle.asked < 100


def phases(*names: Phase) -> list[Progress | BackendError]:
    return [Progress(name) for name in names]


@pytest.mark.parametrize(
    ("command", "polls", "looks", "status", "reason"),
    [
        pytest.param(
            StartClimate(21),
            phases(Phase.PENDING, Phase.PENDING, Phase.DONE),
            [ON],
            CommandStatus.CONFIRMED,
            None,
            id="done and seen",
        ),
        pytest.param(
            StartClimate(21), phases(Phase.DONE), [OFF, OFF, ON], CommandStatus.CONFIRMED, None, id="seen at last"
        ),
        pytest.param(
            StartClimate(21),
            phases(Phase.DONE),
            [OFF],
            CommandStatus.TIMED_OUT,
            Reason.NOT_SEEN,
            id="done but never seen",
        ),
        pytest.param(
            StartClimate(21),
            phases(Phase.DONE),
            [Unavailable()],
            CommandStatus.TIMED_OUT,
            Reason.NOT_SEEN,
            id="done, state unreadable",
        ),
        pytest.param(
            StartClimate(21),
            phases(Phase.DONE),
            [VehicleState()],
            CommandStatus.CONFIRMED,
            None,
            id="state cannot tell",
        ),
        pytest.param(
            StartClimate(21),
            phases(Phase.UNCERTAIN),
            [OFF, ON],
            CommandStatus.CONFIRMED,
            None,
            id="cancelled although executed",
        ),
        pytest.param(
            StartClimate(21),
            phases(Phase.UNCERTAIN),
            [OFF],
            CommandStatus.REJECTED,
            Reason.REJECTED_BY_VEHICLE,
            id="cancelled and not executed",
        ),
        pytest.param(
            StartClimate(21),
            phases(Phase.REJECTED),
            [OFF],
            CommandStatus.REJECTED,
            Reason.REJECTED_BY_VEHICLE,
            id="rejected",
        ),
        pytest.param(
            StartClimate(21), phases(Phase.REJECTED), [ON], CommandStatus.CONFIRMED, None, id="rejected but executed"
        ),
        pytest.param(
            StartClimate(21),
            phases(Phase.TIMED_OUT),
            [OFF],
            CommandStatus.TIMED_OUT,
            Reason.NO_ANSWER,
            id="vehicle does not answer",
        ),
        pytest.param(
            StartClimate(21),
            phases(Phase.PENDING),
            [OFF],
            CommandStatus.TIMED_OUT,
            Reason.NO_ANSWER,
            id="pending for ever",
        ),
        pytest.param(
            StartClimate(21), phases(Phase.PENDING), [ON], CommandStatus.CONFIRMED, None, id="pending, but seen"
        ),
        pytest.param(
            StartClimate(21),
            [Unavailable(), Progress(Phase.DONE)],
            [ON],
            CommandStatus.CONFIRMED,
            None,
            id="an error while asking",
        ),
        pytest.param(SoundHorn(), phases(Phase.DONE), [OFF], CommandStatus.CONFIRMED, None, id="nothing to see"),
        pytest.param(
            SoundHorn(),
            phases(Phase.UNCERTAIN),
            [OFF],
            CommandStatus.REJECTED,
            Reason.REJECTED_BY_VEHICLE,
            id="nothing to see and no word",
        ),
        pytest.param(
            Refresh(),
            phases(Phase.DONE),
            [OFF],
            CommandStatus.TIMED_OUT,
            Reason.NOT_SEEN,
            id="accepted, and no new report",
        ),
        pytest.param(
            Refresh(),
            phases(Phase.DONE),
            [OFF, Unavailable(), OFF, OFF, ON],
            CommandStatus.CONFIRMED,
            None,
            id="the report comes late",
        ),
        pytest.param(
            Refresh(), phases(Phase.PENDING), [ON], CommandStatus.CONFIRMED, None, id="the report is the answer"
        ),
    ],
)
async def test_outcome(
    command: Command,
    polls: list[Progress | BackendError],
    looks: list[VehicleState | BackendError],
    status: CommandStatus,
    reason: Reason | None,
) -> None:
    vehicle = Vehicle(polls, looks)
    outcome = await vehicle.run(command)
    assert (outcome.status, outcome.reason) == (status, reason)
    assert vehicle.sent == [command]


async def test_a_report_is_awaited_for_minutes_with_few_questions() -> None:
    """What tells is read first, all there is once at the end of the command and once when the report is there."""
    battery = frozenset({Group.BATTERY, Group.CHARGING})
    old, new = (
        VehicleState(battery=Battery(backend="b", received_at=at, reported_at=at))
        for at in (EPOCH, EPOCH + timedelta(minutes=1))
    )
    vehicle = Vehicle(phases(Phase.DONE), [*[old] * 6, new])
    outcome = await vehicle.run(Refresh(), before=old)
    assert outcome.status is CommandStatus.CONFIRMED
    assert vehicle.looked_at == [battery, battery, frozenset(Group), *[battery] * 4, frozenset(Group)]

    vehicle = Vehicle(phases(Phase.DONE), [old])
    outcome = await vehicle.run(Refresh(), before=old)
    assert (outcome.status, outcome.reason) == (CommandStatus.TIMED_OUT, Reason.NOT_SEEN)
    assert timedelta(minutes=2) < outcome.ended_at - EPOCH < timedelta(minutes=5)
    assert len(vehicle.looked_at) < 12


async def test_others_do_not_wait_for_a_late_report() -> None:
    class Shared(Vehicle):
        @override
        async def sleep(self, seconds: float) -> None:
            await super().sleep(seconds)
            await others_have_run()

    vehicle = Shared(phases(Phase.DONE), [OFF])
    runner = vehicle.runner()
    ended: list[Command] = []
    runner._on_change = lambda job: ended.append(job.command) if job.stage is Stage.ENDED else None
    jobs = [runner.submit(command, SOMEBODY)[0] for command in (Refresh(), SoundHorn())]
    await gather(*map(runner.run, jobs))
    assert ended == [SoundHorn(), Refresh()]
    assert runner.idle


async def test_a_report_that_the_source_had_before_is_no_answer() -> None:
    """What is believed may be an hour old, and the vehicle may have spoken by itself since."""
    later = climate(running=True, minutes=60)
    vehicle = Vehicle(phases(Phase.DONE), [ON], clock=EPOCH + timedelta(hours=1))
    outcome = await vehicle.run(Refresh(), before=OFF)
    assert outcome.reason == Reason.NOT_SEEN

    vehicle = Vehicle(phases(Phase.DONE), [ON, later], clock=EPOCH + timedelta(hours=1))
    assert (await vehicle.run(Refresh(), before=OFF)).status is CommandStatus.CONFIRMED


async def test_a_source_that_does_not_answer_holds_no_refresh_up() -> None:
    class Slow(Vehicle):
        @override
        async def look(self, groups: Collection[Group], ticket: Ticket | None = None) -> VehicleState:
            if not self.sent:
                await Event().wait()
            return await super().look(groups, ticket)

    vehicle = Slow(phases(Phase.DONE), [climate(running=True, minutes=60)], clock=EPOCH + timedelta(hours=1))
    runner = vehicle.runner(timing=CommandTiming(read_before_sending=0.01))
    assert (await finish(runner, Refresh())).status is CommandStatus.CONFIRMED
    assert vehicle.sent == [Refresh()]


async def test_stale_state_is_no_proof_against_the_backend() -> None:
    """The climate was on before, so that it is on now does not show that a cancelled start was carried out."""
    outcome = await Vehicle(phases(Phase.UNCERTAIN), [ON]).run(StartClimate(22), before=ON)
    assert outcome.status is CommandStatus.REJECTED

    fresh = climate(running=True, minutes=2)
    outcome = await Vehicle(phases(Phase.UNCERTAIN), [fresh]).run(StartClimate(22), before=ON)
    assert outcome.status is CommandStatus.CONFIRMED


@pytest.mark.parametrize("phase", [Phase.TIMED_OUT, Phase.PENDING, Phase.UNCERTAIN, Phase.REJECTED])
async def test_a_report_from_before_is_no_proof_against_the_backend(phase: Phase) -> None:
    """The vehicle was started by somebody else half an hour ago, which was not read until now."""
    clock = EPOCH + timedelta(minutes=40)
    earlier, now = climate(running=True, minutes=10), climate(running=True, minutes=41)
    for seen, status in ((earlier, False), (now, True)):
        outcome = await Vehicle(phases(phase), [seen], clock=clock).run(StartClimate(21), before=OFF)
        assert (outcome.status is CommandStatus.CONFIRMED) is status


@pytest.mark.parametrize(
    ("refusal", "looks", "status", "reason"),
    [
        (NotSupported(), [ON], CommandStatus.REJECTED, "not_supported"),
        (RateLimited(), [ON], CommandStatus.REJECTED, "rate_limited"),
        (Unavailable(), [OFF], CommandStatus.TIMED_OUT, "unavailable"),
        (Unavailable(), [ON], CommandStatus.CONFIRMED, None),
    ],
)
async def test_a_command_that_is_not_accepted_is_not_sent_again(
    refusal: BackendError, looks: list[VehicleState | BackendError], status: CommandStatus, reason: str | None
) -> None:
    """A refusal is final; an answer that got lost may belong to a command that the vehicle has carried out."""
    vehicle = Vehicle(phases(Phase.DONE), looks, refuses=refusal)
    runner = vehicle.runner()
    job, _ = runner.submit(StartClimate(21), SOMEBODY)
    await runner.run(job)
    assert job.outcome is not None
    assert (job.outcome.status, job.outcome.reason) == (status, reason)
    assert job.error is (refusal if reason else None)
    assert len(vehicle.sent) == 1
    assert vehicle.asked == 0
    assert job.accepted.is_set()
    assert job.ended.is_set()


async def test_a_blocked_command_is_not_sent() -> None:
    vehicle = Vehicle(phases(Phase.DONE), [ON])
    outcome = await finish(vehicle.runner(refusal=Reason.BATTERY_LOW), StartClimate(21))
    assert (outcome.status, outcome.reason) == (CommandStatus.BLOCKED, Reason.BATTERY_LOW)
    assert outcome.sent_at is None
    assert vehicle.sent == []
    assert vehicle.wakes == []


@pytest.mark.parametrize("answers_for_it", [True, False])
async def test_what_is_so_already_is_not_sent_if_the_source_answers_for_it(answers_for_it: bool) -> None:
    vehicle = Vehicle(phases(Phase.DONE), [OFF], answers_for_it=answers_for_it)
    outcome = await finish(vehicle.runner(refusal=Reason.ALREADY_SO), StopClimate())
    assert outcome.status is CommandStatus.CONFIRMED
    assert (outcome.reason, outcome.sent_at) == ((Reason.ALREADY_SO, None) if answers_for_it else (None, EPOCH))
    assert vehicle.sent == vehicle.sent[: not answers_for_it]
    assert bool(vehicle.wakes) is not answers_for_it


async def test_who_is_asked_too_often_is_left_alone_as_long_as_it_asks() -> None:
    """A command that has been accepted goes on meanwhile, so its end is asked for when its time is over."""
    vehicle = Vehicle([Progress(Phase.PENDING), RateLimited(retry_after=30), Progress(Phase.DONE)], [ON])
    await vehicle.run(StartClimate(21))
    assert vehicle.asked == 3
    assert vehicle.clock - EPOCH >= timedelta(seconds=30)

    vehicle = Vehicle([RateLimited(retry_after=300)], [OFF])
    outcome = await vehicle.run(StartClimate(21))
    assert (outcome.status, outcome.reason) == (CommandStatus.TIMED_OUT, Reason.NO_ANSWER)
    assert vehicle.asked == 2
    assert vehicle.clock - EPOCH < timedelta(seconds=130)


async def test_stages() -> None:
    vehicle = Vehicle(phases(Phase.PENDING, Phase.DONE), [ON])
    await vehicle.run(StartClimate(21))
    leaves = Stage.SENDING  # which is told, too, because it is kept before
    assert vehicle.stages == [Stage.WAITING, Stage.SENDING, leaves, Stage.ACCEPTED, Stage.EXECUTED, Stage.ENDED]


async def test_a_wake_is_told_with_the_time_of_sending_not_of_asking() -> None:
    vehicle = Vehicle(phases(Phase.DONE), [ON])
    runner = vehicle.runner()
    first, _ = runner.submit(SoundHorn(), SOMEBODY)
    second, _ = runner.submit(StartClimate(21), SOMEBODY)
    await runner.run(first)
    await runner.run(second)
    assert first.sent_at == second.asked_at == EPOCH
    assert second.sent_at is not None
    assert second.sent_at > EPOCH
    assert vehicle.wakes == [first.sent_at, second.sent_at]


async def test_an_equal_command_joins_and_others_wait() -> None:
    vehicle = Vehicle(phases(Phase.DONE), [ON])
    runner = vehicle.runner()
    first, _ = runner.submit(StartClimate(21), SOMEBODY)
    again, new = runner.submit(StartClimate(21), SOMEBODY)
    other, _ = runner.submit(SoundHorn(), SOMEBODY)
    assert again is first
    assert not new
    assert runner.current is None

    await gather(runner.run(first), runner.run(other))
    assert vehicle.sent == [StartClimate(21), SoundHorn()]
    last, new = runner.submit(StartClimate(21), SOMEBODY)
    assert last is not first
    assert new


async def test_the_last_wish_counts() -> None:
    """On, off and on again leaves the climate on: the second start must not be taken for the first."""
    vehicle = Vehicle(phases(Phase.DONE), [ON])
    runner = vehicle.runner()
    wishes = (StartClimate(21), StopClimate(), StartClimate(21))
    jobs = [runner.submit(command, SOMEBODY) for command in wishes]
    assert [new for _, new in jobs] == [True, True, True]
    await gather(*(runner.run(job) for job, _ in jobs))
    assert vehicle.sent == [StartClimate(21)], "what was called off before it could leave wakes nobody"
    outcomes = [job.outcome for job, _ in jobs if job.outcome is not None]
    assert [each.reason for each in outcomes] == [Reason.SUPERSEDED, Reason.SUPERSEDED, None]
    assert [each.status for each in outcomes[:2]] == [CommandStatus.BLOCKED] * 2
    assert len(vehicle.wakes) == 1


async def test_the_runner_is_not_idle_before_all_has_ended() -> None:
    """As long as something is under way is no moment to decide on a wake."""
    vehicle = Vehicle(phases(Phase.DONE), [ON])
    seen: list[tuple[bool, bool]] = []

    def changed(job: Job) -> None:
        if job.stage is Stage.ENDED:
            seen.append((runner.current is None, runner.idle))

    runner = vehicle.runner()
    runner._on_change = changed
    assert runner.idle
    jobs = [runner.submit(command, SOMEBODY)[0] for command in (StartClimate(21), SoundHorn())]
    await gather(*map(runner.run, jobs))
    assert seen == [(False, False), (True, True)]


class Deaf(Vehicle):
    """A vehicle that ends nothing before it is told to."""

    def __init__(self, *looks: VehicleState) -> None:
        super().__init__(phases(Phase.PENDING), [*looks])
        self.goes_on = Event()

    @override
    async def sleep(self, seconds: float) -> None:
        await self.goes_on.wait()
        await super().sleep(seconds)


async def ask(vehicle: Vehicle, runner: CommandRunner, *commands: Command) -> list[Job]:
    """Ask for commands one after the other, each when what can be done about those before it is done."""
    jobs = []
    for command in commands:
        job, _ = runner.submit(command, SOMEBODY)
        vehicle.tasks.append(create_task(runner.run(job)))
        jobs.append(job)
        await others_have_run()
    return jobs


def ends(jobs: list[Job]) -> list[str | None]:
    return [job.outcome.reason if job.outcome else None for job in jobs]


async def test_what_has_been_accepted_holds_nothing_up() -> None:
    vehicle = Deaf(OFF)
    jobs = await ask(vehicle, vehicle.runner(), StartClimate(21), SoundHorn(), Unlock("1234"), StopClimate())
    assert vehicle.sent == [job.command for job in jobs]
    assert ends(jobs) == [None] * 4
    vehicle.goes_on.set()
    await gather(*vehicle.tasks)
    assert ends(jobs)[0] == Reason.SUPERSEDED


async def test_what_a_restart_has_left_holds_nothing_up_and_is_overruled() -> None:
    vehicle = Deaf(OFF)
    runner = vehicle.runner()
    left = Job(StartClimate(21), SOMEBODY, EPOCH, sent_at=EPOCH, ticket=Ticket("", EPOCH))
    runner.add(left)
    vehicle.tasks.append(create_task(runner.run(left)))
    await ask(vehicle, runner, StartClimate(21), StopClimate())
    assert vehicle.sent == [StartClimate(21), StopClimate()], "of what was left nobody knows whether it has arrived"
    vehicle.goes_on.set()
    await gather(*vehicle.tasks)
    assert ends([left]) == [Reason.SUPERSEDED]


async def test_of_what_concerns_the_same_the_earlier_arrives_first() -> None:
    answered = Event()

    class Slow(Deaf):
        @override
        async def send(self, command: Command, departure: Departure) -> Ticket:
            if command == Lock("1234"):  # which may take two requests, and the vehicle's answer to the first
                async with departure(answer_within=timedelta(minutes=1)):
                    pass
                await answered.wait()
            return await super().send(command, departure)

    vehicle = Slow(OFF)
    await ask(vehicle, vehicle.runner(), Lock("1234"), Unlock("1234"), SoundHorn())
    assert vehicle.sent == [SoundHorn()]
    answered.set()
    await others_have_run()
    vehicle.goes_on.set()
    await gather(*vehicle.tasks)
    assert vehicle.sent == [SoundHorn(), Lock("1234"), Unlock("1234")], "its PIN may be wrong"


@dataclass
class Proving(Deaf):
    """A vehicle that takes part in the proof of a PIN before it is unlocked."""

    def __init__(self, *looks: VehicleState, busy: bool = False) -> None:
        super().__init__(*looks)
        self.busy = busy
        self.proven = Event()

    @override
    async def send(self, command: Command, departure: Departure) -> Ticket:
        if isinstance(command, Unlock):
            async with departure(answer_within=timedelta(minutes=1)):
                pass
            await self.proven.wait()
        elif self.busy and not self.proven.is_set():
            async with departure():
                raise Busy
        return await super().send(command, departure)


@pytest.mark.parametrize("busy", [True, False])
async def test_doors_are_locked_in_place_of_being_unlocked(busy: bool) -> None:
    """However long the vehicle takes over the proof, and even if it does nothing else meanwhile."""
    vehicle = Proving(OFF, busy=busy)
    runner = vehicle.runner()
    unlock, lock = await ask(vehicle, runner, Unlock("1234"), Lock())
    assert vehicle.sent == ([] if busy else [Lock()])
    assert runner.pending == [Lock()]
    assert runner.current is (None if busy else lock)
    again, new = runner.submit(Lock(), SOMEBODY)
    assert again is lock
    assert not new
    vehicle.proven.set()
    await others_have_run()
    assert ends([unlock]) == [Reason.SUPERSEDED]
    assert vehicle.sent == [Lock()]
    vehicle.goes_on.set()
    await gather(*vehicle.tasks)
    assert len(vehicle.wakes) == (3 if busy else 2)
    assert runner.idle


async def test_what_is_called_off_is_not_joined() -> None:
    vehicle = Proving(OFF)
    runner = vehicle.runner()
    unlock, lock, again = await ask(vehicle, runner, Unlock("1234"), Lock(), Unlock("1234"))
    assert again is not unlock
    assert runner.submit(Unlock("1234"), SOMEBODY) == (again, False)
    vehicle.proven.set()
    await others_have_run()
    assert vehicle.sent == [Lock(), Unlock("1234")]
    vehicle.goes_on.set()
    await gather(*vehicle.tasks)
    assert lock.outcome is not None
    assert lock.outcome.reason == Reason.SUPERSEDED
    assert ends([unlock]) == [Reason.SUPERSEDED]


async def test_what_is_overruled_and_not_over_yet_is_not_joined() -> None:
    """The later one may have come to its end before."""
    vehicle = Deaf(OFF)
    runner = vehicle.runner()
    start, stop = await ask(vehicle, runner, StartClimate(21), StopClimate())
    assert runner.pending == [StopClimate()]
    runner._jobs.remove(stop)
    assert runner.pending == []
    again, new = runner.submit(StartClimate(21), SOMEBODY)
    assert new
    assert again is not start
    runner._jobs.append(stop)
    vehicle.goes_on.set()
    await gather(*vehicle.tasks)
    assert ends([start]) == [Reason.SUPERSEDED]


async def test_what_was_accepted_is_not_joined_across_the_opposite() -> None:
    """On, which has left, off, and on again before that could leave."""
    vehicle = Deaf(OFF)
    runner = vehicle.runner()
    (start,) = await ask(vehicle, runner, StartClimate(21))
    stop, _ = runner.submit(StopClimate(), SOMEBODY)
    again, new = runner.submit(StartClimate(21), SOMEBODY)
    assert new
    working = gather(runner.run(stop), runner.run(again))
    await others_have_run()
    vehicle.goes_on.set()
    await gather(working, *vehicle.tasks)
    assert vehicle.sent == [StartClimate(21), StartClimate(21)]
    assert ends([start, stop]) == [Reason.NO_ANSWER, Reason.SUPERSEDED]


async def test_what_would_be_refused_calls_nothing_off() -> None:
    vehicle = Deaf(OFF)
    runner = vehicle.runner()
    stop, _ = runner.submit(StopClimate(), SOMEBODY)
    runner._check = lambda command: Reason.BATTERY_LOW if isinstance(command, StartClimate) else None
    start, _ = runner.submit(StartClimate(21), SOMEBODY)
    working = gather(runner.run(stop), runner.run(start))
    await others_have_run()
    vehicle.goes_on.set()
    await working
    assert vehicle.sent == [StopClimate()]
    assert ends([start]) == [Reason.BATTERY_LOW]


async def test_an_answer_that_was_lost_holds_nothing_up() -> None:
    """What is looked at then may hang as well."""

    class Lost(Deaf):
        @override
        async def send(self, command: Command, departure: Departure) -> Ticket:
            self.refuses = Unavailable() if isinstance(command, StartClimate) else None
            return await super().send(command, departure)

        @override
        async def look(self, groups: Collection[Group], ticket: Ticket | None = None) -> VehicleState:
            await self.goes_on.wait()
            return ON

    vehicle = Lost(OFF)
    start, _ = await ask(vehicle, vehicle.runner(), StartClimate(21), StopClimate())
    assert vehicle.sent == [StartClimate(21), StopClimate()]
    vehicle.goes_on.set()
    await gather(*vehicle.tasks)
    assert start.outcome is not None
    assert start.outcome.status is CommandStatus.TIMED_OUT, "it may have been carried out, and then undone"


@pytest.mark.parametrize("restart", [True, False])
async def test_a_stop_is_not_seen_in_what_was_so_before_the_start(restart: bool) -> None:
    """The vehicle has told of neither yet, and the service is too quick in calling the second done."""
    vehicle = Deaf(OFF)
    vehicle.polls = phases(Phase.DONE)
    runner = vehicle.runner()
    if restart:
        jobs = [Job(each, SOMEBODY, EPOCH, sent_at=EPOCH, ticket=Ticket("1", EPOCH)) for each in (ON_OFF)]
        for job in jobs:
            runner.add(job)
            vehicle.tasks.append(create_task(runner.run(job)))
    else:
        jobs = await ask(vehicle, runner, *ON_OFF)
    vehicle.goes_on.set()
    await gather(*vehicle.tasks)
    assert ends(jobs) == [Reason.SUPERSEDED, Reason.NOT_SEEN]

    vehicle = Deaf(OFF, climate(running=False, minutes=1))
    vehicle.polls = phases(Phase.DONE)
    jobs = await ask(vehicle, vehicle.runner(), *ON_OFF)
    vehicle.goes_on.set()
    await gather(*vehicle.tasks)
    assert ends(jobs) == [Reason.SUPERSEDED, None]


ON_OFF = (StartClimate(21), StopClimate())


async def test_who_is_overruled_while_being_looked_at_is_not_confirmed() -> None:
    class Slow(Vehicle):
        @override
        async def look(self, groups: Collection[Group], ticket: Ticket | None = None) -> VehicleState:
            await others_have_run()
            return await super().look(groups, ticket)

    vehicle = Slow(phases(Phase.DONE), [ON, climate(running=False, minutes=2)])
    runner = vehicle.runner()
    start, _ = runner.submit(StartClimate(21), SOMEBODY)
    working: list[Task[None]] = []

    def changed(job: Job) -> None:
        if job is start and job.stage is Stage.EXECUTED:
            working.append(create_task(runner.run(runner.submit(StopClimate(), SOMEBODY)[0])))

    runner._on_change = changed
    await runner.run(start)
    stop = runner._jobs[0]
    await gather(*working)
    assert ends([start, stop]) == [Reason.SUPERSEDED, None]
    assert start.outcome is not None
    assert start.outcome.status is CommandStatus.REJECTED


async def test_who_keeps_one_command_only_is_not_sent_another_but_to_overrule_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(job_module, "SEND_WITHIN", timedelta(seconds=0.05))
    vehicle = Deaf(OFF)
    vehicle.keeps_one_command = True
    start, horn, stop = await ask(vehicle, vehicle.runner(), StartClimate(21), SoundHorn(), StopClimate())
    assert vehicle.sent == [StartClimate(21), StopClimate()]
    await horn.ended.wait()
    assert horn.outcome is not None
    assert (horn.outcome.status, horn.outcome.reason) == (CommandStatus.BLOCKED, "busy")
    assert horn.outcome.sent_at is None
    vehicle.goes_on.set()
    await gather(*vehicle.tasks)
    assert ends([start]) == [Reason.SUPERSEDED]
    assert stop.outcome is not None


async def test_who_keeps_one_command_only_gets_the_next_when_the_first_is_over() -> None:
    vehicle = Vehicle(phases(Phase.DONE), [ON], keeps_one_command=True)
    runner = vehicle.runner()
    horn, lights = await ask(vehicle, runner, SoundHorn(), FlashLights())
    await gather(*vehicle.tasks)
    assert vehicle.sent == [SoundHorn(), FlashLights()]
    assert ends([horn, lights]) == [None, None]


@given(st.integers(1, 60), st.integers(0, 60))
async def test_a_planned_start_is_not_sent_after_its_time(ahead: int, late: int) -> None:
    """Whatever has held it up: a queue, a log-in, a clock that was put forward."""

    class Late(Vehicle):
        @override
        async def send(self, command: Command, departure: Departure) -> Ticket:
            self.clock += timedelta(seconds=late)
            return await super().send(command, departure)

    vehicle = Late(phases(Phase.DONE), [VehicleState()])
    outcome = await vehicle.run(ScheduleClimate(at=EPOCH + timedelta(seconds=ahead)))
    in_time = late <= min(ahead, 30)
    assert bool(vehicle.sent) is in_time
    if not in_time:
        assert outcome.status is CommandStatus.BLOCKED
        assert outcome.reason == ("time_in_the_past" if late >= ahead else Reason.TOO_LATE)


async def test_what_is_refused_because_of_another_of_ours_is_sent_when_that_is_over() -> None:
    class OneAtATime(Vehicle):
        running = False

        @override
        async def send(self, command: Command, departure: Departure) -> Ticket:
            async with departure():
                if self.running:
                    raise Busy
                self.running = True
            return await super().send(command, departure)

        @override
        async def poll(self, ticket: Ticket) -> Progress:
            self.running = False
            return await super().poll(ticket)

        @override
        async def sleep(self, seconds: float) -> None:
            await super().sleep(seconds)
            await others_have_run()

    vehicle = OneAtATime(phases(Phase.DONE), [ON])
    jobs = await ask(vehicle, vehicle.runner(), SoundHorn(), FlashLights())
    await gather(*vehicle.tasks)
    assert ends(jobs) == [None, None]
    assert vehicle.sent == [SoundHorn(), FlashLights()]
    vehicle.running = True  # by somebody else's command
    (alone,) = await ask(vehicle, vehicle.runner(), StartClimate(21))
    assert alone.outcome is not None
    assert (alone.outcome.status, alone.outcome.reason) == (CommandStatus.REJECTED, "busy")


async def test_a_command_sent_before_a_restart_is_followed_and_not_sent() -> None:
    vehicle = Vehicle(phases(Phase.DONE), [ON])
    runner = vehicle.runner()
    job = Job(StartClimate(21), SOMEBODY, EPOCH, sent_at=EPOCH, ticket=Ticket("1", EPOCH))
    runner.add(job)
    await runner.run(job)
    assert job.outcome is not None
    assert job.outcome.status is CommandStatus.CONFIRMED
    assert vehicle.sent == []
    assert vehicle.wakes == []


async def test_after_a_long_restart_the_backend_is_still_asked_once() -> None:
    vehicle = Vehicle(phases(Phase.DONE), [ON], clock=EPOCH + timedelta(days=1))
    runner = vehicle.runner()
    job = Job(StartClimate(21), SOMEBODY, EPOCH, sent_at=EPOCH, ticket=Ticket("1", EPOCH))
    runner.add(job)
    await runner.run(job)
    assert vehicle.asked == 1
    assert job.outcome is not None
    assert job.outcome.status is CommandStatus.CONFIRMED


async def test_who_waits_is_told_when_a_command_is_given_up() -> None:
    class Stuck(Vehicle):
        @override
        async def sleep(self, seconds: float) -> None:
            await Event().wait()

    runner = Stuck(phases(Phase.DONE), [ON]).runner()
    job, _ = runner.submit(StartClimate(21), SOMEBODY)
    working = create_task(runner.run(job))
    await job.accepted.wait()
    working.cancel()
    await job.ended.wait()
    assert job.outcome is None
    assert runner.current is None


async def test_who_waits_is_told_whatever_happens_to_those_who_are_told_first() -> None:
    vehicle = Vehicle(phases(Phase.DONE), [ON])
    runner = vehicle.runner()

    def changed(job: Job) -> None:
        if job.stage is Stage.ENDED:
            raise LookupError("a listener that is broken")

    runner._on_change = changed
    job, _ = runner.submit(StartClimate(), SOMEBODY)
    with pytest.raises(LookupError):
        await runner.run(job)
    assert job.ended.is_set()
    assert runner.idle


async def test_the_code_of_a_rejection_is_kept() -> None:
    outcome = await Vehicle([Progress(Phase.REJECTED, "12")], [OFF]).run(StartClimate())
    assert outcome.code == "12"


async def test_the_backends_own_reason_says_more() -> None:
    told = Progress(Phase.REJECTED, "12", Reason.SUPERSEDED)
    outcome = await Vehicle([told], [OFF]).run(StartClimate())
    assert (outcome.status, outcome.reason) == (CommandStatus.REJECTED, Reason.SUPERSEDED)
    outcome = await Vehicle([told], [ON]).run(StartClimate())
    assert (outcome.status, outcome.reason) == (CommandStatus.CONFIRMED, None)


async def test_a_wrong_pin_is_wrong_whatever_the_vehicle_shows() -> None:
    told = Progress(Phase.REJECTED, "12", Reason.WRONG_PIN)
    outcome = await Vehicle([told], [ON]).run(StartClimate())
    assert (outcome.status, outcome.reason, outcome.code) == (CommandStatus.REJECTED, Reason.WRONG_PIN, "12")


answers = st.sampled_from([*map(Progress, Phase), Unavailable()])
sights = st.sampled_from([OFF, ON, VehicleState(), Unavailable()])


@given(st.lists(answers, min_size=1), st.lists(sights, min_size=1))
async def test_every_command_is_sent_once_and_ends_in_time(
    polls: list[Progress | BackendError], looks: list[VehicleState | BackendError]
) -> None:
    vehicle = Vehicle(polls, looks)
    outcome = await vehicle.run(StartClimate(21))
    timing = TIMING
    assert len(vehicle.sent) == 1
    longest = timing.limit + timing.longest_pause + timing.between_reads * timing.reads
    assert outcome.ended_at - EPOCH <= timedelta(seconds=longest)
    assert (outcome.reason is None) is (outcome.status is CommandStatus.CONFIRMED)


@pytest.mark.parametrize("own_time", range(3, 120, 7))
async def test_the_end_is_known_within_three_seconds(own_time: int) -> None:
    vehicle = Vehicle([], [ON])

    async def poll(ticket: Ticket) -> Progress:
        return Progress(Phase.DONE if vehicle.clock >= EPOCH + timedelta(seconds=own_time) else Phase.PENDING)

    vehicle.poll = poll  # type: ignore[method-assign]
    outcome = await vehicle.run(StartClimate(21))
    assert outcome.ended_at - EPOCH <= timedelta(seconds=own_time + 3)


async def test_what_nobody_waits_for_is_asked_for_less_often() -> None:
    asked = []
    for asker in (SOMEBODY, Initiator(kind="option")):
        vehicle = Vehicle(phases(Phase.PENDING), [OFF])
        outcome = await finish(vehicle.runner(), Refresh(), asker)
        assert outcome.status is CommandStatus.TIMED_OUT
        asked.append(vehicle.asked)
    assert asked[1] < asked[0] / 2


async def test_a_wrong_pin_that_is_overruled_is_still_found_out() -> None:
    """Or guesses that overrule each other would count for nothing."""
    vehicle = Deaf(OFF)
    vehicle.polls = [Progress(Phase.REJECTED, "12", Reason.WRONG_PIN)]
    jobs = await ask(vehicle, vehicle.runner(), Unlock("0000"), Lock("0001"))
    vehicle.goes_on.set()
    await gather(*vehicle.tasks)
    assert vehicle.sent == [Unlock("0000"), Lock("0001")]
    assert ends(jobs) == [Reason.WRONG_PIN] * 2
