"""Commands as the server numbers them, and how one has ended (opencarwings §4).

The result alone tells nothing: it says "success" when the vehicle reports that it could not. The alert with the same
command's id does (§4.1 [A]). Ids are used again, and what happens by itself carries the last one, so only alerts since
the request, and only of the kinds that answer this command, count.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Self, override

from ...vehicle import (
    Command,
    FlashLights,
    Lock,
    Phase,
    Progress,
    Reason,
    Refresh,
    SoundHorn,
    StartCharging,
    StartClimate,
    StopClimate,
    StopSignals,
    Unlock,
)
from ..reader import time_of
from .alerts import CarAlert
from .car import LastCommand

CODES: Mapping[type[Command], int] = {
    Refresh: 1,
    StartCharging: 2,
    StartClimate: 3,
    StopClimate: 4,
    Unlock: 7,
    Lock: 8,
    SoundHorn: 9,
    FlashLights: 10,
    StopSignals: 12,
}

_SUCCESS: Mapping[int, frozenset[int]] = {
    2: frozenset({2}),
    3: frozenset({4}),
    4: frozenset({5}),
    7: frozenset({12}),
    8: frozenset({13}),
    **dict.fromkeys((9, 10, 12), frozenset({14, 15})),
}
_FAILURE: Mapping[int, int] = {2: 96, 3: 97, 4: 97, 7: 95, 8: 95, 9: 94, 10: 94, 12: 94}
_TIMED_OUT, _FAILED = 98, 99
"""These two answer any command; a refresh has no other, and no alert that it must have (§4.1: 19 was never seen)."""


@dataclass(frozen=True, slots=True)
class Order:
    """A command that the server has accepted: its number, its id, and when by the server's clock."""

    code: int
    id: int
    requested_at: datetime | None

    @override
    def __str__(self) -> str:
        """What a ticket remembers."""
        return f"{self.code}/{self.id}/{self.requested_at.isoformat() if self.requested_at else ''}"

    @classmethod
    def parse(cls, ticket: str) -> Self | None:
        """Read what :meth:`__str__` wrote."""
        code, _, rest = ticket.partition("/")
        identifier, _, at = rest.partition("/")
        if not (code.isdecimal() and identifier.isdecimal()):
            return None
        return cls(int(code), int(identifier), time_of(at))

    def answered_by(self, alert: CarAlert) -> bool:
        """Whether an alert has this command's id and is not older than it."""
        return alert.command_id == self.id and (self.requested_at is None or alert.at >= self.requested_at)


def progress(order: Order, last: LastCommand | None, alerts: Iterable[CarAlert]) -> Progress | None:
    """Return how an order goes; ``None`` if it is done but the alert that tells whether it succeeded is to come."""
    answers = {alert.type for alert in alerts if order.answered_by(alert)}
    if (failed := _failure(order.code, answers)) is not None:
        return failed
    if answers & _SUCCESS.get(order.code, frozenset()):
        return Progress(Phase.DONE)
    if last is None:
        return Progress(Phase.PENDING)
    if last.id != order.id:
        return Progress(Phase.UNCERTAIN, reason=Reason.SUPERSEDED)
    match last.result:
        case 0:
            return None if order.code in _SUCCESS else Progress(Phase.DONE)
        case 1:
            return Progress(Phase.REJECTED, code=str(_FAILED))
        case 2:
            return Progress(Phase.TIMED_OUT, code=str(_TIMED_OUT))
    return Progress(Phase.PENDING)


def _failure(code: int, answers: Collection[int]) -> Progress | None:
    if _FAILURE.get(code) in answers:
        return Progress(Phase.REJECTED, code=str(_FAILURE[code]))
    if _TIMED_OUT in answers:
        return Progress(Phase.TIMED_OUT, code=str(_TIMED_OUT))
    return Progress(Phase.REJECTED, code=str(_FAILED)) if _FAILED in answers else None
