"""The LEAF's tour: what a minute of it leaves in the logbook."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from aiohttp import ClientSession
from homeassistant.util import dt as dt_util

from custom_components.nissanconnect.const import DOMAIN, SUBENTRY_GEOFENCE
from tests.simulator.cars.places import HOME

from .client import TIMEOUT, HomeAssistant, explained
from .console import DemoError
from .vehicles import Vehicle, fetch_states
from .waiting import until

PLANNED_ALERTS = ("left_area", "charge_below", "entered_area")
"""What the logbook must tell in the end if the LEAF charges by a plan, which may have it wait."""

ALERTS = ("charging_finished", *PLANNED_ALERTS)
"""What it must tell otherwise."""

_WITHIN = 90.0
"""Seconds: the tour takes less than a minute, the last read comes a little later."""
_READ_EVERY = 5.0
"""Seconds: often enough to meet the LEAF on its way, and not so often that the account's quota is long used up."""

_ALERT_BELOW = 76
"""%: less than where it starts, by so much that it counts as risen above, and more than where it comes home."""


async def draw_home(api: HomeAssistant, entry_id: str) -> None:
    """Draw the geofence through the dialog."""
    path = "/api/config/config_entries/subentries/flow"
    answer = await api.post(path, {"handler": [entry_id, SUBENTRY_GEOFENCE]})
    place = {"latitude": HOME.latitude, "longitude": HOME.longitude, "radius": 500}
    geofence = {"name": "Home", "location": place, "on_leaving": ["alert"], "on_entering": ["alert"]}
    for entered in ({"next_step_id": "map"}, geofence):
        answer = await api.post(f"{path}/{answer['flow_id']}", entered)
    if answer["type"] != "create_entry":
        raise DemoError(f"Drawing a geofence ends with {answer.get('errors') or answer.get('reason')}")


async def watch(api: HomeAssistant, simulator_url: str, leaf: Vehicle) -> list[str]:
    """Let the LEAF go, read it time and again, and return the alerts that the logbook tells when all are there.

    Meanwhile the threshold of its charge is one that the round falls below; then it is the owner's again.
    """
    if (threshold := leaf.entities.get("number.charge_below")) is None:
        raise DemoError("The LEAF has no threshold for its charge: has it been disabled?")
    states = await fetch_states(api)
    owners = states.value(leaf, "number.charge_below")
    planned = states.value(leaf, "switch.smart_charging") == "on"
    await _set(api, threshold, _ALERT_BELOW)
    try:
        return await _alerts(api, simulator_url, leaf, PLANNED_ALERTS if planned else ALERTS)
    finally:
        if owners is not None:
            await _set(api, threshold, float(owners))


async def _alerts(api: HomeAssistant, simulator_url: str, leaf: Vehicle, wanted: Collection[str]) -> list[str]:
    await _read(api, leaf)
    began = dt_util.utcnow()
    await _go_on(simulator_url)

    async def lines() -> list[str] | None:
        await _read(api, leaf)
        found = await _lines(api, leaf, began)
        return found if set(wanted) <= set(found) and await _go_on(simulator_url) else None

    awaited = f"the LEAF's tour in the logbook ({', '.join(wanted)})"
    return await until(lines, awaited, seconds=_WITHIN, pause=_READ_EVERY)


async def _go_on(simulator_url: str) -> bool:
    """Let the tour begin, or go on; return whether it is over, that is whether the LEAF lives in the present again."""
    url = f"{simulator_url}/simulator/tour"
    with explained(url):
        async with ClientSession(timeout=TIMEOUT) as session, session.post(url) as response:
            response.raise_for_status()
            answer: dict[str, bool] = await response.json()
    return answer["over"]


async def _set(api: HomeAssistant, entity_id: str, value: float) -> None:
    await api.post("/api/services/number/set_value", {"entity_id": entity_id, "value": value})


async def _read(api: HomeAssistant, vehicle: Vehicle) -> None:
    await api.post(f"/api/services/{DOMAIN}/refresh", {"device_id": vehicle.device_id})


async def _lines(api: HomeAssistant, vehicle: Vehicle, since: datetime) -> list[str]:
    events: list[Mapping[str, Any]] = await api.command("logbook/get_events", start_time=since.isoformat())
    alerts = (event for event in events if event.get("entity_id") == vehicle.entities.get("event.alert"))
    return [event["attributes"]["event_type"] for event in alerts if "attributes" in event]
