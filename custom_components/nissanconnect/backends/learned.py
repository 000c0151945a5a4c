"""What one vehicle's source has answered and what it has refused, so that the same is not asked for in vain all day.

A refusal may be an accident of the service or the truth for good, and looks the same. So what has answered before must
refuse several times in a row before it is left alone, for an hour at first. What has never answered is believed at
once, for a day, because contracts and gateways change (kamereon-eu §15.3). No refusal is kept over a restart of ours:
whoever restarts or reloads asks again.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from ..vehicle import BackendError

ENOUGH = 3
"""Times in a row after which it is no accident."""

_A_DAY = timedelta(days=1)
_AN_HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class _Refusal:
    """Since when and for how long something is left alone, and why."""

    at: datetime
    pause: timedelta
    why: BackendError


@dataclass(slots=True)
class Learned:
    """What is known of one vehicle, by the names of what is asked for. ``answered`` may be kept over a restart."""

    answered: set[str] = field(default_factory=set)
    _refusals: dict[str, int] = field(default_factory=dict)
    _failures: dict[str, int] = field(default_factory=dict)
    _alone: dict[str, _Refusal] = field(default_factory=dict)

    def answer(self, name: str) -> None:
        """Note an answer that is one; nothing counts against ``name`` any more."""
        self.answered.add(name)
        for against in (self._refusals, self._failures, self._alone):
            against.pop(name, None)

    def fail(self, name: str) -> int:
        """Note an answer that tells nothing about whether there is ``name``; return how many came in a row."""
        self._failures[name] = self._failures.get(name, 0) + 1
        return self._failures[name]

    def failures(self, name: str) -> int:
        """Return how often in a row ``name`` has failed."""
        return self._failures.get(name, 0)

    def refuse(self, name: str, now: datetime, why: BackendError, *, doubtful: bool = False) -> bool:
        """Note a refusal; return whether ``name`` is left alone from now on.

        A ``doubtful`` one is never believed at once. What has answered before is asked again after an hour, then after
        twice as long each time, up to a day.
        """
        count = self._refusals[name] = self._refusals.get(name, 0) + 1
        proven = name in self.answered
        if count < ENOUGH and (proven or doubtful):
            return False
        pause = min(_AN_HOUR * (1 << min(count - ENOUGH, 10)), _A_DAY) if proven else _A_DAY
        self._alone[name] = _Refusal(now, pause, why)
        return True

    def is_refused(self, name: str, now: datetime) -> bool:
        """Whether asking for ``name`` is pointless at the moment; a clock that was set back asks."""
        refusal = self._alone.get(name)
        return refusal is not None and refusal.at <= now < refusal.at + refusal.pause

    def reason(self, names: Iterable[str]) -> BackendError | None:
        """Return why ``names`` are left alone, if all of them are, or were until they are asked for next."""
        reasons = [refusal.why if (refusal := self._alone.get(name)) else None for name in names]
        return reasons[-1] if reasons and None not in reasons else None

    def forget_refusals(self) -> None:
        """Make everything worth asking for again. What fails goes on failing, so that is still counted."""
        self._refusals.clear()
        self._alone.clear()
