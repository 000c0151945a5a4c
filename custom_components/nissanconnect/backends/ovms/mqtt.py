"""Where on the broker a module speaks (ovms §1.1)."""

from asyncio import Lock, gather
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Self

from ..base import MessageBus, MessageListener

_LONGEST = 200
_LIVES_IN = "metric/"


@dataclass(frozen=True, slots=True)
class Topics:
    """The topics of one module. ``prefix`` is what all of them begin with, as the module has it, slash or not."""

    prefix: str = field(repr=False)

    @classmethod
    def of(cls, prefix: str, user: str = "", vehicle: str = "") -> Self:
        """Return the topics of a module by what its owner has set.

        Without a ``vehicle`` the ``prefix`` is the module's own (``server.v3 topic.prefix``), which it takes word for
        word. Otherwise user and vehicle id are added to it. The user may be empty, which leaves two slashes in a row.
        """
        return cls(prefix if not vehicle else f"{prefix.strip('/')}/{user}/{vehicle}/")

    @property
    def valid(self) -> bool:
        """Whether it can be the beginning of a topic: no wildcards, no control characters, not the broker's own."""
        return (
            0 < len(self.prefix) <= _LONGEST
            and not self.prefix.startswith("$")
            and all(sign.isprintable() and sign not in "+#" for sign in self.prefix)
        )

    @property
    def account(self) -> str:
        """A stable name for the module that does not tell how its owner logs in to the broker."""
        return sha256(self.prefix.encode()).hexdigest()[:16]

    @property
    def metrics(self) -> str:
        """The filter for all that is known of the vehicle."""
        return f"{self.prefix}{_LIVES_IN}#"

    @property
    def notices(self) -> str:
        """The filter for what the owner is to be told."""
        return f"{self.prefix}notify/+/#"

    def replies(self, client: str) -> str:
        """Return the filter for the replies to one client; those to others are none of our business."""
        return f"{self.prefix}client/{client}/response/+"

    def command(self, client: str, number: str) -> str:
        """Return where a command is put."""
        return f"{self.prefix}client/{client}/command/{number}"

    def active(self, client: str) -> str:
        """Return where a client says whether it is listening."""
        return f"{self.prefix}client/{client}/active"

    def metric(self, topic: str) -> str | None:
        """Return the metric's name, ``v.b.soc``, that a topic is about, if it is about one."""
        beginning = self.prefix + _LIVES_IN
        return topic[len(beginning) :].replace("/", ".") if topic.startswith(beginning) else None

    def notice(self, topic: str) -> tuple[str, str] | None:
        """Return type and subtype, ``alert`` and ``batt.12v.alert``, of a notification's topic, if it is one."""
        beginning = f"{self.prefix}notify/"
        if not topic.startswith(beginning):
            return None
        kind, _, subtype = topic[len(beginning) :].partition("/")
        return kind, subtype.replace("/", ".")

    def reply(self, topic: str, client: str) -> str | None:
        """Return the number of the command that a topic answers, if it is one of ours."""
        beginning = f"{self.prefix}client/{client}/response/"
        return topic[len(beginning) :] if topic.startswith(beginning) else None


class Ear:
    """Subscriptions to ``topics``; ``opened`` is called before the first message after a time of not listening."""

    def __init__(
        self, bus: MessageBus, topics: tuple[str, ...], hear: MessageListener, *, opened: Callable[[], None]
    ) -> None:
        """Prepare; nothing is subscribed yet."""
        self._bus = bus
        self._topics = topics
        self._hear = hear
        self._opened = opened
        self._users = 0
        self._changing = Lock()
        self._ends: list[Callable[[], None]] = []

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """Listen for as long as the context lasts; raises :class:`~...vehicle.NoBroker`."""
        async with self._changing:
            if not self._users:
                self._opened()
                try:
                    await self._subscribe_all()
                except BaseException:
                    self._close()
                    raise
            self._users += 1
        try:
            yield
        finally:
            self._users -= 1
            if not self._users:
                self._close()

    async def _subscribe_all(self) -> None:
        """Subscribe at once; what goes wrong is told when all have ended, so that none is left behind."""
        ended = await gather(*(self._subscribe(topic) for topic in self._topics), return_exceptions=True)
        for error in ended:
            if error is not None:
                raise error

    async def _subscribe(self, topic: str) -> None:
        self._ends.append(await self._bus.subscribe(topic, self._hear))

    def _close(self) -> None:
        for end in self._ends:
            end()
        self._ends.clear()
