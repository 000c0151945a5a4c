"""From the library's models to groups of the vehicle's state (mynissan-na §3). What makes no sense is unknown (§9)."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta, tzinfo
import re

from pynissan import (
    BatteryStatus,
    ChargeConfig,
    ChargeSchedule as TimerEntry,
    ClimateStatus,
    DistanceReading,
    DoorsStatus,
    DoorState,
    TemperatureReading,
    TirePressure,
    VehicleClimateSchedules,
    VehicleLocation,
    VehicleStatus,
    WeekDay,
)

from ...vehicle import (
    Battery,
    Body,
    ChargeMode,
    ChargeSchedule,
    Charging,
    ChargingStatus,
    Climate,
    Fuel,
    Health,
    Odometer,
    Schedules,
    Stamp,
    Tyres,
    VehicleState,
)
from ..base import Json
from ..mapping import (
    KM_PER_MILE,
    KPA_PER_PSI,
    LEVEL,
    ODOMETER,
    PRESSURE,
    RANGE,
    TEMPERATURE,
    Quantity,
    known,
    position,
    tyres,
)
from ..reader import log_unknown, past, upcoming

BACKEND = "mynissan"

WEEK_DAYS = tuple(WeekDay)[:7]
"""Monday first, as in :class:`~...vehicle.ChargeSchedule`."""


def stamp(received_at: datetime, reported_at: datetime | None = None) -> Stamp:
    """Return the stamp of a group. A vehicle's time that lies in the future is wrong, and left out."""
    return Stamp(backend=BACKEND, received_at=received_at.astimezone(UTC), reported_at=past(reported_at, received_at))


def vehicle_state(status: VehicleStatus, payload: Mapping[str, Json], now: datetime) -> VehicleState:
    """Return the state in the cached status. ``payload`` is the JSON that it was made of.

    Battery and climate have no time of their own (§3.2). The time until the battery is full is not read, because its
    unit is not recorded (§9 [C]).
    """
    battery, fuel, mileage = status.battery, status.fuel_range, status.mileage
    return VehicleState.of(
        known(_battery(battery, now)) if battery else None,
        known(_charging(battery, now)) if battery else None,
        known(_climate(status.climate, now)) if status.climate else None,
        known(_body(status.doors, now)) if status.doors else None,
        known(Fuel(**stamp(now, fuel.last_updated_at), range=distance(fuel, RANGE))) if fuel else None,
        known(Odometer(**stamp(now, mileage.recorded_at), distance=kilometres(mileage.total, mileage.unit, ODOMETER)))
        if mileage
        else None,
        known(_tyres(status.tire_pressure, now)) if status.tire_pressure else None,
        known(_health(status, payload, now)),
    )


def _battery(battery: BatteryStatus, now: datetime) -> Battery:
    return Battery(**stamp(now), level=LEVEL.of(battery.level), range=distance(battery.remaining_mileage, RANGE))


def _charging(battery: BatteryStatus, now: datetime) -> Charging:
    status = ChargingStatus.CHARGING if battery.is_charging else ChargingStatus.NOT_CHARGING
    return Charging(
        **stamp(now), plugged_in=battery.is_plugged_in, status=None if battery.is_charging is None else status
    )


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
    """Return the state of the whole vehicle's lock; if it is unknown, the vehicle is locked if every door is."""
    if (whole := is_locked(overall)) is not None:
        return whole
    locks = {is_locked(door.lock) if door else None for door in doors}
    if False in locks:
        return False
    return None if None in locks else True


def _tyres(pressures: TirePressure, now: datetime) -> Tyres:
    """What the status numbers mean is not recorded (§9 [D]), so none of them is a warning."""
    four = (pressures.front_left, pressures.front_right, pressures.rear_left, pressures.rear_right)
    return tyres(stamp(now, pressures.last_updated_at), [kilopascals(each) for each in four])


def _health(status: VehicleStatus, payload: Mapping[str, Json], now: datetime) -> Health:
    values: dict[str, str | float | bool] = {}
    lit: set[str] = set()
    for lamp in status.maintenance_indicators:
        name = label(lamp.type) or "other"
        if lamp.active is not None:
            values[name] = lamp.active or bool(values.get(name))
        if lamp.active:
            lit.add(name)
    if (pressures := status.tire_pressure) is not None:
        for wheel in ("front_left", "front_right", "rear_left", "rear_right"):
            if (number := getattr(pressures, f"{wheel}_status")) is not None:
                values[f"tyre_status_{wheel}"] = float(number) if abs(number) < 10**9 else "?"
    oil = status.engine_oil_drain_range
    is_listed = isinstance(payload.get("mils"), list)  # to the library [] and null are the same
    return Health(
        **stamp(now),
        values=values,
        lamps=tuple(sorted(lit)) if is_listed else None,
        oil_change_in=kilometres(oil.range, oil.unit, ODOMETER) if oil else None,
    )


def location_state(location: VehicleLocation, now: datetime) -> VehicleState:
    """Return where the vehicle last was."""
    found = position(stamp(now, location.last_updated_at), location.latitude, location.longitude)
    return VehicleState(position=found)


def charge_limit_state(config: ChargeConfig | None, now: datetime) -> VehicleState:
    """Return the level up to which the vehicle charges."""
    limit = LEVEL.of(config.charge_limit_percent) if config else None
    return VehicleState(charging=known(Charging(**stamp(now), limit=limit)))


def climate_schedule_state(schedules: VehicleClimateSchedules, now: datetime) -> VehicleState:
    """Return when the climate starts once; a start that has passed is none."""
    delayed = schedules.delayed_schedule
    start = upcoming(delayed.start_date_time, now) if delayed else None
    return VehicleState(climate=Climate(**stamp(now), next_start_at=start))


def charge_timer_state(entries: Sequence[TimerEntry], now: datetime, zone: tzinfo) -> VehicleState:
    """Return whether the vehicle charges by a timer: it does if any entry is on. The hours are known if only one is."""
    states = {is_on(entry.state) for entry in entries}
    if True in states:
        mode = ChargeMode.SCHEDULED
    elif None in states:
        return VehicleState()
    else:
        mode = ChargeMode.ALWAYS
    on = [entry for entry in entries if is_on(entry.state)]
    schedule = _charge_schedule(on[0], zone) if len(on) == 1 else None
    return VehicleState(schedules=Schedules(**stamp(now), charge_mode=mode, charging=schedule))


def _charge_schedule(entry: TimerEntry, zone: tzinfo) -> ChargeSchedule | None:
    """Return the hours of an entry by the clocks of ``zone``. Their length may be missing or make no sense."""
    days = tuple(number for number, day in enumerate(WEEK_DAYS) if day in entry.week_days)
    minutes = minutes_of(entry.duration)
    if not days or minutes is None or not 0 < minutes <= 24 * 60:
        return None
    start = entry.start_date_time.astimezone(zone).replace(second=0, microsecond=0)
    end = start.replace(tzinfo=None) + timedelta(minutes=minutes)  # by the clock, even in a night when it changes
    return ChargeSchedule(start.time(), end.time(), days)


def kilometres(value: float | None, unit: str | None, quantity: Quantity) -> float | None:
    """Return a distance in km. The request is for kilometres, and the unit says whether they came."""
    match (unit or "kilometer").casefold():
        case "kilometer":
            return quantity.of(value)
        case "mile":
            return None if value is None else quantity.of(value * KM_PER_MILE)
    log_unknown("unit of distance", unit)
    return None


def distance(reading: DistanceReading | None, quantity: Quantity) -> float | None:
    """Return a reading in km."""
    return None if reading is None else kilometres(reading.value, reading.unit, quantity)


def celsius(reading: TemperatureReading | None) -> float | None:
    """Return a reading in °C. The request is for °C, and the unit says whether they came."""
    if reading is None:
        return None
    match reading.unit.casefold():
        case "celsius":
            return TEMPERATURE.of(reading.value)
        case "fahrenheit":
            return TEMPERATURE.of((reading.value - 32) / 1.8)
    log_unknown("unit of temperature", reading.unit)
    return None


def kilopascals(value: float | None) -> float | None:
    """Return a tyre pressure in kPa.

    The service names no unit (§9 [C]), but the pressures of tyres in psi and in kPa have no number in common.
    """
    if value is None or 75 < value < 80:
        return None
    return PRESSURE.of(value * KPA_PER_PSI if value <= 75 else value)


_OPEN = {"open": True, "opened": True, "ajar": True, "closed": False, "close": False, "not_ajar": False}
_LOCKED = {"locked": True, "lock": True, "unlocked": False, "unlock": False}
_ON = {"on": True, "enabled": True, "active": True, "off": False, "disabled": False, "inactive": False}
"""The words of the service are not recorded (§9 [C]), so only plain ones count, in any case."""


def is_open(value: str | None) -> bool | None:
    """Whether a door, window or lid is open."""
    return _meaning("opening", value, _OPEN)


def is_locked(value: str | None) -> bool | None:
    """Whether a lock is locked."""
    return _meaning("lock", value, _LOCKED)


def is_on(value: str | None) -> bool | None:
    """Whether something is switched on."""
    return _meaning("switch", value, _ON)


def _meaning(name: str, value: str | None, meanings: Mapping[str, bool]) -> bool | None:
    if value is None:
        return None
    if (found := meanings.get(value.strip().casefold())) is None:
        log_unknown(name, value)
    return found


def label(value: str | None) -> str | None:
    """Return a constant of the service in lower case, ``None`` for a text that could name somebody."""
    return value.casefold() if value and re.fullmatch(r"[A-Za-z]{1,24}(_[A-Za-z]{1,24}){0,5}", value) else None


def minutes_of(duration: str | None) -> float | None:
    """Parse an ISO 8601 duration of days, hours, minutes and seconds."""
    found = re.fullmatch(_DURATION, duration or "")
    if found is None or not any(found.groups()):
        return None
    days, hours, minutes, seconds = (float(each or 0) for each in found.groups())
    return round(days * 1440 + hours * 60 + minutes + seconds / 60, 1)


_NUMBER = r"(\d{1,6}(?:\.\d{1,6})?)"
_DURATION = f"P(?:{_NUMBER}D)?(?:T(?:{_NUMBER}H)?(?:{_NUMBER}M)?(?:{_NUMBER}S)?)?"
