"""Texts that dialogs put into their own."""

from homeassistant.core import HomeAssistant
from homeassistant.helpers.translation import async_get_translations

from ..const import DOMAIN


async def async_text(hass: HomeAssistant, subject: str, name: str) -> str:
    """Return a text about ``subject`` in the language of Home Assistant.

    It stands under *selector*, because Home Assistant lets an integration keep texts of its own nowhere else.
    """
    texts = await async_get_translations(hass, hass.config.language, "selector", {DOMAIN})
    return texts[f"component.{DOMAIN}.selector.{subject}.options.{name}"]
