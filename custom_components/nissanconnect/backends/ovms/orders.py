"""The only command lines that are ever sent: the module's shell can do anything to module and vehicle (ovms §1.9).

No text that anybody has entered becomes part of a line. The PIN is no exception: the LEAF's module takes any (§1.7).
"""

from dataclasses import dataclass
from datetime import timedelta

from ...vehicle import (
    Command,
    Lock,
    NotSupported,
    Refresh,
    SetChargeLimit,
    StartCharging,
    StartClimate,
    StopCharging,
    StopClimate,
    Unlock,
)
from .metrics import LIMIT, LOCKED
from .values import Value

_AT_ONCE = timedelta(seconds=30)
"""What raises an event is sent at once (§1.4)."""
_IN_TURN = timedelta(seconds=75)
"""Everything else waits for its turn, which on older firmware comes every minute."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A command line, the reply to it that means success, and the metric that shows its effect within ``patience``.

    A reply tells no more than that the vehicle was told (§0).
    """

    line: str
    reply: str
    metric: str
    value: Value
    patience: timedelta
    wakes: bool = True


_LINES: dict[Command, Order] = {
    StartClimate(): Order(
        line="climatecontrol on", reply="Climate Control on", metric="v.e.hvac", value=True, patience=_IN_TURN
    ),
    StopClimate(): Order(
        line="climatecontrol off", reply="Climate Control off", metric="v.e.hvac", value=False, patience=_IN_TURN
    ),
    StartCharging(): Order(
        line="charge start", reply="Charge has been started", metric="v.c.charging", value=True, patience=_IN_TURN
    ),
    StopCharging(): Order(
        line="charge stop", reply="Charge has been stopped", metric="v.c.charging", value=False, patience=_IN_TURN
    ),
    Lock(): Order(line="lock 0", reply="Vehicle locked", metric=LOCKED, value=True, patience=_AT_ONCE),
    Unlock(): Order(line="unlock 0", reply="Vehicle unlocked", metric=LOCKED, value=False, patience=_AT_ONCE),
    Refresh(): Order(line="wakeup", reply="Vehicle has been woken", metric="v.e.awake", value=True, patience=_AT_ONCE),
}

TELL_ALL = "server v3 update all"
"""Has the module send all that it remembers; wakes nobody (§1.5)."""


def order_for(command: Command) -> Order:
    """Return how a command is given; raises :class:`NotSupported` for whatever a LEAF's module cannot do."""
    match command:
        case SetChargeLimit(limit=limit):
            return _limit(limit)
        case Lock():
            return _LINES[Lock()]
        case Unlock():
            return _LINES[Unlock()]
        case Refresh():
            return _LINES[Refresh()]  # all at once, whatever the group
    try:
        return _LINES[command]
    except KeyError:
        raise NotSupported(f"ovms: {command.kind()} is not offered in this form") from None


def _limit(limit: float) -> Order:
    """Return the order for a charge limit in whole percent.

    Below 100 it has a second meaning: the module then starts a charge by itself, too, when the level has fallen
    (§1.8). All there is to 100 is that the vehicle need not stop before, which is what the module calls no limit.
    """
    if limit not in range(1, 101):
        raise NotSupported("ovms: a charge limit is a whole number from 1 to 100")
    percent = int(limit) % 100
    return Order(
        line=f"config set xnl suffsoc {percent}",
        reply="Parameter has been set.",
        metric=LIMIT,
        value=float(percent),
        patience=_IN_TURN,
        wakes=False,
    )
