"""What a vehicle's battery holds, how fast it charges at home, and how much is lost, by its reports and its model."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isclose
from typing import NamedTuple

from ..vehicle import Powertrain, VehicleInfo, VehicleState
from .charge_plan import EFFICIENCY, OVERHEAD, slow_seconds

_LEAST_LEVEL = 30.0
"""Below this level in %, level and energy are too coarse to tell from them what the battery holds."""

_SAME = 0.01
"""By which part a reported capacity may differ from a model's nominal one."""

_AGED = 0.5, 1.1
"""Between which parts of what it held when new a battery can be."""


class _Model(NamedTuple):
    """A model of the years from ``first`` to ``last``, with one of its batteries.

    ``nominal`` is the capacity in its name and ``usable`` what it holds when new, in kWh. ``power`` is what its charger
    takes from the wall at most, in kW: the smallest charger that the model is sold with. ``consumption`` are the kWh
    for 100 km in mild weather, ``None`` if nobody has measured them.
    """

    name: str
    first: int
    last: int
    nominal: float
    usable: float
    power: float
    phases: int
    consumption: float | None


_MODELS = (
    _Model("leaf", 2010, 2017, 24, 22.0, 3.6, 1, 16.9),
    _Model("leaf", 2015, 2017, 30, 28.0, 3.6, 1, 16.5),
    _Model("leaf", 2018, 2025, 40, 38.5, 6.6, 1, 16.4),
    _Model("leaf", 2019, 2025, 62, 59.0, 6.6, 1, 17.3),
    _Model("leaf", 2026, 9999, 52, 52.0, 7.4, 1, 16.0),
    _Model("leaf", 2026, 9999, 75, 75.0, 7.4, 1, 16.0),
    _Model("env200", 2014, 2017, 24, 22.0, 3.6, 1, 20.9),
    _Model("env200", 2018, 9999, 40, 37.5, 3.6, 1, 20.9),
    _Model("ariya", 2022, 9999, 63, 63.0, 7.4, 1, 18.8),
    _Model("ariya", 2022, 9999, 87, 87.0, 7.4, 1, 20.4),
    _Model("micra", 2025, 9999, 40, 40.0, 11.0, 3, None),
    _Model("micra", 2025, 9999, 52, 52.0, 11.0, 3, None),
    _Model("townstar", 2022, 9999, 45, 45.0, 11.0, 3, 20.0),
)
"""(charging §6) Names are in lower case, without blanks and signs.

Consumption is the mean of the open databases of vehicles, of the LEAF of 2026 the upper end of what is claimed (WLTP).
"""

_CONSUMPTION = 18.0
"""kWh for 100 km of a model of which nothing is known: the mean of those above."""


def _models(info: VehicleInfo) -> Sequence[_Model]:
    """Return the rows that fit the vehicle; none if it has no traction battery to charge."""
    if info.powertrain not in (None, Powertrain.ELECTRIC):
        return ()
    name = "".join(each for each in (info.model or "").casefold() if each.isalnum())
    fitting = [each for each in _MODELS if each.name in name]
    return [each for each in fitting if info.year is None or each.first <= info.year <= each.last]


def _only[T](values: Sequence[T]) -> T | None:
    """Return the value that all are equal to, ``None`` if there is none or if they differ."""
    return values[0] if len(set(values)) == 1 else None


def usable_capacity(info: VehicleInfo, state: VehicleState) -> float | None:
    """Return the kWh that the battery holds today between 0 and 100 %, ``None`` if that is unknown.

    Most sources report the nominal capacity, and some the health, which lessens it. Others report what the battery
    holds today, which is no model's nominal capacity, or the energy in it, which shows its capacity by the level.
    """
    models = _models(info)
    battery = state.battery
    if battery is None:
        return _only([each.usable for each in models])
    new = battery.capacity
    if new is None or models:
        found = [each.usable for each in models if new is None or isclose(each.nominal, new, rel_tol=_SAME)]
        if new is not None and not found:
            return new
        new = _only(found)
    if new is not None and battery.health is not None:
        return new * battery.health / 100
    if battery.energy and battery.level is not None and battery.level >= _LEAST_LEVEL:
        held = 100 * battery.energy / battery.level
        if new is None or _AGED[0] * new <= held <= _AGED[1] * new:
            return held
    return new


def new_capacity(info: VehicleInfo, state: VehicleState) -> float | None:
    """Return the usable kWh that the battery held when it was new, ``None`` if the model does not tell.

    A reported capacity decides between batteries of different sizes, if it is a nominal one.
    """
    models, reported = _models(info), state.battery.capacity if state.battery else None
    named = [each for each in models if reported and isclose(each.nominal, reported, rel_tol=_SAME)]
    return _only([each.usable for each in named or models])


def ac_power(info: VehicleInfo) -> float | None:
    """Return the kW that the vehicle takes from a wallbox, ``None`` if the model is unknown.

    Of several chargers it is the smallest: a plan that reckons with too little power is ready too early, never too
    late.
    """
    return min((each.power for each in _models(info)), default=None)


def phases(info: VehicleInfo) -> int | None:
    """Return on how many phases the vehicle charges, ``None`` if the model is unknown."""
    return min((each.phases for each in _models(info)), default=None)


def typical_consumption(info: VehicleInfo) -> float:
    """Return the kWh for 100 km that are typical of the model in mild weather; of several batteries, the mean."""
    known = [each.consumption for each in _models(info) if each.consumption is not None]
    return sum(known) / len(known) if known else _CONSUMPTION


_LEAST_GAINED = 10.0
"""Most vehicles report whole percents, which say too little about a charge of fewer."""

_EFFICIENCIES = 0.6, 1.0
"""What is possible: 0.73 was measured at 120 V (charging §6)."""

_CREDIBLE = 0.45, 1.2
"""A charge that seems to lie beyond was not seen whole, or something else was metered with it."""

_LARGEST_STEP = 0.15
"""How far a charge can lie from what is known and still count in full."""

_DEFAULTS_WEIGH = 0.3
"""How many full charges it takes to weigh as much as the default efficiency."""

_MOST_SAMPLES = 5.0
"""How many full charges are remembered: older ones fade, because wallboxes and seasons change."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FinishedCharge:
    """A charge from one level to another, in %, into a battery of ``capacity`` kWh.

    ``energy`` are the kWh that a meter at the wall has counted. Without a meter, ``power`` is what was drawn, in kW.
    """

    start: float
    end: float
    seconds: float
    capacity: float
    energy: float | None = None
    power: float | None = None

    @property
    def gained(self) -> float:
        """How many % were gained."""
        return self.end - self.start

    def efficiency(self, overhead: float) -> float | None:
        """Return which part of the energy arrived in the battery, ``None`` if it is not known how much was drawn.

        A constant ``overhead`` in kW is no matter of the efficiency, so what it took counts as arrived.
        """
        drawn = self.energy
        if drawn is None and self.power is not None:
            drawn = self.power * (self.seconds - slow_seconds(self.start, self.end)) / 3600
        if drawn is None or drawn <= 0 or self.seconds <= 0:
            return None
        return (self.gained / 100 * self.capacity + overhead * self.seconds / 3600) / drawn


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargeModel:
    """How much of what comes from the wall arrives in a vehicle's battery, learnt from its charges.

    ``efficiency`` and ``overhead`` (kW) are those of :class:`.charge_plan.ChargeTask`. ``samples`` is how many full
    charges have been learnt from; most charges are a part of one.
    """

    efficiency: float = EFFICIENCY
    overhead: float = OVERHEAD
    samples: float = 0.0

    def __post_init__(self) -> None:
        """Keep what was stored within bounds."""
        object.__setattr__(self, "efficiency", _within(*_EFFICIENCIES, self.efficiency))
        object.__setattr__(self, "overhead", _within(0.0, 1.0, self.overhead))
        object.__setattr__(self, "samples", _within(0.0, _MOST_SAMPLES, self.samples))

    def after(self, charge: FinishedCharge) -> ChargeModel:
        """Return the model with what a charge has shown; the more it gained, the more it counts.

        A charge that says too little, or that cannot have been so, changes nothing.
        """
        seen = charge.efficiency(self.overhead)
        if seen is None or not charge.gained >= _LEAST_GAINED or not _CREDIBLE[0] <= seen <= _CREDIBLE[1]:
            return self
        weight = charge.gained / 100
        step = _within(-_LARGEST_STEP, _LARGEST_STEP, seen - self.efficiency)
        return ChargeModel(
            efficiency=self.efficiency + step * weight / (_DEFAULTS_WEIGH + self.samples + weight),
            overhead=self.overhead,
            samples=self.samples + weight,
        )


def _within(low: float, high: float, value: float) -> float:
    """Return the nearest value within bounds; the lower one for NaN."""
    return min(max(low, value), high)
