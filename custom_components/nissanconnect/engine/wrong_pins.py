"""How a PIN is kept from being guessed: after several wrong ones in a row none is tried for a while, then ever longer.

Only how many there were and when is kept, never a PIN or anything made of one.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Self

_PAUSES = (
    timedelta(minutes=5),
    timedelta(minutes=15),
    timedelta(hours=1),
    timedelta(hours=4),
    timedelta(days=1),
)
"""How long none is tried after the third wrong PIN, the fourth and so on; the last one holds for all that follow."""

_ALLOWED = 3
"""Wrong PINs in a row that the first pause follows: whoever mistypes twice is not held up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WrongPins:
    """The wrong PINs that were given in a row: their ``count``, and when the last one was found to be wrong."""

    count: int = 0
    last_at: datetime | None = None

    def after(self, now: datetime) -> Self:
        """Return what is known after one more, at ``now``."""
        return replace(self, count=max(self.count, 0) + 1, last_at=now)

    def seen_at(self, now: datetime) -> Self:
        """Return the same by a clock that shows ``now``.

        If it was set back, the pause begins anew instead of lasting until the clock has caught up.
        """
        return replace(self, last_at=now) if self.last_at is not None and self.last_at > now else self

    def refused_until(self, now: datetime) -> datetime | None:
        """Return until when no PIN is tried; ``None`` if one may be."""
        if self.count < _ALLOWED or self.last_at is None:
            return None
        pause = _PAUSES[min(self.count - _ALLOWED, len(_PAUSES) - 1)]
        # By the time that has passed and not by its end: what was read from a damaged file may lie at the end of time.
        return self.last_at + pause if now - self.last_at < pause else None
