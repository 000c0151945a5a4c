"""Everything that can be read about a vehicle, as one table, and which version of it to ask first."""

from collections.abc import Callable
from typing import NamedTuple

from ...vehicle import Capability, Group, VehicleInfo
from ..base import Json
from . import battery, parse
from .environment import Host
from .groups import Parser
from .values import Attributes


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
        parse=battery.battery_status,
        order=_battery_order,
        thin=_without_range,
    ),
    Endpoint(
        name="cockpit",
        groups=frozenset({Group.FUEL, Group.ODOMETER}),
        parse=parse.cockpit,
        order=_cockpit_order,
    ),
    Endpoint(
        name="hvac-status",
        groups=frozenset({Group.CLIMATE}),
        parse=parse.hvac_status,
        gate=Capability.CLIMATE_STATUS,
    ),
    Endpoint(
        name="location",
        groups=frozenset({Group.POSITION, Group.PRIVACY}),
        parse=parse.location,
        gate=Capability.LOCATION,
    ),
    Endpoint(
        name="lock-status",
        groups=frozenset({Group.BODY}),
        parse=parse.lock_status,
        gate=Capability.LOCK_STATUS,
    ),
    Endpoint(name="pressure", groups=frozenset({Group.TYRES}), parse=parse.pressure),
    Endpoint(
        name="charge-mode",
        groups=frozenset({Group.SCHEDULES}),
        parse=parse.charge_mode,
        gate=Capability.BATTERY,
    ),
    Endpoint(
        name="health-status",
        groups=frozenset({Group.HEALTH}),
        parse=parse.health_status,
        order=lambda _: (_BFF_V1,),
    ),
)
