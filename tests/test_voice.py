"""What can be said to vehicles: through Assist, Google Assistant and Alexa, all of them Home Assistant's own."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
import re
from typing import Any
from uuid import uuid4

from freezegun.api import FrozenDateTimeFactory
from homeassistant.components import conversation
from homeassistant.components.alexa import SMART_HOME_SCHEMA
from homeassistant.components.alexa.smart_home import AlexaConfig, async_handle_message as async_handle_alexa
from homeassistant.components.google_assistant.smart_home import async_handle_message as async_handle_google
from homeassistant.components.homeassistant.exposed_entities import async_expose_entity, async_should_expose
from homeassistant.components.lock import CONF_DEFAULT_CODE
from homeassistant.core import Context, HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.intent import IntentResponseType
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
from homeassistant.util.yaml import parse_yaml
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, MockUser

from custom_components.nissanconnect import commands
from custom_components.nissanconnect.const import CONF_DEVICE_ID, CONF_SOURCE, DOMAIN
from custom_components.nissanconnect.settings import OPTION_ANSWER_AT_ONCE
from custom_components.nissanconnect.vehicle import (
    Command,
    StartCharging,
    StartClimate,
    StopCharging,
    StopClimate,
    Unlock,
)

from .conftest import set_up, state
from .pages import PAGES, blocks
from .simulator import Simulator
from .simulator.cars.electric import Electric
from .simulator.cars.garage import ARIYA
from .test_commands import executed
from .test_lock import LOCK, PIN, equipped, ready  # noqa: F401 - fixtures

SOON = timedelta(seconds=3)
"""How long voice assistants may take to answer."""


class Clock:
    """The test's clock. While somebody waits for an answer, it goes no further than that may take."""

    def __init__(self, freezer: FrozenDateTimeFactory) -> None:
        self._freezer = freezer
        self._stops_at: datetime | None = None
        self._goes_on = asyncio.Event()

    @contextmanager
    def asking(self) -> Iterator[None]:
        self._stops_at = dt_util.utcnow() + SOON
        self._goes_on.clear()
        yield
        self._stops_at = None
        self._goes_on.set()

    async def sleep(self, seconds: float) -> None:
        if self._stops_at is not None and dt_util.utcnow() + timedelta(seconds=seconds) > self._stops_at:
            await self._goes_on.wait()
        self._freezer.tick(seconds)
        await asyncio.sleep(0)


@pytest.fixture(autouse=True)
def clock(_waiting_passes_time: None, monkeypatch: pytest.MonkeyPatch, freezer: FrozenDateTimeFactory) -> Clock:
    clock = Clock(freezer)
    monkeypatch.setattr(commands, "sleep", clock.sleep)
    return clock


type Say = Callable[..., Awaitable[conversation.ConversationResult]]


@pytest.fixture
def say(hass: HomeAssistant, clock: Clock) -> Say:
    """Say something to Assist and hear its answer, which comes soon."""

    async def say(text: str, language: str = "en") -> conversation.ConversationResult:
        await hass.async_block_till_done()
        with clock.asking():
            return await conversation.async_converse(hass, text, None, Context(), language=language)

    return say


@pytest.fixture
async def home(hass: HomeAssistant, simulator: Simulator, entry: MockConfigEntry) -> AsyncIterator[HomeAssistant]:
    """A home with an account whose actions answer at once."""
    for component in ("homeassistant", "conversation", "intent"):
        assert await async_setup_component(hass, component, {})
    entry.add_to_hass(hass)
    trusted = entry.data | {CONF_DEVICE_ID: "ha-known-to-the-vehicle"}
    hass.config_entries.async_update_entry(entry, data=trusted, options={OPTION_ANSWER_AT_ONCE: True})
    simulator.car("Qashqai").offer_remote_lock()
    ariya = simulator.vehicle("Ariya").powertrain
    assert isinstance(ariya, Electric)
    ariya.battery.energy *= 0.6
    await set_up(hass, entry)
    yield hass
    await hass.async_block_till_done(wait_background_tasks=True)


def expose(hass: HomeAssistant) -> None:
    """Let Assist see everything."""
    for entity_id in hass.states.async_entity_ids():
        async_expose_entity(hass, conversation.DOMAIN, entity_id, True)


def answer(result: conversation.ConversationResult) -> str:
    spoken: str = result.response.speech["plain"]["speech"]
    return spoken


ENGLISH = [
    ("turn on the LEAF climate", "Leaf", StartClimate(21)),
    ("turn off the LEAF climate", "Leaf", None),  # it is off
    ("set the temperature of the Ariya climate to 23 degrees", "Ariya", None),
    ("turn on Ariya charging", "Ariya", StartCharging()),
    ("turn off Ariya charging", "Ariya", StopCharging()),
]


@pytest.mark.parametrize(("text", "model", "command"), ENGLISH)
async def test_what_is_said_is_done(
    home: HomeAssistant, simulator: Simulator, text: str, model: str, command: Command | None, say: Say
) -> None:
    expose(home)
    result = await say(text)
    assert result.response.response_type is IntentResponseType.ACTION_DONE, answer(result)
    await home.async_block_till_done(wait_background_tasks=True)
    assert executed(simulator, model) == ([] if command is None else [command])


async def test_a_temperature_is_that_of_the_next_start(home: HomeAssistant, simulator: Simulator, say: Say) -> None:
    expose(home)
    await say("set the LEAF climate to 23 degrees")
    await say("turn on the LEAF climate")
    await home.async_block_till_done(wait_background_tasks=True)
    assert executed(simulator, "Leaf") == [StartClimate(23)]


@pytest.mark.parametrize(
    ("text", "entity_id", "answered"),
    [
        ("what is the LEAF battery", "sensor.leaf_battery", "Leaf battery is {} %"),
        ("what is the LEAF battery level", "sensor.leaf_battery", "Leaf battery is {} %"),
        ("what is the LEAF range", "sensor.leaf_range", "Leaf range is {} km"),
        ("what is the LEAF charging status", "sensor.leaf_charging_status", "Leaf charging status is {}"),
        ("is Ariya charging on", "switch.ariya_charging", "No, {}"),
        ("is the Ariya charging", "switch.ariya_charging", "Ariya charging is {}"),
        ("is the Qashqai lock locked", "lock.qashqai_lock", "Yes"),
        ("is the Qashqai locked", "lock.qashqai_lock", "Qashqai lock is {}"),
    ],
)
async def test_what_is_asked_is_answered(
    home: HomeAssistant, simulator: Simulator, text: str, entity_id: str, answered: str, say: Say
) -> None:
    expose(home)
    result = await say(text)
    shown = re.sub(r"\.0$", "", state(home, entity_id).state)
    assert answer(result) == answered.format(shown)
    assert simulator.requests["actions"] == 0


@pytest.fixture
def german(hass: HomeAssistant) -> None:
    """Entities have German names."""
    hass.config.language = "de"


@pytest.mark.parametrize(
    ("text", "model", "command"),
    [
        ("schalte LEAF Klima ein", "Leaf", StartClimate(21)),
        ("schalte die LEAF Klima aus", "Leaf", None),  # sie ist aus
        ("setze die Temperatur von Ariya Klima auf 22 Grad", "Ariya", None),
        ("schalte Ariya Laden ein", "Ariya", StartCharging()),
        ("schalte Ariya Laden aus", "Ariya", StopCharging()),
    ],
)
async def test_was_gesagt_wird_wird_getan(
    german: None, home: HomeAssistant, simulator: Simulator, text: str, model: str, command: Command | None, say: Say
) -> None:
    expose(home)
    result = await say(text, "de")
    assert result.response.response_type is IntentResponseType.ACTION_DONE, answer(result)
    await home.async_block_till_done(wait_background_tasks=True)
    assert executed(simulator, model) == ([] if command is None else [command])


@pytest.mark.parametrize(
    ("text", "entity_id", "answered"),
    [
        ("wie ist LEAF Batterie", "sensor.leaf_batterie", "Leaf batterie ist {} %"),
        ("wie ist LEAF Reichweite", "sensor.leaf_reichweite", "Leaf reichweite ist {} km"),
        ("wie ist der LEAF Ladestatus", "sensor.leaf_ladestatus", "Leaf ladestatus ist {}"),
        ("ist Ariya Laden an", "switch.ariya_laden", "Nein, aus"),
        ("ist das Qashqai Schloss verriegelt", "lock.qashqai_schloss", "Ja"),
    ],
)
async def test_was_gefragt_wird_wird_beantwortet(
    german: None, home: HomeAssistant, simulator: Simulator, text: str, entity_id: str, answered: str, say: Say
) -> None:
    expose(home)
    result = await say(text, "de")
    assert answer(result) == answered.format(re.sub(r"\.0$", "", state(home, entity_id).state))
    assert simulator.requests["actions"] == 0


VOICE = PAGES["docs/voice.md"]
PROMISED = [
    [cell.strip().rstrip("?").split("? · ") for cell in row.strip("| ").replace(" · ", "? · ").split(" | ")]
    for row in re.findall(r"^\| .*$", VOICE, re.MULTILINE)[1:]
    if "---" not in row
]
"""The table's sentences, row by row in English and German."""


@pytest.fixture(params=["en", "de"])
def language(hass: HomeAssistant, request: pytest.FixtureRequest) -> str:
    """Entities have the names of that language."""
    hass.config.language = request.param
    return hass.config.language


async def test_every_sentence_of_the_table_works(
    language: str, home: HomeAssistant, simulator: Simulator, say: Say
) -> None:
    expose(home)
    sentences = [sentence for row in PROMISED for sentence in row[language == "de"]]
    assert len(sentences) >= 10
    for sentence in sentences:
        if re.search(r"^(lock|sperre)\b", sentence):
            continue  # without a PIN nothing moves, see below
        result = await say(sentence, language)
        expected = {IntentResponseType.ACTION_DONE, IntentResponseType.QUERY_ANSWER}
        assert result.response.response_type in expected, (sentence, answer(result))
        await home.async_block_till_done(wait_background_tasks=True)
    assert StartClimate(21) in executed(simulator, "Leaf")
    assert StopClimate() in executed(simulator, "Leaf"), "it was really on"
    assert executed(simulator, "Ariya") == [StartCharging(), StopCharging()]


async def test_what_assist_is_said_not_to_understand(home: HomeAssistant, simulator: Simulator, say: Say) -> None:
    """These are on the page so that nobody tries them in vain; should they work one day, it is to be changed."""
    expose(home)
    (listed,) = re.findall(r"working\s+sentence for (.*?)\. Yours can be added", VOICE, re.DOTALL)
    sentences = [re.sub(r"\s+", " ", each).rstrip("?") for each in re.findall(r"\*(.*?)\*", listed, re.DOTALL)]
    assert len(sentences) == 5
    for sentence in sentences:
        result = await say(sentence)
        assert result.response.response_type is IntentResponseType.ERROR, (sentence, answer(result))
    assert simulator.requests["actions"] == 0


async def test_what_is_exposed_without_asking(home: HomeAssistant) -> None:
    def exposed(entity_id: str) -> bool:
        return async_should_expose(home, conversation.DOMAIN, state(home, entity_id).entity_id)

    assert all(map(exposed, ("climate.leaf_climate", "switch.ariya_charging", "sensor.leaf_outside_temperature")))
    theirs = ("sensor.leaf_battery", "sensor.leaf_range", "sensor.leaf_charging_status", "lock.qashqai_lock")
    assert not any(map(exposed, theirs))


@pytest.mark.parametrize("text", ["is the LEAF charging", "lädt der LEAF"])
async def test_the_sentences_of_the_page(home: HomeAssistant, simulator: Simulator, text: str, say: Say) -> None:
    """Assist has no sentence about charging of its own, for a car without a switch."""
    (automation,) = blocks("docs/voice.md", "yaml")
    assert await async_setup_component(home, "automation", {"automation": parse_yaml(automation)})
    assert answer(await say(text)) == "No, it has 85 %"


@pytest.mark.parametrize(
    ("language", "sentences"),
    [
        ("en", ("unlock the Ariya lock", "lock the Ariya lock")),
        ("de", ("sperre das Ariya Schloss auf", "sperre das Ariya Schloss ab")),
    ],
)
async def test_a_lock_without_a_pin(
    hass: HomeAssistant, simulator: Simulator, language: str, sentences: tuple[str, str], say: Say
) -> None:
    """The simulated garage in process has one."""
    hass.config.language = language
    for component in ("homeassistant", "conversation", "intent"):
        assert await async_setup_component(hass, component, {})
    options = {OPTION_ANSWER_AT_ONCE: True}
    demo = MockConfigEntry(domain=DOMAIN, unique_id="demo", data={CONF_SOURCE: "demo"}, options=options)
    await set_up(hass, demo)
    expose(hass)
    ariya = demo.runtime_data.backend.find(demo.runtime_data.vehicles[ARIYA.key].info)
    for text, locked in zip(sentences, (False, True), strict=True):
        result = await say(text, language)
        assert result.response.response_type is IntentResponseType.ACTION_DONE, answer(result)
        await hass.async_block_till_done(wait_background_tasks=True)
        assert ariya.locked is locked


@pytest.fixture
async def locked(hass: HomeAssistant, ready: MockConfigEntry, equipped: Simulator) -> Simulator:  # noqa: F811
    """A Qashqai whose lock takes a PIN, and which its owner calls just that."""
    for component in ("homeassistant", "conversation", "intent"):
        assert await async_setup_component(hass, component, {})
    hass.config_entries.async_update_entry(ready, options={OPTION_ANSWER_AT_ONCE: True})
    await hass.async_block_till_done(wait_background_tasks=True)
    er.async_get(hass).async_update_entity(LOCK, aliases=[er.COMPUTED_NAME, "Qashqai"])
    expose(hass)
    equipped.reset_counters()
    return equipped


@pytest.mark.parametrize(
    ("text", "language", "answered"),
    [
        ("unlock the Qashqai", "en", "An unexpected error occurred"),
        ("unlock the Qashqai lock", "en", "An unexpected error occurred"),
        ("lock the Qashqai", "en", "An unexpected error occurred"),
        ("sperre den Qashqai auf", "de", "Es ist ein unerwarteter Fehler aufgetreten"),
        ("schließe den Qashqai ab", "de", "Es ist ein unerwarteter Fehler aufgetreten"),
    ],
)
async def test_without_the_pin_the_lock_is_not_moved_by_voice(
    hass: HomeAssistant, locked: Simulator, text: str, language: str, answered: str, say: Say
) -> None:
    result = await say(text, language)
    assert result.response.response_type is IntentResponseType.ERROR
    assert answer(result) == answered, "core has no words for why"
    await hass.async_block_till_done(wait_background_tasks=True)
    assert locked.requests["actions"] == locked.requests["wakes"] == 0
    assert locked.vehicle("Qashqai").body.locked


async def test_a_default_code_is_the_owners_consent(hass: HomeAssistant, locked: Simulator, say: Say) -> None:
    er.async_get(hass).async_update_entity_options(LOCK, "lock", {CONF_DEFAULT_CODE: PIN})
    result = await say("unlock the Qashqai")
    assert result.response.response_type is IntentResponseType.ACTION_DONE
    await hass.async_block_till_done(wait_background_tasks=True)
    assert executed(locked, "Qashqai")[-1] == Unlock()


type Ask = Callable[..., Any]


async def google(hass: HomeAssistant, clock: Clock, user: MockUser) -> Ask:
    """Google Assistant as it is when it is set up by hand, with a PIN of its own."""
    options = {"project_id": "test", "secure_devices_pin": "1234"}
    assert await async_setup_component(hass, "google_assistant", {"google_assistant": options})
    (entry,) = hass.config_entries.async_entries("google_assistant")

    async def ask(intent: str, **payload: Any) -> Any:
        message = {"requestId": "1", "inputs": [{"intent": f"action.devices.{intent}", "payload": payload}]}
        with clock.asking():
            response = await async_handle_google(hass, entry.runtime_data, user.id, user.id, message, "cloud")  # type: ignore[no-untyped-call]
        return response["payload"]

    return ask


def execution(entity_id: str, command: str, challenge: str | None = None, **params: Any) -> dict[str, Any]:
    told: dict[str, Any] = {"command": f"action.devices.commands.{command}", "params": params}
    if challenge is not None:
        told["challenge"] = {"pin": challenge}
    return {"commands": [{"devices": [{"id": entity_id}], "execution": [told]}]}


TRAITS = {
    "climate.leaf_climate": "TemperatureSetting",
    "lock.qashqai_lock": "LockUnlock",
    "switch.ariya_charging": "OnOff",
}


async def test_google_knows_the_vehicles(
    home: HomeAssistant, simulator: Simulator, hass_admin_user: MockUser, clock: Clock
) -> None:
    ask = await google(home, clock, hass_admin_user)
    devices = {device["id"]: device for device in (await ask("SYNC"))["devices"]}
    for entity_id, trait in TRAITS.items():
        assert f"action.devices.traits.{trait}" in devices[entity_id]["traits"]
        assert devices[entity_id]["name"]["name"] == state(home, entity_id).name
    told = (await ask("QUERY", devices=[{"id": entity_id} for entity_id in TRAITS]))["devices"]
    assert told["climate.leaf_climate"]["thermostatMode"] == "off"
    assert told["lock.qashqai_lock"]["isLocked"] is True
    assert told["switch.ariya_charging"]["on"] is False
    assert all(each["online"] for each in told.values())
    assert simulator.car("Leaf").vin not in str(devices)


@pytest.mark.parametrize(
    ("entity_id", "command", "params", "model", "done"),
    [
        ("climate.leaf_climate", "ThermostatSetMode", {"thermostatMode": "heatcool"}, "Leaf", StartClimate(21)),
        ("switch.ariya_charging", "OnOff", {"on": True}, "Ariya", StartCharging()),
    ],
)
async def test_google_commands_vehicles(
    home: HomeAssistant,
    simulator: Simulator,
    hass_admin_user: MockUser,
    entity_id: str,
    command: str,
    params: dict[str, Any],
    model: str,
    done: Command,
    clock: Clock,
) -> None:
    ask = await google(home, clock, hass_admin_user)
    (result,) = (await ask("EXECUTE", **execution(entity_id, command, **params)))["commands"]
    assert result["status"] == "SUCCESS"
    await home.async_block_till_done(wait_background_tasks=True)
    assert executed(simulator, model) == [done]


async def test_google_does_not_unlock_without_the_pin_of_the_vehicle(
    hass: HomeAssistant, locked: Simulator, hass_admin_user: MockUser, clock: Clock
) -> None:
    """Google's own PIN opens the way to Home Assistant, not the door."""
    ask = await google(hass, clock, hass_admin_user)
    (result,) = (await ask("EXECUTE", **execution(LOCK, "LockUnlock", lock=False)))["commands"]
    assert (result["errorCode"], result["challengeNeeded"]) == ("challengeNeeded", {"type": "pinNeeded"})
    refused = await ask("EXECUTE", **execution(LOCK, "LockUnlock", challenge="1234", lock=False))
    assert refused["errorCode"] == "unknownError"
    assert locked.requests["wakes"] == 0

    er.async_get(hass).async_update_entity_options(LOCK, "lock", {CONF_DEFAULT_CODE: PIN})
    await hass.async_block_till_done()
    (result,) = (await ask("EXECUTE", **execution(LOCK, "LockUnlock", challenge="1234", lock=False)))["commands"]
    assert result["status"] == "SUCCESS"
    await hass.async_block_till_done(wait_background_tasks=True)
    assert executed(locked, "Qashqai")[-1] == Unlock()


async def alexa(hass: HomeAssistant, clock: Clock) -> Ask:
    """Alexa as it is when it is set up by hand."""
    config = AlexaConfig(hass, SMART_HOME_SCHEMA({"locale": "en-GB"}))
    await config.async_initialize()

    async def ask(namespace: str, name: str, entity_id: str | None = None, **payload: Any) -> Any:
        header = {"namespace": namespace, "name": name, "messageId": uuid4().hex, "payloadVersion": "3"}
        directive: dict[str, Any] = {"header": header, "payload": payload}
        if entity_id is not None:
            directive["endpoint"] = {"endpointId": entity_id.replace(".", "#")}
        with clock.asking():
            response = await async_handle_alexa(hass, config, {"directive": directive})
        return response["event"]

    return ask


INTERFACES = {
    "climate.leaf_climate": "Alexa.ThermostatController",
    "lock.qashqai_lock": "Alexa.LockController",
    "switch.ariya_charging": "Alexa.PowerController",
}


async def test_alexa_knows_the_vehicles(home: HomeAssistant, simulator: Simulator, clock: Clock) -> None:
    found = await (await alexa(home, clock))("Alexa.Discovery", "Discover")
    endpoints = {each["endpointId"].replace("#", "."): each for each in found["payload"]["endpoints"]}
    for entity_id, interface in INTERFACES.items():
        assert interface in {each["interface"] for each in endpoints[entity_id]["capabilities"]}
        assert endpoints[entity_id]["friendlyName"] == state(home, entity_id).name
    assert simulator.car("Leaf").vin not in str(found)


@pytest.mark.parametrize(
    ("entity_id", "directive", "payload", "model", "done"),
    [
        ("climate.leaf_climate", "ThermostatController.SetThermostatMode", "AUTO", "Leaf", StartClimate(21)),
        ("climate.leaf_climate", "PowerController.TurnOn", None, "Leaf", StartClimate(21)),
        ("switch.ariya_charging", "PowerController.TurnOn", None, "Ariya", StartCharging()),
    ],
)
async def test_alexa_commands_vehicles(
    home: HomeAssistant,
    simulator: Simulator,
    entity_id: str,
    directive: str,
    payload: str | None,
    model: str,
    done: Command,
    clock: Clock,
) -> None:
    namespace, _, name = f"Alexa.{directive}".rpartition(".")
    told = {} if payload is None else {"thermostatMode": {"value": payload}}
    response = await (await alexa(home, clock))(namespace, name, entity_id, **told)
    assert response["header"]["name"] == "Response"
    await home.async_block_till_done(wait_background_tasks=True)
    assert executed(simulator, model) == [done]


async def test_alexa_does_not_unlock_without_the_pin_of_the_vehicle(
    hass: HomeAssistant, locked: Simulator, clock: Clock
) -> None:
    await (await alexa(hass, clock))("Alexa.LockController", "Unlock", LOCK)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert locked.requests["wakes"] == 0
    assert locked.vehicle("Qashqai").body.locked
