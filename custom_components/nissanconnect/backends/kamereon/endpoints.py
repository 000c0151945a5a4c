"""Everything that can be read about a vehicle, as one table, and which version of it to ask first."""

from collections.abc import Callable
from dataclasses import dataclass, field, fields
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
    Reported,
    TokenRejected,
    Unavailable,
    VehicleInfo,
    VehicleState,
)
from ..base import Json
from ..learned import ENOUGH, LearnedState
from . import mapping
from .client import Client, Host, segment
from .errors import AdapterFault, NotServed
from .mapping import Attributes, Parser


class Version(NamedTuple):
    """One way to an endpoint. Europe's front end wants to know the vehicle's generation (§8.3), others do not."""

    name: str
    host: Host = Host.CARS
    wants_generation: bool = False

    def path(self, endpoint: str, vin: str) -> str:
        """Return the path for a VIN that is already fit for one."""
        return f"{self.name}/cars/{vin}/{endpoint}"


_V1, _V2 = Version("v1"), Version("v2")
_BFF_V1, _BFF_V3 = (Version(name, Host.BFF, wants_generation=True) for name in ("v1", "v3"))


class Endpoint(NamedTuple):
    """One thing to read.

    It is asked only of vehicles with the capability ``gate``. ``order`` gives its versions, likeliest first; a reply
    that is ``thin`` is only used if no other version says more.
    """

    name: str
    groups: frozenset[Group]
    parse: Parser
    gate: Capability | None = None
    order: Callable[[VehicleInfo], tuple[Version, ...]] = lambda _: (_V1,)
    thin: Callable[[Json], bool] = lambda _: False

    def version_name(self, version: Version) -> str:
        """The name of one version, in memory and in messages."""
        return f"{self.name} {version.name}"


def _battery_order(vehicle: VehicleInfo) -> tuple[Version, ...]:
    """Newer electronics fill versions 2 and 3, and often serve a hollow version 1 (§8.4)."""
    newer = vehicle.gateway == "RVG" or (vehicle.model or "").casefold() in {"ariya", "micra"}
    return (_BFF_V3, _V2, _V1) if newer else (_V1, _BFF_V3, _V2)


def _cockpit_order(vehicle: VehicleInfo) -> tuple[Version, ...]:
    return (_V2, _V1) if vehicle.gateway == "RVG" else (_V1, _V2)


def _without_range(body: Json) -> bool:
    """What an Ariya says in version 1: a level, and little else (§8.1)."""
    said = Attributes.of(body)
    return all(said.number(name) is None for name in ("batteryAutonomy", "rangeHvacOff", "rangeHvacOn"))


ENDPOINTS = (
    Endpoint(
        name="battery-status",
        groups=frozenset({Group.BATTERY, Group.CHARGING, Group.FUEL}),
        parse=mapping.battery_status,
        order=_battery_order,
        thin=_without_range,
    ),
    Endpoint(
        name="cockpit",
        groups=frozenset({Group.FUEL, Group.ODOMETER}),
        parse=mapping.cockpit,
        order=_cockpit_order,
    ),
    Endpoint(
        name="hvac-status",
        groups=frozenset({Group.CLIMATE}),
        parse=mapping.hvac_status,
        gate=Capability.CLIMATE_STATUS,
    ),
    Endpoint(
        name="location",
        groups=frozenset({Group.POSITION, Group.PRIVACY}),
        parse=mapping.location,
        gate=Capability.LOCATION,
    ),
    Endpoint(
        name="lock-status",
        groups=frozenset({Group.BODY}),
        parse=mapping.lock_status,
        gate=Capability.LOCK_STATUS,
    ),
    Endpoint(name="pressure", groups=frozenset({Group.TYRES}), parse=mapping.pressure),
    Endpoint(
        name="charge-mode",
        groups=frozenset({Group.SCHEDULES}),
        parse=mapping.charge_mode,
        gate=Capability.BATTERY,
    ),
    Endpoint(
        name="health-status",
        groups=frozenset({Group.HEALTH}),
        parse=mapping.health_status,
        order=lambda _: (_BFF_V1,),
    ),
)


@dataclass(slots=True)
class _Known:
    """What is known of one vehicle: its active services, and the versions that answer by their endpoints."""

    services: str | None = None
    versions: dict[str, str] = field(default_factory=dict)
    learned: LearnedState = field(default_factory=LearnedState)


class Memory:
    """Everything learnt about the vehicles of one account. A version is named ``endpoint version``."""

    def __init__(self, saved: Json) -> None:
        """Begin with what :meth:`to_json` wrote; what is damaged is forgotten."""
        self._vehicles = {key: _recall(Attributes.of(known)) for key, known in _items(saved)}

    def to_json(self) -> dict[str, Json]:
        """Return what should survive a restart."""
        return {
            key: {"services": known.services, "versions": dict(known.versions)} for key, known in self._vehicles.items()
        }

    def answering(self, key: str, endpoint: str) -> str | None:
        """The version of ``endpoint`` that answered for this vehicle, ``None`` if that was not found out yet."""
        return self._of(key).versions.get(endpoint)

    def answered(self, key: str, endpoint: str, version: str) -> None:
        """Note that ``version`` is the one to ask first."""
        known = self._of(key)
        known.versions[endpoint] = version
        known.learned.record_success(version)

    def learned(self, key: str) -> LearnedState:
        """What the versions have answered and refused for this vehicle."""
        return self._of(key).learned

    def keep(self, services: dict[str, str]) -> None:
        """Note the vehicles of the account with their services: others are forgotten, changed ones asked anew."""
        for key in self._vehicles.keys() - services.keys():
            del self._vehicles[key]
        for key, now_active in services.items():
            known = self._of(key)
            if known.services != now_active:
                known.services = now_active
                known.learned.forget_refusals()

    def _of(self, key: str) -> _Known:
        return self._vehicles.setdefault(key, _Known())


def _items(value: Json) -> list[tuple[str, Json]]:
    return list(value.items()) if isinstance(value, dict) else []


def _recall(saved: Attributes) -> _Known:
    versions = {name: version for name, version in _items(saved.get("versions")) if isinstance(version, str)}
    return _Known(services=saved.text("services"), versions=versions, learned=LearnedState(set(versions.values())))


@dataclass(frozen=True, slots=True)
class Reply:
    """What one version tells. ``thin``: another one may tell more."""

    version: str
    state: VehicleState = field(repr=False)
    thin: bool

    @property
    def wealth(self) -> int:
        """How many values of the endpoint it holds."""
        return sum(
            getattr(group, each.name) != each.default
            for group in self.state.groups().values()
            for each in fields(group)
            if each.name not in _STAMP
        )


_STAMP = {each.name for each in fields(Reported)}


class Negotiator:
    """Reads endpoints of vehicles, whatever their version."""

    def __init__(self, client_of: Callable[[VehicleInfo], Client], memory: Memory, now: Callable[[], datetime]) -> None:
        """``client_of`` returns the way to what is said of a vehicle; ``memory`` is read and written."""
        self._client_of = client_of
        self._memory = memory
        self._now = now

    async def fetch(self, vehicle: VehicleInfo, endpoint: Endpoint) -> VehicleState | None:
        """Return what ``endpoint`` tells, by the version that tells most; ``None`` if it is left alone.

        404 and 501 lead to the next version, and so does an answer that holds no value of the endpoint. Other errors
        say nothing about versions, unless one fails time and again, and are raised if no version has told anything.
        """
        thin: list[Reply] = []
        problem: BackendError | None = None
        for version in self._by_prospect(vehicle, endpoint):
            if self._memory.learned(vehicle.key).is_refused(endpoint.version_name(version), self._now()):
                continue
            await self._client_of(vehicle).log_in()
            try:
                reply = await self._ask(vehicle, endpoint, version)
            except NotServed as error:
                problem = error
            except BackendError as error:
                problem = error
                if not self._gives_way(vehicle, endpoint, version, error):
                    break
            else:
                if reply is not None and not reply.thin:
                    self._memory.answered(vehicle.key, endpoint.name, reply.version)
                    return reply.state
                thin += [] if reply is None else [reply]
        if thin and (any(reply.wealth for reply in thin) or problem is None):
            return self._best(vehicle, endpoint, thin, final=problem is None)
        if problem is not None:
            raise problem
        return None

    def given_up(self, vehicle: VehicleInfo, endpoint: Endpoint) -> BackendError | None:
        """Return why ``endpoint`` is left alone, if every version of it is."""
        names = (endpoint.version_name(version) for version in endpoint.order(vehicle))
        return self._memory.learned(vehicle.key).reason(names)

    def _by_prospect(self, vehicle: VehicleInfo, endpoint: Endpoint) -> list[Version]:
        answering = self._memory.answering(vehicle.key, endpoint.name)
        learned = self._memory.learned(vehicle.key)

        def prospect(version: Version) -> tuple[int, bool]:
            name = endpoint.version_name(version)
            return learned.failures(name) // ENOUGH, name != answering

        return sorted(endpoint.order(vehicle), key=prospect)

    def _gives_way(self, vehicle: VehicleInfo, endpoint: Endpoint, version: Version, error: BackendError) -> bool:
        """Whether the next version is asked after ``error``: each time that this one has failed three times in a row.

        The version that has answered before is asked in any case.
        """
        if isinstance(error, _NOT_OF_A_VERSION) or not isinstance(error, Unavailable | ProtocolError):
            return False
        name = endpoint.version_name(version)
        often = self._memory.learned(vehicle.key).record_failure(name) % ENOUGH == 0
        return often or self._memory.answering(vehicle.key, endpoint.name) not in (None, name)

    async def _ask(self, vehicle: VehicleInfo, endpoint: Endpoint, version: Version) -> Reply | None:
        """Ask one version; ``None`` if it will not be asked again for a while."""
        key, name, learned = vehicle.key, endpoint.version_name(version), self._memory.learned(vehicle.key)
        path = version.path(endpoint.name, segment(key))
        query = {"canGen": vehicle.generation} if version.wants_generation and vehicle.generation else {}
        try:
            body = await self._client_of(vehicle).get(version.host, path, name, **query)
        except NotServed as error:
            if not learned.record_refusal(name, self._now(), error):
                raise
        except NotSupported as error:  # the right is missing, not the version
            if not learned.record_refusal(name, self._now(), error):
                raise
            for other in {endpoint.version_name(each) for each in endpoint.order(vehicle)} - {name}:
                learned.record_refusal(other, self._now(), error)
        except AdapterFault as error:
            learned.record_refusal(name, self._now(), error, doubtful=True)
            raise
        else:
            state = endpoint.parse(body, vehicle, self._now())
            return Reply(name, state, thin=not state.groups() or endpoint.thin(body))
        return None

    def _best(self, vehicle: VehicleInfo, endpoint: Endpoint, thin: list[Reply], *, final: bool) -> VehicleState:
        """Return the reply that tells most; if every version had its say, the others are left alone for a while."""
        best = max(thin, key=lambda reply: reply.wealth)
        if final:
            why = NotSupported(f"{best.version} tells as much")
            for reply in thin:
                if reply is not best:
                    self._memory.learned(vehicle.key).record_refusal(reply.version, self._now(), why)
            if best.wealth:
                self._memory.answered(vehicle.key, endpoint.name, best.version)
        return best.state


_NOT_OF_A_VERSION = (AccessBlocked, NoConnection, TokenRejected)
"""What keeps us from any version alike."""
