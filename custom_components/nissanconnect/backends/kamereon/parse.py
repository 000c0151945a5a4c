"""All replies but battery-status, from body to groups of the vehicle's state (kamereon-eu §8.5-8.11)."""

from collections.abc import Mapping
from datetime import datetime

from ...vehicle import (
    Body,
    ChargeMode,
    Climate,
    Fuel,
    Health,
    Odometer,
    Position,
    Powertrain,
    Schedules,
    Stamp,
    Tyre,
    Tyres,
    VehicleInfo,
    VehicleState,
)
from ..base import Json
from ..quantities import FUEL, LEVEL, ODOMETER, PRESSURE, RANGE, TARGET_TEMPERATURE, TEMPERATURE, heading, place
from ..reader import upcoming
from .groups import known, privacy, stamp_of
from .values import Attributes


def cockpit(body: Json, vehicle: VehicleInfo, received_at: datetime) -> VehicleState:
    """Read either version of cockpit: the odometer, and the tank of what has one (§8.8)."""
    said = Attributes.of(body)
    stamp = stamp_of(said, received_at)
    distance = ODOMETER.of(said.number("totalMileage")) or ODOMETER.of(said.number("mileage"))
    return VehicleState(odometer=known(Odometer(**stamp, distance=distance)), fuel=_fuel(said, vehicle, stamp))


def _fuel(said: Attributes, vehicle: VehicleInfo, stamp: Stamp) -> Fuel | None:
    fuel = Fuel(
        **stamp,
        level=LEVEL.of(said.number("fuelLevel")),
        quantity=FUEL.of(said.number("fuelQuantity")),
        range=RANGE.of(said.number("fuelAutonomy")),
        low=said.one_of("fuelLowWarning", {0: False, 1: True}),
    )
    if vehicle.powertrain is Powertrain.ELECTRIC:
        return None
    if vehicle.powertrain is None and not (fuel.level or fuel.quantity or fuel.range):
        return None  # electric vehicles say zero litres (§3.4)
    return known(fuel)


def hvac_status(body: Json, vehicle: VehicleInfo, received_at: datetime) -> VehicleState:
    """Read hvac-status; everything in it is optional (§8.5)."""
    said = Attributes.of(body)
    next_start_at = upcoming(said.time("nextHvacStartDate"), received_at)
    climate = Climate(
        **stamp_of(said, received_at),
        running=said.one_of("hvacStatus", {"on": True, "off": False}),
        inside_temperature=TEMPERATURE.of(said.number("internalTemperature")),
        outside_temperature=TEMPERATURE.of(said.number("externalTemperature")),
        next_start_at=next_start_at,
        next_target_temperature=TARGET_TEMPERATURE.of(said.number("nextTargetTemperature")) if next_start_at else None,
        min_battery_level=LEVEL.of(said.number("socThreshold")),
    )
    return VehicleState(climate=known(climate))


def location(body: Json, vehicle: VehicleInfo, received_at: datetime) -> VehicleState:
    """Read location. In privacy mode there is none (§8.6), so a position also says that privacy mode is off."""
    said = Attributes.of(body)
    found = place(said.number("gpsLatitude"), said.number("gpsLongitude"))
    if found is None:
        return VehicleState()
    position = Position(
        **stamp_of(said, received_at),
        latitude=found[0],
        longitude=found[1],
        heading=heading(said.number("gpsDirection")),
    )
    return VehicleState(position=position, privacy=privacy(received_at, active=False))


def lock_status(body: Json, vehicle: VehicleInfo, received_at: datetime) -> VehicleState:
    """Read lock-status (§8.7).

    Renault's ``doorStatusDriver`` and ``doorStatusPassenger`` are left out: they do not tell left from right.
    """
    said = Attributes.of(body)
    group = Body(
        **stamp_of(said, received_at),
        locked=said.one_of("lockStatus", {"locked": True, "unlocked": False}),
        door_front_left=said.one_of("doorStatusFrontLeft", _OPENINGS),
        door_front_right=said.one_of("doorStatusFrontRight", _OPENINGS),
        door_rear_left=said.one_of("doorStatusRearLeft", _OPENINGS),
        door_rear_right=said.one_of("doorStatusRearRight", _OPENINGS),
        hatch=said.one_of("hatchStatus", _OPENINGS),
    )
    return VehicleState(body=known(group))


_OPENINGS: Mapping[str | float, bool] = {"open": True, "closed": False}


def pressure(body: Json, vehicle: VehicleInfo, received_at: datetime) -> VehicleState:
    """Read pressure: mbar per tyre, and a status that is 0 as long as all is well (§8.9)."""
    said = Attributes.of(body)
    tyres = Tyres(
        **stamp_of(said, received_at),
        front_left=_tyre(said, "fl"),
        front_right=_tyre(said, "fr"),
        rear_left=_tyre(said, "rl"),
        rear_right=_tyre(said, "rr"),
    )
    return VehicleState(tyres=known(tyres))


def _tyre(said: Attributes, wheel: str) -> Tyre:
    millibar = said.number(f"{wheel}Pressure")
    status = said.number(f"{wheel}Status")
    return Tyre(
        pressure=None if millibar is None else PRESSURE.of(millibar / 10),
        warning=None if status is None else status != 0,
    )


def charge_mode(body: Json, vehicle: VehicleInfo, received_at: datetime) -> VehicleState:
    """Read charge-mode; the words are those of several generations (§8.9)."""
    said = Attributes.of(body)
    mode = said.one_of("chargeMode", _CHARGE_MODES)
    return VehicleState(schedules=known(Schedules(**stamp_of(said, received_at), charge_mode=mode)))


_CHARGE_MODES: Mapping[str | float, ChargeMode] = {
    "always": ChargeMode.ALWAYS,
    "always_charging": ChargeMode.ALWAYS,
    "delayed": ChargeMode.DELAYED,
    "schedule_mode": ChargeMode.SCHEDULED,
    "scheduled": ChargeMode.SCHEDULED,
}


def health_status(body: Json, vehicle: VehicleInfo, received_at: datetime) -> VehicleState:
    """Read health-status, whose attributes nobody has described (§8.11): names and plain values, as they come."""
    said = Attributes.of(body)
    values = {
        name[:64]: plain
        for name in list(said.values)[:64]
        if name not in _NOT_HEALTH and (plain := _plain(said, name, vehicle)) is not None
    }
    if not values:
        return VehicleState()
    return VehicleState(health=Health(**stamp_of(said, received_at), values=values))


_NOT_HEALTH = {"id", "lastUpdateTime", "timestamp", "type", "vin"}


def _plain(said: Attributes, name: str, vehicle: VehicleInfo) -> str | float | None:
    """Return a value that can be shown and stored, and that does not name the vehicle."""
    value = said.get(name)
    if isinstance(value, bool):
        return value
    if isinstance(value, str):
        return None if vehicle.key in value.upper() else value[:64]
    return said.number(name, -1e15, 1e15)
