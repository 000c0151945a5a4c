"""Accounts with many vehicles: nobody waits for all of them, and Home Assistant goes on meanwhile."""

import asyncio
from collections.abc import Awaitable
from dataclasses import replace
from itertools import pairwise
from typing import Any

from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.nissanconnect.backends.kamereon import KamereonBackend
from custom_components.nissanconnect.const import PLATFORMS
from custom_components.nissanconnect.vehicle import VehicleReport

from .conftest import set_up, state, status
from .simulator import Fault, Simulator
from .simulator.cars.garage import build, leaf

MANY = 20


@pytest.fixture
def many(simulator: Simulator) -> None:
    """Many LEAFs in the account besides the three vehicles."""
    for number in range(MANY):
        make = leaf(dt_util.utcnow(), dt_util.UTC)
        vin = f"SJNFAKE{number:010d}"
        make = replace(make, info=replace(make.info, key=vin, vin=vin, nickname=f"LEAF {number}"), scenario=())
        simulator.add_vehicle(build(make, dt_util.utcnow(), dt_util.UTC, seed=number))


async def most_at_once(hass: HomeAssistant, work: Awaitable[object]) -> int:
    """Do ``work``; return how many entities came within one turn of the event loop at most."""
    counts = []

    async def count() -> None:
        while True:
            counts.append(len(hass.states.async_entity_ids()))
            await asyncio.sleep(0)

    counting = asyncio.create_task(count())
    await work
    counting.cancel()
    return max(later - earlier for earlier, later in pairwise(counts))


@pytest.mark.usefixtures("many")
async def test_vehicles_come_one_after_another(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    at_once = await most_at_once(hass, set_up(hass, entry))
    of_all = len(hass.states.async_entity_ids())
    assert of_all > MANY * 20
    assert at_once <= of_all / MANY + len(PLATFORMS)


@pytest.mark.usefixtures("many")
async def test_they_come_back_one_after_another(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    await set_up(hass, entry)
    of_all = len(hass.states.async_entity_ids())
    await hass.config_entries.async_unload(entry.entry_id)
    for entity_id in hass.states.async_entity_ids():
        hass.states.async_remove(entity_id)
    assert await most_at_once(hass, set_up(hass, entry)) <= of_all / MANY + len(PLATFORMS)


@pytest.mark.usefixtures("many")
async def test_a_command_need_not_wait_for_all_reads(
    hass: HomeAssistant, entry: MockConfigEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads, under_way = KamereonBackend.read, [0]

    async def read(*args: Any) -> VehicleReport:
        under_way.append(under_way[-1] + 1)
        try:
            return await reads(*args)
        finally:
            under_way.append(under_way[-1] - 1)

    monkeypatch.setattr(KamereonBackend, "read", read)
    await set_up(hass, entry)
    assert max(under_way) == 4
    assert under_way[-1] == 0


async def test_set_up_waits_for_no_vehicle(hass: HomeAssistant, entry: MockConfigEntry, simulator: Simulator) -> None:
    simulator.fail("*", Fault.hang(), vin=simulator.car("Leaf").vin)
    entry.add_to_hass(hass)
    await hass.config_entries.async_setup(entry.entry_id)
    assert status(entry) is ConfigEntryState.LOADED
    assert state(hass, "climate.leaf_climate").state == "unknown"
    await hass.config_entries.async_unload(entry.entry_id)
    assert status(entry) is ConfigEntryState.NOT_LOADED
