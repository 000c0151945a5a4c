"""What energy has cost: when it came from the wall, and when it is used. What was charged first is used first."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import pairwise
from typing import NamedTuple

from .book_readings import Reading, Rise, between, last_until

_LITTLE = 1e-6

_MOST_UNKNOWN = 0.01
"""Which part of the energy may have an unknown price. It is taken to have cost as much as the rest."""


class Tariff(NamedTuple):
    """Prices in a currency that hold at a place, ``None`` everywhere. ``key`` is the source of their readings."""

    key: str
    currency: str
    place: str | None = None


def cost_of(flows: Sequence[Rise], *prices: Sequence[Reading]) -> float | None:
    """Return what has flowed at these times has cost; ``None`` if the price of some is unknown.

    Each price holds until the next of its series. Of several series the first counts that knows one at a time.
    """
    known, unknown, cost = 0.0, 0.0, 0.0
    for energy, price in (part for flow in flows for part in _priced(flow, prices)):
        if price is None:
            unknown += energy
        else:
            known += energy
            cost += energy * price
    if not known or unknown > _MOST_UNKNOWN * (known + unknown):
        return None
    return cost * (known + unknown) / known


def share_of(flows: Sequence[Rise], shares: Sequence[Reading]) -> float | None:
    """Return which part of what has flowed at these times came from somewhere; ``None`` if that of some is unknown.

    Each of the ``shares``, from 0 to 1, holds until the next.
    """
    part = cost_of(flows, shares)  # as if a kWh from there cost 1, and others nothing
    return None if part is None else part / sum(flow.amount for flow in flows)


def known_at(at: datetime, *prices: Sequence[Reading]) -> float | None:
    """Return the price at a time by the first of several series that knows one."""
    found = (last_until(series, at) for series in prices)
    return next((each.value for each in found if each is not None and isinstance(each.value, float | int)), None)


def parts_of(start: datetime, end: datetime, *prices: Sequence[Reading]) -> Iterator[tuple[datetime, datetime]]:
    """Split some time where a price changes."""
    return _edges([start, *(price.at for series in prices for price in between(series, start, end)), end])


def _priced(flow: Rise, prices: Sequence[Sequence[Reading]]) -> Iterator[tuple[float, float | None]]:
    """Split what has flowed evenly in some time where the price changes.

    If it is not known when it has flowed, the price is only known if it has not changed.
    """
    if flow.since is not None:
        held = {known_at(start, *prices) for start, _ in parts_of(flow.since, flow.end, *prices)}
        yield flow.amount, held.pop() if len(held) == 1 else None
        return
    seconds = (flow.end - flow.start).total_seconds()
    for start, end in parts_of(flow.start, flow.end, *prices):
        share = (end - start).total_seconds() / seconds if seconds else 1.0
        yield flow.amount * share, known_at(start, *prices)


def _edges(times: Iterable[datetime]) -> Iterator[tuple[datetime, datetime]]:
    ordered = sorted(set(times))
    yield from pairwise(ordered) if len(ordered) > 1 else [(ordered[0], ordered[0])]


class Lot(NamedTuple):
    """Some kWh in the battery, and what one of them has cost; ``None`` if that is unknown."""

    energy: float
    price: float | None


type Lots = tuple[Lot, ...]


def add(lots: Lots, energy: float, cost: float | None) -> Lots:
    """Return the lots with what was charged for so much."""
    if energy <= _LITTLE:
        return lots
    return (*lots, Lot(energy, None if cost is None else cost / energy))


def take(lots: Lots, energy: float) -> tuple[Lots, float | None]:
    """Take so many kWh, the oldest first; return what is left, and what the taken ones have cost.

    The cost is ``None`` if that of some is unknown, or if there was not so much.
    """
    cost: float | None = 0.0
    left = energy
    if energy <= _LITTLE:
        return lots, cost
    for index, lot in enumerate(lots):
        taken = min(lot.energy, left)
        cost = None if cost is None or lot.price is None else cost + taken * lot.price
        left -= taken
        if lot.energy - taken > _LITTLE:
            return (Lot(lot.energy - taken, lot.price), *lots[index + 1 :]), cost
        if left <= _LITTLE:
            return lots[index + 1 :], cost
    return (), None if left > _LITTLE else cost


def adjust(lots: Lots, content: float, doubt: float) -> Lots:
    """Return lots that hold as much as the battery, if they differ by more than the ``doubt``.

    What is missing was used while the vehicle stood. What is too much was in it before, at an unknown price.
    """
    held = total(lots)
    if held - content > doubt:
        return take(lots, held - content)[0]
    if content - held > doubt:
        return (Lot(content - held, None), *lots)
    return lots


def total(lots: Sequence[Lot]) -> float:
    """Return how many kWh there are."""
    return sum(lot.energy for lot in lots)
