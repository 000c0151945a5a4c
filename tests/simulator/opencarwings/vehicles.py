"""Old LEAFs: one whose cloud was switched off, one that lost it later; and how many gids fit into their batteries."""

from datetime import UTC, datetime

from custom_components.nissanconnect.vehicle import Powertrain, VehicleInfo

from ..cars.battery import BatterySpec, TractionBattery
from ..cars.charger import Charger
from ..cars.drive import Chassis
from ..cars.electric import Electric
from ..cars.garage import build
from ..cars.places import HOME
from ..cars.vehicle import Make, SimulatedVehicle

LEAF_24 = "SJNFAAZE0U0000024"
LEAF_40 = "sjnfaaze1u0000040"
"""VINs as the server spells them; the second is in lower case, which counts there (opencarwings §3)."""

MOST_GIDS = {24.0: 281, 30.0: 356, 40.0: 502}


def leaf(vin: str, start: datetime, *, capacity: float = 24, health: float = 86, level: float = 62) -> SimulatedVehicle:
    """Return a LEAF that stands at home, unplugged."""
    spec = BatterySpec(capacity=capacity, health=health)
    battery = TractionBattery(spec=spec, energy=capacity * health * level / 10_000, temperature=9)
    make = Make(
        info=VehicleInfo(key=vin.upper(), powertrain=Powertrain.ELECTRIC, model="LEAF"),
        chassis=Chassis(mass=1560, drag=0.64),
        powertrain=Electric(battery=battery, charger=Charger(max_power=6.6), consumption=16.5),
        odometer=74_211.0,
        home=HOME,
    )
    return build(make, start, UTC, 0)
