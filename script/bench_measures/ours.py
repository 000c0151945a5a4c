"""One vehicle as its owner sees it in Home Assistant: through entities and actions, nothing else."""

from homeassistant.components.climate import DOMAIN as CLIMATE, SERVICE_TURN_ON
from homeassistant.const import ATTR_ENTITY_ID, STATE_ON, STATE_UNAVAILABLE, STATE_UNKNOWN
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er

from custom_components.nissanconnect.const import DOMAIN

from .ages import Shown


class Ours:
    """One vehicle in Home Assistant."""

    def __init__(self, hass: HomeAssistant, key: str) -> None:
        """Look at the vehicle with this key, whose entities may come later."""
        self._hass = hass
        self._key = key

    def value(self, platform: str, name: str) -> str | None:
        """Return what an entity shows, ``None`` if that is nothing."""
        state = self._hass.states.get(self._entity_id(platform, name) or "")
        return None if state is None or state.state in {STATE_UNKNOWN, STATE_UNAVAILABLE} else state.state

    def shown(self) -> Shown:
        """Return what somebody sees."""
        level, charging = self.value("sensor", "battery_level"), self.value("binary_sensor", "charging")
        return Shown(
            level=None if level is None else round(float(level)),
            charging=None if charging is None else charging == STATE_ON,
        )

    async def start_climate(self) -> None:
        """Start it, and wait until the vehicle has confirmed it."""
        target = {ATTR_ENTITY_ID: self._entity_id("climate", "climate")}
        await self._hass.services.async_call(CLIMATE, SERVICE_TURN_ON, target, blocking=True)

    def _entity_id(self, platform: str, name: str) -> str | None:
        return er.async_get(self._hass).async_get_entity_id(platform, DOMAIN, f"{self._key}_{name}")
