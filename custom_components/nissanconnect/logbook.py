"""Logbook: one readable line for each command that has ended, and for each alert, where no event entity has one.

In the language of Home Assistant.
"""

from collections.abc import Callable, Mapping
from typing import Any

from homeassistant.components.logbook import LOGBOOK_ENTRY_DOMAIN, LOGBOOK_ENTRY_MESSAGE, LOGBOOK_ENTRY_NAME
from homeassistant.const import ATTR_DEVICE_ID, EVENT_LOGBOOK_ENTRY, Platform
from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.helpers import entity_registry as er
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
    EVENT_ALERT: ("alert", _alert),
    EVENT_COMMAND: ("command", _command),
}
"""The key of the event entity that has a line of its own for each of these events, and how ours reads."""


@callback
def async_describe_events(
    hass: HomeAssistant,
    async_describe_event: Callable[[str, str, Callable[[Event], dict[str, str]]], None],
) -> None:
    """Write a line for each event that has none yet.

    Nothing is described here: Home Assistant would show a described event besides the change of the event entity's
    state, which it never leaves out.
    """
    texts = _Texts(hass)
    for name, (key, line) in _LINES.items():
        hass.bus.async_listen(name, _writer(hass, texts, key, line))


def _writer(
    hass: HomeAssistant, texts: _Texts, key: str, line: Callable[[_Texts, Mapping[str, Any]], str]
) -> Callable[[Event], None]:
    @callback
    def write(event: Event) -> None:
        if _has_entity(hass, event.data["device_id"], key):
            return
        entry = {
            LOGBOOK_ENTRY_NAME: event.data["vehicle"],
            LOGBOOK_ENTRY_MESSAGE: line(texts, event.data),
            LOGBOOK_ENTRY_DOMAIN: DOMAIN,
            ATTR_DEVICE_ID: event.data["device_id"],
        }
        hass.bus.async_fire(EVENT_LOGBOOK_ENTRY, entry, context=event.context)

    return write


def _has_entity(hass: HomeAssistant, device_id: str | None, key: str) -> bool:
    """Whether the device has the event entity, and it is enabled."""
    found = er.async_entries_for_device(er.async_get(hass), device_id) if device_id else []
    return any(each.domain == Platform.EVENT and each.unique_id.endswith(f"_{key}") for each in found)
