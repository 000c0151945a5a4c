"""Two vehicles that charge by price: plans made in the dialog, for the LEAF at the wallbox and for the Ariya."""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

from homeassistant.util import dt as dt_util

from custom_components.nissanconnect.const import SUBENTRY_CHARGE_PLAN
from custom_components.nissanconnect.vehicle import VehicleInfo, alias
from tests.simulator.cars.garage import ARIYA, LEAF

from .client import HomeAssistant
from .console import Console, DemoError
from .entries import merged_sources, remember_merged
from .running import Home
from .seed import TIME_ZONE

_FLOWS = "/api/config/config_entries/subentries/flow"
_MOST_STEPS = 12
_LEFT = timedelta(hours=9)
"""How long from now on the vehicles may take at least."""

_PRICES = "entity:sensor.demo_electricity_price"
_PLANS: Mapping[VehicleInfo, Mapping[str, Any]] = {
    LEAF: {
        "switched_by": "entity",
        "switch": "switch.demo_wallbox",
        "power_sensor": "sensor.demo_wallbox_power",
        "energy_sensor": "sensor.demo_wallbox_energy",
        "power": 6.6,
        "target": 95,
    },
    ARIYA: {"switched_by": "vehicle", "power": 7.4, "target": 80},
}


async def add_plans(home: Home, console: Console) -> None:
    """Add a plan for each of the two; once, because what has been removed since then is not wanted."""
    ready = dt_util.utcnow().astimezone(dt_util.get_time_zone(TIME_ZONE)) + _LEFT
    for vehicle, chosen in _PLANS.items():
        kind = f"{SUBENTRY_CHARGE_PLAN} of the {vehicle.nickname}"
        if kind in merged_sources(home.directory):
            continue
        console.step(f"Adding a charge plan for the {vehicle.nickname}")
        answers = {
            **chosen,
            "name": f"{vehicle.nickname} at home",
            "price_source": _PRICES,
            "vehicle": alias(vehicle.key),
            "ready_by": f"{ready:%H}:00:00",
        }
        console.say(await _add_plan(home.api, home.account, answers))
        remember_merged(home.directory, [kind])


async def _add_plan(api: HomeAssistant, account: str, answers: Mapping[str, Any]) -> str:
    """Walk through the dialog; return the plan that it shows before it saves."""
    told = ""
    answer = await api.post(_FLOWS, {"handler": [account, SUBENTRY_CHARGE_PLAN]})
    for _ in range(_MOST_STEPS):
        if answer["type"] == "create_entry":
            return told
        told = (answer.get("description_placeholders") or {}).get("plan", told)
        if answer.get("errors") or (entered := entered_in(answer, answers)) is None:
            break
        answer = await api.post(f"{_FLOWS}/{answer['flow_id']}", entered)
    raise DemoError(f"Adding a charge plan ends with {answer.get('errors') or answer.get('reason') or told}")


def entered_in(answer: Mapping[str, Any], answers: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return what is entered in a step of the dialog; ``None`` if it offers nothing that is wanted."""
    match answer["type"]:
        case "form":
            return _filled(answer["data_schema"], answers)
        case "menu":
            return {"next_step_id": "save"} if "save" in answer["menu_options"] else None
    return None


def _filled(fields: Iterable[Mapping[str, Any]], answers: Mapping[str, Any]) -> dict[str, Any]:
    """Fill in a form: our answer, or else what it proposes. A section is a form of its own."""
    filled: dict[str, Any] = {}
    for field in fields:
        name, proposed = field["name"], field.get("description") or {}
        if "schema" in field:
            filled[name] = _filled(field["schema"], answers)
        elif name in answers:
            filled[name] = answers[name]
        elif "suggested_value" in proposed:
            filled[name] = proposed["suggested_value"]
        elif "default" in field:
            filled[name] = field["default"]
    return filled
