"""What goes to A Better Routeplanner, through Home Assistant and the real client against the stand-in."""

from collections.abc import AsyncIterator, Mapping
from datetime import timedelta
from itertools import pairwise
import logging
import traceback
from types import MappingProxyType
from typing import Any, Protocol

from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import (
    SOURCE_RECONFIGURE,
    SOURCE_USER,
    ConfigEntry,
    ConfigSubentry,
    SubentryFlowResult,
)
from homeassistant.const import CONF_API_KEY, CONF_TOKEN
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.json import json_dumps
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.nissanconnect.abrp import (
    ADDRESS_VARIABLE,
    CONF_REFUSED,
    CONF_SEND_POSITION,
    AbrpSender,
    AbrpSettings,
    async_send,
)
from custom_components.nissanconnect.const import CONF_VEHICLE, DOMAIN, SUBENTRY_ABRP
from custom_components.nissanconnect.diagnostics import async_get_config_entry_diagnostics
from custom_components.nissanconnect.vehicle import (
    AuthenticationFailed,
    BackendError,
    Declined,
    Group,
    ProtocolError,
    RateLimited,
    ServiceError,
    Unavailable,
    UnsafeRedirect,
    alias,
)

from .charging import electric, runtime
from .conftest import LetTimePass, logged, set_up, settle, until
from .dialogs import suggested
from .simulator import Simulator
from .simulator.abrp import API_KEY, TOKEN, UNAUTHORIZED, Abrp
from .simulator.teslafi import Say

OTHER_TOKEN = "c9e1-a-token-of-the-ariya"
ENTERED: dict[str, Any] = {CONF_API_KEY: API_KEY, CONF_TOKEN: TOKEN, CONF_SEND_POSITION: False}
MINUTE = timedelta(minutes=1)


@pytest.fixture
async def abrp(socket_enabled: None, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Abrp]:
    """The service."""
    async with Abrp() as service:
        monkeypatch.setenv(ADDRESS_VARIABLE, service.url)
        yield service


async def connect_vehicle(hass: HomeAssistant, entry: ConfigEntry, key: str, **changed: Any) -> None:
    """Add what the dialog would for a vehicle."""
    data = MappingProxyType({CONF_VEHICLE: alias(key)} | ENTERED | changed)
    subentry = ConfigSubentry(data=data, subentry_type=SUBENTRY_ABRP, title="?", unique_id=f"abrp_{alias(key)}")
    hass.config_entries.async_add_subentry(entry, subentry)
    await settle(hass)


async def connect(
    hass: HomeAssistant, entry: MockConfigEntry, simulator: Simulator, model: str = "Leaf", **changed: Any
) -> None:
    """Add what the dialog would for a vehicle of the simulator."""
    await connect_vehicle(hass, entry, simulator.car(model).vin, **changed)


@pytest.fixture
async def connected(hass: HomeAssistant, abrp: Abrp, loaded: MockConfigEntry, simulator: Simulator) -> MockConfigEntry:
    """The simulator's account, with a token for its LEAF."""
    await connect(hass, loaded, simulator)
    return loaded


def sender(entry: MockConfigEntry, model: str = "Leaf") -> AbrpSender:
    return runtime(entry, model).abrp


class LetReport(Protocol):
    """Lets a vehicle report everything after some time, and has it read."""

    async def __call__(self, model: str = "Leaf", *, after: timedelta = MINUTE) -> None:
        """``after``: how much time passes first."""


@pytest.fixture
def let_report(hass: HomeAssistant, simulator: Simulator, loaded: MockConfigEntry, pass_time: LetTimePass) -> LetReport:
    """Vehicles that report when they are told to."""

    async def let_report(model: str = "Leaf", *, after: timedelta = MINUTE) -> None:
        await pass_time(after, after)
        simulator.vehicle(model).report(Group)
        await runtime(loaded, model).coordinator.async_read_everything()
        await settle(hass)

    return let_report


async def open_dialog(hass: HomeAssistant, entry: MockConfigEntry) -> SubentryFlowResult:
    return await hass.config_entries.subentries.async_init(
        (entry.entry_id, SUBENTRY_ABRP), context={"source": SOURCE_USER}
    )


async def open_change(hass: HomeAssistant, entry: MockConfigEntry) -> SubentryFlowResult:
    (subentry,) = entry.subentries.values()
    return await hass.config_entries.subentries.async_init(
        (entry.entry_id, SUBENTRY_ABRP),
        context={"source": SOURCE_RECONFIGURE, "subentry_id": subentry.subentry_id},
    )


async def submit(hass: HomeAssistant, form: SubentryFlowResult, entered: Mapping[str, Any]) -> SubentryFlowResult:
    assert form["type"] is FlowResultType.FORM, form
    result = await hass.config_entries.subentries.async_configure(form["flow_id"], dict(entered))
    await settle(hass)
    return result


# The dialog


async def test_from_the_dialog_to_the_first_sample(
    hass: HomeAssistant, abrp: Abrp, loaded: MockConfigEntry, simulator: Simulator, let_report: LetReport
) -> None:
    form = await open_dialog(hass, loaded)
    ariya, leaf = (alias(simulator.car(model).vin) for model in ("Ariya", "Leaf"))
    entered = {CONF_API_KEY: f" {API_KEY} ", CONF_TOKEN: f"{TOKEN}\n", CONF_SEND_POSITION: False}
    done = await submit(hass, form, {**entered, CONF_VEHICLE: leaf})
    assert done["type"] is FlowResultType.CREATE_ENTRY
    (subentry,) = loaded.subentries.values()
    assert subentry.data == {CONF_VEHICLE: leaf, **ENTERED}
    assert (subentry.title, subentry.unique_id) == ("LEAF", f"abrp_{leaf}")
    assert abrp.requests == ["get_next_charge"], "a question; what is known of the vehicle is not sent"
    await let_report()
    (sample,) = abrp.samples
    assert sample.token == TOKEN
    assert sample.telemetry["soc"] == round(electric(simulator).battery.level)
    assert "lat" not in sample.telemetry

    form = await open_dialog(hass, loaded)
    assert form["data_schema"] is not None
    assert CONF_VEHICLE not in form["data_schema"].schema, "there is no choice: the Qashqai is not electric"
    abrp.tokens.add(OTHER_TOKEN)
    await submit(hass, form, {**ENTERED, CONF_TOKEN: OTHER_TOKEN})
    assert {each.data[CONF_VEHICLE] for each in loaded.subentries.values()} == {ariya, leaf}
    assert (await open_dialog(hass, loaded))["reason"] == "already_configured"


async def test_what_is_wrong_is_said(hass: HomeAssistant, abrp: Abrp, loaded: MockConfigEntry) -> None:
    odd = MappingProxyType({CONF_VEHICLE: ["by hand"]})
    hass.config_entries.async_add_subentry(
        loaded, ConfigSubentry(data=odd, subentry_type=SUBENTRY_ABRP, title="?", unique_id=None)
    )
    form = await open_dialog(hass, loaded)
    for answer, error in (
        (UNAUTHORIZED, "authentication_failed"),
        (Say(status=429), "unavailable"),
        (Say(status=503, text="<html>"), "unavailable"),
        (Say(hang_up=True), "unavailable"),
        (Say(status=403, text="Forbidden"), "declined"),
        (Say(status=302, headers={"Location": "http://127.0.0.1:1/"}), "declined"),
        (Say(text="<html>"), "declined"),
        (Say.json(["ok"]), "declined"),
    ):
        abrp.always(answer)
        form = await submit(hass, form, {**ENTERED, CONF_SEND_POSITION: True})
        assert form["errors"] == {"base": error}
        shown = suggested(form)
        assert (shown[CONF_API_KEY], shown[CONF_TOKEN], shown[CONF_SEND_POSITION]) == (None, None, True)
    abrp.always(None)
    asked = len(abrp.requests)
    for wrong in (
        {CONF_API_KEY: "schlüssel\n"},
        {CONF_API_KEY: " "},
        {CONF_TOKEN: " "},
        {CONF_TOKEN: "tökén"},
        {CONF_API_KEY: "abc def", CONF_TOKEN: "abc\tdef"},
    ):
        form = await submit(hass, form, ENTERED | wrong)
        assert form["errors"] == dict.fromkeys(wrong, "odd_characters")
    assert len(abrp.requests) == asked, "what can be no key and no token is not sent"
    abrp.always(Say.json({"status": "error", "errors": ["no plan"]}))
    assert (await submit(hass, form, ENTERED))["type"] is FlowResultType.CREATE_ENTRY


async def test_without_vehicles_there_is_no_dialog(hass: HomeAssistant, abrp: Abrp, loaded: MockConfigEntry) -> None:
    await hass.config_entries.async_unload(loaded.entry_id)
    assert (await open_dialog(hass, loaded))["reason"] == "not_loaded"


async def test_without_a_battery_there_is_none_either(
    hass: HomeAssistant, abrp: Abrp, simulator: Simulator, entry: MockConfigEntry
) -> None:
    simulator.account.vins = {simulator.vehicle("Qashqai").info.key}
    await set_up(hass, entry)
    assert (await open_dialog(hass, entry))["reason"] == "no_vehicles_here"


async def test_a_change_shows_no_secret_and_keeps_what_is_not_entered(
    hass: HomeAssistant, abrp: Abrp, connected: MockConfigEntry
) -> None:
    form = await open_change(hass, connected)
    assert suggested(form) == {CONF_API_KEY: None, CONF_TOKEN: None, CONF_SEND_POSITION: False}
    await abrp.stop()
    done = await submit(hass, form, {CONF_TOKEN: "", CONF_SEND_POSITION: True})
    assert done["reason"] == "reconfigure_successful", "the position is chosen without the service"
    (subentry,) = connected.subentries.values()
    assert {**subentry.data} | ENTERED == {**subentry.data} | {CONF_SEND_POSITION: False}
    assert subentry.data[CONF_SEND_POSITION] is True

    form = await submit(hass, await open_change(hass, connected), {CONF_TOKEN: "x", CONF_SEND_POSITION: False})
    assert form["errors"] == {"base": "unavailable"}
    await abrp.start()
    form = await submit(hass, form, {CONF_TOKEN: "x", CONF_SEND_POSITION: False})
    assert form["errors"] == {"base": "authentication_failed"}
    abrp.tokens.add(OTHER_TOKEN)
    await submit(hass, form, {CONF_TOKEN: OTHER_TOKEN, CONF_SEND_POSITION: False})
    (subentry,) = connected.subentries.values()
    assert (subentry.data[CONF_API_KEY], subentry.data[CONF_TOKEN]) == (API_KEY, OTHER_TOKEN)


# What is sent, and when


async def test_the_way_home(
    hass: HomeAssistant, abrp: Abrp, connected: MockConfigEntry, simulator: Simulator, pass_time: LetTimePass
) -> None:
    vehicle = simulator.vehicle("Leaf")
    wakes, driven = vehicle.telematics.wakes, list[dict[str, Any]]()
    await pass_time(timedelta(hours=5), timedelta(minutes=10))
    for _ in range(2 * 60):
        count = len(abrp.samples)
        await pass_time(MINUTE)
        for _, telemetry in abrp.samples[count:]:
            assert None not in telemetry.values()
            age = dt_util.utcnow().timestamp() - telemetry["utc"]
            assert age <= (7200 if telemetry["is_parked"] else 300)
            driven += [] if telemetry["is_parked"] else [telemetry]
    assert len(driven) >= 2
    sent = [telemetry for _, telemetry in abrp.samples]
    assert all(before["utc"] < after["utc"] for before, after in pairwise(sent))
    assert sent[-1]["is_parked"] is True
    assert sent[-1]["soc"] == round(electric(simulator).battery.level)
    assert set(abrp.requests) == {"send"}
    assert abrp.leaked == 0
    assert vehicle.telematics.wakes == wakes, "nobody is woken for it"


async def test_two_vehicles_have_their_own_tokens(
    hass: HomeAssistant, abrp: Abrp, connected: MockConfigEntry, simulator: Simulator, let_report: LetReport
) -> None:
    abrp.tokens.add(OTHER_TOKEN)
    await connect(hass, connected, simulator, "Ariya", token=OTHER_TOKEN, send_position=True)
    await let_report("Ariya")
    await let_report("Leaf")
    ariya, leaf = abrp.samples
    assert (ariya.token, leaf.token) == (OTHER_TOKEN, TOKEN)
    assert ariya.telemetry["soc"] == round(electric(simulator, "Ariya").battery.level)
    assert ("lat" in ariya.telemetry, "lat" in leaf.telemetry) == (True, False)
    abrp.tokens.remove(TOKEN)
    simulator.vehicle("Leaf").plug_in()
    simulator.vehicle("Ariya").unplug()
    await let_report("Leaf")
    await let_report("Ariya")
    assert [each.token for each in abrp.samples] == [OTHER_TOKEN, TOKEN, OTHER_TOKEN]
    assert (sender(connected).error, sender(connected, "Ariya").error) == ("authentication_failed", None)


async def test_a_charge_is_sent_by_its_levels(
    hass: HomeAssistant, abrp: Abrp, connected: MockConfigEntry, simulator: Simulator, let_report: LetReport
) -> None:
    electric(simulator).charger.keep_to(None)
    await let_report()
    await let_report()
    assert len(abrp.samples) == 1, "parked, and nothing has changed"
    simulator.vehicle("Leaf").plug_in()
    for _ in range(30):
        await let_report()
    parked, *charging, finished = (each.telemetry for each in abrp.samples)
    assert (parked["is_charging"], parked["is_parked"]) == (False, True)
    assert all((each["is_charging"], each["is_parked"]) == (True, True) for each in charging)
    levels = [each["soc"] for each in charging]
    assert levels == sorted(set(levels)), "one for each percent"
    assert parked["soc"] < levels[-1] == finished["soc"] == 90
    assert finished["is_charging"] is False, "which is sent at once"


async def test_a_parked_vehicle_is_sent_once_a_day(
    hass: HomeAssistant, abrp: Abrp, loaded: MockConfigEntry, simulator: Simulator, let_report: LetReport
) -> None:
    await connect(hass, loaded, simulator, "Ariya")
    await let_report("Ariya")
    for _ in range(23):
        await let_report("Ariya", after=timedelta(hours=1))
    assert len(abrp.samples) == 1
    await let_report("Ariya", after=timedelta(hours=1))
    assert len(abrp.samples) == 2


async def test_nothing_restored_is_sent(
    hass: HomeAssistant, abrp: Abrp, connected: MockConfigEntry, pass_time: LetTimePass, let_report: LetReport
) -> None:
    await let_report()
    assert len(abrp.samples) == 1
    await hass.config_entries.async_reload(connected.entry_id)
    await settle(hass)
    await pass_time(timedelta(minutes=40), timedelta(minutes=5))
    assert len(abrp.samples) == 1, "the service still says what it said before"
    await let_report()
    assert len(abrp.samples) == 2


async def test_the_position_is_sent_if_chosen_and_not_in_privacy_mode(
    hass: HomeAssistant, abrp: Abrp, loaded: MockConfigEntry, simulator: Simulator, let_report: LetReport
) -> None:
    await connect(hass, loaded, simulator, send_position=True)
    vehicle = simulator.vehicle("Leaf")
    await let_report()
    assert abrp.samples[-1].telemetry["lat"] == pytest.approx(vehicle.point.latitude, abs=1e-4)
    vehicle.set_privacy(on=True)
    vehicle.plug_in()
    await let_report()
    assert len(abrp.samples) == 2
    assert not {"lat", "lon", "heading"} & abrp.samples[-1].telemetry.keys()
    vehicle.set_privacy(on=False)
    vehicle.unplug()
    await let_report()
    assert len(abrp.samples) == 3
    assert "lat" in abrp.samples[-1].telemetry


# When it fails


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (UNAUTHORIZED, AuthenticationFailed),
        (Say(status=500), Unavailable),
        (Say(status=408), Unavailable),
        (Say(hang_up=True), Unavailable),
        (Say(status=429), RateLimited),
        (Say(status=400), Declined),
        (Say(status=403), Declined),
        (Say(status=302, headers={"Location": "http://127.0.0.1:1/"}), UnsafeRedirect),
        (Say(text="<html>"), ProtocolError),
        (Say(text="x" * 5_000_000), ProtocolError),
        (Say.json(["ok"]), ProtocolError),
        (Say.json({"result": "ok"}), ProtocolError),
        (Say.json({"status": "error", "errors": [f"{TOKEN} {API_KEY}"]}), ServiceError),
    ],
)
async def test_each_way_to_fail_has_its_own_error(
    hass: HomeAssistant, abrp: Abrp, answer: Say, error: type[BackendError]
) -> None:
    abrp.always(answer)
    settings = AbrpSettings(subentry_id="x", vehicle="y", api_key=API_KEY, token=TOKEN)
    with pytest.raises(BackendError) as raised:
        await async_send(hass, settings, {"utc": 1795176000, "soc": 61.0})
    assert type(raised.value) is error
    said = "".join(traceback.format_exception(raised.value))
    assert not [secret for secret in (API_KEY, TOKEN, abrp.url) if secret in said]


async def test_after_a_failure_the_newest_is_sent_later(
    hass: HomeAssistant,
    abrp: Abrp,
    connected: MockConfigEntry,
    simulator: Simulator,
    pass_time: LetTimePass,
    let_report: LetReport,
) -> None:
    abrp.always(Say(status=500))
    await let_report()
    assert (sender(connected).error, sender(connected).sent_at) == ("unavailable", None)
    requests = len(abrp.requests)
    await let_report(after=timedelta(seconds=30))
    assert len(abrp.requests) == requests, "not before the pause is over"
    simulator.vehicle("Leaf").plug_in()
    await let_report(after=timedelta(seconds=20))
    await pass_time(timedelta(minutes=1), timedelta(seconds=10))
    assert len(abrp.requests) == requests + 1, "and then without another report"
    abrp.always(None)
    await pass_time(timedelta(minutes=3), timedelta(seconds=10))
    (sample,) = abrp.samples
    assert sample.telemetry["is_parked"] is True
    assert sender(connected).error is None
    assert sender(connected).sent_at is not None


async def test_it_waits_as_long_as_the_service_demands(
    hass: HomeAssistant, abrp: Abrp, connected: MockConfigEntry, pass_time: LetTimePass, let_report: LetReport
) -> None:
    abrp.say(Say(status=429, headers={"Retry-After": "1800"}))
    await let_report()
    await pass_time(timedelta(minutes=29))
    assert len(abrp.requests) == 1
    await pass_time(timedelta(minutes=2))
    assert len(abrp.samples) == 1


async def test_pauses_grow_up_to_an_hour_and_nothing_stale_is_sent_then(
    hass: HomeAssistant, abrp: Abrp, connected: MockConfigEntry, pass_time: LetTimePass, let_report: LetReport
) -> None:
    abrp.always(Say(status=500))
    await let_report()
    for _ in range(24):
        await let_report(after=timedelta(minutes=30))
    assert 10 < len(abrp.requests) < 25
    requests = len(abrp.requests)
    await pass_time(timedelta(hours=4), timedelta(minutes=20))
    assert len(abrp.requests) - requests <= 3, "what was reported two hours ago is not sent any more"


async def test_a_service_that_is_silent_does_not_hold_anything_up(
    hass: HomeAssistant,
    abrp: Abrp,
    connected: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
    simulator: Simulator,
) -> None:
    abrp.always(Say(silence=True))
    freezer.tick(60)
    simulator.vehicle("Leaf").report(Group)
    await runtime(connected).coordinator.async_refresh()
    await until(hass, lambda: abrp.requests == ["send"])
    assert sender(connected).error is None, "it waits"
    freezer.tick(20)
    await until(hass, lambda: sender(connected).error == "unavailable")


async def test_a_refused_token_is_never_sent_again(
    hass: HomeAssistant, abrp: Abrp, connected: MockConfigEntry, simulator: Simulator, let_report: LetReport
) -> None:
    abrp.tokens = {OTHER_TOKEN}
    await let_report()
    assert abrp.requests == ["send"]
    ((_, issue_id),) = ir.async_get(hass).issues
    issue = ir.async_get(hass).async_get_issue(DOMAIN, issue_id)
    assert issue is not None
    assert issue.translation_key == "abrp_refused"
    assert issue.translation_placeholders is not None
    assert issue.translation_placeholders["vehicle"] == "LEAF"
    simulator.vehicle("Leaf").plug_in()
    await let_report()
    await hass.config_entries.async_reload(connected.entry_id)
    await settle(hass)
    await let_report()
    assert abrp.requests == ["send"]
    assert list(ir.async_get(hass).issues) == [(DOMAIN, issue_id)]

    done = await submit(hass, await open_change(hass, connected), {CONF_TOKEN: OTHER_TOKEN, CONF_SEND_POSITION: False})
    assert done["reason"] == "reconfigure_successful"
    (subentry,) = connected.subentries.values()
    assert CONF_REFUSED not in subentry.data
    assert not ir.async_get(hass).issues
    await let_report()
    assert [each.token for each in abrp.samples] == [OTHER_TOKEN]


async def test_a_refused_token_that_is_entered_again_is_checked(
    hass: HomeAssistant, abrp: Abrp, loaded: MockConfigEntry, simulator: Simulator
) -> None:
    await connect(hass, loaded, simulator, refused=True)
    abrp.tokens = set()
    form = await submit(hass, await open_change(hass, loaded), {CONF_SEND_POSITION: False})
    assert form["errors"] == {"base": "authentication_failed"}
    abrp.tokens = {TOKEN}
    assert (await submit(hass, form, {CONF_SEND_POSITION: False}))["reason"] == "reconfigure_successful"
    assert not ir.async_get(hass).issues


# How it ends


async def test_nothing_is_sent_after_it_was_removed(
    hass: HomeAssistant,
    abrp: Abrp,
    connected: MockConfigEntry,
    simulator: Simulator,
    pass_time: LetTimePass,
    let_report: LetReport,
) -> None:
    abrp.always(Say(status=500))
    await let_report()
    (subentry,) = connected.subentries.values()
    hass.config_entries.async_remove_subentry(connected, subentry.subentry_id)
    abrp.always(None)
    await pass_time(timedelta(minutes=10))
    simulator.vehicle("Leaf").plug_in()
    await let_report()
    assert (len(abrp.requests), abrp.samples) == (1, [])
    assert sender(connected).settings is None


@pytest.mark.parametrize("remove", [False, True])
async def test_it_ends_with_the_entry(
    hass: HomeAssistant,
    abrp: Abrp,
    connected: MockConfigEntry,
    simulator: Simulator,
    pass_time: LetTimePass,
    let_report: LetReport,
    freezer: FrozenDateTimeFactory,
    remove: bool,
) -> None:
    abrp.always(Say(silence=True))
    freezer.tick(60)
    simulator.vehicle("Leaf").report(Group)
    await runtime(connected).coordinator.async_refresh()
    await until(hass, lambda: abrp.requests == ["send"])
    gone = sender(connected)
    if remove:
        await hass.config_entries.async_remove(connected.entry_id)
    else:
        await hass.config_entries.async_unload(connected.entry_id)
    await settle(hass)
    abrp.always(None)
    await pass_time(timedelta(hours=2), timedelta(minutes=5))
    assert (abrp.requests, gone.error) == (["send"], None)


async def test_a_vehicle_that_leaves_takes_its_issue_along(
    hass: HomeAssistant, abrp: Abrp, loaded: MockConfigEntry, simulator: Simulator
) -> None:
    await connect(hass, loaded, simulator, refused=True)
    assert len(ir.async_get(hass).issues) == 1
    await runtime(loaded).async_stop()
    assert not ir.async_get(hass).issues


# What is kept to itself


async def test_key_and_token_are_nowhere_to_be_seen(
    hass: HomeAssistant,
    abrp: Abrp,
    connected: MockConfigEntry,
    simulator: Simulator,
    let_report: LetReport,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    place = simulator.vehicle("Leaf").point
    told = f"{API_KEY} {TOKEN} {place.latitude}"
    form = await submit(hass, await open_change(hass, connected), {**ENTERED, CONF_SEND_POSITION: True})
    seen = [repr(form)]
    for answer in (
        None,
        Say(status=500, text=told),
        Say(text=told),
        Say.json({"status": "error", "errors": [told]}),
        Say(status=302, headers={"Location": f"http://127.0.0.1:1/?token={TOKEN}"}),
        UNAUTHORIZED,
    ):
        abrp.always(answer)
        await let_report(after=timedelta(hours=2))
        seen.append(json_dumps(await async_get_config_entry_diagnostics(hass, connected)))
        seen.append(repr((sender(connected).settings, sender(connected)._sample, sender(connected)._last)))
    assert '"running":false' in seen[-2]
    seen += [repr(each) for each in ir.async_get(hass).issues.values()]
    seen += [repr(each) for each in hass.states.async_all()]
    lines = logged(caplog, "custom_components", "homeassistant.config_entries")
    assert any("no sample can be sent" in line for line in lines)
    for secret in (API_KEY, TOKEN):
        assert not [line for line in (*seen, *lines) if secret in line]
    assert not [line for line in lines if f"{place.latitude:.3f}" in line]
