"""Logbook: one readable line for each command that has ended."""

from collections.abc import Callable

from homeassistant.components.logbook import LOGBOOK_ENTRY_MESSAGE, LOGBOOK_ENTRY_NAME
from homeassistant.core import Event, HomeAssistant, callback

from .const import DOMAIN, EVENT_COMMAND


@callback
def async_describe_events(
    hass: HomeAssistant,
    async_describe_event: Callable[[str, str, Callable[[Event], dict[str, str]]], None],
) -> None:
    """Describe the event that a command has ended."""

    @callback
    def describe(event: Event) -> dict[str, str]:
        data = event.data
        command, how = (str(data[key]).replace("_", " ") for key in ("command", "type"))
        reason = f" ({str(data['reason']).replace('_', ' ')})" if data["reason"] else ""
        message = f"{command}: {how}{reason} after {data['seconds']:g} s, asked by {data['asked_by']}"
        return {LOGBOOK_ENTRY_NAME: data["vehicle"], LOGBOOK_ENTRY_MESSAGE: message}

    async_describe_event(DOMAIN, EVENT_COMMAND, describe)
