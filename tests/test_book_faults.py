"""What a hostile tester has found in the book: lost costs, wrong sums, and ways around the rights of users."""

import csv
from dataclasses import replace
from datetime import datetime, timedelta
from io import StringIO
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.components.energy.data import async_get_manager
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import Unauthorized
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_fire_time_changed

from custom_components.nissanconnect.book import tariffs
from custom_components.nissanconnect.book.energy_dashboard import async_grid_price
from custom_components.nissanconnect.book.export import _table
from custom_components.nissanconnect.const import DOMAIN
from custom_components.nissanconnect.engine.book import Book
from custom_components.nissanconnect.engine.book_entries import Charge
from custom_components.nissanconnect.engine.book_readings import Quantity, Reading
from custom_components.nissanconnect.engine.entry_finder import Entries
from custom_components.nissanconnect.source_set import SourceSet
from custom_components.nissanconnect.vehicle import ChargingStatus, NotSupported

from .book_actions.entries import at, charge
from .charging import PRICE, add_plan, runtime
from .conftest import LetTimePass, set_up, settle, state
from .simulator import Simulator
from .test_book_changes import at_home  # noqa: F401
from .test_book_statistics import changes
from .test_can_reach import HERE, STATE, ask_as, may_see
from .test_commands import device_id
from .test_energy_preferences import GRID


@pytest.mark.usefixtures("at_home")
async def test_negative_prices_are_in_the_cost_of_all_charges(hass: HomeAssistant, loaded: MockConfigEntry) -> None:
    book = runtime(loaded).book
    _note_charge(hass, loaded, -0.5)
    book._async_update_now()
    (found,) = book.over.charges
    assert found.cost is not None
    assert found.cost < -1
    assert float(state(hass, "sensor.leaf_charging_cost_this_month").state) == pytest.approx(found.cost, abs=0.01)
    assert float(state(hass, "sensor.leaf_charging_cost").state) == pytest.approx(found.cost, abs=0.01)


def _note_charge(
    hass: HomeAssistant, loaded: MockConfigEntry, price: float, source: str = "energy_dashboard", hours_ago: float = 8
) -> None:
    book, begin = runtime(loaded).book.book, dt_util.utcnow() - timedelta(hours=hours_ago)
    tariffs = runtime(loaded).book.notes.tariffs
    tariff = next(each for each in tariffs.known if each.key.startswith(source))
    tariffs._async_note_by_tariff(Quantity.PRICE, Reading(begin, price), tariff)
    for hour, plugged, level in ((0, 0, 50), (1, 1, 50), (2, 1, 70), (3, 0, 70)):
        moment = begin + timedelta(hours=hour)
        book.add(Quantity.PLACE, Reading(moment, "zone.home", "test"))
        book.add(Quantity.PLUGGED_IN, Reading(moment, float(plugged), "test"))
        book.add(Quantity.CHARGING, Reading(moment, float(plugged and hour == 1), "test"))
        book.add(Quantity.LEVEL, Reading(moment, float(level), "test"))


async def test_what_was_wrong_for_a_moment_does_not_stay_in_the_meters(
    hass: HomeAssistant, loaded: MockConfigEntry
) -> None:
    book, now = runtime(loaded, "Ariya").book, dt_util.utcnow()
    before = float(state(hass, "sensor.ariya_energy_charged").state)
    for hour, counted in ((9.5, 120.0), (1, 119.999)):
        book.book.add(Quantity.METER, Reading(now - timedelta(hours=hour), counted, "sensor.meter"))
    for quantity, value in ((Quantity.PLUGGED_IN, 1.0), (Quantity.CHARGING, 0.0), (Quantity.LEVEL, 50.0)):
        book.book.add(quantity, Reading(now - timedelta(hours=10), value, "test"))
    book._async_update_now()
    glitch = float(state(hass, "sensor.ariya_energy_charged").state)
    book.book.add(Quantity.LEVEL, Reading(now, 50.0, "test"))
    book._async_update_now()
    assert (glitch, book.entries.charges) == (before, []) or glitch > before
    assert float(state(hass, "sensor.ariya_energy_charged").state) == before


async def test_a_place_with_a_blank_before_it_is_still_an_entity_that_the_user_may_not_see(
    hass: HomeAssistant, simulator: Simulator, loaded: MockConfigEntry
) -> None:
    leaf = runtime(loaded)
    leaf.coordinator.async_set_updated_data(STATE)
    await hass.async_block_till_done()
    hass.states.async_set("person.anna", "not_home", {"latitude": HERE[0] + 0.1, "longitude": HERE[1]})
    device = device_id(hass, loaded, simulator, "Leaf")
    user = may_see(hass, device)
    for name in ("person.anna", " person.anna"):
        with pytest.raises(Unauthorized):
            await ask_as(hass, user, device, to=name)


@pytest.mark.usefixtures("recorder_mock")
async def test_a_price_without_a_unit_is_one_for_a_kwh_as_on_the_dashboard(hass: HomeAssistant) -> None:
    assert await async_setup_component(hass, "energy", {})
    manager = await async_get_manager(hass)
    source: Any = {**GRID, "number_energy_price": None, "entity_energy_price": "input_number.price"}
    await manager.async_update({"energy_sources": [source]})  # type: ignore[typeddict-item]
    hass.states.async_set("input_number.price", "0.3", {"unit_of_measurement": "EUR"})
    assert await async_grid_price(hass) == 0.3


@pytest.mark.usefixtures("at_home")
async def test_a_restart_while_it_charges_leaves_the_cost_known(
    hass: HomeAssistant, loaded: MockConfigEntry, pass_time: LetTimePass, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def grid_price(_: HomeAssistant) -> float:
        return 0.3

    monkeypatch.setattr(tariffs, "async_grid_price", grid_price)
    begin, charged = dt_util.utcnow(), timedelta(hours=2)
    await pass_time(timedelta(hours=1, minutes=3))
    assert await hass.config_entries.async_reload(loaded.entry_id)
    await settle(hass)
    await pass_time(charged)
    book = runtime(loaded).book
    for moment, plugged, level in ((begin, 1.0, 50.0), (begin + charged, 0.0, 80.0)):
        for quantity, value in (
            (Quantity.PLUGGED_IN, plugged),
            (Quantity.CHARGING, plugged),
            (Quantity.LEVEL, level),
            (Quantity.PLACE, "zone.home"),
        ):
            book.book.add(quantity, Reading(moment, value, "test"))
    book._async_update_now()
    (found,) = book.over.charges
    assert found.wall_energy is not None
    assert found.cost == pytest.approx(0.3 * found.wall_energy)


@pytest.mark.usefixtures("at_home")
async def test_a_charge_of_the_last_hours_keeps_its_cost_when_the_currency_changes(
    hass: HomeAssistant, loaded: MockConfigEntry
) -> None:
    book = runtime(loaded).book
    _note_charge(hass, loaded, 0.5, hours_ago=4)
    book._async_update_now()
    (before,) = book.over.charges
    assert before.cost is not None
    await hass.config.async_update(currency="CHF")
    await settle(hass)
    ((after,),) = [(await book.async_all_entries()).charges]
    assert (after.cost, after.currency) == (before.cost, "EUR")


@pytest.mark.usefixtures("at_home")
async def test_a_plan_knows_its_price_again_when_the_currency_has_changed(
    hass: HomeAssistant, loaded: MockConfigEntry, pass_time: LetTimePass
) -> None:
    await pass_time(timedelta(minutes=3))
    await add_plan(hass, loaded, price_source="constant", price=0.3)
    await pass_time(timedelta(minutes=10))
    await hass.config.async_update(currency="CHF")
    await settle(hass)
    await pass_time(timedelta(minutes=20))
    prices = runtime(loaded).book.book.readings.by_source(Quantity.PRICE)
    assert [each.value for each in prices.get(runtime(loaded).book.notes.tariffs.known[0].key, [])][-1:] == [0.3]


@pytest.mark.usefixtures("at_home")
async def test_a_price_in_another_currency_is_not_ours_after_a_restart_before_its_source_is_there(
    hass: HomeAssistant, loaded: MockConfigEntry
) -> None:
    start = dt_util.utcnow() - timedelta(hours=1)
    quarters = [
        {"start": start + i * timedelta(minutes=15), "end": start + (i + 1) * timedelta(minutes=15), "price": 3.0}
        for i in range(40)
    ]
    hass.states.async_set(PRICE, "3", {"prices": quarters, "unit_of_measurement": "SEK/kWh"})
    await add_plan(hass, loaded)
    await runtime(loaded).book.notes.tariffs._async_note(dt_util.utcnow())
    _note_charge(hass, loaded, 3.0, runtime(loaded).charge.plans[0].key)
    book = runtime(loaded).book
    book._async_update_now()
    assert [each.currency for each in book.over.charges] == ["SEK"]
    assert state(hass, "sensor.leaf_charging_cost").state == "unknown"
    await hass.config_entries.async_unload(loaded.entry_id)
    hass.states.async_remove(PRICE)  # the integration that has it starts after ours
    await hass.config_entries.async_setup(loaded.entry_id)
    await settle(hass)
    runtime(loaded).book._async_update_now()  # the vehicle reports something
    hass.states.async_set(PRICE, "3", {"prices": quarters, "unit_of_measurement": "SEK/kWh"})
    await runtime(loaded).book.notes.tariffs._async_note(dt_util.utcnow())
    runtime(loaded).book._async_update_now()
    assert state(hass, "sensor.leaf_charging_cost").state == "unknown"


@pytest.mark.usefixtures("recorder_mock")
async def test_statistics_of_a_vehicle_without_an_odometer_go_on_when_its_entry_is_added_again(
    hass: HomeAssistant, loaded: MockConfigEntry, pass_time: LetTimePass, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def none(*_: Any) -> None:
        raise NotSupported

    monkeypatch.setattr(SourceSet, "read_trips", none)
    leaf = runtime(loaded)
    leaf.book.over = Entries([], [charge(at(20, 8))])
    await leaf.statistics._async_write()
    before = await changes(hass, loaded, "energy_charged")
    await hass.config_entries.async_remove(loaded.entry_id)
    again = MockConfigEntry(domain=DOMAIN, title="again", unique_id=loaded.unique_id, data=dict(loaded.data))
    await set_up(hass, again)
    leaf = runtime(again)
    leaf.book.book = Book()
    leaf.book.statistics = replace(leaf.book.statistics, begun_at=None)
    await leaf.statistics._async_read()
    leaf.book.over = Entries([], [charge(at(20, 10))])
    await leaf.statistics._async_write()
    assert await changes(hass, again, "energy_charged") == before | {466: 6.2, 467: 6.2}


@pytest.mark.usefixtures("recorder_mock")
async def test_a_trip_that_is_settled_before_it_was_written_is_in_the_statistics_of_its_day(
    hass: HomeAssistant, loaded: MockConfigEntry, pass_time: LetTimePass
) -> None:
    await pass_time(timedelta(minutes=30), timedelta(minutes=5))
    book, now = runtime(loaded).book, dt_util.utcnow()
    book.statistics = replace(book.statistics, has_history=True)
    for minute, distance in ((-60, 500000.0), (-45, 500010.0), (-30, 500010.0)):
        book.book.add(Quantity.ODOMETER, Reading(now + timedelta(minutes=minute), distance, "test"))
    book._async_update_now()  # and Home Assistant is stopped before the five minutes are over
    assert book.over.trips[-1].distance == 10
    await hass.config_entries.async_unload(loaded.entry_id)
    await pass_time(timedelta(days=4), timedelta(days=4))
    await hass.config_entries.async_setup(loaded.entry_id)
    await settle(hass)
    await pass_time(timedelta(minutes=30), timedelta(minutes=5))
    driven = await changes(hass, loaded, "distance")
    assert sum(km for hour, km in driven.items() if 19 * 24 <= hour < 20 * 24) >= 10


@pytest.mark.usefixtures("recorder_mock")
async def test_an_entry_that_is_added_again_in_another_currency_begins_new_costs(
    hass: HomeAssistant, loaded: MockConfigEntry
) -> None:
    leaf = runtime(loaded)
    leaf.book.over = Entries([], [charge(at(20, 8))])
    await leaf.statistics._async_write()
    assert sum((await changes(hass, loaded, "charging_cost")).values()) == pytest.approx(3.72)
    await hass.config_entries.async_remove(loaded.entry_id)
    await hass.config.async_update(currency="CHF")
    again = MockConfigEntry(domain=DOMAIN, title="again", unique_id=loaded.unique_id, data=dict(loaded.data))
    await set_up(hass, again)
    await runtime(again).statistics.async_rebuild()
    assert await changes(hass, again, "charging_cost") == {}


async def test_a_user_may_not_learn_by_a_detour_where_somebody_is(
    hass: HomeAssistant, simulator: Simulator, loaded: MockConfigEntry
) -> None:
    runtime(loaded).coordinator.async_set_updated_data(STATE)
    await hass.async_block_till_done()
    hass.states.async_set("person.anna", "not_home", {"latitude": HERE[0] + 0.1, "longitude": HERE[1]})
    hass.states.async_set("input_text.note", "person.anna")
    device = device_id(hass, loaded, simulator, "Leaf")
    user = may_see(hass, device, "input_text.note")
    with pytest.raises(Unauthorized):
        await ask_as(hass, user, device, to="input_text.note")


@pytest.mark.parametrize("behind", [timedelta(hours=5), timedelta(days=3)])
@pytest.mark.usefixtures("at_home")
async def test_a_clock_that_is_behind_at_the_start_loses_no_entry(
    hass: HomeAssistant, loaded: MockConfigEntry, freezer: FrozenDateTimeFactory, behind: timedelta
) -> None:
    _note_charge(hass, loaded, 0.5, hours_ago=4)
    book = runtime(loaded).book
    book._async_update_now()
    before = book.over.charges
    assert len(before) == 1
    await hass.config_entries.async_unload(loaded.entry_id)
    now = dt_util.utcnow()
    freezer.move_to(now - behind)  # a small computer without a clock of its own, before it has asked for the time
    await hass.config_entries.async_setup(loaded.entry_id)
    await settle(hass)
    freezer.move_to(now + timedelta(minutes=1))
    async_fire_time_changed(hass)
    await settle(hass)
    runtime(loaded).book._async_update_now()
    charges = (await runtime(loaded).book.async_all_entries()).charges
    assert [(each.start, each.cost) for each in charges] == [(each.start, each.cost) for each in before]


@pytest.mark.usefixtures("recorder_mock")
async def test_of_two_tariffs_of_the_grid_nobody_knows_which_one_holds(hass: HomeAssistant) -> None:
    assert await async_setup_component(hass, "energy", {})
    manager = await async_get_manager(hass)
    sources: Any = [
        {**GRID, "stat_energy_from": f"sensor.import_tariff_{number}", "number_energy_price": price}
        for number, price in ((1, 0.1), (2, 0.4))
    ]
    await manager.async_update({"energy_sources": sources})  # type: ignore[typeddict-item]
    assert await async_grid_price(hass) is None, "a Dutch or Belgian meter counts day and night apart"


def test_a_place_is_no_formula_where_spreadsheets_part_columns_by_semicolons() -> None:
    table = _table(["to"], {}, [{"to": "Depot;=1+1"}]).decode("utf-8-sig")
    assert list(csv.reader(StringIO(table), delimiter=";"))[1] == ["Depot", "'=1+1"]


async def test_a_plan_that_is_deleted_takes_no_cost_from_its_charges(
    hass: HomeAssistant, loaded: MockConfigEntry, pass_time: LetTimePass
) -> None:
    await pass_time(timedelta(minutes=3))
    plan = await add_plan(hass, loaded, price_source="constant", price=0.2)
    await pass_time(timedelta(minutes=10))
    book = runtime(loaded).book
    key = book.notes.tariffs.known[0].key
    assert plan.subentry_id.lower() in key
    hass.config_entries.async_remove_subentry(loaded, plan.subentry_id)
    await settle(hass)
    await pass_time(timedelta(minutes=10))
    book = runtime(loaded).book
    assert key in {each.key for each in book.notes.tariffs.known}
    assert [each.value for each in book.book.readings.by_source(Quantity.PRICE)[key]][-1] is None
    assert await hass.config_entries.async_reload(loaded.entry_id)
    await settle(hass)
    assert key in {each.key for each in runtime(loaded).book.notes.tariffs.known}


@pytest.mark.usefixtures("at_home")
async def test_costs_are_unknown_until_a_price_was_known(
    hass: HomeAssistant, loaded: MockConfigEntry, pass_time: LetTimePass
) -> None:
    book, begin = runtime(loaded).book, dt_util.utcnow()
    assert state(hass, "sensor.leaf_charging_cost").state == "0.0", "nothing was charged"
    begin -= timedelta(hours=3)
    _note_states(book.book, begin, (0, 1, 50), (1, 0, 70))
    await pass_time(timedelta(minutes=10))
    book._async_update_now()
    for name in ("charging_cost", "charging_cost_this_month"):
        assert state(hass, f"sensor.leaf_{name}").state == "unknown"
    tariff = book.notes.tariffs.known[-1]
    book.notes.tariffs._async_note_by_tariff(Quantity.PRICE, Reading(begin, 0.0), tariff)
    await pass_time(timedelta(minutes=10))
    book._async_update_now()
    for name in ("charging_cost", "charging_cost_this_month"):
        assert float(state(hass, f"sensor.leaf_{name}").state) == 0, "it was free"


def _note_states(book: Book, begin: datetime, *states: tuple[float, float, float]) -> None:
    """Note the hour, whether it is at the plug and charges, and the level."""
    for hour, charging, level in states:
        for quantity, value in (
            (Quantity.PLUGGED_IN, charging),
            (Quantity.CHARGING, charging),
            (Quantity.LEVEL, level),
            (Quantity.PLACE, "zone.home"),
        ):
            book.add(quantity, Reading(begin + timedelta(hours=hour), value, "test"))


async def test_a_charge_is_over_ten_minutes_after_its_end(
    hass: HomeAssistant, loaded: MockConfigEntry, pass_time: LetTimePass
) -> None:
    book, now = runtime(loaded).book, dt_util.utcnow()
    _note_states(book.book, now, (-2, 1, 50), (-0.1, 0, 70))
    book._async_update_now()
    assert isinstance(book.going_on, Charge)
    await pass_time(timedelta(minutes=11))
    assert book.going_on is None
    assert [each.level_to for each in book.over.charges] == [70]


async def test_a_charge_is_over_when_it_has_driven_whatever_the_last_state_says(
    hass: HomeAssistant, loaded: MockConfigEntry
) -> None:
    vehicle, now = runtime(loaded), dt_util.utcnow()
    data = vehicle.coordinator.data
    assert data.charging is not None
    vehicle.coordinator.data = replace(data, charging=replace(data.charging, status=ChargingStatus.CHARGING))
    _note_states(vehicle.book.book, now, (-5, 1, 50), (-3, 0, 70))
    vehicle.book._async_update_now()
    assert isinstance(vehicle.book.going_on, Charge)
    for hour, distance in ((-5, 1000.0), (-2, 1020.0), (-1, 1020.0)):
        vehicle.book.book.add(Quantity.ODOMETER, Reading(now + timedelta(hours=hour), distance, "test"))
    vehicle.book._async_update_now()
    assert vehicle.book.going_on is None
    assert len(vehicle.book.over.charges) == 1
