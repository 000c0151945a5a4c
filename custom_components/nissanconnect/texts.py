"""The integration's own texts in the language of Home Assistant."""

from collections.abc import Mapping

from homeassistant.core import HomeAssistant
from homeassistant.helpers.translation import async_get_translations

from .const import DOMAIN

_SHOWN: Mapping[str, str] = {
    "field": "services",
    "plan_reason": "entity.sensor.plan_status.state_attributes.reason.state",
    "price_fault": "entity.sensor.plan_status.state_attributes.failure.state",
    "sensor": "entity.sensor",
    "source": "entity.sensor.data_source.state",
}
"""Subjects that an entity shows as well, and where it has their texts."""


async def async_text(hass: HomeAssistant, subject: str, name: str) -> str:
    """Return a text about ``subject`` in the language of Home Assistant.

    It is stored under *selector*, unless an entity shows the same: Home Assistant has no other place for an
    integration's own texts.
    """
    path = _SHOWN.get(subject, f"selector.{subject}.options")
    texts = await async_get_translations(hass, hass.config.language, path.partition(".")[0], {DOMAIN})
    return texts[f"component.{DOMAIN}.{path}.{name}"]


async def async_field(hass: HomeAssistant, action: str, field: str) -> str:
    """Return what the field of an action is called in its editor."""
    return await async_text(hass, "field", f"{action}.fields.{field}.name")


async def async_say(hass: HomeAssistant, subject: str, name: str, **values: str) -> str:
    """Return a text with ``values`` in place of their names in square brackets."""
    text = await async_text(hass, subject, name)
    for placeholder, value in values.items():
        text = text.replace(f"[{placeholder}]", value)
    return text


async def async_number(hass: HomeAssistant, number: float, digits: int) -> str:
    """Return a number with the decimal mark of the language."""
    return f"{number:.{digits}f}".replace(".", await async_text(hass, "charge_preview", "decimal"))
