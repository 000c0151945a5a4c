"""The dialogs, through the real client against the simulator."""

from pathlib import Path
import re

from homeassistant.config_entries import SOURCE_USER, ConfigEntryState
from homeassistant.const import CONF_COUNTRY, CONF_PASSWORD, CONF_URL, CONF_USERNAME
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.nissanconnect.const import CONF_AUTH, CONF_SOURCE, DOMAIN
from custom_components.nissanconnect.sources import SOURCES, Source

from .conftest import CREDENTIALS, set_up, status
from .dialogs import choose, open_form, submit, suggested
from .simulator import PASSWORD, Fault, Login, Simulator

README = Path(__file__).parents[1] / "README.md"


async def test_sources_in_the_order_of_the_readme(hass: HomeAssistant) -> None:
    """What has been shown to work for many comes first, experiments and the simulated garage last."""
    rows = re.findall(r"^\|.*\(docs/sources/([a-z-]+)\.md\)(.*)", README.read_text(), re.MULTILINE)
    wanted = [page.replace("-", "_") for page, _ in rows]
    wanted.insert(next(number for number, (_, rest) in enumerate(rows) if "experimental" in rest), "unsure")
    menu = await hass.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_USER})
    assert menu["menu_options"] == wanted


@pytest.mark.parametrize(
    ("country", "offered"), [("US", "us"), ("CA", "ca"), ("MX", "mx"), ("DE", None), ("AU", None), (None, None)]
)
async def test_the_country_is_that_of_home_assistant(
    hass: HomeAssistant, country: str | None, offered: str | None
) -> None:
    hass.config.country = country
    assert suggested(await open_form(hass, "north_america"))[CONF_COUNTRY] == offered
    assert CONF_COUNTRY not in suggested(await open_form(hass, "europe"))


async def test_europe(hass: HomeAssistant, simulator: Simulator) -> None:
    form = await open_form(hass, "europe")
    result = await submit(hass, form, CREDENTIALS | {CONF_USERNAME: f" {CREDENTIALS[CONF_USERNAME]} "})
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert CREDENTIALS[CONF_USERNAME] not in result["title"]
    entry = result["result"]
    assert entry.state is ConfigEntryState.LOADED
    assert entry.unique_id == f"europe_{simulator.account.user_id}"
    assert entry.data[CONF_SOURCE] == "europe"
    assert entry.data[CONF_USERNAME] == CREDENTIALS[CONF_USERNAME]
    assert entry.data[CONF_AUTH]["access_token"]
    assert simulator.requests["login"] == 1, "the entry uses the log-in of the dialog"


@pytest.mark.parametrize(
    ("login", "error"),
    [
        (Login.WRONG_PASSWORD, "authentication_failed"),
        (Login.ACCESS_DENIED, "authentication_failed"),
        (Login.TERMS_PENDING, "action_required"),
        (Login.FOREIGN_LOGIN_PAGE, "unsafe_redirect"),
        (Login.FOREIGN_FORM, "unsafe_redirect"),
        (Login.FOREIGN_REDIRECT, "unsafe_redirect"),
        (Login.EMAIL_UNCONFIRMED, "email_not_confirmed"),
        (Login.WRONG_STATE, "protocol_error"),
        (Login.OUTAGE, "unavailable"),
        (Login.GEO_BLOCKED, "access_blocked"),
    ],
)
async def test_each_way_a_log_in_can_end_has_its_own_words(
    hass: HomeAssistant, simulator: Simulator, login: Login, error: str
) -> None:
    simulator.login = login
    form = await open_form(hass, "europe")
    result = await submit(hass, form, CREDENTIALS)
    assert result["type"] is FlowResultType.FORM
    assert result["errors"] == {"base": error}
    assert set(simulator.password_posts) <= {simulator.url.removeprefix("http://")}

    simulator.login = Login.SUCCESS
    if error == "authentication_failed":  # the same input is not sent again, so a new dialog is needed
        form = await open_form(hass, "europe")
    result = await submit(hass, form, CREDENTIALS)
    assert result["type"] is FlowResultType.CREATE_ENTRY


@pytest.mark.parametrize(
    ("endpoint", "fault", "error"),
    [
        ("token", Fault.http(500), "unavailable"),
        ("exchange", Fault.http(401, "401000"), "action_required"),
        ("exchange", Fault.malformed(), "protocol_error"),
        ("users-current", Fault.html(200, "Maintenance"), "protocol_error"),
        ("users-current", Fault.http(503), "unavailable"),
        ("cars", Fault.errors_in_200("500"), "unavailable"),
        ("cars", Fault.html(403), "access_blocked"),
        ("cars", Fault.malformed(), "protocol_error"),
        ("cars", Fault.rate_limited(60), "rate_limited"),
        ("cars", Fault.redirect("http://127.0.0.1:1/"), "protocol_error"),
        ("cars", Fault.values(data=[]), "no_vehicles"),
    ],
)
async def test_each_way_the_service_can_fail_has_its_own_words(
    hass: HomeAssistant, simulator: Simulator, endpoint: str, fault: Fault, error: str
) -> None:
    simulator.fail(endpoint, fault)
    form = await open_form(hass, "europe")
    result = await submit(hass, form, CREDENTIALS)
    assert result["errors"] == {"base": error}

    simulator.heal()
    result = await submit(hass, form, CREDENTIALS)
    assert result["type"] is FlowResultType.CREATE_ENTRY


async def test_a_network_that_is_away_is_told_from_an_outage(hass: HomeAssistant, simulator: Simulator) -> None:
    form = await open_form(hass, "europe")
    await simulator.stop()
    assert (await submit(hass, form, CREDENTIALS))["errors"] == {"base": "no_connection"}


async def test_a_rejected_password_is_sent_once(hass: HomeAssistant, simulator: Simulator) -> None:
    form = await open_form(hass, "europe")
    wrong = CREDENTIALS | {CONF_PASSWORD: "not this one"}
    for _ in range(3):
        result = await submit(hass, form, wrong)
        assert result["errors"] == {"base": "authentication_failed"}
    assert simulator.requests["login"] == 1

    result = await submit(hass, form, CREDENTIALS)
    assert result["type"] is FlowResultType.CREATE_ENTRY


async def test_an_account_is_set_up_once(hass: HomeAssistant, simulator: Simulator, entry: MockConfigEntry) -> None:
    await set_up(hass, entry)
    result = await submit(hass, await open_form(hass, "europe"), CREDENTIALS)
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "already_configured"


async def test_demo(hass: HomeAssistant) -> None:
    result = await choose(hass, "demo")
    await hass.async_block_till_done(wait_background_tasks=True)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["data"] == {CONF_SOURCE: "demo"}
    assert result["result"].state is ConfigEntryState.LOADED

    again = await choose(hass, "demo")
    assert again["reason"] == "already_configured"


async def test_the_demo_has_nothing_to_reconfigure(hass: HomeAssistant) -> None:
    entry = MockConfigEntry(domain=DOMAIN, unique_id="demo", data={CONF_SOURCE: "demo"})
    entry.add_to_hass(hass)
    result = await entry.start_reconfigure_flow(hass)
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "nothing_to_reconfigure"


async def test_reauthentication(hass: HomeAssistant, simulator: Simulator, entry: MockConfigEntry) -> None:
    simulator.account.password = "changed in the app"
    await set_up(hass, entry)
    assert status(entry) is ConfigEntryState.SETUP_ERROR
    (flow,) = hass.config_entries.flow.async_progress()
    assert flow["step_id"] == "reauth_confirm"

    result = await submit(hass, flow, {CONF_PASSWORD: "a guess"})
    assert result["errors"] == {"base": "authentication_failed"}
    assert (result["description_placeholders"] or {})["username"] == CREDENTIALS[CONF_USERNAME]

    result = await submit(hass, flow, {CONF_PASSWORD: "changed in the app"})
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "reauth_successful"
    assert status(entry) is ConfigEntryState.LOADED
    assert entry.data[CONF_PASSWORD] == "changed in the app"
    assert entry.data[CONF_AUTH]["rejected"] is False
    assert simulator.requests["login"] == 3


async def test_reconfiguring_the_same_account(
    hass: HomeAssistant, simulator: Simulator, entry: MockConfigEntry
) -> None:
    await set_up(hass, entry)
    simulator.add_account("new@example.com", "new password", user_id=simulator.account.user_id)

    form = await entry.start_reconfigure_flow(hass)
    assert form["step_id"] == "reconfigure_login"
    new = {CONF_USERNAME: "new@example.com", CONF_PASSWORD: "new password"}
    result = await submit(hass, form, new)
    assert result["reason"] == "reconfigure_successful"
    assert entry.data.items() >= new.items()
    assert status(entry) is ConfigEntryState.LOADED


async def test_another_account_is_another_entry(
    hass: HomeAssistant, simulator: Simulator, entry: MockConfigEntry
) -> None:
    await set_up(hass, entry)
    simulator.add_account("other@example.com", PASSWORD, user_id="123456")
    before = dict(entry.data)
    form = await entry.start_reconfigure_flow(hass)
    result = await submit(hass, form, CREDENTIALS | {CONF_USERNAME: "other@example.com"})
    assert result["reason"] == "unique_id_mismatch"
    assert dict(entry.data) == before


@pytest.mark.parametrize("expected_lingering_timers", [True])  # of Home Assistant's MQTT
@pytest.mark.parametrize("blank", ["", " "])
@pytest.mark.parametrize(
    ("source", "field"),
    [
        (source, name)
        for source, row in SOURCES.items()
        for name in row.needed
        if name in {str(field) for field in row.fields} - {CONF_COUNTRY}
    ],
)
async def test_a_blank_field_is_a_wrong_one(
    hass: HomeAssistant, simulator: Simulator, mqtt_mock: None, source: Source, field: str, blank: str
) -> None:
    """Home Assistant wants a value in the form, but that may say nothing."""
    form = await open_form(hass, source)
    filled = {CONF_COUNTRY: "us", CONF_URL: "http://127.0.0.1:1", field: blank}
    texts = {*SOURCES[source].needed, *SOURCES[source].secrets} & {str(name) for name in SOURCES[source].fields}
    result = await submit(hass, form, {name: filled.get(name, "x") for name in texts})
    assert result["type"] is FlowResultType.FORM
    assert result["errors"]
