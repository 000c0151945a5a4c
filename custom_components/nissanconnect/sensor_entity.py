"""The classes of sensors: they smooth values, and decide which sensors have statistics."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, override

from homeassistant.components.sensor import ATTR_STATE_CLASS, SensorDeviceClass, SensorEntity, SensorEntityDescription
from homeassistant.const import Platform
from homeassistant.core import callback
from homeassistant.helpers import entity_registry as er
from homeassistant.util import dt as dt_util

from .charge_entity import DecidedEntity
from .charging.display import ChargeDisplay
from .const import DOMAIN
from .engine.debounce import Steady
from .entity import GeofenceEntity, ReportedDescription, VehicleDescription, VehicleEntity
from .runtime import VehicleRuntime

WITHOUT_STATISTICS: Mapping[str, str] = {
    "battery_capacity": "A nominal value that never changes.",
    "battery_capacity_estimated": "Changes by a hundredth in months; the battery report has its trend.",
    "battery_energy": "Follows the level: it is the level times the capacity.",
    "consumption_average": "Follows the temperature; what trips have consumed is in the book.",
    "fuel_quantity": "Follows the level: it is the level times the size of the tank.",
    "fuel_range": "Follows the level and the consumption.",
    "heading": "Means something only together with the time and the position.",
    "inside_temperature": "Reported only while the climate control runs, and outdated afterwards.",
    "oil_change": "Falls as the odometer rises.",
    "outside_temperature": "As old as the last report; a weather integration has a better curve.",
    "range_climate_on": "Follows the range, a little lower.",
    "range_estimated": "Follows the level and the temperature.",
    "tyre_pressure_front_left": "Follows the temperature; an alert reports when it is too low.",
    "tyre_pressure_front_right": "Follows the temperature; an alert reports when it is too low.",
    "tyre_pressure_rear_left": "Follows the temperature; an alert reports when it is too low.",
    "tyre_pressure_rear_right": "Follows the temperature; an alert reports when it is too low.",
    "wakes_today": "The logbook has each of them.",
}
"""The keys of numeric sensors that have no statistics, and why: their history of some days is enough.

Statistics of one sensor cost 312 rows a day, of which 24 are kept for ever. A sensor that has some already keeps them.
"""


@dataclass(frozen=True, kw_only=True)
class VehicleSensorDescription(SensorEntityDescription, ReportedDescription[str | float | datetime]):
    """A sensor and its value; ``steady`` creates a filter for a value that would change too often."""

    steady: Callable[[], Steady] | None = None


@dataclass(frozen=True, kw_only=True)
class IntegrationSensorDescription(SensorEntityDescription, VehicleDescription):
    """A value of the integration itself, such as a count of requests; it does not depend on reports."""

    state: Callable[[VehicleRuntime], float | str | None]


@dataclass(frozen=True, kw_only=True)
class ChargeSensorDescription(SensorEntityDescription):
    """A value of a charge plan. Without a state class, because what is planned is no measurement."""

    value: Callable[[ChargeDisplay], str | float | datetime | None]
    attributes: Callable[[ChargeDisplay], Mapping[str, Any]] | None = None


class StatisticsEntity(VehicleEntity, SensorEntity):
    """A sensor without statistics if they are not worth their rows, unless it has some already.

    Home Assistant raises a repair issue for a sensor that has statistics but no longer a state class.
    """

    def __init__(self, runtime: VehicleRuntime, description: SensorEntityDescription) -> None:
        """Keep the state class that the sensor had before, as the registry has it."""
        super().__init__(runtime, description)
        registry = er.async_get(runtime.hass)
        entity_id = registry.async_get_entity_id(Platform.SENSOR, DOMAIN, self.unique_id or "")
        known = registry.async_get(entity_id) if entity_id else None
        self._is_new = known is None
        before = (known.capabilities if known else None) or {}
        if description.key in WITHOUT_STATISTICS and ATTR_STATE_CLASS not in before:
            self._attr_state_class = None

    @override
    async def async_added_to_hass(self) -> None:
        await super().async_added_to_hass()
        if self._is_new and self.state_class != self.entity_description.state_class and await self._has_statistics():
            self._attr_state_class = self.entity_description.state_class

    @override
    def async_entity_id_changed(self, old_entity_id: str) -> None:
        """Nothing depends on the id. Without this method Home Assistant would remove and add the entity again."""
        super().async_entity_id_changed(old_entity_id)

    async def _has_statistics(self) -> bool:
        """Whether there are any for this entity id, for example from before the entry was removed."""
        if "recorder" not in self.hass.config.components:
            return False
        # Imported late: the recorder is loaded by now, and installations without one do not pay for it.
        from homeassistant.components.recorder import get_instance  # noqa: PLC0415
        from homeassistant.components.recorder.statistics import get_metadata  # noqa: PLC0415

        instance = get_instance(self.hass)
        if not instance.async_recorder_ready.is_set():
            return False
        known = await instance.async_add_executor_job(lambda: get_metadata(self.hass, statistic_ids={self.entity_id}))
        return self.entity_id in known


class VehicleSensor(StatisticsEntity):
    """A value that a vehicle reports."""

    entity_description: VehicleSensorDescription

    def __init__(self, runtime: VehicleRuntime, description: VehicleSensorDescription) -> None:
        super().__init__(runtime, description)
        self._steady: Steady | None = None
        if (create := description.steady) is None:
            return

        @callback
        def begin() -> None:
            """Forget what was shown: other sources may report other values."""
            self._steady = create()

        begin()
        self.async_on_remove(runtime.coordinator.async_add_sources_listener(begin))

    @property
    @override
    def suggested_unit_of_measurement(self) -> str | None:
        """Our suggestion, unless the owner's unit system has a unit of its own (psi for tyres)."""
        suggested = self.entity_description.suggested_unit_of_measurement
        native = self.entity_description.native_unit_of_measurement
        converted = self.hass.config.units.get_converted_unit(self.device_class, native)
        return suggested if converted is None else None

    @property
    @override
    def native_value(self) -> str | float | datetime | None:
        value: Any = self.entity_description.value(self.vehicle)  # of the type that its filter takes
        return value if self._steady is None else self._steady.after(value, dt_util.utcnow())


class IntegrationSensor(StatisticsEntity):
    """A value of the integration itself."""

    entity_description: IntegrationSensorDescription

    @property
    @override
    def native_value(self) -> float | str | None:
        return self.entity_description.state(self.runtime)


class ChargeSensor(DecidedEntity, SensorEntity):
    """A value of the charge plan."""

    entity_description: ChargeSensorDescription

    @property
    @override
    def native_value(self) -> str | float | datetime | None:
        return self.entity_description.value(self.display) if self.display else None

    @property
    @override
    def native_unit_of_measurement(self) -> str | None:
        if self.device_class is SensorDeviceClass.MONETARY:
            return self.display.currency if self.display else self.hass.config.currency
        return super().native_unit_of_measurement

    @property
    @override
    def extra_state_attributes(self) -> Mapping[str, Any] | None:
        attributes = self.entity_description.attributes
        return attributes(self.display) if attributes and self.display else None


class GeofenceDistance(GeofenceEntity, SensorEntity):
    """The distance of the vehicle from the centre of a geofence."""

    @property
    @override
    def native_value(self) -> float | None:
        return self.runtime.alerts.tracker.distance(self.geofence) if self.geofence else None
