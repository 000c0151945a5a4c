"""Lock: the central locking."""

from dataclasses import dataclass
from typing import Any, override

from homeassistant.components.lock import LockEntity, LockEntityDescription
from homeassistant.const import ATTR_CODE
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .account import NissanConfigEntry
from .const import DOMAIN
from .entity import ControlDescription, ControlEntity, async_add_vehicle_entities
from .vehicle import Capability, InvalidPin, Lock, PinRequired, Unlock, VehicleInfo, VehicleState, is_pin

PARALLEL_UPDATES = 0


@dataclass(frozen=True, kw_only=True)
class VehicleLockDescription(LockEntityDescription, ControlDescription):
    """The central locking, unless a binary sensor of it is all that the vehicle can have."""

    @override
    def replaced(self, info: VehicleInfo, state: VehicleState) -> bool:
        """Whether the binary sensor replaces it: the lock can only be read.

        A lock whose subscription has lapsed stays, because a new subscription brings it back.
        """
        lapsed = state.subscription is not None and state.subscription.active is False
        return Capability.LOCK not in info.capabilities and Capability.LOCK_STATUS in info.capabilities and not lapsed


LOCKS = (VehicleLockDescription(key="lock", needs={Capability.LOCK}, unless=Capability.LOCK_STATUS),)


async def async_setup_entry(
    hass: HomeAssistant, entry: NissanConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add each vehicle's lock."""
    await async_add_vehicle_entities(entry, async_add_entities, LOCKS, VehicleLock)


class VehicleLock(ControlEntity, LockEntity):
    """The lock of a vehicle that can be locked remotely."""

    entity_description: VehicleLockDescription

    @property
    @override
    def code_format(self) -> str | None:
        """Four digits or none: Home Assistant applies this to locking, too, for which a stored PIN is enough."""
        return r"^([0-9]{4})?$" if self._takes_pin else None

    @property
    @override
    def is_locked(self) -> bool | None:
        return self.vehicle.body.locked if self.vehicle.body else None

    @property
    @override
    def assumed_state(self) -> bool:
        return self.vehicle.body is not None and self.vehicle.body.assumed

    @property
    @override
    def is_locking(self) -> bool:
        return isinstance(self.runtime.commands.pending((Lock, Unlock)), Lock)

    @property
    @override
    def is_unlocking(self) -> bool:
        return isinstance(self.runtime.commands.pending((Lock, Unlock)), Unlock)

    @override
    async def async_lock(self, **kwargs: Any) -> None:
        source = next(iter(self.runtime.sources.able(Lock())), None)
        if source is not None and source.has_own_pin:
            await self.async_execute(Lock())
            return
        code = kwargs.get(ATTR_CODE) or self.runtime.pin_guard.stored
        await self.async_execute(Lock(pin=self._pin(code)))

    @override
    async def async_unlock(self, **kwargs: Any) -> None:
        # A stored PIN does not unlock. Owners pass it with the action, or set it as the entity's default code.
        await self.async_execute(Unlock(pin=self._pin(kwargs.get(ATTR_CODE))))

    @property
    def _takes_pin(self) -> bool:
        return Capability.LOCK_PIN in self.coordinator.info.capabilities

    def _pin(self, code: str | None) -> str | None:
        """Return the PIN to send if the vehicle takes one; raise without sending if it cannot be one."""
        if not self._takes_pin:
            return None
        if not code:
            raise ServiceValidationError(translation_domain=DOMAIN, translation_key=PinRequired.key)
        if not is_pin(code):
            raise ServiceValidationError(translation_domain=DOMAIN, translation_key=InvalidPin.key)
        return code
