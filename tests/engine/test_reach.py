"""Whether a vehicle gets somewhere: never surer than what is known."""

from datetime import UTC, datetime
from math import inf, nan
from typing import Any

from hypothesis import given, strategies as st
import pytest

from custom_components.nissanconnect.engine.consumption import Consumption, ConsumptionModel
from custom_components.nissanconnect.engine.reach import (
    Reachable,
    ReachReason,
    Road,
    Usage,
    reach,
    remaining_range,
    road_to,
    usage,
    usage_by_range,
)

KNOWN = usage(Consumption(mean=16.0, spread=3.2, trips=40.0), 40.0)
"""0.4 % for 1 km, give or take a fifth."""
GUESSED = usage(ConsumptionModel(typical=16.0).estimate(20, datetime(2026, 11, 18, tzinfo=UTC)), 40.0)


@pytest.mark.parametrize(
    ("level", "distance", "more", "reachable", "reason"),
    [
        (80, 100, {}, Reachable.YES, ReachReason.ENOUGH),
        (80, 120, {"round_trip": True}, Reachable.NO, ReachReason.RESERVE_NEEDED),
        (80, 300, {}, Reachable.NO, ReachReason.NOT_ENOUGH),
        (80, 150, {"round_trip": True}, Reachable.NO, ReachReason.NOT_ENOUGH),
        (80, 160, {}, Reachable.UNSURE, ReachReason.CLOSE),
        (80, 160, {"reserve": 0}, Reachable.YES, ReachReason.ENOUGH),
        (80, 160, {"reserve": 40}, Reachable.NO, ReachReason.RESERVE_NEEDED),
        (60, 40, {"round_trip": True, "reserve": 20}, Reachable.YES, ReachReason.ENOUGH),
        (12, 0, {}, Reachable.YES, ReachReason.ENOUGH),
        (10.5, 0, {}, Reachable.UNSURE, ReachReason.CLOSE),
        (8, 0, {}, Reachable.NO, ReachReason.RESERVE_NEEDED),
    ],
)
def test_the_answer_and_why(
    level: float, distance: float, more: dict[str, Any], reachable: Reachable, reason: ReachReason
) -> None:
    found = reach(level, KNOWN, Road(distance), **more)
    assert (found.reachable, found.reason) == (reachable, reason)


def test_the_figures_of_an_answer() -> None:
    found = reach(90, KNOWN, Road(50), round_trip=True)
    assert found.level_at_arrival == pytest.approx(70)
    assert found.level_at_return == pytest.approx(50)
    assert found.distance == 100
    assert found.spread == pytest.approx((8**2 + 1) ** 0.5)
    one_way = reach(90, KNOWN, Road(50))
    assert one_way.level_at_return is None
    assert one_way.spread == pytest.approx((4**2 + 1) ** 0.5)


def test_with_little_known_it_is_unsure_and_says_so() -> None:
    assert reach(80, KNOWN, Road(140)).reachable is Reachable.YES
    found = reach(80, GUESSED, Road(140))
    assert (found.reachable, found.reason) == (Reachable.UNSURE, ReachReason.FEW_TRIPS)
    assert reach(80, GUESSED, Road(20)).reachable is Reachable.YES
    assert reach(80, GUESSED, Road(400)).reachable is Reachable.NO


def test_a_straight_line_is_no_road() -> None:
    road = road_to(100)
    assert road.distance == pytest.approx(130)
    assert road.distance * (1 - road.spread) < 100 < road.distance * (1 + road.spread)
    assert reach(80, KNOWN, Road(130)).spread < reach(80, KNOWN, road).spread


def test_a_vehicle_of_which_only_its_own_range_is_known() -> None:
    taken = usage_by_range(50, 200)
    assert reach(50, taken, Road(80)).level_at_arrival == pytest.approx(30)
    assert reach(50, taken, Road(80)).reachable is Reachable.YES
    assert reach(50, taken, Road(150)).reason is ReachReason.CLOSE, "no trips are missing"
    assert reach(50, taken, Road(300)).reachable is Reachable.NO


def test_the_remaining_range() -> None:
    found = remaining_range(50, KNOWN)
    assert found.mean == pytest.approx(125)
    assert found.low == pytest.approx(125 / 1.2)
    assert found.high == pytest.approx(125 / 0.8)
    assert remaining_range(0, KNOWN) == (0, 0, 0)
    assert remaining_range(50, Usage(0.4, 1.5)).high == pytest.approx(375)


# Laws

levels = st.floats(0, 100)
usages = st.builds(Usage, st.floats(0.01, 3), st.floats(0, 2), st.none() | st.floats(0, 100))
roads = st.builds(Road, st.floats(0, 2000), st.floats(0, 0.5))
RANK = {Reachable.NO: 0, Reachable.UNSURE: 1, Reachable.YES: 2}


@given(levels, usages, roads, levels, st.booleans())
def test_sure_is_what_the_spread_allows(
    level: float, taken: Usage, road: Road, reserve: float, round_trip: bool
) -> None:
    found = reach(level, taken, road, round_trip=round_trip, reserve=reserve)
    last = found.level_at_arrival if found.level_at_return is None else found.level_at_return
    assert last <= found.level_at_arrival
    if found.reachable is Reachable.YES:
        assert found.level_at_arrival - found.spread >= reserve
        assert last - found.spread >= reserve
    if last + found.spread >= reserve and found.reachable is Reachable.NO:
        assert level < reserve, "it has too little already"


@given(levels, usages, roads, levels, st.booleans(), st.floats(0, 100), st.floats(0, 900), st.floats(0, 1))
def test_better_is_never_worse(
    level: float,
    taken: Usage,
    road: Road,
    reserve: float,
    round_trip: bool,
    more: float,
    farther: float,
    vaguer: float,
) -> None:
    def rank(level: float, taken: Usage, road: Road, reserve: float, round_trip: bool = round_trip) -> int:
        return RANK[reach(level, taken, road, round_trip=round_trip, reserve=reserve).reachable]

    here = rank(level, taken, road, reserve)
    assert rank(min(level + more, 100), taken, road, reserve) >= here
    assert rank(level, taken, road._replace(distance=road.distance + farther), reserve) <= here
    assert rank(level, taken, road, min(reserve + more, 100)) <= here
    assert rank(level, taken, road, reserve, round_trip=False) >= rank(level, taken, road, reserve, round_trip=True)
    vague = taken._replace(spread=taken.spread + vaguer)
    assert abs(rank(level, vague, road, reserve) - 1) <= abs(here - 1) or here == 1, "less known is never surer"


@given(levels, usages, levels)
def test_the_range_lies_within_its_bounds_and_grows_with_the_level(level: float, taken: Usage, less: float) -> None:
    found = remaining_range(level, taken)
    assert 0 <= found.low <= found.mean * (1 + 1e-9) <= found.high * (1 + 2e-9)
    assert remaining_range(min(level, less), taken).mean <= found.mean


@given(levels, usages)
def test_as_far_as_the_lower_bound_it_gets_for_sure(level: float, taken: Usage) -> None:
    low = remaining_range(level, taken).low
    assert reach(level, taken, Road(low * 0.999), reserve=0).reachable is not Reachable.NO
    if level > 20:
        assert reach(level, taken, Road(low * 0.9), reserve=0).reachable is Reachable.YES


@pytest.mark.parametrize("bad", [nan, inf, -inf, -1.0])
def test_what_is_no_number_is_refused(bad: float) -> None:
    for level, road, reserve in (
        (bad, Road(10), 10.0),
        (101.0, Road(10), 10.0),
        (50.0, Road(10), bad),
        (50.0, Road(bad), 10.0),
        (50.0, Road(10, bad), 10.0),
    ):
        with pytest.raises(ValueError, match=r"no (level|road)"):
            reach(level, KNOWN, road, reserve=reserve)
    with pytest.raises(ValueError, match="no level"):
        remaining_range(bad, KNOWN)


@pytest.mark.parametrize("bad", [nan, inf, -1.0, 0.0])
def test_what_cannot_be_divided_by_is_refused(bad: float) -> None:
    with pytest.raises(ValueError, match="no capacity"):
        usage(Consumption(16, 3, 5), bad)
    with pytest.raises(ValueError, match="no mean"):
        usage(Consumption(bad, 3, 5), 40)
    with pytest.raises(ValueError, match="no distance"):
        usage_by_range(50, bad)
    with pytest.raises(ValueError, match="no level"):
        usage_by_range(bad, 50)
