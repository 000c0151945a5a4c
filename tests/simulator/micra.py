"""A Micra of 2025, for tests: its gateway comes from Renault and speaks newer versions (kamereon-eu §17)."""

from datetime import datetime, tzinfo

from custom_components.nissanconnect.vehicle import Powertrain, VehicleInfo

from .cars.battery import BatterySpec, TractionBattery
from .cars.charger import Charger
from .cars.drive import Chassis
from .cars.electric import Electric
from .cars.garage import build
from .cars.places import HOME
from .cars.vehicle import Make, SimulatedVehicle

VIN = "VF1FAKE0000000004"


def micra(start: datetime, zone: tzinfo) -> SimulatedVehicle:
    """Return a Micra that stands at home."""
    info = VehicleInfo(
        key=VIN,
        vin=VIN,
        model="MICRA",
        year=2025,
        generation="C1A_HS EVO",
        gateway="RVG",
        powertrain=Powertrain.ELECTRIC,
    )
    battery = TractionBattery(spec=BatterySpec(capacity=52), energy=30, temperature=12)
    electric = Electric(battery=battery, charger=Charger(max_power=11), consumption=14)
    made = Make(info=info, chassis=Chassis(mass=1500, drag=0.65), powertrain=electric, odometer=5_120, home=HOME)
    return build(made, start, zone, seed=0)
