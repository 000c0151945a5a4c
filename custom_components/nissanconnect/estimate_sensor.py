"""Sensors of what is expected of a vehicle: what it consumes, and how far it gets."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import override

from homeassistant.components.sensor import SensorDeviceClass, SensorEntityDescription, SensorStateClass
from homeassistant.const import UnitOfEnergyDistance, UnitOfLength
from homeassistant.util import dt as dt_util

from .book.estimates import VehicleEstimates
from .book_entity import BookEntity
from .engine.debounce import InSteps
from .entity import VehicleDescription
from .runtime import VehicleRuntime
from .sensor_entity import StatisticsEntity
from .vehicle import Capability


@dataclass(frozen=True, kw_only=True)
class EstimateDescription(SensorEntityDescription, VehicleDescription):
    """An estimate, which is shown in steps: it is not more exact than that."""

    value: Callable[[VehicleEstimates], float | None]
    step: float


class EstimateSensor(BookEntity, StatisticsEntity):
    """An estimate by the last reports and the book."""

    entity_description: EstimateDescription

    def __init__(self, runtime: VehicleRuntime, description: EstimateDescription) -> None:
        super().__init__(runtime, description)
        self._steps = InSteps(description.step)

    @property
    @override
    def native_value(self) -> float | None:
        return self._steps.after(self.entity_description.value(self.runtime.estimates), dt_util.utcnow())


ESTIMATES = (
    EstimateDescription(
        key="consumption_average",
        device_class=SensorDeviceClass.ENERGY_DISTANCE,
        native_unit_of_measurement=UnitOfEnergyDistance.KILO_WATT_HOUR_PER_100_KM,
        state_class=SensorStateClass.MEASUREMENT,
        suggested_display_precision=1,
        needs={Capability.BATTERY},
        value=lambda estimates: estimates.consumption_now,
        step=0.5,
    ),
    EstimateDescription(
        key="range_estimated",
        device_class=SensorDeviceClass.DISTANCE,
        native_unit_of_measurement=UnitOfLength.KILOMETERS,
        state_class=SensorStateClass.MEASUREMENT,
        suggested_display_precision=0,
        needs={Capability.BATTERY},
        value=lambda estimates: estimates.range.mean if estimates.range else None,
        step=5.0,
    ),
)
