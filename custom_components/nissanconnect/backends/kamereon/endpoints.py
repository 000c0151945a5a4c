"""The table of what can be read about a vehicle, and the search for the version of each endpoint that serves it.

The versions that work are found by requests and remembered (kamereon-eu §8.0, §8.4).
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from ...vehicle import (
    AccessBlocked,
    BackendError,
    Capability,
    Group,
    NoConnection,
    NotSupported,
    ProtocolError,
    TokenRejected,
    Unavailable,
    VehicleInfo,
    VehicleState,
)
from ..base import Json
from ..http import segment
from ..learned import TIMES_IN_A_ROW, LearnedState
from ..mapping import known_names
from ..reader import JsonReader
from . import mapping
from .client import AdapterFault, Host, KamereonClient, NotServed
from .mapping import AttributeReader, Mapper


class Version(NamedTuple):
    """A version of an endpoint, and the host that has it. Only Europe's BFF needs the vehicle's generation (§8.3)."""

    name: str
    host: Host = Host.CARS
    needs_generation: bool = False

    def path(self, endpoint: str, vin: str) -> str:
        """Return the path for a VIN that is already quoted."""
        return f"{self.name}/cars/{vin}/{endpoint}"


_V1, _V2 = Version("v1"), Version("v2")
_BFF_V1 = Version("v1", Host.BFF, needs_generation=True)
_BFF_V3 = Version("v3", Host.BFF, needs_generation=True)


class VersionedEndpoint(NamedTuple):
    """An endpoint to read.

    It is requested only for vehicles with ``capability``. ``versions`` returns its versions, likeliest first. A body
    that ``is_sparse`` is only used if no other version has more.
    """

    name: str
    groups: frozenset[Group]
    map: Mapper
    capability: Capability | None = None
    versions: Callable[[VehicleInfo], tuple[Version, ...]] = lambda _: (_V1,)
    is_sparse: Callable[[AttributeReader], bool] = lambda _: False

    def version_name(self, version: Version) -> str:
        """Return the name by which a version is remembered, and logged."""
        return f"{self.name} {version.name}"


def _battery_versions(vehicle: VehicleInfo) -> tuple[Version, ...]:
    """Newer electronics fill versions 2 and 3, and often serve a hollow version 1 (§8.4)."""
    newer = vehicle.gateway == "RVG" or (vehicle.model or "").casefold() in {"ariya", "micra"}
    return (_BFF_V3, _V2, _V1) if newer else (_V1, _BFF_V3, _V2)


def _cockpit_versions(vehicle: VehicleInfo) -> tuple[Version, ...]:
    return (_V2, _V1) if vehicle.gateway == "RVG" else (_V1, _V2)


def _has_no_range(attributes: AttributeReader) -> bool:
    """Whether a battery status is like version 1 of an Ariya's: a level, and little else (§8.1)."""
    return all(attributes.number(name) is None for name in ("batteryAutonomy", "rangeHvacOff", "rangeHvacOn"))


ENDPOINTS = (
    VersionedEndpoint(
        "battery-status",
        frozenset({Group.BATTERY, Group.CHARGING, Group.FUEL}),
        mapping.battery_status,
        versions=_battery_versions,
        is_sparse=_has_no_range,
    ),
    VersionedEndpoint("cockpit", frozenset({Group.FUEL, Group.ODOMETER}), mapping.cockpit, versions=_cockpit_versions),
    VersionedEndpoint("hvac-status", frozenset({Group.CLIMATE}), mapping.hvac_status, Capability.CLIMATE_STATUS),
    VersionedEndpoint("location", frozenset({Group.POSITION, Group.PRIVACY}), mapping.location, Capability.LOCATION),
    VersionedEndpoint("lock-status", frozenset({Group.BODY}), mapping.lock_status, Capability.LOCK_STATUS),
    VersionedEndpoint("pressure", frozenset({Group.TYRES}), mapping.pressure),
    VersionedEndpoint("charge-mode", frozenset({Group.SCHEDULES}), mapping.charge_mode, Capability.BATTERY),
    VersionedEndpoint("health-status", frozenset({Group.HEALTH}), mapping.health_status, versions=lambda _: (_BFF_V1,)),
)
"""What can be read in Europe."""


@dataclass(slots=True)
class LearnedVehicle:
    """What is known of one vehicle: its active services, and what its endpoints serve and refuse.

    ``versions`` has the full name of the version that works, such as ``cockpit v2``, by the name of its endpoint.
    """

    services: str | None = None
    versions: dict[str, str] = field(default_factory=dict)
    state: LearnedState = field(default_factory=LearnedState)

    def record_success(self, endpoint: str, version: str) -> None:
        """Note that ``version`` works, and is the one to request first."""
        self.versions[endpoint] = version
        self.state.record_success(version)


class LearnedVehicles:
    """What is known of all vehicles of the account, by their keys."""

    def __init__(self, saved: Json) -> None:
        """Read what :meth:`to_json` returned; damaged parts are left out."""
        self._vehicles = {
            key: _vehicle_from_json(JsonReader.of(each)) for key, each in JsonReader.of(saved).values.items()
        }

    def to_json(self) -> dict[str, Json]:
        """Return what should survive a restart."""
        return {
            key: {"services": vehicle.services, "versions": dict(vehicle.versions)}
            for key, vehicle in self._vehicles.items()
        }

    def of(self, key: str) -> LearnedVehicle:
        """Return what is known of a vehicle, to be read and updated."""
        return self._vehicles.setdefault(key, LearnedVehicle())

    def update_listing(self, services: dict[str, str]) -> None:
        """Forget vehicles that have left the account, and the refusals of those whose services have changed."""
        for key in self._vehicles.keys() - services.keys():
            del self._vehicles[key]
        for key, active in services.items():
            vehicle = self.of(key)
            if vehicle.services != active:
                vehicle.services = active
                vehicle.state.forget_refusals()


def _vehicle_from_json(saved: JsonReader) -> LearnedVehicle:
    items = saved.child("versions").values.items()
    versions = {endpoint: version for endpoint, version in items if isinstance(version, str)}
    return LearnedVehicle(saved.text("services"), versions, LearnedState(set(versions.values())))


@dataclass(frozen=True, slots=True)
class _Reading:
    """What one version returned. ``sparse``: another version may have more."""

    version: str
    state: VehicleState = field(repr=False)
    sparse: bool

    @property
    def value_count(self) -> int:
        """How many values it holds, whatever their groups."""
        return sum(len(known_names(group)) for group in self.state.groups().values())


class EndpointReader:
    """Reads the endpoints of one vehicle, and learns which version of each to request."""

    def __init__(
        self, client: KamereonClient, vehicle: VehicleInfo, learned: LearnedVehicle, now: Callable[[], datetime]
    ) -> None:
        """``client`` is that of the vehicle; ``learned`` is read and updated."""
        self._client = client
        self._vehicle = vehicle
        self._learned = learned
        self._now = now

    async def read(self, endpoint: VersionedEndpoint) -> VehicleState | None:
        """Return the state from the version that has the most values; ``None`` if the endpoint is left alone.

        After a 404, a 501 or a body that is sparse or empty, the next version is requested. Other errors say nothing
        about a version unless it fails time and again; they are raised if no version has returned anything.
        """
        sparse: list[_Reading] = []
        problem: BackendError | None = None
        for version in self._likeliest_first(endpoint):
            if self._learned.state.is_refused(endpoint.version_name(version), self._now()):
                continue
            await self._client.log_in()
            try:
                reading = await self._read_version(endpoint, version)
            except NotServed as error:
                problem = error
            except BackendError as error:
                problem = error
                if not self._record_failure(endpoint, version, error):
                    break
            else:
                if reading is None:
                    continue
                if not reading.sparse:
                    self._learned.record_success(endpoint.name, reading.version)
                    return reading.state
                sparse.append(reading)
        if sparse and (problem is None or any(reading.value_count for reading in sparse)):
            return self._choose(endpoint, sparse, all_responded=problem is None)
        if problem is not None:
            raise problem
        return None

    def given_up(self, endpoint: VersionedEndpoint) -> BackendError | None:
        """Return why ``endpoint`` is left alone, ``None`` if not every version of it is."""
        names = (endpoint.version_name(version) for version in endpoint.versions(self._vehicle))
        return self._learned.state.reason(names)

    def _likeliest_first(self, endpoint: VersionedEndpoint) -> list[Version]:
        """Return the versions, those that keep failing last, and otherwise the one that has worked first."""
        working = self._learned.versions.get(endpoint.name)

        def rank(version: Version) -> tuple[int, bool]:
            name = endpoint.version_name(version)
            return self._learned.state.failures(name) // TIMES_IN_A_ROW, name != working

        return sorted(endpoint.versions(self._vehicle), key=rank)

    def _record_failure(self, endpoint: VersionedEndpoint, version: Version, error: BackendError) -> bool:
        """Count a failure of a version; return whether to request the next one now.

        It is requested with every third failure in a row, and always if another version has worked before.
        """
        if isinstance(error, _CONCERNS_ALL_VERSIONS) or not isinstance(error, Unavailable | ProtocolError):
            return False
        name = endpoint.version_name(version)
        working = self._learned.versions.get(endpoint.name)
        failures = self._learned.state.record_failure(name)
        return failures % TIMES_IN_A_ROW == 0 or working not in (None, name)

    async def _read_version(self, endpoint: VersionedEndpoint, version: Version) -> _Reading | None:
        """Request one version; return ``None`` if it is left alone from now on."""
        vehicle, learned = self._vehicle, self._learned.state
        name = endpoint.version_name(version)
        path = version.path(endpoint.name, segment(vehicle.key))
        query = {"canGen": vehicle.generation} if version.needs_generation and vehicle.generation else {}
        try:
            body = await self._client.get(version.host, path, name, **query)
        except NotSupported as error:
            if not learned.record_refusal(name, self._now(), error):
                raise
            if not isinstance(error, NotServed):  # the permission is missing, not the version
                for other in endpoint.versions(vehicle):
                    if other != version:
                        learned.record_refusal(endpoint.version_name(other), self._now(), error)
            return None
        except AdapterFault as error:
            learned.record_refusal(name, self._now(), error, doubtful=True)
            raise
        attributes = AttributeReader.of(body)
        state = endpoint.map(attributes, vehicle, mapping.stamp_of(attributes, self._now()))
        return _Reading(name, state, sparse=not state.groups() or endpoint.is_sparse(attributes))

    def _choose(self, endpoint: VersionedEndpoint, readings: list[_Reading], *, all_responded: bool) -> VehicleState:
        """Return the state with the most values. If all versions have responded, the others are left alone."""
        best = max(readings, key=lambda reading: reading.value_count)
        if all_responded:
            reason = NotSupported(f"{best.version} tells as much")
            for reading in readings:
                if reading is not best:
                    self._learned.state.record_refusal(reading.version, self._now(), reason)
            if best.value_count:
                self._learned.record_success(endpoint.name, best.version)
        return best.state


_CONCERNS_ALL_VERSIONS = (AccessBlocked, NoConnection, TokenRejected)
"""Errors that the other versions would return as well."""
