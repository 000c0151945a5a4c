"""Setting up a link for Leaf Spy, while the app is already calling."""

import asyncio
from datetime import timedelta
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import ConfigEntryState, ConfigFlowResult
from homeassistant.core import HomeAssistant
from homeassistant.core_config import async_process_ha_core_config
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import issue_registry as ir
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.nissanconnect import webhook
from custom_components.nissanconnect.const import DOMAIN

from .conftest import NOON, LetTimePass, set_up, settle, state
from .dialogs import open_form, submit, suggested
from .leafspy import BAD, GOOD, PASSWORD, WEBHOOK_ID, Client, call, link, phone, verdict

UNITS = {"odometer_unit": "kilometres", "outside_unit": "automatic"}


@pytest.fixture
async def client(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, hass_client_no_auth: ClientSessionGenerator
) -> Client:
    freezer.move_to(NOON)
    await async_process_ha_core_config(
        hass, {"external_url": "https://home.example.org", "internal_url": "http://192.168.1.2:8123"}
    )
    assert await async_setup_component(hass, "webhook", {})
    client: Client = await hass_client_no_auth()
    return client


async def begin(hass: HomeAssistant, **entered: str) -> ConfigFlowResult:
    """Up to the address."""
    return await submit(hass, await open_form(hass, "leafspy"), UNITS | entered)


def told(flow: ConfigFlowResult) -> dict[str, str]:
    return dict(flow["description_placeholders"] or {})


def address(flow: ConfigFlowResult) -> str:
    """The path that is to be typed in."""
    return "/api/webhook/" + told(flow)["addresses"].splitlines()[0].rpartition("/")[2].strip("`")


def entries(hass: HomeAssistant) -> list[Any]:
    return hass.config_entries.async_entries(DOMAIN)


async def test_from_the_password_to_the_first_values(hass: HomeAssistant, client: Client) -> None:
    shown = await begin(hass, password=PASSWORD)
    assert (shown["type"], shown["step_id"]) == (FlowResultType.FORM, "leafspy_address")
    path = address(shown)
    assert told(shown) == {
        "addresses": f"- **https** `home.example.org{path}`\n- **http** `192.168.1.2:8123{path}`",
        "password": PASSWORD,
        "minutes": "5",
    }
    waiting = await submit(hass, shown, {})
    assert (waiting["type"], waiting["progress_action"]) == (FlowResultType.SHOW_PROGRESS, "leafspy_wait")

    app = phone()
    app.password = "wrong"
    assert await verdict(await call(hass, client, app.parameters(), path)) == BAD
    assert entries(hass) == []
    app.password = PASSWORD
    assert await verdict(await call(hass, client, app.parameters() | {"SOC": "61"}, path)) == GOOD
    assert entries(hass) == []
    heard = await submit(hass, waiting)
    assert (heard["type"], heard["step_id"]) == (FlowResultType.FORM, "leafspy_heard")
    assert (await submit(hass, heard, {}))["type"] is FlowResultType.CREATE_ENTRY
    (entry,) = entries(hass)
    assert entry.state is ConfigEntryState.LOADED
    assert entry.title == "Leaf Spy"
    assert entry.data == {"source": "leafspy", "webhook_id": path.rpartition("/")[2], "password": PASSWORD, **UNITS}
    assert len(entry.data["webhook_id"]) == 32
    assert entry.data["webhook_id"] not in entry.unique_id
    assert state(hass, "sensor.leaf_battery").state == "61.0", "the message that was waited for is the first"
    assert hass.config_entries.flow.async_progress() == []
    assert await verdict(await call(hass, client, app.parameters(), path)) == GOOD
    await hass.config_entries.async_unload(entry.entry_id)


async def test_a_message_may_come_before_anybody_waits_for_it(hass: HomeAssistant, client: Client) -> None:
    shown = await begin(hass)
    assert told(shown)["password"] == "leave it empty"
    assert await verdict(await call(hass, client, phone().parameters(), address(shown))) == GOOD
    waiting = await submit(hass, shown, {})
    # The dialog may be asked at the very moment at which the wait ends.
    await asyncio.gather(submit(hass, waiting), submit(hass, waiting))
    assert entries(hass) == []
    await submit(hass, waiting, {})
    (entry,) = entries(hass)
    assert "password" not in entry.data
    assert hass.states.get("sensor.leaf_battery") is not None
    await hass.config_entries.async_unload(entry.entry_id)


async def test_who_hears_nothing_may_wait_again_look_again_or_finish(
    hass: HomeAssistant, client: Client, pass_time: LetTimePass
) -> None:
    shown = await begin(hass)
    path = address(shown)
    waiting = await submit(hass, shown, {})
    await pass_time(timedelta(minutes=4))
    assert (await submit(hass, waiting))["type"] is FlowResultType.SHOW_PROGRESS
    await pass_time(timedelta(minutes=1))
    menu = await submit(hass, waiting)
    assert (menu["type"], menu["step_id"]) == (FlowResultType.MENU, "leafspy_silent")
    assert menu["menu_options"] == ["leafspy_wait", "leafspy_address", "leafspy", "leafspy_finish"]

    waiting = await submit(hass, menu, {"next_step_id": "leafspy_wait"})
    assert waiting["type"] is FlowResultType.SHOW_PROGRESS
    await pass_time(timedelta(minutes=5))
    menu = await submit(hass, waiting)
    again = await submit(hass, menu, {"next_step_id": "leafspy_address"})
    assert (again["step_id"], address(again)) == ("leafspy_address", path)
    waiting = await submit(hass, again, {})
    await pass_time(timedelta(minutes=5))
    await submit(hass, await submit(hass, waiting), {"next_step_id": "leafspy_finish"})
    (entry,) = entries(hass)
    assert entry.state is ConfigEntryState.LOADED
    assert not [domain for domain, _ in ir.async_get(hass).issues if domain == DOMAIN]
    assert hass.states.get("sensor.leaf_battery") is None
    assert await verdict(await call(hass, client, phone().parameters(), path)) == GOOD
    assert hass.states.get("sensor.leaf_battery") is not None
    await hass.config_entries.async_unload(entry.entry_id)


async def test_a_wrong_password_is_told_from_silence_and_can_be_put_right_while_waiting(
    hass: HomeAssistant, client: Client, pass_time: LetTimePass
) -> None:
    shown = await begin(hass, password=PASSWORD)
    path = address(shown)
    await submit(hass, shown, {})
    app = phone()
    app.password = "wrong"
    assert await verdict(await call(hass, client, app.parameters(), path)) == BAD
    await pass_time(timedelta(minutes=5))
    menu = await submit(hass, shown)
    assert menu["step_id"] == "leafspy_refused"
    assert menu["menu_options"] == ["leafspy_wait", "leafspy_address", "leafspy", "leafspy_finish"]
    waiting = await submit(hass, menu, {"next_step_id": "leafspy_wait"})
    app.password = PASSWORD
    assert await verdict(await call(hass, client, app.parameters(), path)) == GOOD
    await submit(hass, await submit(hass, waiting), {})
    (entry,) = entries(hass)
    await hass.config_entries.async_unload(entry.entry_id)


async def test_a_dialog_that_is_closed_leaves_nothing_behind(hass: HomeAssistant, client: Client) -> None:
    shown = await begin(hass)
    path = address(shown)
    await submit(hass, shown, {})
    hass.config_entries.flow.async_abort(shown["flow_id"])
    await settle(hass)
    assert await verdict(await call(hass, client, phone().parameters(), path)) == (200, "")
    assert entries(hass) == []


@pytest.mark.parametrize("password", ["with blank", "ä", "a&b", "a/b", "x" * 65])
async def test_a_password_that_the_app_cannot_send(hass: HomeAssistant, client: Client, password: str) -> None:
    form = await begin(hass, password=password)
    assert (form["step_id"], form["errors"]) == ("leafspy", {"password": "invalid_leafspy_password"})
    assert (await submit(hass, form, UNITS | {"password": "fine"}))["step_id"] == "leafspy_address"


async def test_two_links_have_two_addresses(hass: HomeAssistant, client: Client) -> None:
    one, other = await begin(hass), await begin(hass)
    assert address(one) != address(other)


async def test_the_password_can_be_changed_while_nothing_is_right_yet(
    hass: HomeAssistant, client: Client, pass_time: LetTimePass
) -> None:
    """Who types another one into the app than into the dialog need not begin again."""
    shown = await begin(hass, password="first")
    path = address(shown)
    waiting = await submit(hass, shown, {})
    app = phone()
    app.password = "second"
    assert await verdict(await call(hass, client, app.parameters(), path)) == BAD
    await pass_time(timedelta(minutes=5))
    menu = await submit(hass, waiting)
    assert menu["step_id"] == "leafspy_refused"

    form = await submit(hass, menu, {"next_step_id": "leafspy"})
    assert suggested(form).items() >= (UNITS | {"password": "first"}).items()
    shown = await submit(hass, form, UNITS | {"password": "second"})
    assert (address(shown), told(shown)["password"]) == (path, "second")
    assert await verdict(await call(hass, client, app.parameters(), path)) == GOOD
    await submit(hass, await submit(hass, await submit(hass, shown, {})), {})
    (entry,) = entries(hass)
    assert entry.data["password"] == "second"


@pytest.mark.parametrize(
    "own",
    [
        "http://127.0.0.1:8123",
        "http://127.8.8.8",
        "http://localhost:8123",
        "http://home.localhost:8123",
        "http://[::1]:8123",
        "http://0.0.0.0:8123",
    ],
)
async def test_an_address_that_means_the_phone_itself_is_not_offered(
    hass: HomeAssistant, client: Client, own: str
) -> None:
    await async_process_ha_core_config(hass, {"external_url": "https://home.example.org", "internal_url": own})
    (line,) = told(await begin(hass))["addresses"].splitlines()
    assert line.startswith("- **https** `home.example.org/api/webhook/")

    hass.config.external_url = None
    assert told(await begin(hass))["addresses"].startswith("- `…/api/webhook/")


async def test_without_any_known_address_the_path_is_told(hass: HomeAssistant, client: Client) -> None:
    hass.config.external_url = hass.config.internal_url = None
    hass.config.api = None
    shown = await begin(hass)
    assert told(shown)["addresses"].startswith("- `…/api/webhook/")
    assert "does not know its own address" in told(shown)["addresses"]


async def test_without_a_web_server_there_is_no_link(hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch) -> None:
    async def no(*_: object) -> bool:
        return False

    monkeypatch.setattr(webhook, "async_setup_component", no)
    result = await begin(hass)
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "no_webhook")


async def test_changing_the_password_keeps_the_address_and_the_values(
    hass: HomeAssistant, client: Client, freezer: FrozenDateTimeFactory
) -> None:
    entry = link()
    await set_up(hass, entry)
    await call(hass, client, phone().parameters() | {"SOC": "61"})
    form = await submit(hass, await entry.start_reconfigure_flow(hass), {"next_step_id": "leafspy"})
    assert form["step_id"] == "leafspy"
    assert suggested(form)["password"] == PASSWORD, "it can be looked up here"
    shown = await submit(hass, form, UNITS | {"password": "another", "odometer_unit": "miles"})
    assert (shown["step_id"], told(shown)["password"]) == ("leafspy_address", "another")
    assert WEBHOOK_ID in told(shown)["addresses"]
    assert await verdict(await call(hass, client, phone().parameters())) == GOOD, "nothing is changed yet"
    result = await submit(hass, shown, {})
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "reconfigure_successful")
    assert state(hass, "sensor.leaf_battery").state == "61.0"
    app = phone()
    assert await verdict(await call(hass, client, app.parameters())) == BAD
    app.password = "another"
    freezer.tick(timedelta(days=2))
    assert await verdict(await call(hass, client, app.parameters() | {"Odo": "50000"})) == GOOD
    assert state(hass, "sensor.leaf_odometer").state == "80467.2"
    await hass.config_entries.async_unload(entry.entry_id)
