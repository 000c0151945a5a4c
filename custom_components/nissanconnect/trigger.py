"""Triggers: what vehicles' alerts and commands tell, for automations that follow it."""

from collections.abc import Iterable
from typing import ClassVar, override

from homeassistant.components.event import DOMAIN as EVENT_DOMAIN, EventEntityStateAttribute
from homeassistant.const import CONF_OPTIONS
from homeassistant.core import HomeAssistant, State
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.automation import DomainSpec
from homeassistant.helpers.trigger import (
    ENTITY_STATE_TRIGGER_SCHEMA,
    NotTriggeredReasonReporter,
    StatelessEntityTriggerBase,
    Trigger,
    TriggerConfig,
)
import probatio

from .ours import async_ours
from .vehicle import AlertType, CommandStatus

CONF_ALERT = "alert"
CONF_AREA = "area"


class HappenedTrigger(StatelessEntityTriggerBase):
    """Triggers when an event entity of a vehicle tells one of certain types."""

    _domain_specs = {EVENT_DOMAIN: DomainSpec()}
    _primary_entities_only = False
    key: ClassVar[str]
    types: frozenset[str]

    @override
    def entity_filter(self, entities: set[str]) -> set[str]:
        return async_ours(self._hass, super().entity_filter(entities), self.key)

    @override
    def is_valid_state(self, state: State, report_not_triggered: NotTriggeredReasonReporter) -> bool:
        return state.attributes.get(EventEntityStateAttribute.EVENT_TYPE) in self.types


class AlertReceivedTrigger(HappenedTrigger):
    """Triggers on any alert, or on those that were chosen."""

    _schema = ENTITY_STATE_TRIGGER_SCHEMA.extend(
        {
            probatio.Required(CONF_OPTIONS, default={}): {
                probatio.Optional(CONF_ALERT): probatio.All(cv.ensure_list, [probatio.In([*AlertType])])
            }
        }
    )
    key = "alert"

    def __init__(self, hass: HomeAssistant, config: TriggerConfig) -> None:
        """Take the chosen types."""
        super().__init__(hass, config)
        self.types = frozenset(self._options.get(CONF_ALERT, AlertType))


class CrossedTrigger(HappenedTrigger):
    """Triggers when a vehicle crosses the edge of any area, or of those that were named."""

    _schema = ENTITY_STATE_TRIGGER_SCHEMA.extend(
        {
            probatio.Required(CONF_OPTIONS, default={}): {
                probatio.Optional(CONF_AREA): probatio.All(cv.ensure_list, [cv.string])
            }
        }
    )
    key = "alert"

    @override
    def is_valid_state(self, state: State, report_not_triggered: NotTriggeredReasonReporter) -> bool:
        if not super().is_valid_state(state, report_not_triggered):
            return False
        named = self._options.get(CONF_AREA)
        return not named or state.attributes.get("subject") in named


def _on(entity: str, happened: Iterable[str], base: type[HappenedTrigger] = HappenedTrigger) -> type[Trigger]:
    class Happened(base):  # type: ignore[misc,valid-type]
        key = entity
        types = frozenset(happened)

    return Happened


TRIGGERS: dict[str, type[Trigger]] = {
    "alert_received": AlertReceivedTrigger,
    "charge_dropped_below": _on("alert", {AlertType.CHARGE_BELOW}),
    "charging_finished": _on("alert", {AlertType.CHARGING_FINISHED}),
    "command_failed": _on("command", {*CommandStatus} - {CommandStatus.CONFIRMED}),
    "entered_area": _on("alert", {AlertType.ENTERED_AREA}, CrossedTrigger),
    "left_area": _on("alert", {AlertType.LEFT_AREA}, CrossedTrigger),
    "left_unlocked": _on("alert", {AlertType.LEFT_UNLOCKED}),
    "plugged_in": _on("alert", {AlertType.PLUGGED_IN}),
    "unplugged": _on("alert", {AlertType.UNPLUGGED}),
}


async def async_get_triggers(hass: HomeAssistant) -> dict[str, type[Trigger]]:
    """Return the triggers."""
    return TRIGGERS
