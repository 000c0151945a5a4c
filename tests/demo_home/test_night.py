"""A night in which vehicles are charged, here by hand: what a plan is measured by has to be right itself."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

from custom_components.nissanconnect.engine.charge_plan import ChargeTask
from custom_components.nissanconnect.engine.charge_planner import plan_charge
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
    until,
)
from script.bench_measures.planned import Charged, Planned, Span
from script.demo_home.night import faults

HOUR = timedelta(hours=1)
SWITCHES = {LEAF: "switch.demo_wallbox", ARIYA: "switch.ariya_charging"}
SETTLED = PLUGGED_IN_AT + timedelta(minutes=2)
"""When the Ariya has obeyed, too, which begins to charge when it is plugged in."""


def plan(name: str, capacity: float, power: float) -> Planned:
    """Return the cheapest plan."""
    task = ChargeTask(
        now=PLUGGED_IN_AT, ready_by=READY_BY, level=LEVELS[name], target=80, capacity=capacity, power=power
    )
    spans = [Span(block.start, block.end) for block in plan_charge(task, PRICES).blocks]
    return Planned(at=SETTLED, spans=spans, power=power)


PLANS = {LEAF: plan(LEAF, 40, 6.6), ARIYA: plan(ARIYA, 87, 7.4)}


def by_hand(plans: Mapping[str, Planned]) -> Prepare:
    """Switch the current on and off as planned."""

    async def turn(night: Night, name: str, how: str) -> None:
        await night.hass.services.async_call("switch", how, {"entity_id": SWITCHES[name]}, blocking=True)

    async def charge(night: Night, name: str) -> None:
        await until(PLUGGED_IN_AT + timedelta(seconds=1))
        await turn(night, name, "turn_off")
        for span in plans[name].spans:
            await until(span.start)
            await turn(night, name, "turn_on")
            await until(span.end)
            await turn(night, name, "turn_off")

    async def prepare(night: Night) -> None:
        for name in plans:
            night.hass.async_create_background_task(charge(night, name), name)

    return prepare


def found(night: Mapping[str, Sequence[Minute]], plans: Mapping[str, Planned] = PLANS) -> dict[str, list[str]]:
    """Return what is wrong with each vehicle's night."""
    charged = {}
    for name, plan in plans.items():
        minutes = [minute for minute in night[name] if minute.start >= plan.at]
        announced = {each.start for each in minutes if any(span.start <= each.start < span.end for span in plan.spans)}
        charged[name] = Charged(plan, minutes, announced)
    return {name: [*faults(each)] for name, each in charged.items()}


def test_who_keeps_to_the_plan_has_nothing_to_be_blamed_for_and_who_does_not_has(socket_enabled: None) -> None:
    night = spend(by_hand(PLANS))
    assert found(night) == {LEAF: [], ARIYA: []}

    late = {name: [replace(each, start=each.start + HOUR) for each in minutes] for name, minutes in night.items()}
    short = {name: [each for each in minutes if each.level < 77] for name, minutes in night.items()}
    dear = {
        name: replace(plan, spans=[Span(span.start + 2 * HOUR, span.end + 2 * HOUR) for span in plan.spans])
        for name, plan in PLANS.items()
    }
    for wrong, told in (
        (found(late), ["it cost", "current flowed unplanned", "no current flowed"]),
        (found(short), ["it is at 7"]),
        (found(night, dear), ["the plan costs", "current flowed unplanned", "no current flowed"]),
    ):
        for said in wrong.values():
            assert [each.startswith(how) for each, how in zip(said, told, strict=True)] == [True] * len(told)


def test_who_plans_nothing_charges_at_once_and_until_full(socket_enabled: None) -> None:
    night = spend(by_hand({}))

    for dear, unplanned, _, full in found(night).values():
        cost, least = (float(word) for word in dear.split() if word[0].isdigit())
        assert cost > 1.3 * least
        assert unplanned.endswith("from 18:02 on")
        assert full == "it is at 100.0 % instead of 80 %"
