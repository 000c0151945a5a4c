"""The cabin."""

from hypothesis import given, strategies as st
import pytest

from tests.simulator.cars.cabin import COEFFICIENT, FAN, HEAT_CAPACITY, LEAK, Cabin

temperatures = st.floats(-20, 40)


@given(temperatures, temperatures)
def test_left_alone_it_takes_on_the_temperature_outside(start: float, outside: float) -> None:
    cabin = Cabin(start)

    assert cabin.let(outside, 24 * 3600, None) == 0
    assert cabin.temperature == pytest.approx(outside, abs=0.01)


@given(temperatures, temperatures, st.lists(st.floats(1, 900), min_size=2, max_size=6))
def test_an_idle_hour_in_pieces_is_an_hour(start: float, outside: float, pieces: list[float]) -> None:
    whole, cut = Cabin(start), Cabin(start)
    whole.let(outside, sum(pieces), None)
    for piece in pieces:
        cut.let(outside, piece, None)

    assert cut.temperature == pytest.approx(whole.temperature, abs=1e-9)


@given(temperatures, temperatures, st.floats(16, 26), st.floats(1, 600))
def test_heat_is_conserved(start: float, outside: float, target: float, seconds: float) -> None:
    """What the cabin gained is what was moved in less what leaked out; the leak lies between its two ends."""
    cabin = Cabin(start)
    electric = cabin.let(outside, seconds, target)
    moved = (electric - FAN) * COEFFICIENT * seconds / 3600
    gained = (cabin.temperature - start) * HEAT_CAPACITY
    least, most = sorted(LEAK * (end - outside) * seconds / 3600 for end in (start, cabin.temperature))

    heated, cooled = moved - gained, -moved - gained
    assert any(least - 1e-9 <= leaked <= most + 1e-9 for leaked in (heated, cooled))


@pytest.mark.parametrize(("outside", "target"), [(-5, 21), (33, 22)])
def test_climate_reaches_the_target_and_then_only_holds_it(outside: float, target: float) -> None:
    cabin = Cabin(outside)
    first = cabin.let(outside, 60, target)
    for _ in range(30):
        last = cabin.let(outside, 60, target)

    assert cabin.temperature == pytest.approx(target)
    assert last == pytest.approx(LEAK * abs(target - outside) / COEFFICIENT + FAN)
    assert first > 1.3 * last
