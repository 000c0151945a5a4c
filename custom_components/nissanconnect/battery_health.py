"""Our own estimate of what a vehicle's battery holds, for its entities, its report and its alerts."""

from collections.abc import Iterable

from homeassistant.core import callback

from .alerts import VehicleAlerts
from .coordinator import VehicleCoordinator
from .engine.capacity import (
    CapacityEstimate,
    CapacitySample,
    CapacityTrend,
    capacity_trend,
    comparable,
    estimate_capacity,
    with_samples,
)
from .engine.charge_physics import new_capacity, usable_capacity
from .engine.health_tracker import HealthReading

ESTIMATE = "estimate"
"""What we call ourselves where others are called by the name of their backend."""


class BatteryHealth:
    """What the charges of a vehicle show about its battery, by the ``samples`` that are kept of them.

    ``charges`` is of how many charges the ``estimate`` is made, or would be if they were enough.
    """

    def __init__(self, coordinator: VehicleCoordinator, alerts: VehicleAlerts) -> None:
        """Nothing is known before :meth:`async_learn`."""
        self.samples: tuple[CapacitySample, ...] = ()
        self.charges = 0
        self.estimate: CapacityEstimate | None = None
        self.trend: CapacityTrend | None = None
        self._coordinator = coordinator
        self._alerts = alerts

    @callback
    def async_learn(self, samples: Iterable[CapacitySample]) -> None:
        """Estimate again from these samples and those that are kept; it takes some milliseconds."""
        learnt = with_samples(self.samples, samples)
        if learnt == self.samples:
            return
        self.samples = learnt
        self.charges = len(comparable(learnt))
        self.estimate = estimate_capacity(learnt)
        self.trend = capacity_trend(learnt)
        self._alerts.estimated_health = self._readings()
        self._coordinator.async_update_listeners()

    @property
    def new_capacity(self) -> float | None:
        """The usable kWh when the battery was new, ``None`` if unknown."""
        return new_capacity(self._coordinator.info, self._coordinator.data)

    @property
    def capacity(self) -> float | None:
        """The usable kWh today: if no source tells the health, our estimate is better than what the model had new."""
        battery = self._coordinator.data.battery
        if self.estimate is not None and (battery is None or battery.health is None):
            return self.estimate.capacity
        return usable_capacity(self._coordinator.info, self._coordinator.data)

    @property
    def health(self) -> float | None:
        """The estimate in % of that, ``None`` if either is unknown."""
        new = self.new_capacity
        return None if self.estimate is None or new is None else 100 * self.estimate.capacity / new

    def _readings(self) -> dict[str, HealthReading]:
        """Return the health for alerts. By another meter it is another estimate, which has its own past."""
        estimate, health = self.estimate, self.health
        if estimate is None or health is None or not estimate.is_steady:
            return {}
        return {f"{ESTIMATE}_{estimate.metered_at}": HealthReading(at=estimate.at, value=health, source=ESTIMATE)}
