"""The base of the entities that show what is in the book of a vehicle."""

from typing import override

from .entity import VehicleEntity


class BookEntity(VehicleEntity):
    """An entity that changes with the book."""

    @override
    async def async_added_to_hass(self) -> None:
        await super().async_added_to_hass()
        self.async_on_remove(self.runtime.book.async_add_listener(self.async_write_ha_state))

    @override
    def async_entity_id_changed(self, old_entity_id: str) -> None:
        """Nothing depends on the id. Without this method Home Assistant would remove and add the entity again."""
        super().async_entity_id_changed(old_entity_id)
