"""A command on its way, and how soon it must have left."""

from asyncio import Event
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from ..vehicle import Asker, BackendError, Command, CommandOutcome, Ticket
from .sending import Sending

SEND_WITHIN = timedelta(seconds=30)
"""How soon a command must leave after it was asked for. Later it may not be wanted any more, so it is not sent at all.

The wait for an earlier command to the same vehicle counts, and so does all that a backend does before it sends.
"""


class Stage(StrEnum):
    """How far a command has come."""

    WAITING = "waiting"
    """Another command to the vehicle has to be sent or carried out first."""
    SENDING = "sending"
    ACCEPTED = "accepted"
    EXECUTED = "executed"
    """The backend calls it over, or has nothing to say of it; the vehicle's own state has not shown it yet."""
    ENDED = "ended"


@dataclass(slots=True, eq=False)
class Job:
    """A command on its way, as those see it who asked for it. Both events are set at the end, whatever it is.

    ``sent_at`` is when its first request left; ``None``: none ever did. ``overruled``: a later command has been sent
    that undoes what this one asks for, or was asked for before this one could leave. ``contested``: such an earlier
    one was on its way when this one was sent. ``refused``: the service does not take it while it carries out another.
    """

    command: Command
    asked_by: Asker
    asked_at: datetime
    stage: Stage = Stage.WAITING
    sent_at: datetime | None = None
    ticket: Ticket | None = None
    outcome: CommandOutcome | None = None
    error: BackendError | None = None
    """What the backend said, if that is why the command was not confirmed."""
    nothing_done: bool = False
    """Whether the vehicle was certainly not reached, although the command was accepted."""
    sending: Sending | None = None
    overruled: bool = False
    contested: bool = False
    refused: bool = False
    accepted: Event = field(default_factory=Event)
    ended: Event = field(default_factory=Event)

    @property
    def called_off(self) -> bool:
        """Whether it is not to be sent any more."""
        return self.overruled and self.ticket is None and self.stage is not Stage.EXECUTED

    @property
    def occupies(self) -> bool:
        """Whether the service may refuse others because of it."""
        on_its_way = self.ticket is not None or (self.called_off and self.sent_at is not None)
        return on_its_way and self.stage is not Stage.EXECUTED

    def call_off(self) -> None:
        """Have it not sent any more, unless it has left."""
        never_left = self.sending is None or self.sending.call_off()
        self.overruled = self.overruled or (self.ticket is None and never_left)

    @property
    def latest(self) -> datetime:
        """When it must have left."""
        soon, useful = self.asked_at + SEND_WITHIN, self.command.useful_until
        return soon if useful is None else min(soon, useful)
