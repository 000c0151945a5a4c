"""Values that move to and fro and are shown so that they do not."""

from datetime import UTC, datetime, timedelta

from hypothesis import given, strategies as st
import pytest

from custom_components.nissanconnect.engine.debounce import Held, InSteps, TimeInSteps

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
numbers = st.floats(-1e6, 1e6)


@given(st.lists(numbers, min_size=1))
def test_a_number_in_steps_is_never_a_step_away_and_always_a_multiple(values: list[float]) -> None:
    steps = InSteps(5)
    for value in values:
        shown = steps.after(value, NOW)
        assert shown is not None
        assert shown % 5 == 0
        assert abs(shown - value) < 5
        assert steps.after(value, NOW) == shown, "asking again changes nothing"


@given(numbers, st.lists(st.floats(-1.2, 1.2)))
def test_a_number_that_moves_to_and_fro_stays(middle: float, offsets: list[float]) -> None:
    steps = InSteps(5)
    shown = {steps.after(middle + offset, NOW) for offset in offsets}
    assert len(shown) <= 1


def test_zero_is_zero_and_nothing_is_nothing() -> None:
    steps = InSteps(5)
    assert [steps.after(value, NOW) for value in (7, 4, 1, 0, None, 4)] == [5, 5, 5, 0, None, 5]


def test_a_time_in_steps() -> None:
    steps = TimeInSteps(5 * MINUTE)
    told = [34, 35, 36, 34, 38, 41, 39, 36]
    assert [steps.after(NOW + minute * MINUTE, NOW) for minute in told] == [
        NOW + minute * MINUTE for minute in (35, 35, 35, 35, 35, 40, 40, 40)
    ]
    assert steps.after(None, NOW) is None


@pytest.mark.parametrize("turns", [2, 7])
def test_who_takes_turns_is_not_shown(turns: int) -> None:
    held = Held(15 * MINUTE)
    names = ["one", *["other"] * (turns - 1)] * 10
    assert {held.after(name, NOW + count * MINUTE) for count, name in enumerate(names)} == {"one"}


def test_who_has_been_right_for_long_is_shown() -> None:
    held = Held(15 * MINUTE)
    assert held.after("one", NOW) == "one"
    shown = [held.after("other", NOW + minute * MINUTE) for minute in range(1, 20)]
    assert shown == ["one"] * 14 + ["other"] * 5
    assert held.after(None, NOW + 20 * MINUTE) is None
    assert held.after("one", NOW + 20 * MINUTE) == "one"
    assert held.after("other", NOW) == "other", "the clock was set back"
