"""The integration's own texts in the language of Home Assistant."""

from homeassistant.core import HomeAssistant
from homeassistant.helpers.translation import async_get_translations

from .const import DOMAIN


async def async_text(hass: HomeAssistant, subject: str, name: str) -> str:
    """Return a text about ``subject`` in the language of Home Assistant.

    It is stored under *selector*: Home Assistant has no other place for an integration's own texts.
    """
    texts = await async_get_translations(hass, hass.config.language, "selector", {DOMAIN})
    return texts[f"component.{DOMAIN}.selector.{subject}.options.{name}"]
