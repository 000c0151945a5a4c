"""Conditions that Home Assistant's own ones for batteries, locks, climate and zones do not cover.

What is unknown does not count: unlike Home Assistant's own, "all" is never true of vehicles that report nothing.
"""

from datetime import timedelta
from typing import ClassVar, override

from homeassistant.components.binary_sensor import DOMAIN as BINARY_SENSOR_DOMAIN
from homeassistant.components.calendar import DOMAIN as CALENDAR_DOMAIN
from homeassistant.components.sensor import DOMAIN as SENSOR_DOMAIN
from homeassistant.const import CONF_OPTIONS, CONF_TARGET, STATE_ON
from homeassistant.core import HomeAssistant, State
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.automation import DomainSpec
from homeassistant.helpers.condition import (
    ATTR_BEHAVIOR,
    BEHAVIOR_ALL,
    BEHAVIOR_ANY,
    Condition,
    ConditionConfig,
    EntityConditionBase,
    EntityStateConditionBase,
)
from homeassistant.util import dt as dt_util
import probatio

from .trigger import async_ours

CONF_AGE = "age"


class VehicleCondition(EntityConditionBase):
    """Tests the entity with one key of each vehicle."""

    _key: ClassVar[str]

    @override
    def entity_filter(self, entities: set[str]) -> set[str]:
        return async_ours(self._hass, super().entity_filter(entities), self._key)

    @override
    def _should_include(self, _state: State) -> bool:
        return True

    @override
    def _check_all_match_state(self, states: list[State]) -> bool:
        return bool(states) and super()._check_all_match_state(states)


class IsPluggedIn(VehicleCondition, EntityStateConditionBase):
    """Tests whether vehicles are plugged in."""

    _domain_specs = {BINARY_SENSOR_DOMAIN: DomainSpec()}
    _states = {STATE_ON}
    _key = "plugged_in"


class IsInsideGeofence(VehicleCondition, EntityStateConditionBase):
    """Tests whether vehicles are inside geofences."""

    _domain_specs = {BINARY_SENSOR_DOMAIN: DomainSpec()}
    _states = {STATE_ON}
    _key = "area"


class IsInCheapBlock(VehicleCondition, EntityStateConditionBase):
    """Tests whether it is time to charge by the charge plans of vehicles."""

    _domain_specs = {CALENDAR_DOMAIN: DomainSpec()}
    _states = {STATE_ON}
    _key = "charging"


class IsFresh(VehicleCondition):
    """Tests whether vehicles have reported lately."""

    _domain_specs = {SENSOR_DOMAIN: DomainSpec()}
    _primary_entities_only = False
    _schema = probatio.Schema(
        {
            probatio.Required(CONF_TARGET): cv.TARGET_FIELDS,
            probatio.Required(CONF_OPTIONS): {
                probatio.Required(ATTR_BEHAVIOR, default=BEHAVIOR_ANY): probatio.In([BEHAVIOR_ANY, BEHAVIOR_ALL]),
                probatio.Required(CONF_AGE): cv.positive_time_period,
            },
        }
    )
    _key = "last_report"

    def __init__(self, hass: HomeAssistant, config: ConditionConfig) -> None:
        """Take the age that is still fresh."""
        super().__init__(hass, config)
        self._age: timedelta = (config.options or {})[CONF_AGE]

    @property
    @override
    def needs_polling(self) -> bool:
        return True  # data grow old without a change of state

    @override
    def is_valid_state(self, entity_state: State) -> bool:
        reported_at = dt_util.parse_datetime(entity_state.state)
        return reported_at is not None and dt_util.utcnow() - reported_at <= self._age


CONDITIONS: dict[str, type[Condition]] = {
    "is_fresh": IsFresh,
    "is_in_cheap_block": IsInCheapBlock,
    "is_inside_area": IsInsideGeofence,
    "is_plugged_in": IsPluggedIn,
}


async def async_get_conditions(hass: HomeAssistant) -> dict[str, type[Condition]]:
    """Return the conditions."""
    return CONDITIONS
