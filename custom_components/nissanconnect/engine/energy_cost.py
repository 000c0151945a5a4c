"""What energy has cost: when it came from the wall, and when it is used. What was charged first is used first."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import NamedTuple

from .book_entries import ChargedHour
from .book_readings import Reading, Rise, between, last_until

_HOUR = timedelta(hours=1)

_LITTLE = 1e-6

_MOST_UNKNOWN = 0.01
"""Which part of the energy may have an unknown price. It is taken to have cost as much as the rest."""

_NOTED_WITHIN = timedelta(minutes=10)
"""How long after a price has ended the next one is noted at the latest, if there is one."""


class Tariff(NamedTuple):
    """Prices in a currency that hold at a place, ``None`` everywhere. ``key`` is the source of their readings."""

    key: str
    currency: str
    place: str | None = None


def tariffs_at(place: str | None, tariffs: Sequence[Tariff]) -> list[Tariff]:
    """Return the tariffs by which a vehicle may have charged somewhere."""
    return [each for each in tariffs if each.place is None or place in (None, each.place)]


def going_on(prices: Sequence[Reading], now: datetime) -> Sequence[Reading]:
    """Let a price that has just ended go on until the next is noted."""
    just_ended = prices and prices[-1].value is None and now - prices[-1].at < _NOTED_WITHIN
    return prices[:-1] if just_ended else prices


def hour_of(at: datetime) -> datetime:
    """Return when the hour of a time began."""
    return at.replace(minute=0, second=0, microsecond=0)


def in_hours(flows: Sequence[Rise], *prices: Sequence[Reading]) -> tuple[ChargedHour, ...]:
    """Return what has flowed in each hour, and has cost; no cost is known if the price of some is unknown.

    Each price holds until the next of its series. Of several series the first counts that knows one at a time.
    """
    known, unknown, costs = (defaultdict[datetime, float](float) for _ in range(3))
    for hour, energy, price in (part for flow in flows for part in _priced(flow, prices)):
        if price is None:
            unknown[hour] += energy
        else:
            known[hour] += energy
            costs[hour] += energy * price
    priced, missing = sum(known.values()), sum(unknown.values())
    is_known = priced > 0 and missing <= _MOST_UNKNOWN * (priced + missing)
    mean = sum(costs.values()) / priced if is_known else 0.0
    return tuple(
        ChargedHour(
            at=hour, energy=known[hour] + unknown[hour], cost=costs[hour] + unknown[hour] * mean if is_known else None
        )
        for hour in sorted({*known, *unknown})
    )


def cost_of(hours: Iterable[ChargedHour]) -> float | None:
    """Return what all hours have cost together; ``None`` if that is unknown."""
    costs = [each.cost for each in hours if each.cost is not None]
    return sum(costs) if costs else None


def share_of(flows: Sequence[Rise], shares: Sequence[Reading]) -> float | None:
    """Return which part of what has flowed at these times came from somewhere; ``None`` if that of some is unknown.

    Each of the ``shares``, from 0 to 1, holds until the next.
    """
    part = cost_of(in_hours(flows, shares)) if shares else None  # as if a kWh from there cost 1, and others nothing
    return None if part is None else part / sum(flow.amount for flow in flows)


def known_at(at: datetime, *prices: Sequence[Reading]) -> float | None:
    """Return the price at a time by the first of several series that knows one."""
    found = (last_until(series, at) for series in prices)
    return next((each.value for each in found if each is not None and isinstance(each.value, float | int)), None)


def parts_of(start: datetime, end: datetime, *prices: Sequence[Reading]) -> Iterator[tuple[datetime, datetime]]:
    """Split some time where a price changes."""
    return _edges([start, *_changes(start, end, prices), end])


def _priced(flow: Rise, prices: Sequence[Sequence[Reading]]) -> Iterator[tuple[datetime, float, float | None]]:
    """Split what has flowed evenly where an hour begins or the price changes; tell the hour of each part.

    If it is not known when it has flowed, the price is only known if it has not changed.
    """
    seconds, hour = (flow.end - flow.start).total_seconds(), hour_of(flow.start)
    times = [flow.start, *_changes(flow.start, flow.end, prices), flow.end]
    while (hour := hour + _HOUR) < flow.end:
        times.append(hour)
    possible = () if flow.since is None else parts_of(flow.since, flow.end, *prices)
    is_sure = len({known_at(start, *prices) for start, _ in possible}) <= 1
    for start, end in _edges(times):
        share = (end - start).total_seconds() / seconds if seconds else 1.0
        yield hour_of(start), flow.amount * share, known_at(start, *prices) if is_sure else None


def _changes(start: datetime, end: datetime, prices: Sequence[Sequence[Reading]]) -> Iterator[datetime]:
    return (price.at for series in prices for price in between(series, start, end))


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
