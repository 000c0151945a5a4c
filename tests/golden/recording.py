"""Writes the golden files; see :mod:`.record`, which has it done. By itself pytest does not find this."""

from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
import pytest

from .conftest import Build
from .houses import DOMAIN, HOUSES, Golden, async_load_registries, async_write
from .lives import leave, live
from .test_golden import REPORTED, changes, forgotten, start_again, watch_ends


@pytest.mark.parametrize("name", HOUSES)
async def test_life(hass: HomeAssistant, hass_storage: dict[str, Any], build: Build, name: str) -> None:
    """Live, and write what is in the storage in the end."""
    await async_load_registries(hass)
    rigs = await build(name)
    await live(hass, rigs)
    before = await async_write(hass, hass_storage)
    await leave(hass, rigs)
    written = await async_write(hass, hass_storage)
    if name == "killed":
        written |= {key: file for key, file in before.items() if key.startswith(DOMAIN) and not key.endswith(".open")}
    golden = Golden(at=dt_util.utcnow(), storage=written)
    golden.addressed(rigs, written=True)
    golden.save(name)


@pytest.mark.parametrize("name", HOUSES)
async def test_look(hass: HomeAssistant, hass_storage: dict[str, Any], build: Build, name: str) -> None:
    """Start again with the sources down, and write what is shown."""
    golden = Golden.load(name)
    rigs = await build(name)
    shows = await start_again(hass, hass_storage, golden, rigs, up=False)
    golden = Golden.load(name)
    golden.shows = shows
    golden.changes = await changes(hass, hass_storage, golden, rigs)
    golden.save(name)


@pytest.mark.parametrize("name", HOUSES)
async def test_ends(hass: HomeAssistant, hass_storage: dict[str, Any], build: Build, name: str) -> None:
    """Start again with the sources up, and write how what was on its way has ended."""
    golden = Golden.load(name)
    rigs = await build(name)
    ends = watch_ends(hass)
    await start_again(hass, hass_storage, golden, rigs, up=True)
    golden = Golden.load(name)
    golden.ends, golden.forgotten = ends(), forgotten(hass, golden)
    golden.later = await changes(hass, hass_storage, golden, rigs, without=REPORTED)
    golden.save(name)
