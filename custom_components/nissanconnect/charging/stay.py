"""Carries out a charge plan while a vehicle is at the plug where it holds: plans, switches, and looks what comes of it.

When in doubt, it charges: whenever the plan lets go of the current, it leaves it on.
"""

from dataclasses import replace
from datetime import datetime, timedelta

from homeassistant.core import CALLBACK_TYPE, callback
from homeassistant.helpers.event import async_track_point_in_utc_time
from homeassistant.util import dt as dt_util

from ..alerts import VehicleAlerts
from ..commands import VehicleCommands
from ..coordinator import VehicleCoordinator
from ..engine.charge_physics import ChargeModel
from ..engine.charge_plan import ChargePlan, Period, PlanStatus
from ..engine.charge_session import CHECK_AFTER, ChargeMemory, ChargeSession, ChargeView, Order, SessionMode, Step
from ..engine.charge_wishes import ready_by
from ..vehicle import Alert, AlertType, Capability, Initiator, Refresh
from .display import ChargeDisplay, charge_display
from .inputs import ChargeInputs
from .planning import PlanGroup, Planning, ToPlan
from .plans import ChargePlanSettings
from .switch import INITIATOR, charge_switch
from .switcher import ChargeSwitcher
from .tasks import charge_task, charge_view, standing_of, unplanned, without_planning

_UPDATE_EVERY = timedelta(minutes=15)


class ChargeStay:
    """One stay of a vehicle at the plug. ``display`` is ``None`` until something was decided."""

    def __init__(
        self,
        coordinator: VehicleCoordinator,
        commands: VehicleCommands,
        alerts: VehicleAlerts,
        settings: ChargePlanSettings,
        *,
        group: PlanGroup,
        memory: ChargeMemory,
        on_change: CALLBACK_TYPE,
    ) -> None:
        """``group`` are the stays that share a connection to the grid.

        ``memory`` holds what a restart has interrupted, if it has; ``on_change`` is called after each update.
        """
        self.settings = settings
        self.memory = memory
        self.plan: ChargePlan | None = None
        self.display: ChargeDisplay | None = None
        self._coordinator = coordinator
        self._hass = coordinator.hass
        self._commands = commands
        self._alerts = alerts
        self._on_change = on_change
        self._is_over = False
        self._capacity: float | None = None
        self._was_available, self._had_failed = True, False
        self._planning = Planning(coordinator, group, self._to_plan, self.async_update)
        self._cancel_timer: CALLBACK_TYPE | None = None
        self._inputs = ChargeInputs(coordinator, settings, self.async_update)
        self._async_set_switch()
        order = memory.session.order if memory.session else None
        alerts.async_note_pause(order is not None and not order.on)

    @callback
    def _async_set_switch(self) -> None:
        self._switch = charge_switch(self._hass, self.settings.switch, self._coordinator, self._commands)
        self.switcher = ChargeSwitcher(
            self._coordinator, self._switch, self._alerts.async_note_pause, self.async_update
        )
        self._untrack = self._switch.async_track(self._async_by_hand, self.async_update)

    @property
    def session(self) -> ChargeSession | None:
        """What is known of the stay; ``None`` until its first update."""
        return self.memory.session

    @callback
    def async_use(self, settings: ChargePlanSettings) -> None:
        """Go by other settings from now on."""
        if not self._inputs.serve(settings):
            self._inputs.async_stop()
            self._inputs = ChargeInputs(self._coordinator, settings, self.async_update)
        before, self.settings = self.settings, settings
        if settings.departs != before.departs and self.session is not None:
            self._async_keep(replace(self.session, ready_by=None))
        costs_change = settings.wishes.target != before.wishes.target or settings.price != before.price
        if costs_change and self.session is not None:
            self._async_keep(replace(self.session, cost_at_once=None))
        if settings.switch != before.switch:
            if settings.switch.outlet != before.switch.outlet:
                self._async_let_go()  # what switched is not ours any more
                if self.session is not None:
                    self._async_keep(replace(self.session, order=None))
            else:
                self.switcher.async_forget()
            self._untrack()
            self._async_set_switch()

    @callback
    def async_set_mode(self, mode: SessionMode) -> None:
        """Set who decides when current flows."""
        if self.session is not None:
            before, order = self.session.mode, self.session.order
            if mode is SessionMode.PLAN or not before.is_planned or (order is not None and order.given_up):
                order = None  # so that the next update gives one: somebody else may have switched since the last
            self._async_keep(replace(self.session, mode=mode, order=order))
            if mode is SessionMode.SKIPPED and before is SessionMode.SUSPENDED:
                self.switcher.async_let_go()
            self.async_update()

    @callback
    def _async_by_hand(self, on: bool, is_certain: bool) -> None:
        """Somebody else has switched: their wish wins until the vehicle is plugged in the next time.

        Soon after an order, a switch may show its old state once more, or flip back.
        """
        session = self.session
        if session is None or not session.mode.is_planned:
            return
        if (order := session.order) is not None:
            is_soon = timedelta() <= dt_util.utcnow() - order.at < CHECK_AFTER
            if order.on is on or (is_soon and not is_certain):
                return
        self.switcher.async_forget()
        self.async_set_mode(SessionMode.SUSPENDED)

    @property
    def owed(self) -> ChargeSession | None:
        """What a restart must not lose of a stay that has ended: that its outlet could not be left on yet."""
        session = self.session
        if session is None or session.order is None or not self.switcher.insists:
            return None
        order = replace(session.order, on=False)
        return replace(ChargeSession.begin(session.since), plan=session.plan, order=order)

    @callback
    def async_stop(self) -> None:
        """Stop without switching anything: the next start goes on."""
        self._is_over = True
        self._untrack()
        self._async_cancel_timer()
        self._inputs.async_stop()
        self._planning.async_stop()

    @callback
    def async_end(self) -> ChargeModel:
        """Leave the current on, and return what was learnt from the stay."""
        self._async_let_go()
        self._alerts.async_note_pause(False)
        self._alerts.charge_target = None
        self.async_stop()
        if self.session is None or self._capacity is None:
            return self.memory.model
        charge = self.session.finished(self._capacity, metered=self._switch.metered_power is not None)
        return self.memory.model if charge is None else self.memory.model.after(charge)

    # An update

    @callback
    def async_update(self, _: datetime | None = None) -> None:
        """Decide anew what is to be done about the current, and do it."""
        if self._is_over:
            return
        now = dt_util.utcnow()
        self._inputs.async_read_if_due(now)
        if self.session is not None or self._inputs.prices is not None:  # what has flowed has a price
            self._async_carry_on(self._view(now))
            self._planning.async_tell(now)
        self._on_change()

    @callback
    def _async_carry_on(self, view: ChargeView) -> None:
        """Bring the session up to date, and decide as soon as there is a plan for it."""
        session = (self.session or ChargeSession.begin(view.now)).after(view)
        available, failed, order = self._switch.available, self.switcher.failure is not None, session.order
        if order is not None:
            works_again = self._had_failed and not failed and not self._switch.by_vehicle
            if works_again or (available and not self._was_available):
                session = replace(session, order=None)  # it may have missed the last order, or begins to obey only now
            else:
                confirmed = order.confirmed and self.switcher.obeys(order.on)
                session = replace(session, order=replace(order, confirmed=confirmed))
        self._was_available, self._had_failed = available, failed
        following = self.settings.wishes.next_ready_by(
            view.now, dt_util.get_default_time_zone(), self._inputs.departures
        )
        due = ready_by(view.now, session.ready_by, following, done=session.done_at is not None)
        session = replace(session, plan=self.settings.key, ready_by=due)
        self._alerts.charge_target = view.target if session.mode.is_planned else None
        self._async_keep(session)
        self._async_update_at(session.next_check(self.plan))
        if self._inputs.prices is None:
            return  # they will be known, or known to be missing, in a moment
        plan = without_planning(self._switch, session)
        if plan is None and isinstance(wanted := self._to_plan(view.now), ToPlan):
            self._capacity = wanted.task.capacity
            plan = self._planning.async_plan(wanted)
        if plan is not None:
            self._async_decide(plan, session, view)

    def _to_plan(self, now: datetime) -> ToPlan | Period | None:
        """Return what there is to plan at a time, or what flows without a plan; ``None`` if nothing."""
        if self.session is None or self._is_over:
            return None
        session = self.session.after(self._view(now))
        if without_planning(self._switch, session) is not None:
            return unplanned(session)
        if self._inputs.prices is None:
            return None
        memory = replace(self.memory, session=session)
        task = charge_task(self.settings, self._coordinator, self._switch, memory, self._inputs)
        version = session.level, session.order
        return ToPlan(task, self.settings.price, self._inputs.prices, version, unplanned(session))

    @callback
    def _async_decide(self, plan: ChargePlan, session: ChargeSession, view: ChargeView) -> None:
        """Switch as planned, and tell the owner what has to be told."""
        if session.cost_at_once is None:
            at_once, spent = plan.cost_at_once, session.cost
            session = replace(session, cost_at_once=None if at_once is None or spent is None else at_once + spent)
        wanted = session.wants_current(plan)
        if wanted is False and self._inputs.is_away(view.now):
            wanted = True
        step = Step.NOTHING
        if wanted is not None and (wanted or self._switch.can_stop):
            session, step = session.switched(wanted, view)
        if plan.status is PlanStatus.TOO_LATE and not session.warned:
            session = replace(session, warned=True)
            missing = {"missing": round(plan.missing, 1)}
            self._alerts.async_report([Alert(type=AlertType.TOO_LATE, at=view.now, details=missing)])
        may_ask = self.settings.refresh and Capability.REFRESH in self._coordinator.info.capabilities
        if may_ask and session.asks_for_report():
            session = replace(session, asked_at=view.now)
            self._commands.async_submit(Refresh(), Initiator(kind=INITIATOR))
        self.plan = plan
        self._async_keep(session)
        if wanted is None:
            self._async_let_go()
        else:
            self._async_take(step, wanted)
        self.display = charge_display(
            standing_of(plan, session),
            plan,
            session,
            name=self.settings.name,
            currency=self._inputs.prices.currency if self._inputs.prices else self._hass.config.currency,
            failure=self.failure,
        )
        self._async_update_at(session.next_check(plan))

    @property
    def failure(self) -> str | None:
        """The key of why the current could not be switched, unless it obeys all the same, or why prices fail."""
        order = self.session.order if self.session else None
        switching = None if order is not None and order.confirmed else self.switcher.failure
        return switching or (self._inputs.prices.fault if self._inputs.prices else None)

    def _view(self, now: datetime) -> ChargeView:
        return charge_view(self.settings, self._coordinator, self._switch, self.memory, self._inputs, at=now)

    # What it comes to

    @callback
    def _async_let_go(self) -> None:
        """Leave the current on, if it was us who switched it off."""
        session = self.session
        if session is None or session.order is None or session.order.on:
            return
        self._async_keep(replace(session, order=Order(on=True, at=dt_util.utcnow(), given_up=True)))
        charging = self._coordinator.data.charging
        started_by_hand = session.mode is SessionMode.SUSPENDED and charging is not None and charging.active
        unplugged = charging is not None and charging.plugged_in is False
        if not (self._switch.by_vehicle and (unplugged or started_by_hand)):
            self.switcher.async_let_go()

    @callback
    def _async_take(self, step: Step, wanted: bool) -> None:
        match step:
            case Step.SWITCH | Step.RETRY:
                power = self.settings.wishes.power
                self.switcher.async_order(wanted, power, again=step is Step.RETRY)
            case Step.LOOK:
                self.switcher.async_look()
            case Step.GIVE_UP:
                reason = {"reason": self.switcher.failure or "not_seen"}
                self._alerts.async_report([Alert(type=AlertType.PLAN_FAILED, at=dt_util.utcnow(), details=reason)])

    @callback
    def _async_keep(self, session: ChargeSession) -> None:
        self.memory = replace(self.memory, session=session)

    @callback
    def _async_update_at(self, at: datetime | None) -> None:
        """Update again at a time, when the price changes while current flows, and in any case after a while."""
        now = dt_util.utcnow()
        flows = self.session is not None and self.session.power > 0
        rate = self._inputs.rate(now, self.settings.wishes.power) if flows else None
        times = (at, rate and rate.end, self._inputs.due_at, now + _UPDATE_EVERY)
        self._async_cancel_timer()
        due_at = min(each for each in times if each is not None and each > now)
        self._cancel_timer = async_track_point_in_utc_time(self._hass, self.async_update, due_at)

    @callback
    def _async_cancel_timer(self) -> None:
        if self._cancel_timer is not None:
            self._cancel_timer()
            self._cancel_timer = None
