"""Times: when the vehicle should be plugged in at home, and by when its charge plan has to be done."""

from dataclasses import dataclass, replace
from datetime import time
from typing import override

from homeassistant.components.time import TimeEntity, TimeEntityDescription
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .account import NissanConfigEntry
from .charge_entity import ChargeEntity, async_add_charge_entities
from .charging.plans import CONF_READY_BY
from .entity import VehicleDescription, VehicleEntity, async_add_vehicle_entities
from .vehicle import Capability

PARALLEL_UPDATES = 0


@dataclass(frozen=True, kw_only=True)
class VehicleTimeDescription(TimeEntityDescription, VehicleDescription):
    """A time of day."""


TIMES = (
    VehicleTimeDescription(
        key="plug_in_by",
        needs={Capability.BATTERY, Capability.LOCATION},
        entity_category=EntityCategory.CONFIG,
        entity_registry_enabled_default=False,
    ),
)

CHARGE_TIMES = (TimeEntityDescription(key="ready_by", entity_category=EntityCategory.CONFIG),)


async def async_setup_entry(
    hass: HomeAssistant, entry: NissanConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the times of each vehicle: for one it has to have a plug and report its position, for one a charge plan."""
    await async_add_vehicle_entities(entry, async_add_entities, TIMES, PlugInBy)
    await async_add_charge_entities(entry, async_add_entities, CHARGE_TIMES, ReadyBy)


class PlugInBy(VehicleEntity, TimeEntity):
    """From this time on a vehicle at home should be plugged in. There is no alert until the owner sets it."""

    @property
    @override
    def native_value(self) -> time | None:
        return self.runtime.alerts.preferences.plug_in_by

    @override
    async def async_set_value(self, value: time) -> None:
        self.runtime.async_set_preferences(replace(self.runtime.alerts.preferences, plug_in_by=value))


class ReadyBy(ChargeEntity, TimeEntity):
    """By when the charge has to be done, on all days for which the plan has no other time."""

    @property
    @override
    def native_value(self) -> time | None:
        settings = self.charge.settings
        return settings.wishes.ready_by if settings else None

    @override
    async def async_set_value(self, value: time) -> None:
        self.charge.async_change(**{CONF_READY_BY: value.isoformat()})
