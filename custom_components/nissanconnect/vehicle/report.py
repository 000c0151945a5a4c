"""What one source said about a vehicle at one time, and what is to be doubted in its words."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import NamedTuple

from .errors import BackendError
from .history import Notification
from .identity import VehicleInfo
from .state import Group, VehicleState


@dataclass(frozen=True, slots=True, kw_only=True)
class VehicleReport:
    """The groups that were read, and for every part that could not be read, why.

    ``state`` holds what this read brought and nothing older. ``failures`` is keyed by the backend's own name of
    the part (an endpoint, a topic); parts that the vehicle does not offer are not failures. ``given_up`` tells of those
    that are not asked for at the moment because they were refused, whatever this read was about.
    """

    state: VehicleState
    failures: Mapping[str, BackendError] = field(default_factory=dict)
    given_up: Mapping[str, BackendError] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedVehicle:
    """One vehicle of an account, with what the list itself says about its state (privacy, subscription)."""

    info: VehicleInfo
    state: VehicleState = VehicleState()


@dataclass(frozen=True, slots=True, kw_only=True)
class Push:
    """What a source said by itself of one vehicle, which may be new to us: values, messages, or that it is there."""

    info: VehicleInfo
    state: VehicleState = VehicleState()
    notifications: tuple[Notification, ...] = ()


class Weakness(NamedTuple):
    """What to doubt when a source speaks of ``group`` and others do so too.

    ``clock``: its times may be wrong by this much. ``cached``: fields whose values may be of any age although the group
    is new; they count only where nobody else knows better.
    """

    group: Group
    clock: timedelta = timedelta()
    cached: frozenset[str] = frozenset()
