"""Triggers and conditions of automations, in real ones."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from homeassistant.components.automation import DOMAIN as AUTOMATION_DOMAIN
from homeassistant.const import STATE_UNAVAILABLE
from homeassistant.core import CoreState, HomeAssistant, ServiceCall
from homeassistant.helpers import area_registry as ar, device_registry as dr, entity_registry as er
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_mock_service

from custom_components.nissanconnect.const import DOMAIN
from custom_components.nissanconnect.coordinator import VehicleCoordinator
from custom_components.nissanconnect.trigger import TRIGGERS
from custom_components.nissanconnect.vehicle import (
    Alert,
    AlertType,
    CommandStatus,
)

from .conftest import LetTimePass, set_up, state
from .simulator import Fault, Simulator
from .test_alerts import area, draw

MINUTES = timedelta(minutes=1)
HOURS = timedelta(hours=1)


def vehicle(entry: MockConfigEntry, name: str = "LEAF") -> VehicleCoordinator:
    """One of the account's vehicles."""
    vehicles: Iterable[VehicleCoordinator] = entry.runtime_data.vehicles.values()
    return next(each for each in vehicles if each.info.name == name)


def device_id(hass: HomeAssistant, entry: MockConfigEntry, name: str = "LEAF") -> str:
    """The device of one of the account's vehicles."""
    devices = dr.async_entries_for_config_entry(dr.async_get(hass), entry.entry_id)
    return next(each.id for each in devices if each.name == name)


async def happen(
    hass: HomeAssistant, entry: MockConfigEntry, kind: AlertType, name: str = "LEAF", subject: str | None = None
) -> None:
    """Have a vehicle's alert told, whatever it may come from."""
    vehicle(entry, name).alerts._async_tell([Alert(type=kind, at=dt_util.utcnow(), subject=subject)])
    await hass.async_block_till_done()


class Started(list[ServiceCall]):
    """The actions of automations, in turn."""

    @property
    def names(self) -> list[str]:
        """Which automations; empties the list."""
        names = [call.data["name"] for call in self]
        self.clear()
        return names


async def automate(hass: HomeAssistant, *automations: dict[str, Any]) -> Started:
    """Set automations up that do nothing but say that they were started; they are called as their trigger is."""
    started = Started()

    async def note(call: ServiceCall) -> None:
        started.append(call)

    hass.services.async_register("test", "note", note)
    for each in automations:
        each.setdefault("alias", each["triggers"][0]["trigger"])
        each["actions"] = [{"action": "test.note", "data": {"name": each["alias"]}}]
        each["mode"] = "queued"
    assert await async_setup_component(hass, AUTOMATION_DOMAIN, {AUTOMATION_DOMAIN: list(automations)})
    await hass.async_block_till_done()
    return started


def on(key: str, target: dict[str, Any], **options: Any) -> dict[str, Any]:
    """An automation with one of our triggers."""
    trigger = {"trigger": f"{DOMAIN}.{key}", "target": target}
    return {"triggers": [{**trigger, "options": options} if options else trigger]}


async def test_what_happened_meanwhile_starts_automations_after_a_reload(
    hass: HomeAssistant, loaded: MockConfigEntry, pass_time: LetTimePass
) -> None:
    await draw(hass, loaded, area())
    started = await automate(hass, on("entered_area", {"device_id": device_id(hass, loaded)}))
    await hass.config_entries.async_unload(loaded.entry_id)
    await pass_time(8 * HOURS, 30 * MINUTES)
    await set_up(hass, loaded)
    assert len(started) == 1


async def test_what_happened_while_home_assistant_was_off_starts_automations(
    hass: HomeAssistant, loaded: MockConfigEntry, pass_time: LetTimePass
) -> None:
    await draw(hass, loaded, area())
    target = {"device_id": device_id(hass, loaded)}
    await hass.config_entries.async_unload(loaded.entry_id)
    await pass_time(8 * HOURS, 30 * MINUTES)
    hass.set_state(CoreState.not_running)
    started = await automate(hass, on("entered_area", target))
    await set_up(hass, loaded)
    assert started == []
    await hass.async_start()
    await hass.async_block_till_done()
    assert len(started) == 1


async def test_what_is_found_after_an_outage_starts_automations(
    hass: HomeAssistant, simulator: Simulator, loaded: MockConfigEntry, pass_time: LetTimePass
) -> None:
    started = await automate(hass, on("unplugged", {"device_id": device_id(hass, loaded, "Ariya")}))
    simulator.fail("*", Fault.http(500))
    simulator.vehicle("Ariya").unplug()
    await pass_time(5 * HOURS, 10 * MINUTES)
    assert state(hass, "event.ariya_alert").state == STATE_UNAVAILABLE
    simulator.heal()
    await pass_time(2 * HOURS, 10 * MINUTES)
    assert len(started) == 1
