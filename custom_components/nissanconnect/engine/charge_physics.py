"""What a vehicle's battery holds and how fast it charges at home, by what it reports and by its model."""

from collections.abc import Sequence
from math import isclose
from typing import NamedTuple

from ..vehicle import Powertrain, VehicleInfo, VehicleState

_LEAST_LEVEL = 30.0
"""Below this level in %, level and energy are too coarse to tell from them what the battery holds."""

_SAME = 0.01
"""By which part a reported capacity may differ from a model's nominal one."""

_AGED = 0.5, 1.1
"""Between which parts of what it held when new a battery can be."""


class _Model(NamedTuple):
    """A model of the years from ``first`` to ``last``, with one of its batteries.

    ``nominal`` is the capacity in its name and ``usable`` what it holds when new, in kWh. ``power`` is what its charger
    takes from the wall at most, in kW: the smallest charger that the model is sold with.
    """

    name: str
    first: int
    last: int
    nominal: float
    usable: float
    power: float
    phases: int


_MODELS = (
    _Model("leaf", 2010, 2017, 24, 22.0, 3.6, 1),
    _Model("leaf", 2015, 2017, 30, 28.0, 3.6, 1),
    _Model("leaf", 2018, 2025, 40, 38.5, 6.6, 1),
    _Model("leaf", 2019, 2025, 62, 59.0, 6.6, 1),
    _Model("leaf", 2026, 9999, 52, 52.0, 7.4, 1),
    _Model("leaf", 2026, 9999, 75, 75.0, 7.4, 1),
    _Model("env200", 2014, 2017, 24, 22.0, 3.6, 1),
    _Model("env200", 2018, 9999, 40, 37.5, 3.6, 1),
    _Model("ariya", 2022, 9999, 63, 63.0, 7.4, 1),
    _Model("ariya", 2022, 9999, 87, 87.0, 7.4, 1),
    _Model("micra", 2025, 9999, 40, 40.0, 11.0, 3),
    _Model("micra", 2025, 9999, 52, 52.0, 11.0, 3),
    _Model("townstar", 2022, 9999, 45, 45.0, 11.0, 3),
)
"""(charging §6) Names are in lower case, without blanks and signs."""


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


def ac_power(info: VehicleInfo) -> float | None:
    """Return the kW that the vehicle takes from a wallbox, ``None`` if the model is unknown.

    Of several chargers it is the smallest: a plan that reckons with too little power is ready too early, never too
    late.
    """
    return min((each.power for each in _models(info)), default=None)


def phases(info: VehicleInfo) -> int | None:
    """Return on how many phases the vehicle charges, ``None`` if the model is unknown."""
    return min((each.phases for each in _models(info)), default=None)
