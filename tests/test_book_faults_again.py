"""What a second hostile tester has found around the book: statistics that count twice, prices of another time."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from time import sleep
from typing import Any

from homeassistant.components.energy.data import async_get_manager
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import Unauthorized
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.nissanconnect.book import long_term, tariffs
from custom_components.nissanconnect.book.energy_dashboard import async_grid_price
from custom_components.nissanconnect.book.files import BookFiles, OpenBook
from custom_components.nissanconnect.charging.price_choice import CONSTANT, PriceChoice
from custom_components.nissanconnect.charging.price_sources import async_find_price_sources, async_known_choice
from custom_components.nissanconnect.const import DOMAIN
from custom_components.nissanconnect.engine.book import Sums
from custom_components.nissanconnect.engine.book_readings import Quantity, Reading, last_until
from custom_components.nissanconnect.engine.energy_cost import known_at
from custom_components.nissanconnect.engine.entry_finder import Entries
from custom_components.nissanconnect.runtime import VehicleRuntime
from custom_components.nissanconnect.store import VehicleStore

from .book_actions.entries import at, charge
from .charging import PRICE, add_plan, runtime
from .conftest import LetTimePass, set_up, settle
from .nominatim import Nominatim, nominatim  # noqa: F401
from .simulator import Simulator
from .test_book_changes import at_home  # noqa: F401
from .test_book_statistics import LONG_AGO, changes, logged
from .test_can_reach import (
    HERE,
    STATE,
    ask_as,
    leaf as asked_leaf,  # noqa: F401
    may_see,
)
from .test_commands import device_id
from .test_energy_preferences import GRID

HOUR = timedelta(hours=1)


async def with_history(loaded: MockConfigEntry) -> VehicleRuntime:
    """The LEAF, whose history has been read."""
    leaf = runtime(loaded)
    await leaf.statistics._async_read()
    leaf.book.statistics = replace(leaf.book.statistics, has_history=True)
    return leaf


# Statistics


@pytest.mark.usefixtures("recorder_mock", "at_home")
async def test_a_charge_that_goes_on_after_a_restart_counts_once(
    hass: HomeAssistant, loaded: MockConfigEntry, pass_time: LetTimePass
) -> None:
    """It charged, paused, and charges again while Home Assistant starts: what was written counts twice."""
    leaf, now = await with_history(loaded), dt_util.utcnow()

    def report(hours: float, *, plugged: bool, charging: bool, level: float) -> None:
        book = runtime(loaded).book.book
        for quantity, value in (
            (Quantity.PLACE, "zone.home"),
            (Quantity.PLUGGED_IN, float(plugged)),
            (Quantity.CHARGING, float(charging)),
            (Quantity.LEVEL, level),
        ):
            book.add(quantity, Reading(now + hours * HOUR, value, "test"))

    report(-5, plugged=False, charging=False, level=30)
    report(-4, plugged=True, charging=True, level=30)
    report(-3, plugged=True, charging=False, level=50)
    leaf.book._async_update_now()
    await leaf.statistics._async_write()
    report(-0.5, plugged=True, charging=True, level=50)  # a pause of less than six hours belongs to the charge
    report(-0.01, plugged=True, charging=True, level=55)
    assert await hass.config_entries.async_reload(loaded.entry_id)
    await settle(hass)
    leaf = runtime(loaded)
    leaf.book._async_update_now()
    await leaf.statistics._async_write()
    await pass_time(HOUR, HOUR / 2)
    report(1, plugged=False, charging=False, level=60)
    await pass_time(HOUR, HOUR / 2)
    leaf.book._async_update_now()
    await leaf.statistics._async_write()
    [found] = leaf.book.over.charges
    assert found.wall_energy is not None
    written = sum((await changes(hass, loaded, "energy_charged")).values())
    assert written == pytest.approx(found.wall_energy, abs=0.1)


@pytest.mark.usefixtures("recorder_mock")
async def test_a_charge_that_was_corrected_around_a_restart_counts_once(
    hass: HomeAssistant, loaded: MockConfigEntry
) -> None:
    """A correction downwards is taken for what a restored backup lacks, and stays for ever."""
    leaf = await with_history(loaded)
    leaf.book.over = Entries((), [charge(at(20, 8), wall_energy=12.4)])
    await leaf.statistics._async_write()
    leaf.statistics._is_caught_up = False  # a restart, after which the meter, or an entered capacity, tells of less
    leaf.book.over = Entries((), [charge(at(20, 8), wall_energy=6.4)])
    await leaf.statistics._async_write()
    leaf.book.over = Entries((), [charge(at(20, 8), wall_energy=6.4), charge(at(20, 10), wall_energy=1.0)])
    await leaf.statistics._async_write()
    assert sum((await changes(hass, loaded, "energy_charged")).values()) == pytest.approx(7.4)
    assert leaf.book.statistics.history.wall == pytest.approx(0), "nothing was charged before the book"


@pytest.mark.usefixtures("recorder_mock")
async def test_a_charge_that_a_restored_book_finds_again_counts_once(
    hass: HomeAssistant, loaded: MockConfigEntry
) -> None:
    """The backup does not know that the hours are written, and the vehicle tells of them again."""
    leaf = await with_history(loaded)
    leaf.book.over = leaf.book.entries = Entries((), [charge(at(20, 6))])
    await leaf.statistics._async_write()
    backup = leaf.book.statistics
    leaf.book.over = leaf.book.entries = Entries((), [charge(at(20, 6)), charge(at(20, 8))])
    await leaf.statistics._async_write()
    before = await changes(hass, loaded, "energy_charged")
    leaf.book.statistics, leaf.statistics._is_caught_up = backup, False
    await leaf.statistics._async_write()
    assert await changes(hass, loaded, "energy_charged") == before
    assert leaf.book.statistics.history == backup.history


@pytest.mark.usefixtures("recorder_mock")
async def test_two_rebuilds_at_once_lose_nothing(hass: HomeAssistant, loaded: MockConfigEntry) -> None:
    """One reads what is written while the other has just cleared it: years are gone, for ever."""
    leaf = runtime(loaded)
    leaf.book.over = Entries((), [charge(at(20, 8)), charge(at(20, 10), hours=1)])
    await leaf.statistics._async_write()
    before = await changes(hass, loaded, "energy_charged")
    await hass.config_entries.async_remove(loaded.entry_id)
    again = MockConfigEntry(domain=DOMAIN, title="again", unique_id=loaded.unique_id, data=dict(loaded.data))
    await set_up(hass, again)
    leaf = runtime(again)
    for number in range(30):
        await asyncio.gather(*(leaf.statistics.async_rebuild() for _ in range(2)))
        assert await changes(hass, again, "energy_charged") == before, number


@pytest.mark.usefixtures("recorder_mock")
async def test_what_a_rebuild_has_learnt_is_not_forgotten_by_a_write_that_had_begun(
    hass: HomeAssistant, loaded: MockConfigEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first write after a start waits for the recorder, and forgets what a rebuild has learnt meanwhile."""
    leaf = runtime(loaded)
    leaf.book.over = Entries((), [charge(at(20, 8))])
    leaf.book.statistics = replace(leaf.book.statistics, has_history=False, history=Sums())
    await leaf.statistics._async_write()
    leaf.statistics._is_caught_up, leaf.statistics._rows = False, None
    read, rebuilds = long_term.async_read, list[asyncio.Task[Any]]()

    async def slow(*args: Any) -> Any:
        found = await read(*args)
        monkeypatch.setattr(long_term, "async_read", read)
        rebuilds.append(hass.async_create_task(leaf.statistics.async_rebuild()))  # the owner's, meanwhile
        await hass.async_add_executor_job(sleep, 0.5)  # as long as it takes
        return found

    monkeypatch.setattr(long_term, "async_read", slow)
    await leaf.statistics._async_write()
    await asyncio.gather(*rebuilds)
    driven = await changes(hass, loaded, "distance")
    assert min(driven.values()) >= 0, "no hour takes back the history"
    assert leaf.book.statistics.history.distance == pytest.approx(sum(driven.values()), abs=0.1) != 0


@pytest.mark.usefixtures("recorder_mock")
async def test_two_logs_at_once_are_both_kept(hass: HomeAssistant, loaded: MockConfigEntry) -> None:
    """Both read the kept logs before either writes: one is not kept, and gone with the statistics."""
    leaf = await with_history(loaded)
    days = [LONG_AGO, LONG_AGO + timedelta(days=1)]
    await asyncio.gather(*(leaf.statistics.async_add_logged(logged(day)) for day in days))
    assert [*await leaf.book.files.async_logged()] == days


# Prices


def _hourly(hass: HomeAssistant, prices: list[float], entity_id: str = PRICE, unit: str = "EUR/kWh") -> None:
    start = dt_util.utcnow().replace(minute=0, second=0, microsecond=0)
    slots = [{"start": start + i * HOUR, "end": start + (i + 1) * HOUR, "price": p} for i, p in enumerate(prices)]
    hass.states.async_set(entity_id, str(prices[0]), {"prices": slots, "unit_of_measurement": unit})


def _price_now(vehicle: VehicleRuntime) -> object:
    """What the book takes for the price by the plan."""
    series = vehicle.book.book.readings.by_source(Quantity.PRICE)
    found = last_until(series[vehicle.book.notes.tariffs.known[0].key], dt_util.utcnow())
    return None if found is None else found.value


@pytest.mark.usefixtures("at_home")
async def test_a_price_that_the_owner_has_replaced_does_not_go_on(
    hass: HomeAssistant, loaded: MockConfigEntry, pass_time: LetTimePass
) -> None:
    """A constant price has no end; the plan gets a source that is not available: the old price counts on."""
    await pass_time(timedelta(minutes=3))
    plan = await add_plan(hass, loaded, price_source="constant", price=0.3)
    await pass_time(timedelta(minutes=10))
    hass.states.async_set(PRICE, "unavailable")
    data = {**plan.data, "price_source": f"entity:{PRICE}", "price": None}
    hass.config_entries.async_update_subentry(loaded, plan, data=data)
    await settle(hass)
    await pass_time(timedelta(hours=3), timedelta(minutes=5))
    assert _price_now(runtime(loaded)) is None


@pytest.mark.parametrize("price", [0.1, 9.2, 10.5, -0.5])
@pytest.mark.usefixtures("at_home")
async def test_the_newest_price_of_an_hour_counts(
    hass: HomeAssistant, loaded: MockConfigEntry, pass_time: LetTimePass, price: float
) -> None:
    """A price is revised within its hour, or the plan gets another source: that counts whose text is larger."""
    await pass_time(timedelta(minutes=3))
    _hourly(hass, [3.0, 0.2])
    await add_plan(hass, loaded)
    await pass_time(timedelta(minutes=20))
    assert _price_now(runtime(loaded)) == 3.0
    _hourly(hass, [price, 0.2])
    await pass_time(timedelta(minutes=20))
    assert _price_now(runtime(loaded)) == price


@pytest.mark.usefixtures("at_home")
async def test_a_price_of_an_hour_does_not_change_what_was_charged_before_it_was_known(
    hass: HomeAssistant, loaded: MockConfigEntry, pass_time: LetTimePass
) -> None:
    """A dearer source of the plan counts from the begin of the hour, before the edit."""
    await pass_time(timedelta(minutes=3))
    _hourly(hass, [0.3, 0.2])
    _hourly(hass, [0.9, 0.2], "sensor.other")
    plan = await add_plan(hass, loaded)
    await pass_time(timedelta(minutes=30))
    data = {**plan.data, "price_source": "entity:sensor.other"}
    hass.config_entries.async_update_subentry(loaded, plan, data=data)
    await settle(hass)
    before = dt_util.utcnow() - timedelta(minutes=10)
    await pass_time(timedelta(minutes=10))
    book = runtime(loaded).book
    series = book.book.readings.by_source(Quantity.PRICE)[book.notes.tariffs.known[0].key]
    found = last_until(series, before)
    assert found is not None
    assert found.value == 0.3


@pytest.mark.usefixtures("at_home")
async def test_a_restart_before_a_source_in_another_currency_is_there_ends_no_price(
    hass: HomeAssistant, loaded: MockConfigEntry, pass_time: LetTimePass
) -> None:
    """Until the source is there the plan passes for one in our currency, so the tariff in its own ends."""
    await pass_time(timedelta(minutes=3))
    _hourly(hass, [3.0, 2.0], unit="SEK/kWh")
    await add_plan(hass, loaded)
    await pass_time(timedelta(minutes=10))
    assert _price_now(runtime(loaded)) == 3.0
    there = hass.states.get(PRICE)
    assert there is not None
    hass.states.async_set(PRICE, "unavailable")
    assert await hass.config_entries.async_reload(loaded.entry_id)
    await settle(hass)
    await pass_time(timedelta(minutes=6))
    assert _price_now(runtime(loaded)) == 3.0
    hass.states.async_set(PRICE, there.state, there.attributes)
    await pass_time(timedelta(minutes=10))
    assert _price_now(runtime(loaded)) == 3.0


@pytest.mark.usefixtures("at_home")
async def test_a_plan_whose_source_has_changed_its_currency_keeps_the_last_one_over_a_restart(
    hass: HomeAssistant, loaded: MockConfigEntry, pass_time: LetTimePass
) -> None:
    """Of its two tariffs that one counts by which it has noted a price last, whichever it was first."""
    await pass_time(timedelta(minutes=3))
    _hourly(hass, [0.3, 0.2])
    await add_plan(hass, loaded)
    for price, unit in ((3.0, "SEK/kWh"), (0.4, "EUR/kWh")):
        await pass_time(timedelta(minutes=10))
        _hourly(hass, [price, 0.2], unit=unit)
    await pass_time(timedelta(minutes=10))
    hass.states.async_set(PRICE, "unavailable")
    assert await hass.config_entries.async_reload(loaded.entry_id)
    await settle(hass)
    await pass_time(timedelta(minutes=10))
    assert _price_now(runtime(loaded)) == 0.4


@pytest.mark.usefixtures("at_home")
async def test_a_plan_that_is_new_changes_nothing_of_the_minutes_before_it(
    hass: HomeAssistant, loaded: MockConfigEntry, pass_time: LetTimePass, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def grid_price(_: HomeAssistant) -> float:
        return 0.5

    monkeypatch.setattr(tariffs, "async_grid_price", grid_price)
    await pass_time(timedelta(minutes=8))
    before = dt_util.utcnow() - timedelta(minutes=1)
    _hourly(hass, [0.2, 0.2])
    await add_plan(hass, loaded)
    await pass_time(timedelta(minutes=10))
    book = runtime(loaded).book
    series = book.book.readings.by_source(Quantity.PRICE)
    known = [series.get(each.key, ()) for each in book.notes.tariffs.known]
    assert known_at(before, *known) == 0.5
    assert known_at(dt_util.utcnow(), *known) == 0.2


@pytest.mark.usefixtures("recorder_mock")
async def test_of_two_grid_meters_of_which_one_has_a_price_nobody_knows_which_one_holds(hass: HomeAssistant) -> None:
    """The other may have its costs by an entity, which is a price as well."""
    assert await async_setup_component(hass, "energy", {})
    manager = await async_get_manager(hass)
    sources: Any = [
        {**GRID, "stat_energy_from": "sensor.day", "number_energy_price": 0.1},
        {**GRID, "stat_energy_from": "sensor.night", "number_energy_price": None, "stat_cost": "sensor.cost"},
    ]
    await manager.async_update({"energy_sources": sources})  # type: ignore[typeddict-item]
    assert await async_grid_price(hass) is None


@pytest.mark.parametrize("unit", ["ct/kWh", "EUR/m³"])
@pytest.mark.usefixtures("recorder_mock")
async def test_the_book_and_a_plan_take_the_dashboard_s_price_for_the_same(hass: HomeAssistant, unit: str) -> None:
    """A plan that is offered this price costs 0.32, and without the plan the book counts 32 for a kWh."""
    assert await async_setup_component(hass, "energy", {})
    manager = await async_get_manager(hass)
    source: Any = {**GRID, "number_energy_price": None, "entity_energy_price": "input_number.price"}
    await manager.async_update({"energy_sources": [source]})  # type: ignore[typeddict-item]
    hass.states.async_set("input_number.price", "32", {"unit_of_measurement": unit})
    choice = await async_known_choice(hass, await async_find_price_sources(hass))
    price = await async_grid_price(hass)
    assert choice == (None if price is None else PriceChoice(source=CONSTANT, price=price))


# Whether it gets there


async def test_a_zone_that_a_user_may_not_see_is_no_place_by_its_name_either(
    hass: HomeAssistant, simulator: Simulator, loaded: MockConfigEntry
) -> None:
    """The zone is refused by its id, and the distance to it is told by its name."""
    runtime(loaded).coordinator.async_set_updated_data(STATE)
    await hass.async_block_till_done()
    place = {"latitude": HERE[0] + 0.1, "longitude": HERE[1], "radius": 100, "friendly_name": "Anna"}
    hass.states.async_set("zone.anna", "0", place)
    device = device_id(hass, loaded, simulator, "Leaf")
    user = may_see(hass, device)
    for name in ("zone.anna", "Anna"):
        with pytest.raises(Unauthorized):
            await ask_as(hass, user, device, to=name)


async def test_a_book_that_is_read_while_its_entry_is_unloaded_stays_closed(
    hass: HomeAssistant, loaded: MockConfigEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It begins to live when nobody needs it any more, and writes old things over those of the next one."""
    await hass.config_entries.async_unload(loaded.entry_id)
    may_read, load, close = asyncio.Event(), BookFiles.async_load, VehicleStore.async_close

    async def slow_load(files: BookFiles) -> OpenBook:
        await may_read.wait()
        return await load(files)

    async def slow_close(store: VehicleStore) -> None:
        may_read.set()
        await close(store)
        await hass.async_add_executor_job(sleep, 0.05)

    monkeypatch.setattr(BookFiles, "async_load", slow_load)
    monkeypatch.setattr(VehicleStore, "async_close", slow_close)
    await hass.config_entries.async_setup(loaded.entry_id)
    await hass.async_block_till_done()
    book = runtime(loaded).book
    await hass.config_entries.async_unload(loaded.entry_id)
    await hass.async_block_till_done()
    assert (book._is_loaded, book.files._delay) == (False, None)
