"""What this backend needs of MQTT: to hear, to speak, and to know whether the broker is there."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

type Listener = Callable[[Message], None]


@dataclass(frozen=True, slots=True)
class Message:
    """What the broker handed over. ``retain``: it had kept it, so nobody knows when it was said."""

    topic: str = field(repr=False)
    payload: bytes = field(repr=False)
    retain: bool = False


class MessageBus(Protocol):
    """A connection to a broker that somebody else keeps alive; subscriptions outlive its interruptions."""

    @property
    def connected(self) -> bool:
        """Whether the broker is there."""

    async def subscribe(self, topic: str, on_message: Listener) -> Callable[[], None]:
        """Have ``on_message`` called for whatever fits a topic filter; return how to end that.

        Returns when the broker has agreed, so that no answer to what is said afterwards gets lost. What it has kept
        comes first, with ``retain``. Raises :class:`~...vehicle.NoBroker`.
        """

    async def publish(self, topic: str, payload: str, *, qos: int = 0) -> None:
        """Say something, which the broker does not keep. Raises :class:`~...vehicle.NoBroker` if it cannot."""

    def on_connection(self, changed: Callable[[bool], None]) -> Callable[[], None]:
        """Have ``changed`` called when the broker comes or goes; return how to end that."""
