"""Estimates what a battery holds by charges whose energy was metered, and how fast that changes.

Each charge shows a capacity: its energy into the battery, divided by the part of the level that it gained. The estimate
is the median of the charges of a year, which is the slope through the origin by Theil and Sen: up to half of the
charges may be wrong, as when something else was metered, too. Its interval is that of the sign test: 95 % whatever the
errors look like, if as many go up as down (Theil 1950; Conover, Practical Nonparametric Statistics §3.2).

A charge whose energy was calculated from the level and a capacity must not be used: it would only show that capacity.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import accumulate
from math import comb, isfinite
from statistics import median
from typing import NamedTuple

from .book_entries import Charge, Current
from .charge_plan import EFFICIENCY, OVERHEAD

LEAST_GAINED = 20.0
"""% that a charge must gain: most vehicles report whole percents, which are too coarse for less."""

LEAST_CHARGES = 10

_DOUBT = 0.03
"""By how much the efficiency of a vehicle's charger may differ from the usual one (charging §6)."""

_OUTSIDE = 0.025
"""The probability that the truth is below an interval, and that it is above."""

_YEAR = timedelta(days=365)
"""From this long the estimate takes its charges, so that summer and winter both count: a cold battery holds less."""

_ALL_SEASONS = timedelta(days=330)

_STEADY = 0.01
"""Within which part of itself an estimate must be known to notice that it falls by two hundredths."""

_KEPT_A_MONTH = 10
_KEPT = 480
"""Four years of one meter, or two of both."""


class Meter(StrEnum):
    """Where the energy of a charge was counted."""

    BATTERY = "battery"
    """By the vehicle, as it flowed into the battery."""
    WALL = "wall"
    """By a wallbox or another meter in front of the charger."""


class _Share(NamedTuple):
    """Which part of what a meter counts arrives in the battery: at least, probably and at most."""

    low: float
    likely: float
    high: float


_SHARES: Mapping[Meter, _Share] = {
    Meter.BATTERY: _Share(1.0, 1.0, 1.0),
    Meter.WALL: _Share(EFFICIENCY - _DOUBT, EFFICIENCY, EFFICIENCY + _DOUBT),
}

_OVERHEADS: Mapping[Meter, float] = {Meter.BATTERY: 0.0, Meter.WALL: OVERHEAD}
"""kW that a meter counts and that never arrive."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CapacitySample:
    """A charge that ended ``at`` that time: it ``gained`` so many %, and the current flowed for so many ``hours``.

    ``energy`` is in kWh as it was ``metered_at`` the battery or the wall.
    """

    at: datetime
    gained: float
    energy: float
    metered_at: Meter
    hours: float

    def capacity(self, share: float) -> float:
        """Return the kWh that the battery holds if such a ``share`` of the energy has arrived."""
        return 100 * (share * self.energy - _OVERHEADS[self.metered_at] * self.hours) / self.gained

    @property
    def is_useful(self) -> bool:
        """Whether it says something: it gained enough, and some energy has arrived."""
        values = (self.gained, self.energy, self.hours)
        if not all(map(isfinite, values)) or not LEAST_GAINED <= self.gained <= 100 or self.hours < 0:
            return False
        return self.capacity(_SHARES[self.metered_at].low) > 0


def samples_of(charge: Charge) -> Iterator[CapacitySample]:
    """Yield what a charge shows, by either meter: nothing if its energies were calculated."""
    if charge.gained is None or charge.hours is None:
        return
    metered = {
        Meter.BATTERY: charge.energy if charge.counted else None,
        Meter.WALL: None if charge.estimated or charge.current is Current.DC else charge.wall_energy,
    }
    for meter, energy in metered.items():
        if energy is not None:
            yield CapacitySample(
                at=charge.end,
                gained=round(charge.gained, 3),
                energy=round(energy, 3),
                metered_at=meter,
                hours=round(charge.hours, 3),
            )


def with_samples(samples: Iterable[CapacitySample], new: Iterable[CapacitySample]) -> tuple[CapacitySample, ...]:
    """Return the samples to keep, by time: of each month and meter the ten that gained most.

    A new sample replaces one of the same time, which it corrects.
    """
    months = defaultdict[tuple[int, int, Meter], list[CapacitySample]](list)
    for each in {(sample.at, sample.metered_at): sample for sample in (*samples, *new)}.values():
        if each.is_useful:
            months[each.at.year, each.at.month, each.metered_at].append(each)
    kept = (sorted(month, key=lambda each: (each.gained, each.at))[-_KEPT_A_MONTH:] for month in months.values())
    return tuple(sorted((each for month in kept for each in month), key=_order))[-_KEPT:]


def _order(sample: CapacitySample) -> tuple[datetime, Meter]:
    return sample.at, sample.metered_at


class _Interval(NamedTuple):
    """A median, and between what it lies with a probability of 95 %."""

    low: float
    middle: float
    high: float


def _interval(values: Iterable[float]) -> _Interval | None:
    """Return the median with its interval, ``None`` for fewer than six values: they say too little.

    As many values are left out at either end as may all be on one side of the truth by chance.
    """
    ranked = sorted(values)
    chances = accumulate(comb(len(ranked), below) / 2 ** len(ranked) for below in range(len(ranked)))
    left_out = sum(chance <= _OUTSIDE for chance in chances) - 1
    return None if left_out < 0 else _Interval(ranked[left_out], median(ranked), ranked[-1 - left_out])


@dataclass(frozen=True, slots=True, kw_only=True)
class CapacityEstimate:
    """The usable ``capacity`` in kWh, on average over the charges from ``since`` to ``at``.

    With a probability of 95 % it lies between ``low`` and ``high``. Most of that may be what is not known about the
    meter and is the same in each charge; ``scatter`` is the rest: which part of the capacity the charges leave open.
    """

    capacity: float
    low: float
    high: float
    scatter: float
    charges: int
    metered_at: Meter
    since: datetime
    at: datetime

    @property
    def is_steady(self) -> bool:
        """Whether it can be compared with a later one: the charges agree, and every season is among them."""
        return self.scatter <= _STEADY and self.at - self.since >= _ALL_SEASONS


def comparable(samples: Iterable[CapacitySample]) -> Sequence[CapacitySample]:
    """Return the samples that an estimate can be made of, by time: those of the last year, of one kind of meter.

    The vehicle's own counter is preferred if it has counted enough of them.
    """
    useful = sorted({each for each in samples if each.is_useful}, key=lambda each: each.at)
    recent = [each for each in useful if useful[-1].at - each.at <= _YEAR]
    battery, wall = ([each for each in recent if each.metered_at is meter] for meter in Meter)
    return battery if len(battery) >= min(LEAST_CHARGES, len(wall)) else wall


def estimate_capacity(samples: Iterable[CapacitySample]) -> CapacityEstimate | None:
    """Return what the battery holds, ``None`` before there are ten comparable charges."""
    used = comparable(samples)
    if len(used) < LEAST_CHARGES:
        return None
    meter = used[0].metered_at
    low, likely, high = (_interval(each.capacity(share) for each in used) for share in _SHARES[meter])
    if low is None or likely is None or high is None:
        return None
    return CapacityEstimate(
        capacity=likely.middle,
        low=low.low,
        high=high.high,
        scatter=(likely.high - likely.low) / 2 / likely.middle,
        charges=len(used),
        metered_at=meter,
        since=used[0].at,
        at=used[-1].at,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class CapacityTrend:
    """By how many % of itself the capacity changes ``per_year``: with a probability of 95 % between low and high."""

    per_year: float
    low: float
    high: float


def capacity_trend(samples: Iterable[CapacitySample]) -> CapacityTrend | None:
    """Return how the capacity changes, ``None`` unless six months can be compared with the same ones of another year.

    Winter is only compared with winter. What is not known about a meter is the same in all years and does not matter.
    """
    useful = {each for each in samples if each.is_useful}
    changes = max((_changes([each for each in useful if each.metered_at is meter]) for meter in Meter), key=len)
    found = _interval(changes)
    return None if found is None else CapacityTrend(per_year=found.middle, low=found.low, high=found.high)


def _changes(samples: Collection[CapacitySample]) -> Sequence[float]:
    """Return the change in % per year from each month to the same month of a later year; each counts once.

    With more than two years, those of the first half are paired with those of the second (Theil's incomplete method).
    """
    months = defaultdict[tuple[int, int], list[float]](list)
    for each in samples:
        months[each.at.month, each.at.year].append(each.capacity(_SHARES[each.metered_at].likely))
    seasons = defaultdict[int, list[tuple[int, float]]](list)
    for (month, year), capacities in sorted(months.items()):
        seasons[month].append((year, median(capacities)))
    if not seasons:
        return []
    usual = median(value for season in seasons.values() for _, value in season)
    return [
        100 * (later - earlier) / usual / (to - since)
        for season in seasons.values()
        for (since, earlier), (to, later) in zip(
            season[: len(season) // 2], season[(len(season) + 1) // 2 :], strict=True
        )
    ]
