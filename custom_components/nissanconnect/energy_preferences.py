"""What the owner has entered into the energy dashboard of Home Assistant."""

from typing import TYPE_CHECKING

from homeassistant.core import HomeAssistant
from homeassistant.helpers.importlib import async_import_module

if TYPE_CHECKING:
    from homeassistant.components.energy.data import EnergyManager, SourceType


async def async_energy_manager(hass: HomeAssistant) -> EnergyManager | None:
    """Return what keeps the preferences, ``None`` if there is no dashboard."""
    if "energy" not in hass.config.components:
        return None
    # It is loaded with the dashboard. At the start it would load the recorder.
    data = await async_import_module(hass, "homeassistant.components.energy.data")
    manager: EnergyManager = await data.async_get_manager(hass)
    return manager


async def async_energy_sources(hass: HomeAssistant) -> list[SourceType]:
    """Return where the energy comes from; nothing without a dashboard."""
    manager = await async_energy_manager(hass)
    return manager.data["energy_sources"] if manager and manager.data else []


async def async_grid_price_setting(hass: HomeAssistant) -> float | str | None:
    """Return what a kWh from the grid costs, or the id of the entity that shows it.

    It is ``None`` if neither is entered, and if there are several, because nobody knows which meter counts now. A meter
    whose costs another entity adds up has a price of its own, too, that nobody knows.
    """
    prices = set[float | str | None]()
    for source in await async_energy_sources(hass):
        if source["type"] == "grid":
            own = {source.get("number_energy_price"), source.get("entity_energy_price")} - {None}
            prices |= own or ({None} if source.get("stat_cost") else set())
    return prices.pop() if len(prices) == 1 else None
