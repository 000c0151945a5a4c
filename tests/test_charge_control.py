"""A charge plan is carried out in a real Home Assistant, with a simulated vehicle that takes the current."""

from datetime import UTC, datetime, timedelta

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.nissanconnect.engine.charge_planner import PlanReason, PlanStatus

from .charging import WALLBOX, Wallbox, add_plan, electric, minutes_of_charging, plug_in_empty, runtime, set_prices
from .conftest import LetTimePass, set_up, settle
from .simulator import Simulator

EVENING = datetime(2026, 11, 20, 18, tzinfo=UTC)
CHEAP = range(28, 36)
"""The quarters from 1:00 to 3:00."""


@pytest.fixture
async def wallbox(hass: HomeAssistant, simulator: Simulator, freezer: FrozenDateTimeFactory) -> Wallbox:
    """The house in the evening."""
    freezer.move_to(EVENING)
    wallbox = Wallbox(hass, simulator)
    await wallbox.async_build()
    set_prices(hass, EVENING, [0.10 if i in CHEAP else 0.30 for i in range(52)])
    return wallbox


async def test_a_plugged_vehicle_charges_in_the_cheapest_hours_up_to_its_target(
    hass: HomeAssistant, simulator: Simulator, entry: MockConfigEntry, wallbox: Wallbox, pass_time: LetTimePass
) -> None:
    await set_up(hass, entry)
    plug_in_empty(simulator, 55)
    await add_plan(hass, entry, target=80, ready_by="07:00:00")
    charge = runtime(entry).charge
    await pass_time(timedelta(minutes=40))
    assert not wallbox.is_on
    assert (charge.standing.status, charge.standing.reason) == (PlanStatus.PLANNED, PlanReason.CHEAPEST)
    assert [(block.start, block.cost) for block in charge.blocks] == [
        (EVENING + timedelta(hours=7), pytest.approx(1.05, abs=0.01))
    ]

    flowed = await minutes_of_charging(simulator, pass_time, timedelta(hours=11))

    assert flowed
    assert flowed[0] >= EVENING + timedelta(hours=7)
    assert flowed[-1] < EVENING + timedelta(hours=9)
    assert electric(simulator).battery.level == pytest.approx(80, abs=2)
    assert charge.standing.status is PlanStatus.DONE
    assert not wallbox.is_on
