"""How fast and how cheap plans for charging are, beside those of a mixed-integer programme and of simple rules.

Prices are in cents per kWh, by the quarter of an hour, and the vehicle takes 7.4 kW.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from math import ceil, exp, fsum
from random import Random
from statistics import mean, median
from time import perf_counter, process_time

from custom_components.nissanconnect.engine.cheapest import cheapest, joined
from custom_components.nissanconnect.engine.cheapest_grid import Slot, Span

from .ages import percentile
from .table import Row

_QUARTER, _HOUR = 900, 3600
_POWER = 7.4
_CURVES, _SAMPLE, _RUNS = 200, 5, 3
_LENGTHS = (96, 192)
_STARTS = (1, 2, 3, None)
_SHORTEST = (1, 2, 4)
_TARGET = 5.0
"""What a plan may take, in ms."""

_NOT_DEARER = 1e-4

type Prices = Sequence[float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How many starts there may be, and how many quarters the shortest block has."""

    starts: int | None
    shortest: int

    @property
    def name(self) -> str:
        """How they are called."""
        starts = "any number of starts" if self.starts is None else f"starts ≤ {self.starts}"
        return starts if self.shortest == 1 else f"{starts}, blocks ≥ {self.shortest} quarters"

    def plan(self, prices: Prices, seconds: int, *, step: int = _QUARTER, begun: int = 0) -> list[Span]:
        """Return what the integration plans for prices that begin ``begun`` seconds ago, each for a ``step``."""
        slots = [Slot(max(i * step, begun), (i + 1) * step, price) for i, price in enumerate(prices)]
        shortest = self.shortest * _QUARTER if self.shortest > 1 else 0
        return cheapest(slots, seconds, starts=self.starts, shortest=shortest) or []

    def broken(self, spans: Sequence[Span]) -> bool:
        """Return whether a plan does not keep to the limits; a single block may be as short as it has to be."""
        shortest = self.shortest * _QUARTER if self.shortest > 1 and len(spans) > 1 else 0
        too_short = any(end - start < shortest for start, end in spans)
        return too_short or (self.starts is not None and len(spans) > self.starts)


ALL_LIMITS = [Limits(starts=starts, shortest=shortest) for starts, shortest in product(_STARTS, _SHORTEST)]


@dataclass(frozen=True, slots=True)
class Case:
    """The prices of some days, and how many seconds the vehicle has to charge."""

    prices: Prices
    seconds: int

    def cost(self, spans: Iterable[Span]) -> float:
        """Return what a plan costs, in cents."""
        return cost(self.prices, spans)


def curve(number: int, count: int) -> list[float]:
    """Return prices of a day-ahead market from midnight on: cheap at night, dear in the morning and in the evening.

    54 of 200 curves have negative prices at noon, every twentieth is flat.
    """
    chance = Random(number)
    if number % 20 == 19:
        return [round(chance.uniform(10, 30), 2)] * count
    height = chance.uniform(3, 12)
    base = 1.5 * height + chance.uniform(2, 15)
    is_sunny = number * 27 % 100 < 28
    prices: list[float] = []
    for i in range(count):
        if i % 96 == 0:
            day = chance.uniform(0.7, 1.3)
        hour = i % 96 / 4

        def peak(at: float, wide: float, hour: float = hour) -> float:
            return exp(-(((hour - at) / wide) ** 2))

        price = base + height * day * (peak(8, 1.8) + 1.3 * peak(19, 2) - 0.8 * peak(3, 2.5))
        price -= (base + 8) * peak(13, 2.5) if is_sunny else 0
        prices.append(round(price + chance.gauss(0, height / 8), 2))
    return prices


def case(number: int, count: int) -> Case:
    """Return a curve and a charge of up to ten hours, which seldom is a number of whole quarters."""
    return Case(curve(number, count), Random(1000 + number).randint(30, 600) * 60)


def cost(prices: Prices, spans: Iterable[Span]) -> float:
    """Return what a plan costs, in cents."""
    return fsum(
        prices[i] * (min(end, (i + 1) * _QUARTER) - max(start, i * _QUARTER)) / _HOUR * _POWER
        for start, end in spans
        for i in range(start // _QUARTER, ceil(end / _QUARTER))
    )


# What others plan


def at_once(prices: Prices, seconds: int) -> list[Span]:
    """Charge as soon as it is plugged in."""
    return [(0, min(seconds, len(prices) * _QUARTER))]


def just_in_time(prices: Prices, seconds: int) -> list[Span]:
    """Charge as late as can be."""
    end = len(prices) * _QUARTER
    return [(end - seconds, end)]


def cheapest_slots(prices: Prices, seconds: int, quarters: int) -> list[Span]:
    """Take the cheapest slots of so many quarters, as many as are begun, and stop when the level is reached."""
    length = quarters * _QUARTER
    means = [(mean(prices[i : i + quarters]), i * _QUARTER) for i in range(0, len(prices), quarters)]
    spans: list[Span] = []
    for start in sorted(start for _, start in sorted(means)[: ceil(seconds / length)]):
        spans.append((start, start + min(length, seconds)))
        seconds -= min(length, seconds)
    return joined(spans)


def cheapest_hours(prices: Prices, seconds: int) -> list[Span]:
    """Take the cheapest whole hours."""
    return cheapest_slots(prices, seconds, 4)


def cheapest_quarters(prices: Prices, seconds: int) -> list[Span]:
    """Take the cheapest quarters."""
    return cheapest_slots(prices, seconds, 1)


def cheapest_window(prices: Prices, seconds: int) -> list[Span]:
    """Take the cheapest window that begins with a quarter."""
    starts = range(0, len(prices) * _QUARTER - seconds + 1, _QUARTER)
    return min(([(start, start + seconds)] for start in starts), key=lambda spans: cost(prices, spans))


def linear(prices: Prices, seconds: int) -> list[Span]:
    """Solve the linear programme without limits: the cheapest quarters, the dearest of them in part."""
    spans: list[Span] = []
    for _, start in sorted((price, i * _QUARTER) for i, price in enumerate(prices)):
        if seconds > 0:
            spans.append((start, start + min(_QUARTER, seconds)))
            seconds -= _QUARTER
    return joined(spans)


RIVALS: Mapping[str, Callable[[Prices, int], list[Span]]] = {
    "at once": at_once,
    "just in time": just_in_time,
    "cheapest whole hours": cheapest_hours,
    "cheapest quarters": cheapest_quarters,
    "cheapest window": cheapest_window,
    "linear programme": linear,
}


# The rows


def measure(*, quick: bool) -> list[Row]:
    """Return times, what plans cost beyond the optimum, and how many break their limits."""
    curves, sample = (4, 1) if quick else (_CURVES, _SAMPLE)
    rows: list[Row] = []
    for count in _LENGTHS[:1] if quick else _LENGTHS:
        rows.extend(_ours([case(number, count) for number in range(curves)], count, sample))
    cases = [case(number, count) for count in _LENGTHS for number in range(curves)]
    few = cases[-sample:]
    rows.extend(_times("192 quarters, the first begun 7 minutes ago, any limits", few, begun=420))
    rows.extend(_times("576 slots of five minutes, any limits", [_finer(each) for each in few], step=300))
    return [*rows, *(row for name, plan in RIVALS.items() for row in _rival(name, plan, cases))]


def _ours(cases: Sequence[Case], count: int, sample: int) -> Iterator[Row]:
    """Yield the times of each combination of limits, those of HiGHS beside, and what all cost beyond its optimum."""
    broken, excess, beyond_linear = 0, list[float](), list[float]()
    for limits in ALL_LIMITS:
        timed = [_timed(each, limits) for each in cases]
        broken += sum(limits.broken(spans) for spans, _ in timed)
        times = [took for _, took in timed]
        solved: list[float] = []
        for each, (spans, _) in Random(count).sample(list(zip(cases, timed, strict=True)), sample):
            began = perf_counter()
            least = _programme(each, limits)
            solved.append((perf_counter() - began) * 1000)
            excess.append(each.cost(spans) - least)
        if limits == Limits(starts=None, shortest=1):
            beyond_linear = [
                each.cost(spans) - each.cost(linear(each.prices, each.seconds))
                for each, (spans, _) in zip(cases, timed, strict=True)
            ]
        name, late = f"{count} quarters, {limits.name}", percentile(times, 95)
        yield Row(name=f"{name}: p50, HiGHS beside", value=percentile(times, 50), unit="ms", baseline=median(solved))
        yield Row(name="… p95", value=late, unit="ms", target=f"< {_TARGET:.0f} ms", met=late < _TARGET)
        yield Row(name="… longest, HiGHS beside", value=max(times), unit="ms", baseline=max(solved))
    for what, over in (
        (f"HiGHS, {len(excess)} plans", excess),
        (f"linear, {len(cases)} without limits", beyond_linear),
    ):
        met = max(map(abs, over)) <= _NOT_DEARER
        yield Row(name=f"{count} quarters: dearer than {what}, mean", value=_cents(mean(over)), unit="ct")
        yield Row(name="… at most", value=_cents(max(over)), unit="ct", target="0", met=met)
    name = f"{count} quarters: of {len(cases) * len(ALL_LIMITS)} plans break their limits"
    yield Row(name=name, value=broken, target="0", met=not broken)


def _times(name: str, cases: Sequence[Case], *, step: int = _QUARTER, begun: int = 0) -> Iterator[Row]:
    times = [_timed(each, limits, step=step, begun=begun)[1] for each in cases for limits in ALL_LIMITS]
    yield Row(name=f"{name}: p50", value=percentile(times, 50), unit="ms")
    yield Row(name="… p95", value=percentile(times, 95), unit="ms")
    yield Row(name="… longest", value=max(times), unit="ms")


def _finer(each: Case) -> Case:
    """Return prices of five minutes each."""
    chance = Random(each.seconds)
    return Case([round(price + chance.gauss(0, 0.3), 2) for price in each.prices for _ in range(3)], each.seconds)


def _timed(each: Case, limits: Limits, *, step: int = _QUARTER, begun: int = 0) -> tuple[list[Span], float]:
    """Return a plan and the least processor time of some runs, in ms: other processes disturb the others."""
    took: list[float] = []
    for _ in range(_RUNS):
        began = process_time()
        spans = limits.plan(each.prices, each.seconds, step=step, begun=begun)
        took.append((process_time() - began) * 1000)
    return spans, min(took)


def _programme(each: Case, limits: Limits) -> float:
    """Return the least cost in cents by HiGHS."""
    from .programme import least_cost  # noqa: PLC0415 - SciPy takes a second to import

    fits_one = each.seconds < 2 * limits.shortest * _QUARTER
    starts, shortest = (1, 1) if fits_one else (limits.starts, limits.shortest)
    return least_cost(each.prices, each.seconds / _QUARTER, starts, shortest) * _QUARTER / _HOUR * _POWER


def _rival(name: str, plan: Callable[[Prices, int], list[Span]], cases: Sequence[Case]) -> Iterator[Row]:
    """Yield what a simple plan costs beyond the optimum without limits, and how often it breaks limits."""
    plans = [plan(each.prices, each.seconds) for each in cases]
    over = [
        each.cost(spans) - each.cost(linear(each.prices, each.seconds))
        for each, spans in zip(cases, plans, strict=True)
    ]
    broken = sum(any(limits.broken(spans) for limits in ALL_LIMITS) for spans in plans)
    if plan is not linear:
        yield Row(name=f"{name}: dearer than the linear programme, mean", value=_cents(mean(over)), unit="ct")
        yield Row(name="… at most", value=_cents(max(over)), unit="ct")
    yield Row(name=f"{name}: of {len(plans)} break some limit", value=broken)


def _cents(value: float) -> float:
    """Return a sum of cents without what calculating with floats leaves."""
    return round(value, 4) + 0.0
