"""The calendar of trips: only there for those who want it, with all that was driven and charged."""

from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

from homeassistant.components.calendar import DOMAIN as CALENDAR
from homeassistant.config_entries import RELOAD_AFTER_UPDATE_DELAY
from homeassistant.const import STATE_OFF, STATE_ON
from homeassistant.core import Event, EventStateChangedData, HomeAssistant, callback
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.event import async_track_state_change_event
from homeassistant.util import dt as dt_util
from homeassistant.util.unit_system import US_CUSTOMARY_SYSTEM
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.nissanconnect.const import SUBENTRY_CHARGE_PLAN
from custom_components.nissanconnect.engine.book_readings import Quantity, Reading
from custom_components.nissanconnect.engine.entry_finder import Entries

from ..charging import add_plan
from ..conftest import LetTimePass, set_up, settle, state
from ..simulator import Simulator
from .entries import at, charge, trip, write_book

TRIPS = "calendar.leaf_trips"


def registered(hass: HomeAssistant, entity_id: str = TRIPS) -> er.RegistryEntry:
    """An entity in the registry."""
    found = er.async_get(hass).async_get(entity_id)
    assert found is not None
    return found


async def enable(hass: HomeAssistant, pass_time: LetTimePass) -> None:
    """Enable the calendar as its owner does, and wait for what Home Assistant does about it."""
    er.async_get(hass).async_update_entity(TRIPS, disabled_by=None)
    await pass_time(timedelta(seconds=RELOAD_AFTER_UPDATE_DELAY + 1))


async def events(hass: HomeAssistant, start: datetime, end: datetime) -> list[dict[str, Any]]:
    """The events of a span."""
    span = {"entity_id": TRIPS, "start_date_time": start, "end_date_time": end}
    found: Any = await hass.services.async_call(CALENDAR, "get_events", span, blocking=True, return_response=True)
    listed: list[dict[str, Any]] = found[TRIPS]["events"]
    return listed


async def test_nobody_has_a_calendar_in_the_sidebar_who_wants_none(
    hass: HomeAssistant, loaded: MockConfigEntry, pass_time: LetTimePass
) -> None:
    for model in ("leaf", "ariya", "qashqai"):
        calendar = registered(hass, f"calendar.{model}_trips")
        assert calendar.disabled_by is er.RegistryEntryDisabler.INTEGRATION
        assert calendar.device_id == registered(hass, f"sensor.{model}_last_read").device_id
    assert CALENDAR not in hass.config.components
    await hass.config_entries.async_reload(loaded.entry_id)
    await settle(hass)
    assert CALENDAR not in hass.config.components

    await enable(hass, pass_time)
    assert state(hass, TRIPS).state == STATE_OFF
    assert CALENDAR in hass.config.components
    assert hass.states.get("calendar.ariya_trips") is None


async def test_the_platform_registers_the_same_as_is_registered_without_it(
    hass: HomeAssistant, entry: MockConfigEntry, simulator: Simulator
) -> None:
    await set_up(hass, entry)
    before = registered(hass)
    assert (before.name, before.original_name, before.translation_key) == (None, "Trips", "trips")
    await add_plan(hass, entry)
    await settle(hass)
    after = registered(hass)
    assert CALENDAR in hass.config.components
    assert after.as_partial_dict == before.as_partial_dict | {"modified_at": after.modified_at.timestamp()}
    er.async_get(hass).async_remove(TRIPS)
    await hass.config_entries.async_reload(entry.entry_id)
    await settle(hass)
    again = registered(hass)
    same = ("disabled_by", "device_id", "has_entity_name", "object_id_base", "original_name", "translation_key")
    assert [getattr(again, name) for name in same] == [getattr(before, name) for name in same]


async def test_it_comes_and_goes_with_its_vehicle(
    hass: HomeAssistant, simulator: Simulator, entry: MockConfigEntry
) -> None:
    everything, qashqai = set(simulator.account.vins), "calendar.qashqai_trips"
    simulator.account.vins = everything - {simulator.car("Qashqai").vin}
    await set_up(hass, entry)
    assert er.async_get(hass).async_get(qashqai) is None

    simulator.account.vins = everything
    await entry.runtime_data.async_refresh()
    await settle(hass)
    assert registered(hass, qashqai).device_id == registered(hass, "sensor.qashqai_last_read").device_id

    simulator.account.vins = everything - {simulator.car("Qashqai").vin}
    for _ in range(2):
        await entry.runtime_data.async_refresh()
        await settle(hass)
    assert er.async_get(hass).async_get(qashqai) is None
    await hass.config_entries.async_remove(entry.entry_id)
    assert not er.async_get(hass).entities


async def test_ids_are_in_the_language_of_the_house(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    hass.config.language = "de"
    await set_up(hass, entry)
    assert registered(hass, "calendar.leaf_fahrten").original_name == "Fahrten"


async def test_the_last_plan_takes_only_its_own_calendar_along(
    hass: HomeAssistant, loaded: MockConfigEntry, pass_time: LetTimePass
) -> None:
    await enable(hass, pass_time)
    await add_plan(hass, loaded)
    await settle(hass)
    assert hass.states.get("calendar.leaf_charge_plan")
    (plan,) = loaded.get_subentries_of_type(SUBENTRY_CHARGE_PLAN)
    hass.config_entries.async_remove_subentry(loaded, plan.subentry_id)
    await settle(hass)
    assert hass.states.get("calendar.leaf_charge_plan") is None
    assert state(hass, TRIPS).state == STATE_OFF


async def test_trips_and_charges_are_events(
    hass: HomeAssistant, loaded: MockConfigEntry, simulator: Simulator, pass_time: LetTimePass
) -> None:
    await hass.config.async_set_time_zone("Europe/Berlin")
    await enable(hass, pass_time)
    vehicle = loaded.runtime_data.vehicles[simulator.car("Leaf").vin]
    known = trip(at(18, 6), level_from=80.0, level_to=72.0, cost=0.9)
    unknown = trip(at(19, 6), minutes=0, destination="", energy=None, uncertainty=None)
    await write_book(vehicle, Entries([trip(at(17, 6)), known], [charge(at(18, 20))]), Entries([unknown]))
    assert await events(hass, at(18, 0), at(20, 0)) == [
        {
            "start": "2026-11-18T07:00:00+01:00",
            "end": "2026-11-18T07:30:00+01:00",
            "summary": "Trip, 20.0 km",
            "description": "3.0 kWh, 80 → 72 %, 0.90 EUR",
            "location": "Work",
        },
        {
            "start": "2026-11-18T21:00:00+01:00",
            "end": "2026-11-18T23:00:00+01:00",
            "summary": "Charge, 11.2 kWh",
            "description": "50 → 80 %, 3.72 EUR",
            "location": "test home",
        },
        {
            "start": "2026-11-19T07:00:00+01:00",
            "end": "2026-11-19T07:01:00+01:00",
            "summary": "Trip, 20.0 km",
            "description": "",
        },
    ]
    assert len(await events(hass, at(18, 6.25), at(18, 20.5))) == 2, "what has begun before, and what ends later"
    hass.config.units = US_CUSTOMARY_SYSTEM
    (first,) = await events(hass, at(18, 6), at(18, 7))
    assert first["summary"] == "Trip, 12.5 mi"


async def test_it_is_on_during_a_trip_and_a_charge(
    hass: HomeAssistant, loaded: MockConfigEntry, simulator: Simulator, pass_time: LetTimePass
) -> None:
    await enable(hass, pass_time)
    changes: list[tuple[str, str | None]] = []

    @callback
    def note(event: Event[EventStateChangedData]) -> None:
        shown = event.data["new_state"]
        assert shown is not None
        changes.append((shown.state, shown.attributes.get("message")))

    async_track_state_change_event(hass, TRIPS, note)
    book = loaded.runtime_data.vehicles[simulator.car("Leaf").vin].book
    for kilometres in range(20):
        book._async_note(Quantity.ODOMETER, Reading(dt_util.utcnow(), 44_014.0 + kilometres, "module"))
        await pass_time(timedelta(minutes=1))
        assert (state(hass, TRIPS).state == STATE_ON) is (kilometres > 0), "nobody waits for the next read"
    await pass_time(timedelta(hours=12), timedelta(minutes=5))
    assert [key for key, _ in groupby(changes)] == [
        (STATE_ON, "Trip"),
        (STATE_OFF, None),
        (STATE_ON, "Charge"),
        (STATE_OFF, None),
    ]
    assert len(changes) < 20, "numbers that change with each report are no reason to write"


async def test_events_have_the_decimal_mark_of_the_language(
    hass: HomeAssistant, loaded: MockConfigEntry, simulator: Simulator, pass_time: LetTimePass
) -> None:
    hass.config.language = "de"
    await enable(hass, pass_time)
    vehicle = loaded.runtime_data.vehicles[simulator.car("Leaf").vin]
    await write_book(vehicle, Entries([trip(at(18, 6), cost=0.9)], [charge(at(18, 20))]), Entries())
    found = await events(hass, at(18, 0), at(20, 0))
    assert [each["summary"] for each in found] == ["Fahrt, 20,0 km", "Ladevorgang, 11,2 kWh"]
    assert found[0]["description"] == "3,0 kWh, 0,90 EUR"
