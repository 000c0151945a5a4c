"""Events: the outcome of each command to the vehicle, and its alerts."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, override

from homeassistant.components.event import EventEntity, EventEntityDescription
from homeassistant.core import HomeAssistant, State, callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.start import async_at_started
from homeassistant.util import dt as dt_util

from .account import NissanConfigEntry
from .entity import SoundRestoreEntity, VehicleDescription, VehicleEntity, async_add_vehicle_entities
from .runtime import VehicleRuntime
from .vehicle import COMMANDS, AlertType, Capability, CommandStatus, Detail, VehicleInfo, VehicleState

PARALLEL_UPDATES = 0

_COMMAND_CAPABILITIES = {command.capability for command in COMMANDS}

type Listener = Callable[[str, Mapping[str, Detail]], None]
"""Takes the type of an event and its attributes."""


def _listen_to_commands(vehicle: VehicleRuntime, listener: Listener) -> Callable[[], None]:
    return vehicle.log.async_add_listener(lambda record: listener(record.outcome.status, record.as_event_data))


def _listen_to_alerts(vehicle: VehicleRuntime, listener: Listener) -> Callable[[], None]:
    return vehicle.alerts.async_add_listener(lambda alert: listener(alert.type, alert.as_event_data))


@dataclass(frozen=True, kw_only=True)
class VehicleEventDescription(EventEntityDescription, VehicleDescription):
    """An event and where it comes from; ``listen`` adds a listener and returns the function that removes it."""

    listen: Callable[[VehicleRuntime, Listener], Callable[[], None]]
    any_of: Collection[Capability] = ()
    """Without all of these a vehicle never has the event."""

    @override
    def possible(self, info: VehicleInfo, state: VehicleState) -> bool:
        return not self.any_of or not info.all_capabilities.isdisjoint(self.any_of)


EVENTS = (
    VehicleEventDescription(key="alert", event_types=[*AlertType], listen=_listen_to_alerts),
    VehicleEventDescription(
        key="command", event_types=[*CommandStatus], listen=_listen_to_commands, any_of=_COMMAND_CAPABILITIES
    ),
)


async def async_setup_entry(
    hass: HomeAssistant, entry: NissanConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add each vehicle's events."""
    await async_add_vehicle_entities(entry, async_add_entities, EVENTS, VehicleEvent)


class VehicleEvent(VehicleEntity, SoundRestoreEntity, EventEntity):
    """An event of a vehicle."""

    entity_description: VehicleEventDescription
    restored_types: ClassVar[Mapping[str, Any]] = {"last_event_type": str | None, "last_event_attributes": dict | None}

    @property
    @override
    def commanded(self) -> Collection[Capability]:
        return _COMMAND_CAPABILITIES

    @override
    async def async_get_last_state(self) -> State | None:
        """Return the last state, or ``None`` for one that looks like a time but is none: Home Assistant would raise."""
        if (state := await super().async_get_last_state()) is None:
            return None
        try:
            dt_util.parse_datetime(state.state)
        except ValueError:
            return None
        return state

    @override
    async def async_added_to_hass(self) -> None:
        await super().async_added_to_hass()
        self.async_on_remove(self.entity_description.listen(self.runtime, self._async_handle))

    @override
    def async_entity_id_changed(self, old_entity_id: str) -> None:
        """Nothing depends on the id. Without this method Home Assistant would remove and add the entity again."""
        super().async_entity_id_changed(old_entity_id)

    @callback
    def _async_handle(self, kind: str, attributes: Mapping[str, Detail]) -> None:
        """Trigger the event so that automations notice it.

        It waits until they have started, and writes the state before: they ignore an entity's first state. What is
        unknown is left out: in a database it would be a text, "None".
        """
        known = {name: value for name, value in attributes.items() if value is not None}

        @callback
        def trigger(_: HomeAssistant) -> None:
            self.async_write_ha_state()
            self._trigger_event(kind, known)
            self.async_write_ha_state()

        async_at_started(self.hass, trigger)
