"""What shows that a command was carried out, and what becomes of one that nothing shows."""

from datetime import datetime, timedelta

from ..vehicle import Command, CommandStatus, Group, Phase, Reason, VehicleState

VERDICTS = {
    Phase.DONE: (CommandStatus.TIMED_OUT, Reason.NOT_SEEN),
    Phase.UNCERTAIN: (CommandStatus.REJECTED, Reason.REJECTED_BY_VEHICLE),
    Phase.REJECTED: (CommandStatus.REJECTED, Reason.REJECTED_BY_VEHICLE),
    Phase.TIMED_OUT: (CommandStatus.TIMED_OUT, Reason.NO_ANSWER),
    Phase.PENDING: (CommandStatus.TIMED_OUT, Reason.NO_ANSWER),
}
"""How a command ended that the vehicle's state does not show, by the backend's last word."""

_CLOCK_ERROR = timedelta(minutes=1)
"""By how much the clock of a vehicle may be behind ours."""


def proves(
    command: Command, state: VehicleState, before: VehicleState, phase: Phase, sent_at: datetime, *, contested: bool
) -> bool:
    """Whether ``state`` shows that the command was carried out, of which the backend has said ``phase`` last.

    ``before`` is what was believed when it was sent, at ``sent_at``. ``contested``: the opposite was on its way then,
    so that the vehicle may be about to become otherwise.
    """
    seen = command.seen_in(state, before)
    fresh = not command.seen_in(before, before) or _moved(command, state, before)
    if phase is Phase.DONE:  # the backend's word stands unless the vehicle contradicts it
        return seen is not False and (fresh or not contested or not _times(command, state))
    # Against the backend's word only fresh evidence counts: a state that was so all along proves nothing, nor does a
    # report from before that we had not read.
    return seen is True and fresh and (command.reports or not _is_older(command, state, sent_at - _CLOCK_ERROR))


def _moved(command: Command, state: VehicleState, before: VehicleState) -> bool:
    """Whether the vehicle has reported since, about anything that the command touches."""
    then = before.report_times
    return any(at != then.get(group) for group, at in _times(command, state).items())


def _is_older(command: Command, state: VehicleState, time: datetime) -> bool:
    """Whether the vehicle has reported nothing of what the command touches since ``time``, as far as that is told."""
    return max(_times(command, state).values(), default=time) < time


def _times(command: Command, state: VehicleState) -> dict[Group, datetime]:
    """Return when the vehicle reported what the command touches, as far as the source tells."""
    return {group: at for group, at in state.report_times.items() if group in command.groups}
