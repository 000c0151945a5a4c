"""What a vehicle can do, learnt from its services and from what it reports, never from its name (mynissan-na §3.1)."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
import re
from typing import Self

from pynissan import SeatHeaterCapability, VehicleCapabilities, VehicleStatus

from ...vehicle import Capability, ClimateLimits, Powertrain
from ..base import Json
from ..quantities import TARGET_TEMPERATURE
from .values import label


@dataclass(frozen=True, slots=True, kw_only=True)
class Knowledge:
    """What was learnt of one vehicle.

    ``services`` are those that are enabled and subscribed, in lower case; ``shown`` is what it has ever reported, which
    one failed read does not take away. ``seats`` are the front seats with heaters, ``kind`` the service's type of
    vehicle, ``watched`` whether the owner has alerts set up with Nissan.
    """

    services: frozenset[str] = frozenset()
    shown: frozenset[Capability] = frozenset()
    seats: frozenset[str] = frozenset()
    wheel: bool = False
    kind: str | None = None
    limits: ClimateLimits | None = None
    comfort: float | None = None
    watched: bool = False

    @property
    def capabilities(self) -> frozenset[Capability]:
        """What the vehicle reports and obeys."""
        electric = Capability.BATTERY in self.shown
        names = {_words(service) for service in self.services}
        found = self.shown | {capability for capability, any_of in _ALLOWED_BY.items() if any_of & names}
        found -= {Capability.START_ENGINE} if electric else _OF_BATTERY
        climate = Capability.CLIMATE in found
        granted = {
            Capability.CLIMATE_DEFROST: climate,
            Capability.CLIMATE_SCHEDULE: climate and self.kind in _WITH_DELAYED_CLIMATE,
            Capability.CLIMATE_TEMPERATURE: climate,
            Capability.REFRESH: bool(self.services),
            Capability.SEAT_HEAT: climate and bool(self.seats),
            Capability.TRIPS: electric,
            Capability.WHEEL_HEAT: climate and self.wheel,
        }
        return found | {capability for capability, given in granted.items() if given}

    @property
    def powertrain(self) -> Powertrain | None:
        """What drives the wheels, by what the vehicle reports."""
        match Capability.BATTERY in self.shown, Capability.FUEL in self.shown:
            case True, True:
                return Powertrain.HYBRID
            case True, False:
                return Powertrain.ELECTRIC
            case False, True:
                return Powertrain.COMBUSTION
        return None

    def after_status(self, status: VehicleStatus) -> Self:
        """Add what a status shows."""
        shown = {
            Capability.BATTERY: status.battery is not None,
            Capability.CLIMATE_STATUS: status.climate is not None,
            Capability.FUEL: status.fuel_range is not None,
            Capability.LOCK_STATUS: status.doors is not None,
        }
        return replace(self, kind=_kind(status.vehicle_type) or self.kind).showing(
            *(capability for capability, present in shown.items() if present)
        )

    def showing(self, *capabilities: Capability) -> Self:
        """Add what the vehicle has reported."""
        return replace(self, shown=self.shown | set(capabilities))

    def after_capabilities(self, said: VehicleCapabilities) -> Self:
        """Take over what Nissan lists. ``subscribed`` is often unknown, which does not count as yes (§8 [B])."""
        services = {label(each.type) for each in said.services if each.enabled and each.subscribed is True}
        details = said.accessories_details
        heated = details.steering_heat if details else None
        hvac = details.hvac_temperatures if details else None
        return replace(
            self,
            services=frozenset(name for name in services if name),
            seats=_heated_seats(details.seat_heater if details else None),
            wheel=heated is not None and heated.enabled is True,
            limits=_limits(hvac.minimum, hvac.maximum, hvac.resolution, hvac.unit) if hvac else None,
            comfort=TARGET_TEMPERATURE.of(hvac.default) if hvac and hvac.unit.casefold() == "celsius" else None,
        )

    def to_json(self) -> dict[str, Json]:
        """Return what survives a restart."""
        limits = self.limits
        return {
            "services": [*sorted(self.services)],
            "shown": [*sorted(self.shown)],
            "seats": [*sorted(self.seats)],
            "wheel": self.wheel,
            "kind": self.kind,
            "limits": [limits.minimum, limits.maximum, limits.step] if limits else None,
            "comfort": self.comfort,
            "watched": self.watched,
        }

    @classmethod
    def from_json(cls, saved: Json) -> Self:
        """Read what :meth:`to_json` wrote; what is damaged is as if it had never been learnt."""
        said: Mapping[str, Json] = saved if isinstance(saved, dict) else {}
        kind, limits, comfort = said.get("kind"), _three_numbers(said.get("limits")), said.get("comfort")
        return cls(
            services=_texts(said.get("services")),
            shown=frozenset(Capability(name) for name in _texts(said.get("shown")) if name in _CAPABILITIES),
            seats=_texts(said.get("seats")),
            wheel=said.get("wheel") is True,
            kind=kind if isinstance(kind, str) else None,
            limits=_limits(*limits, "celsius") if limits else None,
            comfort=comfort if isinstance(comfort, float) else None,
            watched=said.get("watched") is True,
        )


def _names(*names: str) -> frozenset[frozenset[str]]:
    return frozenset(frozenset(name.split()) for name in names)


_SIGNALS = _names("hornblow lightflash", "horn lights", "horn light", "lights horn")
_CHARGE = _names("charge", "charging", "charge control")
_ALLOWED_BY: Mapping[Capability, frozenset[frozenset[str]]] = {
    Capability.CLIMATE: _names("climate control"),
    Capability.HORN: _SIGNALS,
    Capability.LIGHTS: _SIGNALS,
    Capability.LOCATION: _names("vehicle locator", "vehicle location"),
    Capability.LOCK: _names("door lock", "door unlock", "door lock unlock"),
    Capability.START_CHARGING: _CHARGE,
    Capability.START_ENGINE: _names("start", "engine", "engine start"),
    Capability.STOP_CHARGING: _CHARGE,
}
"""The services of which one suffices, by the words of their names without "remote".

Only REMOTE_CLIMATE_CONTROL is on record (§8 [B]); the others follow the names of an older service (§9 [C]).
"""

_USED = frozenset[frozenset[str]]().union(*_ALLOWED_BY.values())


def is_used(service: str) -> bool:
    """Whether something here depends on a service of that name."""
    return _words(service.casefold()) in _USED


def _words(service: str) -> frozenset[str]:
    return frozenset(service.split("_")) - {"remote"}


_OF_BATTERY = {
    Capability.CHARGE_LIMIT,
    Capability.CHARGE_SCHEDULE,
    Capability.CLIMATE,
    Capability.START_CHARGING,
    Capability.STOP_CHARGING,
}
"""What only vehicles with a traction battery have (§3.1 [B])."""

_WITH_DELAYED_CLIMATE = {"ElectricAVK2Vehicle"}
"""The types of vehicle that know a climate start at a time (§3.1 [B])."""

_CAPABILITIES = frozenset(Capability)


def _kind(name: str | None) -> str | None:
    return name if name and re.fullmatch("[A-Za-z0-9]{1,40}", name) else None


def _heated_seats(heater: SeatHeaterCapability | None) -> frozenset[str]:
    """Return the front seats that can be heated; the words for that are not recorded (§9 [C])."""
    accessories = heater.accessories if heater and heater.enabled is not False else None
    if accessories is None:
        return frozenset()
    kinds = {"driver": accessories.driver_seat, "passenger": accessories.assistant_seat}
    return frozenset(seat for seat, kind in kinds.items() if kind and "heat" in kind.casefold())


def _limits(minimum: float, maximum: float, step: float, unit: str) -> ClimateLimits | None:
    """Return the limits if they are in °C, which is asked for, and possible."""
    fit = 5 <= minimum < maximum <= 40 and 0.1 <= step <= 5
    return ClimateLimits(minimum, maximum, step) if fit and unit.casefold() == "celsius" else None


def _texts(value: Json) -> frozenset[str]:
    return frozenset(each for each in value if isinstance(each, str)) if isinstance(value, list) else frozenset()


def _three_numbers(value: Json) -> tuple[float, float, float] | None:
    numbers = [float(each) for each in value if isinstance(each, int | float)] if isinstance(value, list) else []
    return (numbers[0], numbers[1], numbers[2]) if len(numbers) == 3 else None
