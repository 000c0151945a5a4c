"""When a vehicle need not be woken because it is so already."""

from datetime import datetime, timedelta

from hypothesis import given, strategies as st
import pytest

from custom_components.nissanconnect.engine.preconditions import is_settled
from custom_components.nissanconnect.vehicle import (
    COMMANDS,
    Charging,
    ChargingStatus,
    Climate,
    Command,
    CommandOutcome,
    CommandRecord,
    CommandStatus,
    Initiator,
    SetChargeLimit,
    StartCharging,
    StartClimate,
    StopCharging,
    StopClimate,
    VehicleState,
)

from .strategies import EPOCH, states
from .test_preconditions import EVERY_COMMAND

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
NOW = timedelta()


def climate(*, running: bool, next_start_at: datetime | None = None) -> VehicleState:
    return VehicleState(climate=Climate(backend="b", received_at=EPOCH, running=running, next_start_at=next_start_at))


def charging(status: ChargingStatus, *, plugged_in: bool = True, limit: float = 80) -> VehicleState:
    return VehicleState(
        charging=Charging(backend="b", received_at=EPOCH, status=status, plugged_in=plugged_in, limit=limit)
    )


def settled_by(
    command: Command, state: VehicleState, age: timedelta = timedelta(), past: tuple[CommandRecord, ...] = ()
) -> bool:
    """Whether a state that was reported at the epoch, so long ago, makes a command needless."""
    return is_settled(command, state, past, reported_at=EPOCH, now=EPOCH + age)


def record(command: str, status: CommandStatus, minutes: float, *, sent: bool = True) -> CommandRecord:
    """A command that was sent some minutes after the report, and took one."""
    at = EPOCH + minutes * MINUTE
    outcome = CommandOutcome(status=status, sent_at=at if sent else None, ended_at=at + MINUTE)
    return CommandRecord(command=command, asked_at=at, asked_by=Initiator(kind="user"), backend="b", outcome=outcome)


OFF, ON = climate(running=False), climate(running=True)
IDLE = charging(ChargingStatus.NOT_CHARGING)
UNPLUGGED = charging(ChargingStatus.NOT_CHARGING, plugged_in=False)
WAITING = charging(ChargingStatus.WAITING_FOR_SCHEDULE)
CHARGES = charging(ChargingStatus.CHARGING)


@pytest.mark.parametrize(
    ("command", "state", "age", "settled"),
    [
        (StopClimate(), OFF, 23 * HOUR, True),
        (StopClimate(), OFF, 25 * HOUR, False),
        (StopClimate(), ON, NOW, False),
        (StopClimate(), VehicleState(), NOW, False),
        (StopClimate(), climate(running=False, next_start_at=EPOCH + HOUR), 2 * HOUR, False),
        (StopClimate(), climate(running=False, next_start_at=EPOCH + 3 * HOUR), 2 * HOUR, True),
        (StartClimate(21), ON, NOW, False),
        (StopCharging(), IDLE, NOW, True),
        (StopCharging(), IDLE, 20 * MINUTE, False),
        (StopCharging(), UNPLUGGED, 20 * MINUTE, True),
        (StopCharging(), UNPLUGGED, 2 * HOUR, False),
        (StopCharging(), WAITING, NOW, False),
        (StopCharging(), CHARGES, NOW, False),
        (StartCharging(), CHARGES, NOW, True),
        (StartCharging(), CHARGES, 20 * MINUTE, False),
        (StartCharging(), WAITING, NOW, False),
        (SetChargeLimit(80), IDLE, 30 * MINUTE, True),
        (SetChargeLimit(80), IDLE, 2 * HOUR, False),
        (SetChargeLimit(70), IDLE, NOW, False),
    ],
)
def test_what_the_vehicle_has_reported(command: Command, state: VehicleState, age: timedelta, settled: bool) -> None:
    assert settled_by(command, state, age) is settled


@pytest.mark.parametrize(
    ("past", "settled"),
    [
        (record("start_climate", CommandStatus.CONFIRMED, minutes=-30), True),
        (record("start_climate", CommandStatus.CONFIRMED, minutes=1), False),
        (record("start_climate", CommandStatus.TIMED_OUT, minutes=-30), True),
        (record("start_climate", CommandStatus.TIMED_OUT, minutes=-5), False),
        (record("start_climate", CommandStatus.REJECTED, minutes=-5), False),
        (record("start_climate", CommandStatus.BLOCKED, minutes=-5, sent=False), True),
        (record("stop_climate", CommandStatus.CONFIRMED, minutes=-0.5), True),
        (record("start_charging", CommandStatus.CONFIRMED, minutes=5), True),
        (record("refresh", CommandStatus.TIMED_OUT, minutes=-5), True),
    ],
)
def test_the_report_must_be_later_than_what_could_have_changed_it(past: CommandRecord, settled: bool) -> None:
    assert settled_by(StopClimate(), OFF, HOUR, (past,)) is settled


SAFE = {SetChargeLimit, StartCharging, StopCharging, StopClimate}


@given(st.sampled_from([command for command in EVERY_COMMAND if type(command) not in SAFE]), states)
def test_everything_else_is_always_sent(command: Command, state: VehicleState) -> None:
    assert set(COMMANDS) > SAFE
    assert not settled_by(command, state)
