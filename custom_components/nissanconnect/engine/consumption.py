"""What a vehicle consumes at a temperature outside, learnt from its trips.

Each trip is compared with what is typical of the model at that temperature. The ratios are summed by bands of 5 °C.
Sums do not depend on the order of the trips, and a band without trips is estimated from the others.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from math import exp, isfinite, sqrt
from typing import NamedTuple

from .book_entries import Trip

_EPOCH = datetime(2025, 1, 1, tzinfo=UTC)
_HALF_LIFE = timedelta(days=365)
"""A trip that is older by this counts half: drivers, tyres and roads change. Winter comes back only after a year."""

_BAND = 5.0
_COLDEST, _HOTTEST = -30.0, 45.0
"""Between which bands of temperature trips are sorted, in °C. A thermometer that shows more is in the sun or broken."""

_WHOLE = 50.0
"""km of a trip that counts as one. Shorter trips count in proportion; longer ones no more, so that none decides."""

_SHORTEST = 1.0
"""km below which a trip says nothing."""

_UNCERTAINTY = 0.5
"""kWh by which a trip's energy is off if nothing is said of it: about 1 % of a battery (charging §8)."""

_MOST_UNCERTAIN = 2.0
"""A trip says nothing if its energy may be off by more than this many times the expected one."""

_CREDIBLE = 0.25, 4.0
"""Ratios beyond which the figures of a trip are wrong, give or take their uncertainty: it is not learnt from."""

_PLAUSIBLE = 0.5, 2.0
"""What the ratio of one trip counts as at least and at most, give or take its uncertainty."""

_ASSUMED_TRIPS = 3.0
_ASSUMED_DEVIATION = 0.18
"""What is assumed before anything is learnt: as if so many trips had been as is typical, and differed by so much.

An assumption, wide enough for what drivers of one model differ by: 19 of 20 take between 40 % less and 40 % more.
"""

_LEAST_DEVIATION = 0.08
"""Trips on the same road differ at least by this: wind, rain, load and traffic. Also an assumption."""

_SEASONS = 0.2
"""The additional deviation if the temperature is not known."""

_USUAL = 5.0
"""The °C for which a trip counts whose temperature is not known; more is consumed there than in most of the year."""

_RELATED = 8.0
_SAME_VEHICLE = 0.25
"""By how many °C two temperatures differ that say something about each other, and how much any two do at least."""


def rise(outside: float | None) -> float:
    """Return by which factor more is consumed at a temperature in °C than in mild weather.

    Electric vehicles have their rated range from 10 to 30 °C and 54 % of it at -15 °C (Geotab, 4,200 vehicles and 5.2
    million trips, 2020). With air conditioning 17 % less is left at 35 °C (AAA, five models with a LEAF, 2019). Between
    and beyond these it is taken as a straight line.
    """
    at = _within(_COLDEST, _HOTTEST, _USUAL if outside is None else outside)
    return 1 + 0.034 * max(0.0, 10 - at) + 0.04 * max(0.0, at - 30)


class Consumption(NamedTuple):
    """The kWh for 100 km that the next trip will take: 19 of 20 trips lie within ``mean`` ± ``spread``.

    ``trips`` is how many whole trips in similar weather it is learnt from; older ones count in part.
    """

    mean: float
    spread: float
    trips: float


@dataclass(frozen=True, slots=True, kw_only=True)
class TemperatureBand:
    """Sums over the trips at about ``outside`` °C, or at unknown temperatures, each trip with its weight.

    ``squares`` are the squared ratios without what the uncertainty of the energies explains: a sixth of its square, as
    it comes from the difference of two rounded levels.
    """

    outside: float | None
    trips: float = 0.0
    ratios: float = 0.0
    squares: float = 0.0

    def __post_init__(self) -> None:
        """Refuse what cannot be a sum: stored files can be damaged."""
        if not (self.trips >= 0 and all(map(isfinite, (self.trips, self.ratios, self.squares, self.outside or 0)))):
            raise ValueError("no sums of trips")


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsumptionModel:
    """What has been learnt of a vehicle. ``typical`` are the kWh for 100 km of its model in mild weather."""

    typical: float
    bands: tuple[TemperatureBand, ...] = ()

    def __post_init__(self) -> None:
        """Refuse a typical consumption that is none."""
        if not (isfinite(self.typical) and self.typical > 0):
            raise ValueError("no consumption")

    def after(self, trip: Trip) -> ConsumptionModel:
        """Return the model with one more trip; unchanged if the trip says nothing, or cannot have been so.

        The order of the trips makes no difference. A trip that is added twice counts twice.
        """
        outside = trip.outside if trip.outside is not None and isfinite(trip.outside) else None
        if (
            trip.energy is None
            or trip.assumed
            or not isfinite(trip.energy)
            or not _SHORTEST <= trip.distance < float("inf")
        ):
            return self
        expected = self.typical * rise(outside) * trip.distance / 100
        off = _UNCERTAINTY if trip.uncertainty is None else trip.uncertainty
        off = (off if off >= 0 else _UNCERTAINTY) / expected
        ratio = trip.energy / expected
        if off > _MOST_UNCERTAIN or not _CREDIBLE[0] - off <= ratio <= _CREDIBLE[1] + off:
            return self
        ratio = _within(_PLAUSIBLE[0] - off, _PLAUSIBLE[1] + off, ratio)
        weight = _weight(trip.end) * min(1.0, trip.distance / _WHOLE)
        return self._with(_band(outside), weight, ratio, ratio**2 - off**2 / 6)

    def _with(self, outside: float | None, weight: float, ratio: float, square: float) -> ConsumptionModel:
        bands: Mapping[float | None, TemperatureBand] = {band.outside: band for band in self.bands}
        before = bands.get(outside, TemperatureBand(outside=outside))
        band = TemperatureBand(
            outside=outside,
            trips=before.trips + weight,
            ratios=before.ratios + weight * ratio,
            squares=before.squares + weight * square,
        )
        found = {**bands, outside: band}.values()
        return replace(self, bands=tuple(sorted(found, key=lambda each: (each.outside is None, each.outside or 0.0))))

    def estimate(self, outside: float | None, now: datetime) -> Consumption:
        """Return what the next trip will take at a temperature in °C; ``None`` is any."""
        outside = outside if outside is not None and isfinite(outside) else None
        trips, ratios = _ASSUMED_TRIPS, _ASSUMED_TRIPS
        squares = _ASSUMED_TRIPS * (1 + _ASSUMED_DEVIATION**2)
        for band in self.bands:
            share = _likeness(band.outside, outside) / _weight(now)
            trips += share * band.trips
            ratios += share * band.ratios
            squares += share * band.squares
        ratio = ratios / trips
        plausible = _within(*_PLAUSIBLE, ratio)
        variance = max(squares / trips - ratio**2, (_LEAST_DEVIATION * plausible) ** 2)
        if outside is None:
            variance += (_SEASONS * plausible) ** 2
        # The next trip differs from the true mean, and the true mean from the one that is known.
        deviation = sqrt(variance * (1 + 1 / trips))
        expected = self.typical * rise(outside)
        return Consumption(expected * plausible, expected * 2 * deviation, trips - _ASSUMED_TRIPS)


def _weight(at: datetime) -> float:
    """Return what a trip at that time counts, in units of one at the epoch: twice as much with each half-life."""
    return float(2 ** ((at - _EPOCH) / _HALF_LIFE))


def _band(outside: float | None) -> float | None:
    return None if outside is None else _BAND * round(_within(_COLDEST, _HOTTEST, outside) / _BAND)


def _likeness(one: float | None, other: float | None) -> float:
    """Return how much trips at one temperature say about another, from 0 to 1."""
    if one is None or other is None:
        return 1.0 if one is other else _SAME_VEHICLE
    return max(_SAME_VEHICLE, exp(-0.5 * ((one - other) / _RELATED) ** 2))


def _within(low: float, high: float, value: float) -> float:
    return min(max(low, value), high)
