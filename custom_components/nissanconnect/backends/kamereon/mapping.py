"""From the attributes of a payload to groups of the vehicle's state (kamereon-eu §8).

Mapping functions accept any attributes and raise nothing. One function maps all versions of an endpoint, because their
attributes do not contradict each other (§8.1-8.3).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Self, override

from ...vehicle import (
    Battery,
    Body,
    ChargeMode,
    ChargeSpeed,
    Charging,
    ChargingStatus,
    Climate,
    Fuel,
    Health,
    Odometer,
    Powertrain,
    Privacy,
    Schedules,
    Stamp,
    VehicleInfo,
    VehicleState,
)
from ..base import Json
from ..mapping import (
    ENERGY,
    FUEL,
    LEVEL,
    MINUTES,
    ODOMETER,
    POWER,
    RANGE,
    TEMPERATURE,
    fill_gaps,
    known,
    position,
    tyres,
)
from ..reader import JsonReader, ends_in, upcoming

BACKEND = "kamereon"


class AttributeReader(JsonReader):
    """The attributes of a body of the data plane, or of one object in it."""

    __slots__ = ()

    @classmethod
    @override
    def of(cls, value: Json) -> Self:
        """Read the attributes from ``data.attributes``, from ``data`` or from the top (§3.2)."""
        found = value if isinstance(value, dict) else {}
        for name in ("data", "attributes"):
            inner = found.get(name)
            if isinstance(inner, dict):
                found = inner
        return cls(found)


type Mapper = Callable[[AttributeReader, VehicleInfo, Stamp], VehicleState]
"""Maps the attributes of a payload about a vehicle."""


def stamp_of(attributes: AttributeReader, received_at: datetime) -> Stamp:
    """Return the stamp of a payload. Version 2 of the battery has ``timestamp`` for ``lastUpdateTime`` (§3.4)."""
    reported_at = attributes.past(received_at, "lastUpdateTime", "timestamp")
    return Stamp(backend=BACKEND, received_at=received_at, reported_at=reported_at)


def privacy(received_at: datetime, *, active: bool) -> Privacy:
    """Return privacy mode, which the service reports and not the vehicle."""
    return Privacy(backend=BACKEND, received_at=received_at, active=active)


def battery_status(attributes: AttributeReader, vehicle: VehicleInfo, stamp: Stamp) -> VehicleState:
    """Map battery-status: the traction battery and its charging, or the tank of vehicles without such a battery."""
    range_climate_on = attributes.quantity("rangeHvacOn", RANGE)
    if _is_about_fuel(attributes, vehicle):
        return VehicleState(fuel=known(Fuel(**stamp, range=range_climate_on)))
    range_climate_off = attributes.quantity("rangeHvacOff", RANGE)
    battery = Battery(
        **stamp,
        level=attributes.quantity("batteryLevel", LEVEL),
        range=attributes.quantity("batteryAutonomy", RANGE) if range_climate_off is None else range_climate_off,
        range_climate_on=range_climate_on,
        capacity=_energy(attributes, "batteryCapacity", unknown=240),
        energy=_energy(attributes, "batteryAvailableEnergy"),
        temperature=_battery_temperature(attributes, vehicle),
    )
    return VehicleState(battery=known(battery), charging=known(_charging(attributes, stamp)))


_OF_A_TRACTION_BATTERY = (
    "batteryAutonomy",
    "batteryLevel",
    "chargeStatus",
    "chargingStatus",
    "plugStatus",
    "rangeHvacOff",
)


def _is_about_fuel(attributes: AttributeReader, vehicle: VehicleInfo) -> bool:
    """Combustion vehicles publish the range of their tank as ``rangeHvacOn`` of a battery (§8.1)."""
    if vehicle.powertrain in (Powertrain.COMBUSTION, Powertrain.ELECTRIC):
        return vehicle.powertrain is Powertrain.COMBUSTION
    return all(attributes.get(name) is None for name in _OF_A_TRACTION_BATTERY)


def _energy(attributes: AttributeReader, name: str, *, unknown: float = 0) -> float | None:
    """Return kWh. Leafs state their capacity in Wh, Ariyas in kWh; zero and ``unknown`` mean nothing (§8.1)."""
    energy = attributes.number(name)
    if energy is None or energy in (0, unknown):
        return None
    return ENERGY.of(energy / 1000 if energy > 1000 else energy)


def _battery_temperature(attributes: AttributeReader, vehicle: VehicleInfo) -> float | None:
    temperature = attributes.quantity("batteryTemperature", TEMPERATURE)
    measured = temperature != 0 or vehicle.gateway != "RVG"  # a Micra reports 0 whatever the weather (§3.4)
    return temperature if measured else None


def _charging(attributes: AttributeReader, stamp: Stamp) -> Charging:
    plugged_in = attributes.one_of("plugStatus", _PLUGGED_IN)
    status = _charging_status(attributes, plugged_in=plugged_in)
    if plugged_in is None and status is ChargingStatus.FINISHED:
        plugged_in = True  # this service reports "ended" for what is still plugged in (§8.2)
    speed = attributes.one_of("chargePower", _SPEEDS)
    finish_at = None
    if status is ChargingStatus.CHARGING:  # only now: the figure is there, and wrong, while nothing charges (§8.2)
        since = stamp["reported_at"] or stamp["received_at"]
        finish_at = ends_in(_remaining_minutes(attributes, speed), since, stamp["received_at"])
    return Charging(
        **stamp,
        plugged_in=plugged_in,
        status=status,
        power=_power(attributes),
        speed=speed,
        finish_at=finish_at,
    )


_PLUGGED_IN: Mapping[str | float, bool | None] = {0: False, 1: True, -1: None, -2147483648: None}
_SPEEDS: Mapping[str | float, ChargeSpeed | None] = {
    0: None,
    1: ChargeSpeed.SLOW,
    2: ChargeSpeed.NORMAL,
    3: ChargeSpeed.FAST,
    4: ChargeSpeed.FASTEST,
    5: ChargeSpeed.ADAPTIVE,
}
_STATUSES: Mapping[str | float, ChargingStatus | None] = {
    0.0: ChargingStatus.NOT_CHARGING,
    0.1: ChargingStatus.WAITING_FOR_SCHEDULE,
    0.2: ChargingStatus.FINISHED,
    0.3: ChargingStatus.WAITING_FOR_POWER,
    0.4: ChargingStatus.FLAP_OPEN,
    1.0: ChargingStatus.CHARGING,
    -1.0: ChargingStatus.ERROR,
    -1.1: None,  # unavailable
    -1.3: ChargingStatus.V2G_WAITING,
    -1.4: ChargingStatus.V2L_CONNECTED,
    -1.5: ChargingStatus.V2G_DISCHARGING,
    -1.6: ChargingStatus.V2G_CHARGING,
}
"""§8.2. 0.0, 0.4, 1.0 and -1.0 were seen on Nissans, the others on their Renault siblings."""


def _charging_status(attributes: AttributeReader, *, plugged_in: bool | None) -> ChargingStatus | None:
    name = "chargeStatus" if attributes.get("chargingStatus") is None else "chargingStatus"
    status = attributes.one_of(name, _STATUSES)
    if status is ChargingStatus.CHARGING and plugged_in is False:
        return ChargingStatus.NOT_CHARGING
    if status is ChargingStatus.ERROR and not plugged_in:
        return ChargingStatus.NOT_CHARGING  # what older vehicles report instead of 0
    return status


def _power(attributes: AttributeReader) -> float | None:
    """Return kW. Some vehicles state watts; no Nissan takes more than 150 kW and no charger gives less than 1 kW."""
    for name in ("chargingInstantaneousPower", "instantaneousPower"):
        if (power := attributes.number(name)) is not None:
            return POWER.of(power / 1000 if power > 150 else power)
    return None


_REMAINING_AT = {
    ChargeSpeed.SLOW: "timeRequiredToFullSlow",
    ChargeSpeed.NORMAL: "timeRequiredToFullNormal",
    ChargeSpeed.FAST: "timeRequiredToFullFast",
}


def _remaining_minutes(attributes: AttributeReader, speed: ChargeSpeed | None) -> float | None:
    """Return minutes; 0 means unknown (leaf2mqtt #68)."""
    minutes = attributes.quantity("chargingRemainingTime", MINUTES)
    if not minutes and speed in _REMAINING_AT:
        minutes = attributes.quantity(_REMAINING_AT[speed], MINUTES)
    return minutes or None


def cockpit(attributes: AttributeReader, vehicle: VehicleInfo, stamp: Stamp) -> VehicleState:
    """Map cockpit: the odometer, and the tank of what has one (§8.8)."""
    distance = attributes.quantity("totalMileage", ODOMETER) or attributes.quantity("mileage", ODOMETER)
    return VehicleState(odometer=known(Odometer(**stamp, distance=distance)), fuel=_fuel(attributes, vehicle, stamp))


def _fuel(attributes: AttributeReader, vehicle: VehicleInfo, stamp: Stamp) -> Fuel | None:
    fuel = Fuel(
        **stamp,
        level=attributes.quantity("fuelLevel", LEVEL),
        quantity=attributes.quantity("fuelQuantity", FUEL),
        range=attributes.quantity("fuelAutonomy", RANGE),
        low=attributes.one_of("fuelLowWarning", {0: False, 1: True}),
    )
    if vehicle.powertrain is Powertrain.ELECTRIC:
        return None
    if vehicle.powertrain is None and not (fuel.level or fuel.quantity or fuel.range):
        return None  # electric vehicles report zero litres (§3.4)
    return known(fuel)


def join_fuel(parts: Sequence[Fuel]) -> Fuel:
    """Merge the last reports of several endpoints, at least one, field by field: the newest value counts.

    Cockpit states no time of its own, so the group's is that of the range in battery-status.
    """
    newest, *older = sorted(parts, key=lambda fuel: fuel.received_at, reverse=True)
    for fuel in older:
        newest = replace(fill_gaps(newest, fuel), reported_at=newest.reported_at or fuel.reported_at)
    return newest


def hvac_status(attributes: AttributeReader, vehicle: VehicleInfo, stamp: Stamp) -> VehicleState:
    """Map hvac-status; everything in it is optional (§8.5)."""
    next_start_at = upcoming(attributes.time("nextHvacStartDate"), stamp["received_at"])
    climate = Climate(
        **stamp,
        running=attributes.one_of("hvacStatus", {"on": True, "off": False}),
        inside_temperature=attributes.quantity("internalTemperature", TEMPERATURE),
        outside_temperature=attributes.quantity("externalTemperature", TEMPERATURE),
        next_start_at=next_start_at,
        min_battery_level=attributes.quantity("socThreshold", LEVEL),
    )
    return VehicleState(climate=known(climate))


def location(attributes: AttributeReader, vehicle: VehicleInfo, stamp: Stamp) -> VehicleState:
    """Map location. In privacy mode there is none (§8.6), so a position also means that privacy mode is off."""
    found = position(stamp, *map(attributes.number, ("gpsLatitude", "gpsLongitude", "gpsDirection")))
    return VehicleState(position=found, privacy=privacy(stamp["received_at"], active=False) if found else None)


def lock_status(attributes: AttributeReader, vehicle: VehicleInfo, stamp: Stamp) -> VehicleState:
    """Map lock-status (§8.7).

    Renault's ``doorStatusDriver`` and ``doorStatusPassenger`` are left out: they do not tell left from right.
    """
    group = Body(
        **stamp,
        locked=attributes.one_of("lockStatus", {"locked": True, "unlocked": False}),
        door_front_left=attributes.one_of("doorStatusFrontLeft", _OPEN),
        door_front_right=attributes.one_of("doorStatusFrontRight", _OPEN),
        door_rear_left=attributes.one_of("doorStatusRearLeft", _OPEN),
        door_rear_right=attributes.one_of("doorStatusRearRight", _OPEN),
        hatch=attributes.one_of("hatchStatus", _OPEN),
    )
    return VehicleState(body=known(group))


_OPEN: Mapping[str | float, bool] = {"open": True, "closed": False}


def pressure(attributes: AttributeReader, vehicle: VehicleInfo, stamp: Stamp) -> VehicleState:
    """Map pressure: mbar per tyre, and a status that is 0 as long as all is well (§8.9)."""
    millibars = [attributes.number(f"{wheel}Pressure") for wheel in _WHEELS]
    statuses = [attributes.number(f"{wheel}Status") for wheel in _WHEELS]
    group = tyres(
        stamp,
        [None if millibar is None else millibar / 10 for millibar in millibars],
        [None if status is None else status != 0 for status in statuses],
    )
    return VehicleState(tyres=known(group))


_WHEELS = ("fl", "fr", "rl", "rr")


def charge_mode(attributes: AttributeReader, vehicle: VehicleInfo, stamp: Stamp) -> VehicleState:
    """Map charge-mode; the values are those of several generations (§8.9)."""
    mode = attributes.one_of("chargeMode", _CHARGE_MODES)
    return VehicleState(schedules=known(Schedules(**stamp, charge_mode=mode)))


_CHARGE_MODES: Mapping[str | float, ChargeMode] = {
    "always": ChargeMode.ALWAYS,
    "always_charging": ChargeMode.ALWAYS,
    "delayed": ChargeMode.DELAYED,
    "schedule_mode": ChargeMode.SCHEDULED,
    "scheduled": ChargeMode.SCHEDULED,
}


def health_status(attributes: AttributeReader, vehicle: VehicleInfo, stamp: Stamp) -> VehicleState:
    """Map health-status, whose attributes nobody has described (§8.11): names and plain values, as they come."""
    values = {
        name[:64]: value
        for name in list(attributes.values)[:64]
        if name not in _NOT_HEALTH and (value := _plain_value(attributes, name, vehicle)) is not None
    }
    return VehicleState(health=known(Health(**stamp, values=values)))


_NOT_HEALTH = {"id", "lastUpdateTime", "timestamp", "type", "vin"}


def _plain_value(attributes: AttributeReader, name: str, vehicle: VehicleInfo) -> str | float | None:
    """Return a value that can be shown and stored, and that does not name the vehicle."""
    value = attributes.get(name)
    if isinstance(value, bool):
        return value
    if isinstance(value, str):
        return None if vehicle.key in value.upper() else value[:64]
    return attributes.number(name, -1e15, 1e15)
