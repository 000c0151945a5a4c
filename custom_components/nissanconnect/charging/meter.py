"""Reads sensors that measure what flows into a vehicle."""

from collections.abc import Callable
from math import isfinite

from homeassistant.const import ATTR_UNIT_OF_MEASUREMENT, UnitOfEnergy, UnitOfPower
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.util.unit_conversion import EnergyConverter, PowerConverter


def metered_energy(hass: HomeAssistant, entity_id: str | None) -> float | None:
    """Return the kWh that a sensor has counted, ``None`` if there is none or it shows no number."""
    return _metered(hass, entity_id, EnergyConverter.convert, UnitOfEnergy.KILO_WATT_HOUR)


def metered_power(hass: HomeAssistant, entity_id: str | None) -> float | None:
    """Return the kW that a sensor shows, ``None`` if there is none or it shows no number."""
    return _metered(hass, entity_id, PowerConverter.convert, UnitOfPower.KILO_WATT)


def _metered(
    hass: HomeAssistant,
    entity_id: str | None,
    convert: Callable[[float, str | None, str | None], float],
    unit: str,
) -> float | None:
    state = hass.states.get(entity_id) if entity_id else None
    if state is None:
        return None
    try:
        value = convert(float(state.state), state.attributes.get(ATTR_UNIT_OF_MEASUREMENT), unit)
    except HomeAssistantError, ValueError:
        return None
    return value if isfinite(value) else None
