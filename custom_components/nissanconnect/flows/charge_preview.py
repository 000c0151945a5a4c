"""Shows the plan that a charge plan would make now, before it is saved."""

from asyncio import timeout
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import datetime
from typing import NamedTuple

from homeassistant.const import WEEKDAYS
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util

from ..charging.inputs import ChargeInputs
from ..charging.plans import ChargePlanSettings
from ..charging.prices import PriceFault
from ..charging.switch import charge_switch
from ..charging.tasks import Standing, async_plan_from_now, select_plan
from ..engine.charge_plan import ChargePlan, PlanReason, PlanStatus
from ..runtime import VehicleRuntime
from ..texts import async_number, async_say, async_text
from ..vehicle import ChargeMode

_LONGEST = 60
"""Seconds that reading the prices may take."""

_MOST_BLOCKS = 8
"""So many blocks are shown, the first ones."""

_IMPOSSIBLE = (PlanReason.CAPACITY_UNKNOWN, PlanReason.NO_POWER)
"""Why a plan can never work as it was set up. What else is missing can come."""


class ChargePreview(NamedTuple):
    """What the owner reads before saving a plan, and whether the plan can work."""

    text: str
    can_work: bool


async def async_preview(hass: HomeAssistant, vehicle: VehicleRuntime, settings: ChargePlanSettings) -> ChargePreview:
    """Return the plan that would be made if the vehicle were plugged in now where it holds, in a few short lines.

    A source of prices that fails now may work later; one that does not exist any more never does.
    """
    inputs = ChargeInputs(vehicle.coordinator, settings, lambda: None)
    try:
        with suppress(TimeoutError):
            async with timeout(_LONGEST):
                await inputs.async_read()
    finally:
        inputs.async_stop()
    switch = charge_switch(hass, settings.switch, vehicle.coordinator, vehicle.commands)
    plan = await async_plan_from_now(settings, vehicle.coordinator, switch, vehicle.charge.memory, inputs)
    fault = inputs.prices.fault if inputs.prices else PriceFault.FAILED
    if switch.problem is not None:
        return ChargePreview(await _async_say(hass, switch.problem), can_work=False)
    if fault is PriceFault.SOURCE_GONE:
        return ChargePreview(await async_text(hass, "price_fault", fault), can_work=False)
    if plan.reason in _IMPOSSIBLE:
        return ChargePreview(await async_text(hass, "plan_reason", plan.reason), can_work=False)
    currency = inputs.prices.currency if inputs.prices else hass.config.currency
    paragraphs = [paragraph async for paragraph in _paragraphs(hass, vehicle, plan, currency)]
    if fault is not None:
        paragraphs.append(await async_text(hass, "price_fault", fault))
    state = vehicle.coordinator.data
    if state.schedules is not None and state.schedules.charge_mode not in (None, ChargeMode.ALWAYS):
        paragraphs.append(await _async_say(hass, "timer", vehicle=vehicle.info.name))
    place = select_plan(hass, [settings], state.position, vehicle.alerts)
    if isinstance(place, Standing):
        paragraphs.append(await async_text(hass, "plan_reason", place.reason))
    return ChargePreview("\n\n".join(paragraphs), can_work=True)


async def _paragraphs(
    hass: HomeAssistant, vehicle: VehicleRuntime, plan: ChargePlan, currency: str
) -> AsyncIterator[str]:
    charging, battery = vehicle.coordinator.data.charging, vehicle.coordinator.data.battery
    situation = "plugged_in" if charging and charging.plugged_in else "not_plugged_in"
    if battery is not None and battery.level is not None:
        yield await _async_say(hass, situation, vehicle=vehicle.info.name, level=f"{battery.level:.0f}")
    yield await async_text(hass, "plan_reason", plan.reason)
    if not plan.blocks:
        return
    blocks = [
        await _async_say(
            hass,
            "block",
            start=await _async_time(hass, block.start),
            end=await _async_time(hass, block.end),
            energy=await async_number(hass, block.energy, 1),
            cost=await _async_money(hass, block.cost, currency),
        )
        for block in plan.blocks[:_MOST_BLOCKS]
    ]
    yield "\n".join(f"- {each}" for each in (*blocks, *(["…"] if len(plan.blocks) > _MOST_BLOCKS else [])))
    yield await _async_say(
        hass,
        "total",
        energy=await async_number(hass, plan.energy, 1),
        cost=await _async_money(hass, plan.cost, currency),
        at_once=await _async_money(hass, plan.cost_at_once, currency),
        finish=await _async_time(hass, plan.blocks[-1].end),
        level=f"{plan.level:.0f}",
    )
    if plan.status is PlanStatus.TOO_LATE:
        yield await _async_say(hass, "missing", missing=f"{plan.missing:.0f}")


async def _async_say(hass: HomeAssistant, name: str, **values: str) -> str:
    return await async_say(hass, "charge_preview", name, **values)


async def _async_time(hass: HomeAssistant, at: datetime) -> str:
    local = dt_util.as_local(at)
    return f"{await async_text(hass, 'weekday', WEEKDAYS[local.weekday()])} {local:%H:%M}"


async def _async_money(hass: HomeAssistant, amount: float | None, currency: str) -> str:
    return "?" if amount is None else f"{await async_number(hass, amount, 2)} {currency}"
