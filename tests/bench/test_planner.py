"""What plans for charging are compared with, and the prices for that."""

import pytest

from script.bench_measures.planner import (
    ALL_LIMITS,
    RIVALS,
    Limits,
    case,
    cheapest_hours,
    cheapest_quarters,
    cheapest_window,
    cost,
    curve,
    linear,
)

QUARTER = 900
PRICES = [4.0, 1.0, 3.0, 2.0, 9.0, 9.0, 9.0, 9.0]


def test_54_of_200_curves_have_negative_prices_and_ten_are_flat() -> None:
    curves = [curve(number, 96) for number in range(200)]
    assert sum(min(each) < 0 for each in curves) == 54
    assert sum(len(set(each)) == 1 for each in curves) == 10
    assert curves == [curve(number, 96) for number in range(200)]


def test_a_charge_seldom_is_a_number_of_whole_quarters() -> None:
    assert sum(case(number, 96).seconds % QUARTER == 0 for number in range(200)) < 30


def test_what_a_plan_costs() -> None:
    assert cost([10.0, 20.0], [(450, 1350)]) == pytest.approx((10 * 0.125 + 20 * 0.125) * 7.4)


def test_simple_rules_stop_when_the_level_is_reached_and_the_linear_programme_cuts_the_dearest() -> None:
    assert cheapest_quarters(PRICES, 2000) == [(900, 2900)]
    assert cheapest_hours(PRICES, 2000) == [(0, 2000)]
    assert cheapest_window(PRICES, 2000) == [(900, 2900)]
    assert linear(PRICES, 2000) == [(900, 2000), (2700, 3600)]


@pytest.mark.parametrize("plan", RIVALS.values(), ids=RIVALS.keys())
def test_every_rival_charges_for_as_long_as_it_has_to(plan: object) -> None:
    assert callable(plan)
    for number in range(20):
        each = case(number, 96)
        spans = plan(each.prices, each.seconds)
        assert sum(end - start for start, end in spans) == each.seconds
        assert each.cost(linear(each.prices, each.seconds)) <= each.cost(spans) + 1e-6


@pytest.mark.parametrize("limits", ALL_LIMITS, ids=lambda limits: limits.name)
def test_what_is_planned_keeps_to_the_limits(limits: Limits) -> None:
    each = case(3, 96)
    spans = limits.plan(each.prices, each.seconds)
    assert sum(end - start for start, end in spans) == each.seconds
    assert not limits.broken(spans)


def test_limits_are_broken_by_too_many_starts_and_by_short_blocks() -> None:
    spans = [(0, 900), (1800, 4000)]
    assert Limits(starts=1, shortest=1).broken(spans)
    assert Limits(starts=None, shortest=2).broken(spans)
    assert not Limits(starts=2, shortest=1).broken(spans)
    assert not Limits(starts=1, shortest=4).broken(spans[:1]), "a single block may be as short as it has to be"
