"""What owners do before a golden file is written, so that there is something in everything that is kept."""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import timedelta
from itertools import batched
from typing import Any

from homeassistant.config_entries import (
    SOURCE_RECONFIGURE,
    SOURCE_USER,
    ConfigEntry,
    ConfigFlowContext,
    SubentryFlowContext,
)
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.util import dt as dt_util

from ..rigs import Rig
from ..rigs.kamereon import Europe
from .houses import DOMAIN, moments, ours

PIN, WRONG_PIN = "4711", "0815"

GENERAL = {
    "minutes_parked": 45,
    "minutes_active": 7,
    "climate_battery": 25,
    "coldest": -20,
    "hottest": 35,
    "engine_battery": 30,
    "answer_at_once": False,
}
WAKING = {
    "wake_charging": 60,
    "wake_parked": 240,
    "wake_budget": 3,
    "quiet_from": "22:30:00",
    "quiet_until": "06:15:00",
}


async def live(hass: HomeAssistant, rigs: Sequence[Rig]) -> None:
    """Add the sources, and live with them for two days."""
    for rig in rigs:
        await rig.add()
    for entry in ours(hass):
        await _choose_options(hass, entry)
        await _draw(hass, entry, rigs[0])
    if len(rigs) > 1:
        await _make_sources(hass, ours(hass)[0])
    for rig in rigs:
        if isinstance(rig, Europe):
            await _set_up_lock(hass, rig)
    await _enable(hass, rigs[0])
    await _pass_time(rigs, timedelta(hours=1))
    await _set_wishes(hass)
    for rig in rigs:
        rig.turn()
    await _pass_time(rigs, timedelta(hours=2))
    await _command(hass, rigs)
    for rig in rigs:
        rig.move()
    await _pass_time(rigs, timedelta(hours=8), timedelta(minutes=30))
    await _lose_sight(rigs)
    await _command(hass, rigs)
    await _plan(hass, rigs)
    await _mistype(hass, rigs)
    await _pass_time(rigs, timedelta(hours=1))


async def leave(hass: HomeAssistant, rigs: Sequence[Rig]) -> None:
    """Give a command to each vehicle that takes one; none of them has ended when this returns."""
    for rig in rigs:
        rig.held = True
    commanded = set()
    for name in (*_ids(hass, "climate"), *_ids(hass, "lock")):
        state, device = hass.states.get(name), er.async_get(hass).entities[name].device_id
        if device in commanded or state is None:
            continue
        commanded.add(device)
        if name.startswith("lock."):
            attempt = _attempt(hass, "lock", "lock", {"entity_id": name, "code": PIN})
        else:
            action = "turn_on" if state.state == "off" else "turn_off"
            attempt = _attempt(hass, "climate", action, {"entity_id": name})
        hass.async_create_background_task(attempt, name)
    await moments(hass)


async def _attempt(hass: HomeAssistant, domain: str, action: str, data: Mapping[str, Any]) -> None:
    with suppress(HomeAssistantError):
        await hass.services.async_call(domain, action, dict(data), blocking=True)


async def _act(hass: HomeAssistant, rigs: Sequence[Rig], domain: str, action: str, data: Mapping[str, Any]) -> None:
    """Have something done; whether it can be is for the vehicle to know."""
    task = hass.async_create_task(hass.services.async_call(domain, action, dict(data), blocking=True))
    for _ in range(40):
        if task.done():
            break
        for rig in rigs:
            rig.freezer.tick(5)
            await rig.tell()
        await moments(hass, 2)
    if not task.done():
        task.cancel()
    with suppress(HomeAssistantError, asyncio.CancelledError):
        await task


async def _pass_time(rigs: Sequence[Rig], duration: timedelta, step: timedelta = timedelta(minutes=10)) -> None:
    for _ in range(round(duration / step)):
        await rigs[0].pass_time(step, step)
        for rig in rigs[1:]:
            await rig.tell()
            await rig.settle()


async def _lose_sight(rigs: Sequence[Rig]) -> None:
    """Have the vehicles do something that is seen a day too late."""
    for rig in rigs:
        if rig.can_fail:
            await rig.go_down()
            rig.turn()
            rig.move()
    await _pass_time(rigs, timedelta(hours=28), timedelta(hours=2))
    for rig in rigs:
        if rig.can_fail:
            await rig.heal()
    await _pass_time(rigs, timedelta(hours=2), timedelta(minutes=30))


async def _choose_options(hass: HomeAssistant, entry: ConfigEntry) -> None:
    flows = hass.config_entries.options

    async def choose(part: str) -> Any:
        menu = await flows.async_init(entry.entry_id)
        return await flows.async_configure(menu["flow_id"], {"next_step_id": part})

    for part, chosen in (("general", GENERAL), ("alerts", {"alerts_off": ["left_unlocked"]})):
        form = await choose(part)
        assert (await flows.async_configure(form["flow_id"], chosen))["type"] is FlowResultType.CREATE_ENTRY
        await hass.async_block_till_done(wait_background_tasks=False)
    form = await choose("waking")
    if form["type"] is FlowResultType.FORM and form["step_id"] == "waking":
        options = next(iter(form["data_schema"].schema.values())).config["options"]
        form = await flows.async_configure(form["flow_id"], {"vehicle": options[0]["value"]})
    if form["type"] is FlowResultType.FORM:
        assert (await flows.async_configure(form["flow_id"], WAKING))["type"] is FlowResultType.CREATE_ENTRY
    await hass.async_block_till_done(wait_background_tasks=False)


async def _draw(hass: HomeAssistant, entry: ConfigEntry, rig: Rig) -> None:
    flows = hass.config_entries.subentries
    home, here = batched(rig.coordinates, 2, strict=True)
    for name, (latitude, longitude), entering in (
        ("Home", home, ["alert"]),
        ("Here", here, ["alert", "lock_reminder"]),
    ):
        menu = await flows.async_init((entry.entry_id, "geofence"), context={"source": SOURCE_USER})
        if menu["type"] is FlowResultType.ABORT:
            return
        form = await flows.async_configure(menu["flow_id"], {"next_step_id": "map"})
        place = {"latitude": latitude, "longitude": longitude, "radius": 400}
        chosen = {"name": name, "location": place, "on_leaving": ["alert"], "on_entering": entering}
        result = await flows.async_configure(form["flow_id"], chosen)
        assert result["type"] is FlowResultType.CREATE_ENTRY, result
        await rig.settle()


async def _make_sources(hass: HomeAssistant, entry: ConfigEntry) -> None:
    flows = hass.config_entries.subentries
    for number in range(len(ours(hass)) - 1):
        form = await flows.async_init((entry.entry_id, "source"), context={"source": SOURCE_USER})
        assert form["data_schema"] is not None
        choices = {str(field): selector for field, selector in form["data_schema"].schema.items()}
        first = choices["source"].config["options"][0]["value"]
        vehicle = next(
            each["value"] for each in choices["vehicle"].config["options"] if "LEAF" in each["label"].upper()
        )
        chosen = {"source": first, "vehicle": vehicle, "preferred": number == 0}
        result = await flows.async_configure(form["flow_id"], chosen)
        assert result["type"] is FlowResultType.CREATE_ENTRY, result
        await hass.async_block_till_done(wait_background_tasks=False)
    for subentry in list(entry.subentries.values()):
        if subentry.subentry_type == "source" and not subentry.data["preferred"]:
            context: SubentryFlowContext = {"source": SOURCE_RECONFIGURE, "subentry_id": subentry.subentry_id}
            form = await flows.async_init((entry.entry_id, "source"), context=context)
            await flows.async_configure(form["flow_id"], {"preferred": True})
            await hass.async_block_till_done(wait_background_tasks=False)
            break


async def _set_up_lock(hass: HomeAssistant, rig: Europe) -> None:
    flows = hass.config_entries.flow
    context = ConfigFlowContext(source=SOURCE_RECONFIGURE, entry_id=rig.entry.entry_id)
    menu = await flows.async_init(DOMAIN, context=context)
    form = await flows.async_configure(menu["flow_id"], {"next_step_id": "remote_lock"})
    form = await rig.submit(form, {})
    entered = {"code": rig.service.remote_locks.mailed[-1], "pin": PIN, "store_pin": True}
    progress = await rig.submit(form, entered)
    result = await flows.async_configure(progress["flow_id"])
    assert result["reason"] == "remote_lock_ready", result
    await rig.settle()


async def _enable(hass: HomeAssistant, rig: Rig) -> None:
    """Have most entities that are disabled at first, one disabled by the owner, and one called otherwise."""
    registry = er.async_get(hass)
    rows = sorted(
        (each for each in registry.entities.values() if each.platform == DOMAIN), key=lambda each: each.entity_id
    )
    for number, row in enumerate(row for row in rows if row.disabled_by is not None):
        if number % 4:
            registry.async_update_entity(row.entity_id, disabled_by=None)
    sensors = [row for row in rows if row.domain == "sensor" and row.disabled_by is None]
    registry.async_update_entity(sensors[1].entity_id, disabled_by=er.RegistryEntryDisabler.USER)
    registry.async_update_entity(sensors[2].entity_id, new_entity_id="sensor.called_otherwise", name="Called otherwise")
    assert sensors[0].device_id is not None
    dr.async_get(hass).async_update_device(sensors[0].device_id, name_by_user="Ours")
    for entry in ours(hass):
        await hass.config_entries.async_reload(entry.entry_id)
        await rig.settle()


def _ids(hass: HomeAssistant, domain: str, key: str = "") -> list[str]:
    rows = er.async_get(hass).entities.values()
    return sorted(
        row.entity_id
        for row in rows
        if row.platform == DOMAIN and row.domain == domain and row.disabled_by is None and row.unique_id.endswith(key)
    )


async def _set_wishes(hass: HomeAssistant) -> None:
    for name in _ids(hass, "number", "charge_below"):
        await hass.services.async_call("number", "set_value", {"entity_id": name, "value": 42}, blocking=True)
    for name in _ids(hass, "time", "plug_in_by"):
        await hass.services.async_call("time", "set_value", {"entity_id": name, "time": "21:30:00"}, blocking=True)


def _devices(hass: HomeAssistant) -> list[str]:
    return [
        each.id
        for entry in ours(hass)
        for each in dr.async_entries_for_config_entry(dr.async_get(hass), entry.entry_id)
    ]


async def _command(hass: HomeAssistant, rigs: Sequence[Rig]) -> None:
    for device in _devices(hass):
        for action, data in (("refresh", {"wake": True}), ("locate", {}), ("flash", {}), ("start_charging", {})):
            await _act(hass, rigs, DOMAIN, action, {"device_id": device, **data})
    for name in _ids(hass, "climate"):
        state = hass.states.get(name)
        action = "turn_on" if state is not None and state.state == "off" else "turn_off"
        await _act(hass, rigs, "climate", action, {"entity_id": name})
    for name in _ids(hass, "number", "charge_limit"):
        await _act(hass, rigs, "number", "set_value", {"entity_id": name, "value": 80})
    for name in _ids(hass, "lock"):
        await _act(hass, rigs, "lock", "unlock", {"entity_id": name, "code": PIN})


async def _plan(hass: HomeAssistant, rigs: Sequence[Rig]) -> None:
    at = dt_util.utcnow() + timedelta(hours=20)
    for device in _devices(hass):
        data = {"device_id": device, "temperature": 22, "at": at.isoformat()}
        await _act(hass, rigs, DOMAIN, "start_climate", data)


async def _mistype(hass: HomeAssistant, rigs: Sequence[Rig]) -> None:
    for name in _ids(hass, "lock"):
        for _ in range(2):
            await _act(hass, rigs, "lock", "lock", {"entity_id": name, "code": WRONG_PIN})
