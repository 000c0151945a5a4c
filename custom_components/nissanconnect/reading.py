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

    ``failures`` is how many reads in a row brought nothing; ``everything`` has the next one ask for all that there is.
    """

    def __init__(self, pace: PollingPolicy) -> None:
        """Begin with everything, as if the vehicle was parked."""
        self.failures = 0
        self.everything = False
        self._plan = ReadPlan(pace.parked, EVERYTHING)
        self._read_at: datetime | None = None
        """When the next read is planned; not known while one is on its way."""
        self._asked: dict[Group, datetime] = {}
        self._watching = 0
        self._pause: float | None = None
        """Seconds that the backend asks for. (Home Assistant's own ``_retry_after`` replaces any plan.)"""

    @property
    def wait(self) -> timedelta:
        """How long after its planning the next read comes."""
        return self._plan.wait

    def begin(self) -> frozenset[Group]:
        """Return what to read now."""
        groups = EVERYTHING if self.everything else self._plan.groups
        self.everything, self._read_at = False, None
        return groups

    def succeed(self) -> None:
        """Note that a read has brought something."""
        self.failures = 0
        self._watching = max(self._watching - 1, 0)

    def fail(self) -> None:
        """Note that a read has brought nothing."""
        self.failures += 1

    def pause(self, seconds: float | None) -> None:
        """Keep to the pause that the backend demands, if it does."""
        self._pause = seconds

    def watch(self, rounds: int) -> None:
        """Look more often for so many reads."""
        self._watching = rounds

    def answered(self, groups: Iterable[Group], now: datetime) -> None:
        """Note what need not be asked for again soon."""
        self._asked |= dict.fromkeys(groups, now)

    def plan(
        self, state: VehicleState, activity: Activity, pace: PollingPolicy, debt: timedelta, *, keep: bool
    ) -> None:
        """Plan the next read; to ``keep`` the one that is planned is to bring it forward at most.

        A source that pushes every second must not put off forever that the others are asked. ``debt`` is how long to
        wait for the quota's sake.
        """
        now = dt_util.utcnow()
        latest = max(self._read_at - now, _AT_ONCE) if keep and self._read_at else timedelta.max
        facts = PollingContext(
            state=state,
            activity=activity,
            now=now,
            zone=dt_util.get_default_time_zone(),
            requested_at=self._asked,
            watching=self._watching,
            failures=self.failures,
        )
        self._plan = pace.plan(
            facts,
            debt=debt,
            retry_after=self._pause,
            random=random(),  # noqa: S311 - spreads the reads, guards nothing
            latest=latest,
        )
        self._read_at = now + self._plan.wait


class ReadParts:
    """The parts of one vehicle.

    ``failing`` could not be read the last time; ``given_up`` are not asked for at the moment, for these reasons.
    ``readable`` is whether the vehicle's own account tells anything of it, as far as is known.
    """

    def __init__(self, vehicle: str) -> None:
        """Begin with nothing known; ``vehicle`` is what the log calls it."""
        self.failing: frozenset[str] = frozenset()
        self.given_up: Mapping[str, BackendError] = {}
        self.readable: bool | None = None
        self._in_vain: frozenset[Group] = frozenset()
        """What the account was asked for since it last told anything."""
        self._vehicle = vehicle
        self._logged_at: dict[str, datetime] = {}
        self._logged: set[str] = set()

    def answer(self, groups: Collection[Group], *, brought: bool) -> None:
        """Note that the account has answered about ``groups``, and whether with anything."""
        self._in_vain = frozenset() if brought else self._in_vain | frozenset(groups)
        if brought or self._in_vain >= EVERYTHING:  # most reads ask for little, which may not be offered
            self.readable = brought

    def note(self, failures: Mapping[str, BackendError], given_up: Mapping[str, BackendError], now: datetime) -> None:
        """Log each part when it begins to fail, is given up and works again; one that comes and goes not each time."""
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
