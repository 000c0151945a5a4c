"""How the demo reads the LEAF's book and fills its statistics."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, override

import pytest

from custom_components.nissanconnect.book.long_term import statistic_id
from custom_components.nissanconnect.vehicle import VehicleInfo
from script.demo_home.book import fetch_charges, fetch_trips, fill_statistics, meter_rise
from script.demo_home.client import Answer, HomeAssistant
from script.demo_home.vehicles import vehicles_in

KEY = "SJNFAKE0000000001"
LEAF = {
    "id": "leaf",
    "config_entry_id": "account",
    "identifiers": [["nissanconnect", KEY]],
    "name": "LEAF",
    "name_by_user": None,
    "model": "Leaf",
}
VEHICLES = vehicles_in([LEAF], [])


class Book(HomeAssistant):
    """A Home Assistant that has a book, and writes statistics some time after it was told to."""

    def __init__(self, **answers: Answer) -> None:
        self.answers = answers
        self.asked: list[tuple[str, Mapping[str, Any]]] = []
        self.looks_until_written = 2

    @override
    async def post(self, path: str, body: dict[str, Any]) -> Answer:
        self.asked.append((path, body))
        action = path.removeprefix("/api/services/nissanconnect/").removesuffix("?return_response")
        vehicles = {device_id: {"name": "LEAF", "answer": self.answers[action]} for device_id in body["device_id"]}
        return {"service_response": {"vehicles": vehicles}}

    @override
    async def command(self, kind: str, **fields: Any) -> Answer:
        if kind == "recorder/list_statistic_ids":
            self.looks_until_written -= 1
            written = self.asked and self.looks_until_written < 0
            return [{"statistic_id": statistic_id(VehicleInfo(key=KEY), "distance")}] if written else []
        return [LEAF] if kind == "config/device_registry/list" else []

    @override
    async def get(self, path: str) -> Answer:
        self.asked.append((path, {}))
        return self.answers["history"]


async def test_single_trips_and_charges_are_those_of_the_vehicle() -> None:
    api = Book(get_trips=[{"distance": 21.1}], get_charges=[{"wall_energy": 0.9}])

    assert await fetch_trips(api, VEHICLES[0]) == [{"distance": 21.1}]
    assert await fetch_charges(api, VEHICLES[0]) == [{"wall_energy": 0.9}]
    assert [body for _, body in api.asked] == [{"device_id": ["leaf"], "period": "trip"}, {"device_id": ["leaf"]}]


async def test_statistics_are_there_when_they_have_been_filled(monkeypatch: pytest.MonkeyPatch) -> None:
    api = Book(rebuild_statistics={"hours": 8})
    monkeypatch.setattr("script.demo_home.book.PAUSE", 0.0)

    await fill_statistics(api, VEHICLES)

    assert [body for _, body in api.asked] == [{"device_id": ["leaf"]}]
    assert api.looks_until_written < 0


async def test_a_meter_has_risen_from_what_it_showed_at_the_start() -> None:
    api = Book(history=[[{"state": "2.25"}, {"state": "2.3"}, {"state": "2.5"}]])
    start, end = (datetime(2026, 11, 30, 12, minute, tzinfo=UTC).isoformat() for minute in (0, 5))

    assert await meter_rise(api, "sensor.meter", start, end) == 0.25

    [(path, _)] = api.asked
    assert path.startswith("/api/history/period/2026-11-30T12%3A00%3A00%2B00%3A00?filter_entity_id=sensor.meter")
    assert "end_time=2026-11-30T12%3A05%3A00%2B00%3A00" in path
