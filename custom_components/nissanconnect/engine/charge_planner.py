"""When to charge: at the least cost, until it has to be done, and up to a level."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from enum import StrEnum
from itertools import pairwise
from math import ceil, floor, inf, isfinite
from typing import NamedTuple

from .charge_plan import (
    Block,
    ChargePlan,
    ChargeTask,
    PlanReason,
    PlanStatus,
    PriceSlot,
    price_with_roof,
    share_of_roof,
    total_cost,
)
from .cheapest import cheapest, joined
from .cheapest_grid import Slot, Span

_FULL = 100.0
_LEAST_POWER = 0.01
"""With less kW into the battery no charge would ever end."""

_FAR = 2**60
_GRID = 300
"""Seconds to which the edges of prices are rounded; no market has shorter ones."""

_LONGEST = 3 * 86_400
"""How many seconds ahead a plan looks if it has no end."""


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
                return self.at(self._without_short_pauses([*spans, *found], free))
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

    def _without_short_pauses(self, spans: list[Span], free: int) -> list[Span]:
        """Go on where a pause would be too short. What is charged too much by that is left out where it is dearest."""
        shortest = self._task.shortest_pause.total_seconds()
        done = [(self._now, self._now)] if self._task.charging_since else []
        ahead = joined(spans)
        while ahead:
            start, last = ahead[0][0], done[-1][1] if done else -_FAR
            uses = self._uses(last, start) if last >= free and start - last < shortest else ()
            trimmed = self._trimmed(ahead, start - last) if uses else None
            if trimmed is not None and not any(isinstance(use, _Use) for *_, use in uses):
                (_, end), *ahead = trimmed
                done[-1] = done[-1][0], end
            else:
                done.append(ahead.pop(0))
        return joined([span for span in done if _length([span])])

    def _trimmed(self, spans: list[Span], seconds: int) -> list[Span] | None:
        """Return spans without so many seconds at their ends, the dearest first; ``None`` if one became too short.

        The first may become as short as can be, because it goes on with another.
        """
        first, *others = spans
        while seconds:
            best = max(self._cuts([first, *others], seconds), default=None)
            if best is None:
                return None
            _, place, cut = best
            cuts = [cut if each == place else 0 for each in range(len(others) + 1)]
            first, *others = [(start, end - cut) for (start, end), cut in zip([first, *others], cuts, strict=True)]
            others = [span for span in others if _length([span])]
            seconds -= cut
        return [first, *others]

    def _cuts(self, spans: list[Span], seconds: int) -> Iterator[tuple[float, int, int]]:
        """Yield what can be left out at the end of each span, at most so many seconds: the price, which, how many."""
        shortest = int(self._task.shortest.total_seconds())
        for place, (start, end) in enumerate(spans):
            cut = end - start
            if not place or cut > seconds:  # else all of it
                begin = max((begin for begin, _ in self._parts(start, end)), default=end)
                cut = min(seconds, end - begin, cut - shortest if place else cut)
            price = self._price(end - 1) if cut > 0 else None
            if price is not None:
                yield price, place, cut

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
        return price_with_roof(price, share_of_roof(spare, task.power), task.feed_in)

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
            cost_at_once=total_cost(at_once),
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
