"""Maps the library's models to groups of the vehicle's state (mynissan-na §3). What makes no sense is ``None`` (§9)."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta, tzinfo
from functools import partial
import re

import pynissan

from ...vehicle import (
    Battery,
    Body,
    Capability,
    ChargeMode,
    ChargeSchedule,
    Charging,
    ChargingStatus,
    Climate,
    Fuel,
    Health,
    Odometer,
    Package,
    Reported,
    Schedules,
    Software,
    Stamp,
    Subscription,
    UpdateStatus,
    VehicleState,
)
from ..mapping import (
    KM_PER_MILE,
    KPA_PER_PSI,
    LEVEL,
    ODOMETER,
    PRESSURE,
    PROGRESS,
    RANGE,
    TEMPERATURE,
    Plausible,
    known,
    position,
    tyres,
)
from ..reader import JsonReader, past, upcoming, utc
from .session import ResponseInfo

BACKEND = "mynissan"

WEEK_DAYS = tuple(pynissan.WeekDay)[:7]
"""Monday first, as in :class:`~...vehicle.ChargeSchedule`."""

_WHEELS = ("front_left", "front_right", "rear_left", "rear_right")
_LARGEST_STATUS = 10**9
"""JSON's integers have no limit, but floats have; no status is that large."""


def stamp(received_at: datetime, reported_at: datetime | None = None) -> Stamp:
    """Return the stamp of a group. A ``reported_at`` in the future is wrong, and left out."""
    return Stamp(backend=BACKEND, received_at=received_at.astimezone(UTC), reported_at=past(reported_at, received_at))


def vehicle_state(status: pynissan.VehicleStatus, info: ResponseInfo, now: datetime) -> VehicleState:
    """Return the state in the cached status.

    Battery and climate have no time of their own (§3.2). The time until the battery is full is not read, because its
    unit is not recorded (§9 [C]).
    """
    groups: list[Reported] = [_health(status, info, now)]
    if (battery := status.battery) is not None:
        groups.append(
            Battery(**stamp(now), level=LEVEL.of(battery.level), range=distance(battery.remaining_mileage, RANGE))
        )
        charging = None
        if battery.is_charging is not None:
            charging = ChargingStatus.CHARGING if battery.is_charging else ChargingStatus.NOT_CHARGING
        groups.append(Charging(**stamp(now), plugged_in=battery.is_plugged_in, status=charging))
    if (climate := status.climate) is not None:
        cabin = celsius(climate.temperature)  # not the target (§3 [B])
        groups.append(Climate(**stamp(now), running=is_on(climate.state), inside_temperature=cabin))
    if status.doors is not None:
        groups.append(_body(status.doors, now))
    if (fuel := status.fuel_range) is not None:
        groups.append(Fuel(**stamp(now, fuel.last_updated_at), range=distance(fuel, RANGE)))
    if (mileage := status.mileage) is not None:
        driven = kilometres(mileage.total, mileage.unit, ODOMETER)
        groups.append(Odometer(**stamp(now, mileage.recorded_at), distance=driven))
    if (tires := status.tire_pressure) is not None:
        # What the status numbers mean is not recorded (§9 [D]), so none of them is a warning.
        pressures = [kilopascals(getattr(tires, wheel)) for wheel in _WHEELS]
        groups.append(tyres(stamp(now, tires.last_updated_at), pressures))
    return VehicleState.of(*map(known, groups))


def _body(doors: pynissan.DoorsStatus, now: datetime) -> Body:
    listed = (doors.front_left, doors.front_right, doors.rear_left, doors.rear_right)
    four = [door or pynissan.DoorState(None, None, None) for door in listed]
    front_left, front_right, rear_left, rear_right = four
    return Body(
        **stamp(now, doors.last_updated_at),
        locked=_locked(doors.overall_lock, four),
        door_front_left=is_open(front_left.ajar),
        door_front_right=is_open(front_right.ajar),
        door_rear_left=is_open(rear_left.ajar),
        door_rear_right=is_open(rear_right.ajar),
        hatch=is_open(doors.hatch_ajar),
        bonnet=is_open(doors.engine_hood_ajar),
        sunroof=is_open(doors.sunroof_ajar),
        window_front_left=is_open(front_left.window),
        window_front_right=is_open(front_right.window),
        window_rear_left=is_open(rear_left.window),
        window_rear_right=is_open(rear_right.window),
    )


def _locked(overall: str | None, doors: Iterable[pynissan.DoorState]) -> bool | None:
    """Return whether the vehicle is locked. If it does not say so, it is locked if every door is."""
    whole = is_locked(overall)
    if whole is not None:
        return whole
    locks = {is_locked(door.lock) for door in doors}
    if False in locks:
        return False
    return None if None in locks else True


def _health(status: pynissan.VehicleStatus, info: ResponseInfo, now: datetime) -> Health:
    lamps: dict[str, bool] = {}
    for lamp in status.maintenance_indicators:
        if lamp.active is not None:
            name = label(lamp.type) or "other"
            lamps[name] = lamp.active or lamps.get(name, False)
    values: dict[str, str | float | bool] = {**lamps}
    if status.tire_pressure is not None:
        for wheel in _WHEELS:
            number: int | None = getattr(status.tire_pressure, f"{wheel}_status")
            if number is not None:
                values[f"tyre_status_{wheel}"] = float(number) if abs(number) < _LARGEST_STATUS else "?"
    oil = status.engine_oil_drain_range
    return Health(
        **stamp(now),
        values=values,
        lamps=tuple(sorted(name for name in lamps if lamps[name])) if info.has_list("mils") else None,
        oil_change_in=kilometres(oil.range, oil.unit, ODOMETER) if oil else None,
    )


def location_state(location: pynissan.VehicleLocation, _: ResponseInfo, now: datetime) -> VehicleState:
    """Return where the vehicle last was."""
    found = position(stamp(now, location.last_updated_at), location.latitude, location.longitude)
    return VehicleState(position=found)


def charge_limit_state(config: pynissan.ChargeConfig | None, _: ResponseInfo, now: datetime) -> VehicleState:
    """Return the level up to which the vehicle charges."""
    limit = LEVEL.of(config.charge_limit_percent) if config else None
    return VehicleState(charging=known(Charging(**stamp(now), limit=limit)))


def climate_schedule_state(
    schedules: pynissan.VehicleClimateSchedules, info: ResponseInfo, now: datetime
) -> VehicleState:
    """Return when the climate will start, ``None`` as ``next_start_at`` if no start is planned or it has passed."""
    delayed = schedules.delayed_schedule
    if delayed is None and info.errors:  # a failed request looks as if there was no schedule (§5 [A])
        return VehicleState()
    start = upcoming(delayed.start_date_time, now) if delayed else None
    return VehicleState(climate=Climate(**stamp(now), next_start_at=start))


def charge_timer_state(entries: Sequence[pynissan.ChargeSchedule], info: ResponseInfo, now: datetime) -> VehicleState:
    """Return whether the vehicle charges by a timer: whether any entry is on. If only one is, its hours are known."""
    on = [entry for entry in entries if is_on(entry.state)]
    undecided = not on and any(is_on(entry.state) is None for entry in entries)
    if undecided or not info.has_list("chargeSchedules"):
        return VehicleState()
    mode = ChargeMode.SCHEDULED if on else ChargeMode.ALWAYS
    schedule = _charge_schedule(on[0], now.tzinfo) if len(on) == 1 else None
    return VehicleState(schedules=Schedules(**stamp(now), charge_mode=mode, charging=schedule))


def _charge_schedule(entry: pynissan.ChargeSchedule, zone: tzinfo | None) -> ChargeSchedule | None:
    """Return the hours of an entry by the clocks of ``zone``, ``None`` if days or duration make no sense."""
    days = tuple(number for number, day in enumerate(WEEK_DAYS) if day in entry.week_days)
    minutes = minutes_of(entry.duration)
    if not days or minutes is None or not 0 < minutes <= 24 * 60:
        return None
    start = entry.start_date_time.astimezone(zone).replace(second=0, microsecond=0)
    end = start.replace(tzinfo=None) + timedelta(minutes=minutes)  # by the clock, even in a night when it changes
    return ChargeSchedule(start.time(), end.time(), days)


# What depends on the owner's contract: remote services, subscriptions, and updates of the vehicle's software

type _Words = frozenset[str]


def _any_of(*names: str) -> frozenset[_Words]:
    return frozenset(frozenset(name.split()) for name in names)


_SIGNALS = _any_of("hornblow lightflash", "horn lights", "horn light")
_CHARGE = _any_of("charge", "charging", "charge control")
_SERVICES: Mapping[Capability, frozenset[_Words]] = {
    Capability.CLIMATE: _any_of("climate control"),
    Capability.HORN: _SIGNALS,
    Capability.LIGHTS: _SIGNALS,
    Capability.LOCATION: _any_of("vehicle locator", "vehicle location"),
    Capability.LOCK: _any_of("door lock", "door unlock", "door lock unlock"),
    Capability.START_CHARGING: _CHARGE,
    Capability.START_ENGINE: _any_of("start", "engine", "engine start"),
    Capability.STOP_CHARGING: _CHARGE,
}
"""The services of which any one allows the capability, by the words of their names in any order, without "remote".

Only REMOTE_CLIMATE_CONTROL is on record (§8 [B]); the others follow the names of an older service (§9 [C]).
"""

_USED_SERVICES = frozenset[_Words]().union(*_SERVICES.values())


def allowed_by(services: Iterable[str]) -> frozenset[Capability]:
    """Return the capabilities that services with these lower-case names allow."""
    names = {_words(service) for service in services}
    return frozenset(capability for capability, any_of in _SERVICES.items() if any_of & names)


def _words(service: str) -> _Words:
    return frozenset(service.split("_")) - {"remote"}


def subscription_state(response: pynissan.VehicleSubscriptions | None, _: ResponseInfo, now: datetime) -> VehicleState:
    """Return whether any package is active, and when the first service that this integration uses ends.

    An empty list does not mean that there is none: it is also returned for vehicles that are not enrolled. A package
    whose end has passed is not active, even if the service says so.
    """
    listed = [each for each in (response.subscriptions if response else None) or () if each is not None]
    if not listed:
        return VehicleState()
    packages = tuple(_package(each, now) for each in listed)
    active = [each for each, package in zip(listed, packages, strict=True) if package.active]
    is_unknown = not active and any(package.active is None for package in packages)
    is_active = None if is_unknown else bool(active)
    subscription = Subscription(**stamp(now), active=is_active, ends_at=_first_end(active), packages=packages)
    return VehicleState(subscription=subscription)


def _package(subscription: pynissan.VehicleSubscription, now: datetime) -> Package:
    end = utc(subscription.subscription_end_date)
    return Package(
        name=subscription.product.marketing_name.strip()[:64],
        active=False if end is not None and end <= now else subscription.is_active,
        ends_at=end,
    )


def _first_end(active: Sequence[pynissan.VehicleSubscription]) -> datetime | None:
    """Return when the first service that this integration uses ends. A service lasts while any package contains it.

    If no package contains any such service, each package counts as one.
    """
    telematics = [each for each in active if each.product_type is pynissan.ProductType.TELEMATICS]
    listed = telematics or active
    ends_by_service = defaultdict[str, list[datetime | None]](list)
    for each in listed:
        for service in filter(None, each.product.services):
            name = service.casefold()
            if _words(name) in _USED_SERVICES:
                ends_by_service[name].append(utc(each.subscription_end_date))
    ends = ends_by_service.values() or [[utc(each.subscription_end_date)] for each in listed]
    return min((max(filter(None, dates)) for dates in ends if None not in dates), default=None)  # None: it has no end


def software_state(update: pynissan.OtaUpdate | None, info: ResponseInfo, now: datetime) -> VehicleState:
    """Return the update that is offered. ``update`` is ``None`` if there is none at the moment, or on a failure."""
    if "otaUpdate" not in info.vehicle or (update is None and info.errors):  # a failed request (§5 [A])
        return VehicleState()
    if update is None:
        return VehicleState(software=Software(**stamp(now), status=UpdateStatus.UP_TO_DATE))
    software = Software(**stamp(now, update.last_checked), status=_UPDATE_STATUS.get(update.status.status))
    if software.status is not UpdateStatus.UP_TO_DATE:
        software = replace(
            software,
            update=update.campaign_operation_id.strip()[:64] or None,
            progress=PROGRESS.of(update.status.progress),
            notes=update.campaign_description.global_release_note,
        )
    return VehicleState(software=software)


_UPDATE_STATUS: Mapping[pynissan.OtaUpdateState | None, UpdateStatus] = {
    pynissan.OtaUpdateState.ACTIVATING: UpdateStatus.ACTIVATING,
    pynissan.OtaUpdateState.ACTIVATION_COMPLETED: UpdateStatus.UP_TO_DATE,
    pynissan.OtaUpdateState.ACTIVATION_FAILED_NOT_RETRYABLE: UpdateStatus.FAILED,
    pynissan.OtaUpdateState.ACTIVATION_FAILED_RETRYABLE: UpdateStatus.FAILED,
    pynissan.OtaUpdateState.ACTIVATION_SCHEDULED: UpdateStatus.SCHEDULED,
    pynissan.OtaUpdateState.DOWNLOADING: UpdateStatus.DOWNLOADING,
    pynissan.OtaUpdateState.INSTALLING: UpdateStatus.INSTALLING,
    pynissan.OtaUpdateState.READY_FOR_ACTIVATION: UpdateStatus.READY,
    pynissan.OtaUpdateState.READY_FOR_DOWNLOAD: UpdateStatus.AVAILABLE,
}


# Words and units


def kilometres(value: float | None, unit: str | None, quantity: Plausible) -> float | None:
    """Return a distance in km. Kilometres are requested, but the response may have another unit."""
    factor = _meaning("unit of distance", {"kilometer": 1.0, "mile": KM_PER_MILE}, unit or "kilometer")
    return None if value is None or factor is None else quantity.of(value * factor)


def distance(reading: pynissan.DistanceReading | None, quantity: Plausible) -> float | None:
    """Return a reading in km."""
    return None if reading is None else kilometres(reading.value, reading.unit, quantity)


def celsius(reading: pynissan.TemperatureReading | None) -> float | None:
    """Return a reading in °C. These are requested, but the response may have another unit."""
    if reading is None:
        return None
    is_fahrenheit = _meaning("unit of temperature", {"celsius": False, "fahrenheit": True}, reading.unit)
    if is_fahrenheit is None:
        return None
    return TEMPERATURE.of((reading.value - 32) / 1.8 if is_fahrenheit else reading.value)


def kilopascals(value: float | None) -> float | None:
    """Return a tyre pressure in kPa.

    The service names no unit (§9 [C]), but no tyre has more than 75 psi, and none less than 80 kPa.
    """
    if value is None or 75 < value < 80:
        return None
    return PRESSURE.of(value * KPA_PER_PSI if value <= 75 else value)


def _meaning[T](name: str, meanings: Mapping[str | float, T], word: str | None) -> T | None:
    """Return what a word of the service means; unknown ones are logged under ``name``."""
    return JsonReader({name: word}).one_of(name, meanings)


# The words of the service are not recorded (§9 [C]), so only plain ones are understood, in upper or lower case.
is_open = partial(
    _meaning,
    "opening",
    {"open": True, "opened": True, "ajar": True, "closed": False, "close": False, "not_ajar": False},
)
is_locked = partial(_meaning, "lock", {"locked": True, "lock": True, "unlocked": False, "unlock": False})
is_on = partial(
    _meaning,
    "switch",
    {"on": True, "enabled": True, "active": True, "off": False, "disabled": False, "inactive": False},
)


def label(value: str | None) -> str | None:
    """Return a constant of the service in lower case, ``None`` for any other text: it could be a person's name."""
    return value.casefold() if value and _CONSTANT.fullmatch(value) else None


def minutes_of(duration: str | None) -> float | None:
    """Parse an ISO 8601 duration of days, hours, minutes and seconds."""
    found = re.fullmatch(_DURATION, duration or "")
    if found is None or not any(found.groups()):
        return None
    days, hours, minutes, seconds = (float(each or 0) for each in found.groups())
    return round(days * 1440 + hours * 60 + minutes + seconds / 60, 1)


_CONSTANT = re.compile(r"[A-Za-z]{1,24}(_[A-Za-z]{1,24}){0,5}")
_NUMBER = r"(\d{1,6}(?:\.\d{1,6})?)"
_DURATION = f"P(?:{_NUMBER}D)?(?:T(?:{_NUMBER}H)?(?:{_NUMBER}M)?(?:{_NUMBER}S)?)?"
