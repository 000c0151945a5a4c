"""When a vehicle charges: cheaply, in time, and when in doubt."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from math import inf, nan
from typing import Any
from zoneinfo import ZoneInfo

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

NOON = datetime(2026, 11, 18, 12, tzinfo=UTC)
QUARTER = timedelta(minutes=15)


def at(hours: float) -> datetime:
    """So many hours after noon."""
    return NOON + timedelta(hours=hours)


def task(**changed: Any) -> ChargeTask:
    """Charge 10 kWh into the battery, which takes two hours."""
    wanted: dict[str, Any] = {"now": NOON, "level": 40.0, "target": 60.0, "capacity": 50.0, "power": 5.0}
    return ChargeTask(**wanted | {"efficiency": 1.0, "overhead": 0.0, "ready_by": at(12)} | changed)


def hourly(*prices: float | None, start: float = 0) -> list[PriceSlot]:
    """Prices by the hour; those that are ``None`` are not known."""
    return [
        PriceSlot(at(start + hour), at(start + hour + 1), price)
        for hour, price in enumerate(prices)
        if price is not None
    ]


def times(plan: ChargePlan) -> list[tuple[float, float]]:
    """When the current flows, in hours after noon."""
    return [((each.start - NOON) / timedelta(hours=1), (each.end - NOON) / timedelta(hours=1)) for each in plan.blocks]


DAY = hourly(0.30, 0.25, 0.20, 0.10, 0.28, 0.12, 0.35, 0.30, 0.22, 0.21, 0.26, 0.27)


def test_the_cheapest_hours() -> None:
    plan = plan_charge(task(), DAY)
    assert (plan.status, plan.reason) == (PlanStatus.PLANNED, PlanReason.CHEAPEST)
    assert times(plan) == [(3, 4), (5, 6)]
    assert plan.energy == pytest.approx(10)
    assert plan.cost == pytest.approx(5 * 0.10 + 5 * 0.12)
    assert plan.cost_at_once == pytest.approx(5 * 0.30 + 5 * 0.25)
    assert plan.level == 60


def test_one_start_is_one_block() -> None:
    assert times(plan_charge(task(starts=1), DAY)) == [(2, 4)]


def test_the_dearest_quarter_is_cut() -> None:
    assert times(plan_charge(task(target=55.0, starts=1), DAY)) == [(2.5, 4)]


def test_losses_take_longer() -> None:
    assert task(efficiency=0.9, overhead=0.5).seconds(40, 60) == 9000
    assert task().seconds(90, 100) > task().seconds(80, 90)


def test_what_is_charged_already() -> None:
    plan = plan_charge(task(level=60.0), DAY)
    assert (plan.status, plan.blocks) == (PlanStatus.NOT_NEEDED, ())


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"capacity": None}, PlanReason.CAPACITY_UNKNOWN),
        ({"capacity": 0.0}, PlanReason.CAPACITY_UNKNOWN),
        ({"power": 0.0}, PlanReason.NO_POWER),
        ({"capacity": nan}, PlanReason.CAPACITY_UNKNOWN),
        ({"capacity": -40.0}, PlanReason.CAPACITY_UNKNOWN),
        ({"power": nan}, PlanReason.NO_POWER),
        ({"overhead": 6.0}, PlanReason.NO_POWER),
        ({"overhead": 5.0 - 1e-9}, PlanReason.NO_POWER),
        ({"level": nan}, PlanReason.LEVEL_UNKNOWN),
    ],
)
def test_what_cannot_be_planned(changed: dict[str, Any], reason: PlanReason) -> None:
    plan = plan_charge(task(**changed), DAY)
    assert (plan.status, plan.reason, plan.blocks) == (PlanStatus.CANNOT, reason, ())


def test_the_minimum_comes_first_at_any_price() -> None:
    plan = plan_charge(task(level=10.0, target=30.0, minimum_level=20.0, highest_price=0.15, ready_by=at(8)), DAY)
    assert times(plan) == [(0, 1), (3, 4)]
    assert plan.status is PlanStatus.CHARGING


def test_too_late_is_at_once_and_beyond() -> None:
    plan = plan_charge(task(ready_by=at(1.5)), DAY)
    assert (plan.status, plan.reason) == (PlanStatus.TOO_LATE, PlanReason.NOT_ENOUGH_TIME)
    assert times(plan) == [(0, 2)]
    assert plan.missing == pytest.approx(5)


def test_a_time_that_has_passed() -> None:
    plan = plan_charge(task(ready_by=at(-1)), DAY)
    assert (plan.status, plan.reason) == (PlanStatus.TOO_LATE, PlanReason.READY_BY_PASSED)
    assert plan.missing == pytest.approx(20)


def test_prices_that_overlap_or_mean_nothing() -> None:
    """Of several prices for a time the last to begin holds, and after it again the one that lasts longer."""
    odd = [
        *DAY[:3],
        PriceSlot(at(3), at(12), 0.30),
        PriceSlot(at(4), at(5), 0.05),
        PriceSlot(at(4), at(5), 0.05),
        PriceSlot(at(6), at(6), 0.01),
        PriceSlot(at(7), at(6), 0.01),
        PriceSlot(at(8), at(9), nan),
        PriceSlot(at(9), at(10), -inf),
    ]
    assert plan_charge(task(), odd) == plan_charge(task(), odd[::-1])
    assert times(plan_charge(task(), odd)) == [(2, 3), (4, 5)]
    assert plan_charge(task(level=0.0, target=95.0), odd).cost == pytest.approx(5 * (0.05 + 0.20 + 0.25 + 6.5 * 0.30))


@pytest.mark.parametrize("target", [150.0, inf, nan])
def test_more_than_full_is_full(target: float) -> None:
    plan = plan_charge(task(level=90.0, target=target), DAY)
    assert plan.level == 100
    assert plan.energy == pytest.approx(task().seconds(90, 100) / 3600 * 5)


def test_ready_before_it_may_begin_is_at_once() -> None:
    plan = plan_charge(task(ready_by=at(3), earliest=at(4)), DAY)
    assert (plan.status, times(plan)) == (PlanStatus.TOO_LATE, [(0, 2)])


@pytest.mark.parametrize("ready_by", [None, at(12)])
def test_if_all_is_forbidden_it_charges_afterwards(ready_by: datetime | None) -> None:
    plan = plan_charge(task(ready_by=ready_by, forbidden=(Period(at(-1), at(13)),)), DAY)
    assert times(plan) == [(13, 15)]
    assert plan.missing == (20 if ready_by else 0)


def test_at_once_is_not_when_it_is_forbidden() -> None:
    plan = plan_charge(task(forbidden=(Period(at(0), at(1)), Period(at(2), at(3)))), DAY)
    assert plan.cost_at_once == pytest.approx(5 * 0.25 + 5 * 0.10)


def test_too_late_is_said_of_what_is_charged_at_once() -> None:
    plan = plan_charge(task(ready_by=at(1), minimum_level=60.0), DAY)
    assert (plan.status, times(plan), plan.missing) == (PlanStatus.TOO_LATE, [(0.0, 2.0)], 10.0)


def test_what_is_missing_close_to_full() -> None:
    """An hour and twenty minutes for the last 5 %, of which twenty minutes are left."""
    wanted = task(level=90.0, target=100.0, capacity=100.0, ready_by=at(2))
    assert wanted.seconds(90, 100) == 8400
    assert plan_charge(wanted, DAY).missing == pytest.approx(5 * 20 / 80)
    assert plan_charge(replace(wanted, ready_by=at(4), highest_price=0.2), DAY).level == pytest.approx(95 + 5 * 60 / 80)


def test_the_block_up_to_the_minimum_is_long_enough() -> None:
    plan = plan_charge(task(minimum_level=41.0, shortest=timedelta(hours=1)), DAY)
    assert times(plan) == [(0, 1), (3, 4)]


def test_what_is_forbidden_ends_a_block_however_short_it_is() -> None:
    wanted = task(charging_since=NOON, shortest=timedelta(hours=1), forbidden=(Period(at(0.5), at(2)),))
    assert times(plan_charge(wanted, DAY)) == [(0, 0.5), (2.5, 4)]


def test_a_shortest_block_of_no_whole_quarters() -> None:
    """Two blocks of twenty minutes, each with a cheap quarter in it."""
    quarters = [
        PriceSlot(NOON + i * QUARTER, NOON + (i + 1) * QUARTER, 0.1 if i in (4, 12) else 0.3) for i in range(24)
    ]
    plan = plan_charge(task(target=46.0 + 2 / 3, shortest=timedelta(minutes=20)), quarters)
    assert [block.end - block.start for block in plan.blocks] == [timedelta(minutes=20)] * 2
    assert plan.cost == pytest.approx(5 * (1 / 2 * 0.1 + 1 / 6 * 0.3))


def test_a_night_in_which_an_hour_comes_twice() -> None:
    """Local times are compared by when they are, not by what the clock shows."""
    zone = ZoneInfo("Europe/Berlin")
    first, second = (datetime(2026, 10, 25, 2, 30, tzinfo=zone, fold=fold) for fold in (0, 1))
    wanted = task(now=first, ready_by=datetime(2026, 10, 25, 9, tzinfo=zone))
    plan = plan_charge(replace(wanted, forbidden=(Period(first, second.replace(minute=15)),)), [])
    assert plan.blocks
    plan = plan_charge(replace(wanted, minimum_level=100.0, forbidden=(Period(first, second.replace(minute=15)),)), [])
    assert plan.blocks[0].start == second.replace(minute=15).astimezone(UTC)
    held = replace(wanted, now=second, charging_since=first, shortest=timedelta(minutes=90))
    assert plan_charge(held, []).blocks[0].end == second.astimezone(UTC) + timedelta(minutes=30)


def test_the_minimum_waits_for_what_is_forbidden() -> None:
    plan = plan_charge(task(level=10.0, target=30.0, minimum_level=20.0, forbidden=(Period(at(0.5), at(1)),)), DAY)
    assert times(plan)[:2] == [(0, 0.5), (1, 1.5)]


def test_periods_without_length_or_sense_mean_nothing() -> None:
    solar = (Period(at(7), at(7), 4.0), Period(at(8), at(9), nan), Period(at(10), at(9), 4.0))
    forbidden = (Period(at(3), at(3)), Period(at(5.05), at(5)))
    assert plan_charge(task(solar=solar, forbidden=forbidden), DAY) == plan_charge(task(), DAY)
    assert plan_charge(task(solar=(Period(at(7), at(8), 4.0),), feed_in=nan), DAY) == plan_charge(task(), DAY)


def test_without_prices_it_charges_as_late_as_it_can() -> None:
    plan = plan_charge(task(), [])
    assert (plan.status, plan.reason) == (PlanStatus.WAITING_FOR_PRICES, PlanReason.NO_PRICES)
    assert times(plan) == [(10, 12)]
    assert plan.cost is None


def test_with_neither_prices_nor_a_time_it_charges_at_once() -> None:
    plan = plan_charge(task(ready_by=None), [])
    assert (plan.status, plan.reason) == (PlanStatus.CHARGING, PlanReason.NO_PRICES)
    assert times(plan) == [(0, 2)]


def test_yesterdays_prices_are_none() -> None:
    assert plan_charge(task(), hourly(0.1, 0.2, start=-24)).status is PlanStatus.WAITING_FOR_PRICES


def test_what_does_not_fit_into_the_known_hours_comes_last() -> None:
    plan = plan_charge(task(), hourly(0.3))
    assert (plan.reason, times(plan)) == (PlanReason.PARTLY_UNKNOWN, [(0, 1), (11, 12)])
    assert plan.cost is None


def test_without_a_time_what_does_not_fit_into_the_known_hours_comes_after_them() -> None:
    plan = plan_charge(task(ready_by=None), hourly(0.3))
    assert (plan.reason, times(plan), plan.level) == (PlanReason.PARTLY_UNKNOWN, [(0, 2)], 60)


def test_above_the_highest_price_it_does_not_charge() -> None:
    plan = plan_charge(task(highest_price=0.11), DAY)
    assert (plan.reason, times(plan)) == (PlanReason.PRICE_CAP, [(3, 4)])
    assert plan.level == 50


def test_what_stays_missing_because_of_the_price_does_not_wait_for_prices() -> None:
    plan = plan_charge(task(highest_price=0.11), hourly(*[0.3] * 11))
    assert (plan.status, plan.reason, times(plan)) == (PlanStatus.PLANNED, PlanReason.PRICE_CAP, [(11, 12)])
    assert plan.level == 50


def test_forbidden_times_and_the_earliest() -> None:
    plan = plan_charge(task(earliest=at(4), forbidden=(Period(at(5), at(6)),)), DAY)
    assert times(plan) == [(8, 10)]


def test_limits_give_way_to_the_time() -> None:
    closed = tuple(Period(at(hour), at(hour + 1)) for hour in (1, 3))
    plan = plan_charge(task(starts=1, ready_by=at(3.5), forbidden=closed), DAY)
    assert (plan.reason, times(plan)) == (PlanReason.WITHOUT_LIMITS, [(0, 1), (2, 3)])


def test_a_block_goes_on_until_it_is_long_enough() -> None:
    plan = plan_charge(task(charging_since=at(-0.5), shortest=timedelta(hours=1)), DAY)
    assert times(plan)[0] == (0, 0.5)


def test_the_sun_is_cheaper() -> None:
    plan = plan_charge(task(target=50.0, solar=(Period(at(7), at(8), 4.0),), feed_in=0.02), DAY)
    assert times(plan) == [(7, 8)]
    assert plan.cost == pytest.approx(5 * (0.8 * 0.02 + 0.2 * 0.30))


def test_a_day_of_25_hours() -> None:
    """Every slot has its own time, so clocks that are set back make no difference."""
    plan = plan_charge(task(ready_by=at(25)), hourly(*[0.3] * 24, 0.1))
    assert times(plan) == [(23, 25)]


def quarters(*prices: float) -> list[PriceSlot]:
    """Return slots of a quarter of an hour."""
    return [PriceSlot(at(place / 4), at((place + 1) / 4), price) for place, price in enumerate(prices)]


PAUSE = timedelta(minutes=10)
DEARER = quarters(0.10, 0.20, 0.10, 0.30)
"""Of these, 42 minutes leave three of the second quarter out."""


def short(**changed: Any) -> ChargeTask:
    """Charge for 42 minutes."""
    return task(target=47.0, ready_by=at(1), **changed)


def test_a_pause_that_is_too_short_is_left_out() -> None:
    assert len(plan_charge(short(), DEARER).blocks) == 2
    plan = plan_charge(short(shortest_pause=PAUSE), DEARER)
    assert [(plan.blocks[0].start, plan.blocks[0].end)] == [(at(0), at(0.7))]
    assert plan.level == 47


def test_a_charge_that_runs_is_not_paused_for_a_moment() -> None:
    task_now = task(now=at(0.95), target=50.0, shortest_pause=PAUSE, charging_since=at(0))
    slots = [PriceSlot(at(0), at(1), 0.20), PriceSlot(at(1), at(2), 0.10), PriceSlot(at(2), at(4), 0.30)]
    assert times(plan_charge(task_now, slots)) == [(0.95, 1.95)]
    assert times(plan_charge(replace(task_now, charging_since=None), slots)) == [(1, 2)]


def test_a_short_time_that_is_forbidden_stays_a_pause() -> None:
    plan = plan_charge(short(shortest_pause=PAUSE, forbidden=(Period(at(0.25), at(0.3)),)), DEARER)
    assert all(block.end <= at(0.25) or block.start >= at(0.3) for block in plan.blocks)
    dear = plan_charge(short(shortest_pause=timedelta(hours=1), highest_price=0.15, starts=None), DEARER)
    assert dear.reason is PlanReason.PRICE_CAP


def test_what_is_charged_in_place_of_a_short_pause_is_left_out_where_it_is_dearest() -> None:
    """The hour at 0.06 is used to its end, and the few minutes at 0.17 are not."""
    wanted = task(level=50.0, target=70.0, capacity=36.0, power=7.4, ready_by=at(4), charging_since=at(-1))
    running = replace(wanted, now=at(0) + timedelta(minutes=50, seconds=30), efficiency=0.9, overhead=0.3)
    slots = hourly(0.25, 0.06, 0.26, 0.17)
    assert len(plan_charge(running, slots).blocks) == 2
    plan = plan_charge(replace(running, shortest_pause=PAUSE), slots)
    (block,) = plan.blocks
    assert (block.start, plan.level) == (running.now, 70)
    assert plan.cost == plan.cost_at_once


def test_no_block_becomes_too_short_in_place_of_a_short_pause() -> None:
    slots = quarters(0.10, 0.20, 0.10, 0.30, 0.30, 0.15, 0.15, 0.15)
    wanted = task(target=56.0, ready_by=at(2), shortest=timedelta(minutes=15), shortest_pause=PAUSE)
    plan = plan_charge(wanted, slots)
    assert plan.level == 56
    assert all(block.end - block.start >= timedelta(minutes=15) for block in plan.blocks)
    pauses = [later.start - earlier.end for earlier, later in pairwise(plan.blocks)]
    assert all(pause >= PAUSE for pause in pauses)
