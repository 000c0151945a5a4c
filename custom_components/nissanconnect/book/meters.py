"""Notes what the meters of a vehicle's charge plans have counted, while the vehicle is where they are."""

from collections.abc import Callable

from homeassistant.core import CALLBACK_TYPE, Event, EventStateChangedData, HomeAssistant, callback
from homeassistant.helpers.event import async_track_state_change_event
from homeassistant.util import dt as dt_util

from ..charging.control import ChargeControl
from ..charging.meter import metered_energy
from ..charging.plans import ChargePlanSettings
from ..engine.book_readings import Reading


class Meters:
    """The meters of one vehicle."""

    def __init__(
        self,
        hass: HomeAssistant,
        charge: ChargeControl,
        *,
        is_there: Callable[[ChargePlanSettings], bool],
        note: Callable[[Reading], None],
    ) -> None:
        """``is_there`` tells whether the vehicle may be where a plan holds; ``note`` takes what a meter has counted."""
        self._hass = hass
        self._charge = charge
        self._is_there = is_there
        self._note = note
        self._stop_plans: CALLBACK_TYPE | None = None
        self._stop_states: CALLBACK_TYPE | None = None

    @callback
    def async_start(self) -> None:
        """Begin to follow the meters."""
        self._stop_plans = self._charge.async_add_plans_listener(self._async_follow)
        self._async_follow()

    @callback
    def async_stop(self) -> None:
        """Stop."""
        for stop in (self._stop_plans, self._stop_states):
            if stop is not None:
                stop()
        self._stop_plans = self._stop_states = None

    @property
    def entity_ids(self) -> set[str]:
        """All of them, wherever they are."""
        return {plan.switch.energy_sensor for plan in self._charge.plans if plan.switch.energy_sensor}

    @callback
    def async_note(self) -> None:
        """Note what all of them show now: it is what a charge that begins is measured from."""
        for entity_id in self._reachable():
            self._async_note(entity_id)

    def _reachable(self) -> set[str]:
        metered = ((plan, plan.switch.energy_sensor) for plan in self._charge.plans)
        return {sensor for plan, sensor in metered if sensor and self._is_there(plan)}

    @callback
    def _async_follow(self) -> None:
        if self._stop_states is not None:
            self._stop_states()
        self._stop_states = async_track_state_change_event(self._hass, self.entity_ids, self._changed)

    @callback
    def _changed(self, event: Event[EventStateChangedData]) -> None:
        if event.data["entity_id"] in self._reachable():
            self._async_note(event.data["entity_id"])

    @callback
    def _async_note(self, entity_id: str) -> None:
        if (counted := metered_energy(self._hass, entity_id)) is not None:
            self._note(Reading(dt_util.utcnow(), round(counted, 3), entity_id))
