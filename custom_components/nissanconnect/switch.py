"""Switches: charging, for vehicles that can start and stop it; and whether a vehicle charges by its plan."""

from dataclasses import dataclass
from typing import Any, override

from homeassistant.components.switch import SwitchEntity, SwitchEntityDescription
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .account import NissanConfigEntry
from .charge_entity import ChargeEntity, async_add_charge_entities
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

# A choice that stays: whoever turns off "the switches of the garage" does not mean it.
CHARGE_SWITCHES = (SwitchEntityDescription(key="smart_charging", entity_category=EntityCategory.CONFIG),)


async def async_setup_entry(
    hass: HomeAssistant, entry: NissanConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the charging switch of each vehicle that can start and stop charging, and the other if it has a plan."""
    await async_add_vehicle_entities(entry, async_add_entities, SWITCHES, ChargingSwitch)
    await async_add_charge_entities(entry, async_add_entities, CHARGE_SWITCHES, SmartCharging)


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


class SmartCharging(ChargeEntity, SwitchEntity):
    """Whether the vehicle charges by its plan. It is also off after somebody has switched by hand."""

    @property
    @override
    def is_on(self) -> bool:
        return self.charge.is_on

    @override
    async def async_turn_on(self, **kwargs: Any) -> None:
        self.charge.async_set_enabled(True)

    @override
    async def async_turn_off(self, **kwargs: Any) -> None:
        self.charge.async_set_enabled(False)
