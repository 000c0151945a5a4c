"""Buttons: commands that change no lasting state, or none that the vehicle reports."""

from dataclasses import dataclass
from typing import override

from homeassistant.components.button import ButtonEntity, ButtonEntityDescription
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .account import NissanConfigEntry
from .entity import ControlDescription, ControlEntity, async_add_vehicle_entities
from .vehicle import (
    Capability,
    Command,
    FlashLights,
    Refresh,
    SoundHorn,
    StartCharging,
    StartEngine,
    StopEngine,
    StopSignals,
)

PARALLEL_UPDATES = 0  # commands to one vehicle wait for each other in its runtime


@dataclass(frozen=True, kw_only=True)
class VehicleButtonDescription(ButtonEntityDescription, ControlDescription):
    """A button and its command."""

    command: Command


# Home Assistant shows buttons without a category among a device's first rows, and presses them all when an action
# targets the device or its area. So buttons that are noisy or drain the 12 V battery have one.
BUTTONS = (
    VehicleButtonDescription(
        key="horn", entity_category=EntityCategory.CONFIG, needs={Capability.HORN}, command=SoundHorn()
    ),
    VehicleButtonDescription(
        key="lights", entity_category=EntityCategory.CONFIG, needs={Capability.LIGHTS}, command=FlashLights()
    ),
    VehicleButtonDescription(
        key="refresh", entity_category=EntityCategory.CONFIG, needs={Capability.REFRESH}, command=Refresh()
    ),
    VehicleButtonDescription(
        key="start_charging",
        needs={Capability.START_CHARGING},
        unless=Capability.STOP_CHARGING,  # then there is a switch
        command=StartCharging(),
    ),
    VehicleButtonDescription(
        key="start_engine",
        entity_registry_enabled_default=False,
        needs={Capability.START_ENGINE},
        command=StartEngine(),
    ),
    VehicleButtonDescription(key="stop_engine", needs={Capability.START_ENGINE}, command=StopEngine()),
    VehicleButtonDescription(
        key="stop_signals",
        entity_category=EntityCategory.CONFIG,
        needs={Capability.STOP_SIGNALS},
        command=StopSignals(),
    ),
)


async def async_setup_entry(
    hass: HomeAssistant, entry: NissanConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add each vehicle's buttons."""
    await async_add_vehicle_entities(entry, async_add_entities, BUTTONS, VehicleButton)


class VehicleButton(ControlEntity, ButtonEntity):
    """A button that sends a command."""

    entity_description: VehicleButtonDescription

    @override
    async def async_press(self) -> None:
        await self.async_execute(self.entity_description.command)
