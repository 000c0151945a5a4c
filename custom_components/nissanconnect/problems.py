"""The repair issues of one vehicle and of its sources, kept up to date with what is known of it."""

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import callback

from .command_log import CommandLog
from .connection import Connection
from .coordinator import Cause, StateUpdate, VehicleCoordinator
from .engine.diagnosis import examine
from .issues import SourceStatus, async_report_sources, async_report_vehicle
from .pin_guard import PinGuard
from .vehicle import NotSupported
from .vehicle_source import VehicleSource


class VehicleProblems:
    """Shows what is wrong with one vehicle, or that nothing is any more."""

    def __init__(
        self, connection: Connection, coordinator: VehicleCoordinator, log: CommandLog, pin_guard: PinGuard
    ) -> None:
        self._connection = connection
        self._coordinator = coordinator
        self._log = log
        self._pin_guard = pin_guard
        self._sources: tuple[str, list[SourceStatus]] | None = None
        """The name of the vehicle and the status of its sources when they were last shown."""

    @callback
    def async_observe(self, update: StateUpdate) -> None:
        """Show the problems after an update. A failed read says nothing of the vehicle, unless it was refused."""
        self._async_report_sources()
        refused = isinstance(update.error, NotSupported)
        if update.cause is Cause.READ_FOR_COMMAND or (update.cause is Cause.READ_FAILED and not refused):
            return
        vehicle = self._coordinator
        problems = examine(
            vehicle.info,
            update.state,
            readable=vehicle.parts.readable if vehicle.is_listed else None,
            market=self._connection.backend.description.market,
            unanswered_at=self._log.wakes.unanswered_at,
        )
        async_report_vehicle(vehicle.hass, self._connection.entry, vehicle.info, problems)
        self._pin_guard.async_show()

    @callback
    def _async_report_sources(self) -> None:
        vehicle, entry = self._coordinator, self._connection.entry
        sources = vehicle.info.name, [_status(source) for source in vehicle.sources]
        if sources != self._sources:
            self._sources = sources
            async_report_sources(vehicle.hass, entry, vehicle.info, sources[1])


def _status(source: VehicleSource) -> SourceStatus:
    entry: ConfigEntry | None = source.connection.entry if source.connection else None
    return SourceStatus(source.name, entry.title if entry else "?", source.is_failing)
