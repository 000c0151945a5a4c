"""Leaf Spy Pro on a phone: sends what a simulated LEAF's diagnostic port tells, as the app does (leafspy §2, §3)."""

from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from urllib.parse import urlencode

from aiohttp import ClientSession, ClientTimeout

from custom_components.nissanconnect.vehicle import Powertrain, VehicleInfo

from .cars.battery import BatterySpec, TractionBattery
from .cars.charger import Charger
from .cars.drive import Chassis
from .cars.electric import Electric
from .cars.garage import build
from .cars.places import HOME
from .cars.vehicle import Make, SimulatedVehicle

VIN = "SJNFAAZE1U0000007"
NEW_AMP_HOURS = 115.44
"""Of a pack of 40 kWh."""
_WANTED = '"status":"0"'


def old_leaf(start: datetime, zone: tzinfo, *, vin: str = VIN) -> SimulatedVehicle:
    """Return a LEAF of 2018, whose own service was switched off; it stands at home."""
    info = VehicleInfo(key=vin, vin=vin, model="LEAF", year=2018, powertrain=Powertrain.ELECTRIC)
    battery = TractionBattery(spec=BatterySpec(capacity=39, health=88), energy=20, temperature=14)
    electric = Electric(battery=battery, charger=Charger(max_power=6.6), consumption=15.5)
    made = Make(info=info, chassis=Chassis(mass=1600, drag=0.65), powertrain=electric, odometer=61_204, home=HOME)
    return build(made, start, zone, seed=0)


@dataclass(kw_only=True)
class LeafSpyApp:
    """The app beside a vehicle, with its settings. ``complaints`` is what it shows its owner."""

    vehicle: SimulatedVehicle
    user: str = "somebody"
    password: str = ""
    fahrenheit: bool = False
    converts_outside: bool = True
    gps: bool = True
    sequence: int = 0
    trip: int = 86
    complaints: list[str] = field(default_factory=list)

    def parameters(self) -> dict[str, str]:
        """Read the vehicle; the order is the app's."""
        electric = self.vehicle.powertrain
        assert isinstance(electric, Electric)
        battery, charger = electric.battery, electric.charger
        amp_hours = NEW_AMP_HOURS * battery.spec.health / 100
        driving = self.vehicle.drive is not None
        charging = charger.power > 0
        latitude, longitude = self.vehicle.point if self.gps else (0.0, 0.0)
        outside = round(2 * self.vehicle.outside) / 2
        self.sequence += 1
        return {
            "user": self.user,
            "pass": self.password,
            "DevBat": "87",
            "Gids": str(int(4.425 * battery.level / 100 * amp_hours)),
            "Lat": f"{latitude:.5f}",
            "Long": f"{longitude:.5f}",
            "Elv": "12",
            "Seq": str(self.sequence),
            "Trip": str(self.trip),
            "Odo": str(int(self.vehicle.odometer)),
            "SOC": f"{battery.level:.4f}",
            "AHr": f"{amp_hours:.4f}",
            "BatTemp": f"{_fahrenheit(battery.temperature) if self.fahrenheit else battery.temperature:.1f}",
            "Amb": f"{outside if self.converts_outside and not self.fahrenheit else _fahrenheit_grid(outside):.1f}",
            "Wpr": "15",
            "PlugState": "2" if charger.plugged else "0",
            "ChrgMode": "2" if charging else "0",
            "ChrgPwr": str(round(charger.power * 10) * 100),
            "VIN": self.vehicle.info.key,
            "PwrSw": "1" if driving else "0",
            "Tunits": "F" if self.fahrenheit else "C",
            "RPM": "3120" if driving else "0",
            "SOH": f"{battery.spec.health:.2f}",
            "Hx": "79.31",
            "Speed": "13.9" if driving else "0.0",
            "BatVolts": "352.56",
            "BatAmps": f"{-charger.power * 1000 / 352.56:.3f}" if charging else "1.006",
        }

    async def send(self, address: str, scheme: str = "http") -> bool:
        """Send once to what its owner has typed as URL, and complain about any answer but the one that it wants."""
        url = f"{scheme}://{address}?{urlencode(self.parameters())}"
        async with ClientSession(timeout=ClientTimeout(total=10)) as session, session.get(url) as response:
            body = await response.text()
        if response.status == 200 and body == _WANTED:
            return True
        self.complaints.append(f"{response.status} {body}")
        return False


def _fahrenheit(celsius: float) -> float:
    return celsius * 1.8 + 32


def _fahrenheit_grid(celsius: float) -> float:
    """Return what the sensor counts, which is half degrees, as the app shows it in °F (leafspy §11)."""
    return round((celsius + 40.5) * 2) * 0.9 - 40.9
