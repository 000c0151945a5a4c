"""Reads sensors that measure what flows into a vehicle."""

from collections.abc import Callable
from math import isfinite

from homeassistant.const import ATTR_UNIT_OF_MEASUREMENT, UnitOfEnergy, UnitOfPower
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.util.unit_conversion import EnergyConverter, PowerConverter

from .plans import ChargePlanSettings

_LEAST_MEASURED = 1.0
"""kW. Less than this is the end of a charge, and says nothing about the next hours."""


def metered_energy(hass: HomeAssistant, entity_id: str | None) -> float | None:
    """Return the kWh that a sensor has counted, ``None`` if there is none or it shows no number."""
    return _metered(hass, entity_id, EnergyConverter.convert, UnitOfEnergy.KILO_WATT_HOUR)


def expected_power(hass: HomeAssistant, plan: ChargePlanSettings) -> float:
    """Return the kW with which a vehicle charges by a plan: those that are measured now, or else what the plan says."""
    measured = metered_power(hass, plan.switch.power_sensor)
    return measured if measured is not None and measured >= _LEAST_MEASURED else plan.wishes.power


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
