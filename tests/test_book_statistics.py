"""The long-term statistics of a book are kept for ever, whatever becomes of its files."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from homeassistant.components.recorder import get_instance
from homeassistant.components.recorder.statistics import statistics_during_period
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.components.recorder.common import async_wait_recording_done

from custom_components.nissanconnect.book.files import StatisticsMemory
from custom_components.nissanconnect.book.long_term import SERIES, statistic_id
from custom_components.nissanconnect.const import DOMAIN
from custom_components.nissanconnect.engine.book import Sums
from custom_components.nissanconnect.engine.book_readings import Quantity, Reading
from custom_components.nissanconnect.engine.entry_finder import Entries
from custom_components.nissanconnect.runtime import VehicleRuntime
from custom_components.nissanconnect.source_set import SourceSet
from custom_components.nissanconnect.vehicle import NotSupported, Unavailable

from .book_actions.entries import at, charge
from .charging import runtime
from .conftest import LetTimePass, set_up, settle, state
from .simulator import Simulator

pytestmark = pytest.mark.usefixtures("recorder_mock")


async def changes(hass: HomeAssistant, entry: MockConfigEntry, name: str) -> dict[int, float]:
    """By how much a series of the LEAF rises in each hour, counted from the 1st of November."""
    series = statistic_id(runtime(entry).info, name)

    def read() -> list[Any]:
        start = dt_util.utcnow() - timedelta(days=800)
        return statistics_during_period(hass, start, None, {series}, "hour", None, {"change"}).get(series, [])

    await async_wait_recording_done(hass)
    found = await get_instance(hass).async_add_executor_job(read)
    hours = {round((row["start"] - at(1, 0).timestamp()) / 3600): round(row["change"] or 0, 2) for row in found}
    return {hour: change for hour, change in hours.items() if change}


async def test_charges_of_an_earlier_entry_stay_in_the_statistics(
    hass: HomeAssistant, simulator: object, loaded: MockConfigEntry
) -> None:
    leaf = runtime(loaded)
    leaf.book.over = Entries((), [charge(at(20, 8)), charge(at(20, 10), hours=1)])
    await leaf.statistics._async_write()
    before = await changes(hass, loaded, "energy_charged")
    assert before == {464: 6.2, 465: 6.2, 466: 12.4}
    await hass.config_entries.async_remove(loaded.entry_id)
    again = MockConfigEntry(domain=DOMAIN, title="again", unique_id=loaded.unique_id, data=dict(loaded.data))
    await set_up(hass, again)
    leaf = runtime(again)
    for _ in range(2):
        await leaf.statistics.async_rebuild()
        assert await changes(hass, again, "energy_charged") == before
        driven = await changes(hass, again, "distance")
    leaf.book.over = Entries((), [charge(at(20, 13))])
    await leaf.statistics._async_write()
    assert await changes(hass, again, "energy_charged") == before | {469: 6.2, 470: 6.2}
    await leaf.statistics.async_rebuild()
    assert await changes(hass, again, "energy_charged") == before | {469: 6.2, 470: 6.2}
    assert await changes(hass, again, "distance") == driven


async def test_an_entry_that_is_added_again_goes_on_where_the_earlier_one_has_ended(
    hass: HomeAssistant, loaded: MockConfigEntry, pass_time: LetTimePass, monkeypatch: pytest.MonkeyPatch
) -> None:
    leaf = runtime(loaded)
    leaf.book.over = Entries([], [charge(at(20, 8))])
    await leaf.statistics._async_write()
    before = await changes(hass, loaded, "energy_charged")

    async def fail(*_: Any) -> None:
        raise Unavailable

    monkeypatch.setattr(SourceSet, "read_trips", fail)
    await hass.config_entries.async_remove(loaded.entry_id)
    again = MockConfigEntry(domain=DOMAIN, title="again", unique_id=loaded.unique_id, data=dict(loaded.data))
    await set_up(hass, again)
    book = runtime(again).book
    for minute, distance in ((-60, 500000.0), (-45, 500010.0), (-30, 500010.0)):
        book._async_note(Quantity.ODOMETER, Reading(dt_util.utcnow() + timedelta(minutes=minute), distance, "test"))
    await pass_time(timedelta(minutes=50), timedelta(minutes=5))
    assert sum((await changes(hass, again, "distance")).values()) == pytest.approx(10)
    assert await changes(hass, again, "energy_charged") == before


@pytest.mark.parametrize("is_stopped", [False, True])
async def test_a_history_that_makes_no_sense_does_not_stop_the_statistics(
    loaded: MockConfigEntry, monkeypatch: pytest.MonkeyPatch, is_stopped: bool
) -> None:
    leaf = runtime(loaded)

    async def fail(*_: Any) -> None:
        if is_stopped:
            leaf.statistics.async_stop()
        raise ZeroDivisionError

    monkeypatch.setattr(SourceSet, "read_trips", fail)
    with pytest.raises(ZeroDivisionError):
        await leaf.statistics._async_read()
    assert (leaf.statistics._cancel_write is None) is is_stopped


def logged(*hours: datetime, km: float = 30) -> dict[datetime, Sums]:
    """What a log tells of some hours."""
    return {hour: Sums(distance=km, energy=km / 6, regained=km / 20) for hour in hours}


@pytest.fixture
async def leaf(loaded: MockConfigEntry) -> VehicleRuntime:
    """The LEAF, whose service has told what it knows."""
    found: VehicleRuntime = runtime(loaded)
    await found.statistics._async_read()
    found.book.statistics = replace(found.book.statistics, has_history=True)
    return found


LONG_AGO = at(1, 8, month=6)


async def test_logs_fill_in_what_nothing_else_knows_and_only_once(
    hass: HomeAssistant, loaded: MockConfigEntry, leaf: VehicleRuntime
) -> None:
    before = {name: await changes(hass, loaded, name) for name in ("distance", "energy_consumed", "energy_regained")}
    covered = [at(1, 0) + timedelta(hours=hour, minutes=-30) for hour in before["distance"]]
    one = logged(
        LONG_AGO, LONG_AGO + timedelta(hours=1), *(hour.replace(minute=0) - timedelta(hours=5) for hour in covered)
    )
    other = logged(LONG_AGO - timedelta(days=90), dt_util.utcnow() - timedelta(minutes=30)) | logged(LONG_AGO, km=20)
    for each in (one, one, other, one, other, logged(LONG_AGO + timedelta(hours=2))):
        await leaf.statistics.async_add_logged(each)
    await leaf.statistics.async_rebuild()
    new = {
        hour: change
        for hour, change in (await changes(hass, loaded, "distance")).items()
        if hour not in before["distance"]
    }
    hour = round((LONG_AGO - at(1, 0)) / timedelta(hours=1))
    assert new == {hour - 24 * 90: 30, hour: 30, hour + 1: 30, hour + 2: 30}
    for name, amount in (("distance", 30), ("energy_consumed", 5), ("energy_regained", 1.5)):
        told = await changes(hass, loaded, name)
        assert told == before[name] | dict.fromkeys(new, amount)


async def test_logs_wait_for_the_service_without_losing_what_it_has_told(
    hass: HomeAssistant,
    loaded: MockConfigEntry,
    leaf: VehicleRuntime,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def fail(*_: Any) -> None:
        raise Unavailable

    before = await changes(hass, loaded, "distance")
    with monkeypatch.context() as context:
        context.setattr(SourceSet, "read_trips", fail)
        await leaf.statistics.async_add_logged(logged(LONG_AGO))
        await leaf.statistics._async_read()
    assert await changes(hass, loaded, "distance") == before
    assert await hass.config_entries.async_reload(loaded.entry_id)
    await hass.async_block_till_done()
    leaf = runtime(loaded)
    await leaf.statistics._async_read()
    assert len(await changes(hass, loaded, "distance")) == len(before) + 1
    assert not leaf.book.statistics.lacks_logs


async def test_what_a_service_tells_of_a_month_later_takes_the_place_of_logs(
    hass: HomeAssistant, loaded: MockConfigEntry, leaf: VehicleRuntime, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def does_not(*_: Any) -> None:
        raise NotSupported

    told = await changes(hass, loaded, "distance")
    with monkeypatch.context() as context:
        context.setattr(SourceSet, "read_trips", does_not)
        leaf.book.statistics = StatisticsMemory(begun_at=leaf.book.statistics.begun_at)
        get_instance(hass).async_clear_statistics([statistic_id(leaf.info, name) for name in SERIES])
        await async_wait_recording_done(hass)
        await leaf.statistics.async_add_logged(logged(at(13, 18)))
        assert (await changes(hass, loaded, "distance"))[12 * 24 + 18] == 30
    await leaf.statistics.async_rebuild()
    assert await changes(hass, loaded, "distance") == told


async def test_logs_do_not_add_to_a_day_that_an_earlier_entry_has_written(
    hass: HomeAssistant, loaded: MockConfigEntry, leaf: VehicleRuntime
) -> None:
    await leaf.statistics.async_add_logged(logged(LONG_AGO))
    before = await changes(hass, loaded, "distance")
    await leaf.book.files.async_keep_logged({})  # as its files are removed with an entry
    await leaf.statistics.async_add_logged(logged(LONG_AGO, LONG_AGO + timedelta(hours=1), km=40))
    assert await changes(hass, loaded, "distance") == before


async def test_this_month_has_the_days_before_the_book_was_begun(
    hass: HomeAssistant, loaded: MockConfigEntry, pass_time: LetTimePass
) -> None:
    assert float(state(hass, "sensor.leaf_distance_this_month").state) == 0
    await runtime(loaded).statistics.async_rebuild()
    for _ in range(2):
        await pass_time(timedelta(minutes=1))
        driven = await changes(hass, loaded, "distance")
        of_november = sum(km for hour, km in driven.items() if hour >= 0)
        assert of_november > 10
        assert float(state(hass, "sensor.leaf_distance_this_month").state) == pytest.approx(of_november, abs=0.1)
        assert float(state(hass, "sensor.leaf_energy_used_this_month").state) > 1
        assert await hass.config_entries.async_reload(loaded.entry_id)
        await settle(hass)
    await pass_time(timedelta(days=15), timedelta(days=15))
    assert float(state(hass, "sensor.leaf_distance_this_month").state) < of_november


async def test_of_the_day_of_the_installation_what_was_before_it_is_counted_once(
    hass: HomeAssistant, simulator: Simulator, entry: MockConfigEntry, pass_time: LetTimePass
) -> None:
    """Its service tells of the whole day, in the night."""
    await set_up(hass, entry)
    await pass_time(timedelta(hours=18), timedelta(minutes=5))
    leaf, real = runtime(entry), simulator.vehicle("Leaf").cloud.trips
    [trip], today = leaf.book.entries.trips, [each for each in real if each.started_at >= at(20, 0)]
    recovered = sum(each.consumption.recovered for each in today)
    assert len(today) == 2
    assert trip.regained == pytest.approx(recovered * trip.distance / sum(each.distance for each in today), rel=0.02)
    for field, amount in (("distance", sum(each.distance for each in today)), ("energy_regained", recovered)):
        for _ in range(2):
            of_today = {hour: change for hour, change in (await changes(hass, entry, field)).items() if hour >= 19 * 24}
            assert min(of_today.values()) >= 0
            assert sum(of_today.values()) == pytest.approx(amount, rel=0.03)
            hours = {int((each.timestamp() - at(1, 0).timestamp()) // 3600) for each in (trip.start, trip.end)}
            in_book = trip.distance if field == "distance" else trip.regained
            assert sum(of_today[hour] for hour in hours) == pytest.approx(in_book, abs=0.02)
            await leaf.statistics.async_rebuild()
    paid = charge(at(20, 14))
    leaf.book.over = Entries(leaf.book.over.trips, [paid])
    await leaf.statistics.async_rebuild()
    costs = await changes(hass, entry, "charging_cost")
    assert sum(costs.values()) == pytest.approx(paid.cost, abs=0.02)
    assert min(costs.values()) > 0


async def test_statistics_go_on_after_a_backup_without_the_database_was_restored(
    hass: HomeAssistant, loaded: MockConfigEntry, hass_storage: dict[str, Any]
) -> None:
    leaf = runtime(loaded)
    leaf.book.over = Entries([], [charge(at(20, 6))])
    await leaf.statistics.async_rebuild()
    await hass.config_entries.async_unload(loaded.entry_id)
    backup = {name: content for name, content in hass_storage.items() if ".book." in name}
    await hass.config_entries.async_setup(loaded.entry_id)
    await settle(hass)
    leaf = runtime(loaded)
    leaf.book.statistics = replace(leaf.book.statistics, has_history=True)
    leaf.book.over = Entries([], [charge(at(20, 6)), charge(at(20, 8))])
    await leaf.statistics._async_write()
    before = await changes(hass, loaded, "energy_charged")
    await hass.config_entries.async_unload(loaded.entry_id)
    hass_storage.update(backup)
    await hass.config_entries.async_setup(loaded.entry_id)
    await settle(hass)
    leaf = runtime(loaded)
    leaf.book.statistics = replace(leaf.book.statistics, has_history=True)
    leaf.book.over = Entries([], [charge(at(20, 6)), charge(at(20, 10))])
    await leaf.statistics._async_write()
    for _ in range(2):
        assert await changes(hass, loaded, "energy_charged") == before | {466: 6.2, 467: 6.2}
        leaf.statistics._is_caught_up = False
        await leaf.statistics._async_write()
