"""How a command is followed from sending it to its end.

A command is sent once. Then the backend is asked how it goes, and finally the vehicle's own state, because backends
say "done" too early and "cancelled" for commands that were carried out (kamereon-eu §10).
"""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from ..vehicle import (
    BackendError,
    Command,
    CommandOutcome,
    CommandStatus,
    Phase,
    Progress,
    Reason,
    Ticket,
    VehicleState,
)

type Clock = Callable[[], datetime]
type Sleep = Callable[[float], Awaitable[object]]


class Line(Protocol):
    """What the runner needs of the world: one vehicle, reached through whatever backend it has."""

    async def send(self, command: Command) -> Ticket:
        """Send the command; raises :class:`BackendError` if it was not accepted."""

    async def poll(self, ticket: Ticket) -> Progress:
        """Ask how the command goes."""

    async def look(self, command: Command) -> VehicleState:
        """Read what shows the command's effect and return all that is believed now."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long and how often to ask, in seconds. Vehicles take 10-120 s (kamereon-eu §10)."""

    first: float = 1.0
    growth: float = 1.5
    longest: float = 6.0
    limit: float = 120.0
    looks: int = 3
    """How often the state is read after the backend called the command over."""


async def run(
    command: Command,
    line: Line,
    before: VehicleState,
    *,
    now: Clock,
    sleep: Sleep,
    patience: Patience | None = None,
) -> CommandOutcome:
    """Send ``command`` and follow it to its end.

    ``before`` is what is believed at the start. Raises :class:`BackendError` if the command was not accepted; once it
    is, errors of the backend are waited out and the outcome tells what the vehicle did.
    """
    patience = patience or Patience()
    ticket = await line.send(command)
    progress = await _follow(ticket, line, now=now, sleep=sleep, patience=patience)
    looks = patience.looks if progress.phase in (Phase.DONE, Phase.UNCERTAIN) else 1
    confirmed = await _look(command, line, before, progress.phase, sleep=sleep, patience=patience, looks=looks)
    status, reason = (CommandStatus.CONFIRMED, None) if confirmed else _VERDICTS[progress.phase]
    if not confirmed and progress.reason is not None:
        reason = progress.reason
    return CommandOutcome(status=status, reason=reason, code=progress.code, sent_at=ticket.sent_at, ended_at=now())


_VERDICTS = {
    Phase.DONE: (CommandStatus.TIMED_OUT, Reason.NOT_SEEN),
    Phase.UNCERTAIN: (CommandStatus.REJECTED, Reason.REJECTED_BY_VEHICLE),
    Phase.REJECTED: (CommandStatus.REJECTED, Reason.REJECTED_BY_VEHICLE),
    Phase.TIMED_OUT: (CommandStatus.TIMED_OUT, Reason.NO_ANSWER),
    Phase.PENDING: (CommandStatus.TIMED_OUT, Reason.NO_ANSWER),
}
"""How a command ended that the vehicle's state does not show, by the backend's last word."""


async def _follow(ticket: Ticket, line: Line, *, now: Clock, sleep: Sleep, patience: Patience) -> Progress:
    """Ask until the command is over or the time is; an error on the way is no answer."""
    deadline = ticket.sent_at + timedelta(seconds=patience.limit)
    progress, pause = Progress(Phase.PENDING), patience.first
    while progress.phase is Phase.PENDING and now() < deadline:
        await sleep(pause)
        pause = min(pause * patience.growth, patience.longest)
        with suppress(BackendError):
            progress = await line.poll(ticket)
    return progress


async def _look(
    command: Command,
    line: Line,
    before: VehicleState,
    phase: Phase,
    *,
    sleep: Sleep,
    patience: Patience,
    looks: int,
) -> bool:
    """Read the vehicle's state until it shows the command's effect, at most ``looks`` times."""
    for look in range(looks):
        if look:
            await sleep(patience.longest)
        try:
            state = await line.look(command)
        except BackendError:
            continue
        if _proves(command, state, before, phase):
            return True
    return False


def _proves(command: Command, state: VehicleState, before: VehicleState, phase: Phase) -> bool:
    seen = command.seen_in(state, before)
    if phase is Phase.DONE:
        return seen is not False  # the backend's word stands unless the vehicle contradicts it
    # Against the backend's word only fresh evidence counts: a state that was so all along proves nothing.
    return seen is True and (not command.seen_in(before, before) or _moved(command, state, before))


def _moved(command: Command, state: VehicleState, before: VehicleState) -> bool:
    """Whether the vehicle has spoken since, about anything that the command touches."""
    now, then = state.groups(), before.groups()
    return any(
        (word := now.get(group)) is not None
        and word.reported_at is not None
        and ((old := then.get(group)) is None or word.reported_at != old.reported_at)
        for group in command.groups
    )
