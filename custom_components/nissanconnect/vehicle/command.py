"""What may be asked of a vehicle."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
import re
from typing import Any, ClassVar, override

from .charging import ChargeMode, ChargeSchedule, ChargingStatus
from .identity import Capability
from .state import GROUP_TYPES, NEVER, Group, VehicleState


@dataclass(frozen=True, slots=True)
class Command:
    """Something to ask of a vehicle.

    ``capability`` is what the vehicle must have for any of its kind, :attr:`needs` all that it must have for this
    one; ``groups`` are the parts of the state that show its effect. ``reports``: that effect is a new report, which may
    reach the source minutes after the vehicle has made it. A command that has no values of its own is not
    decorated again: it would only cost time at each start. ``force``: send it even if that does not seem sensible.
    ``tries_pin``: its end may tell that its PIN was wrong.
    """

    capability: ClassVar[Capability]
    groups: ClassVar[frozenset[Group]] = frozenset()
    reports: ClassVar[bool] = False
    tries_pin: ClassVar[bool] = False
    force: bool = field(default=False, kw_only=True)

    @property
    def needs(self) -> frozenset[Capability]:
        """What the vehicle must have."""
        return frozenset({self.capability})

    def seen_in(self, state: VehicleState, before: VehicleState) -> bool | None:
        """Whether the vehicle's own ``state`` shows that the command was carried out; ``None`` if it cannot tell.

        ``before`` is what was believed when the command was sent.
        """
        return None

    def applied_to(self, state: VehicleState) -> VehicleState:
        """Return ``state`` as it is to be expected once the vehicle has carried the command out."""
        return state

    @property
    def useful_until(self) -> datetime | None:
        """After what time sending it would be of no use, if there is such a time."""
        return None

    def concerns_same(self, other: Command) -> bool:
        """Whether it matters which of the two a vehicle carries out first; a report only stands back for another."""
        if self.reports or other.reports:
            return self.reports and other.reports
        alike = self.capability is other.capability or not self.groups.isdisjoint(other.groups)
        return alike or self.supersedes(other) or other.supersedes(self)

    def supersedes(self, earlier: Command) -> bool:
        """Whether a vehicle that has carried out both, this one last, does not show the effect of ``earlier``."""
        before = self.applied_to(VehicleState())
        obeyed = earlier.applied_to(before)
        seen = earlier.seen_in(obeyed, before)
        return seen is True and earlier.seen_in(self.applied_to(obeyed), before) is not True

    def cancels_unsent(self, earlier: Command) -> bool:
        """Whether ``earlier`` need not be sent any more, if it has not left when this one is asked for."""
        return self.supersedes(earlier)

    def shown_by(self, state: VehicleState) -> frozenset[Group]:
        """Return which parts of ``state`` tell best whether it was carried out: what to look at again and again."""
        return self.groups

    @classmethod
    def kind(cls) -> str:
        """The kind of command in snake case, for logs, events and translations."""
        return "".join(f"_{c.lower()}" if c.isupper() else c for c in cls.__name__).lstrip("_")


def _with(state: VehicleState, group: Group, **values: Any) -> VehicleState:
    """Return ``state`` with other values in one group, which need not be known yet."""
    known = getattr(state, group) or GROUP_TYPES[group](backend="", received_at=NEVER)
    changed: dict[str, Any] = {group.value: replace(known, **values)}
    return replace(state, **changed)


@dataclass(frozen=True, slots=True)
class StartClimate(Command):
    """Heat or cool the cabin to ``target`` °C (``None``: the vehicle's own choice), starting now.

    ``defrost``: and thaw its windows; ``heat_seats``: the front ones; ``heat_wheel``: the steering wheel.
    """

    capability = Capability.CLIMATE
    groups = frozenset({Group.CLIMATE})
    target: float | None = None
    defrost: bool = False
    heat_seats: bool = False
    heat_wheel: bool = False

    @property
    @override
    def needs(self) -> frozenset[Capability]:
        return _climate_needs(self)

    @override
    def seen_in(self, state: VehicleState, before: VehicleState) -> bool | None:
        return state.climate.running if state.climate else None

    @override
    def applied_to(self, state: VehicleState) -> VehicleState:
        return _with(state, Group.CLIMATE, running=True, target_temperature=self.target)


class StopClimate(Command):
    """Stop heating or cooling."""

    capability = Capability.CLIMATE
    groups = frozenset({Group.CLIMATE})

    @override
    def seen_in(self, state: VehicleState, before: VehicleState) -> bool | None:
        if state.climate is None or state.climate.running is None:
            return None
        return not state.climate.running

    @override
    def applied_to(self, state: VehicleState) -> VehicleState:
        return _with(state, Group.CLIMATE, running=False)


SOONEST_PLAN = timedelta(seconds=150)
"""What is to start sooner is not planned but started: a vehicle may take two minutes to hear of a plan."""


@dataclass(frozen=True, slots=True)
class ScheduleClimate(Command):
    """Start the climate once at ``at`` (aware, in the future), as :class:`StartClimate` would."""

    capability = Capability.CLIMATE_SCHEDULE
    groups = frozenset({Group.CLIMATE})
    at: datetime
    target: float | None = None
    defrost: bool = False
    heat_seats: bool = False
    heat_wheel: bool = False

    @property
    @override
    def needs(self) -> frozenset[Capability]:
        return _climate_needs(self)

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
        return _with(state, Group.CLIMATE, next_start_at=self.at, next_target_temperature=self.target)


def _climate_needs(command: StartClimate | ScheduleClimate) -> frozenset[Capability]:
    wishes = {
        Capability.CLIMATE_DEFROST: command.defrost,
        Capability.CLIMATE_TEMPERATURE: command.target is not None,
        Capability.SEAT_HEAT: command.heat_seats,
        Capability.WHEEL_HEAT: command.heat_wheel,
    }
    return frozenset({command.capability, *(capability for capability, wished in wishes.items() if wished)})


class CancelClimateSchedule(Command):
    """Forget a scheduled climate start. Where none was known, no state shows it: no source says "none is scheduled"."""

    capability = Capability.CLIMATE_SCHEDULE
    groups = frozenset({Group.CLIMATE})

    @override
    def seen_in(self, state: VehicleState, before: VehicleState) -> bool | None:
        now, planned = state.climate, before.climate.next_start_at if before.climate else None
        if now is None or planned is None or (now.next_start_at is None and now.received_at >= planned):
            return None  # it is not known, or its time has passed meanwhile
        return now.next_start_at != planned

    @override
    def applied_to(self, state: VehicleState) -> VehicleState:
        return _with(state, Group.CLIMATE, next_start_at=None, next_target_temperature=None)


class StartCharging(Command):
    """Charge now, whatever the vehicle's timer says."""

    capability = Capability.START_CHARGING
    groups = frozenset({Group.CHARGING})

    @override
    def seen_in(self, state: VehicleState, before: VehicleState) -> bool | None:
        return state.charging.active if state.charging else None

    @override
    def applied_to(self, state: VehicleState) -> VehicleState:
        return _with(state, Group.CHARGING, status=ChargingStatus.CHARGING)


class StopCharging(Command):
    """Stop charging."""

    capability = Capability.STOP_CHARGING
    groups = frozenset({Group.CHARGING})

    @override
    def seen_in(self, state: VehicleState, before: VehicleState) -> bool | None:
        if state.charging is None or state.charging.active is None:
            return None
        return not state.charging.active

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
    """Charge in the hours of ``schedule`` only, or whenever plugged in without one.

    Some sources tell whether the vehicle keeps to a timer, and not to which.
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
    """Whether what was entered can be a PIN: four digits, as all vehicles want it."""
    return re.fullmatch("[0-9]{4}", entered) is not None


@dataclass(frozen=True, slots=True)
class _DoorCommand(Command):
    """Lock or unlock, with the PIN that some vehicles want for it."""

    capability = Capability.LOCK
    groups = frozenset({Group.BODY})
    tries_pin = True
    pin: str | None = field(default=None, repr=False)


class Lock(_DoorCommand):
    """Lock all doors."""

    @override
    def seen_in(self, state: VehicleState, before: VehicleState) -> bool | None:
        return state.body.locked if state.body else None

    @override
    def applied_to(self, state: VehicleState) -> VehicleState:
        return _with(state, Group.BODY, locked=True)


class Unlock(_DoorCommand):
    """Unlock all doors."""

    @override
    def seen_in(self, state: VehicleState, before: VehicleState) -> bool | None:
        if state.body is None or state.body.locked is None:
            return None
        return not state.body.locked

    @override
    def applied_to(self, state: VehicleState) -> VehicleState:
        return _with(state, Group.BODY, locked=False)

    @override
    def cancels_unsent(self, earlier: Command) -> bool:
        """Never: the PIN may be wrong, and then the doors are to be locked."""
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
    """Send a place (WGS 84 degrees) to the navigation under a ``name``; the driver still has to choose it there.

    Nothing reports which places the navigation has.
    """

    capability = Capability.SEND_DESTINATION
    latitude: float = field(repr=False)
    longitude: float = field(repr=False)
    name: str = field(repr=False)


class StartEngine(Command):
    """Start the combustion engine from afar. No state shows whether it runs."""

    capability = Capability.START_ENGINE

    @override
    def supersedes(self, earlier: Command) -> bool:
        return isinstance(earlier, StopEngine)


class StopEngine(Command):
    """Stop an engine that was started from afar."""

    capability = Capability.START_ENGINE

    @override
    def supersedes(self, earlier: Command) -> bool:
        return isinstance(earlier, StartEngine)


_REPORTS: Mapping[Group | None, Capability] = {
    Group.BODY: Capability.LOCK_STATUS,
    Group.CLIMATE: Capability.CLIMATE_STATUS,
    Group.POSITION: Capability.LOCATION,
}
"""What a vehicle must be able to report for a part to be refreshed on its own."""


@dataclass(frozen=True, slots=True)
class Refresh(Command):
    """Wake the vehicle and let it report afresh: ``group``, or whatever the backend's widest refresh covers.

    The one command whose only purpose is to wake; it costs energy of the 12 V battery.
    """

    capability = Capability.REFRESH
    groups = frozenset(Group)
    reports = True
    group: Group | None = None

    @property
    @override
    def needs(self) -> frozenset[Capability]:
        reports = {_REPORTS[self.group]} if self.group in _REPORTS else set[Capability]()
        return frozenset({self.capability} | reports)

    @override
    def seen_in(self, state: VehicleState, before: VehicleState) -> bool | None:
        """Whether the vehicle's own time of what was to be reported has moved on; that it was asked shows nothing."""
        now, then = state.report_times, before.report_times
        told = self.shown_by(state) & now.keys()
        if not told:  # of a source that tells no times nobody knows when the vehicle has spoken
            return False if self.shown_by(before) & then.keys() else None
        return any(group not in then or now[group] > then[group] for group in told)

    @override
    def shown_by(self, state: VehicleState) -> frozenset[Group]:
        """Return ``group``, or the widest that tells when it was reported: others may move without any refresh."""
        if self.group is not None:
            return _TOGETHER if self.group in _TOGETHER else frozenset({self.group})
        timed = state.report_times.keys()
        return next((groups for groups in _WIDEST if timed & groups), self.groups)


_TOGETHER = frozenset({Group.BATTERY, Group.CHARGING})
_WIDEST = (_TOGETHER, frozenset(Group) - {Group.POSITION, Group.CONNECTIVITY}, frozenset(Group))


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
"""Every command that there is."""
