"""The commands of a vehicle, and how its state shows that they were carried out."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
import re
from typing import Any, ClassVar, override

from .charging import ChargeMode, ChargeSchedule, ChargingStatus
from .codec import PLANNED
from .groups import NEVER, Group
from .identity import Capability
from .state import GROUP_TYPES, VehicleState


@dataclass(frozen=True, slots=True)
class Command:
    """A command to a vehicle.

    ``capability`` is required for any command of its kind, :attr:`needs` is all that this one requires. ``groups`` are
    the parts of the state that show its effect. ``switches``: which property of its only group it switches, and to
    what, if its effect is as simple as that. ``reports``: the effect is a new report, which may reach the source
    minutes after the vehicle made it. ``force``: send it even if it does not seem sensible. ``tries_pin``: its end may
    show that its PIN was wrong. Subclasses without fields are not decorated again, because that would cost time at each
    start.
    """

    capability: ClassVar[Capability]
    groups: ClassVar[frozenset[Group]] = frozenset()
    switches: ClassVar[tuple[str, bool] | None] = None
    reports: ClassVar[bool] = False
    tries_pin: ClassVar[bool] = False
    force: bool = field(default=False, kw_only=True)

    @property
    def needs(self) -> frozenset[Capability]:
        """The required capabilities."""
        return frozenset({self.capability})

    def seen_in(self, state: VehicleState, before: VehicleState) -> bool | None:
        """Whether ``state`` shows that the command was carried out; ``None`` if it cannot show that.

        ``before`` is the state known when the command was sent.
        """
        if self.switches is None:
            return None
        (group,), (name, to) = self.groups, self.switches
        value: bool | None = getattr(getattr(state, group), name, None)
        return None if value is None else value is to

    def applied_to(self, state: VehicleState) -> VehicleState:
        """Return the state to expect once the vehicle has carried out the command."""
        if self.switches is None:
            return state
        (group,), (name, to) = self.groups, self.switches
        return _with(state, group, **{name: to})

    @property
    def useful_until(self) -> datetime | None:
        """The time after which it is useless to send it, if there is one."""
        return None

    def concerns_same(self, other: Command) -> bool:
        """Whether the order of two commands matters. A refresh only has an order among refreshes."""
        if self.reports or other.reports:
            return self.reports and other.reports
        alike = self.capability is other.capability or not self.groups.isdisjoint(other.groups)
        return alike or self.supersedes(other) or other.supersedes(self)

    def supersedes(self, earlier: Command) -> bool:
        """Whether a vehicle that has carried out both, this one last, no longer shows the effect of ``earlier``."""
        before = self.applied_to(VehicleState())
        after = earlier.applied_to(before)
        seen = earlier.seen_in(after, before)
        return seen is True and earlier.seen_in(self.applied_to(after), before) is not True

    def cancels_unsent(self, earlier: Command) -> bool:
        """Whether an ``earlier`` command that has not left yet need not be sent any more."""
        return self.supersedes(earlier)

    def shown_by(self, state: VehicleState) -> frozenset[Group]:
        """Return the groups that show best whether it was carried out: those to read repeatedly."""
        return self.groups

    @classmethod
    def kind(cls) -> str:
        """The kind of command in snake case, for logs, events and translations."""
        return "".join(f"_{c.lower()}" if c.isupper() else c for c in cls.__name__).lstrip("_")


def _with(state: VehicleState, group: Group, **values: Any) -> VehicleState:
    """Return ``state`` with new values in one group, which may be unknown before."""
    known = getattr(state, group) or GROUP_TYPES[group](backend="", received_at=NEVER)
    changed: dict[str, Any] = {group.value: replace(known, **values)}
    return replace(state, **changed)


@dataclass(frozen=True, slots=True)
class _ClimateStart(Command):
    """Heat or cool the cabin to ``target`` °C (``None``: the vehicle's own choice).

    ``defrost``: defrost the windows as well; ``heat_seats``: the front seats; ``heat_wheel``: the steering wheel.
    """

    groups = frozenset({Group.CLIMATE})
    target: float | None = None
    defrost: bool = False
    heat_seats: bool = False
    heat_wheel: bool = False

    @property
    @override
    def needs(self) -> frozenset[Capability]:
        options = {
            Capability.CLIMATE_DEFROST: self.defrost,
            Capability.CLIMATE_TEMPERATURE: self.target is not None,
            Capability.SEAT_HEAT: self.heat_seats,
            Capability.WHEEL_HEAT: self.heat_wheel,
        }
        return frozenset({self.capability, *(capability for capability, wanted in options.items() if wanted)})


class StartClimate(_ClimateStart):
    """Start the climate now."""

    capability = Capability.CLIMATE
    switches = "running", True

    @override
    def applied_to(self, state: VehicleState) -> VehicleState:
        return _with(state, Group.CLIMATE, running=True, target_temperature=self.target)


class StopClimate(Command):
    """Stop heating or cooling."""

    capability = Capability.CLIMATE
    groups = frozenset({Group.CLIMATE})
    switches = "running", False


SOONEST_PLAN = timedelta(seconds=150)
"""A start that is due sooner is sent at once: a schedule may need two minutes to reach the vehicle."""


@dataclass(frozen=True, slots=True)
class ScheduleClimate(_ClimateStart):
    """Start the climate once at ``at`` (aware, in the future)."""

    capability = Capability.CLIMATE_SCHEDULE
    at: datetime = field(kw_only=True, metadata=PLANNED)

    @property
    @override
    def useful_until(self) -> datetime:
        return self.at

    @override
    def seen_in(self, state: VehicleState, before: VehicleState) -> bool | None:
        if state.climate is None or state.climate.next_start_at is None:
            return None
        return abs((state.climate.next_start_at - self.at).total_seconds()) < 60  # some sources drop the seconds

    @override
    def applied_to(self, state: VehicleState) -> VehicleState:
        return _with(state, Group.CLIMATE, next_start_at=self.at)


class CancelClimateSchedule(Command):
    """Cancel a scheduled climate start. If none was known, no state shows it: no source reports that there is none."""

    capability = Capability.CLIMATE_SCHEDULE
    groups = frozenset({Group.CLIMATE})

    @override
    def seen_in(self, state: VehicleState, before: VehicleState) -> bool | None:
        now, planned = state.climate, before.climate.next_start_at if before.climate else None
        if now is None or planned is None or (now.next_start_at is None and now.received_at >= planned):
            return None  # unknown, or its time has passed meanwhile
        return now.next_start_at != planned

    @override
    def applied_to(self, state: VehicleState) -> VehicleState:
        return _with(state, Group.CLIMATE, next_start_at=None)


class StartCharging(Command):
    """Charge now, whatever the vehicle's schedule."""

    capability = Capability.START_CHARGING
    groups = frozenset({Group.CHARGING})
    switches = "active", True

    @override
    def applied_to(self, state: VehicleState) -> VehicleState:
        return _with(state, Group.CHARGING, status=ChargingStatus.CHARGING)


class StopCharging(Command):
    """Stop charging."""

    capability = Capability.STOP_CHARGING
    groups = frozenset({Group.CHARGING})
    switches = "active", False

    @override
    def applied_to(self, state: VehicleState) -> VehicleState:
        return _with(state, Group.CHARGING, status=ChargingStatus.NOT_CHARGING)


@dataclass(frozen=True, slots=True)
class SetChargeLimit(Command):
    """Charge up to ``limit`` percent from now on."""

    capability = Capability.CHARGE_LIMIT
    groups = frozenset({Group.CHARGING})
    limit: float

    @override
    def seen_in(self, state: VehicleState, before: VehicleState) -> bool | None:
        if state.charging is None or state.charging.limit is None:
            return None
        return round(state.charging.limit) == round(self.limit)  # some sources take whole numbers only

    @override
    def applied_to(self, state: VehicleState) -> VehicleState:
        return _with(state, Group.CHARGING, limit=self.limit)


@dataclass(frozen=True, slots=True)
class SetChargeSchedule(Command):
    """Charge only in the hours of ``schedule``, or without one whenever plugged in.

    Some sources report whether a schedule is active, but not its hours.
    """

    capability = Capability.CHARGE_SCHEDULE
    groups = frozenset({Group.SCHEDULES, Group.CHARGING})
    schedule: ChargeSchedule | None = None

    @override
    def seen_in(self, state: VehicleState, before: VehicleState) -> bool | None:
        if state.schedules is None or state.schedules.charge_mode is None:
            return None
        always = state.schedules.charge_mode is ChargeMode.ALWAYS
        if self.schedule is None or always:
            return always and self.schedule is None
        return None if state.schedules.charging is None else state.schedules.charging == self.schedule

    @override
    def applied_to(self, state: VehicleState) -> VehicleState:
        mode = ChargeMode.ALWAYS if self.schedule is None else ChargeMode.SCHEDULED
        return _with(state, Group.SCHEDULES, charge_mode=mode, charging=self.schedule)


def is_pin(entered: str) -> bool:
    """Whether the entered text can be a PIN: four digits for all vehicles."""
    return re.fullmatch("[0-9]{4}", entered) is not None


@dataclass(frozen=True, slots=True)
class _DoorCommand(Command):
    """Lock or unlock, with the PIN that some vehicles require."""

    capability = Capability.LOCK
    groups = frozenset({Group.BODY})
    tries_pin = True
    pin: str | None = field(default=None, repr=False)


class Lock(_DoorCommand):
    """Lock all doors."""

    switches = "locked", True


class Unlock(_DoorCommand):
    """Unlock all doors."""

    switches = "locked", False

    @override
    def cancels_unsent(self, earlier: Command) -> bool:
        """Never: the PIN may be wrong, and then the doors must be locked."""
        return False


class SoundHorn(Command):
    """Sound the horn for a few seconds."""

    capability = Capability.HORN


class FlashLights(Command):
    """Flash the lights for a few seconds."""

    capability = Capability.LIGHTS


class StopSignals(Command):
    """Stop sounding the horn and flashing the lights."""

    capability = Capability.STOP_SIGNALS

    @override
    def supersedes(self, earlier: Command) -> bool:
        return isinstance(earlier, SoundHorn | FlashLights)


@dataclass(frozen=True, slots=True)
class SendDestination(Command):
    """Send a place (WGS 84 degrees) to the navigation under a ``name``; the driver must select it there.

    No source reports the places in the navigation.
    """

    capability = Capability.SEND_DESTINATION
    latitude: float = field(repr=False)
    longitude: float = field(repr=False)
    name: str = field(repr=False)


class StartEngine(Command):
    """Start the combustion engine remotely. No state shows whether it runs."""

    capability = Capability.START_ENGINE

    @override
    def supersedes(self, earlier: Command) -> bool:
        return isinstance(earlier, StopEngine)


class StopEngine(Command):
    """Stop an engine that was started remotely."""

    capability = Capability.START_ENGINE

    @override
    def supersedes(self, earlier: Command) -> bool:
        return isinstance(earlier, StartEngine)


_REPORTS: Mapping[Group | None, Capability] = {
    Group.BODY: Capability.LOCK_STATUS,
    Group.CLIMATE: Capability.CLIMATE_STATUS,
    Group.POSITION: Capability.LOCATION,
}
"""The capability that a vehicle needs for the refresh of a single group."""


@dataclass(frozen=True, slots=True)
class Refresh(Command):
    """Wake the vehicle for a new report of ``group``, or of everything that the backend's widest refresh covers.

    The only command whose sole purpose is a wake; it costs energy of the 12 V battery.
    """

    capability = Capability.REFRESH
    groups = frozenset(Group)
    reports = True
    group: Group | None = None

    @property
    @override
    def needs(self) -> frozenset[Capability]:
        return frozenset({self.capability, _REPORTS.get(self.group, self.capability)})

    @override
    def seen_in(self, state: VehicleState, before: VehicleState) -> bool | None:
        """Whether the vehicle's own report time has moved on; the request alone shows nothing."""
        now, then = state.report_times, before.report_times
        timed = self.shown_by(state) & now.keys()
        if not timed:  # without report times it is unknown when the vehicle has reported
            return False if self.shown_by(before) & then.keys() else None
        return any(group not in then or now[group] > then[group] for group in timed)

    @override
    def shown_by(self, state: VehicleState) -> frozenset[Group]:
        """Return ``group``, or the widest groups with report times: others may change without any refresh.

        No refresh asks for the tank, so it counts only where a position does.
        """
        if self.group is not None:
            return _TOGETHER if self.group in _TOGETHER else frozenset({self.group})
        timed = state.report_times.keys()
        return next((groups for groups in _WIDEST if timed & groups), self.groups)


_TOGETHER = frozenset({Group.BATTERY, Group.CHARGING})
_WIDEST = (_TOGETHER, frozenset(Group) - {Group.POSITION, Group.CONNECTIVITY, Group.FUEL}, frozenset(Group))


COMMANDS: tuple[type[Command], ...] = (
    CancelClimateSchedule,
    FlashLights,
    Lock,
    Refresh,
    ScheduleClimate,
    SendDestination,
    SetChargeLimit,
    SetChargeSchedule,
    SoundHorn,
    StartCharging,
    StartClimate,
    StartEngine,
    StopCharging,
    StopClimate,
    StopEngine,
    StopSignals,
    Unlock,
)
"""All commands."""
