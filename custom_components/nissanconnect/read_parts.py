"""Which parts of a vehicle could not be read, and what is logged of them."""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
import logging

from .engine.polling import EVERYTHING
from .vehicle import BackendError, Group

_LOGGER = logging.getLogger(__name__)

_LOG_AGAIN = timedelta(hours=6)
"""How long nothing more is logged of a part that fails now and then."""


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
