"""One LEAF from three sources: besides the cloud its owner's OVMS module, and a phone with Leaf Spy in it."""

from collections.abc import Mapping
import json
from pathlib import Path
from typing import Any

from aiohttp import ClientSession

from custom_components.nissanconnect.const import CONF_SOURCE, DOMAIN, SUBENTRY_SOURCE
from custom_components.nissanconnect.sources import Source
from tests.mosquitto import USERS, Mosquitto

from .client import TIMEOUT, HomeAssistant
from .console import Console, DemoError
from .running import Home
from .vehicles import Vehicle, fetch_vehicles, find_leaf
from .waiting import until

_FLOWS = "/api/config/config_entries/flow"
_SUBENTRY_FLOWS = "/api/config/config_entries/subentries/flow"
_WITHIN = 60.0
"""Seconds: the phone sends every ten, and Home Assistant gathers MQTT subscriptions for some."""


async def tell(simulator_url: str, what: str, **told: Any) -> None:
    """Have something happen in the simulator."""
    url = f"{simulator_url}/simulator/{what}"
    async with ClientSession(timeout=TIMEOUT) as session, session.post(url, json=told) as response:
        response.raise_for_status()


async def add_sources(home: Home, simulator_url: str, broker: Mosquitto | None, console: Console) -> None:
    """Switch on what rides along in the LEAF; set it up unless an earlier start has done so."""
    api, there = home.api, _sources(home.directory)
    account = find_leaf(await fetch_vehicles(api)).entry_id
    if broker is not None:
        username, password = "leafcar", USERS["leafcar"]
        await tell(simulator_url, "module", port=broker.port, username=username, password=password)
        if (module := there.get(Source.OVMS)) is not None:  # which may wait for minutes before it looks again
            await api.post("/api/services/homeassistant/reload_config_entry", {"entry_id": module["entry_id"]})
        else:
            console.step("Adding the LEAF's OVMS module, and making it a source of the LEAF")
            await _add_mqtt(api, broker)
            await _make_source(api, account, await _add_found_module(api))
    if (phone := there.get(Source.LEAFSPY)) is not None:
        await tell(simulator_url, "phone", address=_address(home, phone["data"]["webhook_id"]))
    else:
        console.step("Adding a phone with Leaf Spy, and making it a source of the LEAF")
        await _make_source(api, account, await _add_phone(home, simulator_url))


async def _add_found_module(api: HomeAssistant) -> str:
    """Accept the module that Home Assistant has found at its broker; return the id of its entry."""

    async def found() -> str | None:
        flows = await api.command("config_entries/flow/progress")
        ours = (flow["flow_id"] for flow in flows if flow["handler"] == DOMAIN and flow["context"]["source"] == "mqtt")
        return next(ours, None)

    flow_id = await until(found, "Home Assistant to find the module", seconds=_WITHIN)
    return _entry(await api.post(f"{_FLOWS}/{flow_id}", {}))


async def _add_mqtt(api: HomeAssistant, broker: Mosquitto) -> None:
    """Set up Home Assistant's own MQTT integration."""
    if await api.command("config_entries/get", domain="mqtt"):
        return
    answer = await api.post(_FLOWS, {"handler": "mqtt"})
    if answer["type"] == "menu":
        answer = await api.post(f"{_FLOWS}/{answer['flow_id']}", {"next_step_id": "broker"})
    entered = {
        "broker": "127.0.0.1",
        "port": broker.port,
        "username": "homeassistant",
        "password": USERS["homeassistant"],
        "protocol": "5",
        "other_settings": {"set_client_cert": False, "set_ca_cert": "off"},
    }
    _entry(await api.post(f"{_FLOWS}/{answer['flow_id']}", entered))


async def _add_phone(home: Home, simulator_url: str) -> str:
    """Go through the dialog to the address, type that into the app, and wait for its first message."""
    api = home.api
    path = f"{_FLOWS}/{(await api.post(_FLOWS, {'handler': DOMAIN}))['flow_id']}"
    form = await api.post(path, {"next_step_id": Source.LEAFSPY})
    shown = await api.post(path, _defaults(form))
    # A home that can be reached from this machine only has no address for a phone, which is here all the same.
    address = shown["description_placeholders"]["addresses"].split("`")[1].replace("…", _host(home))
    await tell(simulator_url, "phone", address=address)
    await api.post(path, {})

    async def heard() -> bool | None:
        return (await api.get(path))["step_id"] == "leafspy_heard" or None

    await until(heard, "the first message of Leaf Spy", seconds=_WITHIN)
    return _entry(await api.post(path, {}))


async def _make_source(api: HomeAssistant, home: str, source: str) -> None:
    """Accept what the dialog proposes: the vehicle of the other entry that has the same VIN."""

    async def form() -> dict[str, Any] | None:
        answer = await api.post(_SUBENTRY_FLOWS, {"handler": [home, SUBENTRY_SOURCE]})
        return answer if answer["type"] == "form" else None

    answer = await until(form, "a vehicle that can be a source", seconds=_WITHIN, pause=1)
    entered = _defaults(answer)
    if not entered["source"].startswith(source):
        raise DemoError("Another vehicle than the LEAF's is proposed as its source")
    answer = await api.post(f"{_SUBENTRY_FLOWS}/{answer['flow_id']}", entered)
    if answer["type"] != "create_entry":
        raise DemoError(f"Making a source ends with {answer.get('errors') or answer.get('reason')}")


def _sources(directory: Path) -> dict[str, Mapping[str, Any]]:
    """Return the config entries of earlier starts, as Home Assistant keeps them, by kind of source."""
    path = directory / ".storage" / "core.config_entries"
    entries = json.loads(path.read_text())["data"]["entries"] if path.exists() else []
    return {entry["data"].get(CONF_SOURCE): entry for entry in entries if entry["domain"] == DOMAIN}


def _address(home: Home, webhook_id: str) -> str:
    """Return what an earlier start has typed into the app."""
    return f"{_host(home)}/api/webhook/{webhook_id}"


def _host(home: Home) -> str:
    return home.api.url.removeprefix("http://")


def _defaults(form: Mapping[str, Any]) -> dict[str, Any]:
    return {field["name"]: field["default"] for field in form.get("data_schema") or () if "default" in field}


def _entry(answer: Mapping[str, Any]) -> str:
    if answer["type"] != "create_entry":
        raise DemoError(f"A dialog ends with {answer.get('errors') or answer.get('reason') or answer['type']}")
    entry_id: str = answer["result"]["entry_id"]
    return entry_id


async def reported_by(api: HomeAssistant, vehicle: Vehicle) -> dict[str, str]:
    """Return which source is believed, for each part of the vehicle: diagnostics tell."""
    path = f"/api/diagnostics/config_entry/{vehicle.entry_id}/device/{vehicle.device_id}"
    parts: dict[str, dict[str, str]] = (await api.get(path))["data"]["state"]
    return {part: reported["backend"] for part, reported in sorted(parts.items())}
