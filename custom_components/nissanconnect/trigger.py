"""Triggers: what vehicles' alerts and commands tell, for automations that follow it."""

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
    TriggerConfig,
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
    """Triggers when an event entity of a vehicle tells one of certain types."""

    _domain_specs = {EVENT_DOMAIN: DomainSpec()}
    _key: ClassVar[str] = "alert"
    _types: frozenset[str]

    @override
    def entity_filter(self, entities: set[str]) -> set[str]:
        return async_ours(self._hass, super().entity_filter(entities), self._key)

    @override
    def is_valid_state(self, state: State, report_not_triggered: NotTriggeredReasonReporter) -> bool:
        return state.attributes.get(EventEntityStateAttribute.EVENT_TYPE) in self._types


class AlertReceivedTrigger(HappenedTrigger):
    """Triggers on any alert, or on those that were chosen."""

    _schema = _schema(CONF_ALERT, probatio.In([*AlertType]))

    def __init__(self, hass: HomeAssistant, config: TriggerConfig) -> None:
        """Take the chosen types."""
        super().__init__(hass, config)
        self._types = frozenset(self._options[CONF_ALERT] or AlertType)


class CrossedTrigger(HappenedTrigger):
    """Triggers when a vehicle crosses the edge of any geofence, or of those that were named."""

    _schema = _schema(CONF_AREA, cv.string)

    @override
    def is_valid_state(self, state: State, report_not_triggered: NotTriggeredReasonReporter) -> bool:
        named = self._options[CONF_AREA]
        return super().is_valid_state(state, report_not_triggered) and (
            not named or state.attributes.get("subject") in named
        )


class CommandFailedTrigger(HappenedTrigger):
    """Triggers when a command has ended, and the vehicle has not confirmed it."""

    _key = "command"
    _types = frozenset(CommandStatus) - {CommandStatus.CONFIRMED}


def _alert(kind: AlertType) -> type[Trigger]:
    class AlertTrigger(HappenedTrigger):
        _types = frozenset({kind})

    return AlertTrigger


def _crossing(kind: AlertType) -> type[Trigger]:
    class CrossingTrigger(CrossedTrigger):
        _types = frozenset({kind})

    return CrossingTrigger


TRIGGERS: dict[str, type[Trigger]] = {
    "alert_received": AlertReceivedTrigger,
    "charge_dropped_below": _alert(AlertType.CHARGE_BELOW),
    "charging_finished": _alert(AlertType.CHARGING_FINISHED),
    "command_failed": CommandFailedTrigger,
    "entered_area": _crossing(AlertType.ENTERED_AREA),
    "left_area": _crossing(AlertType.LEFT_AREA),
    "left_unlocked": _alert(AlertType.LEFT_UNLOCKED),
    "plugged_in": _alert(AlertType.PLUGGED_IN),
    "unplugged": _alert(AlertType.UNPLUGGED),
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
