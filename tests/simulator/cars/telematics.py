"""The telematics unit: it sleeps, is woken by an action, takes its time, and sometimes does not answer."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from random import Random
from uuid import UUID

from custom_components.nissanconnect.vehicle import Command, Phase

from .twelve_volt import TwelveVolt

AWAKE_FOR = timedelta(minutes=3)
SEARCH = timedelta(seconds=15)
"""How often the network looks again for a vehicle that does not answer."""
GIVE_UP = timedelta(seconds=100)
"""When the cloud calls a command timed out: inside the two minutes for which clients ask (kamereon-eu §10)."""


class Manner(StrEnum):
    """How a vehicle treats commands."""

    OBEDIENT = "obedient"
    SILENT = "silent"
    """It neither does anything nor answers, ever."""
    REFUSING = "refusing"
    """It rejects everything with :attr:`Telematics.refusal`."""
    CONTRADICTING = "contradicting"
    """It executes the command and the cloud calls that cancelled (kamereon-eu §10)."""


@dataclass(slots=True, kw_only=True)
class Action:
    """A command on its way; ``due_at`` is when the vehicle is expected to get to it."""

    id: str
    command: Command
    accepted_at: datetime
    due_at: datetime
    phase: Phase = Phase.PENDING
    code: str | None = None

    def end(self, phase: Phase, code: str | None = None) -> None:
        """Call it over."""
        self.phase, self.code = phase, code


@dataclass(slots=True)
class Telematics:
    """The unit of one vehicle.

    ``covered`` is whether the mobile network reaches it, ``wake_delay`` the least and the most seconds that it needs
    to get to an action when it sleeps (kamereon-eu §16.1), ``give_up`` after what time the cloud calls an unanswered
    action timed out, ``wakes`` how often it had to be started; ``executed`` is
    all that the vehicle has really done.
    """

    rng: Random
    twelve_volt: TwelveVolt
    covered: bool = True
    manner: Manner = Manner.OBEDIENT
    refusal: str = "12"
    wake_delay: tuple[float, float] = (10, 60)
    give_up: timedelta = GIVE_UP
    wakes: int = 0
    awake_until: datetime | None = None
    actions: dict[str, Action] = field(default_factory=dict)
    executed: list[Command] = field(default_factory=list)
    _open: list[Action] = field(default_factory=list)

    def new_id(self) -> str:
        """Return a fresh identifier."""
        return str(UUID(int=self.rng.getrandbits(128), version=4))

    @property
    def reachable(self) -> bool:
        """Whether it would answer."""
        return self.covered and self.twelve_volt.can_wake

    def is_awake(self, at: datetime) -> bool:
        """Whether it listens without having to be started."""
        return self.awake_until is not None and at <= self.awake_until

    def stay_awake(self, at: datetime) -> None:
        """Keep listening for a while: the vehicle is in use."""
        self.awake_until = at + AWAKE_FOR

    def accept(self, command: Command, at: datetime) -> Action:
        """Take a command into the queue, from which the vehicle takes them in order."""
        delay = self.rng.uniform(*((3, 8) if self.is_awake(at) else self.wake_delay))
        due_at = max([at + timedelta(seconds=delay), *(action.due_at for action in self._pending())])
        action = Action(id=self.new_id(), command=command, accepted_at=at, due_at=due_at)
        self.actions[action.id] = action
        self._open.append(action)
        return action

    def next_at(self) -> datetime | None:
        """When the next action is due."""
        return min((action.due_at for action in self._pending()), default=None)

    def work(self, at: datetime, execute: Callable[[Command], str | None]) -> None:
        """Get to what is due; ``execute`` carries a command out or returns the code of its refusal."""
        for action in self._pending():
            if action.due_at <= at:
                self._attempt(action, at, execute)

    def _pending(self) -> list[Action]:
        self._open = [action for action in self._open if action.phase is Phase.PENDING]
        return [] if self.manner is Manner.SILENT else self._open

    def _attempt(self, action: Action, at: datetime, execute: Callable[[Command], str | None]) -> None:
        if not self._wake(at):
            given_up = action.accepted_at + self.give_up
            if at >= given_up:
                action.end(Phase.TIMED_OUT)
            action.due_at = min(at + SEARCH, given_up)
        elif self.manner is Manner.REFUSING:
            action.end(Phase.REJECTED, self.refusal)
        elif (code := execute(action.command)) is not None:
            action.end(Phase.REJECTED, code)
        else:
            self.executed.append(action.command)
            if self.manner is Manner.CONTRADICTING:
                action.end(Phase.UNCERTAIN, "Failed")
            else:
                action.end(Phase.DONE)

    def _wake(self, at: datetime) -> bool:
        """Start the unit if it sleeps, paid by the 12 V battery; return whether it answers."""
        if not self.reachable:
            return False
        if not self.is_awake(at):
            self.twelve_volt.pay_wake()
            self.wakes += 1
        self.stay_awake(at)
        return True
