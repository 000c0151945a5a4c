"""What is expected of a vehicle now: what it consumes, and how far it gets."""

from datetime import timedelta

from homeassistant.util import dt as dt_util

from ..coordinator import VehicleCoordinator
from ..engine.consumption import Consumption
from ..engine.reach import RangeEstimate, remaining_range, usage
from .keeper import VehicleBook


class VehicleEstimates:
    """The estimates for one vehicle, by its book and its last reports."""

    def __init__(self, coordinator: VehicleCoordinator, book: VehicleBook) -> None:
        self._coordinator = coordinator
        self._book = book

    @property
    def capacity(self) -> float | None:
        """The usable kWh."""
        return self._book.capacity

    def outside(self, within: timedelta = timedelta.max) -> float | None:
        """Return the °C outside that the vehicle has reported last, if it was within that time."""
        climate = self._coordinator.shown.climate
        if climate is None or dt_util.utcnow() - climate.known_at > within:
            return None
        return climate.outside_temperature

    def consumption(self, outside: float | None) -> Consumption | None:
        """Return what the next trip will take at a temperature in °C; ``None`` until the book has been read."""
        model = self._book.consumption
        return None if model is None else model.estimate(outside, dt_util.utcnow())

    @property
    def consumption_now(self) -> float | None:
        """The kWh for 100 km at the temperature that the vehicle has reported last."""
        consumption = self.consumption(self.outside())
        return None if consumption is None else consumption.mean

    @property
    def range(self) -> RangeEstimate | None:
        """How far the vehicle gets."""
        battery, capacity = self._coordinator.shown.battery, self.capacity
        consumption = self.consumption(self.outside())
        if battery is None or battery.level is None or capacity is None or consumption is None:
            return None
        return remaining_range(battery.level, usage(consumption, capacity))
