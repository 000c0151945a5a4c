"""What MyNISSAN knows of a vehicle besides what the vehicle says: contract, equipment, timers, what was asked of it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from custom_components.nissanconnect.backends.base import Json
from custom_components.nissanconnect.vehicle import Phase

from ..cars.electric import Electric
from ..cars.telematics import Action
from ..cars.vehicle import SimulatedVehicle

_SERVICES = (
    "REMOTE_CLIMATE_CONTROL",
    "REMOTE_DOOR_LOCK",
    "REMOTE_DOOR_UNLOCK",
    "REMOTE_HORNBLOW_LIGHTFLASH",
    "VEHICLE_LOCATOR",
)


@dataclass(slots=True)
class Request:
    """Something that was asked of a vehicle: ``kind`` decides where its progress is told."""

    kind: str
    service: str
    action: Action
    then: Callable[[], None] | None = None
    settled: bool = False

    @property
    def id(self) -> str:
        return self.action.id

    def status(self, now: datetime) -> str:
        match self.action.phase:
            case Phase.PENDING:
                return "INITIATED" if now - self.action.accepted_at < timedelta(seconds=2) else "SENT"
            case Phase.DONE:
                return "SUCCESS"
        return "FAILED"

    @property
    def details(self) -> str | None:
        """Why it failed, as a constant like the service's other ones."""
        if self.action.phase is Phase.TIMED_OUT:
            return "VEHICLE_NOT_REACHABLE"
        return self.action.code.replace(".", "_").upper() if self.action.code else None


@dataclass(slots=True, kw_only=True)
class Car:
    """One vehicle as the service serves it; ``kind`` is its GraphQL type (mynissan-na §3.1).

    ``entries`` is the charge timer, ``planned`` what it will be when all that was asked for has been done.
    """

    vehicle: SimulatedVehicle
    kind: str
    services: dict[str, bool | None]
    program: str = "NISSAN_CONNECT"
    enrolled: bool = True
    driver: str = "PRIMARY"
    seats: bool = True
    wheel: bool = True
    sunroof: bool = False
    windows: set[str] = field(default_factory=set)
    lamps: dict[str, bool] = field(default_factory=lambda: {"TIRE_PRESSURE": False, "MASTER_WARNING": False})
    subscription_ends_at: str | None = "2027-03-01T00:00:00Z"
    subscribed: bool = True
    entries: dict[str, dict[str, Json]] = field(default_factory=dict)
    planned: dict[str, dict[str, Json]] = field(default_factory=dict)
    requests: dict[str, Request] = field(default_factory=dict)
    history: list[dict[str, Json]] = field(default_factory=list)
    speed_alerts: list[dict[str, Json]] = field(default_factory=list)
    breaches: list[dict[str, Json]] = field(default_factory=list)

    @property
    def vin(self) -> str:
        return self.vehicle.info.key

    @property
    def electric(self) -> Electric | None:
        powertrain = self.vehicle.powertrain
        return powertrain if isinstance(powertrain, Electric) else None

    def settle(self, now: datetime) -> None:
        """Let what has been carried out take effect, and be history."""
        for request in self.requests.values():
            if request.settled or request.action.phase is Phase.PENDING:
                continue
            request.settled = True
            if request.then is not None and request.action.phase is Phase.DONE:
                request.then()
            self.note(request.id, request.status(now), request.service, now)

    def note(self, identifier: str, status: str, service: str, at: datetime) -> None:
        """Write a line of the history of remote services."""
        self.history.insert(
            0,
            {
                "__typename": "RemoteServiceHistoryEntry",
                "serviceRequestId": identifier,
                "status": status,
                "serviceType": service,
                "statusChangeDateTime": at.isoformat(),
            },
        )

    def watch_speed(self, name: str) -> None:
        """Have the owner set a speed alert up."""
        self.speed_alerts.append(
            {
                "__typename": "SpeedAlert",
                "serviceRequestId": f"speed-{len(self.speed_alerts)}",
                "name": name,
                "enabled": True,
                "inVehicleWarning": False,
                "speedThreshold": {"__typename": "Speed", "type": "MPH", "value": 75},
            }
        )

    def breach(self, service: str, name: str, at: datetime) -> None:
        """Have an alert fire."""
        self.breaches.insert(
            0,
            {
                "__typename": "BreachAlert",
                "serviceType": service,
                "breachDateTime": at.isoformat(),
                "name": name,
                "location": {"__typename": "Location", "latitude": 35.96, "longitude": -86.5},
            },
        )


def car_of(vehicle: SimulatedVehicle) -> Car:
    """Return how the service would present a vehicle of the garage."""
    services: dict[str, bool | None] = dict.fromkeys(_SERVICES, True)
    match vehicle.info:
        case info if info.powertrain == "combustion":
            kind, own = "AVK2Vehicle", "REMOTE_ENGINE_START"
            del services["REMOTE_CLIMATE_CONTROL"]
        case info if info.model == "Ariya":
            kind, own = "ElectricAVK2Vehicle", "REMOTE_CHARGE"
        case info:
            kind, own = "BaseElectricVehicle", "REMOTE_CHARGE"
    services[own] = True
    return Car(vehicle=vehicle, kind=kind, services=services, sunroof=info.model == "Ariya")
