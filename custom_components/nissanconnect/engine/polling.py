"""When to read a vehicle again, and what of it.

Reading asks the cloud what the vehicle last reported; it never wakes the vehicle (kamereon-eu §16). What cannot have
changed is not asked for: a parked vehicle's tyres and timers wait for hours, its plug and its position do not.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta, tzinfo
from enum import StrEnum
from typing import NamedTuple

from ..vehicle import ChargingStatus, Group, Reported, VehicleState
from .activity import Activity

EVERYTHING = frozenset(Group)

_NIGHT = time(22), time(6)
_UNUSED = timedelta(days=3)
_GAP = timedelta(hours=2)
"""After so long without a read nothing of what is believed can be relied on."""

_FINISH = timedelta(minutes=1)
"""How long after its own forecast to look for the end of a charge; the vehicle reports it by itself (§16.1)."""

_FULL = 100.0
"""%."""


class Situation(StrEnum):
    """What decides the pace."""

    WATCHING = "watching"
    """A command's effect is still awaited."""
    DRIVING = "driving"
    CLIMATE = "climate"
    CHARGING = "charging"
    PLUGGED_IN = "plugged_in"
    """Not yet charged: vehicles do not always report that a charge has begun (kamereon-eu §16.1)."""
    PARKED = "parked"
    NIGHT = "night"
    UNUSED = "unused"


_RESTING = frozenset({Group.BATTERY, Group.CHARGING, Group.POSITION, Group.PRIVACY})

_EACH_READ: Mapping[Situation, frozenset[Group]] = {
    Situation.WATCHING: _RESTING | {Group.CLIMATE, Group.BODY},
    Situation.DRIVING: _RESTING,
    Situation.CLIMATE: frozenset({Group.BATTERY, Group.CHARGING, Group.CLIMATE}),
    Situation.CHARGING: frozenset({Group.BATTERY, Group.CHARGING}),
    Situation.PLUGGED_IN: frozenset({Group.BATTERY, Group.CHARGING}),
    Situation.PARKED: _RESTING,
    Situation.NIGHT: _RESTING,
    Situation.UNUSED: _RESTING,
}
"""What is part of every read."""

_SLOW = timedelta(hours=6)
_OLDEST: Mapping[Group, timedelta] = {
    Group.BATTERY: timedelta(),
    Group.CHARGING: timedelta(),
    Group.POSITION: timedelta(minutes=30),
    Group.PRIVACY: timedelta(minutes=30),
    Group.CLIMATE: timedelta(minutes=30),
    Group.BODY: timedelta(minutes=30),
    Group.AUX_BATTERY: timedelta(minutes=30),
    Group.CONNECTIVITY: timedelta(minutes=30),
    Group.ODOMETER: timedelta(hours=2),
    Group.FUEL: timedelta(hours=2),
    Group.TYRES: _SLOW,
    Group.HEALTH: _SLOW,
    Group.SUBSCRIPTION: _SLOW,
    Group.SCHEDULES: _SLOW,
    Group.SOFTWARE: _SLOW,
}
"""How long ago anything else may have been asked for, unless a drive has ended since."""

_TOLD_TOGETHER = frozenset(group for group, age in _OLDEST.items() if age < _SLOW)
"""What may have changed whenever the vehicle has spoken, so that a new report is a reason to ask for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PollingContext:
    """What a plan is made of.

    ``requested_at`` is when each group was last asked for with success, ``watching`` how many rounds are left after a
    command whose effect is still awaited, ``failures`` how many reads in a row brought nothing.
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
        """What decides the pace now."""
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
        return Situation.NIGHT if self._at_night() else Situation.PARKED

    def due(self, at: datetime) -> frozenset[Group]:
        """Return what a read at ``at`` should bring."""
        if self.failures or not self.requested_at or at - max(self.requested_at.values()) >= _GAP:
            return EVERYTHING
        return _EACH_READ[self.situation] | {group for group in Group if self._is_due(group, at)}

    @property
    def drive_is_over(self) -> bool:
        """Whether the last read was the one that saw a drive over."""
        stopped = self.activity.stopped_at
        return stopped is not None and max(self.requested_at.values(), default=stopped) <= stopped

    def _is_due(self, group: Group, at: datetime) -> bool:
        asked = self.requested_at.get(group)
        if asked is None or not timedelta() <= at - asked < _OLDEST[group]:  # clocks are set back
            return True
        if self.activity.stopped_at and asked < self.activity.stopped_at:
            return True
        told = group in _TOLD_TOGETHER and not self.activity.driving
        return told and self.activity.new_report_at is not None and asked < self.activity.new_report_at

    def _at_night(self) -> bool:
        evening, morning = _NIGHT
        local = self.now.astimezone(self.zone).time()
        return local >= evening or local < morning


def _is_charged(state: VehicleState) -> bool:
    """Whether no charge can begin. A LEAF does not say "finished", but is full then (kamereon-eu §8.2)."""
    full = state.battery is not None and state.battery.level is not None and state.battery.level >= _FULL
    return full or (state.charging is not None and state.charging.status is ChargingStatus.FINISHED)


class ReadPlan(NamedTuple):
    """The next read: after how long, and what of."""

    wait: timedelta
    groups: frozenset[Group]


@dataclass(frozen=True, slots=True)
class PollingPolicy:
    """The intervals between reads. The defaults follow the advice in kamereon-eu §16.3 and §15.3."""

    parked: timedelta = timedelta(minutes=10)
    active: timedelta = timedelta(minutes=5)
    driving: timedelta = timedelta(minutes=4)
    night: timedelta = timedelta(minutes=30)
    unused: timedelta = timedelta(hours=1)
    watching: timedelta = timedelta(minutes=1)
    watching_rounds: int = 10
    first_retry: timedelta = timedelta(minutes=5)
    longest_retry: timedelta = timedelta(hours=1)

    def plan(
        self,
        facts: PollingContext,
        *,
        debt: timedelta = timedelta(),
        retry_after: float | None = None,
        random: float = 0.5,
        latest: timedelta = timedelta.max,
    ) -> ReadPlan:
        """Return the next read.

        ``debt`` is how long the account should wait to keep to its quota, ``retry_after`` the backend's own demand in
        seconds, which is never undercut. ``random`` is between 0 and 1 and spreads the reads by ±10 %. ``latest`` is
        how long the read is off that was planned before, if it may only be brought forward.
        """
        wait = self.retry(facts.failures, retry_after) if facts.failures else self._wait(facts, debt, random)
        wait = min(max(wait, timedelta(seconds=retry_after or 0)), latest)
        return ReadPlan(wait, facts.due(facts.now + wait))

    def retry(self, failures: int, retry_after: float | None = None) -> timedelta:
        """Return how long to wait after ``failures`` (at least one) in a row."""
        # The exponent is bounded: after a week of outage the power of two would no longer fit a timedelta.
        wait = min(self.first_retry * (1 << min(failures - 1, 10)), self.longest_retry)
        return max(wait, timedelta(seconds=retry_after or 0))

    def _wait(self, facts: PollingContext, debt: timedelta, random: float) -> timedelta:
        situation = facts.situation
        if situation is Situation.WATCHING or facts.drive_is_over:
            return self.watching
        wait = max(self._interval(situation) * (0.9 + 0.2 * random), debt)
        charging = facts.state.charging
        if situation is Situation.CHARGING and charging and charging.finish_at:
            end = charging.finish_at + _FINISH - facts.now
            if end >= self.watching:
                wait = min(wait, end)
        return wait

    def _interval(self, situation: Situation) -> timedelta:
        return {
            Situation.WATCHING: self.watching,
            Situation.DRIVING: min(self.driving, self.active),
            Situation.CLIMATE: self.active,
            Situation.CHARGING: self.active,
            Situation.PLUGGED_IN: self.active,
            Situation.PARKED: self.parked,
            Situation.NIGHT: max(self.night, self.parked),
            Situation.UNUSED: max(self.unused, self.parked),
        }[situation]


READ_LIMIT = timedelta(hours=3)
"""How long values stay while the source cannot be read: a cloud's bad evening should not blank a dashboard."""

RESTORED_LIMIT = timedelta(hours=24)
"""The same for values from before a restart, when nothing could be read since."""


_LISTED = frozenset({Group.PRIVACY, Group.SUBSCRIPTION})
"""What the list of an account's vehicles says even of one that answers nothing."""

_SELDOM: Mapping[Group, timedelta] = {
    **dict.fromkeys((Group.HEALTH, Group.SCHEDULES, Group.TYRES), timedelta(hours=6)),
    **dict.fromkeys((Group.SOFTWARE, *_LISTED), timedelta(hours=24)),
}
"""How long apart answers about a group may be although it is read whenever it is asked for."""


def own_groups(state: VehicleState) -> dict[Group, Reported]:
    """Return what is known of the vehicle itself, without what lists say of it."""
    return {group: value for group, value in state.groups().items() if group not in _LISTED}


def is_available(state: VehicleState, now: datetime, *, reading: bool, restored: bool) -> bool:
    """Whether anything of the vehicle may be shown.

    ``reading``: the last read brought something, ``restored``: none could be made since the last restart.
    """
    if reading:
        return True
    limit = RESTORED_LIMIT if restored else READ_LIMIT
    return any(abs(now - value.received_at) < limit for value in own_groups(state).values())


def outdated(state: VehicleState, missing: Collection[Group], now: datetime, *, restored: bool) -> frozenset[Group]:
    """Return which groups of one source are not to be shown any more.

    ``missing`` are those that it did not report when it was last asked for them. How long they stay counts from the
    last answer, whichever run that was in; ``restored`` as above.
    """
    limit, groups = RESTORED_LIMIT if restored else READ_LIMIT, state.groups()
    return frozenset(
        group
        for group in missing
        if group in groups and abs(now - groups[group].received_at) >= limit + _SELDOM.get(group, timedelta())
    )


_LONGEST = timedelta(hours=1)
"""The quota is soft: however many vehicles share it, each is read at least about this often."""


@dataclass(frozen=True, slots=True)
class DayTally:
    """How many requests a local day has seen."""

    count: int = 0
    day: date | None = None

    def after(self, requests: int, today: date) -> DayTally:
        """Return the tally after ``requests`` more; every day begins at nothing."""
        return DayTally(requests + (self.count if today == self.day else 0), today)


@dataclass(frozen=True, slots=True, kw_only=True)
class Quota:
    """A leaky bucket: it holds the requests of an hour and loses as many in an hour.

    What is over the brim is remembered up to the longest wait: more would be paid back for days without any use.
    Nissan documents no limit; clients of the same platform keep to about 60 an hour (kamereon-eu §16.2 [C]).
    """

    per_hour: float = 60.0
    level: float = 0.0
    at: datetime | None = None

    def after(self, requests: int, now: datetime) -> Quota:
        """Return the quota after ``requests`` more; a clock that was set back refills nothing."""
        most = self.per_hour * (1 + _LONGEST / timedelta(hours=1))
        return replace(self, level=min(self._level(now) + requests, most), at=now)

    def wait(self, now: datetime) -> timedelta:
        """Return how long to wait for what is over the brim."""
        return min(timedelta(hours=max(self._level(now) - self.per_hour, 0) / self.per_hour), _LONGEST)

    def _level(self, now: datetime) -> float:
        hours = max((now - self.at).total_seconds(), 0) / 3600 if self.at else 0
        return max(self.level - hours * self.per_hour, 0)
