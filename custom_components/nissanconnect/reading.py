"""The reads of one vehicle: when the next one comes, what it requests, and which parts could not be read."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta
import logging
from random import random

from homeassistant.util import dt as dt_util

from .engine.activity import Activity
from .engine.polling import EVERYTHING, PollingContext, PollingPolicy, ReadPlan
from .vehicle import BackendError, Group, VehicleState

_LOGGER = logging.getLogger(__name__)

_AT_ONCE = timedelta(seconds=1)
"""Home Assistant takes an interval of zero for none at all."""

_LOG_AGAIN = timedelta(hours=6)
"""How long nothing more is logged of a part that fails now and then."""


class ReadSchedule:
    """What the next read depends on.

    ``failures`` is how many reads in a row have failed; with ``everything`` the next one requests all groups.
    ``watching`` is how many reads are made more often. ``pause`` is how many seconds the backend demands.
    """

    def __init__(self, pace: PollingPolicy) -> None:
        """The first read requests everything, as if the vehicle was parked."""
        self.failures = 0
        self.everything = False
        self.watching = 0
        self.pause: float | None = None  # Home Assistant's own ``_retry_after`` would replace any plan
        self._plan = ReadPlan(pace.parked, EVERYTHING)
        self._read_at: datetime | None = None
        """When the next read is due; ``None`` while one is under way."""
        self._requested_at: dict[Group, datetime] = {}

    @property
    def wait(self) -> timedelta:
        """How long after it was planned the next read is due."""
        return self._plan.wait

    def begin(self) -> frozenset[Group]:
        """Return which groups to request now."""
        groups = EVERYTHING if self.everything else self._plan.groups
        self.everything, self._read_at = False, None
        return groups

    def succeed(self) -> None:
        """Note that a read has succeeded."""
        self.failures = 0
        self.watching = max(self.watching - 1, 0)

    def answered(self, groups: Iterable[Group], now: datetime) -> None:
        """Note which groups need not be requested again soon."""
        self._requested_at |= dict.fromkeys(groups, now)

    def plan(
        self, state: VehicleState, activity: Activity, pace: PollingPolicy, debt: timedelta, *, keep: bool
    ) -> None:
        """Schedule the next read. With ``keep``, an existing schedule may only move earlier.

        Otherwise a source that pushes every second would put off the reads of the others forever. ``debt`` is how long
        to wait for the quota's sake.
        """
        now = dt_util.utcnow()
        latest = max(self._read_at - now, _AT_ONCE) if keep and self._read_at else timedelta.max
        context = PollingContext(
            state=state,
            activity=activity,
            now=now,
            zone=dt_util.get_default_time_zone(),
            requested_at=self._requested_at,
            watching=self.watching,
            failures=self.failures,
        )
        self._plan = pace.plan(
            context,
            debt=debt,
            retry_after=self.pause,
            random=random(),  # noqa: S311 - spreads the reads, guards nothing
            latest=latest,
        )
        self._read_at = now + self._plan.wait


class ReadParts:
    """Which parts of one vehicle can be read; a part is what a backend requests at once, such as an endpoint.

    ``failing`` could not be read the last time; ``given_up`` are not requested at the moment, for these reasons.
    ``readable`` is whether the vehicle's own account reports anything of it, as far as is known.
    """

    def __init__(self, vehicle: str) -> None:
        """``vehicle`` is what logs call it."""
        self.failing: frozenset[str] = frozenset()
        self.given_up: Mapping[str, BackendError] = {}
        self.readable: bool | None = None
        self._in_vain: frozenset[Group] = frozenset()
        """What was requested since the account last reported anything."""
        self._vehicle = vehicle
        self._logged_at: dict[str, datetime] = {}
        self._logged: set[str] = set()

    def answered(self, groups: Collection[Group], *, reported: bool) -> None:
        """Note that the account has answered a request of ``groups``, and whether it ``reported`` anything."""
        self._in_vain = frozenset() if reported else self._in_vain | frozenset(groups)
        if reported or self._in_vain >= EVERYTHING:  # most reads request little, which may not be offered
            self.readable = reported

    def note(self, failures: Mapping[str, BackendError], given_up: Mapping[str, BackendError], now: datetime) -> None:
        """Log each part when it begins to fail, is given up and works again; a part that flaps not each time."""
        for part in failures.keys() - self.failing:
            if (logged := self._logged_at.get(part)) is None or not timedelta() <= now - logged < _LOG_AGAIN:
                self._logged_at[part] = now
                self._logged.add(part)
                _LOGGER.info("%s: %s cannot be read: %s", self._vehicle, part, failures[part])
        for part in given_up.keys() - self.given_up.keys():
            self._logged.add(part)
            _LOGGER.info("%s: %s is not asked for any more for a while: %s", self._vehicle, part, given_up[part])
        for part in (self.failing | self.given_up.keys()) - failures.keys() - given_up.keys():
            if part in self._logged:
                self._logged.discard(part)
                _LOGGER.info("%s: %s can be read again", self._vehicle, part)
        self.failing, self.given_up = frozenset(failures), given_up
