"""A command on its way, and how soon it must have left."""

from asyncio import Event
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from ..vehicle import Asker, BackendError, Command, CommandOutcome, Ticket

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
    """The backend calls it over; the vehicle's own state has not shown it yet."""
    ENDED = "ended"


@dataclass(slots=True, eq=False)
class Job:
    """A command on its way, as those see it who asked for it. Both events are set at the end, whatever it is.

    ``sent_at`` is when its first request left; ``None``: none ever did. ``overruled``: a later command has been sent
    that undoes what this one asks for. ``refused``: the service does not take it while it carries out another.
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
    overruled: bool = False
    refused: bool = False
    accepted: Event = field(default_factory=Event)
    ended: Event = field(default_factory=Event)

    @property
    def latest(self) -> datetime:
        """When it must have left."""
        soon, useful = self.asked_at + SEND_WITHIN, self.command.useful_until
        return soon if useful is None else min(soon, useful)
