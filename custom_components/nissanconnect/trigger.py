"""Triggers: alerts of vehicles, and commands that were not confirmed."""

from typing import ClassVar, override

from homeassistant.components.event import DOMAIN as EVENT_DOMAIN, EventEntityStateAttribute
from homeassistant.const import CONF_OPTIONS
from homeassistant.core import HomeAssistant, State, callback
from homeassistant.helpers import config_validation as cv, entity_registry as er
from homeassistant.helpers.automation import DomainSpec
from homeassistant.helpers.trigger import (
    ENTITY_STATE_TRIGGER_SCHEMA,
    NotTriggeredReasonReporter,
    StatelessEntityTriggerBase,
    Trigger,
)
import probatio

from .const import DOMAIN
from .vehicle import AlertType, CommandStatus

CONF_ALERT = "alert"
CONF_AREA = "area"


def _schema(option: str, choice: object) -> probatio.Schema:
    """Return the schema of a trigger with a list to choose from; an empty one chooses all, as blueprints need it."""
    chosen = {probatio.Optional(option, default=[]): probatio.All(probatio.EnsureList(), [choice])}
    return ENTITY_STATE_TRIGGER_SCHEMA.extend({probatio.Required(CONF_OPTIONS, default={}): chosen})


class HappenedTrigger(StatelessEntityTriggerBase):
    """Triggers when an event entity of a vehicle reports certain types, or those of them that were chosen."""

    _domain_specs = {EVENT_DOMAIN: DomainSpec()}
    _key: ClassVar[str]
    _types: ClassVar[frozenset[str]]

    @override
    def entity_filter(self, entities: set[str]) -> set[str]:
        return async_ours(self._hass, super().entity_filter(entities), self._key)

    @override
    def is_valid_state(self, state: State, report_not_triggered: NotTriggeredReasonReporter) -> bool:
        kind, subject = state.attributes.get(EventEntityStateAttribute.EVENT_TYPE), state.attributes.get("subject")
        chosen, named = self._options.get(CONF_ALERT), self._options.get(CONF_AREA)
        return kind in self._types and (not chosen or kind in chosen) and (not named or subject in named)


def _trigger(
    *types: AlertType | CommandStatus, key: str = "alert", schema: probatio.Schema = ENTITY_STATE_TRIGGER_SCHEMA
) -> type[Trigger]:
    class VehicleTrigger(HappenedTrigger):
        _key = key
        _schema = schema
        _types = frozenset(types)

    return VehicleTrigger


_CHOSEN = _schema(CONF_ALERT, probatio.In([each.value for each in AlertType]))
_NAMED = _schema(CONF_AREA, cv.string)

TRIGGERS: dict[str, type[Trigger]] = {
    "alert_received": _trigger(*AlertType, schema=_CHOSEN),
    "charge_dropped_below": _trigger(AlertType.CHARGE_BELOW),
    "charging_finished": _trigger(AlertType.CHARGING_FINISHED),
    "command_failed": _trigger(*(frozenset(CommandStatus) - {CommandStatus.CONFIRMED}), key="command"),
    "entered_area": _trigger(AlertType.ENTERED_AREA, schema=_NAMED),
    "left_area": _trigger(AlertType.LEFT_AREA, schema=_NAMED),
    "left_unlocked": _trigger(AlertType.LEFT_UNLOCKED),
    "plan_failed": _trigger(AlertType.PLAN_FAILED),
    "plugged_in": _trigger(AlertType.PLUGGED_IN),
    "unplugged": _trigger(AlertType.UNPLUGGED),
}


async def async_get_triggers(hass: HomeAssistant) -> dict[str, type[Trigger]]:
    """Return the triggers."""
    return TRIGGERS


@callback
def async_ours(hass: HomeAssistant, entity_ids: set[str], key: str) -> set[str]:
    """Return those of our own entities that have the key as their translation key."""
    registry = er.async_get(hass)
    return {
        entity_id
        for entity_id in entity_ids
        if (entry := registry.async_get(entity_id)) and entry.platform == DOMAIN and entry.translation_key == key
    }
