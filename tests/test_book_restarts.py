"""What the book keeps of what services know, when Home Assistant is restarted and when they fail."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

from homeassistant.const import EVENT_HOMEASSISTANT_FINAL_WRITE
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.nissanconnect.book import long_term, statistics, tariffs
from custom_components.nissanconnect.book.files import StatisticsMemory
from custom_components.nissanconnect.book.keeper import VehicleBook
from custom_components.nissanconnect.engine.book import Sums
from custom_components.nissanconnect.engine.book_readings import Quantity, Reading, Regained
from custom_components.nissanconnect.engine.entry_finder import Entries
from custom_components.nissanconnect.runtime import VehicleRuntime
from custom_components.nissanconnect.source_set import SourceSet
from custom_components.nissanconnect.vehicle import TripRecord, Unavailable

from .book_actions.entries import at, trip
from .charging import add_plan, runtime, set_prices
from .conftest import LetTimePass, settle

SERVICE = "my account"


@pytest.fixture
async def book(hass: HomeAssistant, loaded: MockConfigEntry, pass_time: LetTimePass) -> VehicleBook:
    """The book of the Qashqai, which drove two days ago. Its service knows what was regained on that day."""
    found = runtime(loaded, "Qashqai").book
    noon = dt_util.utcnow() - timedelta(days=2)
    for minutes, distance in ((60, 100.0), (120, 100.0), (150, 130.0)):
        found.book.add(Quantity.ODOMETER, Reading(noon + timedelta(minutes=minutes), distance, SERVICE))
    found.async_set_lately((Regained(noon + timedelta(hours=1), noon + timedelta(hours=25), 5.0, 60.0),))
    await pass_time(timedelta(hours=8), timedelta(hours=1))
    return found


def regained(book: VehicleBook) -> list[float | None]:
    """What was regained on each trip that is not settled, and on the settled ones together."""
    return [book.book.settled.regained, *(trip.regained for trip in book.entries.trips)]


async def test_what_was_regained_is_kept_over_a_restart(
    hass: HomeAssistant, loaded: MockConfigEntry, book: VehicleBook
) -> None:
    assert regained(book) == [0, 2.5]
    assert await hass.config_entries.async_reload(loaded.entry_id)
    await settle(hass)
    assert sum(each or 0 for each in regained(runtime(loaded, "Qashqai").book)) == 2.5


async def test_what_was_regained_is_kept_while_the_service_fails(
    loaded: MockConfigEntry, book: VehicleBook, pass_time: LetTimePass, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: Any) -> None:
        raise Unavailable

    book.statistics = replace(book.statistics, has_history=True)
    monkeypatch.setattr(SourceSet, "read_trips", fail)
    await runtime(loaded, "Qashqai").statistics._async_read()
    await pass_time(timedelta(minutes=2))
    assert regained(book) == [0, 2.5]


async def test_single_trips_are_kept_over_a_restart_without_their_positions(
    hass: HomeAssistant, loaded: MockConfigEntry, hass_storage: dict[str, Any]
) -> None:
    """The vehicle drove 30 km between two readings: in two trips, as its service tells."""
    book, noon = runtime(loaded, "Qashqai").book, dt_util.utcnow() - timedelta(days=1)
    records = tuple(
        TripRecord(
            start=noon + timedelta(hours=hour),
            end=noon + timedelta(hours=hour, minutes=20),
            distance=15.0,
            end_position=(12.3456, 65.4321),
        )
        for hour in (1, 5)
    )
    for hours, distance in ((0, 500_000.0), (8, 500_030.0)):
        book.book.add(Quantity.ODOMETER, Reading(noon + timedelta(hours=hours), distance, SERVICE))
    book.async_set_lately((), records)
    assert await hass.config_entries.async_reload(loaded.entry_id)
    await settle(hass)
    trips = runtime(loaded, "Qashqai").book.entries.trips
    assert [(each.start, each.end, each.distance) for each in trips] == [(each.start, each.end, 15) for each in records]
    assert "12.3456" not in str([data for name, data in hass_storage.items() if ".book." in name])


async def test_a_book_that_is_closed_writes_nothing_more(
    hass: HomeAssistant,
    loaded: MockConfigEntry,
    book: VehicleBook,
    pass_time: LetTimePass,
    hass_storage: dict[str, Any],
) -> None:
    assert await hass.config_entries.async_remove(loaded.entry_id)
    book.async_keep_statistics(StatisticsMemory())  # the history that is read at that moment may come later
    book.async_set_lately(())
    await pass_time(timedelta(minutes=12), timedelta(minutes=6))
    assert not any(".book." in name for name in hass_storage)


async def test_prices_alone_are_written_seldom_and_at_the_end(
    hass: HomeAssistant, loaded: MockConfigEntry, hass_storage: dict[str, Any], pass_time: LetTimePass
) -> None:
    leaf, name = runtime(loaded), _file_of(runtime(loaded))
    await pass_time(timedelta(minutes=18), timedelta(minutes=6))
    before = hass_storage[name]
    leaf.book.notes.tariffs._note(Quantity.PRICE, Reading(dt_util.utcnow(), 0.12345, "energy_dashboard"))
    await pass_time(timedelta(minutes=12), timedelta(minutes=6))
    assert hass_storage[name] is before
    hass.bus.async_fire_internal(EVENT_HOMEASSISTANT_FINAL_WRITE)
    await settle(hass)
    assert "0.12345" in str(hass_storage[name])


def _file_of(vehicle: VehicleRuntime) -> str:
    return vehicle.book.files._open.key


async def test_a_book_whose_open_part_is_lost_does_not_count_its_trips_twice(
    hass: HomeAssistant, loaded: MockConfigEntry, pass_time: LetTimePass
) -> None:
    leaf = runtime(loaded)
    hours, _ = await leaf.statistics._async_history(Entries())
    days = {dt_util.as_local(hour).date(): sums.distance for hour, sums in hours.items()}
    kept = Entries([trip(at(18, 8), distance=days[date(2026, 11, 18)])])
    hours, _ = await leaf.statistics._async_history(kept)
    assert sum(sums.distance for hour, sums in hours.items() if hour >= at(18, 0)) == 0
    assert sum(sums.distance for hour, sums in hours.items()) == pytest.approx(
        sum(distance for day, distance in days.items() if day < date(2026, 11, 18))
    )


@pytest.mark.usefixtures("recorder_mock")
async def test_a_trip_that_ends_while_statistics_are_rebuilt_does_not_shift_their_sums(
    hass: HomeAssistant, loaded: MockConfigEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    leaf = runtime(loaded)
    written = list[Sequence[tuple[datetime, Sums]]]()

    async def write(_: Any, __: Any, rows: Sequence[tuple[datetime, Sums]], *, from_scratch: bool = False) -> list[str]:
        written.append(rows)
        return []

    async def read(*_: Any) -> dict[datetime, Sums]:
        leaf.book.over = Entries([trip(at(20, 8)), trip(at(20, 11))])
        return {at(1, 0): Sums(distance=100)}

    monkeypatch.setattr(long_term, "async_write", write)
    monkeypatch.setattr(statistics, "async_read_history", read)
    leaf.book.over = Entries([trip(at(20, 8))])
    await leaf.statistics.async_rebuild()
    await leaf.statistics._async_write()
    rebuilt, after = ([round(sums.distance, 2) for _, sums in rows] for rows in written)
    assert rebuilt == [100, 120.04]
    assert after == [120.04, 140.08]


async def test_a_price_that_its_sensor_shows_late_holds_from_the_quarter_of_an_hour(
    loaded: MockConfigEntry, pass_time: LetTimePass, monkeypatch: pytest.MonkeyPatch
) -> None:
    price = 0.3

    async def grid_price(_: HomeAssistant) -> float:
        return price

    monkeypatch.setattr(tariffs, "async_grid_price", grid_price)
    await pass_time(timedelta(minutes=15, seconds=50), timedelta(seconds=25))
    price = 0.1
    await pass_time(timedelta(minutes=5))
    noted = runtime(loaded).book.book.readings.of(Quantity.PRICE)
    assert [(each.at, each.value) for each in noted if each.value] == [(at(20, 12), 0.3), (at(20, 12.25), 0.1)]


async def test_the_dashboard_s_price_holds_from_the_start(
    hass: HomeAssistant, loaded: MockConfigEntry, pass_time: LetTimePass, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def grid_price(_: HomeAssistant) -> float | None:
        return 0.3 if is_up else None

    is_up = True
    monkeypatch.setattr(tariffs, "async_grid_price", grid_price)
    await pass_time(timedelta(minutes=20), timedelta(minutes=10))
    known = runtime(loaded).book.notes.tariffs.known
    assert len(known) == 1
    is_up = False  # Home Assistant starts, and has not brought the dashboard up yet
    assert await hass.config_entries.async_reload(loaded.entry_id)
    await settle(hass)
    assert runtime(loaded).book.notes.tariffs.known == known


async def test_a_price_that_is_missing_for_a_moment_is_noted_once_it_is_back(
    loaded: MockConfigEntry, pass_time: LetTimePass, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def grid_price(_: HomeAssistant) -> float | None:
        minute = dt_util.utcnow().minute
        return None if minute in {15, 16, 17} else 0.3 if minute < 25 else 0.9

    monkeypatch.setattr(tariffs, "async_grid_price", grid_price)
    await pass_time(timedelta(minutes=29))
    noted = runtime(loaded).book.book.readings.of(Quantity.PRICE)
    assert [(each.at, each.value) for each in noted if each.value] == [(at(20, 12), 0.3), (at(20, 12.25), 0.3)]


async def test_a_price_holds_over_a_restart(
    hass: HomeAssistant, loaded: MockConfigEntry, pass_time: LetTimePass
) -> None:
    """Its end is noted with it, and is still to come."""
    set_prices(hass, at(20, 12), [0.3, 0.1, 0.2])
    await add_plan(hass, loaded)
    await pass_time(timedelta(minutes=5))
    assert await hass.config_entries.async_reload(loaded.entry_id)
    await settle(hass)
    noted = runtime(loaded).book.book.readings.of(Quantity.PRICE)
    assert [(each.at, each.value) for each in noted] == [(at(20, 12), 0.3), (at(20, 12.25), None)]
