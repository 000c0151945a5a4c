"""The wallbox's switch."""

from typing import Any, override

from homeassistant.components.switch import SwitchEntity
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddEntitiesCallback
from homeassistant.helpers.typing import ConfigType, DiscoveryInfoType
from homeassistant.helpers.update_coordinator import CoordinatorEntity

from . import WALLBOX
from .wallbox import Wallbox


async def async_setup_platform(
    hass: HomeAssistant, config: ConfigType, add: AddEntitiesCallback, discovery_info: DiscoveryInfoType | None = None
) -> None:
    """Add the switch."""
    add([WallboxSwitch(hass.data[WALLBOX])])


class WallboxSwitch(CoordinatorEntity[Wallbox], SwitchEntity):
    """Whether the wallbox offers current."""

    _attr_name = "Demo wallbox"
    _attr_unique_id = "demo_wallbox"
    _attr_icon = "mdi:ev-station"

    @property
    @override
    def is_on(self) -> bool:
        return self.coordinator.data.on

    @override
    async def async_turn_on(self, **kwargs: Any) -> None:
        await self.coordinator.async_turn(on=True)

    @override
    async def async_turn_off(self, **kwargs: Any) -> None:
        await self.coordinator.async_turn(on=False)
