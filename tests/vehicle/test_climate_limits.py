"""The target temperatures that a vehicle accepts."""

from hypothesis import given, strategies as st
import pytest

from custom_components.nissanconnect.vehicle import ClimateLimits

STEPS = st.sampled_from([0.1, 0.5, 1.0])


@given(STEPS, st.floats(-50, 80))
def test_the_nearest_is_accepted_and_its_own_nearest(step: float, target: float) -> None:
    limits = ClimateLimits(16, 26, step)
    nearest = limits.nearest(target)
    assert limits.minimum <= nearest <= limits.maximum
    assert limits.nearest(nearest) == nearest
    assert nearest / step == pytest.approx(round(nearest / step))
    if limits.minimum <= target <= limits.maximum:
        assert abs(nearest - target) <= step / 2 + 1e-9
