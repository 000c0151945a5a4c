"""The plans of several vehicles that share the power of one connection."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from types import SimpleNamespace
from typing import Any

from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.nissanconnect.charging.planning import PlanGroup, Planning, ToPlan
from custom_components.nissanconnect.charging.price_choice import PriceChoice
from custom_components.nissanconnect.charging.prices import PriceFault, PriceList
from custom_components.nissanconnect.engine.charge_plan import ChargePlan, ChargeTask, Period, PlanStatus, PriceSlot

from .conftest import settle

NOW = datetime(2026, 11, 20, 18, tzinfo=UTC)
HOUR = timedelta(hours=1)
MARKET, OTHER = PriceChoice(source="entity:sensor.market"), PriceChoice(source="entity:sensor.other")
HOURS = [0.30, 0.30, 0.30, 0.10, 0.10, 0.30, 0.30, 0.30, 0.30, 0.30]


def prices(known: Sequence[float] = HOURS) -> PriceList:
    """Return the prices of the next hours."""
    slots = tuple(PriceSlot(NOW + i * HOUR, NOW + (i + 1) * HOUR, price) for i, price in enumerate(known))
    return PriceList(slots, "EUR", (), None if slots else PriceFault.FAILED, NOW)


def task(**changed: Any) -> ChargeTask:
    """Return what takes two hours with 5 kW, by the end of the night."""
    known = {"level": 50.0, "target": 70.0, "capacity": 50.0, "power": 5.0, "efficiency": 1.0, "overhead": 0.0}
    return ChargeTask(**{"now": NOW, "ready_by": NOW + 10 * HOUR, **known, **changed})


@dataclass
class Member:
    """A vehicle at the plug: what it wants, or what it draws without a plan."""

    wanted: ToPlan | None
    drawn: Period | None = None
    told: int = 0
    planning: Planning = field(init=False)

    def count(self) -> None:
        """Be told of another plan."""
        self.told += 1


class House:
    """A connection of 8 kW."""

    def __init__(self, hass: HomeAssistant) -> None:
        self.hass = hass
        self.group = PlanGroup()
        entry = MockConfigEntry()
        entry.add_to_hass(hass)
        self.settings = SimpleNamespace(charge_power=8.0)
        connection = SimpleNamespace(settings=self.settings)
        self.coordinator: Any = SimpleNamespace(hass=hass, config_entry=entry, name="", connection=connection)

    def plug_in(self, wanted: ChargeTask | None, drawn: Period | None = None, **more: Any) -> Member:
        """Plug a vehicle in."""
        choice, known = more.pop("choice", MARKET), more.pop("known", prices())
        member = Member(None if wanted is None else ToPlan(wanted, choice, known, None), drawn)
        member.planning = Planning(self.coordinator, self.group, lambda _: member.wanted or member.drawn, member.count)
        return member

    async def plan(self, member: Member) -> ChargePlan:
        """Return the plan of a vehicle."""
        assert member.wanted is not None
        member.planning.async_plan(member.wanted)
        await settle(self.hass)
        found = member.planning.async_plan(member.wanted)
        assert found is not None
        return found


@pytest.fixture
def house(hass: HomeAssistant) -> House:
    """A house with a connection."""
    return House(hass)


def clash(*plans: ChargePlan) -> bool:
    """Whether two of the plans charge at the same time."""
    blocks = sorted(block for plan in plans for block in plan.blocks)
    return any(later.start < earlier.end for earlier, later in pairwise(blocks))


async def test_three_vehicles_never_charge_together(house: House) -> None:
    members = [house.plug_in(task(level=level)) for level in (50, 55, 60)]
    plans = [await house.plan(each) for each in members]
    assert not clash(*plans)
    assert {plan.status for plan in plans} <= {PlanStatus.PLANNED, PlanStatus.CHARGING}
    assert sum(plan.energy for plan in plans) == pytest.approx(22.5)


async def test_a_vehicle_that_charges_by_hand_is_planned_around(house: House) -> None:
    house.plug_in(None, Period(NOW, NOW + 4 * HOUR, 7.0))
    plan = await house.plan(house.plug_in(task()))
    assert (plan.blocks[0].start, plan.blocks[-1].end) == (NOW + 4 * HOUR, NOW + 6 * HOUR)


async def test_a_vehicle_for_which_no_plan_can_be_made_is_planned_around(house: House) -> None:
    unknown, other = house.plug_in(task(capacity=None)), house.plug_in(task())
    assert unknown.wanted is not None
    unknown.wanted = unknown.wanted._replace(drawn=Period(NOW, NOW + 4 * HOUR, 7.0))
    assert (await house.plan(unknown)).status is PlanStatus.CANNOT
    unknown.planning.async_tell(NOW)
    assert (await house.plan(other)).blocks[0].start == NOW + 4 * HOUR
    told = other.told
    unknown.wanted = unknown.wanted._replace(drawn=None)
    unknown.planning.async_tell(NOW)
    assert other.told > told
    assert (await house.plan(other)).blocks[0].start == NOW + 3 * HOUR


async def test_a_vehicle_that_somebody_switches_changes_the_plans_of_the_others_at_once(house: House) -> None:
    by_hand, other = house.plug_in(None), house.plug_in(task())
    before = await house.plan(other)
    assert before.blocks[0].start == NOW + 3 * HOUR
    told = other.told
    by_hand.drawn = Period(NOW, NOW + 4 * HOUR, 7.0)
    by_hand.planning.async_tell(NOW)
    assert other.told == told + 1
    by_hand.planning.async_tell(NOW)
    assert other.told == told + 1
    assert (await house.plan(other)).blocks[0].start == NOW + 4 * HOUR


async def test_what_one_charges_without_a_plan_matters_to_none_without_a_limit(house: House) -> None:
    house.settings.charge_power = None
    by_hand, other = house.plug_in(None), house.plug_in(task())
    await house.plan(other)
    told = other.told
    by_hand.drawn = Period(NOW, NOW + 4 * HOUR, 7.0)
    by_hand.planning.async_tell(NOW)
    assert other.told == told
    assert (await house.plan(other)).blocks[0].start == NOW + 3 * HOUR


@pytest.mark.parametrize("first", [0, 1])
async def test_prices_that_one_could_not_read_are_those_that_the_other_has(house: House, first: int) -> None:
    members = [house.plug_in(task()), house.plug_in(task(level=60), known=prices([]))]
    await house.plan(members[first])
    plans = [await house.plan(each) for each in members]
    assert [plan.status for plan in plans] == [PlanStatus.PLANNED] * 2
    assert None not in [plan.cost for plan in plans]
    assert not clash(*plans)


async def test_one_that_is_too_late_comes_first(house: House) -> None:
    late, other = house.plug_in(task(ready_by=NOW + HOUR)), house.plug_in(task(), choice=OTHER)
    plans = [await house.plan(each) for each in (late, other)]
    assert plans[0].status is PlanStatus.TOO_LATE
    assert plans[0].blocks[0].start == NOW
    assert not clash(*plans)


async def test_a_limit_that_is_taken_away_counts_no_more(house: House) -> None:
    members = [house.plug_in(task()), house.plug_in(task(level=60))]
    assert not clash(*[await house.plan(each) for each in members])
    house.settings.charge_power = None
    assert {(await house.plan(each)).blocks[0].start for each in members} == {NOW + 3 * HOUR}
