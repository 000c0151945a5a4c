"""Drawing geofences."""

import asyncio
from typing import Any

from homeassistant.config_entries import SOURCE_RECONFIGURE, SOURCE_USER, SubentryFlowResult
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.nissanconnect import geofences

from .dialogs import suggested
from .nominatim import Nominatim, nominatim

__all__ = ["nominatim"]

HOME = {"latitude": 51.5, "longitude": -0.1, "radius": 500.0}
GEOFENCE = {"name": "Home", "location": HOME, "on_leaving": ["alert"], "on_entering": []}


async def start(hass: HomeAssistant, entry: MockConfigEntry, choice: str) -> SubentryFlowResult:
    menu = await hass.config_entries.subentries.async_init(
        (entry.entry_id, "geofence"), context={"source": SOURCE_USER}
    )
    assert menu["type"] is FlowResultType.MENU
    return await go_on(hass, menu, {"next_step_id": choice})


async def go_on(hass: HomeAssistant, result: SubentryFlowResult, answer: dict[str, Any]) -> SubentryFlowResult:
    result = await hass.config_entries.subentries.async_configure(result["flow_id"], answer)
    await hass.async_block_till_done(wait_background_tasks=True)  # a new geofence
    return result


async def test_drawn_on_the_map(hass: HomeAssistant, loaded: MockConfigEntry) -> None:
    form = await start(hass, loaded, "map")
    assert form["step_id"] == "area"
    assert suggested(form)["location"] == {
        "latitude": hass.config.latitude,
        "longitude": hass.config.longitude,
        "radius": 500,
    }
    done = await go_on(hass, form, GEOFENCE | {"name": " Home ", "vehicles": []})
    assert done["type"] is FlowResultType.CREATE_ENTRY
    (subentry,) = loaded.subentries.values()
    assert subentry.title == "Home"
    assert subentry.data == {key: value for key, value in GEOFENCE.items() if key != "name"} | {"vehicles": []}


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Grandma's\nhouse\u202e\x00", "Grandma's house"),
        ("x" * 10_000, "x" * 99 + "…"),
        ("The long road by the sea where the old lighthouse stands", None),
        ("🚗 {{ 1 + 1 }} <b>名</b>", None),
    ],
)
async def test_an_area_is_named_in_one_line(
    hass: HomeAssistant, loaded: MockConfigEntry, name: str, shown: str | None
) -> None:
    await go_on(hass, await start(hass, loaded, "map"), GEOFENCE | {"name": name, "vehicles": []})
    (area,) = (each.name for each in hass.states.async_all("binary_sensor") if each.name.startswith("LEAF In "))
    assert area == f"LEAF In {shown or name}"


async def test_an_area_that_was_drawn_without_a_name_goes_on(hass: HomeAssistant, loaded: MockConfigEntry) -> None:
    await go_on(hass, await start(hass, loaded, "map"), GEOFENCE | {"vehicles": []})
    (subentry,) = loaded.subentries.values()
    hass.config_entries.async_update_subentry(loaded, subentry, title=" \u2800")
    await hass.config_entries.async_reload(loaded.entry_id)
    assert "LEAF In ?" in [each.name for each in hass.states.async_all("binary_sensor")]


@pytest.mark.parametrize("name", ["", "  ", "\n\t", "\u2800", "\u200b\u202e"])
async def test_an_area_has_a_name(hass: HomeAssistant, loaded: MockConfigEntry, name: str) -> None:
    result = await go_on(hass, await start(hass, loaded, "map"), GEOFENCE | {"name": name, "vehicles": []})
    assert result["errors"] == {"name": "name_required"}
    assert suggested(result)["location"] == GEOFENCE["location"], "what was drawn is not lost"
    assert (await go_on(hass, result, GEOFENCE | {"vehicles": []}))["type"] is FlowResultType.CREATE_ENTRY


@pytest.mark.parametrize(("radius", "fits"), [(99.9, False), (100, True), (5000, True), (5001, False), (None, False)])
async def test_how_far_an_area_may_reach(
    hass: HomeAssistant, loaded: MockConfigEntry, radius: float | None, fits: bool
) -> None:
    place = {"latitude": 51.5, "longitude": -0.1} | ({} if radius is None else {"radius": radius})
    result = await go_on(hass, await start(hass, loaded, "map"), GEOFENCE | {"location": place, "vehicles": []})
    if fits:
        assert result["type"] is FlowResultType.CREATE_ENTRY
        return
    assert result["errors"] == {"location": "invalid_radius"}
    assert result["description_placeholders"] == {"smallest": "100", "largest": "5000"}
    assert suggested(result)["name"] == "Home", "what was typed is not lost"
    assert (await go_on(hass, result, GEOFENCE | {"vehicles": []}))["type"] is FlowResultType.CREATE_ENTRY


async def test_from_a_zone(hass: HomeAssistant, loaded: MockConfigEntry) -> None:
    hass.states.async_set("zone.work", "0", {"latitude": 1.0, "longitude": 2.0, "radius": 20, "friendly_name": "Work"})
    form = await go_on(hass, await start(hass, loaded, "zone"), {"zone": "zone.work"})
    assert suggested(form)["name"] == "Work"
    assert suggested(form)["location"] == {"latitude": 1.0, "longitude": 2.0, "radius": 100}, "the least there is"


async def test_a_zone_that_is_gone_is_asked_for_again(hass: HomeAssistant, loaded: MockConfigEntry) -> None:
    form = await go_on(hass, await start(hass, loaded, "zone"), {"zone": "zone.gone"})
    assert form["step_id"] == "zone"


async def test_changing_an_area(hass: HomeAssistant, loaded: MockConfigEntry) -> None:
    await go_on(hass, await start(hass, loaded, "map"), GEOFENCE | {"vehicles": []})
    (subentry_id,) = loaded.subentries
    form = await hass.config_entries.subentries.async_init(
        (loaded.entry_id, "geofence"), context={"source": SOURCE_RECONFIGURE, "subentry_id": subentry_id}
    )
    assert suggested(form) == GEOFENCE | {"vehicles": []}
    done = await go_on(hass, form, GEOFENCE | {"name": "Village", "vehicles": []})
    assert done["reason"] == "reconfigure_successful"
    assert [each.title for each in loaded.subentries.values()] == ["Village"]


async def test_whose_an_area_is_stays_while_the_account_is_not_loaded(
    hass: HomeAssistant, loaded: MockConfigEntry
) -> None:
    names = [vehicle.coordinator.name for vehicle in loaded.runtime_data.vehicles.values()][:1]
    await go_on(hass, await start(hass, loaded, "map"), GEOFENCE | {"vehicles": names})
    await hass.config_entries.async_unload(loaded.entry_id)
    (subentry_id,) = loaded.subentries
    form = await hass.config_entries.subentries.async_init(
        (loaded.entry_id, "geofence"), context={"source": SOURCE_RECONFIGURE, "subentry_id": subentry_id}
    )
    await go_on(hass, form, GEOFENCE | {"name": "Village"})
    (subentry,) = loaded.subentries.values()
    assert (subentry.title, subentry.data["vehicles"]) == ("Village", names)


async def test_an_area_of_a_vehicle_that_has_left_the_account_can_still_be_changed(
    hass: HomeAssistant, loaded: MockConfigEntry
) -> None:
    one, other = [vehicle.coordinator.name for vehicle in loaded.runtime_data.vehicles.values()][:2]
    await go_on(hass, await start(hass, loaded, "map"), GEOFENCE | {"vehicles": [one, other]})
    ((subentry_id, subentry),) = loaded.subentries.items()
    left = subentry.data | {"vehicles": ["vehicle 000000", other]}
    hass.config_entries.async_update_subentry(loaded, subentry, data=left)
    await hass.async_block_till_done(wait_background_tasks=True)
    form = await hass.config_entries.subentries.async_init(
        (loaded.entry_id, "geofence"), context={"source": SOURCE_RECONFIGURE, "subentry_id": subentry_id}
    )
    done = await go_on(hass, form, suggested(form))
    assert done["reason"] == "reconfigure_successful"
    assert loaded.subentries[subentry_id].data["vehicles"] == [other]


async def test_without_a_loaded_account_an_area_is_everybodys(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    entry.add_to_hass(hass)
    done = await go_on(hass, await start(hass, entry, "map"), GEOFENCE)
    assert done["type"] is FlowResultType.CREATE_ENTRY
    (subentry,) = entry.subentries.values()
    assert "vehicles" not in subentry.data


async def test_from_an_address(hass: HomeAssistant, loaded: MockConfigEntry, nominatim: Nominatim) -> None:
    form = await go_on(hass, await start(hass, loaded, "address"), {"address": " Marienplatz 1, München "})
    assert form["step_id"] == "area"
    assert not form["errors"]
    assert suggested(form)["location"] == {"latitude": 48.137, "longitude": 11.575, "radius": 500}
    ((question, agent),) = nominatim.asked
    assert question == "Marienplatz 1, München"
    assert agent.startswith("nissanconnect-home-assistant/")


@pytest.mark.parametrize("endless", [False, True])
async def test_a_service_gone_wrong_leads_nowhere_else(
    hass: HomeAssistant, loaded: MockConfigEntry, nominatim: Nominatim, endless: bool
) -> None:
    """It redirects to another host, or answers without end."""
    if endless:
        nominatim.answer = "x" * 5_000_000
    else:
        nominatim.status, nominatim.headers = 302, {"Location": "/search?q=elsewhere&format=jsonv2"}
    form = await go_on(hass, await start(hass, loaded, "address"), {"address": "Nowhere"})
    assert form["errors"] == {"base": "address_service_unavailable"}
    assert len(nominatim.asked) == 1


@pytest.mark.parametrize(
    ("status", "answer", "error"),
    [
        (200, [], "address_not_found"),
        (200, {"error": "?"}, "address_service_unavailable"),
        (200, [{"lat": "north", "lon": "1"}], "address_service_unavailable"),
        (200, [{"lat": "91", "lon": "1"}], "address_service_unavailable"),
        (429, [], "address_service_unavailable"),
        (500, [], "address_service_unavailable"),
    ],
)
async def test_an_address_that_leads_nowhere_leads_to_the_map(
    hass: HomeAssistant, loaded: MockConfigEntry, nominatim: Nominatim, status: int, answer: Any, error: str
) -> None:
    nominatim.status, nominatim.answer = status, answer
    form = await go_on(hass, await start(hass, loaded, "address"), {"address": "Nowhere"})
    assert (form["step_id"], form["errors"]) == ("area", {"base": error})
    assert suggested(form)["location"]["latitude"] == hass.config.latitude
    done = await go_on(hass, form, GEOFENCE | {"vehicles": []})
    assert done["type"] is FlowResultType.CREATE_ENTRY


async def test_without_a_network_the_map_is_there(
    hass: HomeAssistant, loaded: MockConfigEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(geofences, "URL", "http://127.0.0.1:9/search")
    form = await go_on(hass, await start(hass, loaded, "address"), {"address": "Marienplatz"})
    assert form["errors"] == {"base": "address_service_unavailable"}


async def test_one_question_at_a_time(hass: HomeAssistant, nominatim: Nominatim) -> None:
    await asyncio.gather(*(geofences.async_find_address(hass, f"Street {number}") for number in range(4)))
    assert len(nominatim.asked) == 4
    assert nominatim.most == 1


async def test_who_is_stopped_while_it_waits_holds_nobody_up(
    hass: HomeAssistant, nominatim: Nominatim, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(geofences._turn, "_free_at", asyncio.get_running_loop().time() + 3600)
    waiting = asyncio.create_task(geofences.async_find_address(hass, "Street 1"))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    monkeypatch.setattr(geofences._turn, "_free_at", 0.0)
    assert await geofences.async_find_address(hass, "Street 2") == (48.137, 11.575)


async def test_what_was_found_is_remembered_but_not_without_end(
    hass: HomeAssistant, nominatim: Nominatim, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(geofences, "_MOST_FOUND", 2)
    for number in (1, 1, 2, 3, 3, 2, 1):
        await geofences.async_find_address(hass, str(number))
    assert [asked for asked, _ in nominatim.asked] == ["1", "2", "3", "1"]
    await asyncio.gather(*(geofences.async_find_address(hass, "4") for _ in range(3)))
    assert [asked for asked, _ in nominatim.asked][4:] == ["4"]
