"""A Micra of 2025, for tests: its gateway comes from Renault and speaks newer versions (kamereon-eu §17)."""

from datetime import datetime, tzinfo

from custom_components.nissanconnect.backends.demo.battery import BatterySpec, TractionBattery
from custom_components.nissanconnect.backends.demo.charger import Charger
from custom_components.nissanconnect.backends.demo.drive import Chassis
from custom_components.nissanconnect.backends.demo.electric import Electric
from custom_components.nissanconnect.backends.demo.garage import build
from custom_components.nissanconnect.backends.demo.places import HOME
from custom_components.nissanconnect.backends.demo.vehicle import DemoVehicle, Make
from custom_components.nissanconnect.vehicle import Powertrain, VehicleInfo

VIN = "VF1FAKE0000000004"


def micra(start: datetime, zone: tzinfo) -> DemoVehicle:
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
