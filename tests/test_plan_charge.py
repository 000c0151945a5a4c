"""The action that plans a charge: any level, any time, any prices, and nothing changes."""

from datetime import UTC, datetime, timedelta
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from homeassistant.util import dt as dt_util
import probatio
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.nissanconnect.const import DOMAIN
from custom_components.nissanconnect.vehicle import Battery, Charging, ChargingStatus, VehicleState

from .charging import add_plan
from .conftest import NOON, set_up
from .simulator import Simulator
from .simulator.cars.electric import Electric
from .test_actions import EXAMPLES, STEPS, run
from .test_command_log import ask
from .test_commands import device_id

type Answer = dict[str, Any]


def hours(*prices: float, start: datetime = NOON) -> list[dict[str, Any]]:
    """Prices by the hour."""
    times = [start + timedelta(hours=hour) for hour in range(len(prices) + 1)]
    return [
        {"start": times[hour].isoformat(), "end": times[hour + 1].isoformat(), "price": price}
        for hour, price in enumerate(prices)
    ]


DAY = hours(0.30, 0.25, 0.20, 0.10, 0.28, 0.12, 0.35, 0.30, 0.22, 0.21, 0.26, 0.27)
CHARGE = {"level": 40, "target": 60, "capacity": 43.2, "power": 4.0, "prices": DAY}
HOURS = 8.64 / 3.3
"""8.64 kWh flow into the battery, at a tenth less than 4 kW and 0.3 kW less: 2.618 hours."""


async def plan(hass: HomeAssistant, device: str, **fields: Any) -> Answer:
    answer: Answer = await ask(hass, "plan_charge", device, **CHARGE | fields)
    return answer


@pytest.fixture
async def leaf(hass: HomeAssistant, simulator: Simulator, loaded: MockConfigEntry) -> str:
    """The device of the LEAF, of 40 kWh."""
    return device_id(hass, loaded, simulator, "Leaf")


async def report(hass: HomeAssistant, entry: MockConfigEntry, simulator: Simulator, state: VehicleState) -> None:
    entry.runtime_data.vehicles[simulator.car("Leaf").vin].coordinator.async_set_updated_data(state)
    await hass.async_block_till_done()


def level(value: float | None, **more: Any) -> Battery:
    return Battery(backend="b", received_at=NOON, level=value, **more)


def times(answer: Answer) -> list[tuple[float, float]]:
    """When the current flows, in hours after noon."""
    ends = [[datetime.fromisoformat(block[name]) - NOON for name in ("start", "end")] for block in answer["blocks"]]
    return [(round(start / timedelta(hours=1), 3), round(end / timedelta(hours=1), 3)) for start, end in ends]


async def test_the_cheapest_hours_are_planned_and_nothing_happens(
    hass: HomeAssistant, simulator: Simulator, leaf: str
) -> None:
    simulator.reset_counters()
    before = {each.entity_id: each for each in hass.states.async_all()}
    answer = await plan(hass, leaf)
    assert {each.entity_id: each for each in hass.states.async_all()} == before
    assert simulator.requests.total() == 0
    assert (answer["status"], answer["reason"], answer["missing"]) == ("planned", "cheapest", 0)
    assert answer["message"] == "These are the cheapest times."
    assert (answer["level"], answer["currency"]) == (60, hass.config.currency)
    rest = HOURS - 2
    assert times(answer) == [(2.382, 4), (5, 6)]
    assert answer["energy"] == pytest.approx(4 * HOURS, abs=0.01)
    assert answer["cost"] == pytest.approx(4 * (0.10 + 0.12 + rest * 0.20), abs=0.001)
    assert answer["cost_at_once"] == pytest.approx(4 * (0.30 + 0.25 + rest * 0.20), abs=0.001)
    assert sum(block["energy"] for block in answer["blocks"]) == pytest.approx(answer["energy"], abs=0.01)
    assert sum(block["cost"] for block in answer["blocks"]) == pytest.approx(answer["cost"], abs=0.001)


async def test_limits_on_starts_blocks_price_and_time(hass: HomeAssistant, leaf: str) -> None:
    assert len((await plan(hass, leaf, starts=1))["blocks"]) == 1
    assert all(end - start >= 1 for start, end in times(await plan(hass, leaf, block=60)))
    assert (await plan(hass, leaf, highest_price=0.2))["reason"] == "cheapest"
    assert (await plan(hass, leaf, highest_price=0.15))["reason"] == "price_cap"
    late = await plan(hass, leaf, ready_by=NOON + timedelta(hours=1))
    assert (late["status"], late["reason"]) == ("too_late", "not_enough_time")
    assert late["missing"] == pytest.approx(20 * (1 - 1 / HOURS), abs=0.1)
    assert times(late) == [(0, 2.618)]
    assert all(end <= 4 for _, end in times(await plan(hass, leaf, ready_by=NOON + timedelta(hours=4))))


async def test_what_is_charged_already_needs_no_plan(hass: HomeAssistant, leaf: str) -> None:
    answer = await plan(hass, leaf, level=60)
    assert (answer["status"], answer["reason"], answer["blocks"]) == ("not_needed", "above_target", [])
    assert (answer["cost"], answer["energy"], answer["level"]) == (0, 0, 60)


async def test_a_cost_is_empty_where_a_price_is_unknown(hass: HomeAssistant, leaf: str) -> None:
    answer = await plan(hass, leaf, prices=DAY[:1], ready_by=NOON + timedelta(hours=12))
    assert (answer["cost"], answer["cost_at_once"]) == (None, None)
    assert answer["reason"] == "partly_unknown"
    assert [block["cost"] is None for block in answer["blocks"]] == [False, True]


async def test_the_reason_is_given_in_the_language_of_home_assistant(hass: HomeAssistant, leaf: str) -> None:
    hass.config.language = "de"
    assert (await plan(hass, leaf))["message"] == "Das sind die billigsten Zeiten."


# What is left out


async def test_what_is_left_out_is_known_of_the_vehicle(
    hass: HomeAssistant, simulator: Simulator, loaded: MockConfigEntry, leaf: str
) -> None:
    await report(hass, loaded, simulator, VehicleState.of(level(40, capacity=40, health=90)))
    answer: Answer = await ask(hass, "plan_charge", leaf, prices=DAY)
    stored = 0.4 * 38.5 * 0.9
    assert answer["level"] == 80
    assert answer["energy"] == pytest.approx(6.6 * stored / (0.9 * 6.6 - 0.3), abs=0.01), "6.6 kW and 34.65 kWh"

    for now, expected in ((2.3, 2.3), (46, 6.6)):
        charging = Charging(backend="b", received_at=NOON, status=ChargingStatus.CHARGING, power=now)
        await report(hass, loaded, simulator, VehicleState.of(level(40, capacity=40, health=90), charging))
        answer = await ask(hass, "plan_charge", leaf, prices=DAY)
        assert answer["energy"] == pytest.approx(expected * stored / (0.9 * expected - 0.3), abs=0.01)


async def test_what_nobody_knows_is_asked_for(
    hass: HomeAssistant, simulator: Simulator, loaded: MockConfigEntry, leaf: str
) -> None:
    await report(hass, loaded, simulator, VehicleState())
    for name in ("level", "capacity"):
        with pytest.raises(ServiceValidationError) as error:
            await ask(hass, "plan_charge", leaf, **{key: value for key, value in CHARGE.items() if key != name})
        assert error.value.translation_key == f"{name}_unknown"
        assert f"as {name}" in str(error.value)
    assert (await plan(hass, leaf))["status"] == "planned"


async def test_without_a_traction_battery_there_is_nothing_to_plan(
    hass: HomeAssistant, simulator: Simulator, loaded: MockConfigEntry
) -> None:
    with pytest.raises(ServiceValidationError) as error:
        await plan(hass, device_id(hass, loaded, simulator, "Qashqai"))
    assert error.value.translation_key == "no_traction_battery"


# Bad input


def slot(start: str, end: str, price: Any = 0.2) -> dict[str, Any]:
    return {"start": start, "end": end, "price": price}


TODAY = slot("2026-11-20 12:00", "2026-11-20 18:00")


@pytest.mark.parametrize(
    ("fields", "key", "said"),
    [
        ({"target": 101}, "number_out_of_range", "Target level must be a number between 1 and 100 %"),
        ({"target": "nan"}, "number_out_of_range", "Target level"),
        ({"level": -1}, "number_out_of_range", "Level"),
        ({"power": 0}, "number_out_of_range", "Power must be a number between 0.5 and 50 kW"),
        ({"power": 3700}, "number_out_of_range", "Power"),
        ({"capacity": 0}, "number_out_of_range", "Usable capacity"),
        ({"starts": 0}, "number_out_of_range", "Most starts must be a number between 1 and 24"),
        ({"block": -15}, "number_out_of_range", "Shortest block must be a number between 0 and 1440 min"),
        ({"block": "nan"}, "number_out_of_range", "Shortest block"),
        ({"highest_price": "inf"}, "number_out_of_range", "Highest price"),
        ({"ready_by": "2026-11-20 11:59:00"}, "time_in_the_past", "future"),
        ({"ready_by": "2028-11-20 11:59:00"}, "time_too_far", "year"),
        ({"ready_by": "2027-03-28 01:30:00"}, "time_does_not_exist", "clocks"),
        ({"prices": []}, "prices_missing", "no prices"),
        ({"prices": [TODAY | {"price": "nan"}]}, "number_out_of_range", "Prices must be a number"),
        ({"prices": [TODAY | {"price": "inf"}]}, "number_out_of_range", "Prices"),
        ({"prices": [slot("2026-11-20 13:00", "2026-11-20 12:00")]}, "price_ends_before_it_starts", "20 13:00"),
        ({"prices": [slot("2026-11-20 13:00", "2026-11-20 13:00")]}, "price_ends_before_it_starts", "20 13:00"),
        (
            {"prices": [slot("2026-11-20 17:00", "2026-11-20 19:00"), TODAY]},
            "prices_overlap",
            "ends at 2026-11-20 18:00, the next starts at 2026-11-20 17:00",
        ),
        ({"prices": [TODAY, TODAY]}, "prices_overlap", "2026-11-20 12:00"),
        ({"prices": [slot("2026-11-19 00:00", "2026-11-20 00:00")]}, "prices_in_the_past", "ended at 2026-11-20 00:00"),
        ({"prices": [slot("2027-03-28 01:00", "2027-03-28 02:00")]}, "time_does_not_exist", "clocks"),
        ({"prices": [slot("0001-01-01T00:00:00+14:00", "2026-11-20 18:00")]}, "time_too_far", "year"),
    ],
)
async def test_bad_input_is_explained(
    hass: HomeAssistant, leaf: str, fields: dict[str, Any], key: str, said: str
) -> None:
    with pytest.raises(ServiceValidationError) as error:
        await plan(hass, leaf, **fields)
    assert error.value.translation_key == key
    assert said in str(error.value)


@pytest.mark.parametrize(
    "fields",
    [
        {"target": "full"},
        {"prices": "cheap"},
        {"prices": [{"start": "2026-11-20 12:00", "price": 0.2}]},
        {"prices": [TODAY | {"end": "later"}]},
        {"prices": [TODAY | {"price": None}]},
        {"prices": hours(*[0.2] * 601)},
    ],
)
async def test_what_is_no_list_of_prices(hass: HomeAssistant, leaf: str, fields: dict[str, Any]) -> None:
    with pytest.raises(probatio.Invalid):
        await plan(hass, leaf, **fields)


async def test_prices_come_in_any_order_and_with_more_than_is_needed(hass: HomeAssistant, leaf: str) -> None:
    spoiled = [each | {"level": "NORMAL"} for each in reversed(DAY)]
    assert await plan(hass, leaf, prices=spoiled) == await plan(hass, leaf)


async def test_times_without_an_offset_are_local(hass: HomeAssistant, leaf: str) -> None:
    await hass.config.async_set_time_zone("America/New_York")
    local = [
        {"price": each["price"]}
        | {name: dt_util.as_local(datetime.fromisoformat(each[name])).isoformat()[:16] for name in ("start", "end")}
        for each in DAY
    ]
    assert local[0]["start"] == "2026-11-20T07:00"
    assert await plan(hass, leaf, prices=local, ready_by="2026-11-20 11:00") == await plan(
        hass, leaf, ready_by="2026-11-20T16:00:00+00:00"
    )


async def test_the_night_when_the_clocks_go_back_has_its_hour_twice(
    hass: HomeAssistant, simulator: Simulator, entry: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    evening = datetime(2026, 10, 24, 20, tzinfo=UTC)
    freezer.move_to(evening)
    await set_up(hass, entry)
    await hass.config.async_set_time_zone("Europe/Berlin")
    leaf = device_id(hass, entry, simulator, "Leaf")
    cheap = hours(0.3, 0.3, 0.3, 0.3, 0.1, 0.1, 0.2, 0.3, start=evening)
    answer = await plan(hass, leaf, prices=cheap, ready_by="2026-10-25 04:00", target=55)
    (block,) = answer["blocks"]
    assert block["start"] == "2026-10-25T02:00:00+02:00", "2 o'clock, for the first time"
    assert block["end"] > "2026-10-25T02:57:00+01:00", "for the second time"

    naive = [slot("2026-10-25 02:00", "2026-10-25 03:00"), slot("2026-10-25 02:00", "2026-10-25 03:00")]
    with pytest.raises(ServiceValidationError) as error:
        await plan(hass, leaf, prices=naive)
    assert error.value.translation_key == "prices_overlap"
    assert "UTC offset" in str(error.value)


# The page


async def test_the_example_saves_what_it_says(
    hass: HomeAssistant, simulator: Simulator, loaded: MockConfigEntry
) -> None:
    leaf = simulator.vehicle("Leaf").powertrain
    assert isinstance(leaf, Electric)
    (example,) = (step for step in EXAMPLES if step["action"] == f"{DOMAIN}.plan_charge")
    use = STEPS[STEPS.index(example) + 1]
    variables = await run(hass, example, use)
    night = variables["night"]
    assert night["status"] == "planned"
    (block,) = night["blocks"]
    assert block["start"] == "2026-11-20T22:00:00+00:00"
    assert night["cost"] == pytest.approx(0.21 * night["energy"], abs=0.001)
    assert variables["saved"] == pytest.approx((0.32 - 0.21) * night["energy"], abs=0.006)


async def test_without_prices_those_of_the_charge_plan_count(
    hass: HomeAssistant, simulator: Simulator, loaded: MockConfigEntry, leaf: str
) -> None:
    without = {name: value for name, value in CHARGE.items() if name != "prices"}
    with pytest.raises(ServiceValidationError) as error:
        await ask(hass, "plan_charge", leaf, **without)
    assert error.value.translation_key == "prices_missing"
    subentry = await add_plan(hass, loaded, price_source="constant", price=0.5, power=11)
    answer: Answer = await ask(hass, "plan_charge", leaf, **without)
    assert answer["cost"] == pytest.approx(answer["energy"] * 0.5, abs=0.01)
    del without["power"]
    faster: Answer = await ask(hass, "plan_charge", leaf, **without)
    assert times(faster)[-1][1] < times(answer)[-1][1]
    del without["target"]
    assert (await ask(hass, "plan_charge", leaf, **without))["level"] == 80
    hass.config_entries.async_remove_subentry(loaded, subentry.subentry_id)
    await add_plan(hass, loaded, price_source="constant", price=0.5, power=11, target=65)
    assert (await ask(hass, "plan_charge", leaf, **without))["level"] == 65
