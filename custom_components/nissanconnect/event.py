"""Event: how each command to the vehicle ended."""

from dataclasses import dataclass
from typing import override

from homeassistant.components.event import EventEntity, EventEntityDescription
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .coordinator import NissanConfigEntry
from .entity import VehicleEntity, async_add_vehicle_entities
from .vehicle import COMMANDS, CommandRecord, CommandStatus, VehicleInfo, VehicleState

PARALLEL_UPDATES = 0

_OBEYED = {command.capability for command in COMMANDS}


@dataclass(frozen=True, kw_only=True)
class VehicleEventDescription(EventEntityDescription):
    """The ends of commands."""

    def present(self, info: VehicleInfo, state: VehicleState) -> bool:
        """Whether the vehicle obeys anything."""
        return not info.capabilities.isdisjoint(_OBEYED)


EVENTS = (VehicleEventDescription(key="command", event_types=[*CommandStatus]),)


async def async_setup_entry(
    hass: HomeAssistant, entry: NissanConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add each vehicle's command event."""
    await async_add_vehicle_entities(entry, async_add_entities, EVENTS, CommandEvent)


class CommandEvent(VehicleEntity, EventEntity):
    """Happens when a command has ended, whoever asked for it."""

    @override
    async def async_added_to_hass(self) -> None:
        await super().async_added_to_hass()
        self.async_on_remove(self.coordinator.commands.async_add_listener(self._async_happen))

    @override
    def async_entity_id_changed(self, old_entity_id: str) -> None:
        super().async_entity_id_changed(old_entity_id)

    @callback
    def _async_happen(self, record: CommandRecord) -> None:
        self._trigger_event(record.outcome.status, record.told)
        self.async_write_ha_state()
