"""The cheapest times for two that must not be on at once, beside every choice there is and a linear programme."""

from collections.abc import Iterator, Sequence
from itertools import combinations, pairwise
from math import inf
import random

from hypothesis import given, settings, strategies as st
import numpy as np
import pytest
from scipy.optimize import linprog

from custom_components.nissanconnect.engine.cheapest_grid import Slot, Span
from custom_components.nissanconnect.engine.cheapest_pair import Wish, cheapest_pair
from script.bench_measures.planner import curve

from .test_cheapest import QUARTER, UNIT, cost, fits


@st.composite
def pairs(draw: st.DrawFn) -> tuple[Wish, Wish]:
    """Two that need some of three quarters of an hour, of which the first may have begun, in times of their own."""
    first = draw(st.sampled_from([0, UNIT, 2 * UNIT]))
    edges = [first, QUARTER, 2 * QUARTER, 3 * QUARTER]
    prices = [draw(st.integers(-2, 5)) for _ in range(3)]
    slots = [Slot(start, end, float(price)) for (start, end), price in zip(pairwise(edges), prices, strict=True)]

    def wish() -> Wish:
        usable = [slot if draw(st.integers(0, 5)) else slot._replace(price=None) for slot in slots]
        return Wish(
            usable[: draw(st.sampled_from([2, 3, 3]))],
            draw(st.integers(1, 4)) * UNIT,
            draw(st.none() | st.integers(1, 2)),
            draw(st.sampled_from([0, 0, QUARTER])) if first == 0 else 0,
            power=draw(st.sampled_from([1.0, 1.0, 2.0])),
        )

    return wish(), wish()


def choices(wish: Wish, free: Sequence[int]) -> Iterator[tuple[tuple[int, ...], list[Span]]]:
    """Every choice of units that are free, with the spans that they make."""
    for chosen in combinations(free, wish.seconds // UNIT):
        spans: list[Span] = []
        for start in chosen:
            if spans and spans[-1][1] == start:
                spans[-1] = spans[-1][0], start + UNIT
            else:
                spans.append((start, start + UNIT))
        yield chosen, spans


def keeps(wish: Wish, spans: Sequence[Span]) -> bool:
    return fits(wish.slots, spans, starts=wish.starts, shortest=wish.shortest, running=False)[0]


def total(wishes: Sequence[Wish], times: Sequence[Sequence[Span]]) -> float:
    """What both cost; infinite outside their times."""
    if any(spans and spans[-1][1] > wish.slots[-1].end for wish, spans in zip(wishes, times, strict=True)):
        return inf
    return sum(wish.power * cost(wish.slots, spans) for wish, spans in zip(wishes, times, strict=True))


@given(pairs())
@settings(max_examples=400, deadline=None)
def test_no_choice_for_two_is_better(wishes: tuple[Wish, Wish]) -> None:
    first, second = wishes
    units = range(first.slots[0].start, 3 * QUARTER, UNIT)
    least = inf
    for chosen, spans in choices(first, units):
        if not keeps(first, spans) or total([first], [spans]) == inf:
            continue
        for _, others in choices(second, [unit for unit in units if unit not in chosen]):
            if keeps(second, others):
                least = min(least, total(wishes, [spans, others]))
    found = cheapest_pair(*wishes)
    if least == inf:
        assert found is None
        return
    assert found is not None
    assert total(wishes, found) == least
    assert all(keeps(wish, spans) for wish, spans in zip(wishes, found, strict=True))
    assert [sum(end - start for start, end in spans) for spans in found] == [wish.seconds for wish in wishes]
    merged = sorted([*found[0], *found[1]])
    assert all(one[1] <= other[0] for one, other in pairwise(merged))


@pytest.mark.parametrize(("count", "powers"), [(96, (3.7, 7.4)), (96, (7.4, 7.4)), (192, (3.7, 11.0))])
@pytest.mark.parametrize("number", range(4))
def test_a_linear_programme_finds_nothing_better_for_two(number: int, count: int, powers: tuple[float, float]) -> None:
    chance = random.Random(number)
    slots = [Slot(i * QUARTER, (i + 1) * QUARTER, price) for i, price in enumerate(curve(number, count))]
    early = slots[: chance.randint(count // 2, count)]
    wishes = [
        Wish(each, chance.randint(1800, 25_000), power=power)
        for each, power in zip((slots, early), powers, strict=True)
    ]
    found = cheapest_pair(*wishes)
    assert found is not None
    prices = np.array([slot.price for slot in slots])
    blocked = np.where(np.arange(count) < len(early), 1.0, 0.0)
    least = linprog(
        np.concatenate([prices * powers[0], prices * powers[1]]) * QUARTER,
        A_ub=np.hstack([np.eye(count), np.eye(count)]),
        b_ub=np.ones(count),
        A_eq=np.kron(np.eye(2), np.ones(count)),
        b_eq=[wish.seconds / QUARTER for wish in wishes],
        bounds=[(0, most) for most in np.concatenate([np.ones(count), blocked])],
    )
    assert total(wishes, found) == pytest.approx(least.fun, abs=0.05)
