"""How the service words what a vehicle last said (kamereon-eu §8).

One function for each endpoint and kind of vehicle. ``None`` means that the value is not known: JSON:API leaves it out,
the flat form writes null.
"""

from datetime import UTC, datetime, timedelta

from custom_components.nissanconnect.backends.base import Json
from custom_components.nissanconnect.vehicle import (
    Battery,
    ChargeMode,
    ChargeSpeed,
    Charging,
    ChargingStatus,
)

from .account import Car, Family
from .cars.electric import Electric
from .errors import not_found

type Attributes = dict[str, Json]

_CHARGE_STATES = {
    ChargingStatus.NOT_CHARGING: 0.0,
    ChargingStatus.WAITING_FOR_SCHEDULE: 0.1,
    ChargingStatus.FINISHED: 0.2,
    ChargingStatus.WAITING_FOR_POWER: 0.3,
    ChargingStatus.CHARGING: 1.0,
}
_CHARGE_SPEEDS = {
    ChargeSpeed.SLOW: 1,
    ChargeSpeed.NORMAL: 2,
    ChargeSpeed.FAST: 3,
    ChargeSpeed.FASTEST: 4,
    ChargeSpeed.ADAPTIVE: 5,
}
_CHARGE_MODES = {ChargeMode.ALWAYS: "always", ChargeMode.SCHEDULED: "scheduled", ChargeMode.DELAYED: "delayed"}


def timestamp(at: datetime | None, family: Family) -> str | None:
    """Write a time the way the family's gateway does: RVG with milliseconds (kamereon-eu §3.4)."""
    if at is None:
        return None
    return at.astimezone(UTC).isoformat(timespec="milliseconds" if family is Family.RVG else "seconds")[:-6] + "Z"


def _minutes(duration: timedelta) -> int:
    return round(duration.total_seconds() / 60)


def _heard[T](said: T | None) -> T:
    """Return what a vehicle said; of one that has never said it the cloud knows nothing."""
    if said is None:
        raise not_found()
    return said


def _electric(car: Car) -> tuple[Electric, Battery, Charging]:
    said, powertrain = car.vehicle.cloud.state, car.vehicle.powertrain
    electric = powertrain if isinstance(powertrain, Electric) else None
    return _heard(electric), _heard(said.battery), _heard(said.charging)


def _minutes_to_full(electric: Electric, battery: Battery, power: float) -> int:
    level = battery.level or 0.0
    return _minutes(electric.charger.time_to(100, electric.battery, power, level))


def battery_v1(car: Car) -> Attributes:
    """A LEAF: capacity in Wh, durations also when nothing is plugged in, and a time without seconds."""
    electric, battery, charging = _electric(car)
    level = battery.level or 0.0
    reported = _heard(timestamp(battery.reported_at, car.family))
    return {
        "batteryLevel": round(level),
        "batteryBarLevel": round(level * 2.4),
        "batteryCapacity": round((battery.capacity or 0.0) * 1000),
        "chargeStatus": int(charging.status is ChargingStatus.CHARGING),
        "plugStatus": int(bool(charging.plugged_in)),
        "plugStatusDetail": 2 if charging.plugged_in else 0,
        "chargePower": _CHARGE_SPEEDS[charging.speed] if charging.speed else None,
        "rangeHvacOff": battery.range,
        "rangeHvacOn": battery.range_climate_on,
        "timeRequiredToFullSlow": _minutes_to_full(electric, battery, 1.4),
        "timeRequiredToFullNormal": _minutes_to_full(electric, battery, 3.3),
        "timeRequiredToFullFast": _minutes_to_full(electric, battery, 6.6),
        "vehiclePlugTimestamp": timestamp(electric.charger.plugged_at, car.family),
        "vehicleUnplugTimestamp": timestamp(electric.charger.unplugged_at, car.family),
        "lastUpdateTime": reported.removesuffix("Z")[:-3] + "Z",
    }


def battery_v1_level_only(car: Car) -> Attributes:
    """An Ariya asked in the old way: the level and little else."""
    _, battery, charging = _electric(car)
    return {
        "batteryLevel": battery.level,
        "plugStatus": int(bool(charging.plugged_in)),
        "chargeStatus": int(charging.status is ChargingStatus.CHARGING),
    }


def battery_v1_fuel_range(car: Car) -> Attributes:
    """A combustion vehicle: the fuel's range arrives in ``rangeHvacOn``."""
    fuel = _heard(car.vehicle.cloud.state.fuel)
    return {"rangeHvacOn": fuel.range, "lastUpdateTime": timestamp(fuel.reported_at, car.family)}


def battery_v2(car: Car) -> Attributes:
    """The newer words, whose time lags by half an hour and more and may stand still after a refresh (§16.4)."""
    electric, battery, charging = _electric(car)
    charges = charging.status is ChargingStatus.CHARGING
    return {
        "timestamp": timestamp(_lagging(_heard(battery.reported_at)), car.family),
        "batteryLevel": battery.level,
        "batteryAutonomy": battery.range,
        "batteryCapacity": battery.capacity,
        "batteryAvailableEnergy": round(battery.energy or 0.0),
        "plugStatus": int(bool(charging.plugged_in)),
        "chargingStatus": _CHARGE_STATES[charging.status] if charging.status else None,
        "chargingRemainingTime": _remaining(electric, battery, charging),
        "chargingInstantaneousPower": charging.power if charges else None,
    }


def _lagging(at: datetime) -> datetime:
    return at.replace(minute=at.minute // 30 * 30, second=30, microsecond=0) - timedelta(minutes=30)


def _remaining(electric: Electric, battery: Battery, charging: Charging) -> int:
    """Return the minutes left; when nothing charges, a number that means nothing, as on the road (§8.2)."""
    if charging.finish_at is None or charging.reported_at is None:
        return _minutes_to_full(electric, battery, electric.charger.max_power)
    return _minutes(charging.finish_at - charging.reported_at)


def battery_v3(car: Car) -> Attributes:
    """The web front's words; an RVG gateway does not measure the temperature and says 0."""
    electric, battery, charging = _electric(car)
    attributes: Attributes = {
        "lastUpdateTime": timestamp(battery.reported_at, car.family),
        "batteryLevel": battery.level,
        "batteryTemperature": 0,
        "batteryAutonomy": battery.range,
        "plugStatus": int(bool(charging.plugged_in)),
        "chargingStatus": _CHARGE_STATES[charging.status] if charging.status else None,
        "chargingRemainingTime": _remaining(electric, battery, charging),
    }
    if car.family is Family.RVG:
        return attributes
    return attributes | {
        "batteryTemperature": battery.temperature,
        "batteryCapacity": battery.capacity,
        "instantaneousPower": charging.power if charging.active else None,
        "vehiclePlugTimestamp": timestamp(electric.charger.plugged_at, car.family),
        "vehicleUnplugTimestamp": timestamp(electric.charger.unplugged_at, car.family),
    }


def hvac(car: Car) -> Attributes:
    """The climate; an RVG gateway knows neither the air outside nor a schedule."""
    climate = _heard(car.vehicle.cloud.state.climate)
    attributes: Attributes = {
        "hvacStatus": "on" if climate.running else "off",
        "internalTemperature": climate.inside_temperature,
        "lastUpdateTime": timestamp(climate.reported_at, car.family),
    }
    if car.family is Family.RVG:
        return attributes
    electric = car.vehicle.powertrain
    return attributes | {
        "externalTemperature": climate.outside_temperature,
        "socThreshold": climate.min_battery_level,
        "nextHvacStartDate": timestamp(climate.next_start_at, car.family),
        "nextTargetTemperature": electric.climate.next_target if isinstance(electric, Electric) else None,
    }


def location(car: Car) -> Attributes:
    """The position; an RVG gateway has no direction."""
    position = _heard(car.vehicle.cloud.state.position)
    return {
        "gpsLatitude": position.latitude,
        "gpsLongitude": position.longitude,
        "gpsDirection": None if car.family is Family.RVG else position.heading,
        "lastUpdateTime": timestamp(position.reported_at, car.family),
    }


def lock(car: Car) -> Attributes:
    """Lock and doors."""
    body = _heard(car.vehicle.cloud.state.body)
    return {
        "doorStatusFrontLeft": _opening(body.door_front_left),
        "doorStatusFrontRight": _opening(body.door_front_right),
        "doorStatusRearLeft": _opening(body.door_rear_left),
        "doorStatusRearRight": _opening(body.door_rear_right),
        "hatchStatus": _opening(body.hatch),
    } | lock_only(car)


def lock_only(car: Car) -> Attributes:
    """The lock alone."""
    body = _heard(car.vehicle.cloud.state.body)
    return {
        "lockStatus": "locked" if body.locked else "unlocked",
        "lastUpdateTime": timestamp(body.reported_at, car.family),
    }


def _opening(is_open: bool | None) -> str | None:
    return None if is_open is None else "open" if is_open else "closed"


def cockpit_electric(car: Car) -> Attributes:
    """The odometer of an electric vehicle; the first version has no time."""
    return {"totalMileage": _distance(car)}


def cockpit_electric_v2(car: Car) -> Attributes:
    """The odometer by an RVG gateway, which has no tank and says that it is empty."""
    return {"fuelQuantity": 0.0, "totalMileage": _distance(car)}


def cockpit_fuel(car: Car) -> Attributes:
    """Odometer and tank."""
    fuel = _heard(car.vehicle.cloud.state.fuel)
    return {
        "totalMileage": _distance(car),
        "mileage": _distance(car),
        "fuelAutonomy": fuel.range,
        "fuelQuantity": fuel.quantity,
        "fuelLevel": fuel.level,
        "fuelLowWarning": int(bool(fuel.low)),
    }


def _distance(car: Car) -> float | None:
    return _heard(car.vehicle.cloud.state.odometer).distance


def pressure(car: Car) -> Attributes:
    """The tyres in mbar."""
    tyres = _heard(car.vehicle.cloud.state.tyres)
    wheels = {"fl": tyres.front_left, "fr": tyres.front_right, "rl": tyres.rear_left, "rr": tyres.rear_right}
    attributes: Attributes = {}
    for wheel, tyre in wheels.items():
        attributes[f"{wheel}Pressure"] = round((tyre.pressure or 0.0) * 10)
        attributes[f"{wheel}Status"] = int(bool(tyre.warning))
    return attributes


def charge_mode(car: Car) -> Attributes:
    """Whether the timer rules."""
    mode = _heard(car.vehicle.cloud.state.schedules).charge_mode
    return {"chargeMode": _CHARGE_MODES[_heard(mode)]}


def engine_state(car: Car) -> Attributes:
    """The remote engine start, in the words of Renault (kamereon-eu §8.10 [C])."""
    running = car.vehicle.powertrain.active
    return {"details": "Running", "code": "42"} if running else {"details": "Stopped, ready for RES", "code": "10"}


def health(car: Car) -> Attributes:
    """Warning lamps; the real names are not recorded (kamereon-eu §8.11)."""
    said = _heard(car.vehicle.cloud.state.health)
    return {"malfunctionIndicatorLamp": "OFF", "serviceDueDistance": said.values["service_due_km"]}
