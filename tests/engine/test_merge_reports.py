"""How the reports of one source become what it says."""

from dataclasses import replace
from datetime import timedelta

from hypothesis import given, strategies as st

from custom_components.nissanconnect.engine.merge import ODOMETER_DOUBT, accumulate
from custom_components.nissanconnect.vehicle import Battery, Group, Odometer, Position, Privacy, VehicleState

from .strategies import EPOCH, states


def battery(level: float, hours: float) -> VehicleState:
    """A state that knows one battery level."""
    return VehicleState(battery=Battery(backend="b", received_at=EPOCH + timedelta(hours=hours), level=level))


def odometer(distance: float | None, hours: float) -> VehicleState:
    """A state that knows one odometer reading."""
    return VehicleState(odometer=Odometer(backend="b", received_at=EPOCH + timedelta(hours=hours), distance=distance))


@given(states, states)
def test_order_does_not_matter(one: VehicleState, other: VehicleState) -> None:
    assert accumulate(one, other) == accumulate(other, one)


@given(states, states)
def test_hearing_it_twice_changes_nothing(one: VehicleState, other: VehicleState) -> None:
    merged = accumulate(one, other)
    assert accumulate(merged, other) == merged
    assert accumulate(merged, merged) == merged


@given(states, states)
def test_nothing_is_lost_but_a_position_in_privacy_mode(one: VehicleState, other: VehicleState) -> None:
    merged = accumulate(one, other)
    hidden = {Group.POSITION} if merged.privacy and merged.privacy.active else set()
    assert merged.groups().keys() == (one.groups().keys() | other.groups().keys()) - hidden


@given(states, states)
def test_time_does_not_run_backwards(one: VehicleState, other: VehicleState) -> None:
    """Only an odometer may keep an older reading, and only one of more kilometres; or the report itself is newer."""
    for group, value in accumulate(one, other).groups().items():
        newest = max((s.groups()[group] for s in (one, other) if group in s.groups()), key=lambda g: g.received_at)
        overtaken = value.reported_at and newest.reported_at and newest.reported_at < value.reported_at
        assert (
            value.received_at == newest.received_at
            or overtaken
            or (
                isinstance(value, Odometer)
                and isinstance(newest, Odometer)
                and value.distance is not None
                and newest.distance is not None
                and value.distance > newest.distance
            )
        )


def test_a_parked_vehicle_s_odometer_has_the_time_of_its_last_reading() -> None:
    assert accumulate(odometer(5, 0), odometer(5, 1)) == odometer(5, 1)


@given(states, states)
def test_a_driver_who_wants_privacy_gets_it(one: VehicleState, other: VehicleState) -> None:
    merged = accumulate(one, other)
    assert not (merged.privacy and merged.privacy.active and merged.position)


def test_the_newest_word_counts() -> None:
    merged = accumulate(battery(50, hours=1), battery(40, hours=2))
    assert merged.battery is not None
    assert merged.battery.level == 40


def reported(level: float, reported: float, received: float) -> VehicleState:
    """A state that knows one battery level, with minutes for when it was reported and received."""
    at, received_at = EPOCH + timedelta(minutes=reported), EPOCH + timedelta(minutes=received)
    return VehicleState(battery=Battery(backend="b", received_at=received_at, reported_at=at, level=level))


def test_a_server_that_lags_changes_nothing() -> None:
    """Each second read is answered by one that has not heard of the newest report yet."""
    known = reported(40, 60, 60)
    for minute in range(61, 600, 10):
        known = accumulate(known, reported(60, 0, minute))
        assert known.battery is not None
        assert known.battery.level == 40
        known = accumulate(known, reported(40, 60, minute + 5))


def test_a_clock_that_was_put_right_is_believed_after_a_while() -> None:
    known = reported(40, 24 * 60, 60)
    for minute in range(61, 119):
        known = accumulate(known, reported(30, minute, minute))
        assert known.battery is not None
        assert known.battery.level == 40
    known = accumulate(known, reported(30, 120, 120))
    assert known.battery is not None
    assert known.battery.level == 30


def test_a_group_is_replaced_as_a_whole() -> None:
    """A value that the newest report leaves out is unknown now, not what it once was."""
    old = VehicleState(battery=Battery(backend="b", received_at=EPOCH, level=50, temperature=20))
    merged = accumulate(old, battery(49, hours=1))
    assert merged.battery is not None
    assert merged.battery.temperature is None


def test_position_comes_back_only_by_a_new_report() -> None:
    position = Position(backend="b", received_at=EPOCH, latitude=1, longitude=2)
    private = Privacy(backend="b", received_at=EPOCH + timedelta(hours=1), active=True)
    hidden = accumulate(VehicleState(position=position), VehicleState(privacy=private))
    assert hidden.position is None

    public = replace(private, received_at=EPOCH + timedelta(hours=2), active=False)
    assert accumulate(hidden, VehicleState(privacy=public)).position is None


@given(st.integers(0, 24 * 60 - 1), st.floats(0, 1e6), st.floats(0, 1e6))
def test_odometer_does_not_fall_within_a_day(minutes: int, first: float, second: float) -> None:
    merged = accumulate(odometer(first, 0), odometer(second, minutes / 60))
    assert merged.odometer is not None
    assert merged.odometer.distance == max(first, second)


def test_odometer_is_believed_when_it_stays_low() -> None:
    """A repaired instrument cluster really shows less."""
    state = odometer(90_000, 0)
    for hours in range(1, 26):
        state = accumulate(state, odometer(10, hours))
    assert state.odometer is not None
    assert state.odometer.distance == 10
    assert timedelta(days=1) == ODOMETER_DOUBT


def test_an_odometer_that_says_nothing_is_no_fall() -> None:
    assert accumulate(odometer(5, 0), odometer(None, 1)) == odometer(None, 1)
