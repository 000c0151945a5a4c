"""What the browser gets: one module, by an address that changes with it, and as long as there is an entry."""

from pathlib import Path
from typing import Any

from homeassistant.components.frontend import DATA_EXTRA_MODULE_URL
from homeassistant.components.lovelace.const import LOVELACE_DATA
from homeassistant.components.lovelace.resources import ResourceStorageCollection
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.components.recorder.common import async_wait_recording_done
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator, WebSocketGenerator

from custom_components.nissanconnect import browser

from .charging import runtime
from .conftest import set_up, settle
from .test_commands import device_id

PATH = "/nissanconnect/nissanconnect.js"


@pytest.fixture(name="frontend")
async def _frontend(hass: HomeAssistant) -> None:
    assert await async_setup_component(hass, "frontend", {})
    assert await async_setup_component(hass, "lovelace", {})


def loaded_modules(hass: HomeAssistant) -> list[str]:
    return [url for url in hass.data[DATA_EXTRA_MODULE_URL].urls if url.startswith(PATH)]


async def resources(hass: HomeAssistant) -> list[str]:
    found = hass.data[LOVELACE_DATA].resources
    await found.async_get_info()
    return [each["url"] for each in found.async_items()]


@pytest.mark.usefixtures("frontend", "simulator")
async def test_every_page_loads_the_module_and_cast_devices_do(
    hass: HomeAssistant, entry: MockConfigEntry, hass_client: ClientSessionGenerator
) -> None:
    await set_up(hass, entry)
    [url] = loaded_modules(hass)
    assert await resources(hass) == [url]
    client = await hass_client()
    response = await client.get(url)
    assert response.status == 200
    assert response.content_type == "text/javascript"
    assert "max-age" in response.headers["Cache-Control"]
    assert b"ll-strategy-dashboard-nissanconnect" in await response.read()


@pytest.mark.usefixtures("frontend", "simulator")
async def test_it_is_registered_once_and_anew_after_an_update(
    hass: HomeAssistant, entry: MockConfigEntry, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    old, other = f"{PATH}?v=0123456789ab", "/local/another.js?v=1"
    collection = hass.data[LOVELACE_DATA].resources
    assert isinstance(collection, ResourceStorageCollection)
    for each in (old, other, f"{old}x"):
        await collection.async_create_item({"res_type": "module", "url": each})
    await set_up(hass, entry)
    [url] = loaded_modules(hass)
    assert sorted(await resources(hass)) == sorted([url, other])
    assert await hass.config_entries.async_reload(entry.entry_id)
    await settle(hass)
    assert loaded_modules(hass) == [url]
    assert len(await resources(hass)) == 2
    changed = tmp_path / "changed.js"
    changed.write_text("1")
    before = browser._version()
    monkeypatch.setattr(browser, "_FILE", changed)
    assert browser._version() != before


@pytest.mark.usefixtures("frontend", "simulator")
async def test_nothing_is_left_of_it_after_the_last_entry(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    await set_up(hass, entry)
    other = MockConfigEntry(domain=entry.domain, unique_id="other", data=dict(entry.data))
    other.add_to_hass(hass)
    await hass.config_entries.async_remove(other.entry_id)
    assert loaded_modules(hass)
    assert await resources(hass)
    await hass.config_entries.async_remove(entry.entry_id)
    assert not loaded_modules(hass)
    assert not await resources(hass)


@pytest.mark.usefixtures("simulator")
async def test_resources_in_yaml_stay_as_they_are(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    own = [{"url": "/local/mine.js", "type": "module"}]
    assert await async_setup_component(hass, "lovelace", {"lovelace": {"resource_mode": "yaml", "resources": own}})
    assert await async_setup_component(hass, "frontend", {})
    await set_up(hass, entry)
    assert loaded_modules(hass)
    assert await resources(hass) == ["/local/mine.js"]
    await hass.config_entries.async_remove(entry.entry_id)
    assert not loaded_modules(hass)


@pytest.mark.usefixtures("recorder_mock")
async def test_the_dashboard_is_told_which_statistics_a_vehicle_has(
    hass: HomeAssistant, simulator: Any, loaded: MockConfigEntry, hass_ws_client: WebSocketGenerator
) -> None:
    await runtime(loaded).statistics.async_rebuild()
    await async_wait_recording_done(hass)
    client = await hass_ws_client()
    await client.send_json_auto_id({"type": "nissanconnect/dashboard"})
    answer = await client.receive_json()
    vehicles = answer["result"]["vehicles"]
    assert len(vehicles) == 3
    leaf = vehicles[device_id(hass, loaded, simulator, "Leaf")]["statistics"]
    assert leaf["distance"].startswith("nissanconnect:vehicle_")
    assert {"distance", "energy_consumed"} <= set(leaf)
    assert vehicles[device_id(hass, loaded, simulator, "Ariya")]["statistics"] == {}
    assert await hass.config_entries.async_unload(loaded.entry_id)
    await client.send_json_auto_id({"type": "nissanconnect/dashboard"})
    assert (await client.receive_json())["result"] == {"vehicles": {}}


@pytest.mark.usefixtures("simulator")
async def test_without_a_recorder_there_are_none(
    hass: HomeAssistant, loaded: MockConfigEntry, hass_ws_client: WebSocketGenerator
) -> None:
    client = await hass_ws_client()
    await client.send_json_auto_id({"type": "nissanconnect/dashboard"})
    vehicles = (await client.receive_json())["result"]["vehicles"]
    assert [each["statistics"] for each in vehicles.values()] == [{}, {}, {}]
