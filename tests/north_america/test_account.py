"""Adding an account of MyNISSAN in North America, staying in, and leaving no trace."""

from collections.abc import Iterator
from datetime import timedelta
import logging
import re

from homeassistant.components.diagnostics import REDACTED
from homeassistant.config_entries import ConfigEntry, ConfigEntryState
from homeassistant.const import CONF_COUNTRY, CONF_PASSWORD, CONF_USERNAME, STATE_UNAVAILABLE, STATE_UNKNOWN
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.json import json_dumps
import pytest

from custom_components.nissanconnect.const import CONF_AUTH, CONF_SOURCE, CONF_UNLOCK_WITHOUT_PIN, DOMAIN
from custom_components.nissanconnect.diagnostics import async_get_config_entry_diagnostics
from custom_components.nissanconnect.vehicle import (
    AuthenticationFailed,
    Group,
)

from ..conftest import LetTimePass, logged, state, status
from ..dialogs import open_form, reconfigure, submit
from ..simulator import Fault
from ..simulator.mynissan import EMAIL, PASSWORD, MyNissan
from ..simulator.mynissan.faults import partial
from ..test_commands import act
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


@pytest.mark.parametrize(
    ("name", "fault", "error"),
    [
        ("token", Fault.http(503), "unavailable"),
        ("token", Fault.rate_limited(60), "rate_limited"),
        ("VehiclesStaticData", Fault.http(403), "access_blocked"),
        ("VehiclesStaticData", Fault.html(200), "unavailable"),
        ("VehiclesStaticData", Fault.values(vehicles=[]), "no_vehicles"),
        ("VehiclesStaticData", Fault.values(vehicles=5), "protocol_error"),
    ],
)
async def test_what_goes_wrong_is_told_and_can_be_tried_again(
    hass: HomeAssistant, service: MyNissan, name: str, fault: Fault, error: str
) -> None:
    service.fail(name, fault)
    form = await submit(hass, await open_form(hass, "north_america"), ENTERED)
    assert form["errors"] == {"base": error}
    service.heal()
    assert (await submit(hass, form, ENTERED))["type"] is FlowResultType.CREATE_ENTRY


async def test_a_wrong_password_is_sent_once(hass: HomeAssistant, service: MyNissan) -> None:
    form = await open_form(hass, "north_america")
    for _ in range(2):
        form = await submit(hass, form, ENTERED | {CONF_PASSWORD: "wrong"})
        assert form["errors"] == {"base": "authentication_failed"}
    assert service.passwords == 1
    assert (await submit(hass, form, ENTERED))["type"] is FlowResultType.CREATE_ENTRY


async def test_an_account_is_added_once(hass: HomeAssistant, loaded: ConfigEntry) -> None:
    again = await submit(hass, await open_form(hass, "north_america"), ENTERED | {CONF_USERNAME: f" {EMAIL.upper()} "})
    assert (again["type"], again["reason"]) == (FlowResultType.ABORT, "already_configured")


# Staying in


async def test_the_owner_is_asked_for_the_password_when_the_log_in_has_ended(
    hass: HomeAssistant, service: MyNissan, loaded: ConfigEntry, pass_time: LetTimePass
) -> None:
    (first,) = service.devices
    service.end_sessions(for_good=True)
    service.password = "a new one"
    await pass_time(timedelta(minutes=40))
    (flow,) = hass.config_entries.flow.async_progress()
    assert flow["step_id"] == "reauth_other"
    renewals = service.requests["token"]
    await pass_time(timedelta(hours=3), timedelta(minutes=10))
    assert service.requests["token"] == renewals, "what was refused is not sent again"
    assert state(hass, "sensor.ariya_battery").state not in {STATE_UNKNOWN, ""}

    form = await submit(hass, flow, {CONF_PASSWORD: PASSWORD})
    assert form["errors"] == {"base": "authentication_failed"}
    result = await submit(hass, form, {CONF_PASSWORD: "a new one"})
    assert result["reason"] == "reauth_successful"
    assert "a new one" not in json_dumps(dict(loaded.data))
    assert set(service.devices) == {first}, "we are still the same device"
    await pass_time(timedelta(minutes=10))
    assert state(hass, "sensor.ariya_battery").state != STATE_UNAVAILABLE


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


async def test_a_restart_needs_no_password(
    hass: HomeAssistant, service: MyNissan, loaded: ConfigEntry, pass_time: LetTimePass
) -> None:
    await pass_time(timedelta(hours=2), timedelta(minutes=10))  # tokens have been renewed meanwhile
    asked = service.requests.copy()
    await hass.config_entries.async_reload(loaded.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert status(loaded) is ConfigEntryState.LOADED
    assert service.passwords == 1
    assert service.requests["VehicleCapabilities"] == asked["VehicleCapabilities"]
    assert service.requests["VehicleDynamicData"] == asked["VehicleDynamicData"] + 3
    assert state(hass, "lock.ariya_lock").state == "locked"


async def test_after_a_restart_everything_is_there_while_the_service_is_down(
    hass: HomeAssistant, service: MyNissan, loaded: ConfigEntry
) -> None:
    before = {each.entity_id: each.state for each in hass.states.async_all() if "ariya" in each.entity_id}
    service.fail("*", Fault.http(503))
    await hass.config_entries.async_reload(loaded.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    after = {each.entity_id: each.state for each in hass.states.async_all() if "ariya" in each.entity_id}
    assert after.keys() == before.keys()
    kept = {name for name in before if name.startswith(("sensor.", "lock.", "climate.", "update."))}
    kept -= {name for name in kept if "today" in name}
    assert {name: after[name] for name in kept} == {name: before[name] for name in kept}


async def test_a_service_that_is_down_for_hours_takes_nothing_away(
    hass: HomeAssistant, service: MyNissan, loaded: ConfigEntry, pass_time: LetTimePass
) -> None:
    level = state(hass, "sensor.leaf_battery").state
    service.fail("*", Fault.http(502))
    await pass_time(timedelta(hours=1), timedelta(minutes=5))
    assert state(hass, "sensor.leaf_battery").state == level
    issues = {issue.translation_key for issue in ir.async_get(hass).issues.values() if issue.domain == DOMAIN}
    assert issues == {"service_outage"}
    assert not hass.config_entries.flow.async_progress(), "nobody is asked for a password"

    service.heal()
    await pass_time(timedelta(hours=2), timedelta(minutes=10))
    assert not [issue for issue in ir.async_get(hass).issues.values() if issue.domain == DOMAIN]


async def test_one_part_down(
    hass: HomeAssistant, service: MyNissan, loaded: ConfigEntry, pass_time: LetTimePass
) -> None:
    tracker = state(hass, "device_tracker.ariya_location").attributes["latitude"]
    level = state(hass, "sensor.ariya_battery").state
    service.fail("VehicleLocation", Fault.http(500))
    service.fail("VehicleDynamicData", partial("batteryStatus"))
    await pass_time(timedelta(hours=1), timedelta(minutes=5))
    assert state(hass, "device_tracker.ariya_location").attributes["latitude"] == tracker
    assert state(hass, "sensor.ariya_battery").state == level
    assert state(hass, "lock.ariya_lock").state == "locked"
    service.vehicle("Ariya").body.locked = False
    service.vehicle("Ariya").report([Group.BODY])
    await pass_time(timedelta(hours=1), timedelta(minutes=5))
    assert state(hass, "lock.ariya_lock").state == "unlocked", "the rest is still read"


async def test_being_refused_is_a_repair(
    hass: HomeAssistant, service: MyNissan, loaded: ConfigEntry, pass_time: LetTimePass
) -> None:
    """Nissan may let in nobody but its app one day (mynissan-na §2.1)."""
    service.fail("*", Fault.http(403))
    await pass_time(timedelta(minutes=40), timedelta(minutes=5))
    issues = {issue.translation_key for issue in ir.async_get(hass).issues.values() if issue.domain == DOMAIN}
    assert issues == {"access_blocked"}


async def test_two_countries_of_one_account_are_one_account(hass: HomeAssistant, loaded: ConfigEntry) -> None:
    again = await submit(hass, await open_form(hass, "north_america"), ENTERED | {CONF_COUNTRY: "ca"})
    assert again["reason"] == "already_configured"


# Privacy


def secrets(service: MyNissan, *entries: ConfigEntry) -> Iterator[str]:
    """Everything that must not be seen."""
    yield from (EMAIL, EMAIL.split("@")[0] + "%40", PASSWORD)
    yield from service.access
    yield from service.refresh
    yield from service.devices
    for entry in entries:
        yield from (value for value in entry.data[CONF_AUTH].values() if value is not None)
    for vin, car in service.cars.items():
        yield from (vin, vin.lower())
        for place in (car.vehicle.home, car.vehicle.point):
            yield from (f"{place.latitude:.3f}", f"{place.longitude:.3f}")


async def test_nothing_personal_is_logged_or_downloaded(
    hass: HomeAssistant,
    service: MyNissan,
    loaded: ConfigEntry,
    pass_time: LetTimePass,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    at_first = [*secrets(service, loaded)]
    vin = service.car("Ariya").vin
    faults = (
        Fault.http(500),
        Fault.html(502),
        Fault.malformed(),
        Fault.redirect(f"http://127.0.0.1:1/{EMAIL}"),
        Fault.rate_limited(300),
        Fault.values(message=f"{EMAIL} {vin}", level="half", ajar="HALF", lock=vin, type=vin, unit=EMAIL),
        Fault(rewrite=lambda body: {"errors": [{"message": f"{EMAIL} {vin}", "path": [vin, vin]}], "data": body}),
        partial("doorsStatus", vin),
        Fault.http(401),
    )
    told: list[str] = []
    for fault in faults:
        service.fail("*", fault, times=8)
        try:
            await act(hass, "lock", "unlock", "lock.ariya_lock")
        except HomeAssistantError as error:
            told.append(str(error))
        await pass_time(timedelta(hours=2), timedelta(minutes=10))
    service.heal()
    await hass.config_entries.async_reload(loaded.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)

    diagnostics = await async_get_config_entry_diagnostics(hass, loaded)
    assert diagnostics["data"][CONF_AUTH] == REDACTED
    assert diagnostics["backend"] == "mynissan"
    ours = logged(caplog, "custom_components.nissanconnect", "pynissan", "homeassistant.helpers.update")
    assert ours
    texts = {"log": "\n".join(ours), "diagnostics": json_dumps(diagnostics), "errors": "\n".join(told)}
    for secret in {*at_first, *secrets(service, loaded)}:
        for name, text in texts.items():
            assert not re.search(re.escape(secret), text), f"{name}: {secret[:4]}…"
