"""Events: how each command to the vehicle ended, and what has happened to it."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, override

from homeassistant.components.event import EventEntity, EventEntityDescription
from homeassistant.core import HomeAssistant, State, callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.start import async_at_started
from homeassistant.util import dt as dt_util

from .account import NissanConfigEntry
from .entity import SoundRestoreEntity, VehicleEntity, async_add_vehicle_entities
from .runtime import VehicleRuntime
from .vehicle import (
    COMMANDS,
    Alert,
    AlertType,
    Capability,
    CommandRecord,
    CommandStatus,
    Detail,
    VehicleInfo,
    VehicleState,
)

PARALLEL_UPDATES = 0

_OBEYED = {command.capability for command in COMMANDS}

type Happened = Callable[[str, Mapping[str, Detail]], None]


def _commands(vehicle: VehicleRuntime, happened: Happened) -> Callable[[], None]:
    def ended(record: CommandRecord) -> None:
        happened(record.outcome.status, record.as_event_data)

    return vehicle.log.async_add_listener(ended)


def _alerts(vehicle: VehicleRuntime, happened: Happened) -> Callable[[], None]:
    def told(alert: Alert) -> None:
        happened(alert.type, alert.as_event_data)

    return vehicle.alerts.async_add_listener(told)


@dataclass(frozen=True, kw_only=True)
class VehicleEventDescription(EventEntityDescription):
    """What happens, and who tells: ``listen`` returns what ends the listening."""

    listen: Callable[[VehicleRuntime, Happened], Callable[[], None]]
    has: Callable[[VehicleInfo], bool] = lambda info: True

    def present(self, info: VehicleInfo, state: VehicleState) -> bool:
        """Whether it can happen to the vehicle."""
        return self.has(info)


EVENTS = (
    VehicleEventDescription(key="alert", event_types=[*AlertType], listen=_alerts),
    VehicleEventDescription(
        key="command",
        event_types=[*CommandStatus],
        listen=_commands,
        has=lambda info: not info.all_capabilities.isdisjoint(_OBEYED),
    ),
)


async def async_setup_entry(
    hass: HomeAssistant, entry: NissanConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add each vehicle's events."""
    await async_add_vehicle_entities(entry, async_add_entities, EVENTS, VehicleEvent)


class VehicleEvent(VehicleEntity, SoundRestoreEntity, EventEntity):
    """Something that happens."""

    entity_description: VehicleEventDescription
    restored_types: ClassVar[Mapping[str, Any]] = {
        "last_event_type": str | None,
        "last_event_attributes": dict | None,
    }

    @property
    @override
    def commanded(self) -> Collection[Capability]:
        return _OBEYED

    @override
    async def async_get_last_state(self) -> State | None:
        """Return the last state; Home Assistant would stumble over one that is no time, though it looks like one."""
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
        self.async_on_remove(self.entity_description.listen(self.runtime, self._async_happen))

    @override
    def async_entity_id_changed(self, old_entity_id: str) -> None:
        super().async_entity_id_changed(old_entity_id)

    @callback
    def _async_happen(self, kind: str, told: Mapping[str, Detail]) -> None:
        """Tell it so that automations hear it: not before they have started, and not as the entity's first state."""

        @callback
        def tell(_: HomeAssistant) -> None:
            self.async_write_ha_state()
            self._trigger_event(kind, dict(told))
            self.async_write_ha_state()

        async_at_started(self.hass, tell)
