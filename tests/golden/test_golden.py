"""What older code has written goes on working: entries, options, registries and stores of every source.

The files are kept in this folder and written by ``record.py``, on purpose only.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from typing import Any

from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import STATE_UNAVAILABLE, STATE_UNKNOWN
from homeassistant.core import Event, HomeAssistant
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import async_capture_events

from ..rigs import Rig
from .conftest import Build
from .houses import DOMAIN, HOUSES, Golden, async_load_registries, async_write, lost, ours, shown


async def start_again(
    hass: HomeAssistant, hass_storage: dict[str, Any], golden: Golden, rigs: Sequence[Rig], *, up: bool
) -> dict[str, Any]:
    """Start Home Assistant with what is kept, its sources up or down; return what is shown before any read."""
    rigs[0].freezer.move_to(golden.at)
    started = replace(golden)
    started.addressed(rigs, written=False)
    hass_storage |= started.storage
    await async_load_registries(hass)
    await hass.config_entries.async_initialize()
    for rig in rigs:
        rig.held = not up
        if not up and rig.can_fail:
            await rig.go_down()
    if up:
        for rig in rigs:
            rig.admit()
        for key, kind, ticket in golden.on_their_way():
            rigs[0].send_again(key, kind, ticket)
    assert await async_setup_component(hass, DOMAIN, {})  # which sets the entries up
    await hass.async_block_till_done()
    at_once = shown(hass)
    if up:
        for rig in rigs:
            await rig.settle()
    return at_once


_NAMES = {"object_id_base", "original_name"}
"""What a person reads may be worded better."""
_FOR_NOBODY = {"role", "picture_url", "plugged_in_at", "unplugged_at", "next_target_temperature"}
"""What was kept and never shown, nor used for anything; it may go."""
REPORTED = {"auth", "lookout", "memory", "rests_since_at", "word", "lent_words"}
"""What of a store and of an entry is another after a source was read."""


def watch_ends(hass: HomeAssistant) -> Callable[[], list[dict[str, Any]]]:
    """Watch how commands end from now on; call what is returned for it."""
    events: list[Event] = async_capture_events(hass, f"{DOMAIN}_command")
    names = ("command", "type", "reason", "asked_by")
    return lambda: [{name: event.data.get(name) for name in names} for event in events]


async def changes(
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    kept: Golden,
    rigs: Sequence[Rig],
    *,
    without: Collection[str] = (),
) -> list[str]:
    """Stop again, and return what is not written as it is kept, but for what is ``without`` interest."""
    for entry in ours(hass):
        await hass.config_entries.async_unload(entry.entry_id)
    now = Golden(kept.at, await async_write(hass, hass_storage))
    now.addressed(rigs, written=True)
    files = ("core.config_entries", "core.device_registry", "core.entity_registry", *kept.files())
    found = [f"{key}{each}" for key in files for each in lost(kept.storage[key], now.storage.get(key))]
    ignored = {"number", "modified_at", *_NAMES, *_FOR_NOBODY, *without}
    return [each for each in found if ignored.isdisjoint(each.partition(":")[0].split("/"))]


def forgotten(hass: HomeAssistant, golden: Golden) -> list[str]:
    """Return the entities that have shown something, and do not now."""
    nothing = {"state": STATE_UNKNOWN}
    shows = shown(hass)
    known = [each for each, state in golden.shows.items() if state["state"] != STATE_UNKNOWN]
    return [each for each in known if shows.get(each, nothing)["state"] in {STATE_UNKNOWN, STATE_UNAVAILABLE}]


@pytest.fixture(params=HOUSES)
def name(request: pytest.FixtureRequest) -> str:
    """Which file it is about."""
    chosen: str = request.param
    return chosen


@pytest.fixture
def golden(name: str) -> Golden:
    """What older code has written."""
    return Golden.load(name)


def test_every_kind_of_thing_is_kept_somewhere() -> None:
    """What no file has in it is not tested here."""
    entries: list[dict[str, Any]] = []
    vehicles: list[dict[str, Any]] = []
    for name in HOUSES:
        golden = Golden.load(name)
        entries += golden.storage["core.config_entries"]["data"]["entries"]
        for key in golden.files():
            vehicles += golden.storage[key]["data"]["vehicles"] if not key.endswith(".open") else []
    lookouts = [vehicle["lookout"] for vehicle in vehicles]
    assert {each["subentry_type"] for entry in entries for each in entry["subentries"]} == {"geofence", "source"}
    assert {"auth", "device_id", "pins", "unlock_without_pin", "webhook_id"} <= {
        each for entry in entries for each in entry["data"]
    }
    for each in ("info", "lent_words", "log", "lookout", "plan", "rests_since_at", "unfinished", "wakes", "word"):
        assert any(vehicle[each] for vehicle in vehicles), each
    for each in ("book", "feed", "presences", "track", "watch"):
        assert any(lookout[each] for lookout in lookouts), each
    assert any(vehicle["wrong_pins"]["count"] for vehicle in vehicles)
    assert any(vehicle["wishes"]["plug_in_by"] for vehicle in vehicles)
    assert any(each["ticket"] for vehicle in vehicles for each in vehicle["unfinished"])


async def test_started_again_with_the_sources_down(
    hass: HomeAssistant, hass_storage: dict[str, Any], build: Build, name: str, golden: Golden
) -> None:
    """Nothing is read, so that everything that is kept is shown, and is written again as it was."""
    rigs = await build(name)
    at_once = await start_again(hass, hass_storage, golden, rigs, up=False)
    assert {entry.state for entry in ours(hass)} == {ConfigEntryState.LOADED}
    assert not hass.config_entries.flow.async_progress()
    assert at_once.keys() >= golden.shows.keys()
    failing = all(rig.can_fail for rig in rigs)  # the others have been read, however quick one looks
    had = {
        entity_id: {name: value for name, value in shows.items() if value is not None}
        for entity_id, shows in golden.shows.items()
    }  # an attribute without a value may be left out
    assert not failing or not [*lost(had, at_once)]
    assert not [each for each in at_once.values() if each["state"] == STATE_UNAVAILABLE]

    found = await changes(hass, hass_storage, golden, rigs, without=() if failing else REPORTED)
    assert not [each for each in found if each not in golden.changes]


async def test_started_again_with_the_sources_up(
    hass: HomeAssistant, hass_storage: dict[str, Any], build: Build, name: str, golden: Golden
) -> None:
    """Everything is read, and nothing is forgotten over it; what was on its way comes to its end."""
    rigs = await build(name)
    ends = watch_ends(hass)
    await start_again(hass, hass_storage, golden, rigs, up=True)
    assert {entry.state for entry in ours(hass)} == {ConfigEntryState.LOADED}
    assert not hass.config_entries.flow.async_progress()
    assert ends() == golden.ends
    assert not [each for each in forgotten(hass, golden) if each not in golden.forgotten]
    found = await changes(hass, hass_storage, golden, rigs, without=REPORTED)
    assert not [each for each in found if each not in golden.later]
