"""Adding an account of MyNISSAN in North America, and staying logged in."""

from homeassistant.config_entries import ConfigEntry, ConfigEntryState
from homeassistant.const import CONF_COUNTRY, CONF_PASSWORD, CONF_USERNAME
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers.json import json_dumps
import pytest

from custom_components.nissanconnect.const import CONF_AUTH, CONF_SOURCE, CONF_UNLOCK_WITHOUT_PIN
from custom_components.nissanconnect.vehicle import AuthenticationFailed

from ..conftest import status
from ..dialogs import open_form, reconfigure, submit
from ..simulator.mynissan import EMAIL, PASSWORD, MyNissan
from .conftest import ENTERED

# Adding an account


@pytest.mark.parametrize("country", ["us", "ca", "mx"])
async def test_an_account_is_added(hass: HomeAssistant, service: MyNissan, country: str) -> None:
    form = await open_form(hass, "north_america")
    assert (form["type"], form["step_id"], form["errors"]) == (FlowResultType.FORM, "north_america", {})
    result = await submit(hass, form, ENTERED | {CONF_COUNTRY: country})

    assert result["type"] is FlowResultType.CREATE_ENTRY
    entry = result["result"]
    assert entry.state is ConfigEntryState.LOADED
    assert entry.data.keys() == {CONF_SOURCE, CONF_USERNAME, CONF_COUNTRY, CONF_UNLOCK_WITHOUT_PIN, CONF_AUTH}
    assert PASSWORD not in json_dumps(dict(entry.data))
    assert EMAIL not in entry.title + (entry.unique_id or "")
    assert service.passwords == 1, "the entry uses the log-in of the dialog"


@pytest.mark.parametrize("changed", [{CONF_USERNAME: f" {EMAIL.upper()} "}, {CONF_COUNTRY: "ca"}])
async def test_an_account_is_added_once(hass: HomeAssistant, loaded: ConfigEntry, changed: dict[str, str]) -> None:
    again = await submit(hass, await open_form(hass, "north_america"), ENTERED | changed)
    assert (again["type"], again["reason"]) == (FlowResultType.ABORT, "already_configured")


# Staying in


async def test_an_account_is_reconfigured(hass: HomeAssistant, service: MyNissan, loaded: ConfigEntry) -> None:
    form = await reconfigure(hass, loaded)
    assert form["step_id"] == "north_america"
    result = await submit(hass, form, ENTERED | {CONF_COUNTRY: "mx"})
    assert result["reason"] == "reconfigure_successful"
    assert loaded.data[CONF_COUNTRY] == "mx"
    assert CONF_PASSWORD not in loaded.data
    assert len(set(service.devices)) == 1
    assert status(loaded) is ConfigEntryState.LOADED


async def test_what_is_still_under_way_does_not_undo_a_new_log_in(
    hass: HomeAssistant, service: MyNissan, loaded: ConfigEntry
) -> None:
    """An action that somebody waits for goes on after its account was loaded again, with the tokens of before."""
    before = loaded.runtime_data.backend
    service.end_sessions(for_good=True)
    service.password = "a new one"
    await submit(hass, await reconfigure(hass, loaded), ENTERED | {CONF_PASSWORD: "a new one"})
    kept = loaded.data[CONF_AUTH]
    with pytest.raises(AuthenticationFailed):
        await before.list_vehicles()
    assert loaded.data[CONF_AUTH] == kept
    await hass.config_entries.async_reload(loaded.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert status(loaded) is ConfigEntryState.LOADED
    assert not hass.config_entries.flow.async_progress()


async def test_what_is_still_under_way_does_not_undo_a_renewal(
    hass: HomeAssistant, service: MyNissan, loaded: ConfigEntry
) -> None:
    before = loaded.runtime_data.backend
    await hass.config_entries.async_reload(loaded.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    old = loaded.data[CONF_AUTH]
    service.end_sessions()
    await loaded.runtime_data.backend.list_vehicles()
    kept = loaded.data[CONF_AUTH]
    assert kept != old
    with pytest.raises(AuthenticationFailed):
        await before.list_vehicles()
    assert loaded.data[CONF_AUTH] == kept


async def test_tokens_that_come_after_unloading_are_kept(
    hass: HomeAssistant, service: MyNissan, loaded: ConfigEntry
) -> None:
    before, old = loaded.runtime_data.backend, loaded.data[CONF_AUTH]
    await hass.config_entries.async_unload(loaded.entry_id)
    service.end_sessions()
    await before.list_vehicles()
    assert loaded.data[CONF_AUTH] != old
    await hass.config_entries.async_setup(loaded.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert not hass.config_entries.flow.async_progress()
