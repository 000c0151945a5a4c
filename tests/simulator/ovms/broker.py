"""As much of an MQTT broker as unit tests need, without a network: kept messages, wildcards, last wills."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from custom_components.nissanconnect.backends.base import MessageListener, MqttMessage
from custom_components.nissanconnect.vehicle import NoBroker


def fits(topic: str, pattern: str) -> bool:
    """Whether a topic is one that a filter stands for, as MQTT 3.1.1 §4.7 has it."""
    levels, wanted = topic.split("/"), pattern.split("/")
    if wanted[-1] == "#":
        wanted, levels = wanted[:-1], levels[: len(wanted) - 1]
    return len(levels) == len(wanted) and all(want in ("+", level) for want, level in zip(wanted, levels, strict=True))


@dataclass(eq=False, slots=True)
class _Subscription:
    pattern: str
    listener: MessageListener


@dataclass(slots=True)
class MemoryBroker:
    """A broker; ``up`` is whether it runs. What is published reaches its listeners before publishing returns."""

    up: bool = True
    kept: dict[str, bytes] = field(default_factory=dict)
    subscriptions: list[_Subscription] = field(default_factory=list)
    links: list[MemoryLink] = field(default_factory=list)
    watchers: list[Callable[[bool], None]] = field(default_factory=list)

    def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        """Hand a message to whom it concerns; an empty one to be kept deletes what is."""
        if retain and payload:
            self.kept[topic] = payload
        elif retain:
            self.kept.pop(topic, None)
        for each in [*self.subscriptions]:
            if fits(topic, each.pattern):
                each.listener(MqttMessage(topic, payload))

    def subscribe(self, pattern: str, listener: MessageListener) -> Callable[[], None]:
        """Hand over what is kept, then whatever comes."""
        subscription = _Subscription(pattern, listener)
        self.subscriptions.append(subscription)
        for topic, payload in [*self.kept.items()]:
            if fits(topic, pattern):
                listener(MqttMessage(topic, payload, retain=True))
        return lambda: self.subscriptions.remove(subscription) if subscription in self.subscriptions else None

    def stop(self, *, forget: bool = False) -> None:
        """Go away, with all connections; ``forget`` what was kept, as a broker without persistence does."""
        self.up = False
        self.subscriptions.clear()
        for link in [*self.links]:
            link.lost()
        if forget:
            self.kept.clear()
        for watcher in [*self.watchers]:
            watcher(False)

    def start(self) -> None:
        """Come back."""
        self.up = True
        for watcher in [*self.watchers]:
            watcher(True)


@dataclass(slots=True)
class MemoryBus:
    """Our side of the broker; ``published`` is all that was said, as topic, payload and quality of service."""

    broker: MemoryBroker
    published: list[tuple[str, str, int]] = field(default_factory=list)

    @property
    def connected(self) -> bool:
        return self.broker.up

    async def subscribe(self, topic: str, on_message: MessageListener) -> Callable[[], None]:
        self._check()
        return self.broker.subscribe(topic, on_message)

    async def publish(self, topic: str, payload: str, *, qos: int = 0) -> None:
        self._check()
        self.published.append((topic, payload, qos))
        self.broker.publish(topic, payload.encode())

    def on_connection(self, changed: Callable[[bool], None]) -> Callable[[], None]:
        self.broker.watchers.append(changed)
        return lambda: self.broker.watchers.remove(changed)

    def _check(self) -> None:
        if not self.broker.up:
            raise NoBroker("broker is down")


class MemoryLink:
    """The module's side of the broker."""

    def __init__(self, broker: MemoryBroker) -> None:
        """Prepare; it is not connected yet."""
        self._broker = broker
        self._will: tuple[str, str] | None = None
        self._ends: list[Callable[[], None]] = []

    def open(
        self,
        will: tuple[str, str],
        filters: Sequence[str],
        on_message: Callable[[str, bytes], None],
        on_connected: Callable[[], None],
    ) -> None:
        """Connect; the last will is published, and kept, whenever the connection ends."""
        assert self._broker.up
        self._will = will
        self._broker.links.append(self)
        self._ends = [
            self._broker.subscribe(each, lambda message: on_message(message.topic, message.payload)) for each in filters
        ]
        on_connected()

    def publish(self, topic: str, payload: str, *, qos: int = 0, retain: bool = False) -> None:
        """Say something; without a connection nobody hears it."""
        if self in self._broker.links:
            self._broker.publish(topic, payload.encode(), retain=retain)

    def cut(self) -> None:
        """Lose the connection without a word."""
        if self in self._broker.links:
            self.lost()
            if self._will is not None:
                self._broker.publish(self._will[0], self._will[1].encode(), retain=True)

    def lost(self) -> None:
        """The broker went away, and the last will with it."""
        for end in self._ends:
            end()
        self._broker.links.remove(self)
