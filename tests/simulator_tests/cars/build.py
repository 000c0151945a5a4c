"""Simulated cars for tests."""

from datetime import UTC, datetime, time, timedelta
from random import Random

from custom_components.nissanconnect.vehicle import ChargeMode, Command, VehicleInfo
from tests.simulator.cars.battery import BatterySpec, TractionBattery
from tests.simulator.cars.charger import Charger
from tests.simulator.cars.combustion import Combustion
from tests.simulator.cars.drive import Chassis, Point
from tests.simulator.cars.electric import Electric
from tests.simulator.cars.places import HOME, TO_SCIENCE_PARK, TO_UTRECHT
from tests.simulator.cars.scenario import Depart, PlugIn, Scenario
from tests.simulator.cars.telematics import Action
from tests.simulator.cars.vehicle import Make, SimulatedVehicle

START = datetime(2026, 11, 18, 9, 0, tzinfo=UTC)  # a Wednesday
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
COMMUTE: Scenario = (
    Depart(at=time(9, 30), route=TO_SCIENCE_PARK),
    Depart(at=time(16, 30), route=TO_SCIENCE_PARK.back()),
    PlugIn(at=time(18)),
)


def battery(level: float = 50.0, *, capacity: float = 40.0, temperature: float = 15.0) -> TractionBattery:
    return TractionBattery(spec=BatterySpec(capacity=capacity), energy=capacity * level / 100, temperature=temperature)


def electric(level: float = 50.0, *, plugged: bool = False, mode: ChargeMode = ChargeMode.ALWAYS) -> Electric:
    charger = Charger(max_power=6.6, mode=mode)
    if plugged:
        charger.plug_in(START)
    return Electric(battery=battery(level), charger=charger, consumption=16)


def combustion(quantity: float = 30.0) -> Combustion:
    return Combustion(capacity=50, quantity=quantity, consumption=6)


def vehicle(
    powertrain: Electric | Combustion | None = None,
    *,
    scenario: Scenario = (),
    seed: int = 0,
    start: datetime = START,
    home: Point = HOME,
) -> SimulatedVehicle:
    make = Make(
        info=VehicleInfo(key="TEST"),
        chassis=Chassis(mass=1600, drag=0.65),
        powertrain=electric() if powertrain is None else powertrain,
        odometer=1000.0,
        home=home,
        scenario=scenario,
    )
    return SimulatedVehicle(make, start=start, rng=Random(seed), seed=seed)


def leaf(vin: str, start: datetime) -> SimulatedVehicle:
    """A LEAF at home at 60 %, locked, not plugged in."""
    make = Make(
        info=VehicleInfo(key=vin),
        chassis=Chassis(mass=1600, drag=0.63),
        powertrain=electric(60),
        odometer=48_123.0,
        home=HOME,
    )
    return SimulatedVehicle(make, start=start, rng=Random(0))


def powertrain(of: SimulatedVehicle) -> Electric:
    assert isinstance(of.powertrain, Electric)
    return of.powertrain


def executed(by: SimulatedVehicle, command: Command) -> Action:
    """Send a command and wait as long as it may take."""
    action = by.order(command)
    by.advance(by.now + 2 * MINUTE)
    return action


def drive_away(by: SimulatedVehicle) -> None:
    by.depart(TO_UTRECHT)
    by.advance(by.now + 5 * MINUTE)
