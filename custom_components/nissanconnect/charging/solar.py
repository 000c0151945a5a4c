"""The forecast of solar power, from the integrations that are chosen for it in the energy dashboard (charging §2)."""

import asyncio
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from itertools import pairwise
import logging

from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util

from ..energy_preferences import async_energy_sources
from ..engine.charge_plan import Period
from .price_shapes import read_lists

_LOGGER = logging.getLogger(__name__)

_TIMEOUT = 30.0
"""Seconds that a forecast may take."""
_HOUR = timedelta(hours=1)
_GRID = 300
"""Seconds to which times are rounded, as the planner does: some forecasts begin at the very minute of sunrise."""


async def async_solar_forecast(hass: HomeAssistant) -> tuple[Period, ...]:
    """Return the power in kW of all roofs together; nothing if there is no forecast, or none that works."""
    if "energy" not in hass.config.components:
        return ()
    # It is loaded with the energy dashboard. At the start it would load the recorder.
    from homeassistant.components.energy.websocket_api import async_get_energy_platforms  # noqa: PLC0415

    chosen = dict[str, None]()
    for source in await async_energy_sources(hass):
        if source["type"] == "solar":
            chosen |= dict.fromkeys(source["config_entry_solar_forecast"] or ())
    platforms = await async_get_energy_platforms(hass)
    periods = list[Period]()
    for entry_id in chosen:
        entry = hass.config_entries.async_get_entry(entry_id)
        if entry and entry.domain in platforms:
            try:
                async with asyncio.timeout(_TIMEOUT):
                    forecast = await platforms[entry.domain](hass, entry_id)
                periods += _periods(forecast["wh_hours"]) if forecast else ()
            except Exception as err:  # noqa: BLE001 - whatever another integration raises
                _LOGGER.debug("the solar forecast of %s fails: %s", entry.domain, type(err).__name__)
    return tuple(_sum(periods))


def _periods(energies: Mapping[str, float]) -> Iterator[Period]:
    """Read Wh by the time from which on they come, until the next; an hour at most, because nights are left out."""
    listed = [{"start": start, "value": energy} for start, energy in energies.items()]
    for start, end, energy in read_lists([listed], None, dt_util.get_default_time_zone()).slots:
        length = min(end - start, _HOUR)
        yield Period(_rounded(start), _rounded(start + length), max(energy, 0.0) / 1000 / (length / _HOUR))


def _rounded(at: datetime) -> datetime:
    return dt_util.utc_from_timestamp(round(at.timestamp() / _GRID) * _GRID)


def _sum(periods: Iterable[Period]) -> Iterator[Period]:
    """Add up what comes at the same time."""
    given = list(periods)
    for start, end in pairwise(sorted({edge for each in given for edge in each[:2]})):
        powers = [each.power for each in given if each.start <= start and end <= each.end]
        if powers:
            yield Period(start, end, sum(powers))
