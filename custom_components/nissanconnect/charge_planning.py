"""Which charge plan holds for a vehicle, and what it would do now: for the controller, and for the dialog."""

from collections.abc import Iterable
from typing import NamedTuple

from homeassistant.components.zone import in_zone
from homeassistant.core import HomeAssistant

from .alerts import VehicleAlerts
from .charge_inputs import ChargeInputs
from .charge_plans import ChargePlanSettings
from .charge_switch import ChargeSwitch
from .coordinator import VehicleCoordinator
from .engine.charge_physics import usable_capacity
from .engine.charge_planner import ChargePlan, ChargeTask, PlanReason, PlanStatus, plan_charge
from .engine.charge_session import ChargeSession, SessionMode
from .vehicle import Position

_WOBBLE = 50
"""Metres by which the fix of a parked vehicle may be off its zone."""

_LEAST_MEASURED = 1.0
"""kW. Less than this is the end of a charge, and says nothing about the next hours."""

_FULL = 100.0


class Standing(NamedTuple):
    """How the plan stands, and why."""

    status: PlanStatus
    reason: PlanReason


NOT_PLUGGED_IN = Standing(PlanStatus.NOT_PLUGGED_IN, PlanReason.UNPLUGGED)


def select_plan(
    hass: HomeAssistant, plans: Iterable[ChargePlanSettings], position: Position | None, alerts: VehicleAlerts
) -> ChargePlanSettings | Standing:
    """Return the first plan that holds where the vehicle is; without one, why."""
    places = [(plan, _is_at(hass, plan.place, position, alerts)) for plan in plans]
    if (found := next((plan for plan, is_there in places if is_there), None)) is not None:
        return found
    unknown = any(is_there is None for _, is_there in places)
    return Standing(PlanStatus.AWAY, PlanReason.NO_PLACE if unknown else PlanReason.ELSEWHERE)


def _is_at(hass: HomeAssistant, place: str | None, position: Position | None, alerts: VehicleAlerts) -> bool | None:
    """Return whether the vehicle is at a place; ``None`` if that is not known."""
    if place is None or position is None:
        return True if place is None else None
    if (zone := hass.states.get(place)) is not None:
        return in_zone(zone, position.latitude, position.longitude, _WOBBLE)
    fence = next((each for each in alerts.geofences if each.key == place), None)
    return alerts.tracker.inside(fence) if fence else None


def charge_task(
    settings: ChargePlanSettings, vehicle: VehicleCoordinator, switch: ChargeSwitch, session: ChargeSession
) -> ChargeTask:
    """Return what is to be planned for a stay at the plug, without what comes from the inputs."""
    wishes = settings.wishes
    flowing_since = session.flowing_since if session.order and session.order.on else None
    starts = wishes.starts if switch.can_stop else 1
    if starts is not None:
        starts = max(starts - session.starts, 0 if flowing_since else 1)
    metered = switch.metered_power
    return ChargeTask(
        now=session.updated_at,
        level=session.level_now or 0.0,
        target=wishes.target if switch.can_stop else _FULL,
        capacity=wishes.capacity or usable_capacity(vehicle.info, vehicle.data),
        power=metered if metered is not None and metered >= _LEAST_MEASURED else wishes.power,
        ready_by=session.ready_by,
        minimum_level=wishes.target if session.mode is SessionMode.NOW else wishes.minimum,
        highest_price=wishes.highest_price,
        starts=starts,
        shortest=wishes.shortest,
        charging_since=flowing_since,
    )


def make_plan(switch: ChargeSwitch, session: ChargeSession, task: ChargeTask, inputs: ChargeInputs) -> ChargePlan:
    """Return the plan for a stay at the plug."""
    if session.level_now is None or switch.problem is not None:
        reason = PlanReason.LEVEL_UNKNOWN if session.level_now is None else PlanReason.NO_SWITCH
        return ChargePlan(status=PlanStatus.CANNOT, reason=reason, level=task.level)
    plan = plan_charge(task, inputs.prices.slots if inputs.prices else ())
    if session.done_at is None or plan.status is PlanStatus.CANNOT:
        return plan
    status = PlanStatus.DONE if session.flows else PlanStatus.NOT_NEEDED
    return ChargePlan(status=status, reason=PlanReason.ABOVE_TARGET, level=task.level)


def standing_of(plan: ChargePlan, session: ChargeSession) -> Standing:
    """Return how the plan of a stay at the plug stands, and why."""
    match session.mode:
        case SessionMode.SKIPPED:
            return Standing(PlanStatus.SKIPPED, PlanReason.WISHED)
        case SessionMode.SUSPENDED:
            return Standing(PlanStatus.SUSPENDED, PlanReason.SWITCHED_BY_HAND)
    if session.order is not None and session.order.given_up and plan.status is not PlanStatus.CANNOT:
        return Standing(plan.status, PlanReason.NOT_OBEYED)
    is_wished = session.mode is SessionMode.NOW and plan.status is PlanStatus.CHARGING
    return Standing(plan.status, PlanReason.WISHED if is_wished else plan.reason)
