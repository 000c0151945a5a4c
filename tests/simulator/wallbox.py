"""A wallbox at which a vehicle is charged: it can be switched, and it meters."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from custom_components.nissanconnect.backends.base import Json

from .cars.electric import Electric
from .cars.vehicle import SimulatedVehicle


class Wallbox:
    """The wallbox of one vehicle, which charges nowhere else."""

    def __init__(self, vehicle: SimulatedVehicle, now: Callable[[], datetime], power: float = 6.6) -> None:
        """Offer ``power`` kW, on one phase, and switch on."""
        self._vehicle = vehicle
        self._now = now
        self._power = power
        vehicle.supply(power)

    def control(self, told: Mapping[str, Any]) -> dict[str, Json]:
        """Switch if told so by ``on``; return whether it is, and what the meter shows: power in kW, energy in kWh."""
        self._vehicle.advance(self._now())
        if "on" in told:
            self._vehicle.supply(self._power if told["on"] else 0.0)
        electric = self._vehicle.powertrain
        assert isinstance(electric, Electric)
        return {
            "on": electric.charger.supply > 0,
            "power": electric.from_wall if electric.charger.powered else 0.0,
            "energy": electric.ledger.mains,
        }
