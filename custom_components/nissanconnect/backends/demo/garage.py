"""The demo's garage: three cars that between them can do all that a Nissan can, and what their people do all week."""

from datetime import UTC, datetime, time, timedelta, tzinfo
from functools import partial

from ...vehicle import Capability, ChargeSchedule, Powertrain, Role, ScheduleClimate, VehicleInfo
from .car import Car, Place, Timetable

HOME = Place(52.3030, 4.8590)
_SCIENCE_PARK = Place(52.3557, 4.9555, distance=10.6, minutes=10)
_UTRECHT = Place(52.0894, 5.1085, distance=31.8, minutes=23)
_SEA = Place(52.3752, 4.5335, distance=25.4, minutes=25)
_SHOPS = Place(52.2760, 4.8330, distance=4.0, minutes=6)


def _plug_in(car: Car) -> None:
    if car.place == HOME and not car.trip:
        car.plug_in()


def _preheat(car: Car) -> None:
    car.planned = ScheduleClimate(car.now)
    car.keep_plan(car.planned)


def _refuel(car: Car) -> None:
    if car.level < 50:
        car.content = car.capacity


def _hatch(car: Car, *, opened: bool) -> None:
    car.hatch_open = opened


_WORKDAYS, _WEEKEND, _TRAVELS, _SHOPPING, _OUTINGS = range(5), (5, 6), (0, 1, 3), (1, 3), (2, 6)
_COMMUTER: Timetable = (
    (time(7, 40), _WORKDAYS, partial(Car.drive, to=_SCIENCE_PARK)),
    (time(10, 30), _WEEKEND, partial(Car.drive, to=_SHOPS)),
    (time(11, 45), _WEEKEND, partial(Car.drive, to=HOME)),
    (time(17, 10), _WORKDAYS, partial(Car.drive, to=HOME)),
    (time(18, 30), range(7), _plug_in),
)
_TRAVELLER: Timetable = (
    (time(8, 0), _TRAVELS, _preheat),
    (time(8, 15), _TRAVELS, partial(Car.drive, to=_UTRECHT)),
    (time(17, 40), _TRAVELS, partial(Car.drive, to=HOME)),
    (time(19, 0), _TRAVELS, _plug_in),
)
_FAMILY: Timetable = (
    (time(9, 30), _SHOPPING, partial(Car.drive, to=_SHOPS)),
    (time(10, 45), _SHOPPING, partial(Car.drive, to=HOME)),
    (time(10, 55), _SHOPPING, partial(_hatch, opened=True)),
    (time(11, 30), _SHOPPING, partial(_hatch, opened=False)),
    (time(13, 0), _OUTINGS, partial(Car.drive, to=_SEA)),
    (time(13, 50), _OUTINGS, _refuel),
    (time(18, 15), _OUTINGS, partial(Car.drive, to=HOME)),
)

_ALL = {Capability.HORN, Capability.LIGHTS, Capability.LOCATION, Capability.LOCK_STATUS}
_ALL |= {Capability.REFRESH, Capability.TRIPS}
_ELECTRIC = _ALL | {Capability.BATTERY, Capability.CLIMATE, Capability.CLIMATE_SCHEDULE, Capability.CLIMATE_STATUS}
_ELECTRIC |= {Capability.CLIMATE_TEMPERATURE, Capability.START_CHARGING}
_LEAF = _ELECTRIC | {Capability.CHARGE_SCHEDULE}
_ARIYA = _ELECTRIC | {Capability.CHARGE_LIMIT, Capability.LOCK, Capability.STOP_CHARGING}
_ARIYA |= {Capability.CLIMATE_DEFROST, Capability.SEAT_HEAT, Capability.WHEEL_HEAT}
_QASHQAI = _ALL | {Capability.FUEL, Capability.LOCK, Capability.START_ENGINE}


def _info(
    key: str, nickname: str, model: str, capabilities: set[Capability], *, code: str, year: int, generation: str = "C1A"
) -> VehicleInfo:
    return VehicleInfo(
        key=key,
        vin=key,
        nickname=nickname,
        model=model,
        model_code=code,
        year=year,
        generation=generation,
        gateway="AVN",
        powertrain=Powertrain.COMBUSTION if Capability.FUEL in capabilities else Powertrain.ELECTRIC,
        role=Role.OWNER,
        capabilities=frozenset(capabilities),
    )


def open_garage(now: datetime, zone: tzinfo) -> dict[str, Car]:
    """Return the cars by their keys as they are at ``now``, after a week or two that can be looked back on.

    They are the same whenever the garage is opened: a restart changes nothing but what the owner has ordered.
    """
    today = datetime.combine(now.astimezone(zone).date(), time())
    monday = today - timedelta(days=today.weekday() + 7)
    weeks = (monday - datetime(2026, 1, 5)).days // 7  # noqa: DTZ001 - a Monday, wherever that is
    start = monday.replace(tzinfo=zone).astimezone(UTC)
    leaf = Car(
        info=_info("SJNFAKE0000000001", "LEAF", "Leaf", _LEAF, code="FE0-24", year=2021),
        zone=zone,
        now=start,
        timetable=_COMMUTER,
        place=HOME,
        odometer=38_430 + 122.0 * weeks,
        nominal=40.0,
        capacity=37.2,
        content=0.9 * 37.2,
        consumption=15.5,
        charge_power=6.0,
        limit=90.0,
        schedule=ChargeSchedule(time(23), time(6)),
        plugged_in=True,
    )
    ariya = Car(
        info=_info("JN1FAKE0000000002", "Ariya", "Ariya", _ARIYA, code="FE0-26", year=2023, generation="C1A_HS EVO"),
        zone=zone,
        now=start,
        timetable=_TRAVELLER,
        place=HOME,
        odometer=21_960 + 190.8 * weeks,
        nominal=87.0,
        capacity=84.4,
        content=0.8 * 84.4,
        consumption=18.5,
        charge_power=6.7,
        limit=80.0,
        plugged_in=True,
        updates=True,
    )
    qashqai = Car(
        info=_info("SJNFAKE0000000003", "Qashqai", "Qashqai", _QASHQAI, code="J12", year=2022),
        zone=zone,
        now=start,
        timetable=_FAMILY,
        place=HOME,
        odometer=47_295 + 117.6 * weeks,
        capacity=55.0,
        content=55 - 0.063 * (25.4 + 117.6 * (weeks % 4)),  # filled every fourth Sunday, by the sea
        consumption=6.3,
    )
    garage = {car.info.key: car for car in (leaf, ariya, qashqai)}
    for car in garage.values():
        car.advance(now)
    return garage
