"""A command's way through a backend: departure, ticket, progress, outcome, and who requested it."""

from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

from .codec import PLANNED
from .identity import LONGEST_NAME, clean_fields


@dataclass(frozen=True, slots=True)
class Ticket:
    """A backend's receipt for an accepted command.

    ``via`` is the source by which it was sent, and ``limit`` how many seconds the vehicle may take there. Both are
    filled in by whoever chooses the source.
    """

    id: str
    sent_at: datetime
    via: str | None = None
    limit: float | None = None


class Phase(StrEnum):
    """How far an accepted command has come, as the backend reports it."""

    PENDING = "pending"
    DONE = "done"
    REJECTED = "rejected"
    TIMED_OUT = "timed_out"
    UNCERTAIN = "uncertain"
    """It is over, but only the vehicle's state shows whether it was carried out."""


@dataclass(frozen=True, slots=True)
class Progress:
    """A backend's response to a poll. ``code`` is its own error code, ``reason`` the meaning; both only if known.

    ``nothing_done``: the refusal itself shows that nothing has reached the vehicle.
    """

    phase: Phase
    code: str | None = None
    reason: Reason | None = None
    nothing_done: bool = False


class CommandStatus(StrEnum):
    """How a command ended."""

    CONFIRMED = "confirmed"
    REJECTED = "rejected"
    TIMED_OUT = "timed_out"
    BLOCKED = "blocked"
    """It was not sent, because it was impossible, not sensible, or too late."""


class Reason(StrEnum):
    """Why a command was not confirmed, if no backend error says why."""

    # After sending
    REJECTED_BY_VEHICLE = "rejected_by_vehicle"
    NO_ANSWER = "no_answer"
    NOT_SEEN = "not_seen"
    """The backend reported success, but the vehicle's state did not show it in time."""
    SUPERSEDED = "superseded"
    """Another command replaced it before it ended."""
    WRONG_PIN = "wrong_pin"

    NOT_STARTED = "not_started"
    """A planned start was not seen to happen."""

    # Before sending
    ALREADY_SO = "already_so"
    """The vehicle has already reported the wanted state: confirmed without sending."""
    ALREADY_CHARGED = "already_charged"
    BATTERY_LOW = "battery_low"
    BLOCKED_BY_AREA = "blocked_by_area"
    DOOR_OPEN = "door_open"
    INTERRUPTED = "interrupted"
    """Home Assistant stopped before its turn."""
    NOT_PLUGGED_IN = "not_plugged_in"
    OUTSIDE_TOO_COLD = "outside_too_cold"
    OUTSIDE_TOO_HOT = "outside_too_hot"
    TOO_LATE = "too_late"
    """It could not be sent soon enough after the request."""
    TOO_MANY_WRONG_PINS = "too_many_wrong_pins"
    UNLOCK_NOT_ALLOWED = "unlock_not_allowed"
    """The source requires no PIN, and the owner has not allowed unlocking without one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandOutcome:
    """The end of a command: when it was sent (``None`` if blocked), when it ended, and why it was not confirmed.

    ``reason`` is a :class:`Reason` or the key of a :class:`~.errors.BackendError`; ``code`` is the backend's own.
    ``replaced_at`` is the planned start that this one has replaced.
    """

    status: CommandStatus
    ended_at: datetime
    sent_at: datetime | None = None
    reason: str | None = None
    code: str | None = None
    replaced_at: datetime | None = field(default=None, metadata=PLANNED)

    def __post_init__(self) -> None:
        """Reduce the code to one printable line."""
        clean_fields(self, code=LONGEST_NAME)


@dataclass(frozen=True, slots=True, kw_only=True)
class Initiator:
    """Who requested something: a user, an automation or script, or an option of ours. ``name`` is for people."""

    kind: str
    name: str | None = None

    @property
    def shown(self) -> str:
        """The text for people: the name, or else the kind."""
        return self.name or self.kind

    @property
    def waits(self) -> bool:
        """Whether somebody waits for the end; nobody does behind an option or a plan."""
        return self.kind not in ("option", "plan")


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandRecord:
    """An entry of the command log: the command, who requested it, through which backend, and how it ended."""

    command: str
    asked_at: datetime
    asked_by: Initiator
    backend: str
    outcome: CommandOutcome

    @property
    def as_event_data(self) -> dict[str, str | float | None]:
        """The data of its event; ``seconds`` is the time from the request to its end."""
        return {
            "command": self.command,
            "reason": self.outcome.reason,
            "code": self.outcome.code,
            "seconds": round((self.outcome.ended_at - self.asked_at).total_seconds(), 1),
            "asked_by": self.asked_by.shown,
            "backend": self.backend,
        } | ({"replaced": replaced.isoformat()} if (replaced := self.outcome.replaced_at) else {})


class Departure(Protocol):
    """A context that a backend enters around each request that carries out a command, and around nothing else.

    It is entered last, right before the request leaves: anything that may take time is done earlier. From then on the
    command counts as sent, unless a :class:`~.errors.BackendError` with ``nothing_done`` leaves the context.
    """

    def __call__(
        self, *, wakes: bool = True, answer_within: timedelta = timedelta()
    ) -> AbstractAsyncContextManager[None]:
        """Return the context of one request.

        ``wakes``: the request can wake the vehicle. ``answer_within`` is given if the request only prepares the
        command; it is how long the vehicle may take to respond before the command itself leaves.

        Raises:
            TooLate: The request may not leave any more.
        """
