"""The traction battery."""

from hypothesis import given, strategies as st
import pytest

from tests.simulator.cars.battery import BatterySpec, TractionBattery

from .build import battery

amounts = st.lists(st.floats(-30, 30), max_size=30)


@given(amounts)
def test_what_went_in_less_what_came_out_is_in_it(amounts: list[float]) -> None:
    cell = battery(50)
    before, net = cell.energy, 0.0
    for amount in amounts:
        net += cell.store(amount) if amount > 0 else -cell.draw(-amount)
        assert 0 <= cell.level <= 100 + 1e-9
    assert cell.energy == pytest.approx(before + net, abs=1e-9)


def test_an_old_battery_holds_less() -> None:
    old = TractionBattery(spec=BatterySpec(capacity=40, health=90), energy=18, temperature=20)

    assert old.usable == 36
    assert old.level == 50


@given(st.floats(0, 100), st.floats(0, 100))
def test_a_fuller_battery_never_takes_more(one: float, other: float) -> None:
    cell = battery()

    assert cell.acceptance(max(one, other)) <= cell.acceptance(min(one, other))


def test_it_takes_full_power_up_to_the_taper_and_little_at_the_end() -> None:
    cell = battery(temperature=20)

    assert cell.acceptance(10) == cell.acceptance(60) == 46
    assert cell.acceptance(80) == pytest.approx(23)
    assert 0 < cell.acceptance(100) < 1


@pytest.mark.parametrize("temperature", [-15, 0, 55])
def test_it_takes_less_when_cold_or_hot(temperature: float) -> None:
    assert battery(temperature=temperature).acceptance(50) < battery(temperature=20).acceptance(50)


def test_losses_warm_it_and_the_air_cools_it() -> None:
    cell = battery(temperature=10)
    cell.warm(outside=10, seconds=1, heat=0.9)
    assert cell.temperature == pytest.approx(20, abs=0.01)

    cell.warm(outside=10, seconds=10 * 3600, heat=0)
    assert cell.temperature == pytest.approx(10 + 10 / 2.71828, abs=0.01)
