"""What a vehicle reports: one function for each group of the state.

Rounded like the real ones: whole percents and kilometres (kamereon-eu §8).
"""

from collections.abc import Callable, Collection
from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any

from custom_components.nissanconnect.vehicle import (
    AuxBattery,
    Battery,
    Body,
    ChargeMode,
    ChargeSpeed,
    Charging,
    ChargingStatus,
    Climate,
    Fuel,
    Group,
    Health,
    Odometer,
    Position,
    Privacy,
    Reported,
    Schedules,
    Software,
    Stamp,
    Tyre,
    Tyres,
)

from .combustion import Combustion
from .electric import Electric

if TYPE_CHECKING:
    from .vehicle import SimulatedVehicle

NAME = "demo"
"""The backend's name in reports."""
LOW_PRESSURE = 190.0
"""kPa at which a tyre is warned of."""
LOW_FUEL = 12.0
"""%."""
SERVICE_EVERY = 30_000
"""km."""


def snapshot(vehicle: SimulatedVehicle, groups: Collection[Group]) -> dict[Group, Reported]:
    """Return those of ``groups`` that the vehicle has, as they are now."""
    reported = ((group, _GROUPS[group](vehicle)) for group in groups if group in _GROUPS)
    return {group: _measured(value) for group, value in reported if value is not None}


def _measured[G: Reported](value: G) -> G:
    """Return the group with its numbers as those of other sources are, so that no restart makes ``80.0`` of ``80``."""
    known = ((each.name, getattr(value, each.name)) for each in fields(value))
    numbers: dict[str, Any] = {name: float(number) for name, number in known if type(number) is int}
    return replace(value, **numbers)


def _stamp(vehicle: SimulatedVehicle) -> Stamp:
    return Stamp(backend=NAME, received_at=vehicle.now, reported_at=vehicle.now)


def _battery(vehicle: SimulatedVehicle) -> Battery | None:
    electric = vehicle.powertrain
    if not isinstance(electric, Electric):
        return None
    battery = electric.battery
    return Battery(
        **_stamp(vehicle),
        level=round(battery.level),
        range=round(electric.range(vehicle.outside, climate_on=False)),
        range_climate_on=round(electric.range(vehicle.outside, climate_on=True)),
        capacity=battery.spec.capacity,
        energy=round(battery.energy, 1),
        health=battery.spec.health,
        temperature=round(battery.temperature),
    )


def _charging(vehicle: SimulatedVehicle) -> Charging | None:
    electric = vehicle.powertrain
    if not isinstance(electric, Electric):
        return None
    battery, charger = electric.battery, electric.charger
    status = charger.status(battery.level, vehicle.now)
    charging = Charging(
        **_stamp(vehicle),
        plugged_in=charger.plugged,
        status=status,
        power=0.0,
        limit=charger.limit,
    )
    if status is not ChargingStatus.CHARGING:
        return charging
    power = charger.offer(battery, charger.available)
    return replace(
        charging,
        power=round(power, 1),
        speed=_speed(power),
        finish_at=vehicle.now + charger.time_to(charger.limit, battery, charger.available),
    )


def _speed(power: float) -> ChargeSpeed:
    """Return the class of a charge; the steps lie between the about 1, 3, 6 and 50 kW of kamereon-eu §8.1."""
    for limit, speed in ((2, ChargeSpeed.SLOW), (4.5, ChargeSpeed.NORMAL), (20, ChargeSpeed.FAST)):
        if power < limit:
            return speed
    return ChargeSpeed.FASTEST


def _climate(vehicle: SimulatedVehicle) -> Climate | None:
    if not isinstance(vehicle.powertrain, Electric):
        return None
    climate = vehicle.powertrain.climate
    return Climate(
        **_stamp(vehicle),
        running=climate.running,
        target_temperature=climate.target,
        inside_temperature=round(vehicle.cabin.temperature * 2) / 2,
        outside_temperature=round(vehicle.outside * 2) / 2,
        next_start_at=climate.next_start_at,
        min_battery_level=climate.min_level,
    )


def _body(vehicle: SimulatedVehicle) -> Body:
    body = vehicle.body
    return Body(
        **_stamp(vehicle),
        locked=body.locked,
        door_front_left="door_front_left" in body.open,
        door_front_right="door_front_right" in body.open,
        door_rear_left="door_rear_left" in body.open,
        door_rear_right="door_rear_right" in body.open,
        hatch="hatch" in body.open,
    )


def _position(vehicle: SimulatedVehicle) -> Position | None:
    if vehicle.privacy:
        return None
    return Position(
        **_stamp(vehicle),
        latitude=round(vehicle.point.latitude, 6),
        longitude=round(vehicle.point.longitude, 6),
        heading=round(vehicle.heading) % 360,
    )


def _odometer(vehicle: SimulatedVehicle) -> Odometer:
    return Odometer(**_stamp(vehicle), distance=round(vehicle.odometer, 1))


def _fuel(vehicle: SimulatedVehicle) -> Fuel | None:
    engine = vehicle.powertrain
    if not isinstance(engine, Combustion):
        return None
    return Fuel(
        **_stamp(vehicle),
        level=round(engine.level),
        quantity=round(engine.quantity, 1),
        range=round(engine.range),
        low=engine.level < LOW_FUEL,
    )


def _tyres(vehicle: SimulatedVehicle) -> Tyres:
    pressures = vehicle.body.pressures(vehicle.outside)
    return Tyres(**_stamp(vehicle), **dict(zip(_WHEELS, map(_tyre, pressures), strict=True)))


_WHEELS = ("front_left", "front_right", "rear_left", "rear_right")


def _tyre(pressure: float) -> Tyre:
    return Tyre(pressure=round(pressure), warning=pressure < LOW_PRESSURE)


def _aux_battery(vehicle: SimulatedVehicle) -> AuxBattery:
    return AuxBattery(**_stamp(vehicle), voltage=round(vehicle.twelve_volt.voltage, 2))


def _health(vehicle: SimulatedVehicle) -> Health:
    due = SERVICE_EVERY - vehicle.odometer % SERVICE_EVERY
    return Health(**_stamp(vehicle), values={"malfunction_lamp": False, "service_due_km": float(round(due))})


def _privacy(vehicle: SimulatedVehicle) -> Privacy:
    return Privacy(**_stamp(vehicle), active=vehicle.privacy)


def _schedules(vehicle: SimulatedVehicle) -> Schedules | None:
    if not isinstance(vehicle.powertrain, Electric):
        return None
    charger = vehicle.powertrain.charger
    timer = charger.timer if charger.mode is ChargeMode.SCHEDULED else None
    return Schedules(
        **_stamp(vehicle), charge_mode=charger.mode, charging=timer.schedule if timer is not None else None
    )


def _software(vehicle: SimulatedVehicle) -> Software | None:
    firmware = vehicle.firmware
    if firmware is None:
        return None
    return Software(
        **_stamp(vehicle),
        update=firmware.update,
        status=firmware.status,
        progress=firmware.progress,
        notes=firmware.notes,
    )


_GROUPS: dict[Group, Callable[[SimulatedVehicle], Reported | None]] = {
    Group.AUX_BATTERY: _aux_battery,
    Group.BATTERY: _battery,
    Group.BODY: _body,
    Group.CHARGING: _charging,
    Group.CLIMATE: _climate,
    Group.FUEL: _fuel,
    Group.HEALTH: _health,
    Group.ODOMETER: _odometer,
    Group.POSITION: _position,
    Group.PRIVACY: _privacy,
    Group.SCHEDULES: _schedules,
    Group.SOFTWARE: _software,
    Group.TYRES: _tyres,
}
