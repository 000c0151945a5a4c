"""Which of the entities that an automation targets are meant: those of this integration, by their key."""

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import entity_registry as er

from .const import DOMAIN


@callback
def async_ours(hass: HomeAssistant, entity_ids: set[str], key: str) -> set[str]:
    """Return those of our own entities that have the key as their translation key."""
    registry = er.async_get(hass)
    return {
        entity_id
        for entity_id in entity_ids
        if (entry := registry.async_get(entity_id)) and entry.platform == DOMAIN and entry.translation_key == key
    }
