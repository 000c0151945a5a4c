"""The book of a vehicle in Home Assistant: what it shows after a day, what it keeps, and what it leaves out."""

from dataclasses import replace
from datetime import timedelta
import json
from typing import Any

from homeassistant.components.energy.data import async_get_manager
from homeassistant.components.energy.validate import async_validate
from homeassistant.components.recorder import get_instance
from homeassistant.components.recorder.statistics import list_statistic_ids, statistics_during_period
from homeassistant.components.repairs import repairs_flow_manager
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr, issue_registry as ir
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.components.recorder.common import (
    async_wait_recording_done,
    do_adhoc_statistics,
)

from custom_components.nissanconnect.book.long_term import SERIES, statistic_id
from custom_components.nissanconnect.const import DOMAIN
from custom_components.nissanconnect.diagnostics import async_get_config_entry_diagnostics
from custom_components.nissanconnect.issues import NOT_ON_ENERGY_DASHBOARD

from .charging import electric, runtime
from .conftest import LetTimePass, set_up, settle, state
from .simulator import Simulator
from .test_energy_preferences import GRID

AFTERNOON = timedelta(hours=8)
"""From noon until the LEAF has come home, and the Ariya has been charged."""


def shown(hass: HomeAssistant, key: str, vehicle: str = "leaf") -> float:
    """What a sensor shows."""
    return float(state(hass, f"sensor.{vehicle}_{key}").state)


@pytest.fixture
async def evening(
    hass: HomeAssistant, simulator: Simulator, entry: MockConfigEntry, pass_time: LetTimePass
) -> MockConfigEntry:
    """The account in the evening of a day on which Home Assistant was begun at noon."""
    home = simulator.vehicle("Leaf").home
    await hass.config.async_update(latitude=home.latitude, longitude=home.longitude)
    assert await async_setup_component(hass, "zone", {})
    await set_up(hass, entry)
    await pass_time(AFTERNOON, timedelta(minutes=2))
    return entry


async def test_a_trip_home_is_in_the_book(hass: HomeAssistant, simulator: Simulator, evening: MockConfigEntry) -> None:
    [trip] = runtime(evening).book.over.trips
    real = simulator.vehicle("Leaf").cloud.trips[-1]
    assert trip.distance == pytest.approx(real.distance, abs=0.1)
    assert abs(trip.start - real.started_at) < timedelta(minutes=5)
    assert abs(trip.end - real.ended_at) < timedelta(minutes=2)
    assert (trip.origin, trip.destination) == ("", "zone.home")
    used = real.consumption.electricity - real.consumption.recovered
    assert trip.energy == pytest.approx(used, abs=trip.uncertainty)
    assert shown(hass, "last_trip_distance") == shown(hass, "distance_this_month") == round(trip.distance, 1)
    assert shown(hass, "energy_charged") == 0, "it charges at night"
    assert state(hass, "sensor.qashqai_distance_this_month").state == "0.0"
    assert hass.states.get("sensor.qashqai_energy_charged") is None, "it has no battery to charge"


async def test_a_trip_does_not_wait_for_what_is_only_measured(
    hass: HomeAssistant, evening: MockConfigEntry, pass_time: LetTimePass
) -> None:
    await pass_time(timedelta(minutes=30), timedelta(minutes=5))
    book, state = runtime(evening).book, runtime(evening).coordinator.data
    assert state.battery is not None
    assert state.odometer is not None
    assert state.odometer.distance is not None
    before, now = len(book.entries.trips), dt_util.utcnow()
    level = replace(state.battery, level=50.0, received_at=now, reported_at=now)
    book.notes.async_note_state(state, replace(state, battery=level))
    driven = replace(state.odometer, distance=state.odometer.distance + 20, received_at=now, reported_at=now)
    book.notes.async_note_state(state, replace(state, odometer=driven))
    await pass_time(timedelta(seconds=31), timedelta(seconds=31))
    assert len(book.entries.trips) == before + 1


async def test_a_restart_in_the_evening_loses_nothing_and_invents_nothing(
    hass: HomeAssistant, evening: MockConfigEntry, pass_time: LetTimePass
) -> None:
    before = runtime(evening).book.entries
    assert await hass.config_entries.async_reload(evening.entry_id)
    await settle(hass)
    await pass_time(timedelta(minutes=30), timedelta(minutes=5))
    assert runtime(evening).book.entries.trips == before.trips
    assert shown(hass, "last_trip_distance") == round(before.trips[-1].distance, 1)


async def test_its_files_are_private_and_go_with_the_entry(
    hass: HomeAssistant, evening: MockConfigEntry, hass_storage: dict[str, Any]
) -> None:
    assert await hass.config_entries.async_unload(evening.entry_id)
    names = {name for name in hass_storage if ".book." in name}
    assert len(names) == 3
    assert not any(vehicle in str(names) for vehicle in ("SJNFAKE", "JN1FAKE", "leaf"))
    assert await hass.config_entries.async_remove(evening.entry_id)
    await hass.async_block_till_done()
    assert not any(".book." in name for name in hass_storage)


async def test_diagnostics_tell_nothing_of_it(hass: HomeAssistant, evening: MockConfigEntry) -> None:
    told = json.dumps(await async_get_config_entry_diagnostics(hass, evening), default=str)
    assert "zone.home" not in told
    assert "odometer_to" not in told
    trip = runtime(evening).book.over.trips[-1]
    assert trip.start.isoformat()[:16] not in told


@pytest.mark.usefixtures("recorder_mock")
async def test_statistics_hold_the_whole_history_with_sums_that_go_on(
    hass: HomeAssistant, evening: MockConfigEntry, pass_time: LetTimePass
) -> None:
    await pass_time(timedelta(minutes=10), timedelta(minutes=5))
    await async_wait_recording_done(hass)
    info = runtime(evening).info
    ids = {statistic_id(info, name) for name in SERIES}
    listed = await get_instance(hass).async_add_executor_job(list_statistic_ids, hass, ids)
    assert {each["statistic_id"] for each in listed} == ids
    petrol = runtime(evening, "Qashqai").info
    of_petrol = {statistic_id(petrol, name) for name in SERIES}
    listed = await get_instance(hass).async_add_executor_job(list_statistic_ids, hass, of_petrol)
    assert [each["statistic_id"] for each in listed] == [statistic_id(petrol, "distance")], "it has no battery"
    rows = await _rows(hass, statistic_id(info, "distance"))
    sums = [row["sum"] for row in rows]
    assert sums == sorted(sums)
    days: Any = await hass.services.async_call(
        DOMAIN,
        "get_trips",
        {"device_id": _device(hass, evening), "period": "day", "to": "2026-11-19"},
        blocking=True,
        return_response=True,
    )
    [past] = [each["answer"] for each in days["vehicles"].values()]
    history = sum(day["distance"] for day in past)
    assert sums[-1] == pytest.approx(history + runtime(evening).book.over.trips[-1].distance, abs=0.2)
    before = len(rows)
    answer: Any = await hass.services.async_call(
        DOMAIN, "rebuild_statistics", {"device_id": _device(hass, evening)}, blocking=True, return_response=True
    )
    [rebuilt] = [each["answer"] for each in answer["vehicles"].values()]
    assert (set(rebuilt["statistics"]), rebuilt["hours"], rebuilt["history"]) == (ids, before, True)
    await async_wait_recording_done(hass)
    again = await _rows(hass, statistic_id(info, "distance"))
    assert [(row["start"], row["sum"]) for row in again] == [(row["start"], row["sum"]) for row in rows]
    assert len(again) == before
    await hass.config.async_set_time_zone("Europe/Amsterdam")
    answer = await hass.services.async_call(
        DOMAIN, "rebuild_statistics", {"device_id": _device(hass, evening)}, blocking=True, return_response=True
    )
    [rebuilt] = [each["answer"] for each in answer["vehicles"].values()]
    assert rebuilt["to"] == "2026-11-20T18:00:00+01:00", "in local time"


@pytest.mark.usefixtures("recorder_mock")
async def test_it_can_be_put_on_the_energy_dashboard_with_one_click(
    hass: HomeAssistant,
    evening: MockConfigEntry,
    simulator: Simulator,
    pass_time: LetTimePass,
) -> None:
    assert await async_setup_component(hass, "energy", {})
    assert await async_setup_component(hass, "repairs", {})
    hass.states.async_set(
        "sensor.meter", "1", {"device_class": "energy", "state_class": "total_increasing", "unit_of_measurement": "kWh"}
    )
    manager = await async_get_manager(hass)
    await manager.async_update({"energy_sources": [GRID]})  # type: ignore[typeddict-item]
    metered = electric(simulator).ledger.mains
    await pass_time(timedelta(hours=10), timedelta(minutes=5))
    charged = shown(hass, "energy_charged_at_home")
    assert charged == pytest.approx(electric(simulator).ledger.mains - metered, rel=0.15), "by its level, in whole %"
    issues = ir.async_get(hass).issues.values()
    [issue] = [each.issue_id for each in issues if each.translation_key == NOT_ON_ENERGY_DASHBOARD]
    flows = repairs_flow_manager(hass)
    assert flows is not None

    async def choose(option: str) -> Any:
        menu: Any = await flows.async_init(DOMAIN, context={"issue_id": issue})
        assert (menu["type"], menu["menu_options"]) == ("menu", ["add", "ignore"])
        assert menu["description_placeholders"]["vehicle"] == "LEAF"
        return await flows.async_configure(menu["flow_id"], {"next_step_id": option})

    ignored = await choose("ignore")
    assert (ignored["type"], ignored["reason"]) == ("abort", "ignored")
    assert ignored["description_placeholders"]["vehicle"] == "LEAF"
    for _ in range(2):
        kept = ir.async_get(hass).async_get_issue(DOMAIN, issue)
        assert kept is not None
        assert kept.dismissed_version is not None, "it is not offered again"
        assert await hass.config_entries.async_reload(evening.entry_id)
        await pass_time(timedelta(hours=1), timedelta(minutes=5))

    assert await hass.config_entries.async_unload(evening.entry_id)
    assert (await choose("add"))["reason"] == "not_there"
    assert await hass.config_entries.async_setup(evening.entry_id)
    assert (await choose("add"))["type"] == "create_entry"
    assert manager.data is not None
    [device] = manager.data["device_consumption"]
    assert device["stat_consumption"].endswith("_energy_charged_at_home")
    assert ir.async_get(hass).async_get_issue(DOMAIN, issue) is None
    do_adhoc_statistics(hass, start=dt_util.utcnow().replace(minute=0, second=0, microsecond=0))
    await async_wait_recording_done(hass)
    assert (await async_validate(hass)).as_dict()["device_consumption"] == [[]]


async def _rows(hass: HomeAssistant, name: str) -> list[Any]:
    def read() -> list[Any]:
        start = dt_util.utcnow() - timedelta(days=800)
        return statistics_during_period(hass, start, None, {name}, "hour", None, {"sum", "state"}).get(name, [])

    return await get_instance(hass).async_add_executor_job(read)


def _device(hass: HomeAssistant, entry: MockConfigEntry) -> str:
    found = dr.async_get(hass).async_get_device_by_identifier((DOMAIN, runtime(entry).info.key), entry.entry_id)
    assert found is not None
    return found.id


async def test_a_vehicle_that_comes_later_has_a_book_as_well(
    hass: HomeAssistant, simulator: Simulator, entry: MockConfigEntry, pass_time: LetTimePass
) -> None:
    ariya = simulator.vehicle("Ariya").info.key
    simulator.account.vins.remove(ariya)
    await set_up(hass, entry)
    assert len(entry.runtime_data.vehicles) == 2
    simulator.account.vins.add(ariya)
    await entry.runtime_data.async_refresh()
    await settle(hass)
    assert shown(hass, "distance_this_month", "ariya") == 0
    await pass_time(timedelta(hours=8), timedelta(minutes=5))
    assert shown(hass, "distance_this_month", "ariya") == 0, "it stands at the plug all Friday"
    assert runtime(entry, "Ariya").charge._started, "so that a plan would be carried out"
