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

_FAILURE = "entity.sensor.plan_status.state_attributes.failure.state.*"


def _text(hass: HomeAssistant, *paths: str, key: object) -> str:
    """Return our translation at the first path that exists, where ``*`` stands for the key; without one, the key."""
    for path in paths:
        texts = async_get_cached_translations(hass, hass.config.language, path.partition(".")[0], DOMAIN)
        if text := texts.get(f"component.{DOMAIN}.{path.replace('*', str(key))}"):
            return text
    return str(key).replace("_", " ")


def _command(hass: HomeAssistant, data: Mapping[str, Any]) -> str:
    reason = data["reason"]
    known = {
        "[command]": _text(hass, "selector.command.options.*", "selector.logbook.options.*", key=data["command"]),
        "[status]": _text(hass, "entity.event.command.state_attributes.event_type.state.*", key=data["type"]),
        "[seconds]": f"{data['seconds']:.0f}",
        "[asked_by]": _text(hass, "selector.logbook.options.*", key=data["asked_by"]),
    }
    line = _text(hass, "selector.logbook.options.*", key="command_ended")
    for name, value in known.items():
        line = line.replace(name, value)
    if not reason:
        return line
    why = _text(hass, "exceptions.*.message", key=reason).replace("{code}", str(data.get("code") or "?"))
    return f"{line}. {why}"


def _alert(hass: HomeAssistant, data: Mapping[str, Any]) -> str:
    kind = _text(hass, "entity.event.alert.state_attributes.event_type.state.*", key=data["type"])
    words = [str(data[name]) for name in ("title", "text") if data.get(name)]
    if words:
        return ": ".join((kind, *words))
    subjects = data.get("subjects") or ([data["subject"]] if data["subject"] else [])
    named = [
        _text(hass, "entity.binary_sensor.*.name", "entity.sensor.tyre_pressure_*.name", key=each) for each in subjects
    ]
    about = f": {', '.join(named)}" if named else ""
    count = f": {data['count']}" if "count" in data else ""
    level = f" ({data['level']:.0f} %)" if data.get("level") is not None else ""
    why = ""
    if reason := data.get("reason"):
        why = f". {_text(hass, _FAILURE, 'exceptions.*.message', key=reason)}"
    if missing := data.get("missing"):
        line = _text(hass, "selector.logbook.options.*", key="missing_in_plan")
        why = f": {line.replace('[missing]', f'{missing:.0f}')}"
    return f"{kind}{about}{count}{level}{why}"


_LINES: Mapping[str, tuple[str, Callable[[HomeAssistant, Mapping[str, Any]], str]]] = {
    EVENT_ALERT: ("alert", _alert),
    EVENT_COMMAND: ("command", _command),
}
"""The key of the event entity that has a line of its own for each of these events, and how ours reads."""


@callback
def async_describe_events(
    hass: HomeAssistant, async_describe_event: Callable[[str, str, Callable[[Event], dict[str, str]]], None]
) -> None:
    """Write a line for each event that has none yet.

    Nothing is described here: Home Assistant would show a described event besides the change of the event entity's
    state, which it never leaves out.
    """

    @callback
    def write(event: Event) -> None:
        key, line = _LINES[str(event.event_type)]
        if _has_entity(hass, event.data["device_id"], key):
            return
        entry = {
            LOGBOOK_ENTRY_NAME: event.data["vehicle"],
            LOGBOOK_ENTRY_MESSAGE: line(hass, event.data),
            LOGBOOK_ENTRY_DOMAIN: DOMAIN,
            ATTR_DEVICE_ID: event.data["device_id"],
        }
        hass.bus.async_fire(EVENT_LOGBOOK_ENTRY, entry, context=event.context)

    for name in _LINES:
        hass.bus.async_listen(name, write)


def _has_entity(hass: HomeAssistant, device_id: str | None, key: str) -> bool:
    """Whether the device has the event entity, and it is enabled."""
    found = er.async_entries_for_device(er.async_get(hass), device_id) if device_id else []
    return any(each.domain == Platform.EVENT and each.unique_id.endswith(f"_{key}") for each in found)
