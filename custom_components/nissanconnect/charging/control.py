"""The charge plans of one vehicle: which of them holds, what its owner wants of it, and what entities show."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers.start import async_at_started

from ..alerts import VehicleAlerts
from ..commands import VehicleCommands
from ..const import DOMAIN
from ..coordinator import StateUpdate, VehicleCoordinator
from ..engine.charge_session import ChargeMemory, ChargeSession, SessionMode
from .display import ChargeDisplay
from .planning import PlanGroup
from .plans import ChargePlanSettings, async_change_plan
from .stay import ChargeStay
from .tasks import NOT_PLUGGED_IN, PLACE_UNKNOWN, SWITCHED_OFF, Standing, select_plan


class ChargeControl:
    """The charge plans of one vehicle. ``plans`` are all that it has; ``stay`` carries one out, if one holds now.

    ``display`` is what entities show. It is ``None`` after a start until something was decided: whatever is shown
    before might not be true.
    """

    def __init__(
        self,
        coordinator: VehicleCoordinator,
        commands: VehicleCommands,
        alerts: VehicleAlerts,
        *,
        group: PlanGroup,
        memory: ChargeMemory,
        plans: Sequence[ChargePlanSettings],
    ) -> None:
        """Nothing is switched before :meth:`async_start`."""
        self.plans = tuple(plans)
        self.stay: ChargeStay | None = None
        self.display: ChargeDisplay | None = None
        self._coordinator = coordinator
        self._hass = coordinator.hass
        self._commands = commands
        self._alerts = alerts
        self._group = group
        self._memory = memory
        self._started = False
        self._ended: ChargeStay | None = None
        """The last stay. It may still be about to leave the current on."""
        self._listeners: list[CALLBACK_TYPE] = []
        self._plans_listeners: list[CALLBACK_TYPE] = []
        self._shown: object = None

    @callback
    def async_add_listener(self, listener: CALLBACK_TYPE) -> CALLBACK_TYPE:
        """Call ``listener`` when there is something new to show."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    @callback
    def async_add_plans_listener(self, listener: CALLBACK_TYPE) -> CALLBACK_TYPE:
        """Call ``listener`` when the vehicle has other plans than before."""
        self._plans_listeners.append(listener)
        return lambda: self._plans_listeners.remove(listener)

    @property
    def memory(self) -> ChargeMemory:
        """What a restart must not lose."""
        if self.stay is not None:
            return replace(self.stay.memory, enabled=self._memory.enabled)
        owed = self._ended.owed if self._ended is not None else None
        return self._memory if owed is None else replace(self._memory, session=owed)

    @property
    def settings(self) -> ChargePlanSettings | None:
        """The plan that holds now, or else the first."""
        return self.stay.settings if self.stay else next(iter(self.plans), None)

    @property
    def is_on(self) -> bool:
        """Whether the vehicle charges by its plan whenever it can."""
        session = self.memory.session
        suspended = session is not None and session.mode is SessionMode.SUSPENDED
        return self._memory.enabled and not suspended

    # What the owner does

    @callback
    def async_set_enabled(self, enabled: bool) -> None:
        """Charge by plan from now on, also after somebody has switched by hand, or do not."""
        self._memory = replace(self._memory, enabled=enabled)
        session = self.memory.session
        if enabled and session is not None and session.mode is not SessionMode.PLAN:
            if self.stay is not None:
                self.stay.async_set_mode(SessionMode.PLAN)
            else:
                self._memory = replace(self._memory, session=replace(session, mode=SessionMode.PLAN))
        self.async_update()

    @callback
    def async_charge_now(self) -> None:
        """Charge at once up to the target, whatever it costs; raises a translated error if it is not plugged in."""
        self._async_set_mode(SessionMode.NOW)

    @callback
    def async_skip(self) -> None:
        """Charge without a plan until the vehicle is plugged in the next time; raises as the other."""
        self._async_set_mode(SessionMode.SKIPPED)

    @callback
    def _async_set_mode(self, mode: SessionMode) -> None:
        if self.stay is None or self.stay.session is None:
            raise ServiceValidationError(translation_domain=DOMAIN, translation_key="no_charge_session")
        self.stay.async_set_mode(mode)

    @callback
    def async_change(self, **changes: Any) -> None:
        """Change values of the plan that holds now, or of the first."""
        if (plan := self.settings) is not None:
            async_change_plan(self._hass, self._coordinator.config_entry, plan.key, **changes)

    # What happens

    @callback
    def async_start(self) -> None:
        """Begin, or go on after a restart, once everything that may switch and tell prices is there."""

        @callback
        def begin(_: HomeAssistant) -> None:
            self._started = True
            self.async_update()

        self._coordinator.config_entry.async_on_unload(async_at_started(self._hass, begin))

    @callback
    def async_stop(self) -> None:
        """Stop without switching anything: the next start goes on."""
        self._started = False
        if self.stay is not None:
            self.stay.async_stop()

    @callback
    def async_end(self) -> None:
        """Leave the current on, because no plan holds, or the vehicle has left."""
        if self.stay is not None:
            self._memory = replace(self._memory, session=None, model=self.stay.async_end())
            self.stay, self._ended = None, self.stay

    @callback
    def async_set_plans(self, plans: Sequence[ChargePlanSettings]) -> None:
        """Use these plans from now on."""
        self.plans = tuple(plans)
        self.async_update()
        for listener in list(self._plans_listeners):
            listener()

    @callback
    def async_observe(self, update: StateUpdate) -> None:
        """Look again after an update of the vehicle."""
        before, state = update.before, update.state
        if (before.battery, before.charging, before.position) != (state.battery, state.charging, state.position):
            self.async_update()

    @callback
    def async_update(self) -> None:
        """Choose the plan that holds now, and have it carried out."""
        if not self._started:
            return
        found, session = self._select(), self._memory.session
        # After a start, the stay that was interrupted goes on by its own plan first: it knows what it has switched.
        interrupted = next((plan for plan in self.plans if session and plan.key == session.plan), None)
        begun = interrupted or (None if isinstance(found, Standing) else found)
        if self.stay is None and begun is not None:
            if self._ended is not None and self._ended.settings.switch.outlet == begun.switch.outlet:
                self._ended.switcher.async_forget()
            self.stay = ChargeStay(
                self._coordinator,
                self._commands,
                self._alerts,
                begun,
                group=self._group,
                memory=self._memory,
                on_change=self._async_stay_changed,
            )
        if isinstance(found, Standing):
            wish = _wish(found, self.memory.session)
            self.async_end()
            self._memory = replace(self._memory, session=wish)
            self.display = ChargeDisplay(standing=found, currency=self._hass.config.currency)
            self._async_show()
        elif self.stay is not None:
            if found != self.stay.settings:
                self.stay.async_use(found)
            self.stay.async_update()

    def _select(self) -> ChargePlanSettings | Standing:
        """Return the plan that holds now; without one, why."""
        charging = self._coordinator.data.charging
        if not self._memory.enabled:
            return SWITCHED_OFF
        plugged_in = charging.plugged_in if charging else None
        if plugged_in is False or (plugged_in is None and self.stay is None and self._memory.session is None):
            return NOT_PLUGGED_IN  # what is not reported for once has not ended
        return select_plan(self._hass, self.plans, self._coordinator.data.position, self._alerts)

    @callback
    def _async_stay_changed(self) -> None:
        display = self.stay.display if self.stay is not None else None
        if display is not None and (self.display is None or not self.display.is_like(display)):
            self.display = display
        self._async_show()

    @callback
    def _async_show(self) -> None:
        """Store and show what is new."""
        shown = self.display, self.settings, self.is_on
        if shown == self._shown:
            return
        self._shown = shown
        self._coordinator.connection.store.async_schedule_save(at_once=True)
        for listener in list(self._listeners):
            listener()


def _wish(found: Standing, session: ChargeSession | None) -> ChargeSession | None:
    """Return what the owner wants of a stay at the plug, if it is only hidden where the vehicle is."""
    if found != PLACE_UNKNOWN or session is None or session.mode is SessionMode.PLAN:
        return None
    return replace(ChargeSession.begin(session.since), mode=session.mode, odometer=session.odometer)
