"""How commands are followed to their end."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from hypothesis import given, strategies as st
import pytest

from custom_components.nissanconnect.engine.runner import Patience, run
from custom_components.nissanconnect.vehicle import (
    BackendError,
    Climate,
    Command,
    CommandOutcome,
    CommandStatus,
    Phase,
    Progress,
    Reason,
    Refresh,
    SoundHorn,
    StartClimate,
    StopClimate,
    Ticket,
    Unavailable,
    VehicleState,
)

from .strategies import EPOCH


def climate(running: bool | None, minutes: float = 0) -> VehicleState:
    """A state whose climate group the vehicle reported at some minute."""
    at = EPOCH + timedelta(minutes=minutes)
    return VehicleState(climate=Climate(backend="b", received_at=at, reported_at=at, running=running))


OFF, ON = climate(running=False), climate(running=True, minutes=1)


@dataclass
class Vehicle:
    """A scripted vehicle: what it answers to each poll and each look; the last answer is repeated."""

    polls: list[Progress | BackendError]
    looks: list[VehicleState | BackendError]
    refuses: BackendError | None = None
    clock: datetime = EPOCH
    sent: list[Command] = field(default_factory=list)
    asked: int = 0

    async def send(self, command: Command) -> Ticket:
        self.sent.append(command)
        if self.refuses:
            raise self.refuses
        return Ticket("1", self.clock)

    async def poll(self, ticket: Ticket) -> Progress:
        self.asked += 1
        return self._answer(self.polls)

    async def look(self, command: Command) -> VehicleState:
        return self._answer(self.looks)

    async def sleep(self, seconds: float) -> None:
        self.clock += timedelta(seconds=seconds)

    @staticmethod
    def _answer[T](script: list[T | BackendError]) -> T:
        answer = script.pop(0) if len(script) > 1 else script[0]
        if isinstance(answer, BackendError):
            raise answer
        return answer

    async def run(self, command: Command, before: VehicleState = OFF) -> CommandOutcome:
        return await run(command, self, before, now=lambda: self.clock, sleep=self.sleep)


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
        pytest.param(Refresh(), phases(Phase.DONE), [OFF], CommandStatus.CONFIRMED, None, id="nothing new to report"),
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


async def test_stale_state_is_no_proof_against_the_backend() -> None:
    """The climate was on before, so that it is on now does not show that a cancelled start was carried out."""
    outcome = await Vehicle(phases(Phase.UNCERTAIN), [ON]).run(StartClimate(22), before=ON)
    assert outcome.status is CommandStatus.REJECTED

    fresh = climate(running=True, minutes=2)
    outcome = await Vehicle(phases(Phase.UNCERTAIN), [fresh]).run(StartClimate(22), before=ON)
    assert outcome.status is CommandStatus.CONFIRMED


async def test_a_command_that_is_not_accepted_is_the_callers_to_explain() -> None:
    vehicle = Vehicle(phases(Phase.DONE), [OFF], refuses=Unavailable())
    with pytest.raises(Unavailable):
        await vehicle.run(StopClimate())
    assert len(vehicle.sent) == 1
    assert vehicle.asked == 0


async def test_the_code_of_a_rejection_is_kept() -> None:
    outcome = await Vehicle([Progress(Phase.REJECTED, "12")], [OFF]).run(StartClimate())
    assert outcome.code == "12"


async def test_the_backends_own_reason_says_more() -> None:
    told = Progress(Phase.REJECTED, "12", Reason.WRONG_PIN)
    outcome = await Vehicle([told], [OFF]).run(StartClimate())
    assert (outcome.status, outcome.reason) == (CommandStatus.REJECTED, Reason.WRONG_PIN)
    outcome = await Vehicle([told], [ON]).run(StartClimate())
    assert (outcome.status, outcome.reason) == (CommandStatus.CONFIRMED, None)


answers = st.sampled_from([*map(Progress, Phase), Unavailable()])
sights = st.sampled_from([OFF, ON, VehicleState(), Unavailable()])


@given(st.lists(answers, min_size=1), st.lists(sights, min_size=1))
async def test_every_command_is_sent_once_and_ends_in_time(
    polls: list[Progress | BackendError], looks: list[VehicleState | BackendError]
) -> None:
    vehicle = Vehicle(polls, looks)
    outcome = await vehicle.run(StartClimate(21))
    patience = Patience()
    assert len(vehicle.sent) == 1
    longest = patience.limit + patience.longest * (1 + patience.looks)
    assert outcome.ended_at - EPOCH <= timedelta(seconds=longest)
    assert (outcome.reason is None) is (outcome.status is CommandStatus.CONFIRMED)
