"""The base of the entities that show and set the charge plan of a vehicle; a vehicle has them if it has a plan."""

from collections.abc import Callable, Collection
from typing import override

from homeassistant.core import callback
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.entity import Entity, EntityDescription
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback, async_get_current_platform

from .account import NissanConfigEntry
from .charging.control import ChargeControl
from .charging.display import ChargeDisplay
from .const import DOMAIN
from .entity import VehicleEntity
from .runtime import VehicleRuntime


class ChargeEntity(VehicleEntity):
    """An entity of the charge plan of one vehicle. It is there also while the vehicle cannot be reached."""

    @property
    def charge(self) -> ChargeControl:
        """The charge plans of the vehicle."""
        return self.runtime.charge

    @property
    @override
    def available(self) -> bool:
        return True

    @override
    async def async_added_to_hass(self) -> None:
        await super().async_added_to_hass()
        self.async_on_remove(self.charge.async_add_listener(self.async_write_ha_state))

    @override
    def async_entity_id_changed(self, old_entity_id: str) -> None:
        """Nothing depends on the id. Without this method Home Assistant would remove and add the entity again."""
        super().async_entity_id_changed(old_entity_id)


class DecidedEntity(ChargeEntity):
    """An entity that shows what was decided. It is unavailable until then, so that a restart shows nothing untrue."""

    @property
    def display(self) -> ChargeDisplay | None:
        """What was decided."""
        return self.charge.display

    @property
    @override
    def available(self) -> bool:
        return self.display is not None


async def async_add_charge_entities[D: EntityDescription](
    entry: NissanConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
    descriptions: Collection[D],
    create: Callable[[VehicleRuntime, D], Entity],
) -> None:
    """Add the entities of each vehicle that has a charge plan, and remove them when it has none any more."""
    domain = async_get_current_platform().domain

    @callback
    def follow(vehicle: VehicleRuntime) -> None:
        registry = er.async_get(vehicle.hass)
        added = False

        @callback
        def update() -> None:
            nonlocal added
            if vehicle.charge.plans and not added:
                added = True
                async_add_entities(create(vehicle, each) for each in descriptions)
            elif not vehicle.charge.plans:
                added = False
                for each in descriptions:
                    unique_id = f"{vehicle.info.key}_{each.key}"
                    if entity_id := registry.async_get_entity_id(domain, DOMAIN, unique_id):
                        registry.async_remove(entity_id)

        update()
        entry.async_on_unload(vehicle.charge.async_add_plans_listener(update))

    entry.async_on_unload(await entry.runtime_data.async_add_vehicle_listener(follow))
