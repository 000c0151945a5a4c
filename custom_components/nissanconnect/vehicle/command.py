"""What may be asked of a vehicle, and how that ended."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import ClassVar, override

from .capability import Capability
from .state import Group, VehicleState


@dataclass(frozen=True, slots=True)
class Command:
    """Something to ask of a vehicle.

    ``capability`` is what the vehicle must have for it; ``groups`` are the parts of the state that show its effect.
    """

    capability: ClassVar[Capability]
    groups: ClassVar[frozenset[Group]] = frozenset()

    def seen_in(self, state: VehicleState, before: VehicleState) -> bool | None:
        """Whether the vehicle's own ``state`` shows that the command was carried out; ``None`` if it cannot tell.

        ``before`` is what was believed when the command was sent.
        """
        return None

    @property
    def name(self) -> str:
        """The command's name in snake case, for logs, events and translations."""
        return "".join(f"_{c.lower()}" if c.isupper() else c for c in type(self).__name__).lstrip("_")


@dataclass(frozen=True, slots=True)
class StartClimate(Command):
    """Heat or cool the cabin to ``target`` °C (``None``: the vehicle's own choice), starting now."""

    capability = Capability.CLIMATE
    groups = frozenset({Group.CLIMATE})
    target: float | None = None

    @override
    def seen_in(self, state: VehicleState, before: VehicleState) -> bool | None:
        return state.climate.running if state.climate else None


@dataclass(frozen=True, slots=True)
class StopClimate(Command):
    """Stop heating or cooling."""

    capability = Capability.CLIMATE
    groups = frozenset({Group.CLIMATE})

    @override
    def seen_in(self, state: VehicleState, before: VehicleState) -> bool | None:
        if state.climate is None or state.climate.running is None:
            return None
        return not state.climate.running


@dataclass(frozen=True, slots=True)
class ScheduleClimate(Command):
    """Start the climate once at ``at`` (aware, in the future) with ``target`` °C."""

    capability = Capability.CLIMATE_SCHEDULE
    groups = frozenset({Group.CLIMATE})
    at: datetime
    target: float | None = None

    @override
    def seen_in(self, state: VehicleState, before: VehicleState) -> bool | None:
        if state.climate is None or state.climate.next_start_at is None:
            return None
        return abs((state.climate.next_start_at - self.at).total_seconds()) < 60  # some sources drop the seconds


@dataclass(frozen=True, slots=True)
class CancelClimateSchedule(Command):
    """Forget a scheduled climate start. Sources do not say "nothing is scheduled", so no state shows it."""

    capability = Capability.CLIMATE_SCHEDULE
    groups = frozenset({Group.CLIMATE})


@dataclass(frozen=True, slots=True)
class StartCharging(Command):
    """Charge now, whatever the vehicle's timer says."""

    capability = Capability.START_CHARGING
    groups = frozenset({Group.CHARGING})

    @override
    def seen_in(self, state: VehicleState, before: VehicleState) -> bool | None:
        return state.charging.active if state.charging else None


@dataclass(frozen=True, slots=True)
class StopCharging(Command):
    """Stop charging."""

    capability = Capability.STOP_CHARGING
    groups = frozenset({Group.CHARGING})

    @override
    def seen_in(self, state: VehicleState, before: VehicleState) -> bool | None:
        if state.charging is None or state.charging.active is None:
            return None
        return not state.charging.active


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
        return state.charging.limit == self.limit


@dataclass(frozen=True, slots=True)
class Lock(Command):
    """Lock all doors."""

    capability = Capability.LOCK
    groups = frozenset({Group.BODY})
    pin: str | None = field(default=None, repr=False)

    @override
    def seen_in(self, state: VehicleState, before: VehicleState) -> bool | None:
        return state.body.locked if state.body else None


@dataclass(frozen=True, slots=True)
class Unlock(Command):
    """Unlock all doors."""

    capability = Capability.LOCK
    groups = frozenset({Group.BODY})
    pin: str | None = field(default=None, repr=False)

    @override
    def seen_in(self, state: VehicleState, before: VehicleState) -> bool | None:
        if state.body is None or state.body.locked is None:
            return None
        return not state.body.locked


@dataclass(frozen=True, slots=True)
class SoundHorn(Command):
    """Sound the horn for a few seconds."""

    capability = Capability.HORN


@dataclass(frozen=True, slots=True)
class FlashLights(Command):
    """Flash the lights for a few seconds."""

    capability = Capability.LIGHTS


@dataclass(frozen=True, slots=True)
class StartEngine(Command):
    """Start the combustion engine from afar."""

    capability = Capability.START_ENGINE


@dataclass(frozen=True, slots=True)
class StopEngine(Command):
    """Stop an engine that was started from afar."""

    capability = Capability.START_ENGINE


@dataclass(frozen=True, slots=True)
class Refresh(Command):
    """Wake the vehicle and let it report afresh: ``group``, or whatever the backend's widest refresh covers.

    The one command whose only purpose is to wake; it costs energy of the 12 V battery.
    """

    capability = Capability.REFRESH
    groups = frozenset(Group)
    group: Group | None = None

    @override
    def seen_in(self, state: VehicleState, before: VehicleState) -> bool | None:
        moved = state.last_report is not None and state.last_report != before.last_report
        return True if moved else None  # a vehicle that has nothing new to say may still have answered


@dataclass(frozen=True, slots=True)
class Ticket:
    """A backend's receipt for a command that it has accepted."""

    id: str
    sent_at: datetime


class Phase(StrEnum):
    """How far an accepted command has come, as the backend tells it."""

    PENDING = "pending"
    DONE = "done"
    REJECTED = "rejected"
    TIMED_OUT = "timed_out"
    UNCERTAIN = "uncertain"
    """It is over, but only the vehicle's state can tell whether it was carried out."""


@dataclass(frozen=True, slots=True)
class Progress:
    """A backend's answer to "how is it going"; ``code`` is its own error code, ``reason`` what that means.

    Both only if they are known.
    """

    phase: Phase
    code: str | None = None
    reason: Reason | None = None


class CommandStatus(StrEnum):
    """How a command ended."""

    CONFIRMED = "confirmed"
    REJECTED = "rejected"
    TIMED_OUT = "timed_out"
    BLOCKED = "blocked"


class Reason(StrEnum):
    """Why a command was not confirmed."""

    NOT_SUPPORTED = "not_supported"
    REJECTED_BY_VEHICLE = "rejected_by_vehicle"
    NO_ANSWER = "no_answer"
    NOT_SEEN = "not_seen"
    """The backend called it done, the vehicle's state did not follow in time."""
    WRONG_PIN = "wrong_pin"


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandOutcome:
    """The end of a command: when it was sent, when it ended, and why if it was not confirmed."""

    status: CommandStatus
    sent_at: datetime | None
    ended_at: datetime
    reason: Reason | None = None
    code: str | None = None
