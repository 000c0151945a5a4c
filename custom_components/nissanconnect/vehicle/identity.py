"""Who a vehicle is and what it can do."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from hashlib import sha256
import re
import unicodedata


class Capability(StrEnum):
    """One thing that a vehicle can report or do. Entities depend on capabilities, never on the model name."""

    # What it reports
    BATTERY = "battery"
    CLIMATE_STATUS = "climate_status"
    FUEL = "fuel"
    LOCATION = "location"
    LOCK_STATUS = "lock_status"
    SEVERAL_SOURCES = "several_sources"
    """More than one source reports the vehicle."""
    TRIPS = "trips"

    # What it can do
    CLIMATE = "climate"
    CLIMATE_DEFROST = "climate_defrost"
    """A climate start can also defrost the windows (mynissan-na §4)."""
    CLIMATE_SCHEDULE = "climate_schedule"
    CLIMATE_TEMPERATURE = "climate_temperature"
    SEAT_HEAT = "seat_heat"
    """A climate start can also heat the front seats."""
    WHEEL_HEAT = "wheel_heat"
    """A climate start can also heat the steering wheel."""
    CHARGE_LIMIT = "charge_limit"
    CHARGE_SCHEDULE = "charge_schedule"
    HORN = "horn"
    LIGHTS = "lights"
    LOCK = "lock"
    LOCK_PIN = "lock_pin"
    """Locking and unlocking need a PIN."""
    LOCK_SETUP = "lock_setup"
    """Home Assistant can be registered for its remote lock, and the PIN set, from here."""
    REFRESH = "refresh"
    SEND_DESTINATION = "send_destination"
    """Destinations can be sent to its navigation."""
    START_CHARGING = "start_charging"
    START_ENGINE = "start_engine"
    STOP_CHARGING = "stop_charging"
    STOP_SIGNALS = "stop_signals"
    """Its horn and lights can be stopped early."""


LONGEST_NAME = 40
LONGEST_TITLE = 100
LONGEST_TEXT = 500

_BLANK_LETTERS = frozenset("\u115f\u1160\u2800\u3164\uffa0")
"""Characters that Unicode counts as letters or symbols although they are invisible."""


def one_line(text: str | None, longest: int = LONGEST_NAME) -> str | None:
    """Return ``text`` in one line of at most ``longest`` characters, or ``None`` if nothing is left.

    Control characters, and those that change the text direction or have no width, are removed. Names, titles and
    messages are chosen by whoever shares an account or runs a server. They reach pages, logs, notifications and
    language models, and must not be able to look like anything but a name there.
    """
    if text is None:
        return None
    visible = "".join(each for each in text[: 20 * longest] if each.isspace() or _is_visible(each))
    line = " ".join(visible.split())
    if len(line) > longest:
        line = f"{line[: longest - 1].rstrip()}…"
    return line or None


def clean_fields(item: object, **longest: int) -> None:
    """Apply :func:`one_line` to fields of a frozen dataclass, from its ``__post_init__``."""
    for name, length in longest.items():
        object.__setattr__(item, name, one_line(getattr(item, name), length))


def _is_visible(character: str) -> bool:
    return not unicodedata.category(character).startswith("C") and character not in _BLANK_LETTERS


class Powertrain(StrEnum):
    """The kind of drive."""

    ELECTRIC = "electric"
    HYBRID = "hybrid"
    COMBUSTION = "combustion"


@dataclass(frozen=True, slots=True)
class ClimateLimits:
    """The target temperatures that the vehicle accepts, in °C."""

    minimum: float = 16.0
    maximum: float = 26.0
    step: float = 1.0

    def nearest(self, target: float) -> float:
        """Return the accepted temperature that is nearest to ``target``, both in °C."""
        stepped = round(round(target / self.step) * self.step, 2)
        return min(max(stepped, self.minimum), self.maximum)


@dataclass(frozen=True, slots=True, kw_only=True)
class VehicleInfo:
    """The properties of a vehicle that do not change between reports.

    ``key`` is the opaque upper-case id of the vehicle (a VIN, a Japanese frame number, an OVMS id), with which the
    unique ids of its entities begin. ``generation`` and ``gateway`` are the maker's names of the electronics and the
    telematics unit. ``lost`` are capabilities that it had before and lacks at the moment, mostly because a subscription
    has lapsed.
    """

    key: str = field(repr=False)
    vin: str | None = field(default=None, repr=False)
    nickname: str | None = field(default=None, repr=False)
    model: str | None = None
    model_code: str | None = None
    year: int | None = None
    generation: str | None = None
    gateway: str | None = None
    powertrain: Powertrain | None = None
    capabilities: frozenset[Capability] = frozenset()
    lost: frozenset[Capability] = frozenset()
    climate_limits: ClimateLimits = ClimateLimits()

    def __post_init__(self) -> None:
        """Reduce the names to one printable line each."""
        clean_fields(self, **dict.fromkeys(("nickname", "model", "model_code", "generation", "gateway"), LONGEST_NAME))

    @property
    def all_capabilities(self) -> frozenset[Capability]:
        """Its capabilities, with the lost ones."""
        return self.capabilities | self.lost

    def with_lost_since(self, before: VehicleInfo) -> VehicleInfo:
        """Return this info with the capabilities as ``lost`` that the vehicle had ``before`` and lacks now."""
        return replace(self, lost=before.all_capabilities - self.capabilities)

    @property
    def name(self) -> str:
        """The owner's name for the vehicle; never its VIN."""
        return self.nickname or self.model or "Nissan"


def normalise_key(raw: str) -> str:
    """Return a VIN or other vehicle key as it is always spelt here: stripped and in upper case."""
    return raw.strip().upper()


def alias(key: str) -> str:
    """Return a short, stable name for logs that does not reveal the key."""
    return f"vehicle {sha256(key.encode()).hexdigest()[:6]}"


def spread(key: str) -> float:
    """Return a number from 0 to 1 for a vehicle, always the same, so that not all do something at the same time."""
    return int.from_bytes(sha256(key.encode()).digest()[-4:]) / 2**32


class Market(StrEnum):
    """Where a vehicle is sold; each market has a service of its own."""

    EUROPE = "europe"
    NORTH_AMERICA = "north_america"
    JAPAN = "japan"


class VinProblem(StrEnum):
    """Why a text is no VIN. ``CHECK_DIGIT`` is no proof of that: such a VIN must not be refused."""

    LENGTH = "length"
    CHARACTERS = "characters"
    CHECK_DIGIT = "check_digit"


def market_hint(vin: str) -> Market | None:
    """Return the market for which a vehicle was probably built, or ``None`` if its VIN does not show it.

    A VIN names the plant and not the service, and vehicles from Sunderland and Japan are sold all over the world. So
    this is a hint for troubleshooting, never a reason to refuse (regions §2.1). Plants that build for several markets
    (JN1, JN8, KNM) give none; vehicles for Japan have frame numbers.
    """
    key = normalise_key(vin)
    if _FRAME_NUMBER.fullmatch(key):
        return Market.JAPAN
    if as_vin(key) is None:
        return None
    return _PLANTS.get(key[:3], _UNKNOWN_PLANT)[1]


def plant_country(vin: str) -> str | None:
    """Return the country where a vehicle was built, as an ISO 3166 code, if its VIN names a known plant."""
    return _PLANTS.get(normalise_key(vin)[:3], _UNKNOWN_PLANT)[0]


def vin_problem(text: str) -> VinProblem | None:
    """Return what is wrong with a VIN, ``None`` if it may be right.

    The check digit is verified only for VINs of North America (first character 1, 3, 4 or 5); European VINs have none
    (regions §2 [A]).
    """
    vin = normalise_key(text)
    if len(vin) != len(_WEIGHTS):
        return VinProblem.LENGTH
    if not set(vin) <= _CHECK_VALUES.keys():
        return VinProblem.CHARACTERS
    remainder = sum(weight * _CHECK_VALUES[each] for weight, each in zip(_WEIGHTS, vin, strict=True)) % 11
    if vin[0] in "1345" and vin[_CHECK_DIGIT] != "0123456789X"[remainder]:
        return VinProblem.CHECK_DIGIT
    return None


def as_vin(key: str) -> str | None:
    """Return a vehicle's key if it is a VIN, even with a wrong check digit (see :class:`VinProblem`)."""
    return key if vin_problem(key) in (None, VinProblem.CHECK_DIGIT) else None


_CHECK_DIGIT = 8
"""Its index in a VIN."""
_WEIGHTS = (8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2)
_CHECK_VALUES: Mapping[str, int] = {
    **{str(digit): digit for digit in range(10)},
    **dict(zip("ABCDEFGH", range(1, 9), strict=True)),
    **dict(zip("JKLMNPR", (1, 2, 3, 4, 5, 7, 9), strict=True)),
    **dict(zip("STUVWXYZ", range(2, 10), strict=True)),
}
"""The value of each permitted character for the check digit; I, O and Q are not permitted."""

_FRAME_NUMBER = re.compile(r"[A-Z]{1,3}[0-9]{1,2}-[0-9]{6}")
"""For example ZE0-123456 or E13-063484 (regions §2)."""

_PLANTS: Mapping[str, tuple[str, Market | None]] = {
    "1N4": ("US", Market.NORTH_AMERICA),
    "1N6": ("US", Market.NORTH_AMERICA),
    "3N1": ("MX", Market.NORTH_AMERICA),
    "3N6": ("MX", Market.NORTH_AMERICA),
    "3N8": ("MX", Market.NORTH_AMERICA),
    "5N1": ("US", Market.NORTH_AMERICA),
    "94D": ("BR", None),
    "JN1": ("JP", None),
    "JN6": ("JP", None),
    "JN8": ("JP", None),
    "KN1": ("KR", None),
    "KNM": ("KR", None),
    "LGB": ("CN", None),
    "MDH": ("IN", None),
    "MNT": ("TH", None),
    "SJN": ("GB", Market.EUROPE),  # Sunderland
    "VF1": ("FR", None),
    "VNV": ("FR", Market.EUROPE),  # vans
    "VSK": ("ES", Market.EUROPE),  # Barcelona
    "VWA": ("ES", Market.EUROPE),
}
"""The plants by the first three characters of the VIN, each with its country, and with its market if it has only one.

(regions §2.1; JN6, 3N6, 3N8 and VF1 [C], the others [A] and [B])
"""
_UNKNOWN_PLANT = (None, None)
