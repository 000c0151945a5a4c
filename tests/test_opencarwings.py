"""OpenCARWINGS in Home Assistant: through the dialogs and the real client against a server on loopback."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta
import json
import re
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import ConfigEntryState, ConfigFlowResult
from homeassistant.const import CONF_API_KEY, CONF_CODE, CONF_PASSWORD, CONF_URL, CONF_USERNAME
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import device_registry as dr, issue_registry as ir
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_fire_time_changed

from custom_components.nissanconnect import account, commands, connection
from custom_components.nissanconnect.const import CONF_AUTH, CONF_SOURCE, DOMAIN

from .conftest import NOON, state, until
from .dialogs import open_form
from .simulator.opencarwings import LEAF_24, LEAF_40, Car, OpenCarwings
from .test_system_health import health

LEVEL = "sensor.old_leaf_battery"
CLIMATE = "climate.old_leaf_climate"


def pending(entry: MockConfigEntry) -> bool:
    """Whether anything was pushed that has not stayed long enough yet."""
    account = entry.runtime_data
    return any(account.connection.debouncer.pending(key).groups() for key in account.vehicles)


@pytest.fixture
def expected_lingering_timers() -> bool:
    """The client library leaves the timer of a socket's next ping behind when it has closed it."""
    return True


@dataclass(slots=True)
class Pauses:
    """The pauses between a lost connection and the next attempt; they end when the test says so."""

    taken: list[float] = field(default_factory=list)
    over: asyncio.Event = field(default_factory=asyncio.Event)

    async def __call__(self, seconds: float) -> None:
        self.taken.append(seconds)
        await self.over.wait()


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> Pauses:
    pauses = Pauses()
    monkeypatch.setattr(connection, "sleep", pauses)
    return pauses


@pytest.fixture
async def server(
    hass: HomeAssistant,
    socket_enabled: None,
    freezer: FrozenDateTimeFactory,
    monkeypatch: pytest.MonkeyPatch,
    pauses: Pauses,
) -> AsyncIterator[OpenCarwings]:
    """A server on the clock of the test; while a command is followed, waiting moves that clock."""
    freezer.move_to(NOON)
    server = OpenCarwings(dt_util.utcnow)

    async def sleep(seconds: float) -> None:
        freezer.tick(seconds)
        server.advance()
        await asyncio.sleep(0)

    monkeypatch.setattr(commands, "sleep", sleep)
    await server.start()
    yield server
    for entry in hass.config_entries.async_entries(DOMAIN):
        await hass.config_entries.async_remove(entry.entry_id)
    await server.stop()


@pytest.fixture
def car(server: OpenCarwings) -> Car:
    return server.add(LEAF_24)


@pytest.fixture
def entry(server: OpenCarwings) -> MockConfigEntry:
    """The account's key as an entry that has never been loaded."""
    return MockConfigEntry(
        domain=DOMAIN,
        title="OpenCARWINGS",
        data={CONF_SOURCE: "opencarwings", CONF_URL: server.url, CONF_API_KEY: server.account.key},
    )


def shows(hass: HomeAssistant, entity_id: str, value: str) -> bool:
    found = hass.states.get(entity_id)
    return found is not None and found.state == value


@pytest.fixture
async def loaded(hass: HomeAssistant, server: OpenCarwings, car: Car, entry: MockConfigEntry) -> MockConfigEntry:
    """The account, loaded and connected."""
    await set_up(hass, server, entry)
    return entry


async def set_up(hass: HomeAssistant, server: OpenCarwings, entry: MockConfigEntry) -> None:
    entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await until(hass, lambda: hass.states.get(LEVEL) and entry.runtime_data.backend._listener.connected)


async def submit(hass: HomeAssistant, form: ConfigFlowResult, **entered: str) -> ConfigFlowResult:
    return await hass.config_entries.flow.async_configure(form["flow_id"], entered)


async def test_with_a_key(hass: HomeAssistant, server: OpenCarwings, car: Car) -> None:
    form = await open_form(hass, "opencarwings")
    result = await submit(hass, form, url=f" {server.url} ", api_key=server.account.key)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    entry = result["result"]
    assert result["title"] == "OpenCARWINGS"
    assert re.fullmatch(r"opencarwings_[0-9a-f]{8}_1", entry.unique_id or "")
    await until(hass, lambda: server.sockets == 1)
    assert entry.state is ConfigEntryState.LOADED
    assert state(hass, LEVEL).state == "62.0"
    device = next(iter(dr.async_entries_for_config_entry(dr.async_get(hass), entry.entry_id)))
    assert (device.serial_number, device.model, device.name) == (LEAF_24, "LEAF", "Old LEAF")


async def test_with_a_password_and_a_second_factor(hass: HomeAssistant, server: OpenCarwings, car: Car) -> None:
    server.account.otp = "123456"
    form = await open_form(hass, "opencarwings")
    credentials = {CONF_USERNAME: "leafowner", CONF_PASSWORD: server.account.password}
    assert CONF_CODE not in {str(field) for field in form["data_schema"].schema}  # type: ignore[union-attr]
    form = await submit(hass, form, url=server.url, **credentials)
    assert form["errors"] == {"base": "two_factor_required"}
    assert CONF_CODE in {str(field) for field in form["data_schema"].schema}  # type: ignore[union-attr]
    form = await submit(hass, form, url=server.url, **credentials, code="000000")
    assert form["errors"] == {"base": "wrong_code"}
    result = await submit(hass, form, url=server.url, **credentials, code=" 123456 ")
    assert result["type"] is FlowResultType.CREATE_ENTRY
    data = result["result"].data
    assert not {CONF_PASSWORD, CONF_CODE, CONF_API_KEY} & data.keys()
    assert data[CONF_AUTH]["access"] in server.accounts.access
    await until(hass, lambda: shows(hass, LEVEL, "62.0"))
    assert server.requests["obtain"] == 3


@pytest.mark.parametrize(
    ("entered", "error"),
    [
        ({"url": "http://opencarwings.viaaq.eu", "api_key": "k"}, "invalid_address"),
        ({"url": "my server", "api_key": "k"}, "invalid_address"),
        ({"api_key": "0" * 40}, "authentication_failed_other"),
        ({"username": "leafowner", "password": "wrong"}, "authentication_failed_other"),
        ({"username": "leafowner"}, "credentials_missing"),
        ({"url": "http://127.0.0.1:1", "api_key": "k"}, "no_connection"),
    ],
)
async def test_wrong_entries_show_an_error_and_can_be_corrected(
    hass: HomeAssistant, server: OpenCarwings, car: Car, entered: dict[str, str], error: str
) -> None:
    form = await submit(hass, await open_form(hass, "opencarwings"), **{"url": server.url, **entered})
    assert form["type"] is FlowResultType.FORM
    assert form["errors"] == {"base": error}
    result = await submit(hass, form, url=server.url, api_key=server.account.key)
    assert result["type"] is FlowResultType.CREATE_ENTRY


async def later(hass: HomeAssistant, server: OpenCarwings, freezer: FrozenDateTimeFactory, **delta: float) -> None:
    """Let time pass at once, with all that is due then."""
    freezer.tick(timedelta(**delta))
    server.advance()
    async_fire_time_changed(hass)
    await hass.async_block_till_done()


async def test_a_push_is_shown_at_once(
    hass: HomeAssistant, server: OpenCarwings, car: Car, loaded: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    plug = "binary_sensor.old_leaf_plugged_in"
    assert state(hass, plug).state == "off"
    server.requests.clear()
    freezer.tick(60)
    car.vehicle.plug_in()
    server.advance()
    await until(hass, lambda: pending(loaded))
    await later(hass, server, freezer, seconds=5)
    assert shows(hass, plug, "on")
    assert server.requests.total() == 0
    assert server.frames_heard == 0


async def test_the_number_of_pushed_vehicles_is_bounded(
    hass: HomeAssistant, server: OpenCarwings, car: Car, loaded: MockConfigEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken = len(loaded.runtime_data.vehicles)
    monkeypatch.setattr(account, "MOST_VEHICLES", taken + 1)
    for number in range(4):
        server.say(json.dumps({"type": "car", "data": car.detail() | {"vin": f"SJNFAAZE0U00{number:05}"}}))
    server.dispatch.alert(car, 20, dt_util.utcnow())
    await until(hass, lambda: state(hass, "event.old_leaf_alert").attributes.get("event_type") == "alarm")
    assert len(loaded.runtime_data.vehicles) == taken + 1


async def test_a_new_connection_catches_up(
    hass: HomeAssistant,
    server: OpenCarwings,
    car: Car,
    loaded: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
    pauses: Pauses,
) -> None:
    await server.drop_sockets()
    await until(hass, lambda: pauses.taken)
    freezer.tick(60)
    car.vehicle.plug_in()
    server.advance()
    assert state(hass, "binary_sensor.old_leaf_plugged_in").state == "off"
    pauses.over.set()
    await until(hass, lambda: pending(loaded))
    await later(hass, server, freezer, seconds=5)
    assert shows(hass, "binary_sensor.old_leaf_plugged_in", "on")
    assert server.sockets == 1
    assert pauses.taken == [5.0]


async def test_a_vehicle_that_never_connected_is_no_issue(
    hass: HomeAssistant, server: OpenCarwings, car: Car, entry: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    car.connected, car.last_connection = False, None
    entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await until(hass, lambda: shows(hass, LEVEL, "unknown") and server.sockets == 1)
    before = server.requests["detail"]
    await later(hass, server, freezer, hours=1)
    await until(hass, lambda: server.requests["detail"] > before)
    vehicle = entry.runtime_data.vehicles[LEAF_24]
    await until(hass, lambda: vehicle.coordinator.data.last_read == dt_util.utcnow())
    assert not ir.async_get(hass).issues


async def test_system_health_shows_whether_it_can_be_reached(
    hass: HomeAssistant, server: OpenCarwings, loaded: MockConfigEntry
) -> None:
    found = await health(hass)
    assert found["can_reach_opencarwings"] == "ok"
    await server.stop()
    assert (await health(hass))["can_reach_opencarwings"] == {"type": "failed", "error": "unreachable"}


async def act(hass: HomeAssistant, domain: str, action: str, entity_id: str, **data: Any) -> None:
    await hass.services.async_call(domain, action, {"entity_id": entity_id, **data}, blocking=True)


async def test_climate_is_switched_on_and_off(
    hass: HomeAssistant, server: OpenCarwings, car: Car, loaded: MockConfigEntry
) -> None:
    assert "temperature" not in state(hass, CLIMATE).attributes
    await act(hass, "climate", "turn_on", CLIMATE)
    assert state(hass, CLIMATE).state == "heat_cool"
    assert state(hass, "event.old_leaf_command").attributes["event_type"] == "confirmed"
    assert state(hass, "sensor.old_leaf_wakes_today").state == "1"
    assert server.dispatch.sms == car.vehicle.telematics.wakes == 1
    await act(hass, "climate", "turn_off", CLIMATE)
    assert state(hass, CLIMATE).state == "off"
    assert server.dispatch.sms == 2


async def test_a_failure_alert_rejects_the_climate_start(
    hass: HomeAssistant, server: OpenCarwings, entry: MockConfigEntry
) -> None:
    """The level that the server knows is old, so nothing is refused before sending; and its result is "success"."""
    car = server.add(LEAF_24, level=30)
    await set_up(hass, server, entry)
    car.vehicle.powertrain.battery.energy *= 0.1  # type: ignore[union-attr]
    with pytest.raises(HomeAssistantError) as error:
        await act(hass, "climate", "turn_on", CLIMATE)
    assert car.command_result == 0
    assert error.value.translation_key == "rejected_by_vehicle"
    assert error.value.translation_placeholders == {"code": "97"}
    attributes = state(hass, "event.old_leaf_command").attributes
    assert (attributes["event_type"], attributes["code"]) == ("rejected", "97")
    assert state(hass, CLIMATE).state == "off"


async def test_the_lock_has_an_assumed_state(hass: HomeAssistant, server: OpenCarwings, entry: MockConfigEntry) -> None:
    server.september = True
    server.account.pin = "2468"
    server.add(LEAF_40, "ficosa2016", capacity=40)
    await set_up(hass, server, entry)
    lock = "lock.old_leaf_lock"
    assert state(hass, lock).state == "unknown"
    with pytest.raises(ServiceValidationError):
        await act(hass, "lock", "unlock", lock)
    with pytest.raises(HomeAssistantError) as error:
        await act(hass, "lock", "unlock", lock, code="1357")
    assert error.value.translation_key == "wrong_pin"
    assert server.dispatch.sms == 0
    for action, after in (("unlock", "unlocked"), ("lock", "locked")):
        await act(hass, "lock", action, lock, code="2468")
        assert state(hass, lock).state == after
        assert state(hass, lock).attributes["assumed_state"] is True


async def test_a_destination_is_sent(
    hass: HomeAssistant, server: OpenCarwings, car: Car, loaded: MockConfigEntry
) -> None:
    (device,) = dr.async_entries_for_config_entry(dr.async_get(hass), loaded.entry_id)
    where = {"latitude": 52.3791, "longitude": 4.9003, "name": "Central station"}
    await hass.services.async_call(DOMAIN, "send_destination", {"device_id": device.id, **where}, blocking=True)
    (place,) = car.places
    assert (place["lat"], place["lon"], place["name"]) == ("52.3791000", "4.9003000", "Central station")
    assert server.dispatch.sms == 0
    assert state(hass, "sensor.old_leaf_wakes_today").state == "0"


async def test_a_planned_start(hass: HomeAssistant, server: OpenCarwings, car: Car, loaded: MockConfigEntry) -> None:
    (device,) = dr.async_entries_for_config_entry(dr.async_get(hass), loaded.entry_id)
    at = dt_util.utcnow() + timedelta(hours=19)
    await hass.services.async_call(DOMAIN, "start_climate", {"device_id": device.id, "at": at}, blocking=True)
    assert state(hass, "sensor.old_leaf_next_climate_start").state == at.isoformat()
    await hass.services.async_call(DOMAIN, "cancel_scheduled_climate", {"device_id": device.id}, blocking=True)
    assert state(hass, "sensor.old_leaf_next_climate_start").state == "unknown"
    assert server.dispatch.sms == 0
    with pytest.raises(ServiceValidationError) as error:
        await hass.services.async_call(
            DOMAIN, "start_climate", {"device_id": device.id, "temperature": 21}, blocking=True
        )
    assert error.value.translation_key == "temperature_not_supported"


async def test_an_issue_names_the_source(
    hass: HomeAssistant, server: OpenCarwings, car: Car, loaded: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    server.fail("*", 403, text="<html>no</html>")
    form = await submit(hass, await open_form(hass, "opencarwings"), url=server.url, api_key=server.account.key)
    assert form["errors"] == {"base": "access_blocked"}
    await later(hass, server, freezer, hours=1)
    await until(hass, lambda: ir.async_get(hass).issues)
    (issue,) = ir.async_get(hass).issues.values()
    assert issue.translation_key == "access_blocked"
    for placeholders in (form["description_placeholders"], issue.translation_placeholders):
        assert placeholders is not None
        assert {placeholders["service"], placeholders["app"]} == {"OpenCARWINGS"}
