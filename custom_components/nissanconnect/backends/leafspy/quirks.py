"""What Leaf Spy's figures mean, and which of them mean nothing: the same for live messages and for logs.

Every function takes what was sent, or ``None``, and returns ``None`` for what cannot be true.
"""

from collections.abc import Mapping
from math import inf
import re

from ...vehicle import VinProblem, normalise_key, vin_problem
from ..quantities import AMP_HOURS, ENERGY, HEALTH, HX, LEVEL, ODOMETER, TEMPERATURE

ENERGY_PER_GID = 0.0775
"""kWh. The app's own default for what the battery counts; 80 to 88 Wh have been measured (leafspy §10 [H])."""

KM_PER_MILE = 1.609344

_PACKS: Mapping[float, float] = {24.0: 66.5, 30.0: 80.5, 40.0: 115.44, 62.0: 176.4}
"""Ah of each new pack by its nominal kWh (leafspy §10 [H])."""
_PACK_TOLERANCE = 0.04

_HX_REGISTER = 102.4
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?", re.ASCII)
_KEY = re.compile(r"(?=.*\d)[A-Z0-9-]{5,20}", re.ASCII)


def number(text: str | None, low: float = -inf, high: float = inf) -> float | None:
    """Return a number from ``low`` to ``high``: written as ``1``, ``1.0`` or with many digits (leafspy Q7 [H])."""
    text = (text or "").strip()
    if len(text) > 40 or not _NUMBER.fullmatch(text):
        return None
    value = float(text)
    return value if low <= value <= high and abs(value) < inf else None


def vehicle_key(text: str | None) -> str | None:
    """Return the VIN, or whatever a vehicle calls itself: those made for Japan have frame numbers (leafspy §3 [H])."""
    key = normalise_key(text or "")
    return key if _KEY.fullmatch(key) else None


def is_vin(key: str) -> bool:
    """Whether a key is a VIN; a check digit that does not fit is no reason to refuse (regions §2)."""
    return vin_problem(key) in (None, VinProblem.CHECK_DIGIT)


def level(soc: float | None, gids: float | None) -> float | None:
    """Return the state of charge in % by the battery's own count, which is not the dashboard's (leafspy Q6 [M]).

    While the vehicle shuts down it says 0 beside a count that tells of a full battery (Q5 [H]).
    """
    return None if soc == 0 and gids is not None and gids > 10 else LEVEL.of(soc)


def health(soh: float | None) -> float | None:
    """Return the state of health in %; 0 is a glitch (leafspy Q5 [H])."""
    return HEALTH.of(soh)


def amp_hours(ahr: float | None) -> float | None:
    """Return what fits into the battery today in Ah; 0 is a glitch (leafspy Q5 [H])."""
    return AMP_HOURS.of(ahr)


def hx(value: float | None) -> float | None:
    """Return the index of conductance in %.

    Large new packs exceed 100; some apps send the register (leafspy Q2 [H]).
    """
    if value is None:
        return None
    return HX.of(value / _HX_REGISTER if value > 1000 else value)


def energy(gids: float | None) -> float | None:
    """Return what is in the battery in kWh."""
    return ENERGY.of(gids * ENERGY_PER_GID) if gids is not None and 1 <= gids <= 1200 else None


def nominal_capacity(ahr: float | None, soh: float | None) -> float | None:
    """Return the kWh of the pack when it was new; its Ah today and its health tell which it is (leafspy §10 [H])."""
    if ahr is None or soh is None:
        return None
    new = ahr / soh * 100
    return next((kwh for kwh, ah in _PACKS.items() if abs(new / ah - 1) <= _PACK_TOLERANCE), None)


def pack_temperature(celsius: float | None) -> float | None:
    """Return the temperature of the battery in °C."""
    return TEMPERATURE.of(celsius)


def odometer(distance: float | None, *, miles: bool) -> float | None:
    """Return km; 0 is a glitch (leafspy Q4 [M])."""
    return ODOMETER.of(distance * KM_PER_MILE if miles and distance is not None else distance)


def celsius(fahrenheit: float) -> float:
    """Return °C."""
    return (fahrenheit - 32) / 1.8
