"""The choice of the steps that are used whole and of one that is cut, exactly: an A* search.

Its bound is the relaxation of Lagrange: any number of steps may be used, and each earns the same amount. Once only one
block can follow, what is left is known exactly.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from heapq import heappop, heappush
from itertools import accumulate
from operator import add, sub

from .cheapest_grid import Frame, Grid, Span

type _State = tuple[int, int, int, bool, bool]
"""Where the search is: at the beginning of which step, how many starts and whole steps are left, whether it is on, and
whether a cut step is left. Without a limit there is always one start left.
"""

type _Levels = list[list[int]]
"""A cost by the starts that are left and the step."""

_ROUNDS = 3
"""How often the bound is improved."""


@dataclass(frozen=True, slots=True)
class _Bound:
    """What the rest costs at least if every whole step earns so much: when ``off`` and when ``on``.

    Each without a cut step left, and with one.
    """

    earned: int
    off: Sequence[_Levels]
    on: Sequence[_Levels]


class Search:
    """Chooses the steps within a frame, so many ``seconds`` besides its own; ``shortest`` is in steps."""

    def __init__(self, grid: Grid, frame: Frame, seconds: int, shortest: int) -> None:
        steps, self._part = divmod(seconds, grid.step)
        self._grid, self._frame, self._shortest, self._end = grid, frame, shortest, frame.last
        self._limited = frame.starts is not None
        starts = 1 if frame.starts is None else min(frame.starts, steps + 3)
        self._first: _State = frame.first, starts, steps, frame.on, self._part > 0
        self._early = grid.early(self._part)[: frame.last]
        self._late = grid.late(self._part)[: frame.last]
        self._impossible = grid.never // 2
        self._blocks: dict[tuple[int, bool], list[int]] = {}
        self._bounds: list[_Bound] = []
        self.least = grid.never
        """What the choice costs at least."""

    def run(self, most: int) -> tuple[int, list[Span]] | None:
        """Return the best choice and its cost, or ``None`` if none costs less than ``most``."""
        frame, first, never = self._frame, self._first, self._grid.never
        most = min(most, self._impossible)
        costs, came = {first: frame.cost}, dict[_State, _State]()
        queue = [(self.least, frame.cost, first)]
        while queue and queue[0][0] < most:
            least, before, state = heappop(queue)
            if before > costs[state]:
                continue
            if (known := self._known(state)) is not None:
                if before + known > least:  # the bound was too low
                    heappush(queue, (before + known, before, state))
                    continue
                return least, [*frame.spans, *self._spans(state, came), *self._last_spans(state)]
            for cost, following in self._moves(state):
                total = before + cost
                if total < costs.get(following, never) and (least := total + self._rest(following)) < most:
                    costs[following], came[following] = total, state
                    heappush(queue, (least, total, following))
        return None

    def _moves(self, state: _State) -> Iterator[tuple[int, _State]]:
        """Yield what may follow, and what it costs."""
        i, starts, steps, on, part = state
        end, shortest, sums = self._end, self._shortest, self._grid.sums
        if on:
            yield 0, (i, starts, steps, False, part)
            if i < end and steps:
                yield sums[i + 1] - sums[i], (i + 1, starts, steps - 1, True, part)
            if i < end and part:
                yield self._early[i], (i + 1, starts, steps, False, False)
            return
        if i < end:
            yield 0, (i + 1, starts, steps, False, part)
        if not starts or steps < shortest:
            return
        left = starts - self._limited
        if (stop := i + shortest) <= end:
            yield self._grid.start + sums[stop] - sums[i], (stop, left, steps - shortest, True, part)
        if part and (stop := i + 1 + shortest) <= end:
            cost = self._grid.start + self._late[i] + sums[stop] - sums[i + 1]
            yield cost, (stop, left, steps - shortest, True, False)

    def _spans(self, state: _State, came: dict[_State, _State]) -> Iterator[Span]:
        """Yield what is used on the way to a state."""
        edges = self._grid.edges
        while (before := came.get(state)) is not None:
            start, end = before[0], state[0]
            is_cut = before[4] and not state[4]
            if before[3] and not state[3] and end > start:
                yield edges[start], edges[start] + self._part
            elif state[3] and end > start:
                yield edges[start + is_cut] - is_cut * self._part, edges[end]
            state = before

    # What is left

    def _rest(self, state: _State) -> int:
        """Return what the rest costs at least."""
        i, starts, steps, on, part = state
        if not steps and not part and not self._frame.ends_on:
            return 0
        return max([(bound.on if on else bound.off)[part][starts][i] + bound.earned * steps for bound in self._bounds])

    def _known(self, state: _State) -> int | None:
        """Return what the rest costs if that is known exactly: if at most one block follows."""
        i, starts, steps, on, part = state
        if not steps and not part and (not self._frame.ends_on or (on and i == self._end)):
            return 0
        if not self._limited or starts > 1 or (on and starts):
            return None
        if starts:
            return self._one_block(steps, part)[i] if steps >= self._shortest else self._grid.never
        return self._going_on(i, steps, part) if on else self._grid.never

    def _going_on(self, i: int, steps: int, part: bool) -> int:
        """Return what it costs to stay on until all is done."""
        stop, sums = i + steps, self._grid.sums
        if stop + part > self._end or (self._frame.ends_on and (part or stop < self._end)):
            return self._grid.never
        return sums[stop] - sums[i] + (self._early[stop] if part else 0)

    def _one_block(self, steps: int, part: bool) -> list[int]:
        """Return, for every step, what one block costs that begins there or later and does all that is left."""
        if (known := self._blocks.get((steps, part))) is None:
            costs = self._block_costs(steps, part)
            never = [self._grid.never] * (self._end + 1 - len(costs))
            known = self._blocks[steps, part] = [*_least_later(costs), *never]
        return known

    def _block_costs(self, steps: int, part: bool) -> list[int]:
        """Return what one block costs that begins with each step, so far as there is time for it."""
        end, sums, start = self._end, self._grid.sums, self._grid.start
        if self._frame.ends_on:
            first = end - steps - part
            cost = start + sums[end] - sums[end - steps] + (self._late[first] if part else 0)
            return [*[self._grid.never] * first, cost] if first >= 0 else []
        costs = [stop - begin + start for stop, begin in zip(sums[steps : end + 1], sums, strict=False)]
        if part:
            costs = _lesser(_added(costs, self._early[steps:]), _added(self._late, costs[1:]))
        return costs

    def _last_spans(self, state: _State) -> Iterator[Span]:
        """Yield the block that is left in a state whose rest is known."""
        i, _, steps, on, part = state
        edges = self._grid.edges
        if not steps and not part:
            return
        if on:
            yield edges[i], edges[i + steps] + part * self._part
            return
        costs = self._block_costs(steps, part)
        i = costs.index(self._one_block(steps, part)[i], i)
        sums, start = self._grid.sums, self._grid.start
        if part and costs[i] == start + self._late[i] + sums[i + 1 + steps] - sums[i + 1]:
            yield edges[i + 1] - self._part, edges[i + 1 + steps]
        else:
            yield edges[i], edges[i + steps] + part * self._part

    # The bound

    def prepare(self, earned: int | None = None) -> int | None:
        """Find what the choice costs at least.

        Return what a step should earn, which is about the same for all frames and can be given to the next.
        """
        frame, first = self._frame, self._first
        usable = sorted(self._grid.usable(frame.first, self._end))
        if first[2] > len(usable):
            return earned
        if (known := self._known(first)) is not None:
            self.least = frame.cost + known
            return earned
        if earned is None:
            earned = self._best_earned(usable)
        else:
            self._relax(earned)
        if earned is not None:
            self.least = frame.cost + self._rest(first)
        return earned

    def _best_earned(self, usable: Sequence[int]) -> int | None:
        """Return what a step has to earn so that so many are used as are wished, or nearly; ``None`` if never."""
        steps = self._first[2]
        middle = usable[max(steps - 1, 0) : steps + 1] or [0]
        earned = best = sum(middle) // len(middle)
        most = -self._grid.never
        few: tuple[int, int] | None = None
        many: tuple[int, int] | None = None
        for _ in range(_ROUNDS):
            value, count = self._relax(earned)
            if count == steps:
                return earned
            if value + earned * steps > most:
                best, most = earned, value + earned * steps
            if count > steps:
                many = value + count * earned, count
            elif earned < self._grid.much:
                few = value + count * earned, count
            else:
                return None
            if few and many:  # where the lines of both meet
                earned = (many[0] - few[0]) // (many[1] - few[1])
            elif few:
                place = steps + 2 * (steps - count)
                earned = usable[place] if place < len(usable) and usable[place] > earned else self._grid.much
            else:
                earned -= (earned - usable[0]) // 2 if usable and earned > usable[0] else self._grid.much
            if earned == best:
                break
        return best

    def _relax(self, earned: int) -> tuple[int, int]:
        """Add a bound; return what its choice costs, and how many whole steps that uses."""
        i, starts, _, on, part = self._first
        bound = _Bound(earned, *(self._limited_levels if self._limited else self._levels)(earned))
        self._bounds.append(bound)
        return (bound.on if on else bound.off)[part][starts][i], self._count(bound)

    def _limited_levels(self, earned: int) -> tuple[list[_Levels], list[_Levels]]:
        """Return what a bound consists of, one limit on starts after the other."""
        end, shortest, never, start = self._end, self._shortest, self._grid.never, self._grid.start
        early = self._early
        left = [*accumulate((cost - earned for cost in self._grid.whole[end - 1 :: -1] if end), initial=0)][::-1]
        blocks = [here - there + start for here, there in zip(left, left[shortest:], strict=False)]
        late_blocks = _added(self._late, blocks[1:])
        all_off: list[_Levels] = []
        all_on: list[_Levels] = []
        for part in (False, True) if self._part else (False,):
            offs: _Levels = []
            ons: _Levels = []
            done = never if part or self._frame.ends_on else 0
            for starts in range(self._first[1] + 1):
                off = [done] * (end + 1)
                if starts and blocks:
                    begin = _added(blocks, ons[-1][shortest:])
                    if part:
                        cut = _added(late_blocks, all_on[0][starts - 1][shortest + 1 :])
                        begin = [*_lesser(begin, cut), begin[-1]]
                    begin[-1] = min(begin[-1], done)
                    off[: len(begin)] = _least_later(begin)
                leave = off
                if part:
                    leave = [*_lesser(off, _added(early, all_off[0][starts][1:])), off[-1]]
                elif self._frame.ends_on:
                    leave = [*off[:-1], 0]
                offs.append(off)
                if starts == self._first[1] and not self._frame.on:
                    break
                ons.append(_added(left, _least_later(list(map(sub, leave, left, strict=True)))))
            all_off.append(offs)
            all_on.append(ons)
        return all_off, all_on

    def _levels(self, earned: int) -> tuple[list[_Levels], list[_Levels]]:
        """Return what a bound consists of if starts are not limited."""
        end, shortest, never, start = self._end, self._shortest, self._grid.never, self._grid.start
        sums = self._grid.sums
        free = [cost - earned for cost in self._grid.whole[:end]]
        blocks = [sums[i + shortest] - sums[i] - earned * shortest + start for i in range(end + 1 - shortest)]
        blocks += [never] * (shortest + 1)
        all_off: list[_Levels] = []
        all_on: list[_Levels] = []
        for part in (False, True) if self._part else (False,):
            off, on = [never] * (end + shortest + 2), [never] * (end + shortest + 2)
            off_now = never if part or self._frame.ends_on else 0
            on_now = never if part else 0
            if self._frame.ends_on and not part and not shortest:
                off_now = start
            off[end], on[end] = off_now, on_now
            for i in range(end - 1, -1, -1):
                on_now += free[i]
                if part and (cost := self._early[i] + all_off[0][1][i + 1]) < on_now:
                    on_now = cost
                on[i] = on_now
                if (cost := blocks[i] + on[i + shortest]) < off_now:
                    off_now = cost
                if part and (cost := self._late[i] + blocks[i + 1] + all_on[0][1][i + 1 + shortest]) < off_now:
                    off_now = cost
                if off_now < on_now:
                    on_now = on[i] = off_now
                off[i] = off_now
            all_off.append([off, off])
            all_on.append([on, on])
        return all_off, all_on

    def _count(self, bound: _Bound) -> int:
        """Return how many whole steps the best choice of the relaxation uses."""
        (i, starts, _, on, part), count = self._first, 0
        shortest, sums = self._shortest, self._grid.sums
        while i < self._end:
            off = bound.off[part][starts]
            if on and bound.on[part][starts][i] == off[i]:
                on = False
            elif on and part and bound.on[True][starts][i] == self._early[i] + bound.off[False][starts][i + 1]:
                i, on, part = i + 1, False, False
            elif on:
                i, count = i + 1, count + 1
            elif off[i] == off[i + 1]:
                i += 1
            else:
                starts -= self._limited
                stop, on = i + shortest, True
                if part and stop < self._end:
                    block = sums[stop + 1] - sums[i + 1] - bound.earned * shortest + self._grid.start
                    if off[i] == self._late[i] + block + bound.on[False][starts][stop + 1]:
                        part, stop = False, stop + 1
                i, count = stop, count + shortest
        return count


def _added(first: Sequence[int], second: Sequence[int]) -> list[int]:
    """Return the sums, as many as both have."""
    return list(map(add, first, second, strict=False))


def _lesser(first: Sequence[int], second: Sequence[int]) -> list[int]:
    """Return the lesser of each two, as many as both have."""
    return list(map(min, first, second, strict=False))


def _least_later(values: Sequence[int]) -> list[int]:
    """Return, for every place, the least value there or later."""
    return list(accumulate(reversed(values), min))[::-1]
