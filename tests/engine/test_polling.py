"""When to read again."""

from datetime import timedelta

from hypothesis import given, strategies as st
import pytest

from custom_components.nissanconnect.engine.polling import Pace
from custom_components.nissanconnect.vehicle import Charging, ChargingStatus, Climate, VehicleState

from .strategies import EPOCH, states

CHARGING = VehicleState(charging=Charging(backend="b", received_at=EPOCH, status=ChargingStatus.CHARGING))
HEATING = VehicleState(climate=Climate(backend="b", received_at=EPOCH, running=True))


@pytest.mark.parametrize(
    ("state", "situation", "minutes"),
    [
        (VehicleState(), {}, 10),
        (CHARGING, {}, 5),
        (HEATING, {}, 5),
        (VehicleState(), {"watching": 10}, 1),
        (CHARGING, {"watching": 1}, 1),
        (CHARGING, {"failures": 1}, 5),
        (VehicleState(), {"failures": 2}, 10),
        (VehicleState(), {"failures": 4}, 40),
        (VehicleState(), {"failures": 5}, 60),
        (VehicleState(), {"failures": 10_000, "watching": 3}, 60),
        (VehicleState(), {"retry_after": 60}, 10),
        (VehicleState(), {"retry_after": 7200}, 120),
        (VehicleState(), {"retry_after": 7200, "failures": 1}, 120),
    ],
)
def test_pace(state: VehicleState, situation: dict[str, int], minutes: int) -> None:
    assert Pace().next_read(state, **situation) == timedelta(minutes=minutes)


@given(states, st.integers(0, 50), st.integers(0, 50), st.none() | st.floats(0, 1e6))
def test_never_faster_than_a_minute_and_never_against_the_backend(
    state: VehicleState, watching: int, failures: int, retry_after: float | None
) -> None:
    wait = Pace().next_read(state, watching=watching, failures=failures, retry_after=retry_after)
    assert wait >= timedelta(minutes=1)
    assert wait >= timedelta(seconds=retry_after or 0)


@given(st.integers(1, 500))
def test_failing_again_never_shortens_the_wait(failures: int) -> None:
    pace = Pace()
    assert pace.next_read(VehicleState(), failures=failures + 1) >= pace.next_read(VehicleState(), failures=failures)
