"""Numbers: the charge limit, and the charge level below which an alert is raised."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import override

from homeassistant.components.number import NumberDeviceClass, NumberEntity, NumberEntityDescription, NumberMode
from homeassistant.const import PERCENTAGE, EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .account import NissanConfigEntry
from .entity import ControlDescription, ControlEntity, VehicleEntity, async_add_vehicle_entities
from .vehicle import Capability, SetChargeLimit

PARALLEL_UPDATES = 0


async def _set_charge_below(entity: VehicleEntity, value: float) -> None:
    entity.runtime.async_set_preferences(replace(entity.runtime.alerts.preferences, charge_below=value))


async def _set_charge_limit(entity: VehicleEntity, value: float) -> None:
    await entity.async_execute(SetChargeLimit(value))


@dataclass(frozen=True, kw_only=True)
class VehicleNumberDescription(NumberEntityDescription, ControlDescription):
    """A level of the battery: how it is read and set."""

    device_class: NumberDeviceClass | None = NumberDeviceClass.BATTERY
    entity_category: EntityCategory | None = EntityCategory.CONFIG
    mode: NumberMode | None = NumberMode.SLIDER
    native_unit_of_measurement: str | None = PERCENTAGE
    value: Callable[[VehicleEntity], float | None]
    set_value: Callable[[VehicleEntity, float], Awaitable[None]]


NUMBERS = (
    VehicleNumberDescription(
        key="charge_below",
        needs={Capability.BATTERY},
        native_min_value=5,
        native_max_value=95,
        native_step=1,
        value=lambda entity: entity.runtime.alerts.preferences.charge_below,
        set_value=_set_charge_below,
    ),
    VehicleNumberDescription(
        key="charge_limit",
        needs={Capability.CHARGE_LIMIT},
        commands=(SetChargeLimit,),
        native_min_value=50,
        native_max_value=100,
        native_step=5,
        value=lambda entity: entity.vehicle.charging.limit if entity.vehicle.charging else None,
        set_value=_set_charge_limit,
    ),
)


async def async_setup_entry(
    hass: HomeAssistant, entry: NissanConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the numbers of each vehicle."""
    await async_add_vehicle_entities(entry, async_add_entities, NUMBERS, VehicleNumber)


class VehicleNumber(ControlEntity, NumberEntity):
    """A level that the owner sets."""

    entity_description: VehicleNumberDescription

    @property
    @override
    def native_value(self) -> float | None:
        value = self.entity_description.value(self)
        return int(value) if value is not None and value.is_integer() else value  # evcc accepts only whole numbers

    @override
    async def async_set_native_value(self, value: float) -> None:
        await self.entity_description.set_value(self, value)
