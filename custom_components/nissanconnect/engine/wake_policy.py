"""The ledger of a vehicle's wakes, and whether an automatic wake is due. The 12 V battery pays for each wake.

The owner's own commands are never held up here. They are recorded, and count against the daily budget.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, time, timedelta, tzinfo
from enum import StrEnum
from itertools import takewhile

from ..vehicle import Initiator, Reason, Unreachable, VehicleState
from .activity import Activity

_KEPT = timedelta(days=30)
_MOST = 500
_CLOCK_ERROR = timedelta(days=1)
"""A wake further in the future was recorded by a wrong clock, and would count for years."""


class WakeResult(StrEnum):
    """How a wake ended."""

    PENDING = "pending"
    ANSWERED = "answered"
    UNANSWERED = "unanswered"
    FAILED = "failed"
    """The service gave no proper response, so it is unknown whether the vehicle was woken. It counts."""

    @classmethod
    def of(cls, reason: str | None) -> WakeResult:
        """Return the result for the reason why a command failed, ``None`` if it did not. A refusal is a response."""
        if reason in _NO_RESPONSE:
            return cls.UNANSWERED
        return cls.ANSWERED if reason in _RESPONSES else cls.FAILED


_NO_RESPONSE = (Reason.NO_ANSWER, Reason.TOO_LATE, Unreachable.key)
_RESPONSES = (None, Reason.REJECTED_BY_VEHICLE, Reason.NOT_SEEN, Reason.WRONG_PIN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wake:
    """One wake. ``why`` is the kind of the command, or of another request to the vehicle.

    ``part`` is the one part of the state that was asked for, ``None`` if it was more. All wakes of one command are
    recorded ``at`` the time when its sending began.
    """

    at: datetime
    asked_by: Initiator = field(repr=False)
    why: str
    result: WakeResult = WakeResult.PENDING
    part: str | None = None


@dataclass(frozen=True, slots=True)
class WakeLedger:
    """The wakes of one vehicle in order of time: when, by whom, why, and whether the vehicle responded."""

    wakes: tuple[Wake, ...] = ()

    @classmethod
    def reopened(cls, wakes: Iterable[Wake]) -> WakeLedger:
        """Return the ledger of wakes that were stored before a restart.

        Nobody waits for a pending one any more, so it counts as unanswered, to be careful.
        """
        known = sorted(wakes, key=lambda each: each.at)[-_MOST:]
        return cls(
            tuple(
                replace(each, result=WakeResult.UNANSWERED) if each.result is WakeResult.PENDING else each
                for each in known
            )
        )

    def record(self, wake: Wake) -> WakeLedger:
        """Add a wake; drop those that are too old or too many."""
        since, until = wake.at - _KEPT, wake.at + _CLOCK_ERROR
        kept = (each for each in (*self.wakes, wake) if since <= each.at <= until)
        return WakeLedger(tuple(sorted(kept, key=lambda each: each.at))[-_MOST:])

    def resolve(self, at: datetime, result: WakeResult) -> WakeLedger:
        """Set the result of the open wakes of that time.

        Unanswered ones are open too: after a restart a command is followed on, and its vehicle may respond yet.
        """
        return WakeLedger(
            tuple(
                replace(each, result=result) if each.at == at and each.result in _OPEN else each for each in self.wakes
            )
        )

    def withdraw(self, at: datetime) -> WakeLedger:
        """Remove the last wake of that time: the request that should have woken the vehicle was refused."""
        index = max((index for index, each in enumerate(self.wakes) if each.at == at), default=None)
        return self if index is None else WakeLedger((*self.wakes[:index], *self.wakes[index + 1 :]))

    def wakes_today(self, now: datetime, zone: tzinfo) -> int:
        """Return the number of wakes of the local day of ``now``, whoever requested them."""
        today = now.astimezone(zone).date()
        return sum(each.at.astimezone(zone).date() == today for each in self.wakes)

    @property
    def last_at(self) -> datetime | None:
        """When the vehicle was last woken."""
        return self.wakes[-1].at if self.wakes else None

    @property
    def unanswered_at(self) -> datetime | None:
        """When the vehicle was last woken, if it has not responded."""
        return self.unanswered[0].at if self.unanswered else None

    @property
    def unanswered(self) -> tuple[Wake, ...]:
        """The newest consecutive wakes without a response, newest first."""
        ended = (each for each in reversed(self.wakes) if each.result in _CERTAIN)
        return tuple(takewhile(lambda each: each.result is WakeResult.UNANSWERED, ended))


_OPEN = (WakeResult.PENDING, WakeResult.UNANSWERED)
_CERTAIN = (WakeResult.ANSWERED, WakeResult.UNANSWERED)


LOWEST_VOLTAGE = 12.0
"""Volts at rest: a lead-acid battery has about a quarter of its charge left and starts to suffer.

General knowledge of such batteries, not from Nissan. OVMS calls 11.0 V critical (ovms reference, alerts); by then a
wake may be the last.
"""

_RESTED_LONG = timedelta(days=3)
"""A battery of unknown voltage is trusted for this long after it was last charged (kamereon-eu §16.3)."""

_UNANSWERED = 3
_PAUSE = timedelta(hours=6)
"""Every attempt costs a vehicle without coverage energy (kamereon-eu §16.3)."""


class WakeRefusal(StrEnum):
    """Why there is no automatic wake."""

    OFF = "off"
    UNKNOWN = "unknown"
    DRIVING = "driving"
    AUX_BATTERY_LOW = "aux_battery_low"
    RESTED_LONG = "rested_long"
    """The voltage of the 12 V battery is unknown, and the vehicle has not been used for days."""
    PAUSED = "paused"
    QUIET_HOURS = "quiet_hours"
    BUDGET = "budget"
    RESTART = "restart"
    """It came due while Home Assistant was down, and is not made up for."""
    NOT_DUE = "not_due"


@dataclass(frozen=True, slots=True, kw_only=True)
class WakePolicy:
    """The automatic wakes that the owner allows. An interval of ``None``, the default, means never.

    ``budget`` counts all wakes of a local day. Quiet hours are local, may span midnight, and need both ends. The same
    time for both is the whole day.
    """

    charging: timedelta | None = None
    parked: timedelta | None = None
    budget: int = 6
    quiet_from: time | None = None
    quiet_until: time | None = None

    def is_quiet(self, at: time) -> bool:
        """Whether a local time is within the quiet hours."""
        if self.quiet_from is None or self.quiet_until is None:
            return False
        if self.quiet_from < self.quiet_until:
            return self.quiet_from <= at < self.quiet_until
        return at >= self.quiet_from or at < self.quiet_until


@dataclass(frozen=True, slots=True, kw_only=True)
class WakeContext:
    """All that a decision depends on. ``started_at`` is when Home Assistant, or this account, was started."""

    policy: WakePolicy
    ledger: WakeLedger
    state: VehicleState
    activity: Activity
    now: datetime
    zone: tzinfo
    started_at: datetime

    @property
    def interval(self) -> timedelta | None:
        """The allowed interval between wakes now."""
        charges = self.state.charging is not None and self.state.charging.active
        return self.policy.charging if charges else self.policy.parked

    @property
    def due_at(self) -> datetime | None:
        """When the interval since the vehicle's last report or wake is over."""
        interval, report = self.interval, self.state.last_report
        if interval is None or report is None:
            return None
        return max(report, self.ledger.last_at or report) + interval

    @property
    def voltage(self) -> float | None:
        """The voltage of the 12 V battery, unless it is too old."""
        aux = self.state.aux_battery
        if aux is None or self.now - aux.known_at > _RESTED_LONG:
            return None
        return aux.voltage


def wake_refusal(context: WakeContext) -> WakeRefusal | None:
    """Return the most important reason against a wake; ``None`` if one is due. Unknown values never cause one."""
    interval, due_at, voltage, now = context.interval, context.due_at, context.voltage, context.now
    driving, rests_since = context.activity.driving, context.activity.rests_since
    if interval is None:
        return WakeRefusal.OFF
    if due_at is None or driving is None or (voltage is None and rests_since is None):
        return WakeRefusal.UNKNOWN
    rests_long = rests_since is not None and now - rests_since > _RESTED_LONG
    unanswered = context.ledger.unanswered
    reasons = {
        WakeRefusal.DRIVING: driving,
        WakeRefusal.AUX_BATTERY_LOW: voltage is not None and voltage < LOWEST_VOLTAGE,
        WakeRefusal.RESTED_LONG: voltage is None and rests_long,
        WakeRefusal.PAUSED: len(unanswered) >= _UNANSWERED and now - unanswered[0].at < _PAUSE,
        WakeRefusal.QUIET_HOURS: context.policy.is_quiet(now.astimezone(context.zone).time()),
        WakeRefusal.BUDGET: context.ledger.wakes_today(now, context.zone) >= context.policy.budget,
        WakeRefusal.NOT_DUE: now < due_at,
        # A restart alone never causes a wake.
        WakeRefusal.RESTART: due_at < context.started_at and now < context.started_at + interval,
    }
    return next((refusal for refusal, applies in reasons.items() if applies), None)
