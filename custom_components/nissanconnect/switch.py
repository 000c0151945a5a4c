"""Switch: charging, for vehicles that can start and stop it."""

from dataclasses import dataclass
from typing import Any, override

from homeassistant.components.switch import SwitchEntity, SwitchEntityDescription
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .account import NissanConfigEntry
from .entity import ControlDescription, ControlEntity, async_add_vehicle_entities
from .vehicle import Capability, StartCharging, StopCharging

PARALLEL_UPDATES = 0


@dataclass(frozen=True, kw_only=True)
class VehicleSwitchDescription(SwitchEntityDescription, ControlDescription):
    """The charging switch."""


SWITCHES = (
    VehicleSwitchDescription(
        key="charging",
        needs={Capability.START_CHARGING, Capability.STOP_CHARGING},
        commands=(StartCharging, StopCharging),
    ),
)


async def async_setup_entry(
    hass: HomeAssistant, entry: NissanConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the charging switch of each vehicle that can start and stop charging."""
    await async_add_vehicle_entities(entry, async_add_entities, SWITCHES, ChargingSwitch)


class ChargingSwitch(ControlEntity, SwitchEntity):
    """Starts and stops charging; shows what the vehicle reports."""

    entity_description: VehicleSwitchDescription

    @property
    @override
    def is_on(self) -> bool | None:
        return self.vehicle.charging.active if self.vehicle.charging else None

    @override
    async def async_turn_on(self, **kwargs: Any) -> None:
        await self.async_execute(StartCharging())

    @override
    async def async_turn_off(self, **kwargs: Any) -> None:
        await self.async_execute(StopCharging())

    @override
    async def async_toggle(self, **kwargs: Any) -> None:
        """Reverse the last command, also one that is still in progress."""
        charging = self.expected.charging
        await self.async_execute(StopCharging() if charging and charging.active else StartCharging())
