"""The service's copy of a vehicle's state, in the terms of ``vehicle`` (mynissan-na §3)."""

from collections.abc import Mapping
from datetime import datetime

from pynissan import (
    BatteryStatus,
    ChargeConfig,
    ClimateStatus,
    DoorsStatus,
    DoorState,
    TirePressure,
    VehicleClimateSchedules,
    VehicleLocation,
    VehicleStatus,
)

from ...vehicle import (
    Battery,
    Body,
    Charging,
    ChargingStatus,
    Climate,
    Fuel,
    Health,
    Odometer,
    Position,
    Tyre,
    Tyres,
    VehicleState,
)
from ..base import Json
from ..quantities import LEVEL, ODOMETER, RANGE, place
from ..reader import upcoming
from .values import (
    celsius,
    distance,
    is_locked,
    is_on,
    is_open,
    kilometres,
    kilopascals,
    known,
    label,
    stamp,
)


def state_of(status: VehicleStatus, said: Mapping[str, Json], now: datetime) -> VehicleState:
    """Return what the cached status tells. ``said`` is how the service put it.

    Battery and climate have no time of their own (§3.2); how long a charge takes is not read, because its unit is not
    recorded (§9 [C]).
    """
    fuel, mileage = status.fuel_range, status.mileage
    return VehicleState.of(
        *(known(group) for group in _electric(status.battery, now)),
        known(_climate(status.climate, now)) if status.climate else None,
        known(_body(status.doors, now)) if status.doors else None,
        known(Fuel(**stamp(now, fuel.last_updated_at), range=distance(fuel, RANGE))) if fuel else None,
        known(Odometer(**stamp(now, mileage.recorded_at), distance=kilometres(mileage.total, mileage.unit, ODOMETER)))
        if mileage
        else None,
        known(_tyres(status.tire_pressure, now)) if status.tire_pressure else None,
        known(_health(status, said, now)),
    )


def _electric(battery: BatteryStatus | None, now: datetime) -> tuple[Battery | Charging, ...]:
    if battery is None:
        return ()
    return (
        Battery(
            **stamp(now),
            level=LEVEL.of(battery.level),
            range=distance(battery.remaining_mileage, RANGE),
        ),
        Charging(**stamp(now), plugged_in=battery.is_plugged_in, status=_charging(battery.is_charging)),
    )


def _charging(charges: bool | None) -> ChargingStatus | None:
    if charges is None:
        return None
    return ChargingStatus.CHARGING if charges else ChargingStatus.NOT_CHARGING


def _climate(climate: ClimateStatus, now: datetime) -> Climate:
    """The temperature is that of the cabin, not the target (§3 [B])."""
    return Climate(**stamp(now), running=is_on(climate.state), inside_temperature=celsius(climate.temperature))


def _body(doors: DoorsStatus, now: datetime) -> Body:
    four = (doors.front_left, doors.front_right, doors.rear_left, doors.rear_right)
    return Body(
        **stamp(now, doors.last_updated_at),
        locked=_locked(doors.overall_lock, four),
        door_front_left=_ajar(doors.front_left),
        door_front_right=_ajar(doors.front_right),
        door_rear_left=_ajar(doors.rear_left),
        door_rear_right=_ajar(doors.rear_right),
        hatch=is_open(doors.hatch_ajar),
        bonnet=is_open(doors.engine_hood_ajar),
        sunroof=is_open(doors.sunroof_ajar),
        window_front_left=_window(doors.front_left),
        window_front_right=_window(doors.front_right),
        window_rear_left=_window(doors.rear_left),
        window_rear_right=_window(doors.rear_right),
    )


def _ajar(door: DoorState | None) -> bool | None:
    return is_open(door.ajar) if door else None


def _window(door: DoorState | None) -> bool | None:
    return is_open(door.window) if door else None


def _locked(overall: str | None, doors: tuple[DoorState | None, ...]) -> bool | None:
    """Believe the word for the whole vehicle; without one it is locked if every door says so."""
    if (whole := is_locked(overall)) is not None:
        return whole
    locks = {is_locked(door.lock) if door else None for door in doors}
    return False if False in locks else None if None in locks else True


def _tyres(tyres: TirePressure, now: datetime) -> Tyres:
    """What the status numbers mean is not recorded (§9 [D]), so nothing here is a warning."""
    return Tyres(
        **stamp(now, tyres.last_updated_at),
        front_left=Tyre(pressure=kilopascals(tyres.front_left)),
        front_right=Tyre(pressure=kilopascals(tyres.front_right)),
        rear_left=Tyre(pressure=kilopascals(tyres.rear_left)),
        rear_right=Tyre(pressure=kilopascals(tyres.rear_right)),
    )


def _health(status: VehicleStatus, said: Mapping[str, Json], now: datetime) -> Health:
    values: dict[str, str | float | bool] = {}
    lit: set[str] = set()
    for lamp in status.maintenance_indicators:
        name = label(lamp.type) or "other"
        if lamp.active is not None:
            values[name] = lamp.active or bool(values.get(name))
        if lamp.active:
            lit.add(name)
    if (tyres := status.tire_pressure) is not None:
        for wheel in ("front_left", "front_right", "rear_left", "rear_right"):
            if (number := getattr(tyres, f"{wheel}_status")) is not None:
                values[f"tyre_status_{wheel}"] = float(number) if abs(number) < 10**9 else "?"
    oil = status.engine_oil_drain_range
    return Health(
        **stamp(now),
        values=values,
        lamps=tuple(sorted(lit)) if isinstance(said.get("mils"), list) else None,  # the library tells no [] from null
        oil_change_in=kilometres(oil.range, oil.unit, ODOMETER) if oil else None,
    )


def position_of(location: VehicleLocation, now: datetime) -> VehicleState:
    """Return where the vehicle last was; without a fix the service may say 0, 0."""
    if (found := place(location.latitude, location.longitude)) is None:
        return VehicleState()
    return VehicleState(
        position=Position(**stamp(now, location.last_updated_at), latitude=found[0], longitude=found[1])
    )


def limit_of(config: ChargeConfig | None, now: datetime) -> VehicleState:
    """Return up to which level the vehicle charges."""
    limit = LEVEL.of(config.charge_limit_percent) if config else None
    return VehicleState(charging=known(Charging(**stamp(now), limit=limit)))


def delayed_start_of(schedules: VehicleClimateSchedules, now: datetime) -> VehicleState:
    """Return when the climate starts once; a start that has been is none."""
    delayed = schedules.delayed_schedule
    start = upcoming(delayed.start_date_time, now) if delayed else None
    return VehicleState(climate=Climate(**stamp(now), next_start_at=start))
