"""Every wake of a vehicle: when, who asked, why, and whether it answered. The 12 V battery pays for each."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta, tzinfo
from enum import StrEnum
from itertools import takewhile

from ..vehicle import Asker, Reason, Unreachable

_KEPT = timedelta(days=30)
_MOST = 500
_CLOCK_ERROR = timedelta(days=1)
"""Anything later than this in the future was recorded by a clock that was wrong, and would count for years."""


class WakeResult(StrEnum):
    """How a wake ended."""

    PENDING = "pending"
    ANSWERED = "answered"
    UNANSWERED = "unanswered"
    FAILED = "failed"
    """It cannot be said whether the vehicle was woken, because the service gave no proper answer; it counts."""

    @classmethod
    def of(cls, reason: str | None) -> WakeResult:
        """Tell from why something was not done, if it was not, whether the vehicle heard it; a refusal is an answer."""
        if reason in _SILENCE:
            return cls.UNANSWERED
        return cls.ANSWERED if reason in _VEHICLES_WORDS else cls.FAILED


_SILENCE = (Reason.NO_ANSWER, Reason.TOO_LATE, Unreachable.key)
_VEHICLES_WORDS = (None, Reason.REJECTED_BY_VEHICLE, Reason.NOT_SEEN, Reason.WRONG_PIN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wake:
    """One wake. ``why`` is the kind of the command, or what else was asked of the vehicle.

    A command that takes several has them all ``at`` the time when its sending began.
    """

    at: datetime
    asked_by: Asker = field(repr=False)
    why: str
    result: WakeResult = WakeResult.PENDING


@dataclass(frozen=True, slots=True)
class WakeLedger:
    """The wakes of one vehicle in the order of their times."""

    wakes: tuple[Wake, ...] = ()

    @classmethod
    def reopened(cls, wakes: Iterable[Wake]) -> WakeLedger:
        """Return the ledger of wakes that were kept over a restart.

        One that was pending has nobody left who waits for it, so it counts as unanswered: the careful reading.
        """
        known = sorted(wakes, key=lambda each: each.at)[-_MOST:]
        return cls(
            tuple(
                replace(each, result=WakeResult.UNANSWERED) if each.result is WakeResult.PENDING else each
                for each in known
            )
        )

    def record(self, wake: Wake) -> WakeLedger:
        """Return the ledger with one more wake, without what is too old or too much."""
        since, until = wake.at - _KEPT, wake.at + _CLOCK_ERROR
        kept = (each for each in (*self.wakes, wake) if since <= each.at <= until)
        return WakeLedger(tuple(sorted(kept, key=lambda each: each.at))[-_MOST:])

    def resolve(self, at: datetime, result: WakeResult) -> WakeLedger:
        """Return the ledger in which the open wakes of that time have ended.

        Unanswered ones are open too: after a restart a command is followed on, and its vehicle may answer yet.
        """
        return WakeLedger(
            tuple(
                replace(each, result=result) if each.at == at and each.result in _OPEN else each for each in self.wakes
            )
        )

    def withdraw(self, at: datetime) -> WakeLedger:
        """Return the ledger without the last wake of that time: what should have woken the vehicle was refused."""
        index = max((index for index, each in enumerate(self.wakes) if each.at == at), default=None)
        return self if index is None else WakeLedger((*self.wakes[:index], *self.wakes[index + 1 :]))

    def wakes_today(self, now: datetime, zone: tzinfo) -> int:
        """Return how many wakes the local day of ``now`` has seen, whoever asked."""
        today = now.astimezone(zone).date()
        return sum(each.at.astimezone(zone).date() == today for each in self.wakes)

    @property
    def last_at(self) -> datetime | None:
        """When the vehicle was last woken."""
        return self.wakes[-1].at if self.wakes else None

    @property
    def unanswered_at(self) -> datetime | None:
        """When the vehicle was last woken, if it has not answered."""
        return self.unanswered[0].at if self.unanswered else None

    @property
    def unanswered(self) -> tuple[Wake, ...]:
        """The newest wakes in a row that the vehicle left unanswered, newest first."""
        told = (each for each in reversed(self.wakes) if each.result in _TELLING)
        return tuple(takewhile(lambda each: each.result is WakeResult.UNANSWERED, told))


_OPEN = (WakeResult.PENDING, WakeResult.UNANSWERED)
_TELLING = (WakeResult.ANSWERED, WakeResult.UNANSWERED)
