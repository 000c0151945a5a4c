"""Logbook: one readable line for each command that has ended, and for each alert, in the language of Home Assistant."""

from collections.abc import Callable, Mapping
from typing import Any

from homeassistant.components.logbook import LOGBOOK_ENTRY_ICON, LOGBOOK_ENTRY_MESSAGE, LOGBOOK_ENTRY_NAME
from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.helpers.translation import async_get_cached_translations

from .const import DOMAIN, EVENT_ALERT, EVENT_COMMAND


class _Texts:
    """Our translations, which Home Assistant loads with us. What has none is shown as it is."""

    def __init__(self, hass: HomeAssistant) -> None:
        """Look up the ones that are loaded."""
        self._hass = hass

    def find(self, category: str, *paths: str, key: object) -> str:
        """Return the text of the first path that exists; ``*`` in it stands for the key."""
        texts = async_get_cached_translations(self._hass, self._hass.config.language, category, DOMAIN)
        names = (f"component.{DOMAIN}.{category}.{path.replace('*', str(key))}" for path in paths)
        return next((texts[name] for name in names if name in texts), str(key).replace("_", " "))


def _command(texts: _Texts, data: Mapping[str, Any]) -> str:
    reason = data["reason"]
    known = {
        "[command]": texts.find("selector", "command.options.*", "logbook.options.*", key=data["command"]),
        "[status]": texts.find("entity", "event.command.state_attributes.event_type.state.*", key=data["type"]),
        "[seconds]": f"{data['seconds']:.0f}",
        "[asked_by]": texts.find("selector", "logbook.options.*", key=data["asked_by"]),
    }
    line = texts.find("selector", "logbook.options.*", key="command_ended")
    for name, value in known.items():
        line = line.replace(name, value)
    if not reason:
        return line
    return (
        f"{line}. {texts.find('exceptions', '*.message', key=reason).replace('{code}', str(data.get('code') or '?'))}"
    )


def _alert(texts: _Texts, data: Mapping[str, Any]) -> str:
    kind = texts.find("entity", "event.alert.state_attributes.event_type.state.*", key=data["type"])
    words = [str(data[name]) for name in ("title", "text") if data.get(name)]
    if words:
        return ": ".join((kind, *words))
    subjects = data.get("subjects") or ([data["subject"]] if data["subject"] else [])
    named = [texts.find("entity", "binary_sensor.*.name", "sensor.tyre_pressure_*.name", key=each) for each in subjects]
    about = f": {', '.join(named)}" if named else ""
    count = f": {data['count']}" if "count" in data else ""
    level = f" ({data['level']:.0f} %)" if data.get("level") is not None else ""
    return f"{kind}{about}{count}{level}"


_LINES: Mapping[str, tuple[str, Callable[[_Texts, Mapping[str, Any]], str]]] = {
    EVENT_ALERT: ("mdi:bell-ring", _alert),
    EVENT_COMMAND: ("mdi:car-wireless", _command),
}


@callback
def async_describe_events(
    hass: HomeAssistant,
    async_describe_event: Callable[[str, str, Callable[[Event], dict[str, str]]], None],
) -> None:
    """Describe the events of vehicles."""
    texts = _Texts(hass)
    for name, (icon, line) in _LINES.items():
        async_describe_event(DOMAIN, name, _describe(texts, icon, line))


def _describe(
    texts: _Texts, icon: str, line: Callable[[_Texts, Mapping[str, Any]], str]
) -> Callable[[Event], dict[str, str]]:
    @callback
    def describe(event: Event) -> dict[str, str]:
        return {
            LOGBOOK_ENTRY_NAME: event.data["vehicle"],
            LOGBOOK_ENTRY_MESSAGE: line(texts, event.data),
            LOGBOOK_ENTRY_ICON: icon,
        }

    return describe
