"""The module's side of a real broker, as paho-mqtt speaks it (ovms §1.2)."""

from asyncio import AbstractEventLoop
from collections.abc import Callable, Sequence
from typing import Any

from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion


class PahoLink:
    """A session that the broker keeps, as it does for a module. What arrives is handed over in the event loop."""

    def __init__(self, loop: AbstractEventLoop, *, port: int, client: str, username: str, password: str) -> None:
        """Prepare; it is not connected yet."""
        self._loop = loop
        self._port = port
        self._client_id = client
        self._credentials = username, password
        self._client: Client | None = None

    def open(
        self,
        will: tuple[str, str],
        filters: Sequence[str],
        on_message: Callable[[str, bytes], None],
        on_connected: Callable[[], None],
    ) -> None:
        """Connect, and again whenever the broker comes back."""
        client = Client(CallbackAPIVersion.VERSION2, client_id=self._client_id, clean_session=False)
        client.username_pw_set(*self._credentials)
        client.will_set(*will, retain=True)
        client.reconnect_delay_set(1, 1)

        def connected(*_: Any) -> None:
            client.subscribe([(each, 0) for each in filters])
            self._loop.call_soon_threadsafe(on_connected)

        def received(_client: Client, _data: Any, message: MQTTMessage) -> None:
            self._loop.call_soon_threadsafe(on_message, message.topic, message.payload)

        client.on_connect = connected
        client.on_message = received
        client.connect("127.0.0.1", self._port)
        client.loop_start()
        self._client = client

    def publish(self, topic: str, payload: str, *, qos: int = 0, retain: bool = False) -> None:
        """Say something; without a connection nobody hears it."""
        if self._client is not None and self._client.is_connected():
            self._client.publish(topic, payload, qos, retain)

    def cut(self) -> None:
        """Lose the connection without a word, for good; the broker publishes the last will."""
        if self._client is None:
            return
        client, self._client = self._client, None
        client.loop_stop()
        if (socket := client.socket()) is not None:
            socket.close()
