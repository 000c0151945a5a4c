"""The cheapest times to be on, exactly: so many seconds in at most so many blocks, none shorter than wished.

Time is cut into steps of one length, of which the first and the last may be shorter. Once it is known in which steps
the blocks begin and end, a linear programme is left, and in its basic solutions all of these edges but one lie on edges
of steps, or as far from one as the shortest block is long. So at most one step is cut, at the beginning or the end of a
block. What is left is to choose the steps that are used whole and the one that is cut, which a search does.
"""

from bisect import bisect_right
from collections.abc import Callable, Sequence
from itertools import accumulate
from math import inf

from .cheapest_grid import Grid, Slot, Span, exact
from .cheapest_search import Search


def cheapest(
    slots: Sequence[Slot], seconds: int, *, starts: int | None = None, shortest: int = 0, running: bool = False
) -> list[Span] | None:
    """Return when to be on for so many ``seconds`` at the least cost; ``None`` if that is impossible.

    Of equal costs it is the fewest blocks, then the earliest. ``slots`` follow each other without gaps. There are at
    most so many ``starts`` if that is limited; a block that is ``running`` already needs none and may end at once. No
    other block is shorter than the ``shortest``, in seconds, unless it is the only one.
    """
    if seconds <= 0:
        return []
    if running or starts == 0 or (starts != 1 and seconds >= 2 * shortest):
        return _blocks(slots, seconds, starts, shortest, running=running)
    return _one_block(slots, seconds)


def _one_block(slots: Sequence[Slot], seconds: int) -> list[Span] | None:
    """Return the cheapest place for a single block: it begins or ends where a slot does."""
    cost = _costs(slots)
    first, last = slots[0].start, slots[-1].end - seconds
    begins = {slot.start for slot in slots} | {slot.end - seconds for slot in slots}
    places = [(cost(begin, begin + seconds), begin) for begin in begins if first <= begin <= last]
    least, begin = min(places, default=(inf, 0))
    return None if least == inf else [(begin, begin + seconds)]


def _blocks(
    slots: Sequence[Slot], seconds: int, starts: int | None, shortest: int, *, running: bool
) -> list[Span] | None:
    """Return the cheapest blocks, of all ways to use the short steps at the ends: the most promising first."""
    grid = Grid(slots, shortest)
    steps = shortest // grid.step
    searches, earned = list[Search](), None
    for frame in grid.frames(seconds, starts, steps, running=running):
        if frame.seconds <= seconds:
            search = Search(grid, frame, seconds - frame.seconds, steps)
            earned = search.prepare(earned)
            searches.append(search)
    least, best = grid.never, None
    for search in sorted(searches, key=lambda each: each.least):
        if (found := search.run(least)) is not None:
            least, best = found
    return None if best is None else joined(best)


def _costs(slots: Sequence[Slot]) -> Callable[[int, int], float]:
    """Return what a span costs, its price times its seconds; infinite if it touches a slot that must not be used."""
    starts = [slot.start for slot in slots]
    prices = [exact(slot.price) for slot in slots]
    lengths = [slot.end - slot.start for slot in slots]
    sums = list(accumulate((length * (price or 0) for length, price in zip(lengths, prices, strict=True)), initial=0))
    closed = (0 if price is not None else length for length, price in zip(lengths, prices, strict=True))
    forbidden = list(accumulate(closed, initial=0))

    def until(second: int) -> tuple[int, int]:
        place = max(bisect_right(starts, second) - 1, 0)
        price, more = prices[place], second - starts[place]
        if price is None:
            return sums[place], forbidden[place] + more
        return sums[place] + more * price, forbidden[place]

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
