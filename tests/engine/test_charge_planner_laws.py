"""What holds for every charge plan: it is in time, within its limits, and no simple plan within these is better.

Slots of all lengths with gaps between them, around midnight in Berlin on days of 23, 24 and 25 hours.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import pairwise
from math import inf
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

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
from custom_components.nissanconnect.engine.cheapest import joined

BERLIN = ZoneInfo("Europe/Berlin")
NIGHTS = [
    datetime(2026, 3, 29, tzinfo=BERLIN),
    datetime(2026, 10, 25, tzinfo=BERLIN),
    datetime(2026, 11, 18, tzinfo=BERLIN),
]
MINUTE = 60
FREE = {PlanReason.CHEAPEST, PlanReason.MINIMUM_FIRST}
"""The reasons of plans that keep to all limits and know all prices."""

type Span = tuple[int, int]


def local(at: int) -> datetime:
    """A time in Berlin."""
    return datetime.fromtimestamp(at, BERLIN)


@dataclass(frozen=True)
class Case:
    """What is wanted, and the prices."""

    task: ChargeTask
    prices: tuple[PriceSlot, ...]

    @property
    def plan(self) -> ChargePlan:
        """The plan."""
        return plan_charge(self.task, self.prices)

    @property
    def needed(self) -> int:
        """How many seconds the charge takes."""
        return self.task.seconds(self.task.level, self.task.target)

    @property
    def now(self) -> int:
        """The time now."""
        return int(self.task.now.timestamp())

    @property
    def fixed(self) -> list[Span]:
        """When it charges whatever that costs: up to the minimum, and as long as what is on has to be."""
        task, now = self.task, self.now
        spans = self.first(now, min(task.seconds(task.level, task.minimum_level), self.needed))
        since = None if task.charging_since is None else int(task.charging_since.timestamp())
        begin, end = spans[-1] if spans else (now, now)
        begin = since if begin == now and since is not None else begin
        if not spans and since is None:
            return []
        until = min(begin + int(task.shortest.total_seconds()), end + self.needed - length(spans))
        return joined([*spans, *(span for span in self.free(end, until) if span[0] == end)])

    @property
    def begin(self) -> int:
        """From when on there is a choice, if ``earliest`` does not come later."""
        return self.fixed[-1][1] if self.fixed else self.now

    @property
    def free_from(self) -> int:
        """From when on there is a choice."""
        return max(self.begin, int(self.task.earliest.timestamp())) if self.task.earliest else self.begin

    @property
    def end(self) -> int:
        """Until when there is a choice."""
        last = max((int(each.end.timestamp()) for each in self.prices), default=self.free_from)
        return int(self.task.ready_by.timestamp()) if self.task.ready_by else last

    def changed(self, **changes: Any) -> Case:
        """The same with another task."""
        return replace(self, task=replace(self.task, **changes))

    def free(self, start: int, end: int) -> list[Span]:
        """The spans within another that are not forbidden."""
        spans = [(start, end)] if start < end else []
        for period in self.task.forbidden:
            closed = int(period.start.timestamp()), int(period.end.timestamp())
            cut = [((a, min(b, closed[0])), (max(a, closed[1]), b)) for a, b in spans]
            spans = [span for both in cut for span in both if span[0] < span[1]]
        return spans

    def first(self, at: int, seconds: int) -> list[Span]:
        """The first so many seconds from a time on that are not forbidden."""
        found = list[Span]()
        for start, end in self.free(at, at + 10 * 86_400):
            if seconds > 0:
                found.append((start, min(end, start + seconds)))
                seconds -= min(end - start, seconds)
        return found

    def price(self, at: int) -> float | None:
        """What a kWh costs."""
        task = self.task
        price = next((each.price for each in self.prices if each.start.timestamp() <= at < each.end.timestamp()), None)
        spare = next((each.power for each in task.solar if each.start.timestamp() <= at < each.end.timestamp()), 0)
        share = min(spare / task.power, 1)
        return None if price is None else share * task.feed_in + (1 - share) * price

    def priced(self, spans: Iterable[Span]) -> Iterator[tuple[int, float | None]]:
        """The parts of spans: how long, and at which price."""
        edges = {int(edge.timestamp()) for each in (*self.prices, *self.task.solar) for edge in each[:2]}
        for start, end in spans:
            for a, b in pairwise(sorted({start, end, *(edge for edge in edges if start < edge < end)})):
                yield b - a, self.price(a)

    def cost(self, spans: Iterable[Span]) -> float:
        """What spans cost; infinite if that is not known."""
        return sum(
            seconds / 3600 * self.task.power * (inf if price is None else price)
            for seconds, price in self.priced(spans)
        )

    # Which plans keep to the limits

    def started(self, spans: list[Span]) -> list[Span]:
        """Those spans that have to be started: all but one that is on already."""
        return [span for span in spans if self.task.charging_since is None or span[0] != self.now]

    def kept(self, spans: list[Span]) -> bool:
        """Whether spans do all that is wished, within all limits."""
        task, forced, begin, free = self.task, self.fixed, self.begin, self.free_from
        chosen = [(max(a, begin), b) for a, b in spans if b > begin]
        if length(spans) != self.needed or joined([*forced, *chosen]) != spans:
            return False
        if any(a < free or b > self.end or self.free(a, b) != [(a, b)] for a, b in chosen):
            return False
        highest = inf if task.highest_price is None else task.highest_price
        if any(price is None or price > highest for _, price in self.priced(chosen)):
            return False
        begun = self.started(spans)
        if task.starts is not None and len(begun) > max(task.starts, len(self.started(forced))):
            return False
        goes_on = free == begin and (bool(forced) or task.charging_since is not None)
        is_one = len(chosen) == 1 and not goes_on
        return is_one or all(b - a >= task.shortest.total_seconds() for a, b in begun if a >= begin)

    def order(self, spans: list[Span]) -> tuple[int, int]:
        """Which of equally cheap spans come first: those with few starts, then the earliest."""
        return len(self.started(spans)), sum((start + end) * (end - start) for start, end in spans)

    def rivals(self) -> Iterator[list[Span]]:
        """Simple choices: at once, just in time, the windows that begin or end with a slot, the cheapest slots."""
        task, forced, free, end = self.task, self.fixed, self.free_from, self.end
        rest = self.needed - length(forced)
        edges = {
            free,
            end,
            *(int(edge.timestamp()) for each in (*self.prices, *task.solar, *task.forbidden) for edge in each[:2]),
        }
        yield joined([*forced, *self.first(free, rest)])
        for edge in edges:
            for start in (edge, edge - rest):
                if free <= start and start + rest <= end:
                    yield joined([*forced, (start, start + rest)])
        for each in (300, 900, 3600):
            starts = [at for at in range(free, end, each) if self.free(at, at + each) == [(at, at + each)]]
            costs = sorted((self.cost([(at, min(at + each, end))]), at) for at in starts)
            spans, left = list(forced), rest
            for _, at in costs:
                if left > 0:
                    spans.append((at, at + min(each, left)))
                    left -= each
            yield joined(spans)


def length(spans: Iterable[Span]) -> int:
    """How many seconds spans last together."""
    return sum(end - start for start, end in spans)


def spans_of(plan: ChargePlan) -> list[Span]:
    """When current flows."""
    return [(int(each.start.timestamp()), int(each.end.timestamp())) for each in plan.blocks]


def listed(begin: int, lengths: Sequence[int], prices: Sequence[float | None]) -> tuple[PriceSlot, ...]:
    """Slots one after the other, so many minutes long; those without a price are gaps."""
    found, at = list[PriceSlot](), begin
    for length, price in zip(lengths, prices, strict=True):
        if price is not None:
            found.append(PriceSlot(local(at), local(at + length * MINUTE), price))
        at += length * MINUTE
    return tuple(found)


def any_case(number: int) -> Case:
    """Any task, and any prices from before now on."""
    chance = Random(number)
    some, choice = chance.choices, chance.choice
    begin = int(choice(NIGHTS).timestamp()) + 3600 * chance.randint(-5, 4)
    now = begin + choice([0, 0, 300, 420, 37, 3600, 5000])
    lengths = some((60, 60, 30, 15, 5), k=chance.randint(1, 16))
    cents = some(choice([(0, 10, 20), range(-10, 60), range(-10, 60), (0, 10, 20, None)]), k=len(lengths))
    last = begin + sum(lengths) * MINUTE

    def later(most: int) -> int:
        return begin + chance.randint(0, most // 5) * 5 * MINUTE

    def periods(power: float) -> tuple[Period, ...]:
        edges = sorted(later(900) for _ in range(choice([0, 0, 2, 4])))
        return tuple(Period(local(a), local(b), power) for a, b in zip(edges[::2], edges[1::2], strict=True) if a < b)

    since = choice([None, None, local(now - chance.randint(0, 90) * MINUTE)])
    level = choice([20.0, 90.0, chance.randint(0, 99)])
    task = ChargeTask(
        now=local(now),
        level=level,
        target=min(level + choice([2.5, 10, chance.randint(1, 40)]), 100),
        capacity=50.0,
        power=5.0,
        efficiency=choice([1.0, 0.9]),
        overhead=choice([0.0, 0.3]),
        pace=choice([1.0, 1.0, 0.8, 1.2]),
        ready_by=choice([None, local(last), local(later(900)), local(begin + sum(lengths[:-2]) * MINUTE)]),
        earliest=choice([None, None, local(later(300))]),
        minimum_level=choice([0.0, 0.0, 0.0, level + 1, level + 5, 100.0]),
        highest_price=choice([None, None, None, 0.1, 0.3]),
        starts=choice([None, None, 0 if since else 1, 1, 2, 3]),
        shortest=timedelta(minutes=choice([0, 0, 5, 15, 20, 30, 60])),
        charging_since=since,
        forbidden=periods(0.0),
        solar=periods(choice([2.0, 3.0, 6.0])),
        feed_in=0.02,
    )
    return Case(task, listed(begin, lengths, [None if each is None else each / 100 for each in cents]))


cases = st.integers(0, 2**32).map(any_case)
"""Numbers say more than what hypothesis draws by itself, which is often small and often the same."""


@given(cases)
@settings(max_examples=300)
def test_blocks_bring_the_level_and_lie_where_they_may(case: Case) -> None:
    task, plan, spans = case.task, case.plan, spans_of(case.plan)
    if not case.needed:
        return
    assert spans == joined(spans)
    assert all(case.now <= start < end and case.free(start, end) == [(start, end)] for start, end in spans)
    seconds = length(spans)
    assert task.seconds(task.level, plan.level) == pytest.approx(seconds, abs=1)
    assert plan.energy == pytest.approx(task.power * seconds / 3600)
    assert plan.cost == (None if case.cost(spans) == inf else pytest.approx(case.cost(spans)))
    at_once = case.cost(case.first(case.now, case.needed))
    assert plan.cost_at_once == (None if at_once == inf else pytest.approx(at_once))


@given(cases)
@settings(max_examples=300)
def test_it_is_in_time_if_that_is_possible(case: Case) -> None:
    task, plan, spans = case.task, case.plan, spans_of(case.plan)
    if not case.needed:
        return
    if task.ready_by is None:
        assert plan.status is not PlanStatus.TOO_LATE
        assert plan.level == task.target or plan.reason is PlanReason.PRICE_CAP
        return
    ready_by = int(task.ready_by.timestamp())
    left = length(case.free(case.free_from, ready_by))
    if case.begin <= ready_by and left >= case.needed - length(case.fixed):
        assert plan.status is not PlanStatus.TOO_LATE
        assert plan.missing == 0
        assert all(end <= ready_by for _, end in spans)
        assert plan.level == task.target or plan.reason is PlanReason.PRICE_CAP
        return
    assert plan.status is PlanStatus.TOO_LATE
    assert plan.level == task.target
    assert spans == joined(case.first(case.now, case.needed))
    done = sum(max(min(end, ready_by) - start, 0) for start, end in spans)
    assert task.seconds(task.level, task.target - plan.missing) == pytest.approx(done, abs=1)


@given(cases)
@settings(max_examples=500)
def test_nothing_simple_is_better(case: Case) -> None:
    """Of plans that keep to the limits: the cheapest, of these one of the fewest starts, of these the earliest."""
    plan, spans = case.plan, spans_of(case.plan)
    if not case.needed:
        return
    rivals = [rival for rival in case.rivals() if case.kept(rival)]
    if plan.reason not in FREE:
        assert not rivals or plan.status is PlanStatus.TOO_LATE
        return
    assert case.kept(spans) or plan.reason is PlanReason.MINIMUM_FIRST
    cost = case.cost(spans)
    for rival in rivals:
        assert cost <= case.cost(rival) + 1e-7
        if cost > case.cost(rival) - 1e-7:
            assert case.order(spans) <= case.order(rival)


@given(cases)
def test_at_equal_prices_it_charges_at_once(case: Case) -> None:
    same = replace(case, prices=tuple(each._replace(price=0.2) for each in case.prices)).changed(solar=(), forbidden=())
    at_once = next(same.rivals())
    if same.needed and same.kept(at_once):
        assert spans_of(same.plan) == at_once


CHANGES: dict[str, Callable[[Case, int], Case]] = {
    "later": lambda case, number: case.changed(
        ready_by=case.task.ready_by and local(int(case.task.ready_by.timestamp()) + (5, 7, 60, 240)[number] * MINUTE)
    ),
    "more starts": lambda case, number: case.changed(
        starts=None if case.task.starts is None or number == 3 else case.task.starts + 1
    ),
    "shorter": lambda case, number: case.changed(shortest=number / 4 * case.task.shortest),
    "cheaper": lambda case, number: replace(
        case,
        prices=tuple(each._replace(price=each.price - i % (number + 1) / 10) for i, each in enumerate(case.prices)),
    ),
    "allowed": lambda case, number: case.changed(forbidden=case.task.forbidden[1:]),
}
EXCEPT_WHAT_IS_FIXED = {"shorter", "allowed"}
"""What is charged at once comes at other prices if less of it is forbidden or if its block may be shorter."""


@pytest.mark.parametrize("change", CHANGES)
@given(cases, st.integers(0, 3))
@settings(max_examples=400)
def test_more_to_choose_from_never_costs_more(change: str, case: Case, number: int) -> None:
    plan = case.plan
    if plan.reason not in FREE or plan.cost is None or (case.fixed and change in EXCEPT_WHAT_IS_FIXED):
        return
    again = CHANGES[change](case, number).plan
    assert again.reason in FREE
    assert again.cost is not None
    assert again.cost <= plan.cost + 1e-7


@given(cases, st.integers(0, 600))
@settings(max_examples=500)
def test_half_way_nothing_changes(case: Case, minutes: int) -> None:
    task, plan, spans = case.task, case.plan, spans_of(case.plan)
    if plan.reason not in FREE:
        return
    now = case.now + minutes * MINUTE
    done = sum(max(min(end, now) - start, 0) for start, end in spans)
    if done >= case.needed:
        return
    started = case.started(spans)
    running = next((local(start) for start, end in started if start < now < end), None)
    if now == case.now or (started != spans and now < spans[0][1]):
        running = task.charging_since
    begun = sum(start < now for start, _ in started)
    starts = None if task.starts is None else max(task.starts - begun, 0 if running else 1)
    low, high = task.level, task.target
    for _ in range(60):
        level = (low + high) / 2
        low, high = (level, high) if task.seconds(task.level, level) <= done else (low, level)
    again = case.changed(now=local(now), level=low, charging_since=running, starts=starts).plan
    left = [(max(start, now), end) for start, end in spans if end > now]
    assert [edge for span in spans_of(again) for edge in span] == pytest.approx(
        [edge for span in left for edge in span], abs=2
    )
