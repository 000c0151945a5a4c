"""Carries out the charge plan of one vehicle: plans when it is plugged in, switches, and looks whether that worked.

When in doubt, it charges: whenever the plan lets go of the current, it leaves it on.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers.event import async_track_point_in_utc_time
from homeassistant.helpers.start import async_at_started
from homeassistant.util import dt as dt_util

from .alerts import VehicleAlerts
from .charge_inputs import ChargeInputs
from .charge_outlet import UNCHANGED
from .charge_planning import (
    NOT_PLUGGED_IN,
    Planning,
    Standing,
    charge_task,
    select_plan,
    standing_of,
    without_planning,
)
from .charge_plans import ChargePlanSettings, async_change_plan
from .charge_switch import INITIATOR, ChargeSwitch, charge_switch
from .charge_switcher import ChargeSwitcher
from .commands import VehicleCommands
from .const import DOMAIN
from .coordinator import StateUpdate, VehicleCoordinator
from .engine.charge_planner import Block, ChargePlan, PlanReason, PlanStatus
from .engine.charge_session import ChargeMemory, ChargeSession, ChargeView, Order, SessionMode, Step
from .engine.charge_wishes import ready_by
from .vehicle import Alert, AlertType, Capability, ChargingStatus, Initiator, Refresh

_UPDATE_EVERY = timedelta(minutes=15)


class ChargeControl:
    """The charge plans of one vehicle. ``plans`` are all that it has, ``settings`` the one that holds where it is."""

    def __init__(
        self,
        coordinator: VehicleCoordinator,
        commands: VehicleCommands,
        alerts: VehicleAlerts,
        memory: ChargeMemory,
        plans: Sequence[ChargePlanSettings],
    ) -> None:
        """Nothing is switched before :meth:`async_start`."""
        self.plans = tuple(plans)
        self.memory = memory
        self.settings: ChargePlanSettings | None = None
        self.plan: ChargePlan | None = None
        self.standing = NOT_PLUGGED_IN
        self.is_decided = False
        """Whether anything was decided since the start: what is shown before would not be true."""
        self.blocks: list[Block] = []
        """The times in which it has charged and will charge during this stay at the plug, as of the last plan."""
        self.inputs: ChargeInputs | None = None
        self.switch: ChargeSwitch | None = None
        self._coordinator = coordinator
        self._hass = coordinator.hass
        self._commands = commands
        self._alerts = alerts
        self._available = True
        self._capacity: float | None = None
        self._switcher = ChargeSwitcher(coordinator, self.async_update)
        self._planning = Planning(coordinator, self.async_update)
        self._started = False
        self._listeners: list[CALLBACK_TYPE] = []
        self._plans_listeners: list[CALLBACK_TYPE] = []
        self._shown: object = None
        self._untrack: CALLBACK_TYPE | None = None
        self._cancel_timer: CALLBACK_TYPE | None = None

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

    # What entities show

    @property
    def session(self) -> ChargeSession | None:
        """The stay at the plug, if there is one."""
        return self.memory.session

    @property
    def shown_settings(self) -> ChargePlanSettings | None:
        """The plan that holds now, or else the first."""
        return self.settings or next(iter(self.plans), None)

    @property
    def planned_start(self) -> datetime | None:
        """When it charges next, or since when it does."""
        now = dt_util.utcnow()
        return next((block.start for block in self.blocks if block.end > now), None)

    @property
    def planned_finish(self) -> datetime | None:
        """When the last block ends."""
        return self.blocks[-1].end if self.blocks else None

    @property
    def failure(self) -> str | None:
        """The key of why the current could not be switched, or why prices cannot be read."""
        prices = self.inputs.prices if self.inputs else None
        return self._switcher.failure or (prices.fault if prices else None)

    @property
    def is_on(self) -> bool:
        """Whether the vehicle charges by its plan whenever it can."""
        suspended = self.session is not None and self.session.mode is SessionMode.SUSPENDED
        return self.memory.enabled and not suspended

    @property
    def planned_energy(self) -> float | None:
        """The kWh of all of them."""
        return sum(block.energy for block in self.blocks) if self.plan is not None and self.session else None

    @property
    def planned_cost(self) -> float | None:
        """What they cost, ``None`` if that is not known."""
        costs = [block.cost for block in self.blocks]
        if self.plan is None or self.session is None or None in costs:
            return None
        return sum(cost for cost in costs if cost is not None)

    @property
    def planned_saving(self) -> float | None:
        """How much less that is than charging at once would have cost."""
        at_once = self.session.cost_at_once if self.session and self.session.mode.is_planned else None
        cost = self.planned_cost
        return None if at_once is None or cost is None else at_once - cost

    # What the owner does

    @callback
    def async_set_enabled(self, enabled: bool) -> None:
        """Charge by plan from now on, also after somebody has switched by hand, or do not."""
        session = self.session
        if enabled and session is not None and session.mode is not SessionMode.PLAN:
            self._async_keep(replace(session, mode=SessionMode.PLAN, order=None))
        self.memory = replace(self.memory, enabled=enabled)
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
    def async_change(self, **changes: Any) -> None:
        """Change values of the plan that holds now, or of the first."""
        if (plan := self.shown_settings) is not None:
            async_change_plan(self._hass, self._coordinator.config_entry, plan.key, **changes)

    @callback
    def _async_set_mode(self, mode: SessionMode) -> None:
        if self.session is None:
            raise ServiceValidationError(translation_domain=DOMAIN, translation_key="no_charge_session")
        self._async_keep(replace(self.session, mode=mode))
        self.async_update()

    @callback
    def _async_by_hand(self) -> None:
        """Somebody else has switched: their wish wins until the vehicle is plugged in the next time."""
        if self.session is not None and self.session.mode.is_planned:
            self._async_set_mode(SessionMode.SUSPENDED)

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
        self._async_untrack()
        self._async_cancel_timer()
        if self.inputs is not None:
            self.inputs.async_stop()

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
    def async_update(self, _: datetime | None = None) -> None:
        """Decide anew what is to be done about the current, and do it."""
        if not self._started:
            return
        self._async_cancel_timer()
        found = self._select()
        settings = None if isinstance(found, Standing) else found
        if settings != self.settings:
            self._async_use(settings)
        if isinstance(found, Standing):
            self.standing, self.plan, self.blocks, self.is_decided = found, None, [], True
            self._async_keep(None)
        elif self.switch is not None and self.inputs is not None:
            self._async_carry_on(found, self.switch, self.inputs)
        self._async_show()

    def _select(self) -> ChargePlanSettings | Standing:
        """Return the plan that holds now; without one, why."""
        charging = self._coordinator.data.charging
        if not self.memory.enabled:
            return Standing(PlanStatus.OFF, PlanReason.SWITCHED_OFF)
        if charging is None or not charging.plugged_in:
            return NOT_PLUGGED_IN
        return select_plan(self._hass, self.plans, self._coordinator.data.position, self._alerts)

    @callback
    def _async_use(self, settings: ChargePlanSettings | None) -> None:
        """Go by other settings, or by none."""
        before, self.settings = self.settings, settings
        if before is not None and (settings is None or before.switch != settings.switch):
            self._async_let_go()  # what switched is not ours any more
            if self.session is not None:
                self._async_keep(replace(self.session, order=None))
        self._async_untrack()
        if self.inputs is not None and (settings is None or not self.inputs.serve(settings)):
            self.inputs.async_stop()
            self.inputs = None
        if settings is None:
            self._async_learn()
            self.switch = None
            return
        if self.inputs is None:
            self.inputs = ChargeInputs(self._coordinator, settings, self.async_update)
        self.switch = charge_switch(self._hass, settings.switch, self._coordinator, self._commands)
        self._untrack = self.switch.async_track(self._async_by_hand, self.async_update)

    @callback
    def _async_carry_on(self, settings: ChargePlanSettings, switch: ChargeSwitch, inputs: ChargeInputs) -> None:
        """Update the stay at the plug, plan, and switch as planned."""
        now = dt_util.utcnow()
        inputs.async_read_if_due(now)
        if self.session is None and inputs.prices is None:
            return  # what has flowed has a price, which will be known in a moment
        view = self._view(settings, switch, inputs, now)
        session = (self.session or ChargeSession.begin(now)).after(view)
        if session.order is not None and switch.available and not self._available:
            session = replace(session, order=None)  # it may have missed the last order
        elif session.order is not None and self._switcher.failure is not None:
            session = replace(session, order=replace(session.order, confirmed=False))
        self._available = switch.available
        following = settings.wishes.next_ready_by(now, dt_util.get_default_time_zone(), inputs.departures)
        done = session.done_at is not None
        due = ready_by(now, session.ready_by, following, done=done)
        session = replace(session, plan=settings.key, ready_by=due)
        self._async_keep(session)
        self._async_update_at(session.next_check(self.plan), inputs)
        if inputs.prices is None:
            return  # they will be known, or known to be missing, in a moment
        plan = without_planning(switch, session)
        if plan is None:
            task = charge_task(settings, self._coordinator, switch, self.memory, inputs)
            self._capacity = task.capacity
            plan = self._planning.async_plan(task, inputs.prices, (session.level, session.order))
        if plan is not None:
            self._async_decide(plan, settings, switch, inputs, view)

    @callback
    def _async_decide(
        self,
        plan: ChargePlan,
        settings: ChargePlanSettings,
        switch: ChargeSwitch,
        inputs: ChargeInputs,
        view: ChargeView,
    ) -> None:
        """Switch as planned, and tell the owner what has to be told."""
        session = self.session
        if session is None:
            return
        self.plan = plan
        if session.cost_at_once is None and session.order is None:
            at_once, spent = plan.cost_at_once, session.cost
            session = replace(session, cost_at_once=None if at_once is None or spent is None else at_once + spent)
        wanted = True if inputs.is_away(view.now) else session.wants_current(plan)
        step = Step.NOTHING
        if wanted is not None and (wanted or switch.can_stop):
            session, step = session.switched(wanted, view)
        if plan.status is PlanStatus.TOO_LATE and not session.warned:
            session = replace(session, warned=True)
            self._async_report(AlertType.TOO_LATE, missing=round(plan.missing, 1))
        if settings.refresh and session.asks_for_report() and Capability.REFRESH in self._coordinator.info.capabilities:
            session = replace(session, asked_at=view.now)
            self._commands.async_submit(Refresh(), Initiator(kind=INITIATOR))
        self._async_keep(session)
        self.blocks = session.blocks(plan)
        if wanted is None:
            self._async_let_go()
        else:
            self._async_take(step, wanted, settings, switch)
        self.standing, self.is_decided = standing_of(plan, session), True
        self._async_update_at(session.next_check(plan), inputs)

    def _view(
        self, settings: ChargePlanSettings, switch: ChargeSwitch, inputs: ChargeInputs, now: datetime
    ) -> ChargeView:
        """Return what is known now."""
        state, session, seen = self._coordinator.data, self.session or ChargeSession.begin(now), switch.seen
        battery, charging = state.battery, state.charging
        level = battery.level if battery else None
        level_at = battery.reported_at if battery else None
        if battery and level_at is None and session.level != level:
            level_at = battery.received_at  # of a source without times, the same level again says nothing new
        task = charge_task(settings, self._coordinator, switch, replace(self.memory, session=session), inputs)
        finished = charging is not None and charging.status is ChargingStatus.FINISHED
        return ChargeView(
            now=now,
            target=task.target,
            level=level,
            level_at=level_at,
            flowing=seen.flowing,
            seen_at=seen.at,
            power=switch.metered_power or settings.wishes.power,
            gain=task.battery_power / task.pace / task.capacity * 100 if task.capacity else 0.0,
            price=session.price if inputs.prices is None else inputs.price(now),
            finished=finished and charging is not None and charging.known_at >= session.since,
            by_vehicle=switch.by_vehicle,
        )

    @callback
    def _async_learn(self) -> None:
        """Learn from a stay at the plug that is over how much of the current arrives in the battery."""
        if self.session is None or self._capacity is None or self.switch is None:
            return
        charge = self.session.finished(self._capacity, metered=self.switch.metered_power is not None)
        if charge is not None:
            self.memory = replace(self.memory, model=self.memory.model.after(charge))

    # Switching

    @callback
    def _async_let_go(self) -> None:
        """Leave the current on, if it was us who switched it off."""
        session = self.session
        if session is None or session.order is None or session.order.on:
            return
        self._async_keep(replace(session, order=Order(on=True, at=dt_util.utcnow(), given_up=True)))
        charging = self._coordinator.data.charging
        if self.switch is not None and not (self.switch.by_vehicle and charging and charging.plugged_in is False):
            self._switcher.async_order(self.switch, True, UNCHANGED)

    @callback
    def _async_take(self, step: Step, wanted: bool, settings: ChargePlanSettings, switch: ChargeSwitch) -> None:
        """Do what the session needs."""
        match step:
            case Step.SWITCH | Step.RETRY:
                self._switcher.async_order(switch, wanted, settings.wishes.power, again=step is Step.RETRY)
            case Step.LOOK:
                self._switcher.async_look()
            case Step.GIVE_UP:
                self._async_report(AlertType.PLAN_FAILED, reason=self._switcher.failure or "not_seen")

    @callback
    def _async_report(self, kind: AlertType, **details: str | float) -> None:
        self._alerts.async_report([Alert(type=kind, at=dt_util.utcnow(), details=details)])

    # What is kept and shown

    @callback
    def _async_keep(self, session: ChargeSession | None) -> None:
        self.memory = replace(self.memory, session=session)

    @callback
    def _async_update_at(self, at: datetime | None, inputs: ChargeInputs) -> None:
        """Update again at a time, when the price changes while current flows, and in any case after a while."""
        now = dt_util.utcnow()
        flows = self.session is not None and self.session.power > 0
        times = (at, inputs.price_until(now) if flows else None, inputs.due_at, now + _UPDATE_EVERY)
        self._async_cancel_timer()
        due_at = min(each for each in times if each is not None and each > now)
        self._cancel_timer = async_track_point_in_utc_time(self._hass, self.async_update, due_at)

    @callback
    def _async_show(self) -> None:
        shown = (self.is_decided, self.standing, self.settings, self.is_on, [_rounded(block) for block in self.blocks])
        if shown == self._shown:
            return
        self._shown = shown
        self._coordinator.connection.store.async_schedule_save(at_once=True)
        for listener in list(self._listeners):
            listener()

    @callback
    def _async_cancel_timer(self) -> None:
        if self._cancel_timer is not None:
            self._cancel_timer()
            self._cancel_timer = None

    @callback
    def _async_untrack(self) -> None:
        if self._untrack is not None:
            self._untrack()
            self._untrack = None


def _rounded(block: Block) -> tuple[datetime, datetime, float, float | None]:
    """Return what of a block is worth showing anew."""
    cost = None if block.cost is None else round(block.cost, 2)
    start, end = (at.replace(second=0, microsecond=0) for at in (block.start, block.end))
    return start, end, round(block.energy, 1), cost
