"""The cheapest times for two that must not be on at once, exactly: an A* search like that for one.

Time is cut into steps, also where the time of one of both begins or ends. Of the edges of all blocks at most two are
elsewhere, as there are two sums of seconds to be met, and two blocks may share one. How long the parts are that they
cut off follows from the seconds that are left. The bound is the relaxation of Lagrange: every second earns an amount,
which differs between both.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from heapq import heappop, heappush
from itertools import accumulate, pairwise, product
from math import gcd
from typing import NamedTuple

from .cheapest import joined
from .cheapest_grid import Slot, Span, exact

_LONGEST_STEP = 900
_TRIES = 80
"""How often the bound is improved at most."""
_MOST_STATES, _MORE_STATES = 8_000, 1_000
"""How many are looked at before the search gives up, and after a choice at the least cost to find one with less starts.
"""
_SLACK = 2
"""How many starts too many the first choice that is found may have."""

_NOBODY = 2

type _Two = tuple[int, int]
"""A number for each of both."""

type _Level = tuple[list[int], list[int], list[int]]
"""What the rest costs at least by the step, if the first, the second or nobody is on when it begins."""


class Wish(NamedTuple):
    """What one of both needs, as for :func:`cheapest`; ``power`` weighs its prices."""

    slots: Sequence[Slot]
    seconds: int
    starts: int | None = None
    shortest: int = 0
    running: bool = False
    power: float = 1.0


class _State(NamedTuple):
    """Where the search is: at the beginning of step ``i``, with so many seconds and starts left for each of both.

    ``on`` is who is on, for at least ``hold`` seconds more. So many edges may still be elsewhere than on steps.
    """

    i: int
    on: int
    left: _Two
    starts: _Two
    hold: int = 0
    free: int = 2


class _Part(NamedTuple):
    """Who is on in a part of a step, if anybody, and for how many seconds."""

    who: int
    seconds: int


class _Bound(NamedTuple):
    """What the rest costs at least if each second earns so much, by the starts that are left."""

    earned: _Two
    levels: dict[_Two, _Level]


def cheapest_pair(first: Wish, second: Wish) -> tuple[list[Span], list[Span]] | None:
    """Return when each of both is on at the least cost of both together; ``None`` if that is impossible.

    Of equal costs there are few blocks, though not always the fewest. It is ``None`` also if the search takes too long.
    """
    return _Pair((first, second)).run()


class _Pair:
    """Searches for the times of both."""

    def __init__(self, wishes: tuple[Wish, Wish]) -> None:
        self._wishes = wishes
        inner = [slot.start for wish in wishes for slot in wish.slots[1:]]
        self._step = step = gcd(_LONGEST_STEP, *(edge - inner[0] for edge in inner))
        ends = {edge for wish in wishes for edge in (wish.slots[0].start, wish.slots[-1].end)}
        begin, end = min(ends), max(ends)
        first = begin + ((inner[0] if inner else begin) - begin) % step
        self._edges = edges = sorted({*range(first, end, step), *ends})
        self._n = n = len(edges) - 1
        rates = [_rates(wish, edges) for wish in wishes]
        total = end - begin
        self._start = 4 * total * total + 1
        unit = self._start * (n + 4 + _SLACK)
        largest = max((abs(rate) for each in rates for rate in each if rate is not None), default=0) + 1
        self._much = 8 * largest * unit
        self._never = 64 * n * total * self._much
        self._rates = [[None if rate is None else rate * unit for rate in each] for each in rates]
        self._whole = [[self._cost(who, i, *span) for i, span in enumerate(pairwise(edges))] for who in (0, 1)]
        self._sums_of = [list(accumulate(each, initial=0)) for each in self._whole]
        lone = [wish.seconds < 2 * wish.shortest and not wish.running for wish in wishes]
        self._shortest = [
            0 if one else -(-wish.shortest // step) * step for wish, one in zip(wishes, lone, strict=True)
        ]
        self._stops = [[_stop(edges, i, shortest) for i in range(n)] for shortest in self._shortest]
        starts = [1 if one else wish.starts for wish, one in zip(wishes, lone, strict=True)]
        self._limited = [each is not None for each in starts]
        running = [who for who in (0, 1) if wishes[who].running and wishes[who].slots[0].start == begin]
        self._first = _State(
            0,
            running[0] if running else _NOBODY,
            (wishes[0].seconds, wishes[1].seconds),
            (1 if starts[0] is None else starts[0], 1 if starts[1] is None else starts[1]),
        )
        odd = [(i, stop - start) for i, (start, stop) in enumerate(pairwise(edges)) if stop - start != step]
        self._odd = [{0, *(length for place, length in odd if place > i)} for i in range(n)]
        self._sums = [{0}]
        for start, stop in reversed(list(pairwise(edges))):
            odd_length = (stop - start) % step
            self._sums.append(self._sums[-1] | {(each + odd_length) % step for each in self._sums[-1]})
        self._sums.reverse()
        self._bounds: list[_Bound] = []

    def _cost(self, who: int, i: int, start: int, end: int) -> int:
        """Return what it costs that one is on in a part of a step."""
        rate = self._rates[who][i]
        return self._never if rate is None else (rate + start + end - 2 * self._edges[0]) * (end - start)

    def run(self) -> tuple[list[Span], list[Span]] | None:
        """Return the best choice."""
        self._prepare()
        slack, limit = _SLACK * self._start, self._never // 2
        costs, came = {self._first: 0}, dict[_State, tuple[_State, tuple[_Part, ...]]]()
        least = self._rest(self._first)
        queue = [(least // slack, 0, least, 0, self._first)]
        best: _State | None = None
        looked, most = 0, _MOST_STATES
        while queue and looked < most:
            _, _, least, before, state = heappop(queue)
            if before > costs[state] or least >= limit:
                continue
            looked += 1
            if not any(state.left) and not state.hold:
                best, limit = state, least
                most = min(most, looked + _MORE_STATES)
                continue
            if state.i == self._n:
                continue
            for cost, following, parts in self._moves(state):
                total = before + cost
                if total < costs.get(following, self._never) and (least := total + self._rest(following)) < limit:
                    costs[following], came[following] = total, (state, parts)
                    heappush(queue, (least // slack, -following.i, least, total, following))
        return None if best is None else self._spans(best, came)

    def _spans(
        self, state: _State, came: dict[_State, tuple[_State, tuple[_Part, ...]]]
    ) -> tuple[list[Span], list[Span]]:
        spans: tuple[list[Span], list[Span]] = [], []
        while state in came:
            state, parts = came[state]
            at = self._edges[state.i]
            for who, seconds in parts:
                if who != _NOBODY:
                    spans[who].append((at, at + seconds))
                at += seconds
        return joined(spans[0]), joined(spans[1])

    # What may follow

    def _moves(self, state: _State) -> Iterator[tuple[int, _State, tuple[_Part, ...]]]:
        """Yield what may happen in a step: its cost, the state after it, and its parts."""
        length = self._edges[state.i + 1] - self._edges[state.i]
        for free, parts in self._choices(state, length):
            if free <= state.free and (found := self._after(state, parts, free)) is not None:
                yield *found, parts

    def _choices(self, state: _State, length: int) -> Iterator[tuple[int, tuple[_Part, ...]]]:
        """Yield how a step may be used, and how many edges elsewhere that takes."""
        yield 0, (_Part(_NOBODY, length),)
        for who in (0, 1):
            yield 0, (_Part(who, length),)
        if not state.free:
            return
        cuts = [{cut for cut in self._cuts(state, who) if 0 < cut < length} for who in (0, 1)]
        for who in (0, 1):
            for cut in cuts[who]:
                yield 1, (_Part(who, cut), _Part(_NOBODY, length - cut))
                yield 1, (_Part(_NOBODY, length - cut), _Part(who, cut))
                for other in cuts[1 - who]:
                    if cut + other < length:
                        yield 2, (_Part(who, cut), _Part(_NOBODY, length - cut - other), _Part(1 - who, other))
            for cut in cuts[who] | {length - cut for cut in cuts[1 - who]}:
                yield 1, (_Part(who, cut), _Part(1 - who, length - cut))

    def _cuts(self, state: _State, who: int) -> Iterator[int]:
        """Yield how long a part may be: what whole steps leave of the seconds of one, or of those of both."""
        mine, other = state.left[who], state.left[1 - who]
        for odd in self._odd[state.i]:
            yield (mine - odd) % self._step
            yield (mine + other - odd) % self._step

    def _after(self, state: _State, parts: tuple[_Part, ...], free: int) -> tuple[int, _State] | None:
        """Return what a step costs that is used so, and the state after it; ``None`` if it must not be used so."""
        i, on, hold = state.i, state.on, state.hold
        left, starts = list(state.left), list(state.starts)
        cost, at = 0, self._edges[i]
        for who, seconds in parts:
            if who != on:
                if hold:
                    return None
                if who != _NOBODY:
                    if not starts[who]:
                        return None
                    starts[who] -= self._limited[who]
                    hold = self._shortest[who] if starts[who] else left[who]
                    cost += self._start
                on = who
            if who != _NOBODY:
                left[who] -= seconds
                hold = max(hold - seconds, 0)
                if left[who] < hold:
                    return None
                cost += self._cost(who, i, at, at + seconds)
            at += seconds
        for who in (0, 1):
            if not left[who]:  # it is done
                starts[who], on = 0, _NOBODY if on == who else on
        if cost >= self._never // 2 or not self._fits(i + 1, left, state.free - free):
            return None
        return cost, _State(i + 1, on, (left[0], left[1]), (starts[0], starts[1]), hold, state.free - free)

    def _fits(self, i: int, left: Sequence[int], free: int) -> bool:
        """Return whether steps and so many free edges can make up the seconds that are left."""
        sums, step = self._sums[i], self._step
        ones = [each % step in sums for each in left]
        return free > 1 or all(ones) or (free == 1 and (any(ones) or sum(left) % step in sums))

    # The bound

    def _rest(self, state: _State) -> int:
        """Return what the rest costs at least."""
        i, on, left, starts, hold, _ = state
        cost, (first, second) = 0, left
        if hold:  # it has to stay on
            until = self._edges[i] + hold
            if until > self._edges[-1]:
                return self._never
            stop = bisect_right(self._edges, until) - 1
            cost = self._sums_of[on][stop] - self._sums_of[on][i]
            done = self._edges[stop] - self._edges[i]
            i, first, second = stop, first - done * (on == 0), second - done * (on == 1)
        return cost + max(
            [bound.levels[starts][on][i] + bound.earned[0] * first + bound.earned[1] * second for bound in self._bounds]
        )

    def _prepare(self) -> None:
        """Let seconds earn so much that about as many are used as are wished.

        The bound is concave, and its edges are where the amount of one or of both changes, so steps along these lead to
        its highest point.
        """
        rates = sorted(rate for each in self._rates for rate in each if rate is not None) or [0]
        wished = self._first.left
        at: _Two = (rates[len(rates) // 2],) * 2
        stride = max(rates[-1] - rates[0], self._start)
        best, used = self._relax(at)
        tries = 1
        while stride and tries < _TRIES:
            for along in ((1, 1), (1, 0), (0, 1)):
                gain = sum(many * (wish - use) for many, wish, use in zip(along, wished, used, strict=True))
                if not gain:
                    continue
                ahead = stride if gain > 0 else -stride
                there = at[0] + along[0] * ahead, at[1] + along[1] * ahead
                value, using = self._relax(there)
                tries += 1
                if value > best:
                    at, best, used = there, value, using
                    break
                self._bounds.pop()
            else:
                stride //= 3
        self._bounds = self._bounds[-3:]

    def _relax(self, earned: _Two) -> tuple[int, _Two]:
        """Add a bound; return its value, and how many seconds its choice uses for each of both."""
        n, never, start = self._n, self._never, self._start
        edges = self._edges
        gains = [
            [cost - earned[who] * (edges[i + 1] - edges[i]) for i, cost in enumerate(self._whole[who])]
            for who in (0, 1)
        ]
        sums = [list(accumulate(each, initial=0)) for each in gains]
        levels: dict[_Two, _Level] = {}
        for starts in product(range(self._first.starts[0] + 1), range(self._first.starts[1] + 1)):
            here: _Level = [0] * (n + 1), [0] * (n + 1), [0] * (n + 1)
            levels[starts] = here
            begins: list[list[int] | None] = []
            for who in (0, 1):
                less = (starts[0] - (who == 0), starts[1] - (who == 1)) if self._limited[who] else starts
                begins.append(levels[less][who] if starts[who] else None)
            first, second, nobody = here
            from_first, from_second = begins
            for i in range(n - 1, -1, -1):
                idle, begin_first, begin_second = nobody[i + 1], never, never
                if from_first is not None and (stop := self._stops[0][i]):
                    begin_first = start + sums[0][stop] - sums[0][i] + from_first[stop]
                if from_second is not None and (stop := self._stops[1][i]):
                    begin_second = start + sums[1][stop] - sums[1][i] + from_second[stop]
                nobody[i] = min(idle, begin_first, begin_second)
                first[i] = min(idle, gains[0][i] + first[i + 1], begin_second)
                second[i] = min(idle, gains[1][i] + second[i + 1], begin_first)
        bound = _Bound(earned, levels)
        self._bounds.append(bound)
        state = self._first
        value = levels[state.starts][state.on][0]
        wished = state.left
        return value + earned[0] * wished[0] + earned[1] * wished[1], self._used(bound, sums)

    def _used(self, bound: _Bound, sums: Sequence[Sequence[int]]) -> _Two:
        """Return how many seconds the choice of a relaxation uses for each of both."""
        used, i = [0, 0], 0
        on, starts = self._first.on, self._first.starts
        while i < self._n:
            value = bound.levels[starts][on][i]
            if value == bound.levels[starts][_NOBODY][i + 1]:
                i, on = i + 1, _NOBODY
                continue
            for who in (0, 1):
                stop, less, cost = i + 1, starts, 0
                if who != on:
                    stop, cost = self._stops[who][i], self._start
                    if not starts[who] or not stop:
                        continue
                    if self._limited[who]:
                        less = starts[0] - (who == 0), starts[1] - (who == 1)
                if value == cost + sums[who][stop] - sums[who][i] + bound.levels[less][who][stop]:
                    used[who] += self._edges[stop] - self._edges[i]
                    i, on, starts = stop, who, less
                    break
        return used[0], used[1]


def _stop(edges: Sequence[int], i: int, shortest: int) -> int:
    """Return the last edge of steps until which the shortest block is on that begins with a step; 0 if it cannot be."""
    if edges[i] + shortest > edges[-1]:
        return 0
    return max(bisect_right(edges, edges[i] + shortest) - 1, i + 1)


def _rates(wish: Wish, edges: Sequence[int]) -> Iterable[int | None]:
    """Return what a second costs one of both in each step; ``None`` where it must not be on."""
    place, rates = 0, list[int | None]()
    for start in edges[:-1]:
        while place < len(wish.slots) and start >= wish.slots[place].end:
            place += 1
        slot = wish.slots[place] if place < len(wish.slots) else None
        usable = slot is not None and slot.price is not None and start >= slot.start
        rates.append(exact(slot.price * wish.power) if slot is not None and slot.price is not None and usable else None)
    return rates
