"""The card on the page *System information*."""

from asyncio import gather
from inspect import isawaitable
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
from pytest_homeassistant_custom_component.common import MockConfigEntry, get_system_health_info

from custom_components.nissanconnect.const import DOMAIN

from .simulator import Simulator
from .test_package import MANIFEST
from .test_translations import ENGLISH

HOSTS = {f"can_reach_{name}" for name in ("login", "bff", "users", "cars", "notifications", "action_status")}


async def health(hass: HomeAssistant) -> dict[str, Any]:
    assert await async_setup_component(hass, "system_health", {})
    told: dict[str, Any] = await get_system_health_info(hass, DOMAIN)
    checks = [name for name, value in told.items() if isawaitable(value)]
    return told | dict(zip(checks, await gather(*(told[name] for name in checks)), strict=True))


async def test_what_there_is_and_whether_nissan_can_be_reached(
    hass: HomeAssistant, simulator: Simulator, loaded: MockConfigEntry
) -> None:
    await hass.services.async_call("button", "press", {"entity_id": "button.leaf_horn"}, blocking=True)
    told = await health(hass)
    assert told.pop("requests_today") > 20
    assert told == {
        "version": MANIFEST["version"],
        "backends": "kamereon",
        "vehicles": len(simulator.cars),
        "wakes_today": 1,
        **dict.fromkeys(HOSTS, "ok"),
    }
    elsewhere = {"can_reach_na_data", "can_reach_na_login", "can_reach_opencarwings"}
    assert ENGLISH["system_health"]["info"].keys() == told.keys() | {"requests_today"} | elsewhere

    await simulator.stop()
    told = await health(hass)
    assert {name for name, value in told.items() if value == {"type": "failed", "error": "unreachable"}} == HOSTS


async def test_without_an_account_there_is_little_to_tell(hass: HomeAssistant, simulator: Simulator) -> None:
    assert await async_setup_component(hass, DOMAIN, {})
    assert await health(hass) == {
        "version": MANIFEST["version"],
        "backends": "",
        "vehicles": 0,
        "requests_today": 0,
        "wakes_today": 0,
    }
