"""What several parts say of one group becomes one word."""

from datetime import UTC, datetime, timedelta

from hypothesis import given, strategies as st

from custom_components.nissanconnect.backends.mynissan.joining import Joiner
from custom_components.nissanconnect.backends.mynissan.values import stamp
from custom_components.nissanconnect.vehicle import Battery, Charging, Climate, Position, VehicleState

NOW = datetime(2026, 11, 20, 18, 30, tzinfo=UTC)
LATER = NOW + timedelta(minutes=10)

levels = st.none() | st.integers(0, 100).map(float)


def battery(level: float | None, range: float | None = None, at: datetime = NOW) -> VehicleState:
    return VehicleState(battery=Battery(**stamp(at), level=level, range=range))


def test_parts_complete_each_other() -> None:
    joiner = Joiner()
    joiner.hear("v", "status", VehicleState(charging=Charging(**stamp(NOW), plugged_in=True)), lasting=True)
    joiner.hear("v", "limit", VehicleState(charging=Charging(**stamp(NOW), limit=80)), lasting=False)
    assert joiner.take("v").charging == Charging(**stamp(NOW), plugged_in=True, limit=80)

    joiner.hear("v", "status", VehicleState(charging=Charging(**stamp(LATER), plugged_in=False)), lasting=True)
    assert joiner.take("v").charging == Charging(**stamp(LATER), plugged_in=False, limit=80)


def test_what_was_taken_is_not_told_again() -> None:
    joiner = Joiner()
    joiner.hear("v", "status", battery(50), lasting=True)
    assert joiner.take("v").battery is not None
    assert joiner.take("v") == VehicleState()


def test_vehicles_are_not_mixed_up() -> None:
    joiner = Joiner()
    joiner.hear("v", "status", battery(50), lasting=True)
    joiner.hear("w", "status", battery(None, 200), lasting=True)
    assert joiner.take("w").battery == Battery(**stamp(NOW), range=200)


def test_a_start_that_was_called_off_is_gone() -> None:
    joiner = Joiner()
    running = VehicleState(climate=Climate(**stamp(NOW), running=False))
    joiner.hear("v", "status", running, lasting=True)
    joiner.hear("v", "start", VehicleState(climate=Climate(**stamp(NOW), next_start_at=LATER)), lasting=False)
    assert joiner.take("v").climate == Climate(**stamp(NOW), running=False, next_start_at=LATER)
    joiner.hear("v", "start", VehicleState(climate=Climate(**stamp(LATER))), lasting=False)
    assert joiner.take("v").climate == Climate(**stamp(LATER), running=False)


def test_the_vehicles_newest_word_counts() -> None:
    """A position that came with a command is newer than what the service keeps."""
    joiner = Joiner()
    found = Position(**stamp(LATER, LATER), latitude=1, longitude=1)
    kept = Position(**stamp(LATER, NOW), latitude=2, longitude=2)
    joiner.hear("v", "command", VehicleState(position=found), lasting=False)
    joiner.hear("v", "location", VehicleState(position=kept), lasting=False)
    assert joiner.take("v").position == found

    driven = Position(**stamp(LATER, LATER + timedelta(minutes=5)), latitude=3, longitude=3)
    joiner.hear("v", "location", VehicleState(position=driven), lasting=False)
    assert joiner.take("v").position == driven


@given(st.lists(st.tuples(levels, levels), min_size=1, max_size=6))
def test_the_last_known_value_stays(words: list[tuple[float | None, float | None]]) -> None:
    joiner = Joiner()
    for index, (level, range_) in enumerate(words):
        joiner.hear("v", "status", battery(level, range_, NOW + timedelta(minutes=index)), lasting=True)
    found = joiner.take("v").battery
    last = [next((word[i] for word in reversed(words) if word[i] is not None), None) for i in (0, 1)]
    assert (found.level if found else None, found.range if found else None) == tuple(last)
