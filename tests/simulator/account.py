"""Who may log in, and the wire-level facts about the vehicles that the model does not know."""

from collections.abc import Collection
from dataclasses import dataclass, field
from enum import StrEnum

from custom_components.nissanconnect.backends.base import Json

from .cars.vehicle import SimulatedVehicle

EMAIL = "demo@example.com"
PASSWORD = "correct horse battery staple"


@dataclass(slots=True, kw_only=True)
class Account:
    """A OneID account. New accounts have a UUID as their id, old ones digits (kamereon-eu §6.1)."""

    email: str
    password: str
    user_id: str
    vins: set[str] = field(default_factory=set)
    failures: int = 0
    locked: bool = False


class Family(StrEnum):
    """Vehicles that are served alike (kamereon-eu §8.0, §17)."""

    LEAF = "leaf"
    ARIYA = "ariya"
    COMBUSTION = "combustion"
    RVG = "rvg"


@dataclass(slots=True, kw_only=True)
class Car:
    """One vehicle as the service lists it. ``services`` maps feature ids to whether they are activated."""

    vehicle: SimulatedVehicle
    family: Family
    services: dict[int, bool]
    role: str = "OWNER"
    ccs_generation: str = "0"
    cross_badged: bool = False

    @property
    def vin(self) -> str:
        """Its upper-case VIN."""
        return self.vehicle.info.key

    def offers(self, services: Collection[int]) -> bool:
        """Whether any of ``services`` is activated; nothing to ask for means yes."""
        return not services or any(self.services.get(service, False) for service in services)

    def offer_remote_lock(self) -> None:
        """Equip the vehicle and its contract for the remote lock (kamereon-eu §7.3)."""
        self.ccs_generation = "2"
        self.services |= {27: True, 747: True}

    @property
    def lock_can_be_set_up(self) -> bool:
        """Whether this account may choose the PIN of the remote lock (kamereon-eu §7.3)."""
        if self.role != "OWNER":
            return False
        if self.ccs_generation == "1":
            return self.offers((909,)) and not self.cross_badged
        return self.ccs_generation == "2" and self.offers((747,))

    def lapse(self) -> None:
        """Let the subscription end: all services stay listed, none is active (kamereon-eu §7.3)."""
        self.services = dict.fromkeys(self.services, False)

    def listed(self) -> dict[str, Json]:
        """Return the vehicle as the list of kamereon-eu §6.2 shows it."""
        info = self.vehicle.info
        engine = "ICE" if self.family is Family.COMBUSTION else "EV"
        return {
            "vin": self.vin,
            "modelName": info.model,
            "modelCode": info.model_code,
            "modelYear": str(info.year),
            "nickname": info.nickname,
            "vehicleNickName": info.nickname,
            "energy": engine,
            "iceEvFlag": engine,
            "pictureURL": None,
            "registrationNumber": None,
            "syncStatus": "SYNCHRONIZED",
            "carGateway": info.gateway,
            "canGeneration": info.generation,
            "ccsGen": self.ccs_generation,
            "isCrossBadged": self.cross_badged,
            "phase": 2,
            "privacyMode": "on" if self.vehicle.privacy else "off",
            "role": self.role,
            "stolenVehicleFlag": False,
            "services": [
                {"id": service, "activationState": "ACTIVATED" if active else "DEACTIVATED"}
                for service, active in self.services.items()
            ],
        }


_SERVICES = {
    Family.LEAF: (12, 97, 235, 299, 307, 319, 344, 366),
    Family.ARIYA: (12, 97, 235, 299, 303, 307, 308, 319, 366, 886),
    Family.COMBUSTION: (12, 96, 97, 202, 235, 2021),
    Family.RVG: (12, 97, 107, 202, 299, 308, 317, 319, 344, 366),
}
"""What is activated (kamereon-eu §7.2); the Ariya also has charge stop, the combustion car 96."""


def car_of(vehicle: SimulatedVehicle) -> Car:
    """Return how the service would present a vehicle of the garage."""
    match vehicle.info:
        case info if info.gateway == "RVG":
            family = Family.RVG
        case info if info.powertrain == "combustion":
            family = Family.COMBUSTION
        case info:
            family = Family.ARIYA if info.generation == "C1A_HS EVO" else Family.LEAF
    return Car(
        vehicle=vehicle,
        family=family,
        services=dict.fromkeys(_SERVICES[family], True),
    )
