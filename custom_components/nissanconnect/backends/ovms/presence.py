"""Whether the module is connected to the broker.

Its own word for it is not enough: filters may keep it back, and the broker may take most of an hour to notice that it
is gone (ovms §1.1, §1.2). Whatever it says after its last will shows that it is back.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

FADES = timedelta(hours=4)
"""How long what goes on (charging, climate) is believed of a module that is gone."""


@dataclass(slots=True)
class Presence:
    """``present`` is ``None`` until it is known; ``gone_at`` is when it went, if that was heard."""

    present: bool | None = None
    spoke_at: datetime | None = None
    gone_at: datetime | None = None
    _spoken: bool = False

    def interrupted(self) -> None:
        """We have not been listening."""
        self.present, self.gone_at, self._spoken = None, None, False

    def hear(self, connected: bool | None, at: datetime, *, live: bool) -> None:
        """Take a message; ``connected`` is its word for whether the module is, if it is about that."""
        if not live:
            if connected is not None and not self._spoken:
                self.present = connected
            return
        self._spoken = True
        if connected is False:
            if self.present is not False:
                self.gone_at = at
            self.present = False
            return
        self.present, self.spoke_at, self.gone_at = True, at, None

    def faded(self, now: datetime) -> bool:
        """Whether what went on when the module was last heard may be long over."""
        if self.present:
            return False
        return self.gone_at is None or now - self.gone_at >= FADES

    def fades_in(self, now: datetime) -> timedelta | None:
        """How long until then, if the module is gone and it is not so far yet."""
        if self.present or self.gone_at is None:
            return None
        left = self.gone_at + FADES - now
        return left if left > timedelta() else None
