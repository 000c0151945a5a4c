"""What a module can know: nothing, when it has just started, whatever it says (ovms §1.3).

A module that starts declares the vehicle unlocked and at rest until it has heard otherwise. That it has started shows
in the seconds that it counts since then. Until they are heard after an interruption, nothing is taken for granted.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from .metrics import Part


@dataclass(slots=True)
class Boot:
    """The module's time since its last start, as far as it was followed.

    ``beat`` is how many seconds it counted, ``beat_at`` when that was heard; ``heard`` are the parts of the vehicle
    that it must have heard since.
    """

    beat: float | None = None
    beat_at: datetime | None = None
    heard: set[Part] = field(default_factory=set)
    _doubted: bool = True
    _anew: set[Part] = field(default_factory=set)

    def interrupted(self) -> None:
        """It may have started since it was last heard."""
        self._doubted = True
        self._anew.clear()

    def count(self, beat: float, at: datetime) -> None:
        """It counts ``beat`` seconds."""
        if not self._is_same(beat, at):
            self.heard.clear()
        self.beat, self.beat_at, self._doubted = beat, at, False
        self.heard |= self._anew
        self._anew.clear()

    def show(self, part: Part) -> None:
        """It has heard ``part`` of the vehicle."""
        (self._anew if self._doubted else self.heard).add(part)

    def knows(self, part: Part) -> bool:
        """Whether it has heard ``part`` since it started."""
        return part in (self._anew if self._doubted else self.heard)

    def _is_same(self, beat: float, at: datetime) -> bool:
        """Whether it has not started since the last beat; after a long silence that cannot be told."""
        if self.beat is None or self.beat_at is None or beat < self.beat:
            return False
        if not self._doubted or beat == self.beat:
            return True
        return at - self.beat_at < timedelta(seconds=self.beat)
