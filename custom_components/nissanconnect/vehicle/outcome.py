"""What became of a command: its receipt, how far it is, how it ended and who had asked for it."""

from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

from .identity import LONGEST_NAME, clean


@dataclass(frozen=True, slots=True)
class Ticket:
    """A backend's receipt for a command that it has accepted.

    ``via`` is by which of several ways it was sent, and ``limit`` how many seconds the vehicle may take there; whoever
    knows the ways fills them in.
    """

    id: str
    sent_at: datetime
    via: str | None = None
    limit: float | None = None


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

    Both only if they are known. ``nothing_done``: the refusal itself shows that nothing has reached the vehicle.
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
    """It was not sent, because it was not possible or not sensible, or not any more."""


class Reason(StrEnum):
    """Why a command was not confirmed, where no backend's error says it."""

    # After sending
    REJECTED_BY_VEHICLE = "rejected_by_vehicle"
    NO_ANSWER = "no_answer"
    NOT_SEEN = "not_seen"
    """The backend called it done, the vehicle's state did not follow in time."""
    SUPERSEDED = "superseded"
    """Another command took its place before it had ended."""
    WRONG_PIN = "wrong_pin"

    NOT_STARTED = "not_started"
    """What was planned was not seen to begin when it was time."""

    # Before sending
    ALREADY_SO = "already_so"
    """The vehicle has reported since that it is as it was asked to be: confirmed, and not sent."""
    ALREADY_CHARGED = "already_charged"
    BATTERY_LOW = "battery_low"
    BLOCKED_BY_AREA = "blocked_by_area"
    DOOR_OPEN = "door_open"
    INTERRUPTED = "interrupted"
    """We stopped before it was its turn."""
    NOT_PLUGGED_IN = "not_plugged_in"
    OUTSIDE_TOO_COLD = "outside_too_cold"
    OUTSIDE_TOO_HOT = "outside_too_hot"
    TOO_LATE = "too_late"
    """It could not be sent soon enough after it was asked for."""
    TOO_MANY_WRONG_PINS = "too_many_wrong_pins"
    UNLOCK_NOT_ALLOWED = "unlock_not_allowed"
    """No PIN is asked for, and the owner has not allowed to unlock without one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandOutcome:
    """The end of a command: when it was sent (never, if blocked), when it ended, and why if it was not confirmed.

    ``replaced_at`` is the planned start that this one has taken the place of.

    ``reason`` is a :class:`Reason` or the key of a :class:`~.errors.BackendError`; ``code`` is the backend's own.
    """

    status: CommandStatus
    ended_at: datetime
    sent_at: datetime | None = None
    reason: str | None = None
    code: str | None = None
    replaced_at: datetime | None = None

    def __post_init__(self) -> None:
        """Have the backend's code in one printable line."""
        clean(self, code=LONGEST_NAME)


@dataclass(frozen=True, slots=True, kw_only=True)
class Initiator:
    """Who asked for something: a person, an automation or script, or a setting of ours; by the name shown to people."""

    kind: str
    name: str | None = None

    @property
    def shown(self) -> str:
        """What people are told: the name, or at least what kind it was."""
        return self.name or self.kind

    @property
    def waits(self) -> bool:
        """Whether somebody waits for the end; behind what the options allow there is nobody."""
        return self.kind != "option"


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandRecord:
    """A line of the command log: what was asked, by whom, through which backend, and how it ended."""

    command: str
    asked_at: datetime
    asked_by: Initiator
    backend: str
    outcome: CommandOutcome

    @property
    def as_event_data(self) -> dict[str, str | float | None]:
        """What is told of it in events: ``seconds`` is how long it took from being asked to its end."""
        return {
            "command": self.command,
            "reason": self.outcome.reason,
            "code": self.outcome.code,
            "seconds": round((self.outcome.ended_at - self.asked_at).total_seconds(), 1),
            "asked_by": self.asked_by.shown,
            "backend": self.backend,
        } | ({"replaced": replaced.isoformat()} if (replaced := self.outcome.replaced_at) else {})


class Departure(Protocol):
    """Entered around each request that carries a command out, and around nothing else.

    Entering it is the last thing before the request leaves: whatever may take time is done before. From then on the
    command counts as sent, unless a :class:`~.errors.BackendError` leaves the context that says ``nothing_done``.
    """

    def __call__(
        self, *, wakes: bool = True, answer_within: timedelta = timedelta()
    ) -> AbstractAsyncContextManager[None]:
        """Return the context of one request.

        ``wakes``: the request can wake the vehicle. ``answer_within`` is given if it only prepares the command, and is
        how long the vehicle may take over its answer before the command itself leaves.

        Raises:
            TooLate: It may not leave any more, and never will.
        """
