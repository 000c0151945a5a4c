"""Number: the charge limit, for vehicles that take one."""

from dataclasses import dataclass
from typing import override

from homeassistant.components.number import NumberDeviceClass, NumberEntity, NumberEntityDescription, NumberMode
from homeassistant.const import PERCENTAGE, EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .coordinator import NissanConfigEntry
from .entity import Control, VehicleEntity, async_add_vehicle_entities
from .vehicle import Capability, SetChargeLimit

PARALLEL_UPDATES = 0


@dataclass(frozen=True, kw_only=True)
class VehicleNumberDescription(NumberEntityDescription, Control):
    """The charge limit."""


NUMBERS = (
    VehicleNumberDescription(
        key="charge_limit",
        needs={Capability.CHARGE_LIMIT},
        device_class=NumberDeviceClass.BATTERY,
        entity_category=EntityCategory.CONFIG,
        native_unit_of_measurement=PERCENTAGE,
        native_min_value=50,
        native_max_value=100,
        native_step=5,
        mode=NumberMode.SLIDER,
    ),
)


async def async_setup_entry(
    hass: HomeAssistant, entry: NissanConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the charge limit of each vehicle that takes one."""
    await async_add_vehicle_entities(entry, async_add_entities, NUMBERS, ChargeLimit)


class ChargeLimit(VehicleEntity, NumberEntity):
    """Up to which level the vehicle charges."""

    @property
    @override
    def native_value(self) -> float | None:
        return self.vehicle.charging.limit if self.vehicle.charging else None

    @override
    async def async_set_native_value(self, value: float) -> None:
        await self.async_execute(SetChargeLimit(value))
