"""One LEAF from three sources: besides the cloud its owner's OVMS module, and a phone with Leaf Spy in it."""

from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any

from aiohttp import ClientSession

from custom_components.nissanconnect.const import DOMAIN, SUBENTRY_SOURCE
from custom_components.nissanconnect.sources import Source
from custom_components.nissanconnect.vehicle import alias
from tests.mosquitto import USERS, Mosquitto
from tests.simulator.cars.garage import LEAF

from .client import TIMEOUT, HomeAssistant, explained
from .console import Console, DemoError
from .entries import kept_entries, merged_sources, remember_merged
from .running import Home
from .vehicles import Vehicle
from .waiting import until

_FLOWS = "/api/config/config_entries/flow"
_SUBENTRY_FLOWS = "/api/config/config_entries/subentries/flow"
_WITHIN = 60.0
"""Seconds: the phone sends every ten, and Home Assistant gathers MQTT subscriptions for some."""


async def tell(simulator_url: str, what: str, **told: Any) -> dict[str, Any]:
    """Have something happen in the simulator, and return what it answers."""
    url = f"{simulator_url}/simulator/{what}"
    with explained(url):
        async with ClientSession(timeout=TIMEOUT) as session, session.post(url, json=told) as response:
            response.raise_for_status()
            answer: dict[str, Any] = await response.json()
            return answer


async def add_module(home: Home, simulator_url: str, broker: Mosquitto, console: Console) -> None:
    """Switch on the LEAF's OVMS module, and make it a source of the LEAF unless an earlier start has done so."""

    async def set_up() -> str:
        await _add_mqtt(home.api, broker)
        return await _add_found_module(home.api)

    username, password = "leafcar", USERS["leafcar"]
    await tell(simulator_url, "module", port=broker.port, username=username, password=password)
    if (module := kept_entries(home.directory).get(Source.OVMS)) is not None:  # it may wait for minutes to look again
        await home.api.post("/api/services/homeassistant/reload_config_entry", {"entry_id": module["entry_id"]})
    await _merge(home, Source.OVMS, "OVMS module", set_up, console)


async def add_phone(home: Home, simulator_url: str, console: Console) -> None:
    """Switch on a phone with Leaf Spy, and make it a source of the LEAF unless an earlier start has done so."""
    if (phone := kept_entries(home.directory).get(Source.LEAFSPY)) is not None:
        await tell(simulator_url, "phone", address=_address(home, phone["data"]["webhook_id"]))
    await _merge(home, Source.LEAFSPY, "phone with Leaf Spy", partial(_add_phone, home, simulator_url), console)


async def _merge(home: Home, kind: Source, name: str, set_up: Callable[[], Awaitable[str]], console: Console) -> None:
    """Make a source one of the LEAF's; once, because what has been removed since then is not wanted."""
    api, entry = home.api, kept_entries(home.directory).get(kind)
    if entry is None or not await _is_source(api, home.account, entry["entry_id"]):
        if kind in merged_sources(home.directory):
            console.step(
                f"The {name} has been removed from the LEAF's sources and stays away: "
                "Add source in the account's menu brings it back"
                if entry
                else f"The {name} has been removed and stays away: script/demo --fresh brings it back"
            )
            return
        console.step(f"Adding the LEAF's {name}, and making it a source of the LEAF")
        await _make_source(api, home.account, entry["entry_id"] if entry else await set_up())
    remember_merged(home.directory, [kind])


async def _is_source(api: HomeAssistant, account: str, entry_id: str) -> bool:
    subentries = await api.command("config_entries/subentries/list", entry_id=account)
    return any(str(each["unique_id"]).startswith(f"{entry_id}_") for each in subentries)


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
    if shown["type"] != "form":
        raise DemoError(f"The dialog of Leaf Spy ends with {shown.get('reason') or shown['type']}")
    # A home that can be reached from this machine only has no address for a phone, which is here all the same.
    address = shown["description_placeholders"]["addresses"].split("`")[1].replace("…", _host(home))
    await tell(simulator_url, "phone", address=address)
    await api.post(path, {})

    async def heard() -> bool | None:
        return (await api.get(path)).get("step_id") == "leafspy_heard" or None

    await until(heard, "the first message of Leaf Spy", seconds=_WITHIN)
    return _entry(await api.post(path, {}))


async def _make_source(api: HomeAssistant, account: str, source: str) -> None:
    """Choose the LEAF of the other entry in the dialog, as soon as that has it."""

    async def offered() -> tuple[str, dict[str, Any]] | None:
        answer = await api.post(_SUBENTRY_FLOWS, {"handler": [account, SUBENTRY_SOURCE]})
        path = f"{_SUBENTRY_FLOWS}/{answer['flow_id']}"
        if (entered := entered_for(answer, source)) is None and answer["type"] == "form":
            await api.delete(path)
        return None if entered is None else (path, entered)

    path, entered = await until(offered, "the LEAF that can be a source", seconds=_WITHIN, pause=1)
    answer = await api.post(path, entered)
    if answer["type"] != "create_entry":
        raise DemoError(f"Making a source ends with {answer.get('errors') or answer.get('reason')}")


def entered_for(answer: Mapping[str, Any], entry_id: str) -> dict[str, Any] | None:
    """Return what is entered in the dialog to make an entry's LEAF a source; ``None`` if it does not offer that yet.

    Any other vehicle of the same VIN may be proposed there, such as one whose owner has taken it back.
    """
    leaf = alias(LEAF.key)
    wanted = f"{entry_id} {leaf}"
    fields = {field["name"]: field for field in answer.get("data_schema") or ()}
    options = fields["source"]["selector"]["select"]["options"] if "source" in fields else ()
    if all(option["value"] != wanted for option in options):
        return None
    return _defaults(answer) | {"source": wanted, "vehicle": leaf}


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
