"""Where on the broker a module speaks (ovms §1.1)."""

from dataclasses import dataclass, field
from hashlib import sha256
from typing import Self

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
