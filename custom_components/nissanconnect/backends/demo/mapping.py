"""What a car of the demo reports. Rounded like real ones: whole percents and kilometres (kamereon-eu §8)."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from math import atan2, cos, degrees, radians, tau

from ...vehicle import (
    AuxBattery,
    Battery,
    Body,
    ChargeMode,
    ChargeSpeed,
    Charging,
    ChargingStatus,
    Climate,
    Connectivity,
    Counters,
    Fuel,
    Health,
    Odometer,
    Position,
    Privacy,
    Reported,
    Schedules,
    Software,
    Stamp,
    Subscription,
    TripPeriod,
    TripRecord,
    TripSummary,
    UpdateStatus,
    VehicleState,
)
from ..mapping import COUNTED, position, tyres
from .car import HOME, MIN_LEVEL, Car, Ride

NAME = "demo"
"""The backend's name in reports."""
REGAINED = 0.1
"""What braking gives back to the battery, as a share of what a drive takes from it in the end."""
_CLOSED = dict.fromkeys(("door_front_left", "door_front_right", "door_rear_left", "door_rear_right"), False)


def state_of(car: Car, received_at: datetime) -> VehicleState:
    """Return everything that the car last reported, and what its cloud knows besides."""
    stamp: Stamp = {"backend": NAME, "received_at": received_at, "reported_at": car.now}
    cloud: Stamp = {**stamp, "reported_at": None}
    outside = _outside_temperature(car)
    charging = car.status is ChargingStatus.CHARGING
    service = _whole(30_000 - car.odometer % 30_000)
    return VehicleState.of(
        AuxBattery(**stamp, voltage=14.2 if charging or car.running or car.driving else 12.7),
        Body(**stamp, locked=car.locked, hatch=car.hatch_open, **_CLOSED),
        Connectivity(**cloud, reachable=True),
        Health(**stamp, values={"malfunction_lamp": False, "service_due_km": service}),
        Odometer(**stamp, distance=round(car.odometer, 1)),
        _position(car, stamp),
        Privacy(**stamp, active=False),
        Software(**stamp, status=UpdateStatus.UP_TO_DATE) if car.updates else None,
        Subscription(**cloud, active=True),
        tyres(stamp, [225 + 1.1 * (outside - 20)] * 4, [False] * 4),
        *(_electric(car, stamp, outside) if car.nominal else [_fuel(car, stamp)]),
    )


def _electric(car: Car, stamp: Stamp, outside: float) -> Sequence[Reported]:
    km, cold = 100 * car.content / car.consumption, 1 + 0.008 * max(20 - outside, 0)
    charging = car.status is ChargingStatus.CHARGING
    mode = ChargeMode.SCHEDULED if car.schedule else ChargeMode.ALWAYS
    missing = car.capacity * car.limit / 100 - car.content
    return (
        Battery(
            **stamp,
            level=_whole(car.level),
            range=_whole(km / cold),
            range_climate_on=_whole(km / cold**2),
            capacity=car.nominal,
            energy=round(car.content, 1),
            health=_whole(100 * car.capacity / car.nominal),
            temperature=_whole(outside + 3),
        ),
        Charging(
            **stamp,
            plugged_in=car.plugged_in,
            status=car.status,
            power=car.charge_power if charging else 0.0,
            speed=ChargeSpeed.FAST if charging else None,
            finish_at=car.now + timedelta(hours=missing / car.charge_power) if charging else None,
            limit=car.limit,
        ),
        Climate(
            **stamp,
            running=car.running is not None,
            target_temperature=car.target,
            inside_temperature=round(2 * (outside + car.warmth * (car.target - outside))) / 2,
            outside_temperature=round(2 * outside) / 2,
            next_start_at=car.planned.at if car.planned else None,
            min_battery_level=MIN_LEVEL,
        ),
        _counters(car, stamp),
        Schedules(**stamp, charge_mode=mode, charging=car.schedule),
    )


def _counters(car: Car, stamp: Stamp) -> Counters:
    """Return what was counted in the last trip, which may not be over, and since the car was last plugged in."""
    trip = car.trips[-1]
    used = trip.covered(car.now) * trip.outing.distance * car.consumption / 100
    return Counters(
        **stamp,
        driven=COUNTED.of((1 + REGAINED) * used),
        regained=COUNTED.of(REGAINED * used),
        charged=COUNTED.of(car.charged),
    )


def _fuel(car: Car, stamp: Stamp) -> Fuel:
    km = _whole(100 * car.content / car.consumption)
    return Fuel(**stamp, level=_whole(car.level), quantity=round(car.content, 1), range=km, low=car.level < 12)


def _position(car: Car, stamp: Stamp) -> Position | None:
    trip = car.trips[-1]
    north, east = trip.outing.latitude - HOME[0], trip.outing.longitude - HOME[1]
    share = trip.covered(car.now)
    out = 1 - share if trip.homewards else share
    direction = degrees(atan2(east * cos(radians(HOME[0])), north)) + 180 * trip.homewards
    return position(stamp, HOME[0] + out * north, HOME[1] + out * east, direction % 360)


def summary_of(car: Car, period: TripPeriod, start: date, trips: Sequence[Ride]) -> TripSummary:
    """Sum up the trips of a period."""
    distance = sum(trip.outing.distance for trip in trips)
    used = distance * car.consumption / 100
    energy, fuel = (used, 0.0) if car.nominal else (0.0, used)
    return TripSummary(
        start=start,
        period=period,
        trips=len(trips),
        distance=round(distance, 1),
        duration=sum(trip.outing.minutes for trip in trips),
        first_start=trips[0].started_at,
        last_end=trips[-1].ended_at,
        energy_used=round(energy, 2),
        energy_recovered=round(REGAINED * energy, 2),
        fuel_used=round(fuel, 2),
        co2_saved=round(118 * distance) if energy else 0.0,  # grams, by the figures in kamereon-eu §13
    )


def record_of(car: Car, trip: Ride) -> TripRecord:
    """Return a trip that is over."""
    used = trip.outing.distance * car.consumption / 100
    away = trip.outing.latitude, trip.outing.longitude
    start, end = (away, HOME) if trip.homewards else (HOME, away)
    return TripRecord(
        start=trip.started_at,
        end=trip.ended_at,
        distance=trip.outing.distance,
        energy=COUNTED.of(used) if car.nominal else None,
        regained=COUNTED.of(REGAINED * used) if car.nominal else None,
        start_position=start,
        end_position=end,
    )


def _outside_temperature(car: Car) -> float:
    """Return the °C of a mild climate: coldest in January, and at four in the morning."""
    local = car.now.astimezone(car.zone)
    return 10.5 - 7.5 * cos(tau * (local.timetuple().tm_yday - 20) / 365) - 3.5 * cos(tau * (local.hour - 4) / 24)


def _whole(number: float) -> float:
    return float(round(number))
