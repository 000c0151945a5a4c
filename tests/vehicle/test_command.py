"""What shows that a command was carried out."""

from datetime import UTC, datetime, time, timedelta

import pytest

from custom_components.nissanconnect.vehicle import (
    COMMANDS,
    Battery,
    Body,
    CancelClimateSchedule,
    ChargeMode,
    ChargeSchedule,
    Charging,
    ChargingStatus,
    Climate,
    Command,
    FlashLights,
    Fuel,
    Group,
    Lock,
    Position,
    Refresh,
    ScheduleClimate,
    Schedules,
    SetChargeLimit,
    SetChargeSchedule,
    SoundHorn,
    StartCharging,
    StartClimate,
    StartEngine,
    StopCharging,
    StopClimate,
    StopEngine,
    StopSignals,
    Unlock,
    VehicleState,
)

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
AT = NOW + timedelta(hours=3)
NOTHING = VehicleState()
NIGHT = ChargeSchedule(time(23), time(6))


def climate(running: bool | None = None, next_start_at: datetime | None = None) -> VehicleState:
    return VehicleState(climate=Climate(backend="b", received_at=NOW, running=running, next_start_at=next_start_at))


def charging(status: ChargingStatus | None = None, limit: float | None = None) -> VehicleState:
    return VehicleState(charging=Charging(backend="b", received_at=NOW, status=status, limit=limit))


def body(locked: bool | None) -> VehicleState:
    return VehicleState(body=Body(backend="b", received_at=NOW, locked=locked))


def schedules(mode: ChargeMode | None) -> VehicleState:
    return VehicleState(schedules=Schedules(backend="b", received_at=NOW, charge_mode=mode))


@pytest.mark.parametrize(
    ("command", "state", "seen"),
    [
        (StartClimate(21), climate(running=True), True),
        (StartClimate(21), climate(running=False), False),
        (StartClimate(21), climate(), None),
        (StopClimate(), climate(running=False), True),
        (StopClimate(), climate(running=True), False),
        (StopClimate(), climate(), None),
        (ScheduleClimate(at=AT, target=21), climate(next_start_at=AT - timedelta(seconds=59)), True),
        (ScheduleClimate(at=AT, target=21), climate(next_start_at=AT + timedelta(hours=1)), False),
        (ScheduleClimate(at=AT, target=21), climate(), None),
        (CancelClimateSchedule(), climate(next_start_at=AT), None),
        (StartCharging(), charging(ChargingStatus.CHARGING), True),
        (StartCharging(), charging(ChargingStatus.WAITING_FOR_POWER), False),
        (StopCharging(), charging(ChargingStatus.FINISHED), True),
        (StopCharging(), charging(ChargingStatus.CHARGING), False),
        (StopCharging(), charging(), None),
        (SetChargeLimit(80), charging(limit=80), True),
        (SetChargeLimit(80), charging(limit=90), False),
        (SetChargeLimit(80), charging(), None),
        (SetChargeSchedule(NIGHT), schedules(ChargeMode.SCHEDULED), None),
        (SetChargeSchedule(NIGHT), schedules(ChargeMode.ALWAYS), False),
        (SetChargeSchedule(NIGHT), schedules(None), None),
        (SetChargeSchedule(), schedules(ChargeMode.ALWAYS), True),
        (SetChargeSchedule(), schedules(ChargeMode.SCHEDULED), False),
        (Lock(), body(locked=True), True),
        (Lock(), body(locked=None), None),
        (Unlock(), body(locked=False), True),
        (Unlock(), body(locked=True), False),
        (Unlock(), body(locked=None), None),
        (StartEngine(), body(locked=True), None),
        (FlashLights(), NOTHING, None),
    ],
)
def test_seen_in(command: Command, state: VehicleState, seen: bool | None) -> None:
    assert command.seen_in(state, NOTHING) is seen
    assert command.seen_in(NOTHING, NOTHING) is None


def reported(
    battery: datetime | None = None,
    position: datetime | None = None,
    body: datetime | None = None,
    fuel: datetime | None = None,
) -> VehicleState:
    """A state in which the vehicle has told its parts at some times; a part without one is not there."""
    return VehicleState.of(
        Battery(backend="b", received_at=AT, reported_at=battery) if battery else None,
        Position(backend="b", received_at=AT, reported_at=position, latitude=1, longitude=2) if position else None,
        Body(backend="b", received_at=AT, reported_at=body) if body else None,
        Fuel(backend="b", received_at=AT, reported_at=fuel, range=400) if fuel else None,
    )


@pytest.mark.parametrize(
    ("group", "before", "after", "seen"),
    [
        (None, reported(battery=NOW), reported(battery=AT), True),
        (None, reported(battery=NOW), reported(battery=NOW), False),
        (None, reported(battery=AT), reported(battery=NOW), False),
        (None, reported(battery=NOW), NOTHING, False),
        (None, NOTHING, reported(battery=NOW), True),
        (None, reported(battery=NOW, position=NOW), reported(battery=NOW, position=AT), False),
        (None, reported(battery=NOW, body=NOW), reported(battery=NOW, body=AT), False),
        (None, reported(position=NOW, body=NOW), reported(position=AT, body=NOW), False),
        (None, reported(body=NOW), reported(body=AT), True),
        (None, reported(position=NOW), reported(position=AT), True),
        (None, reported(position=NOW, fuel=NOW), reported(position=AT, fuel=NOW), True),
        (None, reported(body=NOW, fuel=NOW), reported(body=NOW, fuel=AT), False),
        (Group.POSITION, reported(battery=NOW, position=NOW), reported(battery=AT, position=NOW), False),
        (Group.POSITION, reported(battery=NOW, position=NOW), reported(battery=NOW, position=AT), True),
        (Group.CHARGING, reported(battery=NOW), reported(battery=AT), True),
        (None, charging(), charging(), None),
        (Group.CLIMATE, reported(battery=NOW), reported(battery=AT), None),
    ],
)
def test_a_refresh_is_seen_when_the_vehicle_has_told_anew_what_was_asked_for(
    group: Group | None, before: VehicleState, after: VehicleState, seen: bool | None
) -> None:
    assert Refresh(group).seen_in(after, before) is seen


def test_a_start_that_is_still_planned_was_not_cancelled() -> None:
    planned, other = climate(next_start_at=AT), climate(next_start_at=AT + timedelta(hours=1))
    assert CancelClimateSchedule().seen_in(planned, planned) is False
    assert CancelClimateSchedule().seen_in(climate(), planned) is True
    assert CancelClimateSchedule().seen_in(other, planned) is True
    assert CancelClimateSchedule().seen_in(climate(), climate()) is None
    late = VehicleState(climate=Climate(backend="b", received_at=AT, running=True))
    assert CancelClimateSchedule().seen_in(late, planned) is None, "it has begun, or is over"


OVERRULES: list[tuple[Command, Command]] = [
    (StopClimate(), StartClimate(21)),
    (StartClimate(21), StopClimate()),
    (StartCharging(), StopCharging()),
    (StopCharging(), StartCharging()),
    (Lock(), Unlock("1234")),
    (Unlock("1234"), Lock()),
    (CancelClimateSchedule(), ScheduleClimate(at=AT)),
    (ScheduleClimate(at=AT), CancelClimateSchedule()),
    (ScheduleClimate(at=AT), ScheduleClimate(at=AT + timedelta(hours=1))),
    (SetChargeLimit(80), SetChargeLimit(70)),
    (SetChargeSchedule(NIGHT), SetChargeSchedule()),
    (SetChargeSchedule(), SetChargeSchedule(NIGHT)),
    (StopSignals(), SoundHorn()),
    (StopSignals(), FlashLights()),
    (StartEngine(), StopEngine()),
    (StopEngine(), StartEngine()),
]
"""What undoes what."""


@pytest.mark.parametrize(("later", "earlier"), OVERRULES)
def test_what_is_undone_is_overruled_and_arrives_first(later: Command, earlier: Command) -> None:
    assert later.supersedes(earlier)
    assert later.concerns_same(earlier)
    assert earlier.concerns_same(later)
    assert later.cancels_unsent(earlier) is not isinstance(later, Unlock)


def test_nothing_else_is_overruled() -> None:
    some: list[Command] = [*{each: None for pair in OVERRULES for each in pair}, Refresh()]
    kinds = {(type(later), type(earlier)) for later, earlier in OVERRULES}
    for later in some:
        for earlier in some:
            if (type(later), type(earlier)) not in kinds:
                assert not later.supersedes(earlier), (later, earlier)
        assert not later.supersedes(later)


def test_names() -> None:
    assert ScheduleClimate(at=AT).kind() == "schedule_climate"
    assert Lock.kind() == "lock"


def test_a_pin_does_not_print_itself() -> None:
    assert "4711" not in repr(Lock(pin="4711")) + repr(Unlock(pin="4711"))


def kinds(of: type[Command]) -> set[type[Command]]:
    """Return what can be asked: commands that are no more than what others have in common do not count."""
    found = {kind for kind in of.__subclasses__() if kind.__module__ == Command.__module__}
    return set().union(*map(kinds, found)) if found else {of}


def test_every_command_is_listed_once() -> None:
    assert set(COMMANDS) == kinds(Command)
    assert len({command.kind() for command in COMMANDS}) == len(COMMANDS)


@pytest.mark.parametrize(
    ("begin", "end", "hours"), [(time(1), time(6), 5), (time(23, 30), time(6), 6.5), (time(7), time(7), 24)]
)
def test_hours_of_charging_reach_past_midnight(begin: time, end: time, hours: float) -> None:
    assert ChargeSchedule(begin, end).duration == timedelta(hours=hours)
