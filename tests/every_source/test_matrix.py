"""Every source in every plight that an owner knows: what must hold whichever way a vehicle talks.

What is special to a source is tested in a file of its own; a new source is not complete before it has a rig here.
"""

import asyncio
from datetime import timedelta
import logging
import re
from typing import Any

from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import STATE_OFF, STATE_ON, STATE_UNAVAILABLE, STATE_UNKNOWN, Platform
from homeassistant.core import HomeAssistant, State
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.helpers.json import json_dumps
from homeassistant.helpers.storage import Store
from homeassistant.util import dt as dt_util
from homeassistant.util.async_ import get_scheduled_timer_handles
import pytest

from custom_components.nissanconnect.const import CONF_SOURCE, DOMAIN
from custom_components.nissanconnect.diagnostics import (
    async_get_config_entry_diagnostics,
    async_get_device_diagnostics,
)
from custom_components.nissanconnect.sources import SOURCES, Source
from custom_components.nissanconnect.vehicle import AuthenticationFailed, Capability

from ..conftest import NOON, state, status
from ..rigs import RIGS, Rig

LEVEL, PLUG = "sensor.{}_battery", "binary_sensor.{}_plugged_in"


def test_every_source_is_here() -> None:
    assert set(RIGS) == set(Source)


def ours(hass: HomeAssistant) -> dict[str, State]:
    """The states of all entities that we have made."""
    known = {each.entity_id for each in er.async_get(hass).entities.values() if each.platform == DOMAIN}
    return {each.entity_id: each for each in hass.states.async_all() if each.entity_id in known}


def known(shown: State) -> tuple[str, object]:
    """What an entity says; a tracker says it in its attributes."""
    return shown.state, shown.attributes.get("latitude")


async def wait_for_news(rig: Rig, plugged_in: bool) -> None:
    """Let time pass, an hour at most, until it is shown that the vehicle was plugged in, or not."""
    wanted = STATE_ON if plugged_in else STATE_OFF
    latest = dt_util.utcnow() + timedelta(hours=1)
    await rig.tell()
    await rig.settle()
    while state(rig.hass, rig.id(PLUG)).state != wanted:
        assert dt_util.utcnow() < latest, "no news"
        await rig.pass_time(timedelta(minutes=10))


def work(hass: HomeAssistant) -> list[str]:
    """What of ours runs, or will."""
    found = [repr(task) for task in asyncio.all_tasks()]
    timers: list[Any] = [each for each in get_scheduled_timer_handles(hass.loop) if not each.cancelled()]
    for timer in timers:
        owner = getattr(timer._callback, "__self__", None)
        file = owner.key if isinstance(owner, Store) else None
        found.append(f"{timer._callback} {timer._args} {owner} {file}")
    return [each for each in found if re.search(rf"custom_components.{DOMAIN}|{DOMAIN}[ .]\w", each)]


async def test_fresh_set_up(hass: HomeAssistant, rig: Rig) -> None:
    entry = await rig.add()
    assert entry.state is ConfigEntryState.LOADED
    assert entry.data[CONF_SOURCE] == rig.source
    assert float(state(hass, rig.id(LEVEL)).state) == pytest.approx(rig.level, abs=0.5)

    registry = er.async_get(hass)
    device_id = registry.entities[rig.id(LEVEL)].device_id
    devices = dr.async_entries_for_config_entry(dr.async_get(hass), entry.entry_id)
    assert device_id in {device.id for device in devices}
    shown = [json_dumps(each.attributes) for each in ours(hass).values() if each.domain != Platform.DEVICE_TRACKER]
    visible = [entry.title, entry.unique_id or "", *ours(hass), *shown]
    for what, secret in rig.secrets.items():
        if what != "number":  # that of an account is there to tell two of them apart
            assert not [each for each in visible if secret.lower() in each.lower()], what
    assert rig.wakes == 0
    assert not hass.config_entries.flow.async_progress()
    row = SOURCES[rig.source]
    if row.fields:
        assert not entry.data.keys() & row.not_kept
        for vehicle in entry.runtime_data.vehicles.values():
            asks = {Capability.LOCK, Capability.LOCK_PIN} & vehicle.info.capabilities == {Capability.LOCK}
            assert not asks or row.asks_about_unlocking, "without a PIN the form needs **UNLOCKING"


async def test_reauthentication(hass: HomeAssistant, rig: Rig) -> None:
    entry = await rig.add()
    secrets = SOURCES[rig.source].secrets
    if not rig.logs_in:
        assert not secrets, "whoever asks for a secret has to say what happens when it is rejected"
        for fault in rig.faults():
            fault()
            await rig.pass_time(timedelta(minutes=20), timedelta(minutes=20))
        assert not hass.config_entries.flow.async_progress()
        return
    before = {name: entry.data.get(name) for name in secrets}
    valid = rig.reject()
    assert valid.keys() <= secrets
    while not (flows := hass.config_entries.flow.async_progress()):
        assert dt_util.utcnow() < NOON + timedelta(hours=3), "nobody is asked"
        await rig.pass_time(timedelta(minutes=20), timedelta(minutes=20))
    assert len(flows) == 1

    attempts = rig.attempts
    await rig.pass_time(timedelta(hours=8), timedelta(hours=1))
    await hass.config_entries.async_reload(entry.entry_id)
    await rig.settle()
    await rig.pass_time(timedelta(hours=2), timedelta(hours=1))
    assert rig.attempts == attempts, "what was rejected is not sent again"
    (flow,) = hass.config_entries.flow.async_progress()
    assert {name: entry.data.get(name) for name in secrets} == before

    wrong = await rig.submit(flow, dict.fromkeys(valid, "a wrong guess"))
    key = AuthenticationFailed.key
    assert wrong["errors"] == {"base": SOURCES[rig.source].errors.get(key, key)}
    result = await rig.submit(flow, valid)
    assert result["reason"] == "reauth_successful"
    assert not entry.data.keys() & SOURCES[rig.source].not_kept
    assert status(entry) is ConfigEntryState.LOADED
    await wait_for_news(rig, rig.turn())


async def test_restart(hass: HomeAssistant, rig: Rig) -> None:
    entry = await rig.add()
    await rig.pass_time(timedelta(minutes=20))
    before, wakes = {name: known(each) for name, each in ours(hass).items()}, rig.wakes
    assert len(before) > 10
    await hass.config_entries.async_unload(entry.entry_id)
    if rig.can_fail:
        await rig.go_down()
    rig.freezer.tick(timedelta(minutes=20))
    await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    assert status(entry) is ConfigEntryState.LOADED
    assert {name: known(each) for name, each in ours(hass).items()} == before
    await rig.settle()
    assert rig.wakes == wakes
    if rig.can_fail:
        await rig.heal()
    await wait_for_news(rig, rig.turn())
    assert not hass.config_entries.flow.async_progress()


async def test_unload(hass: HomeAssistant, rig: Rig) -> None:
    entry = await rig.add()
    first = rig.requests
    await rig.pass_time(timedelta(hours=1), timedelta(minutes=20))
    assert (rig.requests > first) is rig.asked
    assert await rig.heard() is rig.speaks
    assert work(hass)
    await hass.config_entries.async_unload(entry.entry_id)
    await rig.settle()
    assert status(entry) is ConfigEntryState.NOT_LOADED
    assert not work(hass)
    assert not await rig.heard()
    rig.turn()
    requests, before = rig.requests, rig.wakes
    await rig.pass_time(timedelta(hours=7), timedelta(hours=1))
    assert (rig.requests, rig.wakes) == (requests, before)
    assert {each.state for each in ours(hass).values()} == {STATE_UNAVAILABLE}


async def test_one_part_down(hass: HomeAssistant, rig: Rig) -> None:
    entry = await rig.add()
    if rig.kept is None:
        assert not rig.can_fail, "what can be down as a whole can be in part"
        assert not entry.runtime_data.backend.requests
        return
    kept = rig.id(rig.kept)
    before = known(state(hass, kept))
    assert before[0] not in {STATE_UNKNOWN, STATE_UNAVAILABLE}
    await rig.break_part()
    await rig.pass_time(timedelta(minutes=20))
    rig.move()
    for _ in range(2):
        await wait_for_news(rig, rig.turn())
        assert known(state(hass, kept)) == before
    assert not [name for name, each in ours(hass).items() if each.state == STATE_UNAVAILABLE]
    assert not hass.config_entries.flow.async_progress()
    await rig.heal()
    await rig.pass_time(timedelta(hours=1))
    assert known(state(hass, kept)) != before


async def test_service_down(hass: HomeAssistant, rig: Rig) -> None:
    entry = await rig.add()
    if not rig.can_fail:
        assert not entry.runtime_data.backend.requests
        assert not entry.runtime_data.backend.description.hosts
        return
    level = state(hass, rig.id(LEVEL)).state
    await rig.go_down()
    plugged_in = rig.turn()
    await rig.pass_time(timedelta(hours=2))
    assert not [name for name, each in ours(hass).items() if each.state == STATE_UNAVAILABLE]
    assert state(hass, rig.id(LEVEL)).state == level
    assert state(hass, rig.id(PLUG)).state == (STATE_OFF if plugged_in else STATE_ON), "nobody can have told"
    assert not hass.config_entries.flow.async_progress(), "nobody is asked for what is still right"
    await rig.heal()
    await wait_for_news(rig, plugged_in)


async def test_secrets_in_log_and_diagnostics(hass: HomeAssistant, rig: Rig, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    entry = await rig.add()
    secrets = {**rig.secrets, **rig.places}
    for fault in rig.faults():
        fault()
        await rig.pass_time(timedelta(hours=1), timedelta(minutes=20))
        secrets |= rig.secrets
    if rig.can_fail:
        await rig.heal()
    rig.move()
    await rig.pass_time(timedelta(hours=2), timedelta(minutes=20))
    secrets |= {**rig.secrets, **rig.places}
    if rig.logs_in:
        rig.reject()
        await rig.pass_time(timedelta(hours=1), timedelta(minutes=20))
    await hass.config_entries.async_reload(entry.entry_id)
    await rig.settle()
    secrets |= rig.secrets

    told = {"of the entry": json_dumps(await async_get_config_entry_diagnostics(hass, entry))}
    for device in dr.async_entries_for_config_entry(dr.async_get(hass), entry.entry_id):
        diagnostics = await async_get_device_diagnostics(hass, entry, device)
        assert diagnostics["state"]
        told[f"of {device.name}"] = json_dumps(diagnostics)
    assert len(told) > 1
    lines = [
        (record.name, f"{record.getMessage()} {record.exc_text or ''}")
        for record in caplog.records
        # What Home Assistant's tests add shows all that is stored; the web server notes whole requests, if asked to.
        if not record.name.startswith(("pytest_", "aiohttp.access"))
    ]
    assert [name for name, _ in lines if name.startswith(f"custom_components.{DOMAIN}")]
    for what, secret in secrets.items():
        assert not [where for where, text in told.items() if secret in text], what
        assert not [line for line in lines if secret in line[1] and line[0] not in rig.named_by.get(what, ())], what
