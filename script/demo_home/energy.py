"""Home Assistant's energy dashboard: what the home takes from the grid, and the LEAF as one of its devices."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from .client import HomeAssistant
from .console import Console, DemoError
from .entries import merged_sources, remember_merged
from .running import Home
from .vehicles import Vehicle, find_leaf

_KIND = "energy dashboard"
"""What is remembered once it is filled in: after that it is the owner's."""

WALLBOX, METER = "switch.demo_wallbox", "sensor.demo_wallbox_energy"

_GRID = {
    "type": "grid",
    "stat_energy_from": METER,
    "entity_energy_price": "sensor.demo_electricity_price",
    "cost_adjustment_day": 0,
}

NOT_YET = "statistics_not_defined"
"""What Home Assistant says of every entity until it has counted statistics for the first time, after five minutes."""


async def fill_energy_dashboard(home: Home, console: Console) -> None:
    """Put the LEAF on the dashboard. The Ariya is left to the hint that appears in the repairs once it has charged."""
    if _KIND in merged_sources(home.directory):
        return
    leaf = find_leaf(home.vehicles, home.account)
    if (meter := leaf.entities.get("sensor.energy_charged_at_home")) is None:
        raise DemoError("The LEAF does not count what it charges at home: has that been disabled?")
    console.step("Putting the LEAF on the energy dashboard")
    device = {"stat_consumption": meter, "name": leaf.name}
    await home.api.command("energy/save_prefs", energy_sources=[_GRID], device_consumption=[device])
    remember_merged(home.directory, [_KIND])


async def energy_issues(api: HomeAssistant, vehicles: Iterable[Vehicle]) -> tuple[list[str], list[str]]:
    """Return which entities of ours are devices on the dashboard, and what Home Assistant finds wrong with them."""
    ours = {entity_id for vehicle in vehicles for entity_id in vehicle.entities.values()}
    devices = (await api.command("energy/get_prefs"))["device_consumption"]
    shown = [device["stat_consumption"] for device in devices if device["stat_consumption"] in ours]
    found = (await api.command("energy/validate"))["device_consumption"]
    return shown, [*_wrong(found, ours)]


def _wrong(found: Iterable[Iterable[Mapping[str, Any]]], ours: set[str]) -> Iterator[str]:
    for issue in (issue for each in found for issue in each if issue["type"] != NOT_YET):
        yield from (f"{entity_id}: {issue['type']}" for entity_id, _ in issue["affected_entities"] if entity_id in ours)
