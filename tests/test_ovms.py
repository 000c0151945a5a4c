"""OVMS through Home Assistant, on a broker in memory: the dialogs, restarts, what is kept to itself."""

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Any

from homeassistant.config_entries import (
    SOURCE_MQTT,
    ConfigEntryState,
    ConfigFlowResult,
)
from homeassistant.const import CONF_PIN, CONF_PREFIX
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.service_info.mqtt import MqttServiceInfo
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.components.recorder.common import async_wait_recording_done

from custom_components.nissanconnect import commands, mqtt_client, sources
from custom_components.nissanconnect.const import (
    CONF_SOURCE,
    CONF_UNLOCK_WITHOUT_PIN,
    CONF_USER,
    CONF_VEHICLE_ID,
    DOMAIN,
)
from custom_components.nissanconnect.vehicle import CommandStatus, Initiator, Reason, StartClimate

from .conftest import settle, state, status
from .dialogs import open_form, reconfigure, suggested
from .simulator.leafspy_log import Drive, log
from .simulator.ovms import MemoryBroker, MemoryBus, MemoryLink, OvmsModule
from .simulator_tests.cars import build

VIN = "SJNFAAZE1U0456789"
ENTERED = {CONF_PREFIX: "ovms", CONF_USER: "ada", CONF_VEHICLE_ID: "LEAF40"}


@pytest.fixture
def broker(monkeypatch: pytest.MonkeyPatch) -> MemoryBroker:
    """A broker whose messages have arrived when they are sent, so nobody waits for them."""
    broker = MemoryBroker()

    async def gather(seconds: float) -> None:
        if seconds > 1:
            await asyncio.Event().wait()  # for the vehicle to fall silent, which it does in no test
        await asyncio.sleep(0)

    monkeypatch.setattr(mqtt_client, "MqttBus", lambda hass: MemoryBus(broker))
    monkeypatch.setattr(sources, "sleep", gather)
    monkeypatch.setattr(commands, "sleep", lambda seconds: asyncio.sleep(0))
    return broker


@pytest.fixture
def module(broker: MemoryBroker) -> OvmsModule:
    """A module that is connected, in a LEAF at 60 %."""
    vehicle = build.leaf(VIN, dt_util.utcnow())
    module = OvmsModule(vehicle, MemoryLink(broker), prefix="ovms/ada/LEAF40/", now=dt_util.utcnow)
    module.connect()
    return module


@pytest.fixture
def entry() -> MockConfigEntry:
    """The module as an entry that has never been loaded."""
    return MockConfigEntry(domain=DOMAIN, title="OVMS", unique_id="ovms_x", data={CONF_SOURCE: "ovms", **ENTERED})


async def load(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    if entry.entry_id not in {each.entry_id for each in hass.config_entries.async_entries()}:
        entry.add_to_hass(hass)
    await hass.config_entries.async_setup(entry.entry_id)
    await arrive(hass)


async def arrive(hass: HomeAssistant) -> None:
    """Let what was sent be handed over, which takes the loop a dozen turns and no time."""
    await settle(hass)
    for _ in range(50):
        await asyncio.sleep(0)
    await settle(hass)


async def submit(hass: HomeAssistant, flow: ConfigFlowResult, entered: dict[str, Any]) -> ConfigFlowResult:
    result = await hass.config_entries.flow.async_configure(flow["flow_id"], entered)
    await arrive(hass)
    return result


def discovered(topic: str, payload: str | bytes) -> MqttServiceInfo:
    return MqttServiceInfo(
        topic=topic, payload=payload, qos=0, retain=True, subscribed_topic="ovms/+/+/metric/v/type", timestamp=0
    )


async def discover(hass: HomeAssistant, topic: str, payload: str | bytes = "NL") -> ConfigFlowResult:
    return await hass.config_entries.flow.async_init(
        DOMAIN, context={"source": SOURCE_MQTT}, data=discovered(topic, payload)
    )


async def test_a_module_is_added_by_what_its_owner_has_set(hass: HomeAssistant, module: OvmsModule) -> None:
    result = await submit(hass, await open_form(hass, "ovms"), {**ENTERED, CONF_USER: " ada "})
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["title"] == "OVMS"
    assert result["data"][CONF_USER] == "ada"
    assert state(hass, "sensor.leaf_battery").state == "60.0"
    again = await submit(hass, await open_form(hass, "ovms"), ENTERED)
    assert again["reason"] == "already_configured"
    assert (await discover(hass, "ovms/ada/LEAF40/metric/v/type"))["reason"] == "already_configured"


async def test_a_prefix_of_ones_own_is_taken_as_it_is(hass: HomeAssistant, module: OvmsModule) -> None:
    module.cut()
    module.prefix = "cars-"
    module.connect()
    result = await submit(hass, await open_form(hass, "ovms"), {CONF_PREFIX: "cars-"})
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert state(hass, "sensor.leaf_battery").state == "60.0"


@pytest.mark.parametrize(
    ("entered", "error"),
    [
        ({CONF_PREFIX: "ovms/#"}, "invalid_topic"),
        (ENTERED | {CONF_USER: "+"}, "invalid_topic"),
        (ENTERED | {CONF_VEHICLE_ID: "LEAF41"}, "nothing_heard"),
        (ENTERED | {CONF_PIN: "12345"}, "invalid_pin"),
    ],
)
async def test_what_is_wrong_has_its_own_words(
    hass: HomeAssistant, module: OvmsModule, entered: dict[str, str], error: str
) -> None:
    result = await submit(hass, await open_form(hass, "ovms"), entered)
    assert result["errors"] == {"base": error}
    result = await submit(hass, result, ENTERED)
    assert result["type"] is FlowResultType.CREATE_ENTRY


async def test_a_broker_that_is_away_and_a_module_of_another_kind(
    hass: HomeAssistant, broker: MemoryBroker, module: OvmsModule
) -> None:
    broker.up = False
    form = await submit(hass, await open_form(hass, "ovms"), ENTERED)
    assert form["errors"] == {"base": "no_broker"}
    broker.up = True
    module.say("v.type", "RT")
    assert (await submit(hass, form, ENTERED))["errors"] == {"base": "other_vehicle"}


async def test_without_the_mqtt_integration_the_dialog_says_so(hass: HomeAssistant) -> None:
    assert (await submit(hass, await open_form(hass, "ovms"), ENTERED))["errors"] == {"base": "no_broker"}


async def test_a_module_that_was_found_needs_a_word_only(hass: HomeAssistant, module: OvmsModule) -> None:
    form = await discover(hass, "ovms/ada/LEAF40/metric/v/type", b"NL")
    assert (form["type"], form["step_id"]) == (FlowResultType.FORM, "ovms_found")
    second = await discover(hass, "ovms/ada/LEAF40/metric/v/type")
    assert second["reason"] == "already_in_progress"
    result = await submit(hass, form, {CONF_PIN: "2580"})
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert ENTERED.items() <= result["data"].items()
    assert state(hass, "lock.leaf_lock").attributes["code_format"] == "^([0-9]{4})?$"


async def test_a_module_without_a_user_is_found(hass: HomeAssistant, module: OvmsModule) -> None:
    module.cut()
    module.prefix = "ovms//LEAF40/"
    module.connect()
    form = await discover(hass, "ovms//LEAF40/metric/v/type")
    assert (await submit(hass, form, {}))["type"] is FlowResultType.CREATE_ENTRY


@pytest.mark.parametrize(
    ("topic", "payload"),
    [
        ("ovms/ada/LEAF40/metric/v/type", "RT"),
        ("ovms/ada/LEAF40/metric/v/type", ""),
        ("ovms/ada/LEAF40/metric/v/type", b"\xff"),
        ("ovms/ada//metric/v/type", "NL"),
        ("ovms/ada/LEAF\u202e40/metric/v/type", "NL"),
        (f"ovms/ada/{'x' * 60_000}/metric/v/type", "NL"),
    ],
)
async def test_what_is_no_leaf_is_not_offered(hass: HomeAssistant, topic: str, payload: str | bytes) -> None:
    assert (await discover(hass, topic, payload))["reason"] == "not_a_leaf"


async def test_only_some_modules_wait_for_an_answer_at_a_time(hass: HomeAssistant) -> None:
    """Whoever may publish at the broker could have any number shown."""
    found = [await discover(hass, f"ovms/evil/{number}/metric/v/type") for number in range(30)]
    assert [each["type"] for each in found] == [FlowResultType.FORM] * 10 + [FlowResultType.ABORT] * 20
    assert {each["reason"] for each in found[10:]} == {"too_many_found"}
    hass.config_entries.flow.async_abort(found[0]["flow_id"])
    assert (await discover(hass, "ovms/ada/LEAF40/metric/v/type"))["type"] is FlowResultType.FORM


async def test_a_pin_cannot_be_guessed_and_locking_stays_possible(
    hass: HomeAssistant, broker: MemoryBroker, module: OvmsModule
) -> None:
    await submit(hass, await open_form(hass, "ovms"), ENTERED | {CONF_PIN: "2580"})

    async def attempt(action: str, **code: str) -> str | None:
        try:
            await hass.services.async_call("lock", action, {"entity_id": "lock.leaf_lock", **code}, blocking=True)
        except HomeAssistantError as error:
            return error.translation_key
        return None

    assert await attempt("unlock", code="0000") == "wrong_pin"
    assert await attempt("unlock", code="0001") == "wrong_pin"
    assert await attempt("lock", code="0002") is None, "no PIN is needed for that, so nothing is learnt by it"
    found = await asyncio.gather(*(attempt("unlock", code=f"{number:04d}") for number in range(3, 20)))
    assert found == ["wrong_pin", *["too_many_wrong_pins"] * 16]
    assert await attempt("unlock", code="2580") == "too_many_wrong_pins"
    assert await attempt("lock") is None
    assert module.lines == ["lock 0", "lock 0"]


@pytest.mark.parametrize("reply", [None, "Error: something new", "Unrecognised command"])
async def test_a_command_that_the_module_refuses_has_woken_nobody(
    hass: HomeAssistant, module: OvmsModule, entry: MockConfigEntry, reply: str | None
) -> None:
    """The firmware refuses before it sends the vehicle anything."""
    await load(hass, entry)
    (vehicle,) = entry.runtime_data.vehicles.values()
    module.can_write, module.reply_with = False, reply
    job = vehicle.commands.async_submit(StartClimate(), Initiator(kind="option"))
    await job.accepted.wait()
    assert vehicle.log.wakes_today == 1, "it counts until it is refused"
    await job.ended.wait()
    assert job.outcome is not None
    assert (job.outcome.status, job.outcome.reason) == (CommandStatus.REJECTED, Reason.REJECTED_BY_VEHICLE)
    assert vehicle.log.wakes_today == 0


async def test_changing_the_pin_keeps_the_vehicle(
    hass: HomeAssistant, broker: MemoryBroker, module: OvmsModule
) -> None:
    module.link.publish("ovms/ada/LEAF40/metric/v/vin", "", retain=True)
    await submit(hass, await open_form(hass, "ovms"), ENTERED | {CONF_PIN: "2580"})
    (entry,) = hass.config_entries.async_entries(DOMAIN)
    (key,) = entry.runtime_data.vehicles
    assert key.startswith("OVMS-")
    module.say("v.vin", VIN)  # so a new entry would have another key

    form = await reconfigure(hass, entry)
    assert form["step_id"] == "ovms"
    assert suggested(form) == {**ENTERED, CONF_PIN: None, CONF_UNLOCK_WITHOUT_PIN: False}
    result = await submit(hass, form, ENTERED)
    assert result["reason"] == "reconfigure_successful"
    assert CONF_PIN not in entry.data
    assert list(entry.runtime_data.vehicles) == [key]
    assert state(hass, "lock.leaf_lock").attributes.get("code_format") is None

    form = await reconfigure(hass, entry)
    assert (await submit(hass, form, ENTERED | {CONF_PIN: "1"}))["errors"] == {"base": "invalid_pin"}
    module.cut()
    module.prefix = "ovms/ada/OTHER/"
    module.connect()
    other = await submit(hass, form, ENTERED | {CONF_VEHICLE_ID: "OTHER"})
    assert other["reason"] == "unique_id_mismatch"


async def test_a_first_start_without_a_broker_is_tried_again(
    hass: HomeAssistant, broker: MemoryBroker, module: OvmsModule, entry: MockConfigEntry
) -> None:
    broker.up = False
    await load(hass, entry)
    assert status(entry) is ConfigEntryState.SETUP_RETRY
    assert entry.error_reason_translation_key == "no_broker"
    broker.up = True
    await hass.config_entries.async_reload(entry.entry_id)
    await arrive(hass)
    assert status(entry) is ConfigEntryState.LOADED


@pytest.mark.usefixtures("recorder_mock")
@pytest.mark.parametrize(("told", "skipped"), [(VIN, 1), (None, 0)])
async def test_a_log_of_leaf_spy_is_that_of_the_vehicle_whatever_its_key(
    hass: HomeAssistant, module: OvmsModule, entry: MockConfigEntry, tmp_path: Path, told: str | None, skipped: int
) -> None:
    """A module may learn the VIN only after its vehicle has been named after the topics, or keep it to itself."""
    module.say("v.vin", "")
    await load(hass, entry)
    if told is not None:
        module.say("v.vin", told)
        await arrive(hass)
    (device,) = dr.async_entries_for_config_entry(dr.async_get(hass), entry.entry_id)
    assert (DOMAIN, VIN) not in device.identifiers
    hass.config.allowlist_external_dirs = {str(tmp_path)}
    start = dt_util.utcnow() - timedelta(days=3)
    rows = [Drive(at=start, vin=VIN).row(), Drive(at=start + timedelta(minutes=1), vin="1N4AZ1CP1JC999999").row()]
    await hass.async_add_executor_job((tmp_path / "Log.csv").write_bytes, log(rows))
    response = await hass.services.async_call(
        DOMAIN,
        "import_leafspy_log",
        {"device_id": device.id, "path": str(tmp_path / "Log.csv")},
        blocking=True,
        return_response=True,
    )
    vehicles: Any = response and response["vehicles"]
    answer = vehicles[device.id]["answer"]
    assert (answer["rows"], answer["skipped"]["other_vehicle"]) == (2, skipped)
    await async_wait_recording_done(hass)
    await hass.config_entries.async_unload(entry.entry_id)
