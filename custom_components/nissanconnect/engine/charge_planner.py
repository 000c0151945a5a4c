"""When to charge: at the least cost, until it has to be done, and up to a level.

Levels are in %, energies in kWh, powers in kW and prices in the currency per kWh that the meter counts. What arrives in
the battery is ``efficiency`` times the power less a constant ``overhead``: owners of LEAFs have measured about 0.9 and
0.3 kW. Close to full every charger slows down, so the last few per cent take longer.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from itertools import pairwise
from math import ceil, floor, inf, isfinite
from typing import NamedTuple

from .cheapest import cheapest, joined
from .cheapest_grid import Slot, Span

EFFICIENCY, OVERHEAD = 0.9, 0.3

_SLOW_FROM, _SLOW = 95.0, 1200.0
"""From which level on charging slows down, and how many seconds longer it takes for that up to 100 %."""

_FULL = 100.0
_LEAST_POWER = 0.01
"""With less kW into the battery no charge would ever end."""

_FAR = 2**60
_GRID = 300
"""Seconds to which the edges of prices are rounded; no market has shorter ones."""

_LONGEST = 3 * 86_400
"""How many seconds ahead a plan looks if it has no end."""


def slow_seconds(start: float, end: float) -> float:
    """Return how much longer it takes from one level to another because charging slows down close to full."""
    return (max(end - _SLOW_FROM, 0) - max(start - _SLOW_FROM, 0)) / (100 - _SLOW_FROM) * _SLOW


class PlanStatus(StrEnum):
    """How a plan stands."""

    PLANNED = "planned"
    CHARGING = "charging"
    DONE = "done"
    TOO_LATE = "too_late"
    """There is not enough time left, so the vehicle charges at once, and beyond the time if it is not stopped."""
    WAITING_FOR_PRICES = "waiting_for_prices"
    """No price is known. It charges as late as it can, unless prices come before."""
    NOT_NEEDED = "not_needed"
    CANNOT = "cannot"
    """Something is not known or does not work, so it charges."""
    NOT_PLUGGED_IN = "not_plugged_in"
    AWAY = "away"
    """The vehicle is where no plan holds, or it is not known where."""
    SKIPPED = "skipped"
    SUSPENDED = "suspended"
    """Somebody has switched by hand."""
    OFF = "off"


class PlanReason(StrEnum):
    """Why a plan is as it is, in one line for its owner."""

    ABOVE_TARGET = "above_target"
    BROKEN = "broken"
    """A fault of ours."""
    CAPACITY_UNKNOWN = "capacity_unknown"
    CHEAPEST = "cheapest"
    ELSEWHERE = "elsewhere"
    LEVEL_UNKNOWN = "level_unknown"
    MINIMUM_FIRST = "minimum_first"
    NO_PLACE = "no_place"
    NO_POWER = "no_power"
    NO_PRICES = "no_prices"
    NO_SWITCH = "no_switch"
    NOT_ENOUGH_TIME = "not_enough_time"
    NOT_OBEYED = "not_obeyed"
    PARTLY_UNKNOWN = "partly_unknown"
    PRICE_CAP = "price_cap"
    READY_BY_PASSED = "ready_by_passed"
    SWITCHED_BY_HAND = "switched_by_hand"
    SWITCHED_OFF = "switched_off"
    UNPLUGGED = "unplugged"
    WISHED = "wished"
    WITHOUT_LIMITS = "without_limits"
    """The wished number or length of blocks cannot be kept."""


class PriceSlot(NamedTuple):
    """A price per kWh from ``start`` to ``end``."""

    start: datetime
    end: datetime
    price: float


class Period(NamedTuple):
    """Some time, with the ``power`` in kW that the roof has to spare in it, if it is about that."""

    start: datetime
    end: datetime
    power: float = 0.0


class Block(NamedTuple):
    """Some time in which current flows; ``cost`` is ``None`` if no price is known for all of it."""

    start: datetime
    end: datetime
    power: float
    energy: float
    cost: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargeTask:
    """What is wanted of a vehicle that is plugged in.

    ``capacity`` is what the battery holds today. The level rises ``pace`` times as fast as is to be expected.
    ``earliest`` and ``ready_by`` are when charging may begin and has to be done, if that matters. Up to the
    ``minimum_level`` it charges at once, whatever that costs. Above the ``highest_price`` it does not charge. There are
    at most so many ``starts``, and no block is shorter than the ``shortest``, if that is possible. ``charging_since``
    is since when the current flows, if it does. ``forbidden`` is when none must flow. ``solar`` is what the roof has to
    spare, which costs the ``feed_in`` price.
    """

    now: datetime
    level: float
    target: float
    capacity: float | None
    power: float
    efficiency: float = EFFICIENCY
    overhead: float = OVERHEAD
    pace: float = 1.0
    ready_by: datetime | None = None
    earliest: datetime | None = None
    minimum_level: float = 0.0
    highest_price: float | None = None
    starts: int | None = None
    shortest: timedelta = timedelta()
    charging_since: datetime | None = None
    forbidden: tuple[Period, ...] = ()
    solar: tuple[Period, ...] = ()
    feed_in: float = 0.0

    @property
    def battery_power(self) -> float:
        """What arrives in the battery."""
        return self.pace * (self.efficiency * self.power - self.overhead)

    def seconds(self, start: float, end: float) -> int:
        """Return how long it takes to charge from one level to another."""
        if end <= start or not self.capacity:
            return 0
        stored = (end - start) / 100 * self.capacity
        return ceil(round(stored / self.battery_power * 3600 + slow_seconds(start, end), 3))

    def level_after(self, seconds: int) -> float:
        """Return the level that so many seconds bring, at most the target."""
        if not self.capacity or seconds >= self.seconds(self.level, self.target):
            return self.target
        pace = self.capacity / 100 / self.battery_power * 3600
        fast = min(max(_SLOW_FROM - self.level, 0.0) * pace, seconds)
        return self.level + fast / pace + (seconds - fast) / (pace + _SLOW / (100 - _SLOW_FROM))


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargePlan:
    """When a vehicle charges, and what comes of that.

    ``level`` is the one at the end. ``cost`` and ``cost_at_once`` (what it would have cost to charge at once) are
    ``None`` where prices are not known. ``missing`` is how many % are missing when it has to be done.
    """

    status: PlanStatus
    reason: PlanReason
    level: float
    blocks: tuple[Block, ...] = ()
    cost_at_once: float | None = None
    missing: float = 0.0

    @property
    def energy(self) -> float:
        """The kWh from the meter."""
        return sum(block.energy for block in self.blocks)

    @property
    def cost(self) -> float | None:
        """What all blocks cost."""
        return _cost(self.blocks)


def _cost(blocks: Iterable[Block]) -> float | None:
    """Return what blocks cost together; ``None`` if the price of some is not known."""
    costs = [block.cost for block in blocks]
    return None if None in costs else sum(cost for cost in costs if cost is not None)


def plan_charge(task: ChargeTask, prices: Iterable[PriceSlot]) -> ChargePlan:
    """Return the cheapest plan; of equal costs the one with the fewest starts, then the earliest.

    It is never done later than it has to be if that is possible. When in doubt, it charges.
    """
    found = planner(task, prices)
    return found if isinstance(found, ChargePlan) else found.plan()


def planner(task: ChargeTask, prices: Iterable[PriceSlot]) -> Planner | ChargePlan:
    """Return what plans the charge, or the plan if there is nothing to choose."""
    if not isfinite(task.level):
        return ChargePlan(status=PlanStatus.CANNOT, reason=PlanReason.LEVEL_UNKNOWN, level=task.level)
    if not task.capacity or not 0 < task.capacity < inf:
        return ChargePlan(status=PlanStatus.CANNOT, reason=PlanReason.CAPACITY_UNKNOWN, level=task.level)
    if not _LEAST_POWER <= task.battery_power < inf:
        return ChargePlan(status=PlanStatus.CANNOT, reason=PlanReason.NO_POWER, level=task.level)
    if not task.target <= _FULL:
        task = replace(task, target=_FULL)
    needed = task.seconds(task.level, task.target)
    if not needed:
        return ChargePlan(status=PlanStatus.NOT_NEEDED, reason=PlanReason.ABOVE_TARGET, level=task.level)
    return Planner(task, prices, needed)


class Choice(NamedTuple):
    """What there is to choose: so many ``seconds`` of the slots, within limits."""

    slots: list[Slot]
    seconds: int
    starts: int | None
    shortest: int
    running: bool


class _Use(StrEnum):
    """What a time without a usable price is."""

    CAPPED = "capped"
    FORBIDDEN = "forbidden"
    UNKNOWN = "unknown"


class Planner:
    """Plans one charge that takes ``needed`` seconds. Times are in seconds since 1970."""

    def __init__(self, task: ChargeTask, prices: Iterable[PriceSlot], needed: int) -> None:
        self._task = task
        self._needed = needed
        self._now = int(task.now.timestamp())
        self._prices = _table((_rounded(start), _rounded(end), price) for start, end, price in prices)
        solar = task.solar if isfinite(task.feed_in) else ()
        self._solar = _table((_rounded(start), _rounded(end), power) for start, end, power in solar)
        forbidden = (each for each in task.forbidden if each.start.timestamp() < each.end.timestamp())
        self._forbidden = _table((_down(each.start), _up(each.end), 0.0) for each in forbidden)

    def plan(self) -> ChargePlan:
        """Return the plan."""
        task, (spans, rest, free, end) = self._task, self._frame()
        uses = list(self._uses(free, end))
        left = sum(stop - start for start, stop, use in uses if use is not _Use.FORBIDDEN)
        if task.ready_by and (left < rest or any(stop > end for _, stop in spans)):
            return self._too_late()
        if not rest:
            return self.at(spans, PlanReason.MINIMUM_FIRST)
        if (choice := self.choice()) is not None:
            found = cheapest(choice.slots, rest, starts=choice.starts, shortest=choice.shortest, running=choice.running)
            if found is not None:
                return self.at([*spans, *found])
            return self.at([*spans, *(cheapest(choice.slots, rest) or ())], PlanReason.WITHOUT_LIMITS)
        known = [(start, stop) for start, stop, use in uses if not isinstance(use, _Use)]
        missing = rest - _length(known)
        if not task.ready_by and not any(use is _Use.CAPPED for *_, use in uses):
            reason = PlanReason.PARTLY_UNKNOWN if known else PlanReason.NO_PRICES
            return self.at([*spans, *known, *self.first(max(free, end), missing)], reason)
        late = _latest([(start, stop) for start, stop, use in uses if use is _Use.UNKNOWN], missing)
        is_enough = _length(late) == missing
        if not known and is_enough:
            return self.at([*spans, *late], PlanReason.NO_PRICES, PlanStatus.WAITING_FOR_PRICES)
        reason = PlanReason.PARTLY_UNKNOWN if is_enough else PlanReason.PRICE_CAP
        return self.at([*spans, *known, *late], reason)

    def choice(self) -> Choice | None:
        """Return what there is to choose, if there is enough time whose price is known."""
        task, (spans, rest, free, end) = self._task, self._frame()
        slots = [
            Slot(start, stop, None if isinstance(use, _Use) else use) for start, stop, use in self._uses(free, end)
        ]
        if not rest or rest > sum(slot.end - slot.start for slot in slots if slot.price is not None):
            return None
        running = task.charging_since is not None
        begun = len(spans) - (running and bool(spans) and spans[0][0] == self._now)
        starts = None if task.starts is None else max(task.starts - begun, 0)
        goes_on = free == spans[-1][1] if spans else running and free == self._now
        shortest = ceil(task.shortest.total_seconds() / _GRID) * _GRID
        return Choice(slots, rest, starts, shortest, goes_on)

    def _frame(self) -> tuple[list[Span], int, int, int]:
        """Return when it charges in any case, how many seconds are left, and within which time these may be."""
        task, spans = self._task, self.fixed()
        begin = spans[-1][1] if spans else self._now
        free = max(begin, int(task.earliest.timestamp())) if task.earliest else begin
        known_until = max((end for _, end, _ in self._prices), default=begin)
        end = int(task.ready_by.timestamp()) if task.ready_by else min(known_until, self._now + _LONGEST)
        return spans, self._needed - _length(spans), free, end

    def fixed(self) -> list[Span]:
        """Return when it charges in any case: up to the minimum, and until a block is long enough."""
        task, now, spans = self._task, self._now, self.lowest()
        if not spans and not task.charging_since:
            return []
        begin, end = spans[-1] if spans else (now, now)
        if task.charging_since and begin == now:
            begin = ceil(task.charging_since.timestamp())
        held = min(begin + ceil(task.shortest.total_seconds()) - end, self._needed - _length(spans))
        return joined([*spans, *(span for span in self.first(end, held) if span[0] == end)])

    def lowest(self) -> list[Span]:
        """Return when it charges up to the minimum level."""
        task = self._task
        return self.first(self._now, task.seconds(task.level, min(task.minimum_level, task.target)))

    def urgent(self) -> list[Span]:
        """Return when it has to charge at once: in any case, or if it is late until it is due."""
        fixed, due = self.fixed(), int(self._task.ready_by.timestamp()) if self._task.ready_by else _FAR
        in_time = _until(self.first(self._now, self._needed), due)
        return fixed if _length(in_time) == self._needed else max(in_time, fixed, key=_length)

    def first(self, at: int, seconds: int) -> list[Span]:
        """Return the first so many seconds from a time on that are not forbidden."""
        spans, left = list[Span](), seconds
        until = at + left + sum(stop - start for start, stop, _ in self._forbidden if stop > at)
        for start, stop, use in self._uses(at, until):
            if use is not _Use.FORBIDDEN and left > 0:
                spans.append((start, min(stop, start + left)))
                left -= min(stop - start, left)
        return joined(spans)

    def _uses(self, start: int, end: int) -> Iterator[tuple[int, int, float | _Use]]:
        """Yield the times from ``start`` to ``end``, each with its price or why it has none."""
        highest = self._task.highest_price
        for begin, stop in self._parts(start, end):
            price = self._price(begin)
            if _at(self._forbidden, begin) is not None:
                yield begin, stop, _Use.FORBIDDEN
            elif price is None:
                yield begin, stop, _Use.UNKNOWN
            elif highest is not None and price > highest:
                yield begin, stop, _Use.CAPPED
            else:
                yield begin, stop, price

    def _parts(self, start: int, end: int) -> Iterator[Span]:
        """Return the parts of a span within which nothing changes; none if it ends before it starts."""
        listed = (each for table in (self._prices, self._solar, self._forbidden) for each in table)
        edges = {start, end} | {edge for each in listed for edge in each[:2] if start < edge < end}
        return pairwise(sorted(edges)) if start < end else iter(())

    def _price(self, at: int) -> float | None:
        """Return what a kWh costs then: first comes what the roof has to spare, then the grid."""
        task = self._task
        price, spare = _at(self._prices, at), _at(self._solar, at)
        if price is None or not spare:
            return price
        share = min(max(spare, 0.0) / task.power, 1.0)
        return share * task.feed_in + (1 - share) * price

    def _too_late(self) -> ChargePlan:
        """Charge at once, whatever it costs, and beyond the time."""
        task, at = self._task, self._now
        spans = self.first(at, self._needed)
        ready_by = int(task.ready_by.timestamp()) if task.ready_by else at
        missing = task.target - task.level_after(_length(_until(spans, ready_by)))
        reason = PlanReason.NOT_ENOUGH_TIME if ready_by > at else PlanReason.READY_BY_PASSED
        return self.at(spans, reason, PlanStatus.TOO_LATE, missing)

    def at(
        self,
        spans: list[Span],
        reason: PlanReason = PlanReason.CHEAPEST,
        status: PlanStatus | None = None,
        missing: float = 0.0,
    ) -> ChargePlan:
        """Return the plan that charges at these times."""
        task = self._task
        blocks = tuple(self._block(start, end) for start, end in joined(spans))
        if status is None:
            begun = bool(blocks) and blocks[0].start <= task.now
            status = PlanStatus.CHARGING if begun else PlanStatus.PLANNED
        at_once = [self._block(start, end) for start, end in self.first(self._now, self._needed)]
        return ChargePlan(
            status=status,
            reason=reason,
            level=task.level_after(_length(spans)),
            blocks=blocks,
            cost_at_once=_cost(at_once),
            missing=missing,
        )

    def _block(self, start: int, end: int) -> Block:
        power = self._task.power
        cost: float | None = 0.0
        for begin, stop in self._parts(start, end):
            price = self._price(begin)
            cost = None if price is None or cost is None else cost + price * power * (stop - begin) / 3600
        return Block(_time(start), _time(end), power, power * (end - start) / 3600, cost)


def _table(entries: Iterable[tuple[int, int, float]]) -> list[tuple[int, int, float]]:
    """Return the entries that say something, in their order."""
    return sorted(entry for entry in entries if entry[0] < entry[1] and isfinite(entry[2]))


def _at(table: list[tuple[int, int, float]], at: int) -> float | None:
    """Return what a table says of a time; of several entries the last to begin."""
    for place in range(bisect_right(table, (at, _FAR, inf)) - 1, -1, -1):
        if table[place][1] > at:
            return table[place][2]
    return None


def _length(spans: list[Span]) -> int:
    """Return how many seconds spans last together."""
    return sum(end - start for start, end in spans)


def _until(spans: list[Span], end: int) -> list[Span]:
    """Return what of the spans is before the end."""
    return [(start, min(stop, end)) for start, stop in spans if start < end]


def _latest(spans: list[Span], seconds: int) -> list[Span]:
    """Return so many seconds of the spans, as late as can be."""
    found = list[Span]()
    for start, end in reversed(spans):
        if seconds > 0:
            found.insert(0, (max(start, end - seconds), end))
            seconds -= min(end - start, seconds)
    return found


def _rounded(at: datetime) -> int:
    """Return a time to the five minutes that all markets keep to."""
    return round(at.timestamp() / _GRID) * _GRID


def _down(at: datetime) -> int:
    """Return a time rounded down to five minutes."""
    return floor(at.timestamp() / _GRID) * _GRID


def _up(at: datetime) -> int:
    """Return a time rounded up to five minutes."""
    return ceil(at.timestamp() / _GRID) * _GRID


def _time(at: int) -> datetime:
    return datetime.fromtimestamp(at, UTC)
