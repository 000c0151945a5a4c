"""Setting Home Assistant up the way its user would: every step through what the browser uses, and only once."""

from pathlib import Path
from typing import Any

from custom_components.nissanconnect.const import DOMAIN
from custom_components.nissanconnect.sources import Source
from tests.simulator import EMAIL, PASSWORD

from .client import HomeAssistant
from .console import Console, DemoError
from .dashboard import URL_PATH, dashboard
from .entries import kept_entries
from .tour import draw_home
from .vehicles import Vehicle, fetch_states, fetch_vehicles
from .waiting import until

VEHICLES = 3
"""How many the simulator's account has."""


async def add_account(api: HomeAssistant, directory: Path, console: Console) -> str:
    """Walk through the config flow and draw a geofence, unless the account is there from an earlier start.

    Return the id of its config entry.
    """
    if (account := kept_entries(directory).get(Source.EUROPE)) is not None:
        return str(account["entry_id"])
    console.step("Adding the account through the config flow")
    path = "/api/config/config_entries/flow"
    answer = await api.post(path, {"handler": DOMAIN})
    for entered in ({"next_step_id": Source.EUROPE}, {"username": EMAIL, "password": PASSWORD}):
        answer = await api.post(f"{path}/{answer['flow_id']}", entered)
    if answer["type"] != "create_entry":
        raise DemoError(f"The config flow ends with {answer.get('errors') or answer.get('reason')}")
    entry_id: str = answer["result"]["entry_id"]
    await draw_home(api, entry_id)
    return entry_id


async def wait_for_vehicles(api: HomeAssistant, console: Console) -> list[Vehicle]:
    """Wait until each vehicle has reported, and return them; those that are there if the owner has changed things."""

    async def all_there() -> list[Vehicle] | None:
        vehicles, states = await fetch_vehicles(api), await fetch_states(api)
        heard = [vehicle for vehicle in vehicles if states.value(vehicle, "sensor.last_report")]
        return heard if len(heard) >= VEHICLES else None

    try:
        return await until(all_there, f"the entities of {VEHICLES} vehicles", seconds=60)
    except DemoError as reason:
        console.step(str(reason))
        return await fetch_vehicles(api)


async def show_dashboard(api: HomeAssistant, vehicles: list[Vehicle]) -> dict[str, Any]:
    """Write the dashboard anew, for the entities that there are now; it is what opens after log-in."""
    known = await api.command("lovelace/dashboards/list")
    if not any(each["url_path"] == URL_PATH for each in known):
        await api.command(
            "lovelace/dashboards/create",
            url_path=URL_PATH,
            title="Nissan",
            icon="mdi:car-electric",
            show_in_sidebar=True,
            require_admin=False,
        )
        await api.command("frontend/set_system_data", key="core", value={"default_panel": URL_PATH})
    config = dashboard(vehicles)
    await api.command("lovelace/config/save", url_path=URL_PATH, config=config)
    return config
