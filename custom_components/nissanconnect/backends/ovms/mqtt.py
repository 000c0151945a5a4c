"""The MQTT topics of a module (ovms §1.1), and the subscription to them."""

from asyncio import Lock, gather
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Self

from ..base import MessageBus, MessageListener

_LONGEST = 200
_METRICS = "metric/"
_NOTIFICATIONS = "notify/"


@dataclass(frozen=True, slots=True)
class Topics:
    """The topics of one module. ``prefix`` is the beginning of all, as the module has it, with or without a slash."""

    prefix: str = field(repr=False)

    @classmethod
    def of(cls, prefix: str, user: str = "", vehicle: str = "") -> Self:
        """Return the topics of a module from its settings.

        Without a ``vehicle`` the ``prefix`` is the module's own (``server.v3 topic.prefix``), which the module uses
        unchanged. Otherwise user and vehicle id are added to it. The user may be empty, which leaves two slashes in a
        row.
        """
        return cls(prefix if not vehicle else f"{prefix.strip('/')}/{user}/{vehicle}/")

    @property
    def valid(self) -> bool:
        """Whether a topic may begin like this: no wildcards, no control characters, not the broker's own topics."""
        return (
            0 < len(self.prefix) <= _LONGEST
            and not self.prefix.startswith("$")
            and all(character.isprintable() and character not in "+#" for character in self.prefix)
        )

    @property
    def account(self) -> str:
        """A stable id of the module that does not reveal the owner's user name at the broker."""
        return sha256(self.prefix.encode()).hexdigest()[:16]

    @property
    def metrics(self) -> str:
        """The filter for all metrics."""
        return f"{self.prefix}{_METRICS}#"

    @property
    def notifications(self) -> str:
        """The filter for all notifications."""
        return f"{self.prefix}{_NOTIFICATIONS}+/#"

    def responses(self, client: str) -> str:
        """Return the filter for the responses to one client; those to others do not concern us."""
        return f"{self.prefix}client/{client}/response/+"

    def command(self, client: str, command_id: str) -> str:
        """Return the topic to which a command is published."""
        return f"{self.prefix}client/{client}/command/{command_id}"

    def active(self, client: str) -> str:
        """Return the topic to which a client publishes whether it is listening."""
        return f"{self.prefix}client/{client}/active"

    def metric(self, topic: str) -> str | None:
        """Return the name of the metric, ``v.b.soc``, whose topic this is; ``None`` for any other topic."""
        start = self.prefix + _METRICS
        return topic[len(start) :].replace("/", ".") if topic.startswith(start) else None

    def notification(self, topic: str) -> tuple[str, str] | None:
        """Return type and subtype, ``alert`` and ``batt.12v.alert``, of a notification; ``None`` for other topics."""
        start = self.prefix + _NOTIFICATIONS
        if not topic.startswith(start):
            return None
        kind, _, subtype = topic[len(start) :].partition("/")
        return kind, subtype.replace("/", ".")

    def responded_command(self, topic: str, client: str) -> str | None:
        """Return the id of the command to which this is the response; ``None`` for any other topic."""
        start = f"{self.prefix}client/{client}/response/"
        return topic[len(start) :] if topic.startswith(start) else None


class TopicSubscription:
    """Subscribes to ``topics`` while at least one user needs them.

    ``on_start`` is called before the first message after a time without a subscription.
    """

    def __init__(
        self,
        bus: MessageBus,
        topics: tuple[str, ...],
        on_message: MessageListener,
        *,
        on_start: Callable[[], None],
    ) -> None:
        self._bus = bus
        self._topics = topics
        self._on_message = on_message
        self._on_start = on_start
        self._users = 0
        self._starting = Lock()
        self._unsubscribe: list[Callable[[], None]] = []

    @asynccontextmanager
    async def active(self) -> AsyncIterator[None]:
        """Stay subscribed as long as the context lasts; raises :class:`~...vehicle.NoBroker`."""
        async with self._starting:
            if not self._users:
                self._on_start()
                try:
                    await self._subscribe_all()
                except BaseException:
                    self._unsubscribe_all()
                    raise
            self._users += 1
        try:
            yield
        finally:
            self._users -= 1
            if not self._users:
                self._unsubscribe_all()

    async def _subscribe_all(self) -> None:
        """Subscribe to all topics at once; raise an error only when all have ended, so that none is left behind."""
        results = await gather(*(self._subscribe(topic) for topic in self._topics), return_exceptions=True)
        for error in results:
            if error is not None:
                raise error

    async def _subscribe(self, topic: str) -> None:
        self._unsubscribe.append(await self._bus.subscribe(topic, self._on_message))

    def _unsubscribe_all(self) -> None:
        for unsubscribe in self._unsubscribe:
            unsubscribe()
        self._unsubscribe.clear()
