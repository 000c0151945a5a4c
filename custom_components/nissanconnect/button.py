"""Buttons: commands that change no lasting state, or none that the vehicle reports."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import override

from homeassistant.components.button import ButtonEntity, ButtonEntityDescription
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .account import NissanConfigEntry
from .charge_entity import ChargeEntity, async_add_charge_entities
from .charging.control import ChargeControl
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


@dataclass(frozen=True, kw_only=True)
class ChargeButtonDescription(ButtonEntityDescription):
    """A button for this stay at the plug, and what it does."""

    press: Callable[[ChargeControl], None]


def _button(
    key: str,
    command: Command,
    category: EntityCategory | None = None,
    *,
    enabled: bool = True,
    unless: Capability | None = None,
) -> VehicleButtonDescription:
    return VehicleButtonDescription(
        key=key,
        entity_category=category,
        entity_registry_enabled_default=enabled,
        needs=command.needs,
        unless=unless,
        command=command,
    )


# Home Assistant shows buttons without a category among a device's first rows, and presses them all when an action
# targets the device or its area. So buttons that are noisy or drain the 12 V battery have one, and so have those that
# overrule a plan, each of which would undo the other.
BUTTONS = (
    _button("horn", SoundHorn(), EntityCategory.CONFIG),
    _button("lights", FlashLights(), EntityCategory.CONFIG),
    _button("refresh", Refresh(), EntityCategory.CONFIG),
    _button("start_charging", StartCharging(), unless=Capability.STOP_CHARGING),  # then there is a switch
    _button("start_engine", StartEngine(), enabled=False),
    _button("stop_engine", StopEngine()),
    _button("stop_signals", StopSignals(), EntityCategory.CONFIG),
)
CHARGE_BUTTONS = (
    ChargeButtonDescription(
        key="charge_now", entity_category=EntityCategory.CONFIG, press=ChargeControl.async_charge_now
    ),
    ChargeButtonDescription(key="skip_plan", entity_category=EntityCategory.CONFIG, press=ChargeControl.async_skip),
)


async def async_setup_entry(
    hass: HomeAssistant, entry: NissanConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add each vehicle's buttons."""
    await async_add_vehicle_entities(entry, async_add_entities, BUTTONS, VehicleButton)
    await async_add_charge_entities(entry, async_add_entities, CHARGE_BUTTONS, ChargeButton)


class VehicleButton(ControlEntity, ButtonEntity):
    """A button that sends a command."""

    entity_description: VehicleButtonDescription

    @override
    async def async_press(self) -> None:
        await self.async_execute(self.entity_description.command)


class ChargeButton(ChargeEntity, ButtonEntity):
    """A button for this stay at the plug."""

    entity_description: ChargeButtonDescription

    @override
    async def async_press(self) -> None:
        self.entity_description.press(self.charge)
