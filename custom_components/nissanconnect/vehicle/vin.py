"""What a VIN gives away, and what is wrong with one that was typed.

A VIN names the plant, not the service: vehicles from Sunderland and Japan are sold all over the world. So a market
read from it is a hint for somebody who looks for a fault, never a reason to refuse (regions §2.1).
"""

from collections.abc import Mapping
from enum import StrEnum
import re

from .identity import normalise_key


class Market(StrEnum):
    """Where a vehicle is sold; each market has a service of its own."""

    EUROPE = "europe"
    NORTH_AMERICA = "north_america"
    JAPAN = "japan"


class VinProblem(StrEnum):
    """What keeps a text from being a VIN. ``CHECK_DIGIT`` is a doubt only: it must not be refused."""

    LENGTH = "length"
    CHARACTERS = "characters"
    CHECK_DIGIT = "check_digit"


def market_hint(vin: str) -> Market | None:
    """Return the market for which a vehicle was probably built, or ``None`` if its VIN does not tell.

    Plants that build for several markets (JN1, JN8, KNM) tell nothing; vehicles for Japan have frame numbers.
    """
    key = normalise_key(vin)
    if _FRAME_NUMBER.fullmatch(key):
        return Market.JAPAN
    return _MARKETS.get(key[:3]) if vin_problem(key) in (None, VinProblem.CHECK_DIGIT) else None


def plant_country(vin: str) -> str | None:
    """Return the country where a vehicle was built, as an ISO 3166 code, if its VIN tells one that is known."""
    return _PLANTS.get(normalise_key(vin)[:3])


def vin_problem(text: str) -> VinProblem | None:
    """Return what is wrong with a VIN, ``None`` if it may be right.

    The check digit is looked at only where the rules of North America put one (first character 1, 3, 4 or 5);
    European VINs have none (regions §2 [A]).
    """
    vin = normalise_key(text)
    if len(vin) != _LENGTH:
        return VinProblem.LENGTH
    if not set(vin) <= _VALUES.keys():
        return VinProblem.CHARACTERS
    remainder = sum(weight * _VALUES[sign] for weight, sign in zip(_WEIGHTS, vin, strict=True)) % 11
    if vin[0] in "1345" and vin[_CHECKED] != "0123456789X"[remainder]:
        return VinProblem.CHECK_DIGIT
    return None


_LENGTH, _CHECKED = 17, 8
_WEIGHTS = (8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2)
_VALUES: Mapping[str, int] = {
    **{str(digit): digit for digit in range(10)},
    **dict(zip("ABCDEFGH", range(1, 9), strict=True)),
    **dict(zip("JKLMNPR", (1, 2, 3, 4, 5, 7, 9), strict=True)),
    **dict(zip("STUVWXYZ", range(2, 10), strict=True)),
}
"""What each permitted character counts in the check digit; I, O and Q are not permitted."""

_FRAME_NUMBER = re.compile(r"[A-Z]{1,3}[0-9]{1,2}-[0-9]{6}")
"""Such as ZE0-123456 or E13-063484 (regions §2)."""

_MARKETS: Mapping[str, Market] = {
    "SJN": Market.EUROPE,  # Sunderland
    "VNV": Market.EUROPE,  # vans made in France
    "VSK": Market.EUROPE,  # Barcelona
    "VWA": Market.EUROPE,
    "1N4": Market.NORTH_AMERICA,
    "1N6": Market.NORTH_AMERICA,
    "3N1": Market.NORTH_AMERICA,
    "3N6": Market.NORTH_AMERICA,
    "3N8": Market.NORTH_AMERICA,
    "5N1": Market.NORTH_AMERICA,
}
"""The first three characters, as far as regions §2.1 ties them to one market ([A] and [B], 3N6 and 3N8 [C])."""

_PLANTS: Mapping[str, str] = {
    "1N4": "US",
    "1N6": "US",
    "3N1": "MX",
    "3N6": "MX",
    "3N8": "MX",
    "5N1": "US",
    "94D": "BR",
    "JN1": "JP",
    "JN6": "JP",
    "JN8": "JP",
    "KN1": "KR",
    "KNM": "KR",
    "LGB": "CN",
    "MDH": "IN",
    "MNT": "TH",
    "SJN": "GB",
    "VF1": "FR",
    "VNV": "FR",
    "VSK": "ES",
    "VWA": "ES",
}
"""The plants on Nissans (regions §2.1; JN6, 3N6, 3N8 and VF1 [C], the others [A] and [B])."""
