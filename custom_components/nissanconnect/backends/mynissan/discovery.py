"""What a vehicle can do, discovered from its services and its reports, never from its name (mynissan-na §3.1)."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
import re
from typing import Self

import pynissan

from ...vehicle import Capability, ClimateLimits, Powertrain, VehicleInfo
from ..base import Json
from ..mapping import TARGET_TEMPERATURE
from ..reader import JsonReader, text_of
from .mapping import allowed_by, label
from .session import ResponseInfo

OF_BATTERY = {
    Capability.CHARGE_LIMIT,
    Capability.CHARGE_SCHEDULE,
    Capability.CLIMATE,
    Capability.START_CHARGING,
    Capability.STOP_CHARGING,
}
"""What only vehicles with a traction battery have (§3.1 [B]). From the others it is not even requested."""

_WITH_DELAYED_CLIMATE = {"ElectricAVK2Vehicle"}
"""The types of vehicle that can start the climate at a time (§3.1 [B])."""

_POWERTRAINS = {
    frozenset({Capability.BATTERY, Capability.FUEL}): Powertrain.HYBRID,
    frozenset({Capability.BATTERY}): Powertrain.ELECTRIC,
    frozenset({Capability.FUEL}): Powertrain.COMBUSTION,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class VehicleProfile:
    """What is known of one vehicle's abilities.

    ``services`` are those that are enabled and subscribed, in lower case. ``reported`` is what it has ever reported,
    which one failed read does not take away. ``heated_seats`` are ``driver`` and ``passenger``. ``default_target`` is
    the vehicle's own target temperature in °C. ``has_alerts``: the owner has alerts set up with Nissan.
    """

    services: frozenset[str] = frozenset()
    reported: frozenset[Capability] = frozenset()
    heated_seats: frozenset[str] = frozenset()
    heated_wheel: bool = False
    vehicle_type: str | None = None
    climate_limits: ClimateLimits | None = None
    default_target: float | None = None
    has_alerts: bool = False

    @property
    def capabilities(self) -> frozenset[Capability]:
        """What the vehicle reports, and which commands it takes."""
        is_electric = Capability.BATTERY in self.reported
        found = self.reported | allowed_by(self.services)
        found -= {Capability.START_ENGINE} if is_electric else OF_BATTERY
        has_climate = Capability.CLIMATE in found
        granted = {
            Capability.CLIMATE_DEFROST: has_climate,
            Capability.CLIMATE_SCHEDULE: has_climate and self.vehicle_type in _WITH_DELAYED_CLIMATE,
            Capability.CLIMATE_TEMPERATURE: has_climate,
            Capability.REFRESH: bool(self.services),
            Capability.SEAT_HEAT: has_climate and bool(self.heated_seats),
            Capability.TRIPS: is_electric,
            Capability.WHEEL_HEAT: has_climate and self.heated_wheel,
        }
        return found | {capability for capability, given in granted.items() if given}

    @property
    def powertrain(self) -> Powertrain | None:
        """What drives the wheels, by what the vehicle reports."""
        return _POWERTRAINS.get(self.reported & {Capability.BATTERY, Capability.FUEL})

    def reporting(self, values: Mapping[Capability, object]) -> Self:
        """Add the capabilities of which a response has a value."""
        return replace(self, reported=self.reported | {each for each, value in values.items() if value is not None})

    def to_json(self) -> dict[str, Json]:
        """Return what survives a restart."""
        limits = self.climate_limits
        return {
            "services": [*sorted(self.services)],
            "shown": [*sorted(self.reported)],
            "seats": [*sorted(self.heated_seats)],
            "wheel": self.heated_wheel,
            "kind": self.vehicle_type,
            "limits": [limits.minimum, limits.maximum, limits.step] if limits else None,
            "comfort": self.default_target,
            "watched": self.has_alerts,
        }

    @classmethod
    def from_json(cls, saved: Json) -> Self:
        """Read what :meth:`to_json` wrote; damaged values are left out."""
        values = JsonReader.of(saved)
        climate_limits = None
        match values.get("limits"):
            case [int() | float() as minimum, int() | float() as maximum, int() | float() as step]:
                climate_limits = _climate_limits(float(minimum), float(maximum), float(step), "celsius")
        return cls(
            services=frozenset(values.texts("services")),
            reported=frozenset(Capability(name) for name in values.texts("shown") if name in Capability),
            heated_seats=frozenset(values.texts("seats")),
            heated_wheel=values.flag("wheel") is True,
            vehicle_type=values.text("kind"),
            climate_limits=climate_limits,
            default_target=values.number("comfort"),
            has_alerts=values.flag("watched") is True,
        )


def with_services(
    profile: VehicleProfile, response: pynissan.VehicleCapabilities, info: ResponseInfo
) -> VehicleProfile:
    """Take over what Nissan lists. ``subscribed`` is often unknown, which does not count as yes (§8 [B]).

    A value that the service failed to read looks like one that does not exist. Only the errors beside it show which of
    the two it is (§5 [A]).
    """
    services = (label(each.type) for each in response.services if each.enabled and each.subscribed is True)
    if response.services or not info.errors:
        profile = replace(profile, services=frozenset(filter(None, services)))
    details = response.accessories_details
    if details is None and info.errors:
        return profile
    wheel = details.steering_heat if details else None
    hvac = details.hvac_temperatures if details else None
    return replace(
        profile,
        heated_seats=_heated_seats(details.seat_heater if details else None),
        heated_wheel=wheel is not None and wheel.enabled is True,
        climate_limits=_climate_limits(hvac.minimum, hvac.maximum, hvac.resolution, hvac.unit) if hvac else None,
        default_target=TARGET_TEMPERATURE.of(hvac.default) if hvac and hvac.unit.casefold() == "celsius" else None,
    )


def with_status(profile: VehicleProfile, status: pynissan.VehicleStatus, info: ResponseInfo) -> VehicleProfile:
    """Add what a status contains."""
    name = status.vehicle_type
    profile = profile.reporting(
        {
            Capability.BATTERY: status.battery,
            Capability.CLIMATE_STATUS: status.climate,
            Capability.FUEL: status.fuel_range,
            Capability.LOCK_STATUS: status.doors,
        }
    )
    return replace(profile, vehicle_type=name) if name and re.fullmatch("[A-Za-z0-9]{1,40}", name) else profile


def with_alerts(profile: VehicleProfile, alerts: pynissan.VehicleAlerts | None, info: ResponseInfo) -> VehicleProfile:
    """Take over whether the owner has any alert switched on. Only then are there any to request."""
    has_alerts = False
    if alerts is not None:
        listed = (*(alerts.boundary_alerts or ()), *(alerts.curfew_alerts or ()), *(alerts.speed_alerts or ()))
        has_alerts = alerts.valet_alert is not None or any(each is not None and each.enabled for each in listed)
    return replace(profile, has_alerts=has_alerts or (profile.has_alerts and bool(info.errors)))


def vehicle_info(key: str, vehicle: pynissan.Vehicle, profile: VehicleProfile) -> VehicleInfo:
    """Return the identity of a listed vehicle."""
    year = vehicle.year or ""
    return VehicleInfo(
        key=key,
        vin=key,
        nickname=text_of(vehicle.nickname),
        model=text_of(vehicle.model),
        year=int(year) if year.isdecimal() and len(year) == 4 else None,
        generation=profile.vehicle_type,
        powertrain=profile.powertrain,
        capabilities=profile.capabilities,
        climate_limits=profile.climate_limits or ClimateLimits(),
    )


def _heated_seats(heater: pynissan.SeatHeaterCapability | None) -> frozenset[str]:
    """Return the front seats that can be heated; the service's words for that are not recorded (§9 [C])."""
    if heater is None or heater.enabled is False or heater.accessories is None:
        return frozenset()
    kinds = {"driver": heater.accessories.driver_seat, "passenger": heater.accessories.assistant_seat}
    return frozenset(seat for seat, kind in kinds.items() if kind and "heat" in kind.casefold())


def _climate_limits(minimum: float, maximum: float, step: float, unit: str) -> ClimateLimits | None:
    """Return the limits if they are possible, and in °C as requested."""
    fit = 5 <= minimum < maximum <= 40 and 0.1 <= step <= 5
    return ClimateLimits(minimum, maximum, step) if fit and unit.casefold() == "celsius" else None
