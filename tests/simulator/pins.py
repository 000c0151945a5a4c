"""What the service remembers of remote locks: trusted devices, and verifiers in place of PINs (kamereon-eu §11)."""

from dataclasses import dataclass, field
from datetime import datetime

from custom_components.nissanconnect.vehicle import Phase

from .account import Account, Car
from .cars.telematics import Action


@dataclass(frozen=True, slots=True)
class Pin:
    """What is kept of a PIN, from when the action that brings it is carried out."""

    action: Action
    salt: bytes
    verifier: int


@dataclass(frozen=True, slots=True)
class Challenge:
    """What a proof is checked against; good for one."""

    pin: Pin
    secret: int
    client_key: int


@dataclass(slots=True)
class RemoteLock:
    """What the service knows of one account and one vehicle. ``codes`` are those on their way, with their end."""

    codes: dict[str, tuple[str, datetime]] = field(default_factory=dict)
    devices: dict[str, str] = field(default_factory=dict)
    pins: list[Pin] = field(default_factory=list)
    challenge: Challenge | None = None

    @property
    def pin(self) -> Pin | None:
        """The PIN that is valid now."""
        return next((pin for pin in reversed(self.pins) if pin.action.phase is Phase.DONE), None)


@dataclass(slots=True)
class RemoteLocks:
    """All of them, by user and VIN; ``mailed`` are the codes in the order in which they were e-mailed."""

    known: dict[tuple[str, str], RemoteLock] = field(default_factory=dict)
    mailed: list[str] = field(default_factory=list)

    def of(self, account: Account, vehicle: Car) -> RemoteLock:
        """Return what is known of an account and a vehicle."""
        return self.known.setdefault((account.user_id, vehicle.vin), RemoteLock())
