"""The cheapest times to be on, exactly: so many seconds in at most so many blocks, none shorter than wished.

Time is cut into steps of one length, of which the first and the last may be shorter. Once it is known in which steps
the blocks begin and end, a linear programme is left, and in its basic solutions all of these edges but one lie on edges
of steps, or as far from one as the shortest block is long. So at most one step is cut, at the beginning or the end of a
block. What is left is to choose the steps that are used whole and the one that is cut, which an A* search does.

Its bound is the relaxation of Lagrange: any number of steps may be used, and each earns the same amount. It is exact
for the last block. Costs are floats that hold whole numbers, so that sums are exact and equal plans are equal: first
the price, then the number of blocks, then how late they are.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from heapq import heappop, heappush
from itertools import accumulate, pairwise
from math import ceil, floor, gcd, inf, log10
from typing import NamedTuple

type Span = tuple[int, int]
"""Seconds: from, to."""

type _Tables = tuple[list[list[float]], list[list[float]]]
"""What the rest costs at least, off and on, by how many starts are left and by the step."""

_LONGEST_STEP = 900
_ROUNDS = 4
"""How often the bound is improved, which each time costs as much as some hundred steps of the search."""
_EXACT = 2.0**52
"""Up to which whole number floats are exact, and a bit beyond."""


class Slot(NamedTuple):
    """A span of seconds and its price; with ``None`` it must not be used."""

    start: int
    end: int
    price: float | None


def cheapest(
    slots: Sequence[Slot], seconds: int, *, starts: int | None = None, shortest: int = 0, running: bool = False
) -> list[Span] | None:
    """Return when to be on for so many ``seconds`` at the least cost; ``None`` if that is impossible.

    Of equal costs it is the fewest blocks, then the earliest. ``slots`` follow each other without gaps. There are at
    most so many ``starts`` if that is limited; a block that is ``running`` already needs none and may end at once. No
    other block is shorter than the ``shortest``, in seconds, unless there is only one.
    """
    if seconds <= 0:
        return []
    single = seconds < 2 * shortest or starts == 1
    cost = _costs(slots)
    found = [_one_block(slots, seconds, cost)] if single and starts != 0 else []
    if running or not single:
        grid = _Grid(slots)
        steps = ceil(shortest / grid.step)
        frames = [each for each in grid.frames(starts, steps, running=running) if each.seconds <= seconds]
        found.extend(_Search(grid, frame, seconds - frame.seconds, steps).run() for frame in frames)

    def rank(spans: list[Span]) -> tuple[float, int, list[Span]]:
        begun = running and spans[0][0] == slots[0].start
        return round(sum(cost(start, end) for start, end in spans), 6), len(spans) - begun, spans

    best = min((joined(spans) for spans in found if spans is not None), key=rank, default=None)
    return None if best is None or rank(best)[0] == inf else best


def _one_block(slots: Sequence[Slot], seconds: int, cost: Callable[[int, int], float]) -> list[Span] | None:
    """Return the cheapest place for a single block: it begins or ends where a slot does."""
    first, last = slots[0].start, slots[-1].end - seconds
    begins = {slot.start for slot in slots} | {slot.end - seconds for slot in slots}
    places = [(round(cost(begin, begin + seconds), 6), begin) for begin in begins if first <= begin <= last]
    least, begin = min(places, default=(inf, 0))
    return None if least == inf else [(begin, begin + seconds)]


def _costs(slots: Sequence[Slot]) -> Callable[[int, int], float]:
    """Return what a span costs, its price times its seconds; infinite if it touches a slot that must not be used."""
    starts = [slot.start for slot in slots]
    sums = [0.0, *accumulate((slot.end - slot.start) * (slot.price or 0.0) for slot in slots)]
    forbidden = [0, *accumulate(slot.end - slot.start if slot.price is None else 0 for slot in slots)]

    def until(second: int) -> tuple[float, int]:
        place = max(bisect_right(starts, second) - 1, 0)
        slot, more = slots[place], second - starts[place]
        if slot.price is None:
            return sums[place], forbidden[place] + more
        return sums[place] + more * slot.price, forbidden[place]

    def cost(start: int, end: int) -> float:
        (before, closed_before), (after, closed_after) = until(start), until(end)
        return after - before if closed_before == closed_after else inf

    return cost


def joined(spans: Sequence[Span]) -> list[Span]:
    """Return spans in their order, those that meet as one."""
    found: list[Span] = []
    for start, end in sorted(spans):
        if found and found[-1][1] == start:
            found[-1] = found[-1][0], end
        else:
            found.append((start, end))
    return found


class _Frame(NamedTuple):
    """What is fixed at the two ends, where steps may be shorter: the ``spans`` that are used.

    The steps from ``first`` to before ``last`` are free. It is ``on`` when they begin, and must be on when they end if
    it ``ends_on``.
    """

    first: int
    last: int
    starts: int | None
    on: bool
    ends_on: bool = False
    spans: tuple[Span, ...] = ()

    @property
    def seconds(self) -> int:
        return sum(end - start for start, end in self.spans)


class _Grid:
    """The steps: their ``edges``, and what each costs if it is used whole."""

    def __init__(self, slots: Sequence[Slot]) -> None:
        inner = [slot.start for slot in slots[1:]]
        self.step = step = gcd(_LONGEST_STEP, *(later - earlier for earlier, later in pairwise(inner)))
        start, end = slots[0].start, slots[-1].end
        first = start + ((inner[0] if inner else start) - start) % step
        self.edges: list[int] = [*([start] if first > start else []), *range(first, end, step), end]
        self.n = n = len(self.edges) - 1
        prices: list[float | None] = []
        place = 0
        for edge in self.edges[:-1]:
            while edge >= slots[place].end:
                place += 1
            prices.append(slots[place].price)
        self.start = 2.0 * n * n + 1
        """What a start costs: more than any lateness."""
        unit = self.start * (n + 1)
        largest = max((abs(price) for price in prices if price is not None), default=0.0) or 1.0
        self._scale = 10.0 ** floor(log10(_EXACT / (n * unit * largest)))
        self._unit = unit
        self.price = prices
        self.whole = [self.cost(i, step) if self.length(i) == step else inf for i in range(n)]
        self._forbidden = [0, *accumulate(int(cost == inf) for cost in self.whole)]
        self._sums = [0.0, *accumulate(0.0 if cost == inf else cost for cost in self.whole)]

    def length(self, i: int) -> int:
        """Return the seconds of a step."""
        return self.edges[i + 1] - self.edges[i]

    def cost(self, i: int, seconds: int) -> float:
        """Return what so many seconds of a step cost; infinite if they are not there."""
        price = self.price[i]
        if price is None or seconds > self.length(i):
            return inf
        return round(price * self._scale * seconds / self.step) * self._unit + 2.0 * i

    def window(self, start: int, end: int) -> float:
        """Return what the steps from ``start`` to before ``end`` cost, used whole; infinite if one cannot be."""
        return self._sums[end] - self._sums[start] if not self.unusable(start, end) else inf

    def unusable(self, start: int, end: int) -> int:
        """Return how many of these steps cannot be used whole."""
        return self._forbidden[end] - self._forbidden[start]

    def frames(self, starts: int | None, shortest: int, *, running: bool) -> Iterator[_Frame]:
        """Yield every way to use the first and the last step, if they are shorter, whole or not."""
        heads = [_Frame(0, self.n, starts, running)]
        begin = self.edges[0]
        if self.length(0) < self.step and running:
            heads.append(_Frame(1, self.n, starts, True, False, ((begin, self.edges[1]),)))
        elif self.length(0) < self.step and starts != 0 and 1 + shortest <= self.n:
            left = None if starts is None else starts - 1
            heads.append(_Frame(1 + shortest, self.n, left, True, False, ((begin, self.edges[1 + shortest]),)))
        last, end = self.n - 1, self.edges[-1]
        for head in heads:
            yield head
            if self.length(last) < self.step and head.first <= last:
                spans = (*head.spans, (self.edges[last], end))
                yield head._replace(last=last, ends_on=True, spans=spans)


class _State(NamedTuple):
    """Where the search is: at the beginning of step ``i``.

    So many ``starts`` are left, and so many whole ``steps`` to use. It is ``on`` or off. ``part``: a cut step is left.
    """

    i: int
    starts: int
    steps: int
    on: bool
    part: bool


class _Search:
    """Chooses the steps within a frame."""

    def __init__(self, grid: _Grid, frame: _Frame, seconds: int, shortest: int) -> None:
        steps, part = divmod(seconds, grid.step)
        self.grid, self.frame, self.steps, self.part = grid, frame, steps, part
        self.limited = frame.starts is not None
        self.starts = 1 if frame.starts is None else min(frame.starts, steps + 3)
        self.shortest = shortest
        self.end = frame.last
        self.whole = grid.whole
        self.early = [grid.cost(i, part) for i in range(grid.n)] if part else [inf] * grid.n
        self.late = [cost + 1 for cost in self.early]
        self._last: dict[tuple[bool, int], list[float]] = {}

    def run(self) -> list[Span] | None:
        """Return the spans of the best choice, or ``None`` if there is none."""
        first = self.frame.first
        start = _State(first, self.starts, self.steps, self.frame.on, self.part > 0)
        if self.steps > self.end - first - self.grid.unusable(first, self.end) or not self._prepare():
            return None
        costs = {start: 0.0}
        came: dict[_State, _State] = {}
        queue = [(self._bound(start), start)]
        closed = set[_State]()
        while queue and queue[0][0] < inf:
            state = heappop(queue)[1]
            if state in closed:
                continue
            closed.add(state)
            if self._is_end(state):
                return [*self.frame.spans, *self._spans(state, came)]
            for cost, following in self._moves(state):
                total = costs[state] + cost
                if total < costs.get(following, inf) and (bound := total + self._bound(following)) < inf:
                    costs[following], came[following] = total, state
                    heappush(queue, (bound, following))
        return None

    def _is_end(self, state: _State) -> bool:
        if state.steps or state.part:
            return False
        return (state.i == self.end and state.on) if self.frame.ends_on else True

    def _moves(self, state: _State) -> Iterator[tuple[float, _State]]:
        """Yield what may follow, and what it costs."""
        i, starts, steps, on, part = state
        if on:
            yield 0.0, _State(i, starts, steps, False, part)
            if i < self.end and steps:
                yield self.whole[i], _State(i + 1, starts, steps - 1, True, part)
            if i < self.end and part:
                yield self.early[i], _State(i + 1, starts, steps, False, False)
            return
        shortest = self.shortest
        if i >= self.end:
            if starts and self.frame.ends_on and shortest == 0:
                yield self.grid.start, _State(i, starts - 1 if self.limited else starts, steps, True, part)
            return
        yield 0.0, _State(i + 1, starts, steps, False, part)
        if not starts or steps < shortest:
            return
        left = starts - 1 if self.limited else starts
        yield self.grid.start + self._window(i, shortest), _State(i + shortest, left, steps - shortest, True, part)
        if part:
            cost = self.grid.start + self.late[i] + self._window(i + 1, shortest)
            yield cost, _State(i + 1 + shortest, left, steps - shortest, True, False)

    def _window(self, i: int, steps: int) -> float:
        """Return what so many whole steps from ``i`` on cost."""
        return self.grid.window(i, i + steps) if i + steps <= self.end else inf

    def _spans(self, state: _State, came: dict[_State, _State]) -> Iterator[Span]:
        edges = self.grid.edges
        while (before := came.get(state)) is not None:
            start, end = before.i, state.i
            if before.on and not state.on and end > start:
                yield edges[start], edges[start] + self.part
            elif state.on and end > start:
                if before.part and not state.part:
                    start += 1
                    yield edges[start] - self.part, edges[start]
                yield edges[start], edges[end]
            state = before

    # The bound

    def _bound(self, state: _State) -> float:
        """Return what the rest costs at least."""
        i, starts, steps, on, part = state
        if not steps and not part and not self.frame.ends_on:
            return 0.0
        if self.limited and not self.frame.ends_on:
            if starts == 0:
                return self._going_on(i, steps, part=part) if on else inf
            if starts == 1 and not on and steps >= self.shortest:
                return self._last_block(steps, part=part)[i]
        return self._tables[part][on][starts][i] + self._earned * steps

    def _going_on(self, i: int, steps: int, *, part: bool) -> float:
        """Return what it costs to stay on until all is done."""
        cost = self._window(i, steps)
        if not part or cost == inf:
            return cost
        return cost + self.early[i + steps] if i + steps < self.end else inf

    def _last_block(self, steps: int, *, part: bool) -> list[float]:
        """Return, for every step, what one block costs that begins there or later and does all that is left."""
        if (known := self._last.get((part, steps))) is not None:
            return known
        end = self.end
        costs = [self._window(i, steps) for i in range(end + 1)]
        if part:
            ahead = [*costs[1:], inf]
            behind = [*self.early[steps:end], *[inf] * (steps + 1)]
            late = [*self.late[:end], inf]
            costs = [min(a + b, c + d) for a, b, c, d in zip(costs, behind, late, ahead, strict=True)]
        known = [self.grid.start + cost for cost in accumulate(reversed(costs), min)][::-1]
        self._last[part, steps] = known
        return known

    def _prepare(self) -> bool:
        """Choose what a step earns, by its best bound; return whether there is a choice at all."""
        if self.limited and not self.frame.ends_on and self.starts <= 1 and not self.frame.on:
            return True  # the bound is exact without
        allowed = sorted(cost for cost in self.whole[self.frame.first : self.end] if cost < inf) or [0.0]
        start = _State(self.frame.first, self.starts, 0, self.frame.on, self.part > 0)
        earned = allowed[max(min(self.steps, len(allowed)) - 1, 0)]
        best = -inf
        few: tuple[float, int] | None = None
        many: tuple[float, int] | None = None
        for number in range(1, _ROUNDS + 1):
            tables = self._relaxed(earned)
            value = tables[start.part][start.on][start.starts][start.i]
            if value == inf:
                return False
            if value + earned * self.steps > best:
                best, self._earned, self._tables = value + earned * self.steps, earned, tables
            count = self._count(start, tables, earned)
            if count == self.steps:
                break
            if count < self.steps:
                few = value + count * earned, count
            else:
                many = value + count * earned, count
            if few and many:  # where the lines of both meet
                if (meeting := (many[0] - few[0]) // (many[1] - few[1])) == earned:
                    break
                earned = meeting
            elif few:
                more = allowed[min(len(allowed), self.steps + 6 * number) - 1]
                earned = more if more > earned else earned + allowed[-1] - allowed[0] + self.grid.start
            else:
                earned -= (earned - allowed[0]) / 2 if earned > allowed[0] else abs(earned) + self.grid.start
            earned = float(floor(earned))
        return True

    def _relaxed(self, earned: float) -> list[_Tables]:
        """Return what the rest costs at least if every whole step earns so much.

        The second tables are for when a cut step is left.
        """
        end, shortest, size = self.end, self.shortest, self.grid.n + self.shortest + 2
        free = [cost - earned for cost in self.whole]
        blocks = [self._window(i, shortest) - earned * shortest + self.grid.start for i in range(end + 1)]
        tables: list[_Tables] = []
        for part in (False, True) if self.part else (False,):
            all_off: list[list[float]] = []
            all_on: list[list[float]] = []
            for starts in range(self.starts + 1):
                off, on = [inf] * size, [inf] * size
                stay_on = inf if part else 0.0
                stay_off = stay_on
                if self.frame.ends_on:  # a block may begin with the last step
                    stay_off = stay_on + self.grid.start if starts and not shortest else inf
                off[end], on[end] = stay_off, stay_on
                after = starts - 1 if self.limited else starts
                started = all_on[after] if starts and self.limited else on
                done = tables[0] if part else None
                for i in range(end - 1, -1, -1):
                    stay_on += free[i]
                    if done is not None and (cost := self.early[i] + done[0][starts][i + 1]) < stay_on:
                        stay_on = cost
                    on[i] = stay_on
                    if starts:
                        if (cost := blocks[i] + started[i + shortest]) < stay_off:
                            stay_off = cost
                        if done is not None:
                            cost = self.late[i] + blocks[i + 1] + done[1][after][i + 1 + shortest]
                            stay_off = min(stay_off, cost)
                    if stay_off < stay_on:
                        stay_on = on[i] = stay_off
                    off[i] = stay_off
                all_off.append(off)
                all_on.append(on)
            tables.append((all_off, all_on))
        return tables

    def _count(self, start: _State, tables: list[_Tables], earned: float) -> int:
        """Return how many whole steps the best choice of the relaxation uses."""
        i, starts, count, on, part = start
        while i < self.end:
            off, stay = tables[part]
            left = starts - 1 if self.limited else starts
            if on:
                if stay[starts][i] == off[starts][i]:
                    on = False
                elif part and stay[starts][i] == self.early[i] + tables[0][0][starts][i + 1]:
                    i, on, part = i + 1, False, False
                else:
                    i, count = i + 1, count + 1
            elif off[starts][i] == off[starts][i + 1]:
                i += 1
            else:
                block = self._window(i, self.shortest) - earned * self.shortest + self.grid.start
                late = off[starts][i] != block + stay[left][i + self.shortest]
                i, count, starts, on = i + late + self.shortest, count + self.shortest, left, True
                part = part and not late
        return count
