"""When to read a vehicle again and which groups, when values are too old to show, and the request quota.

A read returns what the vehicle last reported; it never wakes the vehicle (kamereon-eu §16). Groups that cannot have
changed are left out: a parked vehicle's tyres and timers wait for hours, its plug and position do not.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta, tzinfo
from enum import StrEnum
from typing import NamedTuple

from ..vehicle import ChargingStatus, Group, Reported, VehicleState
from .activity import Activity

EVERYTHING = frozenset(Group)

_EVENING, _MORNING = time(22), time(6)
_UNUSED = timedelta(days=3)
_GAP = timedelta(hours=2)
"""After so long without a read every group may have changed."""

_FINISH = timedelta(minutes=1)
"""How long after its own forecast to read the end of a charge; the vehicle reports it by itself (§16.1)."""

_FULL = 100.0
"""%."""


class Situation(StrEnum):
    """What the polling interval depends on."""

    WATCHING = "watching"
    """The effect of a command is still awaited."""
    DRIVING = "driving"
    CLIMATE = "climate"
    CHARGING = "charging"
    PLUGGED_IN = "plugged_in"
    """Not charged yet: vehicles do not always report that a charge has begun (kamereon-eu §16.1)."""
    PARKED = "parked"
    NIGHT = "night"
    UNUSED = "unused"


_RESTING = frozenset({Group.BATTERY, Group.CHARGING, Group.POSITION, Group.PRIVACY})

_EACH_READ: Mapping[Situation, frozenset[Group]] = {
    Situation.WATCHING: _RESTING | {Group.CLIMATE, Group.BODY},
    Situation.CLIMATE: frozenset({Group.BATTERY, Group.CHARGING, Group.CLIMATE}),
    Situation.CHARGING: frozenset({Group.BATTERY, Group.CHARGING}),
    Situation.PLUGGED_IN: frozenset({Group.BATTERY, Group.CHARGING}),
}
"""The groups that are part of every read; in all other situations those of a vehicle at rest."""

_SLOW = frozenset({Group.TYRES, Group.HEALTH, Group.SUBSCRIPTION, Group.SCHEDULES, Group.SOFTWARE})
"""Groups that change seldom. All others may change with any report of the vehicle, which is a reason to read them."""

_MAX_AGE: Mapping[Group, timedelta] = {
    **dict.fromkeys(Group, timedelta(minutes=30)),
    **dict.fromkeys((Group.BATTERY, Group.CHARGING, Group.COUNTERS), timedelta()),
    **dict.fromkeys((Group.ODOMETER, Group.FUEL), timedelta(hours=2)),
    **dict.fromkeys(_SLOW, timedelta(hours=6)),
}
"""How long ago a group may have been read, unless a drive has ended since."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PollingContext:
    """What the next read depends on.

    ``requested_at`` is when each group was last read with success, ``watching`` how many reads are left after a command
    whose effect is still awaited, ``failures`` how many reads in a row brought nothing.
    """

    state: VehicleState
    activity: Activity
    now: datetime
    zone: tzinfo
    requested_at: Mapping[Group, datetime] = field(default_factory=dict)
    watching: int = 0
    failures: int = 0

    @property
    def situation(self) -> Situation:
        """What the polling interval depends on now."""
        state, activity = self.state, self.activity
        if self.watching > 0:
            return Situation.WATCHING
        if activity.driving:
            return Situation.DRIVING
        if state.climate and state.climate.running:
            return Situation.CLIMATE
        if state.charging and state.charging.active:
            return Situation.CHARGING
        if state.charging and state.charging.plugged_in and not _is_charged(state):
            return Situation.PLUGGED_IN
        if activity.rests_since and self.now - activity.rests_since > _UNUSED:
            return Situation.UNUSED
        local = self.now.astimezone(self.zone).time()
        return Situation.NIGHT if local >= _EVENING or local < _MORNING else Situation.PARKED

    def due(self, at: datetime) -> frozenset[Group]:
        """Return the groups for a read at ``at``."""
        if self.failures or not self.requested_at or at - max(self.requested_at.values()) >= _GAP:
            return EVERYTHING
        return _EACH_READ.get(self.situation, _RESTING) | {group for group in Group if self._is_due(group, at)}

    @property
    def drive_is_over(self) -> bool:
        """Whether the last read was the one that saw the end of a drive."""
        stopped = self.activity.stopped_at
        return stopped is not None and max(self.requested_at.values(), default=stopped) <= stopped

    def _is_due(self, group: Group, at: datetime) -> bool:
        read_at = self.requested_at.get(group)
        if read_at is None or not timedelta() <= at - read_at < _MAX_AGE[group]:  # clocks are set back
            return True
        stopped_at, new_report_at = self.activity.stopped_at, self.activity.new_report_at
        if stopped_at is not None and read_at < stopped_at:
            return True
        reported = group not in _SLOW and not self.activity.driving
        return reported and new_report_at is not None and read_at < new_report_at


def _is_charged(state: VehicleState) -> bool:
    """Whether no charge can begin. A LEAF does not report "finished", but is full then (kamereon-eu §8.2)."""
    full = state.battery is not None and state.battery.level is not None and state.battery.level >= _FULL
    return full or (state.charging is not None and state.charging.status is ChargingStatus.FINISHED)


class ReadPlan(NamedTuple):
    """The next read: after how long, and which groups."""

    wait: timedelta
    groups: frozenset[Group]


_AT_MOST_DRIVING = timedelta(minutes=4)
_AT_LEAST_AT_NIGHT = timedelta(minutes=30)
_AT_LEAST_UNUSED = timedelta(hours=1)
_WATCHING = timedelta(minutes=1)
WATCHING_ROUNDS = 10
_FIRST_RETRY, _LONGEST_RETRY = timedelta(minutes=5), timedelta(hours=1)


def retry_pause(failures: int, retry_after: float | None = None) -> timedelta:
    """Return how long to wait after ``failures`` (at least one) in a row; never less than the backend demands."""
    # The exponent is bounded: after a week of outage the power of two would no longer fit a timedelta.
    wait = min(_FIRST_RETRY * (1 << min(failures - 1, 10)), _LONGEST_RETRY)
    return max(wait, timedelta(seconds=retry_after or 0))


@dataclass(frozen=True, slots=True)
class PollingPolicy:
    """The owner's polling intervals. The defaults, like the others, follow kamereon-eu §16.3 and §15.3."""

    parked: timedelta = timedelta(minutes=10)
    active: timedelta = timedelta(minutes=5)

    def plan(
        self,
        context: PollingContext,
        *,
        debt: timedelta = timedelta(),
        retry_after: float | None = None,
        random: float = 0.5,
        latest: timedelta = timedelta.max,
    ) -> ReadPlan:
        """Return the next read.

        ``debt`` is how long the account should wait to stay within its quota. ``retry_after`` is the backend's own
        demand in seconds, which is never undercut. ``random`` is between 0 and 1 and spreads the reads by ±10 %.
        ``latest`` is how far off the scheduled read is, if it may only be moved earlier.
        """
        wait = retry_pause(context.failures) if context.failures else self._wait(context, debt, random)
        wait = min(max(wait, timedelta(seconds=retry_after or 0)), latest)
        return ReadPlan(wait, context.due(context.now + wait))

    def _wait(self, context: PollingContext, debt: timedelta, random: float) -> timedelta:
        situation = context.situation
        if situation is Situation.WATCHING or context.drive_is_over:
            return _WATCHING
        interval = {
            Situation.DRIVING: min(_AT_MOST_DRIVING, self.active),
            Situation.PARKED: self.parked,
            Situation.NIGHT: max(_AT_LEAST_AT_NIGHT, self.parked),
            Situation.UNUSED: max(_AT_LEAST_UNUSED, self.parked),
        }.get(situation, self.active)
        wait = max(interval * (0.9 + 0.2 * random), debt)
        charging = context.state.charging
        if situation is Situation.CHARGING and charging and charging.finish_at:
            end = charging.finish_at + _FINISH - context.now
            if end >= _WATCHING:
                wait = min(wait, end)
        return wait


READ_LIMIT = timedelta(hours=3)
"""How long values are shown while the source cannot be read: a short outage should not blank a dashboard."""

RESTORED_LIMIT = timedelta(hours=24)
"""The same for values from before a restart, if nothing could be read since."""


_LISTED = frozenset({Group.PRIVACY, Group.SUBSCRIPTION})
"""Groups that the account's vehicle list contains, even for a vehicle that cannot be read."""

_SELDOM: Mapping[Group, timedelta] = {
    **dict.fromkeys((Group.HEALTH, Group.SCHEDULES, Group.TYRES), timedelta(hours=6)),
    **dict.fromkeys((Group.SOFTWARE, *_LISTED), timedelta(hours=24)),
}
"""How far apart reads of a group are although none of them fails."""


def own_groups(state: VehicleState) -> dict[Group, Reported]:
    """Return the groups that come from the vehicle itself and not from the vehicle list."""
    return {group: value for group, value in state.groups().items() if group not in _LISTED}


def is_available(state: VehicleState, now: datetime, *, restored: bool) -> bool:
    """Whether a vehicle whose last read brought nothing may be shown as available.

    ``restored``: no read was possible since the restart. A time as far in the future was read by a wrong clock, and
    would never become old.
    """
    limit = RESTORED_LIMIT if restored else READ_LIMIT
    return any(abs(now - value.received_at) < limit for value in own_groups(state).values())


def outdated(state: VehicleState, missing: Collection[Group], now: datetime, *, restored: bool) -> frozenset[Group]:
    """Return the groups of one source that are too old to be shown.

    ``missing`` are those that its last read did not bring. Their age counts from the last response, also across
    restarts; ``restored`` as in :func:`is_available`.
    """
    limit, groups = RESTORED_LIMIT if restored else READ_LIMIT, state.groups()
    return frozenset(
        group
        for group in missing
        if group in groups and abs(now - groups[group].received_at) >= limit + _SELDOM.get(group, timedelta())
    )


_PER_HOUR = 60.0
_LONGEST = timedelta(hours=1)
"""The quota is soft: each vehicle is read about this often at least, however many share it."""


@dataclass(frozen=True, slots=True)
class DayTally:
    """The number of requests of a local day."""

    count: int = 0
    day: date | None = None

    def after(self, requests: int, today: date) -> DayTally:
        """Add ``requests``; every day begins at zero."""
        return DayTally(requests + (self.count if today == self.day else 0), today)


@dataclass(frozen=True, slots=True, kw_only=True)
class Quota:
    """A leaky bucket of one account's requests: it holds and drains those of an hour.

    An excess counts up to the longest wait only: more would delay reads for days without any use. Nissan documents no
    limit; clients of the same platform keep to about 60 an hour (kamereon-eu §16.2 [C]).
    """

    level: float = 0.0
    at: datetime | None = None

    def after(self, requests: int, now: datetime) -> Quota:
        """Add ``requests``. A clock that was set back refills nothing."""
        most = _PER_HOUR * (1 + _LONGEST / timedelta(hours=1))
        return replace(self, level=min(self._level(now) + requests, most), at=now)

    def wait(self, now: datetime) -> timedelta:
        """Return how long to wait until the excess has drained."""
        return min(timedelta(hours=max(self._level(now) - _PER_HOUR, 0) / _PER_HOUR), _LONGEST)

    def _level(self, now: datetime) -> float:
        hours = max((now - self.at).total_seconds(), 0) / 3600 if self.at else 0
        return max(self.level - hours * _PER_HOUR, 0)
