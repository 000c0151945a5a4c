"""Our side of MQTT, on Home Assistant's own MQTT integration; the test is the broker behind its client."""

import asyncio
from contextlib import suppress
from typing import Any

from homeassistant.components import mqtt
from homeassistant.core import HomeAssistant
from homeassistant.helpers.dispatcher import DATA_DISPATCHER
import pytest
from pytest_homeassistant_custom_component.common import MockMqttReasonCode, async_fire_mqtt_message
from pytest_homeassistant_custom_component.typing import MqttMockHAClientGenerator, MqttMockPahoClient

from custom_components.nissanconnect import mqtt_client
from custom_components.nissanconnect.backends.base import MqttMessage
from custom_components.nissanconnect.mqtt_client import MqttBus
from custom_components.nissanconnect.vehicle import NoBroker

# The MQTT integration leaves its misc timer to the end of Home Assistant.
pytestmark = pytest.mark.parametrize("expected_lingering_timers", [True])

TOPIC = "ovms/ada/#"
NUMBER = 1000
"""Of the request to subscribe to it."""


class Broker:
    """A broker that acknowledges the subscription to ``TOPIC`` when it is told to, and all others at once."""

    def __init__(self, client: MqttMockPahoClient) -> None:
        self.asked = asyncio.Event()
        self._client = client
        self._agree = client.subscribe.side_effect
        client.subscribe.side_effect = self._subscribe

    def _subscribe(self, topics: str | list[tuple[str, int]], *_: Any, **__: Any) -> tuple[int, int]:
        listed = [topics] if isinstance(topics, str) else [topic for topic, _ in topics]
        if TOPIC not in listed:
            accepted: tuple[int, int] = self._agree(topics)
            return accepted
        self.asked.set()
        return 0, NUMBER

    def acknowledge(self) -> None:
        """Agree."""
        self._client.on_subscribe(self._client, None, NUMBER, [MockMqttReasonCode()], None)


@pytest.fixture
async def broker(
    mock_hass_config: None,
    mqtt_client_mock: MqttMockPahoClient,
    mqtt_mock_entry: MqttMockHAClientGenerator,
    monkeypatch: pytest.MonkeyPatch,
) -> Broker:
    """The broker, which Home Assistant is connected to, without the time for which it gathers subscriptions."""
    for wait in ("INITIAL_SUBSCRIBE_COOLDOWN", "SUBSCRIBE_COOLDOWN", "UNSUBSCRIBE_COOLDOWN"):
        monkeypatch.setattr(mqtt.client, wait, 0)
    await mqtt_mock_entry()
    return Broker(mqtt_client_mock)


def waiting(hass: HomeAssistant) -> int:
    """How many wait for a subscription to be acknowledged."""
    return len(hass.data[DATA_DISPATCHER].get(mqtt.const.MQTT_PROCESSED_SUBSCRIPTIONS, {}))


def unwanted(message: MqttMessage) -> None:
    pytest.fail(f"{message.topic} reached whoever has not subscribed")


async def test_without_the_mqtt_integration_there_is_no_broker(hass: HomeAssistant) -> None:
    bus = MqttBus(hass)
    assert bus.connected is False
    with pytest.raises(NoBroker):
        await bus.subscribe(TOPIC, lambda message: None)
    with pytest.raises(NoBroker):
        await bus.publish("a", "b")


async def test_subscribing_ends_when_the_broker_has_agreed(hass: HomeAssistant, broker: Broker) -> None:
    bus, messages = MqttBus(hass), list[MqttMessage]()
    assert bus.connected is True
    task = asyncio.ensure_future(bus.subscribe(TOPIC, messages.append))
    await broker.asked.wait()
    await asyncio.wait([task], timeout=0.05)
    assert not task.done(), "it has not been acknowledged"
    broker.acknowledge()
    unsubscribe = await task
    assert waiting(hass) == 0, "nobody waits for what has come"

    async_fire_mqtt_message(hass, "ovms/ada/LEAF40/metric/v/type", b"\xff", retain=True)
    async_fire_mqtt_message(hass, "ovms/bob/LEAF40/metric/v/type", b"RT")
    assert messages == [MqttMessage("ovms/ada/LEAF40/metric/v/type", b"\xff", retain=True)]
    unsubscribe()
    async_fire_mqtt_message(hass, "ovms/ada/LEAF40/metric/v/type", b"NL")
    assert len(messages) == 1


async def test_a_broker_that_does_not_agree_is_given_up(
    hass: HomeAssistant, broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mqtt_client, "_SUBSCRIBE_LIMIT", 0.05)
    with pytest.raises(NoBroker):
        await MqttBus(hass).subscribe(TOPIC, unwanted)
    assert waiting(hass) == 0
    async_fire_mqtt_message(hass, "ovms/ada/LEAF40/metric/v/type", b"NL")
    broker.acknowledge()


async def test_whoever_no_longer_wants_to_subscribe_has_not(hass: HomeAssistant, broker: Broker) -> None:
    task = asyncio.ensure_future(MqttBus(hass).subscribe(TOPIC, unwanted))
    await broker.asked.wait()
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
    assert task.cancelled()
    assert waiting(hass) == 0
    async_fire_mqtt_message(hass, "ovms/ada/LEAF40/metric/v/type", b"NL")
    broker.acknowledge()
