"""What the page on many vehicles sets up: other databases, and the state of all vehicles on a real broker."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

from homeassistant.components import influxdb, mqtt, mqtt_statestream, recorder
from homeassistant.const import EVENT_HOMEASSISTANT_STOP
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.entityfilter import convert_include_exclude_filter
from homeassistant.setup import async_setup_component
from homeassistant.util.yaml import parse_yaml
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from sqlalchemy import make_url

from .conftest import set_up, until
from .mosquitto import MISSING, USERS, Mosquitto, program
from .mqtt_home import mqtt_entry
from .pages import blocks
from .simulator import Simulator
from .simulator.ovms.paho_link import PahoLink
from .test_privacy import secrets

PAGE = "docs/fleets.md"
POSITIONS = "device_tracker"


def configurations(component: str) -> list[dict[str, Any]]:
    """What the page has Home Assistant configured with, for a component."""
    parsed: list[Any] = [parse_yaml(block) for block in blocks(PAGE, "yaml")]
    return [each for each in parsed if component in each]


def test_the_page_configures_nothing_else() -> None:
    assert [list(parse_yaml(block)) for block in blocks(PAGE, "yaml")] == [
        ["recorder"],
        ["recorder"],
        ["influxdb"],
        ["mqtt_statestream"],
    ]


def test_both_databases_are_some_that_the_recorder_knows() -> None:
    urls = [make_url(recorder.CONFIG_SCHEMA(each)["recorder"]["db_url"]) for each in configurations("recorder")]
    assert [url.get_backend_name() for url in urls] == ["postgresql", "mysql"]
    assert {url.get_backend_name() for url in urls} < set(recorder.const.SupportedDialect)


async def test_influxdb_gets_the_named_vehicle_and_no_position(hass: HomeAssistant, loaded: MockConfigEntry) -> None:
    [configuration] = configurations("influxdb")
    sends = convert_include_exclude_filter(influxdb.CONFIG_SCHEMA(configuration)["influxdb"])
    sent = {each for each in hass.states.async_entity_ids() if sends(each)}
    assert {each.partition(".")[0] for each in sent} == {"sensor", "binary_sensor", "event"}
    assert {each.partition(".")[2].partition("_")[0] for each in sent} == {"leaf"}


# On a broker


class Reader:
    """Another program, which connects to the broker now and reads what it has kept."""

    def __init__(self, port: int) -> None:
        """Connect."""
        self.topics: dict[str, str] = {}
        self._link = PahoLink(
            asyncio.get_running_loop(), port=port, client="reader", username="leafcar", password=USERS["leafcar"]
        )
        self._link.open(("reader", "gone"), ["fleet/#"], self._on_message, lambda: None)

    def _on_message(self, topic: str, payload: bytes) -> None:
        self.topics[topic] = payload.decode()

    def close(self) -> None:
        """Disconnect."""
        self._link.cut()


@pytest.fixture
def broker(socket_enabled: None, tmp_path: Path) -> Iterator[Mosquitto]:
    """A broker that runs."""
    broker = Mosquitto(tmp_path)
    broker.start()
    yield broker
    broker.stop()


@pytest.fixture
async def broker_entry(hass: HomeAssistant, broker: Mosquitto, tmp_path: Path) -> AsyncIterator[MockConfigEntry]:
    """The broker, as Home Assistant knows it, connected."""
    entry = mqtt_entry(hass, broker, tmp_path)
    entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await until(hass, lambda: mqtt.is_connected(hass))
    yield entry
    hass.bus.async_fire(EVENT_HOMEASSISTANT_STOP)  # so that the stream ends before the connection does
    await hass.async_block_till_done()
    await hass.config_entries.async_unload(entry.entry_id)


async def streamed(
    hass: HomeAssistant, entry: MockConfigEntry, broker: Mosquitto, configuration: dict[str, Any]
) -> dict[str, str]:
    """Have the account loaded while its states are streamed; return what the broker has of them afterwards."""
    assert await async_setup_component(hass, "mqtt_statestream", configuration)
    await set_up(hass, entry)
    sends = convert_include_exclude_filter(mqtt_statestream.CONFIG_SCHEMA(configuration)["mqtt_statestream"])
    registered = er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id)
    states = [state for each in registered if sends(each.entity_id) and (state := hass.states.get(each.entity_id))]
    topics = {state: f"fleet/{state.domain}/{state.object_id}" for state in states}
    expected = {f"{topic}/state": state.state for state, topic in topics.items()}
    attributes = {f"{topic}/{name}" for state, topic in topics.items() for name in state.attributes}
    assert len(expected) > 20
    reader = Reader(broker.port)
    try:
        await until(hass, lambda: reader.topics.items() >= expected.items() and reader.topics.keys() >= attributes)
    finally:
        reader.close()
    assert {topic for topic in reader.topics if topic.endswith("/state")} == expected.keys()
    return reader.topics


@pytest.mark.skipif(program("mosquitto") is None or program("mosquitto_passwd") is None, reason=MISSING)
# The MQTT integration leaves its misc timer to the end of Home Assistant.
@pytest.mark.parametrize("expected_lingering_timers", [True])
@pytest.mark.parametrize("with_positions", [False, True])
@pytest.mark.usefixtures("broker_entry")
async def test_the_state_of_all_vehicles_is_kept_by_the_broker_and_nothing_secret(
    hass: HomeAssistant, simulator: Simulator, entry: MockConfigEntry, broker: Mosquitto, with_positions: bool
) -> None:
    [configuration] = configurations("mqtt_statestream")
    globs: list[str] = configuration["mqtt_statestream"]["include"]["entity_globs"]
    assert all(each.endswith(".leaf_*") for each in globs)
    globs[:] = [each.replace("leaf_*", "*") for each in globs]  # of all vehicles
    if with_positions:
        globs.append(f"{POSITIONS}.*")
    topics = await streamed(hass, entry, broker, configuration)

    assert {topic.split("/")[2].partition("_")[0] for topic in topics} == {"leaf", "ariya", "qashqai"}
    told = {topic for topic, payload in topics.items() for secret in secrets(simulator, entry) if secret in payload}
    assert {topic.split("/")[1] for topic in told} == ({POSITIONS} if with_positions else set())
    assert {topic.split("/")[3] for topic in told} <= {"latitude", "longitude"}
    assert not [topic for topic in topics for secret in secrets(simulator, entry) if secret in topic]
