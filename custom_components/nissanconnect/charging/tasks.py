"""Which charge plan holds for a vehicle, and what is to be done by it: for the controller, and for the dialog."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import NamedTuple

from homeassistant.components.zone import in_zone
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util

from ..alerts import VehicleAlerts
from ..coordinator import VehicleCoordinator
from ..engine.charge_physics import usable_capacity
from ..engine.charge_plan import ChargePlan, ChargeTask, Period, PlanReason, PlanStatus
from ..engine.charge_planner import plan_charge
from ..engine.charge_session import CHECK_AFTER, ChargeMemory, ChargeSession, ChargeView, SessionMode
from ..vehicle import ChargingStatus, Position
from .inputs import ChargeInputs
from .meter import expected_power
from .plans import ChargePlanSettings
from .switch import ChargeSwitch

_WOBBLE = 50
"""Metres by which the fix of a parked vehicle may be off its zone."""

_FULL = 100.0

_LONGEST = timedelta(days=1)
"""No charge is believed to take longer."""


class Standing(NamedTuple):
    """How the plan stands, and why."""

    status: PlanStatus
    reason: PlanReason


NOT_PLUGGED_IN = Standing(PlanStatus.NOT_PLUGGED_IN, PlanReason.UNPLUGGED)
PLACE_UNKNOWN = Standing(PlanStatus.AWAY, PlanReason.NO_PLACE)
SWITCHED_OFF = Standing(PlanStatus.OFF, PlanReason.SWITCHED_OFF)

_LET_GO = {
    SessionMode.SKIPPED: Standing(PlanStatus.SKIPPED, PlanReason.WISHED),
    SessionMode.SUSPENDED: Standing(PlanStatus.SUSPENDED, PlanReason.SWITCHED_BY_HAND),
}


def select_plan(
    hass: HomeAssistant, plans: Iterable[ChargePlanSettings], position: Position | None, alerts: VehicleAlerts
) -> ChargePlanSettings | Standing:
    """Return the first plan that holds where the vehicle is; without one, why."""
    places = [(plan, _is_at(hass, plan.place, position, alerts)) for plan in plans]
    if (found := next((plan for plan, is_there in places if is_there), None)) is not None:
        return found
    unknown = any(is_there is None for _, is_there in places)
    return PLACE_UNKNOWN if unknown else Standing(PlanStatus.AWAY, PlanReason.ELSEWHERE)


def _is_at(hass: HomeAssistant, place: str | None, position: Position | None, alerts: VehicleAlerts) -> bool | None:
    """Return whether the vehicle is at a place; ``None`` if that is not known."""
    if place is None or position is None:
        return True if place is None else None
    if (zone := hass.states.get(place)) is not None:
        return in_zone(zone, position.latitude, position.longitude, _WOBBLE)
    fence = next((each for each in alerts.geofences if each.key == place), None)
    return alerts.tracker.inside(fence) if fence else None


def charge_task(
    settings: ChargePlanSettings,
    vehicle: VehicleCoordinator,
    switch: ChargeSwitch,
    memory: ChargeMemory,
    inputs: ChargeInputs,
) -> ChargeTask:
    """Return what is to be planned for the stay at the plug that ``memory`` holds."""
    wishes, session = settings.wishes, memory.session or ChargeSession.begin(dt_util.utcnow())
    flowing_since = session.flowing_since if session.order and session.order.on else None
    starts = wishes.starts if switch.can_stop else 1
    if starts is not None:
        starts = max(starts - session.starts, 0 if flowing_since else 1)  # enough are left to charge at all
    at_once = session.mode is SessionMode.NOW or (session.power > 0 and not switch.can_stop)
    return ChargeTask(
        now=session.updated_at,
        level=session.level_now or 0.0,
        target=wishes.target if switch.can_stop else _FULL,
        capacity=wishes.capacity or usable_capacity(vehicle.info, vehicle.data),
        pace=session.pace,
        power=expected_power(vehicle.hass, settings),
        efficiency=memory.model.efficiency,
        overhead=memory.model.overhead,
        ready_by=session.ready_by,
        minimum_level=_FULL if at_once else wishes.minimum,
        highest_price=wishes.highest_price,
        starts=starts,
        shortest=wishes.shortest,
        shortest_pause=2 * CHECK_AFTER,  # so that the stop and the start can both be checked
        charging_since=flowing_since,
        forbidden=inputs.prices.away if inputs.prices else (),
        solar=inputs.solar,
        feed_in=settings.feed_in or 0.0,
    )


def charge_view(
    settings: ChargePlanSettings,
    vehicle: VehicleCoordinator,
    switch: ChargeSwitch,
    memory: ChargeMemory,
    inputs: ChargeInputs,
    *,
    at: datetime,
) -> ChargeView:
    """Return what is known at a time of the stay at the plug that ``memory`` holds."""
    session, seen = memory.session or ChargeSession.begin(at), switch.seen
    battery, charging, odometer = vehicle.data.battery, vehicle.data.charging, vehicle.data.odometer
    level = battery.level if battery else None
    level_at = battery.reported_at if battery else None
    if battery and level_at is None and session.level != level:
        level_at = battery.received_at  # of a source without times, the same level again says nothing new
    task = charge_task(settings, vehicle, switch, replace(memory, session=session), inputs)
    rate = inputs.rate(at, task.power)
    finished = charging if charging and charging.status is ChargingStatus.FINISHED else None
    flowing, is_on = seen.flowing, session.order is not None and session.order.on
    if switch.by_vehicle and flowing and not is_on and charging and charging.active is False:
        flowing = None  # a meter counts what heats the vehicle, too
    return ChargeView(
        now=at,
        target=task.target,
        level=level,
        level_at=level_at,
        flowing=flowing,
        seen_at=seen.at,
        power=switch.metered_power or settings.wishes.power,
        gain=task.battery_power / task.pace / task.capacity * 100 if task.capacity else 0.0,
        meter=switch.metered_energy,
        price=session.price if inputs.prices is None else rate and rate.price,
        finished_at=finished.known_at if finished else None,
        by_vehicle=switch.by_vehicle,
        odometer=odometer.distance if odometer and odometer.received_at >= session.since else None,
    )


def without_planning(switch: ChargeSwitch, session: ChargeSession) -> ChargePlan | None:
    """Return the plan of a stay at the plug that needs no planning: nothing can be done, or all is done."""
    level = session.level_now
    if (let_go := _LET_GO.get(session.mode)) is not None:
        return ChargePlan(status=let_go.status, reason=let_go.reason, level=level or 0.0)
    if level is None or switch.problem is not None:
        reason = PlanReason.LEVEL_UNKNOWN if level is None else PlanReason.NO_SWITCH
        return ChargePlan(status=PlanStatus.CANNOT, reason=reason, level=level or 0.0)
    if session.done_at is None:
        return None
    status = PlanStatus.DONE if session.flows else PlanStatus.NOT_NEEDED
    return ChargePlan(status=status, reason=PlanReason.ABOVE_TARGET, level=level)


def unplanned(session: ChargeSession) -> Period | None:
    """Return what flows in a session, until the battery is full, if anything does."""
    if session.power <= 0:
        return None
    now, level = session.updated_at, session.level_now
    left = _LONGEST if level is None or session.gain <= 0 else timedelta(hours=max(_FULL - level, 0.0) / session.gain)
    return Period(now, now + min(left, _LONGEST), session.power)


async def async_plan_from_now(
    settings: ChargePlanSettings,
    vehicle: VehicleCoordinator,
    switch: ChargeSwitch,
    memory: ChargeMemory,
    inputs: ChargeInputs,
) -> ChargePlan:
    """Return the plan that would be made if the vehicle were plugged in now, where the plan holds."""
    now, level = dt_util.utcnow(), vehicle.data.battery.level if vehicle.data.battery else None
    ready_by = settings.wishes.next_ready_by(now, dt_util.get_default_time_zone(), inputs.departures)
    session = replace(ChargeSession.begin(now), level=level, ready_by=ready_by)
    if (plan := without_planning(switch, session)) is not None:
        return plan
    task = charge_task(settings, vehicle, switch, replace(memory, session=session), inputs)
    prices = inputs.prices.slots if inputs.prices else ()
    return await vehicle.hass.async_add_executor_job(plan_charge, task, prices)


def standing_of(plan: ChargePlan, session: ChargeSession) -> Standing:
    """Return how the plan of a stay at the plug stands, and why."""
    given_up = session.order is not None and session.order.given_up
    if given_up and session.mode.is_planned and plan.status is not PlanStatus.CANNOT:
        return Standing(plan.status, PlanReason.NOT_OBEYED)
    is_wished = session.mode is SessionMode.NOW and plan.status is PlanStatus.CHARGING
    return Standing(plan.status, PlanReason.WISHED if is_wished else plan.reason)
