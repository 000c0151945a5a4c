"""What is wanted of a charge, and the plan for it.

Levels are in %, energies in kWh, powers in kW and prices in the currency per kWh that the meter counts. What arrives in
the battery is ``efficiency`` times the power less a constant ``overhead``: owners of LEAFs have measured about 0.9 and
0.3 kW. Close to full every charger slows down, so the last few per cent take longer.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from math import ceil
from typing import NamedTuple

EFFICIENCY, OVERHEAD = 0.9, 0.3

_SLOW_FROM, _SLOW = 95.0, 1200.0
"""From which level on charging slows down, and how many seconds longer it takes for that up to 100 %."""


def slow_seconds(start: float, end: float) -> float:
    """Return how much longer it takes from one level to another because charging slows down close to full."""
    return (max(end - _SLOW_FROM, 0) - max(start - _SLOW_FROM, 0)) / (100 - _SLOW_FROM) * _SLOW


class PlanStatus(StrEnum):
    """How a plan stands."""

    PLANNED = "planned"
    CHARGING = "charging"
    DONE = "done"
    TOO_LATE = "too_late"
    """There is not enough time left, so the vehicle charges at once, and beyond the time if it is not stopped."""
    WAITING_FOR_PRICES = "waiting_for_prices"
    """No price is known. It charges as late as it can, unless prices come before."""
    NOT_NEEDED = "not_needed"
    CANNOT = "cannot"
    """Something is not known or does not work, so it charges."""
    NOT_PLUGGED_IN = "not_plugged_in"
    AWAY = "away"
    """The vehicle is where no plan holds, or it is not known where."""
    SKIPPED = "skipped"
    SUSPENDED = "suspended"
    """Somebody has switched by hand."""
    OFF = "off"


class PlanReason(StrEnum):
    """Why a plan is as it is, in one line for its owner."""

    ABOVE_TARGET = "above_target"
    BROKEN = "broken"
    """A fault of ours."""
    CAPACITY_UNKNOWN = "capacity_unknown"
    CHEAPEST = "cheapest"
    ELSEWHERE = "elsewhere"
    LEVEL_UNKNOWN = "level_unknown"
    MINIMUM_FIRST = "minimum_first"
    NO_PLACE = "no_place"
    NO_POWER = "no_power"
    NO_PRICES = "no_prices"
    NO_SWITCH = "no_switch"
    NOT_ENOUGH_TIME = "not_enough_time"
    NOT_OBEYED = "not_obeyed"
    PARTLY_UNKNOWN = "partly_unknown"
    PRICE_CAP = "price_cap"
    READY_BY_PASSED = "ready_by_passed"
    SWITCHED_BY_HAND = "switched_by_hand"
    SWITCHED_OFF = "switched_off"
    UNPLUGGED = "unplugged"
    WISHED = "wished"
    WITHOUT_LIMITS = "without_limits"
    """The wished number or length of blocks cannot be kept."""


class PriceSlot(NamedTuple):
    """A price per kWh from ``start`` to ``end``."""

    start: datetime
    end: datetime
    price: float


class Period(NamedTuple):
    """Some time, with a ``power`` in kW if it is about that: what the roof has to spare, or what a vehicle draws."""

    start: datetime
    end: datetime
    power: float = 0.0


class Rate(NamedTuple):
    """What a kWh costs from ``start`` to ``end``, and which part of it is expected from the roof, if that is known."""

    start: datetime
    end: datetime
    price: float
    share: float | None = None


def share_of_roof(spare: float, power: float) -> float:
    """Return which part of a power comes from a roof that has so much to spare, both in kW: from 0 to 1."""
    return min(max(spare, 0.0) / power, 1.0)


def price_with_roof(price: float, share: float, feed_in: float) -> float:
    """Return what a kWh costs if a share of it comes from the roof: there it costs what it would have earned."""
    return share * feed_in + (1 - share) * price


def rate_at(
    at: datetime, prices: Iterable[PriceSlot], solar: Sequence[Period], *, power: float, feed_in: float
) -> Rate | None:
    """Return what holds at a time while so many kW flow; ``None`` if no price is known for it.

    ``solar`` is the forecast of what the roof has to spare. Where it says nothing, that is nothing; without any, it is
    unknown.
    """
    slot = next((slot for slot in prices if slot.start <= at < slot.end), None)
    if slot is None or not solar:
        return slot and Rate(*slot)
    edges = [edge for period in solar for edge in (period.start, period.end)]
    spare = next((period.power for period in solar if period.start <= at < period.end), 0.0)
    share = share_of_roof(spare, power)
    return Rate(
        start=max([slot.start, *(edge for edge in edges if edge <= at)]),
        end=min([slot.end, *(edge for edge in edges if edge > at)]),
        price=price_with_roof(slot.price, share, feed_in),
        share=share,
    )


class Block(NamedTuple):
    """Some time in which current flows; ``cost`` is ``None`` if no price is known for all of it."""

    start: datetime
    end: datetime
    power: float
    energy: float
    cost: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargeTask:
    """What is wanted of a vehicle that is plugged in.

    ``capacity`` is what the battery holds today. The level rises ``pace`` times as fast as is to be expected.
    ``earliest`` and ``ready_by`` are when charging may begin and has to be done, if that matters. Up to the
    ``minimum_level`` it charges at once, whatever that costs. Above the ``highest_price`` it does not charge. There are
    at most so many ``starts``, and no block is shorter than the ``shortest``, if that is possible. Rather than pausing
    for less than the ``shortest_pause`` it goes on and ends earlier, which may cost more. ``charging_since``
    is since when the current flows, if it does. ``forbidden`` is when none must flow. ``solar`` is what the roof has to
    spare, which costs the ``feed_in`` price.
    """

    now: datetime
    level: float
    target: float
    capacity: float | None
    power: float
    efficiency: float = EFFICIENCY
    overhead: float = OVERHEAD
    pace: float = 1.0
    ready_by: datetime | None = None
    earliest: datetime | None = None
    minimum_level: float = 0.0
    highest_price: float | None = None
    starts: int | None = None
    shortest: timedelta = timedelta()
    shortest_pause: timedelta = timedelta()
    charging_since: datetime | None = None
    forbidden: tuple[Period, ...] = ()
    solar: tuple[Period, ...] = ()
    feed_in: float = 0.0

    @property
    def battery_power(self) -> float:
        """What arrives in the battery."""
        return self.pace * (self.efficiency * self.power - self.overhead)

    def seconds(self, start: float, end: float) -> int:
        """Return how long it takes to charge from one level to another."""
        if end <= start or not self.capacity:
            return 0
        stored = (end - start) / 100 * self.capacity
        return ceil(round(stored / self.battery_power * 3600 + slow_seconds(start, end), 3))

    def level_after(self, seconds: int) -> float:
        """Return the level that so many seconds bring, at most the target."""
        if not self.capacity or seconds >= self.seconds(self.level, self.target):
            return self.target
        pace = self.capacity / 100 / self.battery_power * 3600
        fast = min(max(_SLOW_FROM - self.level, 0.0) * pace, seconds)
        return self.level + fast / pace + (seconds - fast) / (pace + _SLOW / (100 - _SLOW_FROM))


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargePlan:
    """When a vehicle charges, and what comes of that.

    ``level`` is the one at the end. ``cost`` and ``cost_at_once`` (what it would have cost to charge at once) are
    ``None`` where prices are not known. ``missing`` is how many % are missing when it has to be done.
    """

    status: PlanStatus
    reason: PlanReason
    level: float
    blocks: tuple[Block, ...] = ()
    cost_at_once: float | None = None
    missing: float = 0.0

    @property
    def energy(self) -> float:
        """The kWh from the meter."""
        return sum(block.energy for block in self.blocks)

    @property
    def cost(self) -> float | None:
        """What all blocks cost."""
        return total_cost(self.blocks)


def total_cost(blocks: Iterable[Block]) -> float | None:
    """Return what blocks cost together; ``None`` if the price of some is not known."""
    costs = [block.cost for block in blocks]
    return None if None in costs else sum(cost for cost in costs if cost is not None)
