"""The book of a vehicle in the demo: its trips and charges as actions return them, and its long-term statistics."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote, urlencode

from custom_components.nissanconnect.const import DOMAIN

from .client import HomeAssistant
from .vehicles import Vehicle, fetch_vehicles
from .waiting import until

type Row = dict[str, Any]

PAUSE = 1.0
"""Seconds between two looks."""
_FOUND_WITHIN = 90.0
"""Seconds."""
_WRITTEN_WITHIN = 30.0
"""Seconds in which the recorder writes what it was given."""


async def fetch_trips(api: HomeAssistant, vehicle: Vehicle) -> list[Row]:
    """Return the single trips of the last week, oldest first."""
    return (await _ask(api, "get_trips", [vehicle], period="trip"))[vehicle.device_id]


async def fetch_charges(api: HomeAssistant, vehicle: Vehicle) -> list[Row]:
    """Return the charges of the last month, oldest first."""
    return (await _ask(api, "get_charges", [vehicle]))[vehicle.device_id]


async def wait_for_trip(api: HomeAssistant, vehicle: Vehicle) -> Row:
    """Return the last trip as soon as there is one: the book is looked through half a minute after a report."""

    async def last_trip() -> Row | None:
        trips = await fetch_trips(api, vehicle)
        return trips[-1] if trips else None

    return await until(last_trip, f"a trip in the book of the {vehicle.name}", seconds=_FOUND_WITHIN, pause=PAUSE)


async def fill_statistics(api: HomeAssistant, vehicles: Sequence[Vehicle]) -> None:
    """Have the statistics filled with what the service knows. By itself that happens five minutes after the start."""
    await _ask(api, "rebuild_statistics", vehicles)

    async def written() -> bool | None:
        return all("statistic.distance" in vehicle.entities for vehicle in await fetch_vehicles(api)) or None

    await until(written, "the statistics of the trips", seconds=_WRITTEN_WITHIN, pause=PAUSE)


async def meter_rise(api: HomeAssistant, meter: str, start: str, end: str) -> float:
    """Return by how much a meter has risen between two times, by the history of Home Assistant."""
    query = urlencode({"filter_entity_id": meter, "end_time": end})
    [states] = await api.get(f"/api/history/period/{quote(start)}?{query}&minimal_response&no_attributes")
    values = [float(each["state"]) for each in states]
    return values[-1] - values[0]


async def _ask(api: HomeAssistant, action: str, vehicles: Sequence[Vehicle], **fields: str) -> dict[str, list[Row]]:
    """Return what an action answers, by the ids of the vehicles' devices."""
    body = {"device_id": [each.device_id for each in vehicles], **fields}
    answer = await api.post(f"/api/services/{DOMAIN}/{action}?return_response", body)
    return {device_id: each["answer"] for device_id, each in answer["service_response"]["vehicles"].items()}
