"""The price of electricity, and the wallbox's meter."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, override

from homeassistant.components.sensor import SensorDeviceClass, SensorEntity, SensorEntityDescription, SensorStateClass
from homeassistant.const import UnitOfEnergy, UnitOfPower
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.entity_platform import AddEntitiesCallback
from homeassistant.helpers.event import async_track_utc_time_change
from homeassistant.helpers.typing import ConfigType, DiscoveryInfoType
from homeassistant.helpers.update_coordinator import CoordinatorEntity
from homeassistant.util import dt as dt_util

from . import WALLBOX
from .prices import day_ahead, published_days
from .wallbox import Reading, Wallbox


@dataclass(frozen=True, kw_only=True)
class MeterDescription(SensorEntityDescription):
    """A value of the wallbox's meter."""

    value: Callable[[Reading], float]


METERS = (
    MeterDescription(
        key="demo_wallbox_energy",
        name="Demo wallbox energy",
        device_class=SensorDeviceClass.ENERGY,
        native_unit_of_measurement=UnitOfEnergy.KILO_WATT_HOUR,
        state_class=SensorStateClass.TOTAL_INCREASING,
        suggested_display_precision=2,
        value=lambda reading: reading.energy,
    ),
    MeterDescription(
        key="demo_wallbox_power",
        name="Demo wallbox power",
        device_class=SensorDeviceClass.POWER,
        native_unit_of_measurement=UnitOfPower.KILO_WATT,
        state_class=SensorStateClass.MEASUREMENT,
        suggested_display_precision=1,
        value=lambda reading: reading.power,
    ),
)


async def async_setup_platform(
    hass: HomeAssistant, config: ConfigType, add: AddEntitiesCallback, discovery_info: DiscoveryInfoType | None = None
) -> None:
    """Add the price and the meter."""
    add([PriceSensor(), *(MeterSensor(hass.data[WALLBOX], description) for description in METERS)])


class PriceSensor(SensorEntity):
    """The price now, and in its attributes those of two days."""

    _attr_name = "Demo electricity price"
    _attr_unique_id = "demo_electricity_price"
    _attr_icon = "mdi:cash"
    _attr_native_unit_of_measurement = "EUR/kWh"
    _attr_should_poll = False
    _attr_state_class = SensorStateClass.MEASUREMENT
    _attr_suggested_display_precision = 3
    _unrecorded_attributes = frozenset({"raw_today", "raw_tomorrow"})

    @override
    async def async_added_to_hass(self) -> None:
        self._read(dt_util.utcnow())
        on_quarters = async_track_utc_time_change(self.hass, self._tick, minute=[0, 15, 30, 45], second=0)
        self.async_on_remove(on_quarters)

    @callback
    def _tick(self, now: datetime) -> None:
        self._read(now)
        self.async_write_ha_state()

    def _read(self, now: datetime) -> None:
        now = dt_util.as_local(now)
        days = [day_ahead(day, dt_util.get_default_time_zone()) for day in published_days(now)]
        self._attr_native_value = next(each.price for each in days[0] if each.start <= now < each.end)
        listed = [[{"start": each.start, "end": each.end, "value": each.price} for each in day] for day in days]
        self._attr_extra_state_attributes: dict[str, Any] = dict(
            zip(("raw_today", "raw_tomorrow"), [*listed, []], strict=False)
        )


class MeterSensor(CoordinatorEntity[Wallbox], SensorEntity):
    """A value of the wallbox's meter."""

    entity_description: MeterDescription

    def __init__(self, wallbox: Wallbox, description: MeterDescription) -> None:
        """Show what the description names."""
        super().__init__(wallbox)
        self.entity_description = description
        self._attr_unique_id = description.key

    @property
    @override
    def native_value(self) -> float:
        return self.entity_description.value(self.coordinator.data)
