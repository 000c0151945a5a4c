"""Lock: the central locking."""

from dataclasses import dataclass
from typing import Any, override

from homeassistant.components.lock import LockEntity, LockEntityDescription
from homeassistant.const import ATTR_CODE
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .coordinator import NissanConfigEntry
from .entity import Reading, VehicleEntity, async_add_vehicle_entities
from .vehicle import Capability, Lock, Unlock

PARALLEL_UPDATES = 0


@dataclass(frozen=True, kw_only=True)
class VehicleLockDescription(LockEntityDescription, Reading[bool]):
    """The central locking and where its state is found."""


LOCKS = (
    VehicleLockDescription(
        key="lock",
        capability=Capability.LOCK_STATUS,
        value=lambda s: s.body.locked if s.body else None,
    ),
)


async def async_setup_entry(
    hass: HomeAssistant, entry: NissanConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add each vehicle's lock."""
    async_add_vehicle_entities(entry, async_add_entities, LOCKS, VehicleLock)


class VehicleLock(VehicleEntity, LockEntity):
    """Shows the lock's state; a vehicle that does not let itself be locked from afar says so when asked."""

    entity_description: VehicleLockDescription

    @property
    @override
    def is_locked(self) -> bool | None:
        return self.entity_description.value(self.vehicle)

    @property
    @override
    def is_locking(self) -> bool:
        return isinstance(self.coordinator.commands.in_progress, Lock)

    @property
    @override
    def is_unlocking(self) -> bool:
        return isinstance(self.coordinator.commands.in_progress, Unlock)

    @override
    async def async_lock(self, **kwargs: Any) -> None:
        await self.async_execute(Lock(pin=kwargs.get(ATTR_CODE)))

    @override
    async def async_unlock(self, **kwargs: Any) -> None:
        await self.async_execute(Unlock(pin=kwargs.get(ATTR_CODE)))
