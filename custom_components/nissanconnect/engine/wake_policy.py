"""Whether a vehicle may be woken although nobody is asking right now.

The owner's own commands are never held up here; they are recorded, and count against the day's budget.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, time, timedelta, tzinfo
from enum import StrEnum
from itertools import takewhile
from typing import NamedTuple

from ..vehicle import Initiator, Reason, Unreachable, VehicleState
from .activity import Activity

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
    asked_by: Initiator = field(repr=False)
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


LOWEST_VOLTAGE = 12.0
"""Volts at rest: a lead-acid battery has about a quarter of its charge left and starts to suffer.

General knowledge of such batteries, not Nissan's word. OVMS calls 11.0 V critical (ovms reference, alerts); by then a
wake may be the last.
"""

_RESTED_LONG = timedelta(days=3)
"""A battery of which nothing is known is trusted for this long after it was last fed (kamereon-eu §16.3)."""

_UNANSWERED = 3
_PAUSE = timedelta(hours=6)
"""A vehicle without coverage pays for every try (kamereon-eu §16.3)."""


class WakePurpose(StrEnum):
    """What an automatic wake is for."""

    CHARGING = "charging"
    PARKED = "parked"


class WakeRefusal(StrEnum):
    """Why there is no automatic wake."""

    OFF = "off"
    UNKNOWN = "unknown"
    DRIVING = "driving"
    AUX_BATTERY_LOW = "aux_battery_low"
    RESTED_LONG = "rested_long"
    """The 12 V battery is unknown, and the vehicle has not been used for days."""
    PAUSED = "paused"
    QUIET_HOURS = "quiet_hours"
    BUDGET = "budget"
    RESTART = "restart"
    """It came due while Home Assistant was down, and that is not made up for."""
    NOT_DUE = "not_due"


@dataclass(frozen=True, slots=True, kw_only=True)
class WakePolicy:
    """What the owner allows. By default nothing: an interval of ``None`` means never.

    ``budget`` counts all wakes of a local day. Quiet hours are local, may span midnight, and need both ends; from a
    time until the same time is the whole day.
    """

    charging: timedelta | None = None
    parked: timedelta | None = None
    budget: int = 6
    quiet_from: time | None = None
    quiet_until: time | None = None

    def interval(self, purpose: WakePurpose) -> timedelta | None:
        """Return how long to leave the vehicle alone."""
        return self.charging if purpose is WakePurpose.CHARGING else self.parked

    def is_quiet(self, at: time) -> bool:
        """Whether a local time is within the quiet hours."""
        if self.quiet_from is None or self.quiet_until is None:
            return False
        if self.quiet_from < self.quiet_until:
            return self.quiet_from <= at < self.quiet_until
        return at >= self.quiet_from or at < self.quiet_until


class WakeDecision(NamedTuple):
    """What the wake would be for, and why there is none; without a refusal it is due."""

    purpose: WakePurpose
    refusal: WakeRefusal | None = None

    @property
    def due(self) -> bool:
        """Whether to wake the vehicle now."""
        return self.refusal is None


@dataclass(frozen=True, slots=True, kw_only=True)
class WakeContext:
    """All that a decision depends on. ``started_at`` is when Home Assistant, or this account, came up."""

    policy: WakePolicy
    ledger: WakeLedger
    state: VehicleState
    activity: Activity
    now: datetime
    zone: tzinfo
    started_at: datetime

    @property
    def purpose(self) -> WakePurpose:
        """What a wake would be for now."""
        return WakePurpose.CHARGING if self.state.charging and self.state.charging.active else WakePurpose.PARKED

    @property
    def due_at(self) -> datetime | None:
        """When the interval since the vehicle's last word or wake is over."""
        interval, report = self.policy.interval(self.purpose), self.state.last_report
        if interval is None or report is None:
            return None
        return max(report, self.ledger.last_at or report) + interval

    @property
    def made_up_at(self) -> datetime:
        """When a wake that was missed is due at the earliest: never because of a start."""
        return self.started_at + (self.policy.interval(self.purpose) or timedelta())

    @property
    def voltage(self) -> float | None:
        """Volts of the 12 V battery, while they still say something."""
        aux = self.state.aux_battery
        if aux is None or self.now - (aux.reported_at or aux.received_at) > _RESTED_LONG:
            return None
        return aux.voltage


def automatic_wake_due(circumstances: WakeContext) -> WakeDecision:
    """Decide. What is unknown never wakes."""
    refusal = next((refusal for refusal, applies in _REFUSALS if applies(circumstances)), None)
    return WakeDecision(circumstances.purpose, refusal)


def _unknown(it: WakeContext) -> bool:
    return it.due_at is None or it.activity.driving is None or (it.voltage is None and it.activity.rests_since is None)


def _rested_long(it: WakeContext) -> bool:
    since = it.activity.rests_since
    return it.voltage is None and since is not None and it.now - since > _RESTED_LONG


def _paused(it: WakeContext) -> bool:
    row = it.ledger.unanswered
    return len(row) >= _UNANSWERED and it.now - row[0].at < _PAUSE


_REFUSALS: tuple[tuple[WakeRefusal, Callable[[WakeContext], bool]], ...] = (
    (WakeRefusal.OFF, lambda it: it.policy.interval(it.purpose) is None),
    (WakeRefusal.UNKNOWN, _unknown),
    (WakeRefusal.DRIVING, lambda it: it.activity.driving is True),
    (WakeRefusal.AUX_BATTERY_LOW, lambda it: it.voltage is not None and it.voltage < LOWEST_VOLTAGE),
    (WakeRefusal.RESTED_LONG, _rested_long),
    (WakeRefusal.PAUSED, _paused),
    (WakeRefusal.QUIET_HOURS, lambda it: it.policy.is_quiet(it.now.astimezone(it.zone).time())),
    (WakeRefusal.BUDGET, lambda it: it.ledger.wakes_today(it.now, it.zone) >= it.policy.budget),
    (WakeRefusal.NOT_DUE, lambda it: it.due_at is not None and it.now < it.due_at),
    (
        WakeRefusal.RESTART,
        lambda it: it.due_at is not None and it.due_at < it.started_at and it.now < it.made_up_at,
    ),
)
"""The reasons against a wake, the weightiest first."""
