"""The simulated garage: three vehicles that between them can do all that a Nissan can."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from random import Random

from custom_components.nissanconnect.vehicle import Capability, ChargeMode, Powertrain, VehicleInfo

from .battery import BatterySpec, TractionBattery
from .charger import Charger, ChargeTimer
from .combustion import Combustion
from .drive import Chassis
from .electric import Electric
from .places import HOME, TO_SCIENCE_PARK, TO_THE_SEA, TO_THE_SHOPS, TO_UTRECHT
from .scenario import WEEKEND, WORKDAYS, Depart, PlugIn, Refuel, Scenario, distance_since
from .vehicle import Make, SimulatedVehicle
from .weather import outside_temperature

DELIVERY = date(2026, 1, 1)
"""The day whose odometer readings are given below."""
HISTORY = timedelta(days=7)
"""How much of the past is driven when the garage opens, so that there are trips to be seen at once."""

_REPORTED = {Capability.LOCATION, Capability.LOCK_STATUS, Capability.TRIPS, Capability.REFRESH}
_SIGNALS = {Capability.HORN, Capability.LIGHTS}
_ELECTRIC = {
    Capability.BATTERY,
    Capability.CLIMATE,
    Capability.CLIMATE_SCHEDULE,
    Capability.CLIMATE_STATUS,
    Capability.CLIMATE_TEMPERATURE,
    Capability.START_CHARGING,
}

LEAF = VehicleInfo(
    key="SJNFAKE0000000001",
    vin="SJNFAKE0000000001",
    nickname="LEAF",
    model="Leaf",
    model_code="FE0-24",
    year=2021,
    generation="C1A",
    gateway="AVN",
    powertrain=Powertrain.ELECTRIC,
    capabilities=frozenset(_REPORTED | _ELECTRIC | _SIGNALS | {Capability.CHARGE_SCHEDULE}),
)
ARIYA = VehicleInfo(
    key="JN1FAKE0000000002",
    vin="JN1FAKE0000000002",
    nickname="Ariya",
    model="Ariya",
    model_code="FE0-26",
    year=2023,
    generation="C1A_HS EVO",
    gateway="AVN",
    powertrain=Powertrain.ELECTRIC,
    capabilities=frozenset(
        _REPORTED
        | _ELECTRIC
        | _SIGNALS
        | {Capability.CHARGE_LIMIT, Capability.LOCK, Capability.STOP_CHARGING}
        | {Capability.CLIMATE_DEFROST, Capability.SEAT_HEAT, Capability.WHEEL_HEAT}
    ),
)
QASHQAI = VehicleInfo(
    key="SJNFAKE0000000003",
    vin="SJNFAKE0000000003",
    nickname="Qashqai",
    model="Qashqai",
    model_code="J12",
    year=2022,
    generation="C1A",
    gateway="AVN",
    powertrain=Powertrain.COMBUSTION,
    capabilities=frozenset(_REPORTED | _SIGNALS | {Capability.FUEL, Capability.LOCK, Capability.START_ENGINE}),
)

COMMUTER: Scenario = (
    Depart(at=time(7, 40), days=WORKDAYS, route=TO_SCIENCE_PARK),
    Depart(at=time(17, 10), days=WORKDAYS, route=TO_SCIENCE_PARK.back()),
    Depart(at=time(10, 30), days=WEEKEND, route=TO_THE_SHOPS),
    Depart(at=time(11, 45), days=WEEKEND, route=TO_THE_SHOPS.back()),
    PlugIn(at=time(18, 30)),
)
LONG_DISTANCE: Scenario = (
    Depart(at=time(8, 15), days=frozenset({0, 1, 3}), route=TO_UTRECHT),
    Depart(at=time(17, 40), days=frozenset({0, 1, 3}), route=TO_UTRECHT.back()),
    PlugIn(at=time(19, 0), below=70),
)
OUTINGS: Scenario = (
    Depart(at=time(9, 30), days=frozenset({1, 3}), route=TO_THE_SHOPS),
    Depart(at=time(10, 45), days=frozenset({1, 3}), route=TO_THE_SHOPS.back()),
    Depart(at=time(13, 0), days=frozenset({2, 6}), route=TO_THE_SEA),
    Depart(at=time(18, 15), days=frozenset({2, 6}), route=TO_THE_SEA.back()),
    Refuel(at=time(13, 50), days=frozenset({2, 6})),
)


def leaf(start: datetime, zone: tzinfo) -> Make:
    """Return a LEAF of 40 kWh that charges at night by its own timer, as it stood at ``start``."""
    return Make(
        info=LEAF,
        chassis=Chassis(mass=1650, drag=0.63),
        powertrain=Electric(
            battery=_battery(BatterySpec(capacity=40, health=93), 78, start, zone),
            charger=Charger(max_power=6.6, mode=ChargeMode.SCHEDULED, timer=ChargeTimer(zone), limit=90),
            consumption=15.5,
        ),
        odometer=38_412.0 + distance_since(COMMUTER, DELIVERY, start.astimezone(zone).date()),
        home=HOME,
        scenario=COMMUTER,
    )


def ariya(start: datetime, zone: tzinfo) -> Make:
    """Return an Ariya of 87 kWh that charges as soon as it is plugged in."""
    return Make(
        info=ARIYA,
        chassis=Chassis(mass=2150, drag=0.75),
        powertrain=Electric(
            battery=_battery(BatterySpec(capacity=87, health=97, peak_power=130, heat_capacity=0.17), 74, start, zone),
            charger=Charger(max_power=7.4, limit=80),
            consumption=18.5,
        ),
        odometer=21_907.0 + distance_since(LONG_DISTANCE, DELIVERY, start.astimezone(zone).date()),
        home=HOME,
        scenario=LONG_DISTANCE,
        updates=True,
    )


def qashqai(start: datetime, zone: tzinfo) -> Make:
    """Return a petrol Qashqai for the weekends."""
    return Make(
        info=QASHQAI,
        chassis=Chassis(mass=1450, drag=0.78),
        powertrain=Combustion(capacity=55, quantity=34, consumption=6.3),
        odometer=47_263.0 + distance_since(OUTINGS, DELIVERY, start.astimezone(zone).date()),
        home=HOME,
        scenario=OUTINGS,
    )


def _battery(spec: BatterySpec, level: float, start: datetime, zone: tzinfo) -> TractionBattery:
    return TractionBattery(
        spec=spec,
        energy=spec.capacity * spec.health / 100 * level / 100,
        temperature=outside_temperature(start, zone) + 3,
    )


MAKES = (leaf, ariya, qashqai)


@dataclass(frozen=True, slots=True)
class Garage:
    """Vehicles by their keys."""

    vehicles: dict[str, SimulatedVehicle]

    def advance(self, now: datetime) -> None:
        """Let time pass for all of them."""
        for vehicle in self.vehicles.values():
            vehicle.advance(now)


def build(make: Make, start: datetime, zone: tzinfo, seed: int) -> SimulatedVehicle:
    """Put a vehicle on the road; what is left to chance depends on the vehicle and on ``seed``."""
    rng = Random(f"{seed} {make.info.key}")
    return SimulatedVehicle(make, start=start, rng=rng, zone=zone, seed=seed)


def open_garage(now: datetime, *, seed: int = 0, zone: tzinfo = UTC) -> Garage:
    """Return the garage as it is at ``now``, after a week of ordinary life.

    The same ``seed`` and ``now`` give the same garage, whenever it is opened.
    """
    midnight = datetime.combine(now.astimezone(zone).date(), time(), zone)
    start = (midnight - HISTORY).astimezone(UTC)
    garage = Garage(
        {vehicle.info.key: vehicle for vehicle in (build(make(start, zone), start, zone, seed) for make in MAKES)}
    )
    garage.advance(now)
    return garage
