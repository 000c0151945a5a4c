"""The demo's garage: three cars that between them can do all that a Nissan can, and what their people do all week."""

from datetime import UTC, datetime, time, timedelta, tzinfo
from functools import partial

from ...vehicle import Capability, ChargeSchedule, Powertrain, VehicleInfo
from .car import Car, Location, Outing

_WORKDAYS, _WEEKEND = range(5), (5, 6)
_SHOPS = Location(52.2760, 4.8330, distance=4.0, minutes=6, unloading=timedelta(minutes=30))
_SCIENCE_PARK = Location(52.3557, 4.9555, distance=10.6, minutes=10)
_UTRECHT = Location(52.0894, 5.1085, distance=31.8, minutes=23)
_SEA = Location(52.3752, 4.5335, distance=25.4, minutes=25)

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
        capabilities=frozenset(capabilities),
    )


def open_garage(now: datetime, zone: tzinfo) -> dict[str, Car]:
    """Return the cars by their keys as they are at ``now``, after a week or two that can be looked back on.

    They are the same whenever the garage is opened: a restart changes nothing but what the owner has ordered.
    """
    today = datetime.combine(now.astimezone(zone).date(), time())
    monday = today - timedelta(days=today.weekday() + 7)
    weeks = (monday - datetime(2026, 1, 5)).days // 7  # noqa: DTZ001 - a Monday, wherever that is
    park = partial(Car, zone=zone, now=monday.replace(tzinfo=zone).astimezone(UTC))
    leaf = park(
        info=_info("SJNFAKE0000000001", "LEAF", "Leaf", _LEAF, code="FE0-24", year=2021),
        outings=(
            Outing(_WORKDAYS, time(7, 40), time(17, 10), _SCIENCE_PARK),
            Outing(_WEEKEND, time(10, 30), time(11, 45), _SHOPS),
        ),
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
    ariya = park(
        info=_info("JN1FAKE0000000002", "Ariya", "Ariya", _ARIYA, code="FE0-26", year=2023, generation="C1A_HS EVO"),
        outings=[Outing((0, 1, 3), time(8, 15), time(17, 40), _UTRECHT)],
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
    qashqai = park(
        info=_info("SJNFAKE0000000003", "Qashqai", "Qashqai", _QASHQAI, code="J12", year=2022),
        outings=(
            Outing((1, 3), time(9, 30), time(10, 45), _SHOPS),
            Outing((2, 6), time(13), time(18, 15), _SEA),
        ),
        odometer=47_295 + 117.6 * weeks,
        capacity=55.0,
        content=55 - 0.063 * (25.4 + 117.6 * (weeks % 4)),  # filled every fourth Sunday, by the sea
        consumption=6.3,
    )
    garage = {car.info.key: car for car in (leaf, ariya, qashqai)}
    for car in garage.values():
        car.advance(now)
    return garage
