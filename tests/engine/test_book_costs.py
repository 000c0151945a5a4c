"""What energy has cost: from the wall, and when it is used."""

from collections.abc import Sequence
from datetime import timedelta

from hypothesis import given, strategies as st
import pytest

from custom_components.nissanconnect.engine.book_readings import Reading, Rise
from custom_components.nissanconnect.engine.energy_cost import (
    Lot,
    Lots,
    add,
    adjust,
    cost_of,
    in_hours,
    known_at,
    take,
    total,
)

from .lives import START


def _price(minutes: float, value: float | None) -> Reading:
    return Reading(START + timedelta(minutes=minutes), value, "tariff")


def _flow(start: float, end: float, amount: float) -> Rise:
    return Rise(START + timedelta(minutes=start), START + timedelta(minutes=end), amount)


DAY = [_price(0, 0.3), _price(60, 0.1), _price(120, -0.2)]


@pytest.mark.parametrize(
    ("flows", "prices", "cost"),
    [
        ([], DAY, None),
        ([_flow(0, 60, 6)], [], None),
        ([_flow(0, 60, 6)], DAY, 1.8),
        ([_flow(30, 90, 6)], DAY, 0.9 + 0.3),
        ([_flow(0, 180, 9)], DAY, 0.9 + 0.3 - 0.6),
        ([_flow(60, 60, 2)], DAY, 0.2),
        ([_flow(120, 180, 5), _flow(0, 60, 5)], DAY, 0.5),
        ([_flow(-60, 60, 6)], DAY, None),
        ([_flow(0, 100, 10)], [_price(0, 0.2), _price(99.5, None)], 2.0),
        ([_flow(0, 100, 10)], [_price(0, 0.2), _price(90, None)], None),
        ([_flow(0, 60, 0)], DAY, None),
    ],
    ids=[
        "nothing",
        "no price",
        "one price",
        "two prices",
        "one is negative",
        "at once",
        "two flows",
        "unknown at first",
        "unknown for a moment",
        "unknown for longer",
        "nothing flowed",
    ],
)
def test_cost(flows: Sequence[Rise], prices: Sequence[Reading], cost: float | None) -> None:
    assert cost_of(in_hours(flows, prices)) == (None if cost is None else pytest.approx(cost))


@pytest.mark.parametrize(
    ("first", "cost"),
    [
        ([], 1.8 + 0.6),
        ([_price(0, 0.5)], 6.0),
        ([_price(30, 0.5), _price(60, None)], 0.9 + 1.5 + 0.6),
        ([_price(30, 0.0), _price(200, None)], 0.9),
        ([_price(-60, 0.5), _price(-30, None)], 1.8 + 0.6),
    ],
    ids=["none", "all", "in between", "nothing is a price, too", "only before"],
)
def test_at_each_time_the_first_price_counts_that_is_known(first: Sequence[Reading], cost: float) -> None:
    flow = [_flow(0, 120, 12)]
    assert cost_of(in_hours(flow, first, DAY)) == pytest.approx(cost)
    assert cost_of(in_hours(flow, first, DAY, [_price(0, 9.0)])) == pytest.approx(cost)
    assert known_at(START, first, DAY) == (first[0].value if first == [_price(0, 0.5)] else 0.3)


minutes = st.integers(0, 600)
flows = st.lists(
    st.builds(
        lambda start, length, amount: _flow(start, start + length, amount),
        minutes,
        st.integers(1, 200),
        st.floats(0.1, 20),
    ),
    min_size=1,
    max_size=5,
)
steps = st.dictionaries(st.integers(1, 40).map(lambda cell: 15 * cell), st.floats(-1, 1), max_size=20)


@given(flows=flows, steps=steps)
def test_a_cost_is_the_sum_of_all_minutes(flows: Sequence[Rise], steps: dict[int, float]) -> None:
    prices = [_price(-15, 0.25), *(_price(at, value) for at, value in sorted(steps.items()))]
    expected = 0.0
    for flow in flows:
        first, last = ((at - START) // timedelta(minutes=1) for at in (flow.start, flow.end))
        for minute in range(first, last):
            price = next(value for at, value in sorted({-15: 0.25, **steps}.items(), reverse=True) if at <= minute)
            expected += flow.amount / (last - first) * price
    assert cost_of(in_hours(flows, prices)) == pytest.approx(expected, abs=1e-9)


# First in, first out

LOTS: Lots = (Lot(5.0, 0.2), Lot(3.0, None), Lot(2.0, 0.1))


@pytest.mark.parametrize(
    ("energy", "left", "cost"),
    [
        (0, LOTS, 0),
        (2, (Lot(3.0, 0.2), *LOTS[1:]), 0.4),
        (5, LOTS[1:], 1.0),
        (6, (Lot(2.0, None), LOTS[2]), None),
        (10, (), None),
        (11, (), None),
    ],
)
def test_the_oldest_is_taken_first(energy: float, left: Lots, cost: float | None) -> None:
    assert take(LOTS, energy) == (left, cost)


def test_what_was_not_there_has_an_unknown_cost() -> None:
    assert take((Lot(1.0, 0.2),), 2) == ((), None)
    assert take((), 1) == ((), None)
    assert take((Lot(1.0, None),), 0) == ((Lot(1.0, None),), 0)


def test_lots_are_added_last() -> None:
    assert add(LOTS, 4, 1) == (*LOTS, Lot(4, 0.25))
    assert add(LOTS, 4, None) == (*LOTS, Lot(4, None))
    assert add(LOTS, 0, 1) == LOTS


def test_lots_hold_as_much_as_the_battery() -> None:
    assert adjust(LOTS, 10.5, 1) == LOTS
    assert adjust(LOTS, 12, 1) == (Lot(2, None), *LOTS)
    assert adjust(LOTS, 7, 1) == (Lot(2.0, 0.2), *LOTS[1:])


events = st.lists(st.tuples(st.booleans(), st.floats(0.01, 30), st.floats(0, 20)), max_size=30)


@given(events=events)
def test_all_that_was_paid_is_in_trips_or_in_the_battery(events: list[tuple[bool, float, float]]) -> None:
    lots: Lots = ()
    added = taken = paid = used = 0.0
    for is_charge, energy, cost in events:
        if is_charge:
            lots, added, paid = add(lots, energy, cost), added + energy, paid + cost
        else:
            wanted = min(energy, total(lots))
            lots, of_these = take(lots, wanted)
            assert of_these is not None
            assert of_these >= 0
            taken, used = taken + wanted, used + of_these
    assert total(lots) == pytest.approx(added - taken, abs=1e-4)
    assert used + sum(lot.energy * (lot.price or 0) for lot in lots) == pytest.approx(paid, rel=1e-4, abs=0.1)
    assert all(lot.energy > 0 for lot in lots)
