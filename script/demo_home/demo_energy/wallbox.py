"""The wallbox of the simulator's LEAF, over HTTP."""

from dataclasses import dataclass
from datetime import timedelta
import logging
from typing import override

from aiohttp import ClientError, ClientTimeout
from homeassistant.core import HomeAssistant
from homeassistant.helpers.aiohttp_client import async_get_clientsession
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator, UpdateFailed

_LOGGER = logging.getLogger(__name__)

_EVERY = timedelta(seconds=5)
_TIMEOUT = ClientTimeout(total=10)


@dataclass(frozen=True, slots=True)
class Reading:
    """Whether the wallbox is switched on, and what its meter shows: power in kW, energy in kWh."""

    on: bool
    power: float
    energy: float


class Wallbox(DataUpdateCoordinator[Reading]):
    """Reads the wallbox time and again, and switches it."""

    def __init__(self, hass: HomeAssistant, simulator: str) -> None:
        """Talk to the simulator at this address."""
        super().__init__(hass, _LOGGER, config_entry=None, name="Demo wallbox", update_interval=_EVERY)
        self._url = f"{simulator}/simulator/wallbox"

    async def async_turn(self, *, on: bool) -> None:
        """Switch it."""
        self.async_set_updated_data(await self.ask(on=on))

    @override
    async def _async_update_data(self) -> Reading:
        return await self.ask()

    async def ask(self, **told: bool) -> Reading:
        """Tell the simulator something about the wallbox, and return how it is then."""
        session = async_get_clientsession(self.hass)
        try:
            async with session.post(self._url, json=told, timeout=_TIMEOUT, raise_for_status=True) as response:
                return Reading(**await response.json())
        except (ClientError, TimeoutError) as error:
            raise UpdateFailed(f"The simulator does not answer: {type(error).__name__}") from error
