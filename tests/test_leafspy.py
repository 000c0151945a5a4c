"""Leaf Spy in a real Home Assistant, through its real web server."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from http import HTTPStatus
import logging
from time import perf_counter
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.components.webhook import async_handle_webhook
from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import STATE_OFF, STATE_ON, STATE_UNKNOWN
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import device_registry as dr, entity_registry as er, issue_registry as ir
from homeassistant.setup import async_setup_component
from homeassistant.util.aiohttp import MockRequest
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.nissanconnect import async_remove_config_entry_device, webhook
from custom_components.nissanconnect.const import DOMAIN
from custom_components.nissanconnect.engine.entry_finder import Entries

from .book_actions.entries import at, trip, write_book
from .conftest import NOON, LetTimePass, set_up, settle, state, status
from .leafspy import (
    ADDRESS,
    BAD,
    GOOD,
    PASSWORD,
    WEBHOOK_ID,
    Client,
    call,
    link,
    phone,
    verdict,
)
from .simulator.leafspy_app import VIN
from .test_command_log import ask

LEVEL = "sensor.leaf_battery"


@pytest.fixture
async def client(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, hass_client_no_auth: ClientSessionGenerator
) -> Client:
    freezer.move_to(NOON)
    assert await async_setup_component(hass, "webhook", {})
    client: Client = await hass_client_no_auth()
    return client


@pytest.fixture
async def loaded(hass: HomeAssistant, client: Client) -> AsyncIterator[MockConfigEntry]:
    entry = link()
    await set_up(hass, entry)
    assert status(entry) is ConfigEntryState.LOADED
    yield entry
    if hass.config_entries.async_get_entry(entry.entry_id) is not None:
        await hass.config_entries.async_unload(entry.entry_id)


async def test_the_first_message_brings_a_device_with_its_values(
    hass: HomeAssistant, client: Client, loaded: MockConfigEntry
) -> None:
    assert hass.states.async_entity_ids("sensor") == []
    assert ir.async_get(hass).issues == {}, "that nobody has spoken yet is nothing to put right"
    app = phone()
    assert await verdict(await call(hass, client, app.parameters())) == GOOD
    assert float(state(hass, LEVEL).state) == pytest.approx(58.3, abs=0.1)
    for sensor, value in {
        "battery_health": 88,
        "battery_conductance_hx": 79.31,
        "battery_charge_ah": 101.59,
        "battery_capacity": 40,
        "battery_temperature": 14,
        "odometer": 61_204,
        "outside_temperature": 8,  # shown in whole degrees
    }.items():
        assert float(state(hass, f"sensor.leaf_{sensor}").state) == pytest.approx(value, abs=0.01), sensor
    assert state(hass, "binary_sensor.leaf_plugged_in").state == STATE_OFF
    assert state(hass, "binary_sensor.leaf_reachable").state == STATE_ON
    assert state(hass, "sensor.leaf_last_report_from_vehicle").state == NOON.isoformat()
    tracker = state(hass, "device_tracker.leaf_location")
    assert tracker.attributes["latitude"] == pytest.approx(app.vehicle.point.latitude, abs=1e-4)
    known = er.async_entries_for_config_entry(er.async_get(hass), loaded.entry_id)
    commanding = {"button", "climate", "lock", "switch"}
    assert not {entity.domain for entity in known} & commanding, "nothing can be commanded"
    assert not any(VIN.casefold() in entity.entity_id for entity in known)


async def test_a_source_without_a_history_has_the_book_answer(
    hass: HomeAssistant, client: Client, loaded: MockConfigEntry
) -> None:
    await call(hass, client, phone().parameters())
    (vehicle,) = loaded.runtime_data.vehicles.values()
    (device,) = dr.async_entries_for_config_entry(dr.async_get(hass), loaded.entry_id)
    assert await ask(hass, "get_trips", device.id, period="month") == []
    await write_book(vehicle, Entries([trip(at(19, 6))]))
    (month,) = await ask(hass, "get_trips", device.id, period="month")
    assert (month["start"], month["trips"], month["distance"]) == ("2026-11-01", 1, 20.0)


async def test_messages_by_post_say_the_same(hass: HomeAssistant, client: Client, loaded: MockConfigEntry) -> None:
    response = await client.post(ADDRESS, data=phone().parameters() | {"SOC": "71"})
    assert await verdict(response) == GOOD
    both = await client.post(ADDRESS, params={"SOC": "70"}, data=phone().parameters())
    assert await verdict(both) == GOOD
    await settle(hass)
    assert state(hass, LEVEL).state == "71.0"


@pytest.mark.parametrize(
    "body",
    [
        {"data": b"\xff\xfe\x00=%%%"},
        {"data": b"x" * 200_000},
        {"data": b"a=1", "headers": {"Content-Type": "application/x-www-form-urlencoded; charset=nonsense"}},
        {"data": b"--b\r\nbroken", "headers": {"Content-Type": "multipart/form-data; boundary=b"}},
        {"json": {"VIN": VIN}},
    ],
)
async def test_no_body_whatever_breaks_it(
    hass: HomeAssistant, client: Client, loaded: MockConfigEntry, body: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    response = await client.post(ADDRESS, params={"pass": PASSWORD}, **body)
    assert await verdict(response) == GOOD
    told = [record.getMessage() for record in caplog.records if record.levelno > logging.INFO]
    assert not any(WEBHOOK_ID in each for each in told), "Home Assistant names the address of what fails"


@pytest.mark.parametrize("size", [100_000, 3_000_000])
@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "multipart/form-data; boundary=b"])
async def test_a_body_is_bounded_whatever_its_headers_say(
    hass: HomeAssistant, client: Client, loaded: MockConfigEntry, size: int, kind: str
) -> None:
    """A body in chunks does not say how long it is."""
    said = f"pass={PASSWORD}&VIN={VIN}&SOC=50&x=".encode()
    if kind.startswith("multipart"):
        said = b"".join(
            f'--b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
            for name, value in (("pass", PASSWORD), ("VIN", VIN), ("SOC", "50"))
        )
        said += b'--b\r\nContent-Disposition: form-data; name="x"\r\n\r\n'
    sent = 0

    async def body() -> AsyncIterator[bytes]:
        nonlocal sent
        yield said
        while sent < size:
            sent += 10_000
            yield b"x" * 10_000

    response = await client.post(ADDRESS, data=body(), headers={"Content-Type": kind})
    assert await verdict(response) == BAD
    await settle(hass)
    assert hass.states.get(LEVEL) is None


async def test_who_is_not_let_in_is_not_listened_to(client: Client, loaded: MockConfigEntry) -> None:
    """The body would be read for ever: it has no end."""

    async def body() -> AsyncIterator[bytes]:
        yield b"VIN="
        await asyncio.Event().wait()

    async with asyncio.timeout(5):
        response = await client.post(ADDRESS, params={"pass": "wrong"}, data=body())
        assert await verdict(response) == BAD


async def test_a_device_that_is_deleted_comes_back_when_it_speaks(
    hass: HomeAssistant, client: Client, loaded: MockConfigEntry, device_registry: dr.DeviceRegistry
) -> None:
    await call(hass, client, phone().parameters())
    device = device_registry.async_get_device_by_identifier((DOMAIN, VIN), loaded.entry_id)
    assert device is not None
    assert await async_remove_config_entry_device(hass, loaded, device)
    await settle(hass)
    assert hass.states.get(LEVEL) is None
    await hass.config_entries.async_reload(loaded.entry_id)
    assert hass.states.get(LEVEL) is None
    await call(hass, client, phone().parameters())
    assert hass.states.get(LEVEL) is not None


async def test_a_cloud_relay_may_stand_between(hass: HomeAssistant, client: Client, loaded: MockConfigEntry) -> None:
    query = "&".join(f"{name}={value}" for name, value in phone().parameters().items())
    request = MockRequest(content=b"", mock_source="cloud", method="GET", query_string=query)
    answer = await async_handle_webhook(hass, WEBHOOK_ID, request)
    assert (answer.status, answer.text) == GOOD
    await settle(hass)
    assert hass.states.get(LEVEL) is not None


async def test_a_wrong_password_is_told_once_and_repaired_by_the_right_one(
    hass: HomeAssistant, client: Client, loaded: MockConfigEntry, caplog: pytest.LogCaptureFixture
) -> None:
    app = phone()
    app.password = "guess"
    for number in range(12):
        assert await verdict(await call(hass, client, app.parameters())) == BAD
        assert len(ir.async_get(hass).issues) == (number >= 9)
    assert caplog.text.count("wrong password") == 1
    # What the web server notes of each request, if somebody asks it to, is not ours.
    assert not any("guess" in each.getMessage() for each in caplog.records if each.name != "aiohttp.access")
    assert hass.states.get(LEVEL) is None
    app.password = PASSWORD
    assert await verdict(await call(hass, client, app.parameters())) == GOOD
    assert ir.async_get(hass).issues == {}


async def test_two_phones_of_which_one_is_wrong_do_not_fill_the_log(
    hass: HomeAssistant, client: Client, loaded: MockConfigEntry, caplog: pytest.LogCaptureFixture
) -> None:
    right, wrong = phone(), phone()
    wrong.password = "guess"
    for _ in range(5):
        assert await verdict(await call(hass, client, wrong.parameters())) == BAD
        assert await verdict(await call(hass, client, right.parameters())) == GOOD
    assert caplog.text.count("wrong password") == 1


async def test_without_a_password_the_address_is_enough(hass: HomeAssistant, client: Client) -> None:
    await set_up(hass, link(password=None))
    assert await verdict(await call(hass, client, phone().parameters())) == GOOD


async def test_days_of_silence_are_no_fault(
    hass: HomeAssistant, client: Client, loaded: MockConfigEntry, pass_time: LetTimePass
) -> None:
    await call(hass, client, phone().parameters() | {"SOC": "64"})
    await pass_time(timedelta(minutes=9))
    assert state(hass, "binary_sensor.leaf_reachable").state == STATE_ON
    await pass_time(timedelta(minutes=2))
    assert state(hass, "binary_sensor.leaf_reachable").state == STATE_OFF
    await pass_time(timedelta(days=9), step=timedelta(hours=3))
    assert state(hass, LEVEL).state == "64.0"
    assert state(hass, "sensor.leaf_last_report_from_vehicle").state == NOON.isoformat()
    assert ir.async_get(hass).issues == {}


async def test_other_methods_are_not_served(hass: HomeAssistant, client: Client, loaded: MockConfigEntry) -> None:
    assert (await client.put(ADDRESS, params=phone().parameters())).status == HTTPStatus.METHOD_NOT_ALLOWED
    assert (await client.head(ADDRESS)).status == HTTPStatus.OK
    assert hass.states.get(LEVEL) is None


async def test_a_flood_is_answered_and_written_down_now_and_then(
    hass: HomeAssistant, client: Client, loaded: MockConfigEntry, pass_time: LetTimePass
) -> None:
    app, changes = phone(), 0

    def count(event: object) -> None:
        nonlocal changes
        changes += 1

    await call(hass, client, app.parameters())
    remove = hass.bus.async_listen("state_changed", count)
    began = perf_counter()
    for start in range(0, 500, 50):
        answers = await asyncio.gather(
            *(
                client.get(ADDRESS, params=app.parameters() | {"SOC": f"{10 + number / 10}"})
                for number in range(start, start + 50)
            )
        )
        assert {await verdict(answer) for answer in answers} == {GOOD}
    elapsed = perf_counter() - began
    await settle(hass)
    assert changes == 0, "within fifteen seconds nothing more is written down"
    assert elapsed < 30
    await pass_time(timedelta(seconds=16), step=timedelta(seconds=16))
    assert state(hass, LEVEL).state == "59.9"
    assert 0 < changes < 20
    remove()


async def test_two_vehicles_share_a_link(hass: HomeAssistant, client: Client, loaded: MockConfigEntry) -> None:
    await call(hass, client, phone().parameters() | {"SOC": "64"})
    await call(hass, client, phone().parameters() | {"SOC": "23", "VIN": "VSKHAAME0U0000123"})
    assert state(hass, LEVEL).state == "64.0"
    assert state(hass, "sensor.e_nv200_battery").state == "23.0"


async def test_what_is_not_known_is_unknown(hass: HomeAssistant, client: Client, loaded: MockConfigEntry) -> None:
    await call(hass, client, {"pass": PASSWORD, "VIN": VIN, "SOC": "nan", "Lat": "0", "Long": "0", "PlugState": "2"})
    assert state(hass, LEVEL).state == STATE_UNKNOWN
    assert state(hass, "binary_sensor.leaf_plugged_in").state == STATE_ON
    assert hass.states.get("sensor.leaf_battery_health") is None
    assert hass.states.get("device_tracker.leaf_location") is None


async def test_without_a_recorder_a_log_has_nowhere_to_go(
    hass: HomeAssistant, client: Client, loaded: MockConfigEntry
) -> None:
    await call(hass, client, phone().parameters())
    device = dr.async_get(hass).async_get_device_by_identifier((DOMAIN, VIN), loaded.entry_id)
    assert device is not None
    with pytest.raises(ServiceValidationError) as error:
        await hass.services.async_call(
            DOMAIN, "import_leafspy_log", {"device_id": device.id, "path": "/media/Log.csv"}, blocking=True
        )
    assert error.value.translation_key == "no_recorder"


async def test_it_needs_a_web_server(
    hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def no(*_: object) -> bool:
        return False

    monkeypatch.setattr(webhook, "async_setup_component", no)
    entry = link()
    await set_up(hass, entry)
    assert status(entry) is ConfigEntryState.SETUP_ERROR
    assert entry.error_reason_translation_key == "no_webhook"
    assert entry.domain == DOMAIN
