"""The cheapest times to be on are the cheapest: beside every choice there is, and beside a mixed-integer programme."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from math import inf, sin
import random

from hypothesis import example, given, settings, strategies as st
import pytest

from custom_components.nissanconnect.engine.cheapest import cheapest
from custom_components.nissanconnect.engine.cheapest_grid import Slot, Span
from script.bench_measures.programme import least_cost

QUARTER, UNIT = 900, 300


@st.composite
def days(draw: st.DrawFn) -> list[Slot]:
    """A few slots of a quarter of an hour, of which the first and the last may be shorter, and some not usable."""
    count = draw(st.integers(1, 4))
    first = draw(st.sampled_from([0, UNIT, 2 * UNIT]))
    last = count * QUARTER - draw(st.sampled_from([0, UNIT, 2 * UNIT]) if count > 1 else st.just(0))
    edges = [first, *(QUARTER * number for number in range(1, count)), last]
    prices = st.none() | st.integers(-3, 6).map(float)
    return [Slot(start, end, draw(prices)) for start, end in pairwise(edges)]


limits = st.fixed_dictionaries(
    {
        "starts": st.none() | st.integers(0, 5),
        "shortest": st.sampled_from([0, 0, QUARTER, 2 * QUARTER]),
        "running": st.booleans(),
    }
)


def cost(slots: Sequence[Slot], spans: Sequence[Span]) -> float:
    """What the spans cost; infinite where they must not be."""
    total = 0.0
    for slot in slots:
        seconds = sum(max(min(end, slot.end) - max(start, slot.start), 0) for start, end in spans)
        total += seconds * (inf if slot.price is None else slot.price) if seconds else 0
    return total


def fits(
    slots: Sequence[Slot], spans: Sequence[Span], *, starts: int | None, shortest: int, running: bool
) -> tuple[bool, int]:
    """Whether the spans keep to the limits, and how many of them have to be started."""
    begun = [span for span in spans if not (running and span[0] == slots[0].start)]
    is_long = (len(spans) == 1 and not running) or all(end - start >= shortest for start, end in begun)
    return is_long and (starts is None or len(begun) <= starts), len(begun)


def choices(slots: Sequence[Slot], seconds: int) -> Iterator[list[Span]]:
    """Every choice of so many seconds, by units of five minutes."""
    units = range(slots[0].start, slots[-1].end, UNIT)
    for mask in range(1 << len(units)):
        if mask.bit_count() * UNIT != seconds:
            continue
        spans: list[Span] = []
        for number, start in enumerate(units):
            if not mask >> number & 1:
                continue
            if spans and spans[-1][1] == start:
                spans[-1] = spans[-1][0], start + UNIT
            else:
                spans.append((start, start + UNIT))
        yield spans


TWO_IN_ONE_STEP = [Slot(300, 900, 17.0), Slot(900, 1800, 20.0), Slot(1800, 2400, 10.0)]
"""The best two blocks of a quarter are at the ends, and both lie in part of the second slot."""

SHORT_AND_CHEAP = [*(Slot(start, start + QUARTER, 3.0) for start in (0, 900, 1800)), Slot(2700, 3000, 1.0)]


@given(days(), st.integers(1, 12), limits)
@example(TWO_IN_ONE_STEP, 6, {"starts": 2, "shortest": QUARTER, "running": False})
@example(SHORT_AND_CHEAP, 5, {"starts": 4, "shortest": 0, "running": False})
@settings(max_examples=600)
def test_no_choice_is_better(slots: list[Slot], units: int, limits: dict[str, int | None]) -> None:
    seconds = units * UNIT
    kept = [spans for spans in choices(slots, seconds) if fits(slots, spans, **limits)[0]]  # type: ignore[arg-type]
    costs = [(cost(slots, each), fits(slots, each, **limits)[1]) for each in kept]  # type: ignore[arg-type]
    best = min(costs, default=(inf, 0))
    found = cheapest(slots, seconds, **limits)  # type: ignore[arg-type]
    if found is None or best[0] == inf:
        assert found is None
        assert best[0] == inf
        return
    assert sum(end - start for start, end in found) == seconds
    keeps, begun = fits(slots, found, **limits)  # type: ignore[arg-type]
    assert keeps
    assert (cost(slots, found), begun) == best


def curve(number: int, count: int) -> list[Slot]:
    """A day's or two days' prices by quarters, some of them negative at noon."""
    chance = random.Random(number)
    base, wide, sunny = chance.uniform(5, 30), chance.uniform(2, 10), chance.random() < 0.3
    prices = [base + wide * sin(i / 96 * 12.6 + number) + chance.gauss(0, 1) for i in range(count)]
    cheaper = [price - 25 if sunny and 44 <= i % 96 < 60 else price for i, price in enumerate(prices)]
    return [Slot(i * QUARTER, (i + 1) * QUARTER, round(price, 3)) for i, price in enumerate(cheaper)]


@pytest.mark.parametrize(
    ("starts", "shortest", "count"),
    [(None, 1, 192), (1, 1, 96), (2, 1, 96), (3, 1, 192), (None, 2, 96), (None, 4, 192), (2, 4, 192)],
)
@pytest.mark.parametrize("number", range(4))
def test_a_programme_finds_nothing_better(number: int, count: int, starts: int | None, shortest: int) -> None:
    slots = curve(number, count)
    chance = random.Random(number)
    seconds = chance.randint(4 * QUARTER, 30 * QUARTER)
    longest = 0 if shortest == 1 else shortest * QUARTER
    found = cheapest(slots, seconds, starts=starts, shortest=longest)
    assert found is not None
    assert fits(slots, found, starts=starts, shortest=longest, running=False)[0]
    least = least_cost([slot.price or 0 for slot in slots], seconds / QUARTER, starts, shortest) * QUARTER
    assert cost(slots, found) == pytest.approx(least, abs=0.05)


@given(st.integers(0, 50), st.integers(1, 96), st.integers(1, 4))
def test_more_to_choose_from_never_costs_more(number: int, quarters: int, starts: int) -> None:
    slots, seconds = curve(number, 96), quarters * QUARTER // 2
    few = cheapest(slots, seconds, starts=starts)
    more = cheapest(slots, seconds, starts=starts + 1)
    later = cheapest([*slots, Slot(96 * QUARTER, 97 * QUARTER, 5.0)], seconds, starts=starts)
    assert few is not None
    for each in (more, later):
        assert each is not None
        assert cost(slots, each) <= cost(slots, few) + 1e-6 or each[-1][1] > 96 * QUARTER


def test_equal_prices_are_one_block_as_early_as_can_be() -> None:
    slots = [Slot(i * QUARTER, (i + 1) * QUARTER, 20.0) for i in range(96)]
    assert cheapest(slots, 10_000) == [(0, 10_000)]


def test_so_much_in_so_few_blocks_is_impossible() -> None:
    """That is found out at once, although there are very many choices."""
    slots = [Slot(i * QUARTER, (i + 1) * QUARTER, None if i in (10, 70, 130) else i % 7 / 10) for i in range(192)]
    assert cheapest(slots, 180 * QUARTER, starts=3) is None
    assert cheapest(slots, 180 * QUARTER, starts=4) is not None


def test_nothing_is_no_time_at_all() -> None:
    assert cheapest(curve(0, 4), 0) == []
    assert cheapest(curve(0, 4), 5 * QUARTER) is None
