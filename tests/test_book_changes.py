"""What becomes of a book when its owner changes Home Assistant's currency, or renames or deletes places."""

from collections import defaultdict
from datetime import timedelta
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.nissanconnect.battery_health import BatteryHealth
from custom_components.nissanconnect.book.display import BookDisplay
from custom_components.nissanconnect.book.keeper import VehicleBook
from custom_components.nissanconnect.engine.book import Sums
from custom_components.nissanconnect.engine.book_readings import Quantity, Reading
from custom_components.nissanconnect.engine.energy_cost import known_at
from custom_components.nissanconnect.engine.entry_finder import Entries
from custom_components.nissanconnect.source_set import SourceSet
from custom_components.nissanconnect.vehicle import NotSupported, Position, VehicleState

from .book_actions.entries import at, charge, trip
from .charging import add_plan, runtime, set_prices
from .conftest import LetTimePass, settle, state
from .simulator import Simulator
from .simulator.cars.places import TO_SCIENCE_PARK
from .test_alerts import draw, geofence
from .test_book_statistics import changes

HERE = {"latitude": 52.0, "longitude": 1.0, "radius": 100}


@pytest.fixture
async def at_home(hass: HomeAssistant) -> None:
    """Home is where the LEAF stands by day."""
    here = TO_SCIENCE_PARK.back().start
    await hass.config.async_update(latitude=here.latitude, longitude=here.longitude)
    assert await async_setup_component(hass, "zone", {})


@pytest.fixture
async def book(hass: HomeAssistant, at_home: None, loaded: MockConfigEntry) -> VehicleBook:
    """The book of the LEAF, which charged this morning, and for which 0.50 EUR are paid for a kWh at home."""
    found = runtime(loaded).book
    begin = dt_util.utcnow() - timedelta(hours=8)
    found.notes.tariffs._async_note_by_tariff(Quantity.PRICE, Reading(begin, 0.5), found.notes.tariffs.known[-1])
    for hours, plugged, level in ((0, 0, 50), (1, 1, 50), (2, 1, 70), (3, 0, 70)):
        time = begin + timedelta(hours=hours)
        found.book.add(Quantity.PLUGGED_IN, Reading(time, float(plugged), "test"))
        found.book.add(Quantity.CHARGING, Reading(time, float(plugged and hours == 1), "test"))
        found.book.add(Quantity.LEVEL, Reading(time, float(level), "test"))
    found._async_update_now()
    return found


async def test_another_currency_begins_new_sums(
    hass: HomeAssistant, book: VehicleBook, loaded: MockConfigEntry
) -> None:
    (before,) = book.over.charges
    assert before.cost is not None
    assert before.cost > 1
    assert state(hass, "sensor.leaf_charging_cost").state == f"{before.cost:.2f}"
    await hass.config.async_update(currency="CHF")
    await settle(hass)
    for name in ("charging_cost", "charging_cost_this_month"):
        shown = state(hass, f"sensor.leaf_{name}")
        assert (shown.state, shown.attributes["unit_of_measurement"]) == ("unknown", "CHF")
    assert state(hass, "sensor.leaf_last_charge_cost").state == "unknown"
    assert float(state(hass, "sensor.leaf_energy_charged").state) == pytest.approx(before.wall_energy, abs=0.01)
    assert (await book.async_all_entries()).charges == [before]
    assert await hass.config_entries.async_reload(loaded.entry_id)
    await settle(hass)
    assert state(hass, "sensor.leaf_charging_cost").state == "unknown"


async def test_a_plan_that_is_added_while_it_charges_knows_what_the_beginning_has_cost(
    hass: HomeAssistant, book: VehicleBook, loaded: MockConfigEntry, pass_time: LetTimePass
) -> None:
    """What the dashboard or another plan has noted stays as it is."""
    begin = dt_util.utcnow() - timedelta(hours=8)
    book.book.readings.add(
        Quantity.PRICE, Reading(begin + timedelta(hours=1.5), None, book.notes.tariffs.known[-1].key)
    )
    book._async_update_now()
    assert [each.cost for each in book.over.charges] == [None]
    set_prices(hass, begin, [0.2] * 40)
    await add_plan(hass, loaded)
    await pass_time(timedelta(minutes=5))
    book._async_update_now()
    (found,) = book.over.charges
    assert found.wall_energy is not None
    assert found.cost == pytest.approx(found.wall_energy * (0.5 + 0.2) / 2)


@pytest.mark.usefixtures("recorder_mock", "at_home")
async def test_each_hour_has_the_energy_that_its_meter_has_counted_and_its_cost_for_ever(
    hass: HomeAssistant, loaded: MockConfigEntry, pass_time: LetTimePass, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The charge pauses in between; prices are those of quarters, some of them negative. There is no history."""

    async def fail(*_: Any) -> None:
        raise NotSupported

    monkeypatch.setattr(SourceSet, "read_trips", fail)
    begin = dt_util.utcnow() - timedelta(hours=8)
    prices = [0.1 * ((5 * quarter) % 8 - 2) for quarter in range(40)]
    counted = {quarter: 1.5 if quarter % 2 else 0.7 for quarter in (*range(1, 4), *range(10, 15))}
    set_prices(hass, begin, prices)
    await add_plan(hass, loaded)
    await pass_time(timedelta(minutes=5))
    readings, shown = runtime(loaded).book.book, 100.0
    for quarter in range(24):
        time, flows = begin + timedelta(minutes=15) * quarter, quarter in counted
        readings.add(Quantity.METER, Reading(time, shown, "sensor.box"))
        readings.add(Quantity.PLUGGED_IN, Reading(time, float(1 <= quarter < 15), "test"))
        readings.add(Quantity.CHARGING, Reading(time, float(flows), "test"))
        readings.add(Quantity.LEVEL, Reading(time, 40 + (shown - 100) * 2, "test"))
        shown += counted.get(quarter, 0)
    energy, cost = defaultdict[int, float](float), defaultdict[int, float](float)
    for quarter, amount in counted.items():
        hour = (begin - at(1, 0)) // timedelta(hours=1) + quarter // 4
        energy[hour] += amount
        cost[hour] += amount * prices[quarter]

    async def assert_written() -> None:
        for name, expected in (("energy_charged", energy), ("charging_cost", cost)):
            found = await changes(hass, loaded, name)
            known = {hour: change for hour, change in found.items() if hour <= max(energy)}
            assert known == {hour: pytest.approx(each, abs=0.011) for hour, each in expected.items()}

    runtime(loaded).book._async_update_now()
    await runtime(loaded).statistics._async_write()
    await assert_written()
    await pass_time(timedelta(days=3), timedelta(hours=12))
    assert runtime(loaded).book.book.settled.priced == pytest.approx(sum(counted.values()), abs=1e-6)
    assert await hass.config_entries.async_reload(loaded.entry_id)
    await settle(hass)
    await runtime(loaded).statistics.async_rebuild()
    await assert_written()


async def test_prices_of_the_time_in_which_home_assistant_was_off_are_noted_later(
    hass: HomeAssistant, loaded: MockConfigEntry, pass_time: LetTimePass, simulator: Simulator
) -> None:
    start = dt_util.utcnow()
    set_prices(hass, start, [0.1 * each for each in range(1, 20)])
    await add_plan(hass, loaded)
    await pass_time(timedelta(minutes=20))
    assert await hass.config_entries.async_unload(loaded.entry_id)
    await pass_time(timedelta(hours=2))
    assert await hass.config_entries.async_setup(loaded.entry_id)
    await settle(hass)
    await pass_time(timedelta(minutes=5))
    noted = runtime(loaded).book.book.readings.of(Quantity.PRICE)
    known = [known_at(start + each * timedelta(minutes=5), noted) for each in range(30)]
    assert known == [pytest.approx(0.1 * (each // 3 + 1)) for each in range(30)]


async def test_another_currency_while_home_assistant_is_down(
    hass: HomeAssistant, book: VehicleBook, loaded: MockConfigEntry
) -> None:
    (before,) = book.over.charges
    assert await hass.config_entries.async_unload(loaded.entry_id)
    await hass.config.async_update(currency="CHF")
    assert await hass.config_entries.async_setup(loaded.entry_id)
    await settle(hass)
    assert state(hass, "sensor.leaf_charging_cost").state == "unknown"
    assert (await runtime(loaded).book.async_all_entries()).charges == [before]


@pytest.mark.usefixtures("recorder_mock")
async def test_another_currency_begins_new_statistics_of_costs_alone(
    hass: HomeAssistant, loaded: MockConfigEntry
) -> None:
    leaf = runtime(loaded)
    await leaf.book.files.async_archive(Entries((), [charge(at(10, 8))]))
    leaf.book.book.settled = Sums(wall=12.4, cost=3.72)
    leaf.book.over = Entries((), [charge(at(20, 8))])
    await leaf.statistics.async_rebuild()
    energy = await changes(hass, loaded, "energy_charged")
    assert sum((await changes(hass, loaded, "charging_cost")).values()) == pytest.approx(7.44)
    await hass.config.async_update(currency="CHF")
    leaf.book.over = Entries((), [charge(at(20, 8)), charge(at(20, 11), cost=5.0, currency="CHF")])
    await leaf.statistics._async_write()
    assert await changes(hass, loaded, "charging_cost") == {467: 2.5, 468: 2.5}
    assert await changes(hass, loaded, "energy_charged") == energy | {467: 6.2, 468: 6.2}


async def test_what_a_charge_has_cost_in_another_currency_is_not_shown_as_if_it_were_ours(
    hass: HomeAssistant, loaded: MockConfigEntry
) -> None:
    book = runtime(loaded).book
    assert book.display is not None
    for currency, expected in (("EUR", "3.72"), ("SEK", "unknown")):
        book.display = BookDisplay(currency="EUR", last_charge=charge(at(20, 8), currency=currency))
        book._async_call_listeners()
        assert state(hass, "sensor.leaf_last_charge_cost").state == expected


@pytest.fixture
async def places(hass: HomeAssistant, loaded: MockConfigEntry) -> VehicleBook:
    """The book of a LEAF that stands in the zone Work, and was in the geofence Club."""
    assert await async_setup_component(hass, "zone", {})
    hass.states.async_set("zone.work", "0", HERE | {"friendly_name": "Work"})
    leaf = runtime(loaded)
    position = Position(latitude=52.0, longitude=1.0, backend="test", received_at=dt_util.utcnow())
    leaf.book.notes.async_note_state(VehicleState(), VehicleState(position=position))
    return leaf.book


def noted(book: VehicleBook) -> str:
    """Where the vehicle was last."""
    value = book.book.readings.of(Quantity.PLACE)[-1].value
    assert isinstance(value, str)
    return value


async def test_a_place_keeps_its_entries_when_it_is_renamed_and_its_name_when_it_is_deleted(
    hass: HomeAssistant, places: VehicleBook, loaded: MockConfigEntry
) -> None:
    assert (noted(places), places.places.async_shown("zone.work")) == ("zone.work", "Work")
    hass.states.async_set("zone.work", "0", HERE | {"friendly_name": "Office"})
    assert places.places.async_shown(noted(places)) == "Office"
    hass.states.async_remove("zone.work")
    assert places.places.async_shown(noted(places)) == "Work"
    assert await hass.config_entries.async_reload(loaded.entry_id)
    await settle(hass)
    assert runtime(loaded).book.places.async_shown("zone.work") == "Work"


async def test_a_geofence_is_a_place_too(hass: HomeAssistant, loaded: MockConfigEntry) -> None:
    await draw(hass, loaded, geofence("Club"))
    leaf = runtime(loaded)
    places, key = leaf.book.places, leaf.alerts.geofences[0].key
    assert (places.async_shown(key), places.async_shown("Gym"), places.async_called("Club")) == ("Club", "Gym", key)


async def test_places_that_an_earlier_version_knew_by_their_names(
    hass: HomeAssistant, places: VehicleBook, loaded: MockConfigEntry
) -> None:
    at_work = Reading(dt_util.utcnow(), "Work", "another")
    places.book.add(Quantity.PLACE, at_work)
    places.book.add(Quantity.PLACE, at_work._replace(value="Gym", source="third"))
    await places.files.async_archive(Entries([trip(at(18, 8), destination="Work")]))
    assert await hass.config_entries.async_reload(loaded.entry_id)
    await settle(hass)
    book = runtime(loaded).book
    kept = {reading.source: reading.value for reading in book.book.readings.of(Quantity.PLACE)}
    assert (kept["another"], kept["third"]) == ("zone.work", "Gym")
    ((old,), _) = await book.async_all_entries()
    assert book.places.async_shown(old.destination) == "Work"


async def test_an_entry_keeps_its_energy_while_sources_with_another_capacity_take_turns(
    hass: HomeAssistant, book: VehicleBook, monkeypatch: pytest.MonkeyPatch, pass_time: LetTimePass
) -> None:
    def believe(capacity: float) -> float:
        monkeypatch.setattr(BatteryHealth, "capacity", capacity)
        book._async_update_now()
        return round(book.over.charges[0].energy or 0, 2)

    first, other, first_again = believe(40.0), believe(37.2), believe(40.0)
    assert first == other == first_again
    await pass_time(timedelta(hours=13), timedelta(hours=13))
    assert 0 < abs(believe(37.2) - first) < 0.02 * first, "a day later it follows a little"
    assert believe(20.0) < 0.6 * first, "and this is another battery"
