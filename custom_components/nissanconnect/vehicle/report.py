"""What one source said about a vehicle at one time."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from .errors import BackendError
from .identity import VehicleInfo
from .state import VehicleState


@dataclass(frozen=True, slots=True, kw_only=True)
class VehicleReport:
    """The groups that were read, and for every part that could not be read, why.

    ``state`` holds what this read brought and nothing older. ``failures`` is keyed by the backend's own name of
    the part (an endpoint, a topic); parts that the vehicle does not offer are not failures.
    """

    state: VehicleState
    failures: Mapping[str, BackendError] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedVehicle:
    """One vehicle of an account, with what the list itself says about its state (privacy, subscription)."""

    info: VehicleInfo
    state: VehicleState = VehicleState()
