"""Several vehicles on one connection: no more than its limit, at the least cost, and nobody is left out."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise, permutations
from typing import Any

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.nissanconnect.engine.charge_plan import (
    ChargePlan,
    ChargeTask,
    Period,
    PlanReason,
    PlanStatus,
    PriceSlot,
)
from custom_components.nissanconnect.engine.charge_planner import plan_charge
from custom_components.nissanconnect.engine.charge_sharing import share

from .test_charge_planner import DAY, at, hourly, task, times

LIMIT = 7.0


def most(plans: Sequence[ChargePlan]) -> float:
    """How much is drawn at most by several."""
    blocks = [(which, block) for which, plan in enumerate(plans) for block in plan.blocks]
    edges = sorted({edge for _, block in blocks for edge in (block.start, block.end)})
    drawn = [0.0]
    for start, _ in pairwise(edges):
        on = {which: block.power for which, block in blocks if block.start <= start < block.end}
        drawn.append(sum(on.values()) if len(on) > 1 else 0)
    return max(drawn)


def cost(plans: Sequence[ChargePlan]) -> float:
    return sum(plan.cost or 0 for plan in plans)


def test_who_does_not_disturb_the_others_keeps_its_own_plan() -> None:
    tasks = [task(power=3.0), task(power=4.0, target=50.0)]
    assert share(tasks, DAY, LIMIT) == [plan_charge(each, DAY) for each in tasks]


@pytest.mark.parametrize("count", [1, 2, 3])
def test_all_keep_clear_of_what_others_have_planned_by_other_prices(count: int) -> None:
    """Each would fit beside each of the others, but not beside two of them."""
    others = [plan_charge(task(power=3.0, target=50.0), DAY) for _ in range(2)]
    taken = [Period(block.start, block.end, block.power) for plan in others for block in plan.blocks]
    plans = share([task(power=3.0, target=50.0)] * count, DAY, LIMIT, taken)
    assert all(plan.status is PlanStatus.PLANNED for plan in plans)
    assert 0 < most([*plans, *others]) <= LIMIT


def test_two_take_the_cheapest_hours_between_them() -> None:
    plans = share([task(), task(target=50.0)], DAY, LIMIT)
    assert most(plans) <= LIMIT
    assert cost(plans) == pytest.approx(5 * (0.10 + 0.12 + 0.20))
    assert [plan.reason for plan in plans] == [PlanReason.CHEAPEST] * 2


def test_the_more_powerful_gets_the_cheaper_hour() -> None:
    plans = share([task(target=50.0), task(target=50.0, power=10.0, capacity=100.0)], DAY, LIMIT)
    assert [times(plan) for plan in plans] == [[(5, 6)], [(3, 4)]]


def test_each_keeps_to_its_own_time() -> None:
    plans = share([task(ready_by=at(4), target=50.0), task(target=50.0, earliest=at(3))], DAY, LIMIT)
    assert [times(plan) for plan in plans] == [[(3, 4)], [(5, 6)]]


def test_the_minimum_comes_first() -> None:
    plans = share([task(level=50.0, ready_by=at(3)), task(level=10.0, target=30.0, minimum_level=20.0)], DAY, LIMIT)
    assert times(plans[1])[0] == (0, 1)
    assert most(plans) <= LIMIT
    assert all(plan.missing == 0 for plan in plans)


def test_the_minimum_comes_first_even_if_the_other_would_save_more() -> None:
    slots = hourly(0.01, *[0.30] * 11)
    eager, low = task(target=50.0, power=7.0, capacity=70.0), task(level=10.0, target=20.0, minimum_level=20.0)
    assert times(share([eager], slots, LIMIT)[0]) == [(0, 1)]
    plans = share([eager, low], slots, LIMIT)
    assert [times(plan) for plan in plans] == [[(1, 2)], [(0, 1)]]


def test_nobody_is_left_out_if_there_is_not_enough_time_for_both() -> None:
    plans = share([task(ready_by=at(3)), task(ready_by=at(3))], DAY, LIMIT)
    assert PlanStatus.TOO_LATE in [plan.status for plan in plans]
    assert sum(plan.missing for plan in plans) == pytest.approx(10)
    assert [plan.level for plan in plans] == [60, 60]
    assert most(plans) <= LIMIT


def test_the_faster_goes_first_if_neither_can_be_ready_in_time() -> None:
    slow, fast = (task(level=0, target=30, capacity=50.0, power=power, ready_by=at(2)) for power in (3.0, 5.0))
    for tasks in ([slow, fast], [fast, slow]):
        assert sorted(plan.missing for plan in share(tasks, DAY, LIMIT)) == pytest.approx([10, 30])


def test_who_is_late_anyway_does_not_make_the_other_late() -> None:
    fast = task(level=0, target=30, capacity=50.0, power=5.0, ready_by=at(5))
    slow = task(level=0, target=30, capacity=50.0, power=3.0, ready_by=at(2))
    for tasks in ([fast, slow], [slow, fast]):
        plans = sorted(share(tasks, DAY, LIMIT), key=lambda plan: plan.missing)
        assert [times(plan) for plan in plans] == [[(2, 5)], [(0, 2), (5, 8)]]
        assert [plan.missing for plan in plans] == pytest.approx([0, 18])


def test_a_block_that_has_begun_goes_on_unless_that_makes_the_other_late() -> None:
    half = timedelta(minutes=30)
    begun = task(level=0, target=30, capacity=50.0, power=7.0, shortest=half, charging_since=at(-0.25))
    free = task(level=6, target=30, capacity=50.0, power=3.0)
    plans = share([begun, free], hourly(0.10, 0.10, 0.10, 0.10, 0.10, 0.11), LIMIT)
    assert most(plans) <= LIMIT
    assert times(plans[0])[0][0] == 0

    hurried = task(level=33, target=51, capacity=50.0, power=5.0, ready_by=at(2))
    plans = share([begun, hurried], hourly(*[0.10] * 6), LIMIT)
    assert most(plans) <= LIMIT
    assert [plan.missing for plan in plans] == [0, 0]


def test_a_vehicle_that_draws_more_than_the_limit_charges_alone() -> None:
    plans = share([task(power=11.0), task(power=3.0, target=50.0)], DAY, LIMIT)
    assert most(plans) == 0
    assert all(plan.blocks for plan in plans)


def test_unknown_prices_are_shared_too() -> None:
    plans = share([task(), task()], [], LIMIT)
    assert most(plans) <= LIMIT
    assert [plan.energy for plan in plans] == pytest.approx([10, 10])


@st.composite
def tasks(draw: st.DrawFn, size: int = 2) -> list[ChargeTask]:
    """Some that want some of the next hours, some of which have begun."""
    found: list[ChargeTask] = []
    for _ in range(size):
        changed: dict[str, Any] = {
            "level": float(draw(st.integers(0, 50))),
            "target": float(draw(st.integers(30, 70))),
            "power": draw(st.sampled_from([3.0, 5.0, 5.0, 7.0])),
            "ready_by": draw(st.none() | st.sampled_from([at(2), at(5), at(8), at(12)])),
            "earliest": draw(st.none() | st.just(at(1))),
            "minimum_level": draw(st.sampled_from([0.0, 0.0, 0.0, 20.0])),
            "starts": draw(st.none() | st.integers(1, 3)),
            "shortest": timedelta(minutes=draw(st.sampled_from([0, 0, 30]))),
            "charging_since": draw(st.none() | st.just(at(-0.25))),
        }
        found.append(task(**changed))
    return found


prices = st.lists(st.integers(-5, 40).map(lambda cents: cents / 100), min_size=6, max_size=12).map(
    lambda each: hourly(*each)
)


@given(st.integers(1, 4).flatmap(tasks), prices)
@settings(max_examples=60, deadline=None)
def test_the_limit_holds_and_nobody_is_left_out(tasks: list[ChargeTask], prices: list[PriceSlot]) -> None:
    plans = share(tasks, prices, LIMIT)
    assert most(plans) <= LIMIT
    for each, plan in zip(tasks, plans, strict=True):
        alone = plan_charge(each, prices)
        assert plan.level >= alone.level - 0.1
        if alone.status is PlanStatus.TOO_LATE:
            assert plan.missing >= alone.missing - 0.1


@given(tasks(), prices)
@settings(max_examples=60, deadline=None)
def test_no_order_is_better(tasks: list[ChargeTask], prices: list[PriceSlot]) -> None:
    plans = share(tasks, prices, LIMIT)
    for first, second in permutations(range(2)):
        one = plan_charge(tasks[first], prices)
        taken = tuple(Period(block.start, block.end) for block in one.blocks)
        clash = tasks[first].power + tasks[second].power > LIMIT
        other = plan_charge(replace(tasks[second], forbidden=taken if clash else ()), prices)
        if most([one, other]) > LIMIT:
            continue
        missing, less = sum(plan.missing for plan in plans), one.missing + other.missing
        assert missing <= less + 1e-3 or any(each.minimum_level for each in tasks)
        if PlanStatus.TOO_LATE in (one.status, other.status):
            continue  # it charges at once, whatever that costs
        if missing >= less - 1e-3 and cost([one, other]) < cost(plans) - 1e-6:
            assert sum(plan.level for plan in plans) > one.level + other.level + 1e-3 or any(
                PlanReason.WITHOUT_LIMITS in (plan.reason, alone.reason) or alone.cost is None or each.minimum_level
                for each, plan, alone in zip(tasks, plans, (one, other), strict=True)
            )
