"""Who a vehicle is."""

from dataclasses import dataclass, field, replace
from enum import StrEnum
from hashlib import sha256

from .capability import Capability
from .names import LONGEST_NAME, clean


class Powertrain(StrEnum):
    """What drives the wheels."""

    ELECTRIC = "electric"
    HYBRID = "hybrid"
    COMBUSTION = "combustion"


class Role(StrEnum):
    """What the account is to the vehicle; some services are the owner's alone."""

    OWNER = "owner"
    DRIVER = "driver"


@dataclass(frozen=True, slots=True)
class ClimateLimits:
    """The target temperatures that the vehicle accepts, in °C."""

    minimum: float = 16.0
    maximum: float = 26.0
    step: float = 1.0

    def nearest(self, target: float) -> float:
        """Return the temperature that the vehicle accepts and that is the nearest to ``target``, both in °C."""
        return min(max(round(round(target / self.step) * self.step, 2), self.minimum), self.maximum)


@dataclass(frozen=True, slots=True, kw_only=True)
class VehicleInfo:
    """What does not change from one report to the next.

    ``key`` is the opaque upper-case name of the vehicle (a VIN, a Japanese frame number, an OVMS id): the root of its
    unique ids. ``generation`` and ``gateway`` are the maker's words for the electronics and the telematics unit.
    ``lost`` is what it could do before, and cannot at the moment: most often a subscription has lapsed.
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
    role: Role | None = None
    picture_url: str | None = field(default=None, repr=False)
    capabilities: frozenset[Capability] = frozenset()
    lost: frozenset[Capability] = frozenset()
    climate_limits: ClimateLimits = ClimateLimits()

    def __post_init__(self) -> None:
        """Have every name in one printable line, wherever it comes from."""
        clean(self, **dict.fromkeys(("nickname", "model", "model_code", "generation", "gateway"), LONGEST_NAME))

    @property
    def had(self) -> frozenset[Capability]:
        """What it can do, or could before."""
        return self.capabilities | self.lost

    def after(self, before: VehicleInfo) -> VehicleInfo:
        """Return the same, with the memory of what it could do ``before``."""
        return replace(self, lost=before.had - self.capabilities)

    @property
    def name(self) -> str:
        """What the owner calls the vehicle; never its VIN."""
        return self.nickname or self.model or "Nissan"


def normalise_key(raw: str) -> str:
    """Return the one spelling of a VIN or another vehicle key: upper case, without blanks around it."""
    return raw.strip().upper()


def alias(key: str) -> str:
    """Return a short stable name for logs that does not reveal the key."""
    return f"vehicle {sha256(key.encode()).hexdigest()[:6]}"
