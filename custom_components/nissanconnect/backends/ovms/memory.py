"""What should survive a restart of ours, written as plain JSON and read with doubt."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from ...vehicle import Capability
from ..base import Json
from ..reader import saved_time
from .boot import Boot
from .metrics import Part


@dataclass(slots=True)
class Memory:
    """The vehicle's key, the module's last start, whether the vehicle reports being locked, what else it can do."""

    key: str | None = None
    boot: Boot = field(default_factory=Boot)
    locks: bool = False
    seen: set[Capability] = field(default_factory=set)

    @classmethod
    def from_json(cls, kept: Json) -> Memory:
        """Rebuild what :meth:`to_json` returned; whatever does not fit is forgotten."""
        if not isinstance(kept, dict):
            return cls()
        key, beat, boot = kept.get("key"), kept.get("beat"), Boot()
        if isinstance(beat, int | float) and (beat_at := saved_time(kept.get("beat_at"))) is not None:
            boot = Boot(beat=float(beat), beat_at=beat_at, heard=set(_members(Part, kept.get("heard"))))
        return cls(
            key=key if isinstance(key, str) and key else None,
            boot=boot,
            locks=kept.get("locks") is True,
            seen=set(_members(Capability, kept.get("seen"))),
        )

    def to_json(self) -> Json:
        """Return it in a form that can be stored."""
        return {
            "beat": self.boot.beat,
            "beat_at": self.boot.beat_at.isoformat() if self.boot.beat_at else None,
            "key": self.key,
            "heard": [*sorted(self.boot.heard)],
            "locks": self.locks,
            "seen": [*sorted(self.seen)],
        }


def _members[T: (Part, Capability)](kind: type[T], raw: Json) -> Iterable[T]:
    names = raw if isinstance(raw, list) else []
    return [each for each in kind if each.value in names]
