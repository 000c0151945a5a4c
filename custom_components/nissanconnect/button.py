"""Buttons: commands that leave no lasting state behind, or none that the vehicle reports."""

from dataclasses import dataclass
from typing import override

from homeassistant.components.button import ButtonEntity, ButtonEntityDescription
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .coordinator import NissanConfigEntry
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

PARALLEL_UPDATES = 0  # the coordinator lets commands to one vehicle wait for each other


@dataclass(frozen=True, kw_only=True)
class VehicleButtonDescription(ButtonEntityDescription, ControlDescription):
    """A button and its command."""

    command: Command


BUTTONS = (
    VehicleButtonDescription(key="horn", needs={Capability.HORN}, command=SoundHorn()),
    VehicleButtonDescription(key="lights", needs={Capability.LIGHTS}, command=FlashLights()),
    VehicleButtonDescription(key="refresh", needs={Capability.REFRESH}, command=Refresh()),
    VehicleButtonDescription(
        key="start_charging",
        needs={Capability.START_CHARGING},
        unless=Capability.STOP_CHARGING,  # then there is a switch
        command=StartCharging(),
    ),
    VehicleButtonDescription(key="start_engine", needs={Capability.START_ENGINE}, command=StartEngine()),
    VehicleButtonDescription(key="stop_engine", needs={Capability.START_ENGINE}, command=StopEngine()),
    VehicleButtonDescription(key="stop_signals", needs={Capability.STOP_SIGNALS}, command=StopSignals()),
)


async def async_setup_entry(
    hass: HomeAssistant, entry: NissanConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add each vehicle's buttons."""
    await async_add_vehicle_entities(entry, async_add_entities, BUTTONS, VehicleButton)


class VehicleButton(ControlEntity, ButtonEntity):
    """A command at a press."""

    entity_description: VehicleButtonDescription

    @override
    async def async_press(self) -> None:
        await self.async_execute(self.entity_description.command)
