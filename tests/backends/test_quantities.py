"""Numbers out of bounds, and how the others are rounded."""

from math import inf, nan

from hypothesis import given, strategies as st
import pytest

from custom_components.nissanconnect.backends import mapping as quantities
from custom_components.nissanconnect.backends.mapping import Plausible, place, position

from .conftest import NOW

ALL = [each for each in vars(quantities).values() if isinstance(each, Plausible)]


@given(st.sampled_from(ALL), st.floats() | st.integers() | st.sampled_from([10**400, nan, inf, -inf]) | st.none())
def test_a_number_is_possible_and_rounded_once_or_none(quantity: Plausible, value: float | None) -> None:
    found = quantity.of(value)
    if found is None:
        assert value is None or not quantity.low <= value <= quantity.high or value in quantity.never
        return
    assert value is not None
    assert isinstance(found, float)
    assert abs(found - value) <= 0.51 * 10**-quantity.digits
    assert quantity.of(found) == found or quantity.low > found
    assert len(repr(found).partition(".")[2]) <= max(quantity.digits, 1) or "e" in repr(found)


@pytest.mark.parametrize("value", [-40, 255, -273.15])
def test_no_temperature(value: float) -> None:
    assert quantities.TEMPERATURE.of(value) is None


def test_a_place_is_one_with_a_fix() -> None:
    assert place(0, 0) is None
    assert place(91, 10) is None
    assert place(50, None) is None
    assert place(0, 10.123456789) == (0, 10.123457)


def test_a_heading_is_below_a_full_turn() -> None:
    found = position({"backend": "any", "received_at": NOW, "reported_at": None}, 50, 10, 360)
    assert found is not None
    assert found.heading == 0
