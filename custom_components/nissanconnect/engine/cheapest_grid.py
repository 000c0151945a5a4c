"""Time cut into steps of one length, of which the first and the last may be shorter, and what each of them costs.

Costs are whole numbers of any size, so that sums are exact and equal plans are equal. They are made of three parts: the
price counts first, then the number of blocks, then how late they are.
"""

from collections.abc import Iterator, Sequence
from itertools import accumulate, pairwise
from math import gcd
from typing import NamedTuple

type Span = tuple[int, int]
"""Seconds: from, to."""

_LONGEST_STEP = 900
_DIGITS = 1e9
"""Prices that differ by less than one part of it are equal."""


class Slot(NamedTuple):
    """A span of seconds and its price; with ``None`` it must not be used."""

    start: int
    end: int
    price: float | None


def exact(price: float | None) -> int | None:
    """Return a price as a whole number."""
    return None if price is None else round(price * _DIGITS)


class Frame(NamedTuple):
    """What is fixed at the two ends, where steps may be shorter: the ``spans`` that are used, and their ``cost``.

    The steps from ``first`` to before ``last`` are free. It is ``on`` when they begin, and must be on when they end if
    it ``ends_on``. So many ``starts`` are left, if they are limited.
    """

    first: int
    last: int
    starts: int | None
    on: bool
    ends_on: bool = False
    spans: tuple[Span, ...] = ()
    cost: int = 0

    @property
    def seconds(self) -> int:
        """How long the fixed spans are."""
        return sum(end - start for start, end in self.spans)


class Grid:
    """The steps between ``edges``, what each costs if it is ``whole``, and the ``sums`` of that.

    The ``shortest`` block is a number of whole steps.

    A ``start`` costs more than any lateness, and ``much`` is more than any steps cost. What costs half of ``never`` or
    more is impossible.
    """

    def __init__(self, slots: Sequence[Slot], shortest: int) -> None:
        inner = [slot.start for slot in slots[1:]]
        self.step = step = gcd(_LONGEST_STEP, shortest, *(later - earlier for earlier, later in pairwise(inner)))
        begin, end = slots[0].start, slots[-1].end
        first = begin + ((inner[0] if inner else begin) - begin) % step
        self.edges: list[int] = [*([begin] if first > begin else []), *range(first, end, step), end]
        self.n = n = len(self.edges) - 1
        self._prices: list[int | None] = []
        prices, place = [exact(slot.price) for slot in slots], 0
        for edge in self.edges[:-1]:
            while edge >= slots[place].end:
                place += 1
            self._prices.append(prices[place])
        self.start = (end - begin) ** 2 + 1
        self._unit = self.start * (n + 2)
        largest = max((abs(price) for price in self._prices if price is not None), default=0) + 1
        self.much = 8 * n * largest * step * self._unit
        self.never = 8 * n * n * self.much
        self.whole = self.early(step)
        self.sums = list(accumulate(self.whole, initial=0))

    def _cost(self, i: int, start: int, end: int) -> int:
        """Return what a part of a step costs; it is impossible if it is not there."""
        price, origin = self._prices[i], self.edges[0]
        if price is None or start < self.edges[i] or end > self.edges[i + 1]:
            return self.never
        return (price * self._unit + start + end - 2 * origin) * (end - start)

    def early(self, seconds: int) -> list[int]:
        """Return what so many seconds at the beginning of each step cost."""
        return [self._cost(i, start, start + seconds) for i, start in enumerate(self.edges[:-1])]

    def late(self, seconds: int) -> list[int]:
        """Return what so many seconds at the end of each step cost."""
        return [self._cost(i, end - seconds, end) for i, end in enumerate(self.edges[1:])]

    def usable(self, start: int, end: int) -> list[int]:
        """Return what the steps from ``start`` to before ``end`` cost that can be used whole."""
        return [cost for cost in self.whole[start:end] if cost < self.never]

    def frames(self, starts: int | None, shortest: int, *, running: bool) -> Iterator[Frame]:
        """Yield every way to use the first and the last step, if they are shorter, whole or not."""
        heads, last = [Frame(0, self.n, starts, running)], self.n - 1
        if self._length(0) < self.step:
            cost = self._cost(0, *self.edges[:2])
            if running:
                heads.append(Frame(1, self.n, starts, True, False, ((self.edges[0], self.edges[1]),), cost))
            elif starts != 0 and (free := 1 + shortest) <= self.n:
                left = None if starts is None else starts - 1
                cost += self.start + self.sums[free] - self.sums[1]
                heads.append(Frame(free, self.n, left, True, False, ((self.edges[0], self.edges[free]),), cost))
        for head in heads:
            yield head
            if self._length(last) < self.step and head.first <= last:
                spans = (*head.spans, (self.edges[last], self.edges[-1]))
                cost = head.cost + self._cost(last, *self.edges[-2:])
                yield head._replace(last=last, ends_on=True, spans=spans, cost=cost)

    def _length(self, i: int) -> int:
        return self.edges[i + 1] - self.edges[i]
