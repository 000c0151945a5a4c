"""A night in which vehicles are charged, here by hand: what a plan is measured by has to be right itself."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from homeassistant.util import dt as dt_util

from custom_components.nissanconnect.engine.charge_planner import ChargePlan, ChargeTask, plan_charge
from script.bench_measures.night import (
    ARIYA,
    LEAF,
    LEVELS,
    PLUGGED_IN_AT,
    PRICES,
    READY_BY,
    Minute,
    Night,
    Prepare,
    spend,
)
from script.demo_home.night import faults

SWITCHES = {LEAF: "switch.demo_wallbox", ARIYA: "switch.ariya_charging"}
OPTIMA = {
    name: plan_charge(
        ChargeTask(now=PLUGGED_IN_AT, ready_by=READY_BY, level=LEVELS[name], target=80, capacity=capacity, power=power),
        PRICES,
    )
    for name, capacity, power in ((LEAF, 40, 6.6), (ARIYA, 87, 7.4))
}


def by_hand(plans: Mapping[str, ChargePlan]) -> Prepare:
    """Switch the current on and off as planned."""

    async def turn(night: Night, name: str, how: str) -> None:
        await night.hass.services.async_call("switch", how, {"entity_id": SWITCHES[name]}, blocking=True)

    async def until(at: datetime) -> None:
        await asyncio.sleep((at - dt_util.utcnow()).total_seconds())

    async def charge(night: Night, name: str) -> None:
        await until(PLUGGED_IN_AT + timedelta(seconds=1))
        await turn(night, name, "turn_off")
        for block in plans[name].blocks:
            await until(block.start)
            await turn(night, name, "turn_on")
            await until(block.end)
            await turn(night, name, "turn_off")

    async def prepare(night: Night) -> None:
        for name in plans:
            night.hass.async_create_background_task(charge(night, name), name)

    return prepare


def found(night: Mapping[str, Sequence[Minute]], plans: Mapping[str, ChargePlan] = OPTIMA) -> dict[str, list[str]]:
    return {name: [*faults(night[name], plan, PLUGGED_IN_AT)] for name, plan in plans.items()}


def test_who_keeps_to_the_plan_has_nothing_to_be_blamed_for_and_who_does_not_has(socket_enabled: None) -> None:
    night = spend(by_hand(OPTIMA))
    assert found(night) == {LEAF: [], ARIYA: []}

    hour = timedelta(hours=1)
    late = {name: [replace(each, start=each.start + hour) for each in minutes] for name, minutes in night.items()}
    short = {name: [each for each in minutes if each.level < 77] for name, minutes in night.items()}
    for wrong, beginnings in ((late, ("it cost", "current")), (short, ("it cost", "it is at"))):
        for said in found(wrong).values():
            assert [each.startswith(how) for each, how in zip(said, beginnings, strict=True)] == [True, True]
    shorter = {name: replace(plan, blocks=(plan.blocks[0],)) for name, plan in OPTIMA.items()}
    assert all(any("unplanned" in each for each in said) for said in found(night, shorter).values())


def test_who_plans_nothing_charges_at_once_and_until_full(socket_enabled: None) -> None:
    night = spend(by_hand({}))

    for name, said in found(night).items():
        dear, unplanned, full = said
        cheapest = OPTIMA[name].cost
        assert cheapest is not None
        assert float(dear.split()[2]) > 1.5 * cheapest
        assert unplanned.endswith("from 18:02 on")
        assert full == "it is at 100.0 % instead of 80 %"
