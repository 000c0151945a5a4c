"""How far a vehicle gets, and whether it gets somewhere, with what is not known about it. Spreads are for 19 of 20."""

from dataclasses import dataclass
from enum import StrEnum
from math import hypot, isfinite
from typing import NamedTuple

from .consumption import Consumption

RESERVE = 10.0
"""% that should be left at the end if nothing else is wanted."""

_LEVEL_SPREAD = 1.0
"""% by which a level is off: most vehicles report whole percents."""

_OWN_RANGE_SPREAD = 0.35
"""By which part the range that a vehicle reports is off. A rule of thumb: it takes the last trips for the next ones."""

_DETOUR, _DETOUR_SPREAD = 1.3, 0.25
"""How much longer a road is than the straight line, from 1 to 1.6.

A rule of thumb: about 1.2 was found in towns (Newell, 1980) and 1.2 to 1.4 for whole countries; coasts and mountains
take more.
"""

_FEW_TRIPS = 3.0


class Reachable(StrEnum):
    """Whether a vehicle gets there with its reserve. Sure is what 19 of 20 trips allow."""

    YES = "yes"
    NO = "no"
    UNSURE = "unsure"


class ReachReason(StrEnum):
    """Why."""

    ENOUGH = "enough"
    RESERVE_NEEDED = "reserve_needed"
    """At best it gets there with what should be left."""
    NOT_ENOUGH = "not_enough"
    """It does not get there, not even with that."""
    CLOSE = "close"
    FEW_TRIPS = "few_trips"
    """It is not sure, and little is known of the vehicle's consumption yet."""


class Road(NamedTuple):
    """A road of so many km, which may be longer or shorter by the part ``spread``."""

    distance: float
    spread: float = 0.0


class Usage(NamedTuple):
    """The % of level that 1 km takes, which may be more or less by the part ``spread``.

    ``trips`` is how many trips that was learnt from, ``None`` if the vehicle itself has said so.
    """

    per_km: float
    spread: float
    trips: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """Whether a place is within reach. Levels in %; below 0 is what would be missing.

    ``level_at_return`` is ``None`` if the vehicle need not come back. ``spread`` is by how much the last of both levels
    may be off. ``distance`` are the km in all.
    """

    reachable: Reachable
    reason: ReachReason
    level_at_arrival: float
    level_at_return: float | None
    spread: float
    distance: float


class RangeEstimate(NamedTuple):
    """The km until the battery is empty: 19 of 20 times between ``low`` and ``high``."""

    mean: float
    low: float
    high: float


def road_to(straight: float) -> Road:
    """Return the road to a place that is so many km away in a straight line."""
    return Road(_DETOUR * straight, _DETOUR_SPREAD)


def usage(consumption: Consumption, capacity: float) -> Usage:
    """Return what a consumption takes of a battery of ``capacity`` usable kWh; raises ValueError unless both are one.

    Where the spread exceeds the mean, nothing is known but that something is used.
    """
    _check(mean=consumption.mean, capacity=capacity)
    return Usage(consumption.mean / capacity, consumption.spread / consumption.mean, consumption.trips)


def usage_by_range(level: float, distance: float) -> Usage:
    """Return what a vehicle takes by its own word: with ``level`` % it gets so many km. For those with a tank, too."""
    _check(level=level, distance=distance)
    return Usage(level / distance, _OWN_RANGE_SPREAD)


def remaining_range(level: float, taken: Usage) -> RangeEstimate:
    """Return how far a vehicle gets with a level in %."""
    _check_level(level)
    most, least = taken.per_km * (1 + taken.spread), taken.per_km * max(0.0, 1 - taken.spread)
    mean = level / taken.per_km
    # Nobody is helped by an infinite range: without a lower limit of what is taken, it is at most thrice the mean.
    return RangeEstimate(mean, level / most, level / max(least, taken.per_km / 3))


def reach(level: float, taken: Usage, road: Road, *, round_trip: bool = False, reserve: float = RESERVE) -> Reach:
    """Return whether a vehicle with a level in % gets to the end of a road, and back, with the reserve in % left.

    Raises:
        ValueError: A level is none, or a distance or its spread is negative or no number.
    """
    _check_level(level)
    _check_level(reserve)
    if not all(isfinite(each) and each >= 0 for each in road):
        raise ValueError("no road")
    used = taken.per_km * road.distance
    total = used * (2 if round_trip else 1)
    spread = hypot(_LEVEL_SPREAD, total * hypot(taken.spread, road.spread))
    reachable, at_best = Reachable.UNSURE, level - max(0.0, total - spread)
    if level - total - spread >= reserve:
        reachable = Reachable.YES
    elif at_best < reserve:
        reachable = Reachable.NO
    return Reach(
        reachable=reachable,
        reason=_reason(reachable, taken, at_best),
        level_at_arrival=level - used,
        level_at_return=level - total if round_trip else None,
        spread=spread,
        distance=road.distance * (2 if round_trip else 1),
    )


def _reason(reachable: Reachable, taken: Usage, at_best: float) -> ReachReason:
    if reachable is Reachable.YES:
        return ReachReason.ENOUGH
    if reachable is Reachable.NO:
        return ReachReason.RESERVE_NEEDED if at_best >= 0 else ReachReason.NOT_ENOUGH
    return ReachReason.FEW_TRIPS if taken.trips is not None and taken.trips < _FEW_TRIPS else ReachReason.CLOSE


def _check_level(level: float) -> None:
    if not 0 <= level <= 100:
        raise ValueError("no level")


def _check(**numbers: float) -> None:
    for name, number in numbers.items():
        if not (isfinite(number) and number > 0):
            raise ValueError(f"no {name}")
