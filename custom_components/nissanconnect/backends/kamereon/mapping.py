"""The attributes of a response of the data plane."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, replace
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
    Position,
    Powertrain,
    Privacy,
    Reported,
    Schedules,
    Stamp,
    Tyre,
    Tyres,
    VehicleInfo,
    VehicleState,
)
from ..base import Json
from ..quantities import (
    ENERGY,
    FUEL,
    LEVEL,
    MINUTES,
    ODOMETER,
    POWER,
    PRESSURE,
    RANGE,
    TARGET_TEMPERATURE,
    TEMPERATURE,
    heading,
    place,
)
from ..reader import JsonReader, ends_in, upcoming


class Attributes(JsonReader):
    """The attributes of one body or of one object in it."""

    __slots__ = ()

    @classmethod
    @override
    def of(cls, body: Json) -> Self:
        """Find the attributes in ``data.attributes``, in ``data`` or at the top (§3.2)."""
        found = body if isinstance(body, dict) else {}
        for name in ("data", "attributes"):
            inner = found.get(name)
            if isinstance(inner, dict):
                found = inner
        return cls(found)


BACKEND = "kamereon"

type Parser = Callable[[Json, VehicleInfo, datetime], VehicleState]
"""Reads a body about a vehicle, received at a time. Total: whatever the body is, nothing is raised."""


def stamp_of(said: Attributes, received_at: datetime) -> Stamp:
    """Version 1 of the data uses ``lastUpdateTime``, version 2 of the battery ``timestamp`` (§3.4)."""
    reported_at = said.past(received_at, "lastUpdateTime", "timestamp")
    return Stamp(backend=BACKEND, received_at=received_at, reported_at=reported_at)


def known[G: Reported](group: G) -> G | None:
    """Return the group, or ``None`` if nothing in it is known: then it was not reported."""
    stamp = {field.name for field in fields(Reported)}
    told = (field for field in fields(group) if field.name not in stamp)
    return group if any(getattr(group, field.name) != field.default for field in told) else None


def privacy(received_at: datetime, *, active: bool) -> Privacy:
    """Privacy mode, as the service and not the vehicle tells it."""
    return Privacy(backend=BACKEND, received_at=received_at, active=active)


def join_fuel(words: Sequence[Fuel]) -> Fuel:
    """Make one group of what several endpoints said last (at least one did): field by field, the newest word counts.

    Cockpit states no time of its own, so the group's is that of the range in battery-status.
    """
    newest, *older = sorted(words, key=lambda fuel: fuel.received_at, reverse=True)
    for fuel in older:
        unknown = [field.name for field in fields(Fuel) if getattr(newest, field.name) is None]
        newest = replace(newest, **{name: getattr(fuel, name) for name in unknown})
    return newest


def battery_status(body: Json, vehicle: VehicleInfo, received_at: datetime) -> VehicleState:
    """Read any version of battery-status; their attributes do not contradict each other (§8.1-8.3)."""
    said = Attributes.of(body)
    stamp = stamp_of(said, received_at)
    range_climate_on = RANGE.of(said.number("rangeHvacOn"))
    if _is_about_fuel(said, vehicle):
        return VehicleState(fuel=known(Fuel(**stamp, range=range_climate_on)))
    range_climate_off = RANGE.of(said.number("rangeHvacOff"))
    battery = Battery(
        **stamp,
        level=LEVEL.of(said.number("batteryLevel")),
        range=RANGE.of(said.number("batteryAutonomy")) if range_climate_off is None else range_climate_off,
        range_climate_on=range_climate_on,
        capacity=_energy(said, "batteryCapacity", unknown=240),
        energy=_energy(said, "batteryAvailableEnergy"),
        temperature=_battery_temperature(said, vehicle),
    )
    return VehicleState(battery=known(battery), charging=known(_charging(said, stamp)))


_SIGNS_OF_A_TRACTION_BATTERY = (
    "batteryAutonomy",
    "batteryLevel",
    "chargeStatus",
    "chargingStatus",
    "plugStatus",
    "rangeHvacOff",
)


def _is_about_fuel(said: Attributes, vehicle: VehicleInfo) -> bool:
    """Combustion vehicles publish the range of their tank as ``rangeHvacOn`` of a battery (§8.1)."""
    if vehicle.powertrain in (Powertrain.COMBUSTION, Powertrain.ELECTRIC):
        return vehicle.powertrain is Powertrain.COMBUSTION
    return all(said.get(name) is None for name in _SIGNS_OF_A_TRACTION_BATTERY)


def _energy(said: Attributes, name: str, *, unknown: float = 0) -> float | None:
    """Return kWh. Leafs state their capacity in Wh, Ariyas in kWh; zero and ``unknown`` mean nothing (§8.1)."""
    energy = said.number(name)
    if energy is None or energy in (0, unknown):
        return None
    if energy > 1000:
        energy /= 1000
    return ENERGY.of(energy)


def _battery_temperature(said: Attributes, vehicle: VehicleInfo) -> float | None:
    temperature = TEMPERATURE.of(said.number("batteryTemperature"))
    measured = temperature != 0 or vehicle.gateway != "RVG"  # a Micra says 0 whatever the weather (§3.4)
    return temperature if measured else None


def _charging(said: Attributes, stamp: Stamp) -> Charging:
    plugged_in = said.one_of("plugStatus", _PLUG)
    status = _charging_status(said, plugged_in=plugged_in)
    if plugged_in is None and status is ChargingStatus.FINISHED:
        plugged_in = True  # this service says "ended" of what is still plugged in (§8.2)
    speed = said.one_of("chargePower", _SPEEDS)
    finish_at = None
    if status is ChargingStatus.CHARGING:  # only now: the figure is there, and wrong, while nothing charges (§8.2)
        said_at = stamp["reported_at"] or stamp["received_at"]
        finish_at = ends_in(_remaining_minutes(said, speed), said_at, stamp["received_at"])
    return Charging(
        **stamp,
        plugged_in=plugged_in,
        status=status,
        power=_power(said),
        speed=speed,
        finish_at=finish_at,
        plugged_in_at=said.past(stamp["received_at"], "vehiclePlugTimestamp"),
        unplugged_at=said.past(stamp["received_at"], "vehicleUnplugTimestamp"),
    )


_PLUG: Mapping[str | float, bool | None] = {0: False, 1: True, -1: None, -2147483648: None}
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


def _charging_status(said: Attributes, *, plugged_in: bool | None) -> ChargingStatus | None:
    name = "chargeStatus" if said.get("chargingStatus") is None else "chargingStatus"
    status = said.one_of(name, _STATUSES)
    if status is ChargingStatus.CHARGING and plugged_in is False:
        return ChargingStatus.NOT_CHARGING
    if status is ChargingStatus.ERROR and not plugged_in:
        return ChargingStatus.NOT_CHARGING  # what older vehicles say instead of 0
    return status


def _power(said: Attributes) -> float | None:
    """Return kW. Some vehicles state watts; no Nissan takes more than 150 kW and no charger gives less than 1 kW."""
    for name in ("chargingInstantaneousPower", "instantaneousPower"):
        if (power := said.number(name)) is not None:
            return POWER.of(power / 1000 if power > 150 else power)
    return None


_REMAINING_AT = {
    ChargeSpeed.SLOW: "timeRequiredToFullSlow",
    ChargeSpeed.NORMAL: "timeRequiredToFullNormal",
    ChargeSpeed.FAST: "timeRequiredToFullFast",
}


def _remaining_minutes(said: Attributes, speed: ChargeSpeed | None) -> float | None:
    name = _REMAINING_AT.get(speed) if speed else None
    for candidate in ("chargingRemainingTime", name):
        if candidate and (minutes := MINUTES.of(said.number(candidate))):  # 0 is not told (leaf2mqtt #68)
            return minutes
    return None


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
