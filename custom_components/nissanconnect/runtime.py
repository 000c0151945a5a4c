"""Everything that runs for one vehicle, put together here: each part knows only those before it.

coordinator → log → alerts → battery, PIN guard → checks → commands → plans, wakes, charge → book, abrp → estimates
"""

from homeassistant.core import HomeAssistant, callback

from .abrp import AbrpSender, abrp_of
from .alerts import VehicleAlerts
from .automatic import AutomaticWakes, ClimatePlans
from .battery_health import BatteryHealth
from .book.estimates import VehicleEstimates
from .book.keeper import VehicleBook
from .book.statistics import BookStatistics
from .charging.control import ChargeControl
from .charging.planning import PlanGroup
from .charging.plans import charge_plans_of
from .command_checks import CommandChecks, PinGuard
from .command_log import CommandLog
from .commands import VehicleCommands
from .connection import Connection
from .const import EVENT_COMMAND
from .coordinator import Cause, StateUpdate, VehicleCoordinator
from .engine.alert_rules import AlertPreferences
from .engine.diagnosis import examine
from .geofences import geofences_of
from .issues import async_report_sources, async_report_vehicle
from .ownership import async_secondary_sources
from .source_set import SourceSet
from .store import RememberedVehicle
from .vehicle import CommandRecord, CommandStatus, NotSupported, VehicleInfo, alias
from .vehicle_source import OwnSource


class VehicleRuntime:
    """One vehicle: its coordinator, and what observes and commands it."""

    def __init__(
        self, connection: Connection, known: RememberedVehicle, plan_group: PlanGroup, *, restored: bool
    ) -> None:
        """Start from what is ``known`` of the vehicle, ``restored`` from before a restart or not.

        ``plan_group`` are the charge plans that share a connection to the grid with those of the vehicle.
        """
        key = known.info.key
        entry = connection.entry
        self.connection = connection
        self.sources = SourceSet(
            OwnSource(connection, known.info, known.reported),
            async_secondary_sources(connection.hass, entry, key, known.secondary_reported),
        )
        self.coordinator = VehicleCoordinator(
            connection, self.sources, rests_since=known.rests_since, restored=restored
        )
        self.log = CommandLog(alias(key), known, connection.store, on_change=self.coordinator.async_update_listeners)
        self.log.async_add_listener(self._async_command_ended)
        self.alerts = VehicleAlerts(
            self.coordinator,
            self.log,
            geofences=geofences_of(entry, known.info),
            wanted=connection.settings.alerts,
            tracker=known.alert_tracker,
            preferences=known.alert_preferences,
        )
        self.battery = BatteryHealth(self.coordinator, self.alerts)
        self.pin_guard = PinGuard(self.coordinator, self.log, self.alerts, known.wrong_pins)
        self.checks = CommandChecks(self.coordinator, self.log, self.alerts, self.pin_guard)
        self.commands = VehicleCommands(self.coordinator, self.log, self.checks)
        self.plans = ClimatePlans(self.coordinator, self.commands, self.alerts)
        self.wakes = AutomaticWakes(self.coordinator, self.commands)
        self.charge = ChargeControl(
            self.coordinator,
            self.commands,
            self.alerts,
            group=plan_group,
            memory=known.charge,
            plans=charge_plans_of(entry, known.info),
        )
        self.book = VehicleBook(self.coordinator, self.charge, self.alerts, self.battery)
        self.statistics = BookStatistics(self.coordinator, self.book)
        self.abrp = AbrpSender(self.coordinator, abrp_of(entry, known.info))
        self.estimates = VehicleEstimates(self.coordinator, self.book)
        for observer in (
            self._async_show_problems,
            self.alerts.async_observe,
            self.wakes.async_observe,
            self.charge.async_observe,
            self.book.notes.async_observe,
            self.abrp.async_observe,
        ):
            self.coordinator.async_add_observer(observer)
        entry.async_on_unload(self._async_cancel)

    @property
    def hass(self) -> HomeAssistant:
        """Home Assistant."""
        return self.connection.hass

    @property
    def info(self) -> VehicleInfo:
        """Who the vehicle is, and what it can do through all of its sources."""
        return self.coordinator.info

    def remembered(self) -> RememberedVehicle:
        """Return what the next start begins with."""
        return RememberedVehicle(
            info=self.sources.own.info,
            reported=self.sources.own.reported,
            secondary_reported={source.name: source.reported for source in self.sources.secondary},
            log=tuple(self.log.records),
            unfinished=self.log.unfinished,
            wakes=self.log.wakes,
            rests_since=self.coordinator.activity.rests_since,
            alert_tracker=self.alerts.tracker,
            alert_preferences=self.alerts.preferences,
            wrong_pins=self.pin_guard.wrong,
            plan=self.log.plan,
            charge=self.charge.memory,
        )

    @callback
    def async_resume(self) -> None:
        """Resume what was unfinished before the restart."""
        self.commands.async_resume()
        self.plans.async_resume()
        self.charge.async_start()
        self.book.async_start()
        self.statistics.async_start()

    async def async_stop(self) -> None:
        """Cancel all that is scheduled, because the vehicle has left the account."""
        self.charge.async_end()
        self.abrp.async_apply(None)
        self._async_cancel()
        await self.coordinator.async_shutdown()
        await self.book.async_close()

    @callback
    def _async_cancel(self) -> None:
        self.alerts.async_stop()
        self.plans.async_stop()
        self.charge.async_stop()
        self.statistics.async_stop()
        self.book.async_stop()
        self.abrp.async_stop()

    @callback
    def async_apply_settings(self) -> None:
        """Go by the options as they are now."""
        self.alerts.wanted = self.connection.settings.alerts
        self.charge.async_update()
        self.coordinator.async_reschedule()
        self.coordinator.async_update_listeners()

    @callback
    def async_apply_geofences(self) -> None:
        """Use the geofences that the entry has now."""
        self.alerts.async_set_geofences(geofences_of(self.connection.entry, self.info))
        self.coordinator.async_update_listeners()

    @callback
    def async_apply_charge_plans(self) -> None:
        """Use the charge plans that the entry has now."""
        self.charge.async_set_plans(charge_plans_of(self.connection.entry, self.info))
        self.coordinator.async_update_listeners()

    @callback
    def async_apply_abrp(self) -> None:
        """Go by what the entry has for A Better Routeplanner now."""
        self.abrp.async_apply(abrp_of(self.connection.entry, self.info))

    async def async_apply_sources(self) -> None:
        """Go by the sources that the owner has chosen now."""
        reported = {source.name: source.reported for source in self.sources.secondary}
        chosen = async_secondary_sources(self.hass, self.connection.entry, self.info.key, reported)
        self.alerts.async_apply_sources()
        self.sources.arrange(chosen)
        async_report_sources(self.hass, self.connection.entry, self.info, [*self.sources])
        await self.coordinator.async_apply_sources()

    @callback
    def async_set_preferences(self, preferences: AlertPreferences) -> None:
        """Update and store the alert preferences."""
        self.alerts.async_set_preferences(preferences)
        self.connection.store.async_schedule_save()
        self.coordinator.async_update_listeners()

    @callback
    def _async_show_problems(self, update: StateUpdate) -> None:
        """Show the problems after an update. A failed read says nothing of the vehicle, unless it was refused."""
        vehicle, entry = self.coordinator, self.connection.entry
        async_report_sources(self.hass, entry, vehicle.info, [*self.sources])
        refused = isinstance(update.error, NotSupported)
        if update.cause is Cause.READ_FOR_COMMAND or (update.cause is Cause.READ_FAILED and not refused):
            return
        problems = examine(
            vehicle.info,
            update.state,
            readable=vehicle.parts.readable if vehicle.is_listed else None,
            market=self.connection.backend.description.market,
            unanswered_at=self.log.wakes.unanswered_at,
        )
        async_report_vehicle(self.hass, entry, vehicle.info, problems)
        self.pin_guard.async_show()

    @callback
    def _async_command_ended(self, record: CommandRecord) -> None:
        """Read more often if the end was not seen; fire an event for the logbook and for automations."""
        if record.outcome.status is CommandStatus.TIMED_OUT:
            self.coordinator.async_watch()
        self.coordinator.async_fire(EVENT_COMMAND, record.outcome.status, record.as_event_data)
