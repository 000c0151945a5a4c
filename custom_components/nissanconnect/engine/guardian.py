"""Whether a vehicle may be woken although nobody is asking right now.

The owner's own commands are never held up here; they are recorded, and count against the day's budget.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, time, timedelta, tzinfo
from enum import StrEnum
from typing import NamedTuple

from ..vehicle import VehicleState
from .activity import Activity
from .wakes import WakeLedger

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


class Purpose(StrEnum):
    """What an automatic wake is for."""

    CHARGING = "charging"
    PARKED = "parked"


class Refusal(StrEnum):
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

    def interval(self, purpose: Purpose) -> timedelta | None:
        """Return how long to leave the vehicle alone."""
        return self.charging if purpose is Purpose.CHARGING else self.parked

    def is_quiet(self, at: time) -> bool:
        """Whether a local time is within the quiet hours."""
        if self.quiet_from is None or self.quiet_until is None:
            return False
        if self.quiet_from < self.quiet_until:
            return self.quiet_from <= at < self.quiet_until
        return at >= self.quiet_from or at < self.quiet_until


class Decision(NamedTuple):
    """What the wake would be for, and why there is none; without a refusal it is due."""

    purpose: Purpose
    refusal: Refusal | None = None

    @property
    def due(self) -> bool:
        """Whether to wake the vehicle now."""
        return self.refusal is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """All that a decision depends on. ``started_at`` is when Home Assistant, or this account, came up."""

    policy: WakePolicy
    ledger: WakeLedger
    state: VehicleState
    activity: Activity
    now: datetime
    zone: tzinfo
    started_at: datetime

    @property
    def purpose(self) -> Purpose:
        """What a wake would be for now."""
        return Purpose.CHARGING if self.state.charging and self.state.charging.active else Purpose.PARKED

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


def automatic_wake_due(circumstances: Circumstances) -> Decision:
    """Decide. What is unknown never wakes."""
    refusal = next((refusal for refusal, applies in _REFUSALS if applies(circumstances)), None)
    return Decision(circumstances.purpose, refusal)


def _unknown(it: Circumstances) -> bool:
    return it.due_at is None or it.activity.driving is None or (it.voltage is None and it.activity.rests_since is None)


def _rested_long(it: Circumstances) -> bool:
    since = it.activity.rests_since
    return it.voltage is None and since is not None and it.now - since > _RESTED_LONG


def _paused(it: Circumstances) -> bool:
    row = it.ledger.unanswered
    return len(row) >= _UNANSWERED and it.now - row[0].at < _PAUSE


_REFUSALS: tuple[tuple[Refusal, Callable[[Circumstances], bool]], ...] = (
    (Refusal.OFF, lambda it: it.policy.interval(it.purpose) is None),
    (Refusal.UNKNOWN, _unknown),
    (Refusal.DRIVING, lambda it: it.activity.driving is True),
    (Refusal.AUX_BATTERY_LOW, lambda it: it.voltage is not None and it.voltage < LOWEST_VOLTAGE),
    (Refusal.RESTED_LONG, _rested_long),
    (Refusal.PAUSED, _paused),
    (Refusal.QUIET_HOURS, lambda it: it.policy.is_quiet(it.now.astimezone(it.zone).time())),
    (Refusal.BUDGET, lambda it: it.ledger.wakes_today(it.now, it.zone) >= it.policy.budget),
    (Refusal.NOT_DUE, lambda it: it.due_at is not None and it.now < it.due_at),
    (
        Refusal.RESTART,
        lambda it: it.due_at is not None and it.due_at < it.started_at and it.now < it.made_up_at,
    ),
)
"""The reasons against a wake, the weightiest first."""
