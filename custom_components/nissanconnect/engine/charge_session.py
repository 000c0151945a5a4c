"""One stay at the plug: what has flowed, what was switched, and what the owner has done by hand.

The level is known only now and then: between two reports it is predicted from what flows. A session is kept over a
restart, so that the middle of a block stays the middle of a block.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum, auto
from typing import Self

from ..vehicle import PLANNED
from .charge_physics import ChargeModel, FinishedCharge
from .charge_plan import Block, ChargePlan, PlanStatus

CHECK_AFTER = timedelta(minutes=5)
"""How long after the switching the current must be seen to flow, or not to."""

_COARSE_CLOCK = timedelta(minutes=1)
"""By how much a report that has seen an order obeyed may seem to be older: some clouds state whole minutes."""

_ATTEMPTS = 2
"""After so many the owner is told. Further ones come after an hour, two hours more, three more, and so on."""

_LATELY = timedelta(hours=1)
"""For how long attempts count: whoever obeys for a moment only has not obeyed."""

_CLOSE = 0.05
"""How many % below the target counts as there: less than a minute."""

_FALLEN = 2.0
"""How many % below the target a charge that was done begins anew: reports round, and batteries rest."""

_ROUNDED_DOWN, _ROUNDED_UP, _EXACT = 1.0, 0.5, 0.2
"""How far the level can be above and below what is reported in whole %, and how far from any other number."""

_UNSURE = 0.12
"""By which part a prediction may be off: batteries age, and chargers differ."""

_CLOSE_ENOUGH = 1.0
"""%."""

_LATE = timedelta(hours=1)
"""How late it is believed that current began to flow before the vehicle was known to be plugged in."""

_SLOWEST, _FASTEST, _COARSE = 0.7, 1.3, 8.0
"""Within which bounds a prediction is corrected, and after how many % by half of what was seen."""

_MOST_FLOWS = 200

_DRIVEN = 2.0
"""How many km are a drive. Two sources may show distances that differ by less."""


class SessionMode(StrEnum):
    """Who decides when current flows."""

    PLAN = "plan"
    NOW = "now"
    """It charges at once: the owner has asked for that."""
    SKIPPED = "skipped"
    """The owner wants no plan this time."""
    SUSPENDED = "suspended"
    """Somebody has switched by hand."""

    @property
    def is_planned(self) -> bool:
        """Whether the plan decides when current flows."""
        return self in (SessionMode.PLAN, SessionMode.NOW)


class Step(StrEnum):
    """What to do about the current."""

    NOTHING = auto()
    SWITCH = auto()
    """Switch it as the order says."""
    LOOK = auto()
    """Read whether it has obeyed."""
    RETRY = auto()
    GIVE_UP = auto()
    """It was tried twice: tell the owner."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """Some time in which current flowed: kWh from the meter, their cost if prices were known, and the % gained."""

    start: datetime
    end: datetime
    energy: float = 0.0
    cost: float | None = 0.0
    gained: float = 0.0

    def share(self, start: datetime, end: datetime) -> float:
        """Return which part of it lies between two times."""
        seconds = (min(end, self.end) - max(start, self.start)).total_seconds()
        return max(seconds, 0.0) / (self.end - self.start).total_seconds() if self.end > self.start else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """How the current was last switched, and whether it was seen to obey; ``at`` is when the last attempt was made.

    ``looked``: the vehicle was read after that attempt.
    """

    on: bool
    at: datetime
    attempts: int = 1
    looked: bool = False
    confirmed: bool = False
    given_up: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargeView:
    """What is known at one moment.

    ``level`` is what the vehicle reported at ``level_at``. ``flowing`` is whether current was seen to flow at
    ``seen_at``, ``power`` how many kW flow if it does, ``price`` what a kWh costs, ``gain`` how many % an hour of it
    brings. ``meter`` is how many kWh a meter at the wall has counted. ``finished_at`` is when the vehicle called the
    charge finished, if it does. ``by_vehicle``: the vehicle itself switches, so that current which flows unasked was
    started by somebody else. ``odometer`` is the distance in km that the vehicle has shown since it was plugged in.
    """

    now: datetime
    target: float
    level: float | None = None
    level_at: datetime | None = None
    flowing: bool | None = None
    seen_at: datetime | None = None
    power: float = 0.0
    gain: float = 0.0
    price: float | None = None
    meter: float | None = None
    finished_at: datetime | None = None
    by_vehicle: bool = False
    odometer: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargeSession:
    """One stay at the plug, ``since`` when it is known. ``plan`` is the key of the plan that holds.

    ``flows`` are the times in which current flowed, ``power`` how many kW flow since ``updated_at``, which bring
    ``gain`` % an hour. ``level`` was the level at ``level_at``. ``first`` and ``last`` are the levels that were
    reported first, at ``first_at``, and last; ``first_meter`` and ``last_meter`` what a meter showed then. ``target``
    is that of the last update, ``done_at`` when it was reached. ``starts`` counts how often it was switched on.
    ``asked_at`` is when the vehicle was last asked for its level. ``cost_at_once`` is what it would have cost to charge
    at once when the first plan for this target and these prices was made. ``warned``: the owner knows that it will be
    too late.
    """

    since: datetime
    updated_at: datetime
    plan: str = ""
    mode: SessionMode = SessionMode.PLAN
    flows: tuple[Flow, ...] = ()
    power: float = 0.0
    gain: float = 0.0
    price: float | None = None
    level: float | None = None
    level_at: datetime | None = None
    first: float | None = None
    first_at: datetime | None = None
    last: float | None = None
    first_meter: float | None = None
    last_meter: float | None = None
    target: float = 100.0
    done_at: datetime | None = None
    order: Order | None = None
    starts: int = 0
    ready_by: datetime | None = field(default=None, metadata=PLANNED)
    asked_at: datetime | None = None
    cost_at_once: float | None = None
    warned: bool = False
    odometer: float | None = None

    @classmethod
    def begin(cls, now: datetime) -> Self:
        """Return the session of a vehicle that has just been plugged in."""
        return cls(since=now, updated_at=now)

    # What has flowed

    @property
    def energy(self) -> float:
        """The kWh so far."""
        return sum(flow.energy for flow in self.flows)

    @property
    def cost(self) -> float | None:
        """What they have cost; ``None`` if the price of some is not known."""
        costs = [flow.cost for flow in self.flows]
        return None if None in costs else sum(cost for cost in costs if cost is not None)

    @property
    def level_now(self) -> float | None:
        """The level at ``updated_at``, predicted from what has flowed since the last report."""
        if self.level is None:
            return None
        return min(self.level + self.pace * self._gained_since(self.level_at), max(100.0, self.level))

    @property
    def pace(self) -> float:
        """How many times as fast as predicted the level has risen between the first and the last report.

        The fewer % that were, the more that can come from rounding.
        """
        if self.first is None or self.last is None or self.first_at is None or self.level_at is None:
            return 1.0
        predicted = self._gained_since(self.first_at) - self._gained_since(self.level_at)
        risen = self.last - self.first
        if predicted <= 0 or risen <= 0:
            return 1.0
        seen = min(max(risen / predicted, _SLOWEST), _FASTEST)
        return 1 + (seen - 1) * risen / (risen + _COARSE)

    @property
    def flowing_since(self) -> datetime | None:
        """Since when current flows, if it does."""
        return self.flows[-1].start if self.power > 0 and self.flows else None

    def _gained_since(self, at: datetime | None) -> float:
        return sum(flow.gained * flow.share(at, flow.end) for flow in self.flows) if at else 0.0

    # What becomes of it

    def after(self, view: ChargeView) -> Self:
        """Return the session at the time of the view: a new one if the vehicle has driven while nobody looked."""
        if _has_driven(self, view):
            return type(self).begin(view.now).after(view)
        session = self._counted(view)._with_report(view)._checked(view)
        level = session.level_now
        target_moved = view.target != self.target
        done_at = None if target_moved else session.done_at
        if _has_finished(session, view) or (level is not None and level >= view.target - _CLOSE):
            done_at = done_at or view.now
        elif done_at is not None and level is not None and level < view.target - _FALLEN:
            done_at = None
        odometer = view.odometer if self.odometer is None else self.odometer
        return replace(session, target=view.target, done_at=done_at, odometer=odometer)

    def _counted(self, view: ChargeView) -> Self:
        """Count what has flowed since the last update at the power of then; note what flows from now on."""
        flows = self.flows
        if self.power > 0 and flows and view.now > self.updated_at:
            hours = (view.now - self.updated_at) / timedelta(hours=1)
            if self.gain > 0 and (level := self.level_now) is not None:  # nobody may have looked for days
                hours = min(hours, max(100 - level, 0.0) / self.gain)
            last, energy = flows[-1], self.power * hours
            cost = None if last.cost is None or self.price is None else last.cost + energy * self.price
            grown = replace(
                last,
                end=self.updated_at + timedelta(hours=hours),
                energy=last.energy + energy,
                cost=cost,
                gained=last.gained + self.gain * hours,
            )
            flows = (*flows[:-1], grown)
        flowing, order = view.flowing, self.order
        is_older = order is not None and (view.seen_at is None or view.seen_at < order.at)
        if order is not None and is_older and not order.given_up:
            flowing = order.on
        power = view.power if flowing else 0.0
        if power > 0 and self.power <= 0:
            flows = (*flows, self._begun(view, power))[-_MOST_FLOWS:]
        return replace(self, flows=flows, power=power, gain=view.gain, price=view.price, updated_at=view.now)

    def _begun(self, view: ChargeView, power: float) -> Flow:
        """Return what has flowed since it began: that may have been reported late."""
        known = [self.flows[-1].end] if self.flows else [view.now - _LATE]
        known += [self.order.at] if self.order is not None else []
        start = min(max(view.seen_at or view.now, *known), view.now)
        hours = (view.now - start) / timedelta(hours=1)
        cost = None if view.price is None else view.price * power * hours
        return Flow(start=start, end=view.now, energy=power * hours, cost=cost, gained=view.gain * hours)

    def _with_report(self, view: ChargeView) -> Self:
        """Take over a newer report. Within what it may have been rounded from, the prediction is better."""
        if (
            view.level is None
            or view.level_at is None
            or (self.level_at is not None and view.level_at <= self.level_at)
        ):
            return self
        level = view.level
        if self.level is not None and self.level_at is not None:
            gained = self._gained_since(self.level_at) - self._gained_since(view.level_at)
            predicted = self.level + self.pace * gained
            whole = level.is_integer()
            low, high = (_ROUNDED_UP, _ROUNDED_DOWN) if whole else (_EXACT, _EXACT)
            level = min(max(predicted, level - low), level + high)
        flowed = sum(flow.energy * flow.share(view.level_at, flow.end) for flow in self.flows)
        meter = None if view.meter is None else view.meter - flowed  # as it was when the vehicle reported
        now = self if self.first_at else replace(self, first=view.level, first_at=view.level_at, first_meter=meter)
        return replace(now, level=level, level_at=view.level_at, last=view.level, last_meter=meter)

    def finished(self, capacity: float, *, metered: bool) -> FinishedCharge | None:
        """Return the charge between the first and the last report; ``metered``: the power was measured."""
        start, end = self.first_at, self.level_at
        if self.first is None or self.last is None or start is None or end is None:
            return None
        shares = [(flow, flow.share(start, end)) for flow in self.flows]
        seconds = sum(share * (flow.end - flow.start).total_seconds() for flow, share in shares)
        energy = sum(share * flow.energy for flow, share in shares)
        counted = energy if metered else None
        if self.first_meter is not None and self.last_meter is not None:
            counted = self.last_meter - self.first_meter
        return FinishedCharge(
            start=self.first,
            end=self.last,
            seconds=seconds,
            capacity=capacity,
            energy=counted,
            power=energy / seconds * 3600 if seconds else None,
        )

    def _checked(self, view: ChargeView) -> Self:
        """Compare what flows with the last order."""
        order = self.order
        if order is None or view.flowing is None or view.seen_at is None:
            return self
        if view.flowing == order.on and view.seen_at > order.at - _COARSE_CLOCK:
            return replace(self, order=replace(order, confirmed=True, given_up=False))
        if not order.confirmed or view.seen_at < order.at or _has_finished(self, view):
            return self
        if view.flowing and view.by_vehicle:
            return replace(self, mode=SessionMode.SUSPENDED)
        tried_lately = timedelta() <= view.now - order.at < _LATELY
        return replace(self, order=Order(on=order.on, at=view.now, attempts=order.attempts if tried_lately else 1))

    def wants_current(self, plan: ChargePlan) -> bool | None:
        """Return whether current is to flow now; ``None`` if that is not ours to decide. When in doubt, it flows."""
        if not self.mode.is_planned:
            return None
        if plan.status is PlanStatus.CANNOT:
            return True
        if self.done_at is not None:
            return False
        if plan.status is PlanStatus.WAITING_FOR_PRICES and self.order is not None and self.order.on:
            return True  # lost prices stop no charge
        return any(block.start <= self.updated_at < block.end for block in plan.blocks)

    def switched(self, on: bool, view: ChargeView) -> tuple[Self, Step]:
        """Return the session with the order that makes current flow or not, and what to do for it now."""
        order, now = self.order, view.now
        if order is None or order.on != on:
            order = Order(on=on, at=now, confirmed=view.flowing is on)
            charges_already = on and view.flowing and view.by_vehicle  # a command would only wake it
            return replace(self, order=order, starts=self.starts + on), Step.NOTHING if charges_already else Step.SWITCH
        if order.confirmed or timedelta() <= now - order.at < CHECK_AFTER:
            return self, Step.NOTHING
        if order.given_up:  # a cloud, or a vehicle, that fails for an hour must not cost a night
            is_due = now - order.at >= _LATELY * (order.attempts - 1)
            again = replace(order, at=now, attempts=order.attempts + 1)
            return (replace(self, order=again), Step.SWITCH) if is_due else (self, Step.NOTHING)
        if not order.looked:
            return replace(self, order=replace(order, looked=True)), Step.LOOK
        if order.attempts < _ATTEMPTS:
            return replace(self, order=Order(on=on, at=now, attempts=order.attempts + 1)), Step.RETRY
        return replace(self, order=replace(order, given_up=True)), Step.GIVE_UP

    def asks_for_report(self) -> bool:
        """Whether the vehicle is to be asked for its level, because the prediction may be off by too much.

        That is before the target can be reached, and once since its last report. A vehicle that charges does not
        suffer from being asked.
        """
        return (at := self._asks_at) is not None and at <= self.updated_at

    @property
    def _asks_at(self) -> datetime | None:
        """When the vehicle is to be asked, if it goes on like this."""
        level, gained = self.level_now, self.pace * self._gained_since(self.level_at)
        if self.power <= 0 or self.gain <= 0 or level is None or self.done_at is not None:
            return None
        if self.asked_at is not None and (self.level_at is None or self.asked_at >= self.level_at):
            return None
        near = (self.target - level - gained * _UNSURE) / (1 + _UNSURE)
        unsure = _CLOSE_ENOUGH / _UNSURE - gained
        return self.updated_at + timedelta(hours=max(near, unsure, 0.0) / self.gain)

    def next_check(self, plan: ChargePlan | None) -> datetime | None:
        """Return when something has to be decided again, if not before."""
        return min((at for at in self._times(plan) if at > self.updated_at), default=None)

    def _times(self, plan: ChargePlan | None) -> Iterator[datetime]:
        for block in plan.blocks if plan else ():
            yield block.start
            yield block.end
        order = self.order
        if order is not None and not (order.looked or order.confirmed or order.given_up):
            yield order.at + CHECK_AFTER
        if self._asks_at is not None:
            yield self._asks_at

    def blocks(self, plan: ChargePlan) -> list[Block]:
        """Return the past and future blocks of this stay; one that flows now is in both, as one."""
        past = [
            Block(
                flow.start,
                flow.end,
                flow.energy / max((flow.end - flow.start) / timedelta(hours=1), 1e-9),
                flow.energy,
                flow.cost,
            )
            for flow in self.flows
        ]
        is_over = self.done_at is not None or not self.mode.is_planned
        ahead = [] if is_over else [block for block in plan.blocks if block.end > self.updated_at]
        if past and ahead and self.power > 0 and ahead[0].start <= self.updated_at:
            past[-1] = _joined(past[-1], ahead.pop(0), self.updated_at, self.price)
        return [block for block in (*past, *ahead) if block.end > block.start]


def _joined(past: Block, ahead: Block, at: datetime, price: float | None) -> Block:
    """Return as one block what has flowed until now and what is left of a planned block, which has begun."""
    flowed = ahead.power * ((at - ahead.start) / timedelta(hours=1))
    cost = None
    if past.cost is not None and ahead.cost is not None and price is not None:
        cost = past.cost + ahead.cost - flowed * price
    return Block(past.start, ahead.end, ahead.power, past.energy + ahead.energy - flowed, cost)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargeMemory:
    """What is kept of a vehicle's charging: whether its owner wants plans, the stay at the plug, and what it learnt."""

    enabled: bool = True
    session: ChargeSession | None = None
    model: ChargeModel = ChargeModel()


def _has_driven(session: ChargeSession, view: ChargeView) -> bool:
    """Whether the vehicle was unplugged while nobody looked."""
    if session.odometer is None or view.odometer is None:
        return False
    return view.odometer - session.odometer > _DRIVEN


def _has_finished(session: ChargeSession, view: ChargeView) -> bool:
    """Whether the vehicle calls the charge finished, and means more than that a plan has stopped the current."""
    if view.finished_at is None or view.finished_at < session.since:
        return False
    if session.done_at is not None or session.order is None:
        return True
    return session.order.on and (not session.flows or view.finished_at >= session.flows[-1].start)
