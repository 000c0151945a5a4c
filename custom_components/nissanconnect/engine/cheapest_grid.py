"""Time cut into steps of one length, of which the first and the last may be shorter, and what each of them costs.

Costs are whole numbers of any size, so that sums are exact and equal plans are equal. They are made of three parts: the
price counts first, then the number of blocks, then how late they are.
"""

from bisect import bisect_left, bisect_right
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

    The ``shortest`` block is as long as a number of whole steps. A ``start`` costs more than any lateness, and ``much``
    is more than any steps cost. What costs half of ``never`` or more is impossible.
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
        return self._costs(self.edges, seconds)

    def late(self, seconds: int) -> list[int]:
        """Return what so many seconds at the end of each step cost."""
        return self._costs([end - seconds for end in self.edges[1:]], seconds)

    def _costs(self, starts: Sequence[int], seconds: int) -> list[int]:
        """Return what so many seconds of each step cost, as :meth:`_cost` does, but faster."""
        unit, never, lateness = self._unit, self.never, seconds - 2 * self.edges[0]
        return [
            never if price is None or end - begin < seconds else (price * unit + 2 * start + lateness) * seconds
            for price, start, (begin, end) in zip(self._prices, starts, pairwise(self.edges), strict=False)
        ]

    def usable(self, start: int, end: int) -> list[int]:
        """Return what the steps from ``start`` to before ``end`` cost that can be used whole."""
        return [cost for cost in self.whole[start:end] if cost < self.never]

    def frames(self, seconds: int, starts: int | None, shortest: int, *, running: bool) -> Iterator[Frame]:
        """Yield every way to use the first and the last step, if they are shorter than the others.

        They are used whole or not at all, or there is a block as long as the ``shortest`` (in steps), or one that is
        longer by what is left of all ``seconds`` if everything else is whole.
        """
        none, least = Frame(0, self.n, starts, running), shortest * self.step
        heads = [none, *self._heads(none, least)]
        for head in heads:
            yield from (head, *self._tails(head, least))
        if least and (length := self._length(self.n - 1)) < self.step:
            for head in heads:
                if 0 < (left := (seconds - head.seconds) % self.step) < length:
                    yield from self._ended(head, least + left)
        if least and (length := self._length(0)) < self.step:
            for tail in (none, *self._tails(none, least)):
                if 0 < (left := (seconds - tail.seconds) % self.step) < length:
                    yield from self._begun(tail, least + left)

    def _heads(self, none: Frame, least: int) -> Iterator[Frame]:
        """Yield the frames that use the first step, if it is shorter."""
        if (length := self._length(0)) == self.step:
            return
        if none.on:
            span = self.edges[0], self.edges[1]
            yield none._replace(first=1, spans=(span,), cost=self._cost(0, *span))
        yield from self._begun(none, length + least)
        if least:
            yield from self._begun(none, least)

    def _tails(self, head: Frame, least: int) -> Iterator[Frame]:
        """Yield the frames that use the last step, too, if it is shorter."""
        last = self.n - 1
        if self._length(last) == self.step or head.first > last:
            return
        spans = (*head.spans, (self.edges[last], self.edges[-1]))
        yield head._replace(last=last, ends_on=True, spans=spans, cost=head.cost + self._cost(last, *self.edges[-2:]))
        if least:
            yield from self._ended(head, least)

    def _begun(self, frame: Frame, seconds: int) -> Iterator[Frame]:
        """Yield the frame with a block at the beginning, if that can be."""
        begin, end = self.edges[0], self.edges[0] + seconds
        if frame.on or frame.starts == 0 or end > (frame.spans[0][0] if frame.spans else self.edges[-1]):
            return
        first = min(bisect_left(self.edges, end), frame.last)  # a block at the end may begin within the same step
        yield self._with_block(frame, begin, end)._replace(first=first, on=self.edges[first] == end)

    def _ended(self, frame: Frame, seconds: int) -> Iterator[Frame]:
        """Yield the frame with a block at the end, if that can be."""
        begin, end = self.edges[-1] - seconds, self.edges[-1]
        if frame.starts == 0 or begin < (frame.spans[-1][1] if frame.spans else self.edges[0]):
            return
        last = max(bisect_right(self.edges, begin) - 1, frame.first)
        yield self._with_block(frame, begin, end)._replace(last=last)

    def _with_block(self, frame: Frame, begin: int, end: int) -> Frame:
        """Return the frame with a block more, which may begin or end within a step."""
        places = range(bisect_right(self.edges, begin) - 1, bisect_left(self.edges, end))
        parts = ((i, max(begin, self.edges[i]), min(end, self.edges[i + 1])) for i in places)
        return frame._replace(
            starts=None if frame.starts is None else frame.starts - 1,
            spans=tuple(sorted((*frame.spans, (begin, end)))),
            cost=frame.cost + self.start + sum(self._cost(*part) for part in parts),
        )

    def _length(self, i: int) -> int:
        return self.edges[i + 1] - self.edges[i]
