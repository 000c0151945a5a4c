"""What the service's words and numbers mean; whatever makes no sense is unknown (mynissan-na §9)."""

from collections.abc import Mapping
from dataclasses import fields
from datetime import UTC, datetime
from functools import lru_cache
import logging
import re

from pynissan import DistanceReading, TemperatureReading

from ...vehicle import Reported, Stamp
from ..quantities import PRESSURE, TEMPERATURE, Quantity
from ..reader import past

_LOGGER = logging.getLogger(__name__)

BACKEND = "mynissan"

_KM_PER_MILE = 1.609344
_KPA_PER_PSI = 6.894757


def stamp(received_at: datetime, reported_at: datetime | None = None) -> Stamp:
    """Return the stamp of a group; the vehicle's clock may be wrong, and then tells nothing."""
    return Stamp(backend=BACKEND, received_at=received_at.astimezone(UTC), reported_at=past(reported_at, received_at))


def known[G: Reported](group: G) -> G | None:
    """Return the group, or ``None`` if nothing in it is known: then it was not reported."""
    own = {field.name for field in fields(Reported)}
    told = (field for field in fields(group) if field.name not in own)
    return group if any(is_known(group, field.name) for field in told) else None


def is_known(group: Reported, name: str) -> bool:
    """Whether the field of that name was reported."""
    value, default = getattr(group, name), next(field.default for field in fields(group) if field.name == name)
    return bool(value) if isinstance(value, Mapping) else value is not None and value != default


def kilometres(value: float | None, unit: str | None, quantity: Quantity) -> float | None:
    """Return a distance in km. Kilometres are asked for, and the unit says whether they came."""
    match (unit or "kilometer").casefold():
        case "kilometer":
            return quantity.of(value)
        case "mile":
            return None if value is None else quantity.of(value * _KM_PER_MILE)
    note_unknown("a distance's unit", unit)
    return None


def distance(reading: DistanceReading | None, quantity: Quantity) -> float | None:
    """Return a reading in km."""
    return None if reading is None else kilometres(reading.value, reading.unit, quantity)


def celsius(reading: TemperatureReading | None) -> float | None:
    """Return a reading in °C. That is asked for, and the unit says whether it came."""
    if reading is None:
        return None
    match reading.unit.casefold():
        case "celsius":
            return TEMPERATURE.of(reading.value)
        case "fahrenheit":
            return TEMPERATURE.of((reading.value - 32) / 1.8)
    note_unknown("a temperature's unit", reading.unit)
    return None


def kilopascals(value: float | None) -> float | None:
    """Return a tyre pressure in kPa.

    The service names no unit (§9 [C]), but the pressures of tyres in psi and in kPa have no number in common.
    """
    if value is None:
        return None
    return PRESSURE.of(value * _KPA_PER_PSI if value <= 75 else value if value >= 80 else None)


_OPEN = {"open": True, "opened": True, "ajar": True, "closed": False, "close": False, "not_ajar": False}
_LOCKED = {"locked": True, "lock": True, "unlocked": False, "unlock": False}
_ON = {"on": True, "enabled": True, "active": True, "off": False, "disabled": False, "inactive": False}
"""Which words are used is not recorded (§9 [C]), so only plain ones are believed, in any case."""


def is_open(word: str | None) -> bool | None:
    """Whether an opening stands open."""
    return _meaning("an opening", word, _OPEN)


def is_locked(word: str | None) -> bool | None:
    """Whether a lock is locked."""
    return _meaning("a lock", word, _LOCKED)


def is_on(word: str | None) -> bool | None:
    """Whether something is switched on."""
    return _meaning("a switch", word, _ON)


def _meaning(what: str, word: str | None, meanings: Mapping[str, bool]) -> bool | None:
    if word is None:
        return None
    if (found := meanings.get(word.strip().casefold())) is None:
        note_unknown(what, word)
    return found


def label(word: str | None) -> str | None:
    """Return a constant of the service in lower case; what may be anything else is not repeated."""
    return word.casefold() if word and re.fullmatch(r"[A-Za-z]{1,24}(_[A-Za-z]{1,24}){0,5}", word) else None


def note_unknown(what: str, word: str | None) -> None:
    """Tell once of a word that nobody has described; only plain ones are shown."""
    _note(what, label(word) or "…")


@lru_cache(maxsize=256)
def _note(what: str, word: str) -> None:
    _LOGGER.debug("Unknown word for %s: %s", what, word)


def minutes_of(duration: str | None) -> float | None:
    """Read an ISO 8601 duration of days, hours, minutes and seconds."""
    found = re.fullmatch(_DURATION, duration or "")
    if found is None or not any(found.groups()):
        return None
    days, hours, minutes, seconds = (float(each or 0) for each in found.groups())
    return round(days * 1440 + hours * 60 + minutes + seconds / 60, 1)


_NUMBER = r"(\d{1,6}(?:\.\d{1,6})?)"
_DURATION = f"P(?:{_NUMBER}D)?(?:T(?:{_NUMBER}H)?(?:{_NUMBER}M)?(?:{_NUMBER}S)?)?"
