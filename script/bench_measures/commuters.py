"""The vehicles that are measured: LEAFs of commuters, on the physical model of the simulator."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from custom_components.nissanconnect.vehicle import ChargeMode, ChargingStatus
from tests.simulator import Simulator
from tests.simulator.cars.charger import Charger, ChargeTimer
from tests.simulator.cars.drive import Route
from tests.simulator.cars.electric import Electric
from tests.simulator.cars.garage import Garage, build, leaf
from tests.simulator.cars.places import TO_THE_SEA, TO_UTRECHT
from tests.simulator.cars.scenario import WORKDAYS, Depart, PlugIn, Scenario
from tests.simulator.cars.vehicle import SimulatedVehicle
from tests.simulator.world import Clock

ZONE = ZoneInfo("Europe/Amsterdam")

SATURDAY = frozenset({5})


def _trip(out: time, back: time, route: Route, days: frozenset[int]) -> Scenario:
    return Depart(at=out, days=days, route=route), Depart(at=back, days=days, route=route.back())


LIFE: Scenario = (
    *_trip(time(7, 40), time(17, 10), TO_UTRECHT, WORKDAYS),
    *_trip(time(11, 0), time(16, 30), TO_THE_SEA, SATURDAY),
    PlugIn(at=time(18, 30)),
)
"""To work and back, to the sea on Saturdays, at the plug every evening. Some minutes sooner or later each day."""

PREHEAT = time(7, 15)
"""When the cabin is heated on working days."""


@dataclass(frozen=True, slots=True)
class Commuter:
    """A LEAF and the simulated service that it belongs to, an account of its own."""

    vehicle: SimulatedVehicle
    service: Simulator

    @property
    def electric(self) -> Electric:
        """What drives it."""
        assert isinstance(self.vehicle.powertrain, Electric)
        return self.vehicle.powertrain

    @property
    def level(self) -> int:
        """The true state of charge in whole percents, as the vehicle reports it."""
        return round(self.electric.battery.level)

    @property
    def charging(self) -> bool:
        """Whether it really charges."""
        electric = self.electric
        return electric.charger.status(electric.battery.level, self.vehicle.now) is ChargingStatus.CHARGING


def commuters(now: Clock, count: int) -> list[Commuter]:
    """Return ``count`` commuters: every other one charges as soon as it can, the others by the vehicle's timer."""
    return [
        Commuter(vehicle, _service(now, vehicle))
        for number in range(count)
        for vehicle in [_leaf(now(), number, LIFE, ChargeMode.SCHEDULED if number % 2 else ChargeMode.ALWAYS)]
    ]


def fleet(now: Clock, count: int, first: int = 0, life: Scenario = ()) -> Simulator:
    """Return one account with ``count`` LEAFs, which stay parked unless they are given a life."""
    service = Simulator(now=now, garage=Garage({}), zone=ZONE)
    for number in range(first, first + count):
        service.add_vehicle(_leaf(now(), number, life, ChargeMode.ALWAYS))
    return service


def _service(now: Clock, vehicle: SimulatedVehicle) -> Simulator:
    service = Simulator(now=now, garage=Garage({}), zone=ZONE)
    service.add_vehicle(vehicle)
    return service


def _leaf(start: datetime, number: int, life: Scenario, mode: ChargeMode) -> SimulatedVehicle:
    """Return a LEAF, which knows no charge limit."""
    make = leaf(start, ZONE)
    key = vin(number)
    charger = Charger(max_power=6.6, mode=mode, timer=ChargeTimer(ZONE, time(23, number % 60)), limit=100)
    assert isinstance(make.powertrain, Electric)
    make = replace(
        make,
        info=replace(make.info, key=key, vin=key, nickname=f"LEAF {number}"),
        powertrain=replace(make.powertrain, charger=charger),
        scenario=life,
    )
    return build(make, start, ZONE, seed=number)


def vin(number: int) -> str:
    """Return the VIN of the vehicle with this number."""
    return f"SJNFAKE{number:010d}"


def preheats(start: datetime, days: int) -> Iterator[datetime]:
    """Yield when the cabin is to be heated in the days from ``start`` on."""
    for day in range(days):
        at = datetime.combine(start.astimezone(ZONE).date() + timedelta(days=day), PREHEAT, ZONE)
        if at.weekday() in WORKDAYS:
            yield at
