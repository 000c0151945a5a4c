"""One source of a vehicle: what it has reported, how it has done lately, and what the vehicle can do through it."""

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import override

from homeassistant.const import CONF_PIN
from homeassistant.core import HomeAssistant

from .backends.base import Pushing, SingleTrips, Trips
from .connection import NEEDS_REAUTH, Connection, async_connection
from .const import CONF_UNLOCK_WITHOUT_PIN
from .engine.merge import SourceState
from .engine.polling import outdated, retry_pause
from .store import RememberedVehicle
from .vehicle import (
    BackendError,
    Capability,
    Command,
    Group,
    NotSupported,
    TripPeriod,
    TripRecord,
    TripSummary,
    Unavailable,
    Unlock,
    VehicleInfo,
    VehicleReport,
    VehicleState,
    Weakness,
    alias,
)

OWN = "own"
"""The name of the source that is the entry which owns the vehicle."""

_FAILURES_BEFORE_REPORTING = 3
"""A source that misses a turn is not worth an issue."""


class VehicleSource(ABC):  # most methods are properties of a line
    """One source of a vehicle.

    ``error`` is why the last attempt failed, ``None`` if it did not. ``failures`` is how often in a row it has failed;
    reads before its pause is over are not counted, as it may just be loading.
    """

    def __init__(self, name: str, reported: SourceState) -> None:
        """``reported`` is what it had reported before the restart."""
        self.name = name
        self.reported = reported
        self.error: BackendError | None = None
        self.failures = 0
        self._retry_at: datetime | None = None
        self._backs_off = False
        self._missing: frozenset[Group] = frozenset()
        """The groups of old reports that were not reported when they were last read."""
        self._has_reported = False

    @property
    @abstractmethod
    def connection(self) -> Connection | None:
        """The connection that it goes through, if that is loaded."""

    @property
    @abstractmethod
    def info(self) -> VehicleInfo | None:
        """The vehicle as that account knows it."""

    @property
    def pushed(self) -> VehicleState:
        """What the source has pushed that may not be in ``reported`` yet."""
        return VehicleState()

    @property
    def backend_name(self) -> str:
        """The name of the backend, or of the source while that is not loaded."""
        return self.connection.backend.description.name if self.connection else self.name

    @property
    def weaknesses(self) -> tuple[Weakness, ...]:
        """Which of its values to doubt."""
        return self.connection.backend.description.weaknesses if self.connection else ()

    @property
    def is_polled(self) -> bool:
        """Whether the source is read, and does not push."""
        return self.connection is not None and not self.connection.backend.description.pushes

    @property
    def works(self) -> bool:
        """Whether the last attempt succeeded and, as far as the source knows, it reaches the vehicle."""
        connectivity = self.reported.state.connectivity
        return self.error is None and not (connectivity is not None and connectivity.reachable is False)

    @property
    def is_failing(self) -> bool:
        """Whether it has failed for so long that its owner should know."""
        return self.failures >= _FAILURES_BEFORE_REPORTING

    def is_backing_off(self, now: datetime) -> bool:
        """Whether it has failed and is not tried again yet."""
        return self._backs_off and self._retry_at is not None and now < self._retry_at

    def retry_now(self) -> None:
        """Try it again at the next occasion."""
        self._backs_off = False

    def offers(self, capabilities: Collection[Capability]) -> bool:
        """Whether the vehicle has all of these through this source."""
        return self.connection is not None and self.info is not None and self.info.capabilities.issuperset(capabilities)

    @property
    def takes_pin(self) -> bool:
        """Whether the vehicle is unlocked with a PIN through this source."""
        return self.offers({Capability.LOCK_PIN})

    @property
    def has_own_pin(self) -> bool:
        """Whether the PIN is only ours, to guard unlocking: the vehicle itself takes any."""
        return self.connection is not None and CONF_PIN in self.connection.entry.data

    def forbids(self, command: Command) -> bool:
        """Whether ``command`` would unlock without a PIN through this source, and the owner has not allowed that."""
        if not isinstance(command, Unlock) or self.takes_pin or self.connection is None:
            return False
        return self.connection.entry.data.get(CONF_UNLOCK_WITHOUT_PIN, True) is not True

    @contextmanager
    def reach(self) -> Iterator[tuple[Connection, VehicleInfo]]:
        """Yield the connection and the vehicle as it knows it; rejected credentials start a reauthentication.

        Raises:
            Unavailable: The source is not loaded.
        """
        connection, info = self.connection, self.info
        if connection is None or info is None:
            raise Unavailable("the source is not loaded, or does not know the vehicle", nothing_done=True)
        try:
            yield connection, info
        except NEEDS_REAUTH:
            connection.async_start_reauth()
            raise

    async def read(self, groups: Collection[Group]) -> VehicleReport:
        """Read the vehicle when it is its turn; raises :class:`BackendError`. A push source has reported already."""
        with self.reach() as (connection, info):
            if self.is_polled:
                async with connection.reading:
                    return await _read(connection, info, groups)
            if connection.push_error is not None:
                raise connection.push_error
            return VehicleReport(state=self.pushed)

    async def read_now(self, groups: Collection[Group]) -> VehicleReport:
        """Read what shows a command's effect; raises :class:`BackendError`."""
        with self.reach() as (connection, info):
            return await _read(connection, info, groups)

    async def read_trips(self, period: TripPeriod, start: date, end: date) -> tuple[TripSummary, ...]:
        """Return the trips from ``start`` to ``end``, both included; raises :class:`BackendError`."""
        with self.reach() as (connection, info):
            if not isinstance(connection.backend, Trips):
                raise NotSupported
            return await connection.backend.read_trips(info, period, start, end)

    async def read_single_trips(self, start: datetime, end: datetime) -> tuple[TripRecord, ...]:
        """Return the trips that began from ``start`` on and before ``end``; raises :class:`BackendError`."""
        with self.reach() as (connection, info):
            if not isinstance(connection.backend, SingleTrips):
                raise NotSupported
            return await connection.backend.read_single_trips(info, start, end)

    def outdated(self, now: datetime) -> frozenset[Group]:
        """Return which groups the source has not reported for so long that they are not to be shown any more.

        A source that could not be reached since a restart may recover soon; one that refuses will not.
        """
        unreachable = self.error is not None and not isinstance(self.error, NotSupported)
        return outdated(self.reported.state, self._missing, now, restored=unreachable and not self._has_reported)

    def succeed(self, state: VehicleState, requested: Collection[Group] = ()) -> None:
        """Take in a report, of groups that were ``requested`` or unrequested."""
        in_vain = self.reported.state.groups().keys() & {*requested} if self.is_polled else frozenset()
        self._missing = (self._missing | in_vain) - state.groups().keys()
        self._has_reported = self._has_reported or bool(state.groups())
        self.reported = self.reported.after(state)
        self.error, self.failures, self._retry_at, self._backs_off = None, 0, None, False

    def fail(self, error: BackendError, now: datetime) -> None:
        """Note that an attempt failed."""
        self.error = error
        if self.is_polled:
            self._missing = frozenset(self.reported.state.groups())
        self._backs_off = True
        if self._retry_at is None or now >= self._retry_at:
            self.failures += 1
            self._retry_at = now + retry_pause(self.failures, error.retry_after)
        else:
            self._retry_at = max(self._retry_at, now + timedelta(seconds=error.retry_after or 0))

    def clear_position(self) -> None:
        """Keep no position: one that is reported in privacy mode must not show up after it."""
        if self.reported.state.position is not None:
            self.reported = self.reported.without(Group.POSITION)


class OwnSource(VehicleSource):
    """The entry that owns the vehicle."""

    def __init__(self, connection: Connection, info: VehicleInfo, reported: SourceState) -> None:
        super().__init__(OWN, reported)
        self._connection = connection
        self._info = info

    @property
    @override
    def connection(self) -> Connection:
        return self._connection

    @property
    @override
    def info(self) -> VehicleInfo:
        return self._info

    def update_info(self, info: VehicleInfo) -> None:
        """Take over what the account says of the vehicle now."""
        self._info = info.with_lost_since(self._info)


class SecondarySource(VehicleSource):
    """A vehicle of another entry, which comes and goes as that entry does."""

    def __init__(self, name: str, hass: HomeAssistant, entry_id: str, vehicle: str, reported: SourceState) -> None:
        """``vehicle`` is the alias of the other entry's vehicle."""
        super().__init__(name, reported)
        self._hass = hass
        self._entry_id = entry_id
        self._vehicle = vehicle

    @property
    @override
    def connection(self) -> Connection | None:
        return async_connection(self._hass, self._entry_id)

    @property
    def _remembered(self) -> RememberedVehicle | None:
        return self.connection.secondary_vehicle(self._vehicle) if self.connection else None

    @property
    @override
    def info(self) -> VehicleInfo | None:
        return self._remembered.info if self._remembered else None

    @property
    @override
    def pushed(self) -> VehicleState:
        return self._remembered.reported.state if self._remembered else VehicleState()

    @property
    def title(self) -> str | None:
        """What the owner calls the entry, if it still exists."""
        entry = self._hass.config_entries.async_get_entry(self._entry_id)
        return entry.title if entry else None

    @override
    def succeed(self, state: VehicleState, requested: Collection[Group] = ()) -> None:
        if not self.reported.state.groups() and self._remembered is not None:
            self.reported = self._remembered.reported  # what was reported while the other entry owned the vehicle
        super().succeed(state, requested)

    @override
    def clear_position(self) -> None:
        super().clear_position()
        if self.connection and (known := self._remembered) and known.reported.state.position is not None:
            self.connection.secondary[known.info.key] = replace(known, reported=known.reported.without(Group.POSITION))

    def is_vehicle(self, entry_id: str, key: str) -> bool:
        """Whether this is the vehicle with that key of that entry."""
        return entry_id == self._entry_id and alias(key) == self._vehicle


async def _read(connection: Connection, info: VehicleInfo, groups: Collection[Group]) -> VehicleReport:
    report = await connection.backend.read(info, groups)
    if not isinstance(connection.backend, Pushing):
        return report
    return replace(report, state=connection.debouncer.async_read(info.key, report.state))
