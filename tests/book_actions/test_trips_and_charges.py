"""What owners ask the book: single trips, charges, and files with both."""

from datetime import date, timedelta
import re
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
import probatio
import pytest

from custom_components.nissanconnect.const import DOMAIN
from custom_components.nissanconnect.engine.book_entries import Charge, Current
from custom_components.nissanconnect.engine.entry_finder import Entries
from custom_components.nissanconnect.runtime import VehicleRuntime

from ..simulator import Fault, Simulator
from ..test_command_log import ask
from .entries import at, charge, trip, write_book


async def whole_answer(hass: HomeAssistant, action: str, device: str, **data: Any) -> dict[str, Any]:
    """What is said of one vehicle, the answer and what stands beside it."""
    told: Any = await hass.services.async_call(
        DOMAIN, action, {"device_id": device, **data}, blocking=True, return_response=True
    )
    found: dict[str, Any] = told["vehicles"][device]
    return found


async def test_single_trips(hass: HomeAssistant, leaf: VehicleRuntime, device: str) -> None:
    await hass.config.async_set_time_zone("Europe/Berlin")
    commute = trip(at(18, 6), regained=0.4, level_from=80.0, level_to=72.0, outside=4.5, cost=0.90141)
    hop = trip(at(18, 22.9), 6, distance=0.4, origin="Work", destination="", energy=None, uncertainty=None)
    await write_book(leaf, Entries([trip(at(12, 6)), commute]), Entries([hop, trip(at(20, 6), origin=None)]))
    first, second, third = await ask(hass, "get_trips", device, period="trip")
    assert first == {
        "start": "2026-11-18T07:00:00+01:00",
        "end": "2026-11-18T07:30:00+01:00",
        "from": "test home",
        "to": "Work",
        "distance": 20.0,
        "duration": 30.0,
        "energy": 3.01,
        "energy_uncertainty": 0.15,
        "energy_regained": 0.4,
        "consumption": 15.0,
        "level_from": 80.0,
        "level_to": 72.0,
        "outside_temperature": 4.5,
        "cost": 0.901,
        "currency": "EUR",
        "units": {
            "distance": "km",
            "duration": "min",
            "energy": "kWh",
            "energy_uncertainty": "kWh",
            "energy_regained": "kWh",
            "consumption": "kWh/100km",
            "level_from": "%",
            "level_to": "%",
            "outside_temperature": "°C",
        },
    }
    unknown = {name for name, value in second.items() if value is None}
    assert unknown >= {"to", "energy", "energy_uncertainty", "consumption", "cost", "currency"}
    assert (second["start"], second["from"], third["from"]) == ("2026-11-18T23:54:00+01:00", "Work", None)

    nineteenth = {"from": "2026-11-19", "to": "2026-11-19"}
    assert await ask(hass, "get_trips", device, period="trip", **nineteenth) == []
    await hass.config.async_set_time_zone("Europe/Helsinki")
    assert [each["start"] for each in await ask(hass, "get_trips", device, period="trip", **nineteenth)] == [
        "2026-11-19T00:54:00+02:00"
    ], "days are local ones"


async def test_a_trip_that_is_archived_while_it_is_still_open_is_there_once(
    hass: HomeAssistant, leaf: VehicleRuntime, device: str
) -> None:
    twice, drive = charge(at(19, 20)), trip(at(19, 6))
    await write_book(leaf, Entries([drive], [twice]), Entries([drive], [twice]))
    assert len(await ask(hass, "get_trips", device, period="trip")) == 1
    assert len(await ask(hass, "get_charges", device)) == 1


async def test_what_the_service_knows_comes_before_the_book(
    hass: HomeAssistant, simulator: Simulator, leaf: VehicleRuntime, device: str
) -> None:
    before = await whole_answer(hass, "get_trips", device)
    await write_book(leaf, Entries([trip(at(19, 6))]))
    assert await whole_answer(hass, "get_trips", device) == before
    assert before.keys() == {"name", "answer"}


DRIVEN = [
    trip(at(28, 6, month=10), regained=0.5),
    trip(at(2, 6), regained=0.25, cost=1.0),
    trip(at(2, 16), 45, energy=None),
    trip(at(19, 6)),
]


@pytest.mark.parametrize("fault", [Fault.http(501, "501", "Not supported Feature"), Fault.http(503)])
async def test_the_book_answers_if_the_service_cannot(
    hass: HomeAssistant, simulator: Simulator, leaf: VehicleRuntime, device: str, fault: Fault
) -> None:
    await hass.config.async_set_time_zone("Europe/Berlin")
    simulator.fail("trip-history", fault)
    with pytest.raises(HomeAssistantError):
        await ask(hass, "get_trips", device)
    await write_book(leaf, Entries(DRIVEN[:3]), Entries(DRIVEN[3:]))
    told = await whole_answer(hass, "get_trips", device, period="day", **{"from": "2026-11-01"})
    assert told["from_book"] is True
    second, nineteenth = told["answer"]
    assert second == {
        "start": "2026-11-02",
        "period": "day",
        "trips": 2,
        "distance": 40.1,
        "duration": 75.0,
        "first_start": "2026-11-02T07:00:00+01:00",
        "last_end": "2026-11-02T17:45:00+01:00",
        "energy_used": 3.01,
        "energy_recovered": 0.25,
        "fuel_used": None,
        "co2_saved": None,
        "units": nineteenth["units"],
    }
    assert nineteenth["energy_recovered"] is None
    months = await ask(hass, "get_trips", device, period="month")
    assert [(each["start"], each["trips"]) for each in months] == [("2026-10-01", 1), ("2026-11-01", 3)]
    (year,) = await ask(hass, "get_trips", device, period="year")
    assert (year["start"], year["trips"], year["distance"]) == ("2026-01-01", 4, 80.2)


async def test_charges(hass: HomeAssistant, leaf: VehicleRuntime, device: str) -> None:
    fraction = timedelta(microseconds=123456)
    known = charge(at(18, 20) + fraction, solar=0.3333, uncertainty=0.372)
    nothing = Charge(start=at(19, 6), end=at(19, 7))
    await write_book(leaf, Entries((), [charge(at(1, 6, month=10)), known]), Entries((), [nothing]))
    first, second = await ask(hass, "get_charges", device)
    assert first == {
        "start": "2026-11-18T20:00:00+00:00",
        "end": "2026-11-18T22:00:00+00:00",
        "duration": 120.0,
        "place": "test home",
        "level_from": 50.0,
        "level_to": 80.0,
        "energy": 11.16,
        "uncertainty": 0.37,
        "wall_energy": 12.4,
        "estimated": True,
        "cost": 3.72,
        "currency": "EUR",
        "peak_power": 6.6,
        "current": "ac",
        "solar": 0.33,
        "units": {
            "duration": "min",
            "level_from": "%",
            "level_to": "%",
            "energy": "kWh",
            "uncertainty": "kWh",
            "wall_energy": "kWh",
            "peak_power": "kW",
        },
    }
    told = {name for name, value in second.items() if value is not None}
    assert told == {"start", "end", "duration", "units"}, "nothing is estimated, either"
    assert await ask(hass, "get_charges", device, **{"from": date(2026, 11, 19)}) == [second]


PAID = [
    charge(at(30, 20, month=9)),
    charge(at(17, 8)),
    charge(at(18, 6), place="Work", cost=None, currency=None, energy=None),
    charge(at(18, 20)),
    charge(at(19, 12), place="Zürich", cost=9.5, currency="CHF", current=Current.DC),
    charge(at(19, 23), cost=None),
    charge(at(20, 1), place="", wall_energy=None),
]


def sums(charges: int, energy: float | None, wall: float | None, cost: float | None, known: int) -> dict[str, Any]:
    """A group of charges that were paid in euros, if at all."""
    currency = None if cost is None else "EUR"
    return {
        "charges": charges,
        "energy": energy,
        "wall_energy": wall,
        "cost": cost,
        "currency": currency,
        "cost_known": known,
        "units": {"energy": "kWh", "wall_energy": "kWh"},
    }


async def test_charges_by_groups(hass: HomeAssistant, leaf: VehicleRuntime, device: str) -> None:
    await write_book(leaf, Entries((), PAID))
    days = await ask(hass, "get_charges", device, group_by="day")
    paid_in_francs = sums(1, 11.16, 12.4, 9.5, 1) | {"currency": "CHF"}
    assert days == [
        {"day": "2026-11-17", **sums(1, 11.16, 12.4, 3.72, 1)},
        {"day": "2026-11-18", **sums(2, 11.16, 24.8, 3.72, 1)},
        {"day": "2026-11-19", **sums(2, 22.32, 24.8, 9.5, 1), "currency": "CHF"},
        {"day": "2026-11-20", **sums(1, 11.16, None, 3.72, 1)},
    ]
    assert await ask(hass, "get_charges", device, group_by="month") == [
        {"month": "2026-09", **sums(1, 11.16, 12.4, 3.72, 1)},
        {"month": "2026-11", **sums(3, 33.48, 24.8, 11.16, 3)},
        {"month": "2026-11", **sums(2, 11.16, 24.8, None, 0)},
        {"month": "2026-11", **paid_in_francs},
    ], "two currencies are never added up"
    places = await ask(hass, "get_charges", device, group_by="place")
    assert {each["place"]: each["charges"] for each in places} == {"test home": 4, "Work": 1, "Zürich": 1, None: 1}


async def test_a_last_day_that_is_yet_to_come_ends_what_there_is_today(
    hass: HomeAssistant, leaf: VehicleRuntime, device: str
) -> None:
    await write_book(leaf, Entries([trip(at(18, 6))], [charge(at(18, 20))]))
    assert len(await ask(hass, "get_charges", device, to="2030-01-01")) == 1
    assert len(await ask(hass, "get_trips", device, period="trip", to="2030-01-01")) == 1


@pytest.mark.parametrize(
    ("action", "data", "key"),
    [
        ("get_charges", {"from": "2026-11-20", "to": "2026-11-19"}, "from_after_to"),
        ("get_trips", {"period": "trip", "from": "2026-12-24"}, "from_in_the_future"),
        ("export_book", {"path": "/media", "from": "2026-12-24"}, "from_in_the_future"),
        ("get_charges", {"from": "2026-12-24", "to": "2026-12-23"}, "from_after_to"),
    ],
)
async def test_days_the_wrong_way_round(
    hass: HomeAssistant, leaf: VehicleRuntime, device: str, action: str, data: dict[str, Any], key: str
) -> None:
    with pytest.raises(ServiceValidationError) as error:
        await ask(hass, action, device, **data)
    assert error.value.translation_key == key


@pytest.mark.parametrize(
    ("action", "data", "told"),
    [
        ("get_charges", {"group_by": "year"}, "one of ['charge', 'day', 'month', 'place']"),
        ("get_trips", {"period": "week"}, "one of ['day', 'month', 'trip', 'year']"),
        ("export_book", {"path": "/media", "format": "xml"}, "one of ['csv', 'json']"),
        ("export_book", {}, "'path'"),
    ],
)
async def test_fields_that_make_no_sense(
    hass: HomeAssistant, leaf: VehicleRuntime, device: str, action: str, data: dict[str, Any], told: str
) -> None:
    with pytest.raises(probatio.Invalid, match=re.escape(told)):
        await ask(hass, action, device, **data)


async def test_days_at_the_begin_of_time(hass: HomeAssistant, leaf: VehicleRuntime, device: str) -> None:
    assert await ask(hass, "get_charges", device, to=date.min) == []
