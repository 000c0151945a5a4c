"""Home Assistant's MQTT integration as what ``backends.ovms`` needs of MQTT: its broker, its connection, its log-in.

Imported when a source needs it, because most owners have no broker.
"""

import asyncio
from collections.abc import Callable

from homeassistant.components.mqtt import (
    DATA_MQTT,
    ReceiveMessage,
    async_on_subscribe_done,
    async_publish,
    async_subscribe,
    async_subscribe_connection_status,
    is_connected,
)
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError

from .backends.base import MessageListener, MqttMessage
from .vehicle import NoBroker

_QOS = 0
"""Whatever waits for us at the broker would come too late to be acted upon."""

_SUBSCRIBE_LIMIT = 15
"""Seconds. Home Assistant gathers subscriptions for a while before it sends them."""


class MqttBus:
    """A :class:`~.backends.base.MessageBus` over the MQTT integration, whether or not that is set up yet."""

    def __init__(self, hass: HomeAssistant) -> None:
        self._hass = hass

    @property
    def connected(self) -> bool:
        """Whether the MQTT integration is set up and its broker is there."""
        return DATA_MQTT in self._hass.data and is_connected(self._hass)

    async def subscribe(self, topic: str, on_message: MessageListener) -> Callable[[], None]:
        """Have ``on_message`` called for what fits ``topic``; returns when the broker has agreed."""

        @callback
        def received(message: ReceiveMessage) -> None:
            payload = message.payload
            on_message(
                MqttMessage(
                    message.topic,
                    payload.encode() if isinstance(payload, str) else bytes(payload),
                    retain=message.retain,
                )
            )

        agreed = asyncio.Event()
        try:
            # Without an encoding: Home Assistant would log what is no text, and with it what may be a place.
            unsubscribe = await async_subscribe(self._hass, topic, received, _QOS, encoding=None)
        except HomeAssistantError as err:
            raise NoBroker from err
        stop_waiting = async_on_subscribe_done(self._hass, topic, _QOS, agreed.set)
        try:
            async with asyncio.timeout(_SUBSCRIBE_LIMIT):
                await agreed.wait()
        except TimeoutError:
            unsubscribe()
            raise NoBroker from None
        except BaseException:
            unsubscribe()
            raise
        finally:
            stop_waiting()
        return unsubscribe

    async def publish(self, topic: str, payload: str, *, qos: int = 0) -> None:
        """Publish a message that the broker does not retain."""
        try:
            await async_publish(self._hass, topic, payload, qos, False)
        except HomeAssistantError as err:
            raise NoBroker from err

    def on_connection(self, changed: Callable[[bool], None]) -> Callable[[], None]:
        """Have ``changed`` called when the broker comes or goes."""
        return async_subscribe_connection_status(self._hass, callback(changed))
