"""Logbook: one readable line for each command that has ended, and for each alert."""

from collections.abc import Callable, Mapping
from typing import Any

from homeassistant.components.logbook import LOGBOOK_ENTRY_ICON, LOGBOOK_ENTRY_MESSAGE, LOGBOOK_ENTRY_NAME
from homeassistant.core import Event, HomeAssistant, callback

from .const import DOMAIN, EVENT_ALERT, EVENT_COMMAND


def _command(data: Mapping[str, Any]) -> str:
    command, how = (str(data[key]).replace("_", " ") for key in ("command", "type"))
    reason = f" ({str(data['reason']).replace('_', ' ')})" if data["reason"] else ""
    return f"{command}: {how}{reason} after {data['seconds']:g} s, asked by {data['asked_by']}"


def _alert(data: Mapping[str, Any]) -> str:
    if data.get("title") or data.get("text"):
        words = ": ".join(str(data[key]) for key in ("title", "text") if data.get(key))
        return f"message: {words}"
    kind = str(data["type"]).replace("_", " ")
    about = f": {str(data['subject']).replace('_', ' ')}" if data["subject"] else ""
    level = f" ({data['level']:g} %)" if data.get("level") is not None else ""
    return f"{kind}{about}{level}"


_LINES: Mapping[str, tuple[str, Callable[[Mapping[str, Any]], str]]] = {
    EVENT_ALERT: ("mdi:bell-ring", _alert),
    EVENT_COMMAND: ("mdi:car-wireless", _command),
}


@callback
def async_describe_events(
    hass: HomeAssistant,
    async_describe_event: Callable[[str, str, Callable[[Event], dict[str, str]]], None],
) -> None:
    """Describe the events of vehicles."""
    for name, (icon, line) in _LINES.items():
        async_describe_event(DOMAIN, name, _describe(icon, line))


def _describe(icon: str, line: Callable[[Mapping[str, Any]], str]) -> Callable[[Event], dict[str, str]]:
    @callback
    def describe(event: Event) -> dict[str, str]:
        return {
            LOGBOOK_ENTRY_NAME: event.data["vehicle"],
            LOGBOOK_ENTRY_MESSAGE: line(event.data),
            LOGBOOK_ENTRY_ICON: icon,
        }

    return describe
