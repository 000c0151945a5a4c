"""The one door through which a car object comes in (opencarwings §3.1).

The server sends the owner's SMS account, the SIM's numbers and the telematics unit's passwords along (§6). Only what is
named here gets past this module; the object itself is kept nowhere.
"""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from ...vehicle import ProtocolError, VehicleInfo, VehicleState
from ..base import Json
from .mapping import info_of, state_of
from .timers import Timer, next_start, timers_of
from .values import Said


@dataclass(frozen=True, slots=True)
class LastCommand:
    """The newest command, whoever sent it; :mod:`.commands` knows the meaning of ``result``.

    ``requested_at`` is by the server's clock.
    """

    id: int
    type: int
    result: int
    requested_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Car:
    """What is known of a car object. ``vin`` is spelt as the server spells it, because there its case counts (§3).

    ``detailed``: it was no entry of the list, which leaves out commands, timers and what the car obeys. ``user`` is
    its owner's number. ``pinned`` are the commands that take a PIN.
    """

    vin: str = field(repr=False)
    info: VehicleInfo
    state: VehicleState
    detailed: bool = False
    user: str | None = field(default=None, repr=False)
    offered: frozenset[int] = frozenset()
    pinned: frozenset[int] = frozenset()
    command: LastCommand | None = None
    timers: tuple[Timer, ...] = ()

    def knows(self, code: int) -> bool:
        """Whether the car obeys a command."""
        return code in self.offered


_FAMILIES = {
    "continental2012": frozenset({1, 2, 3, 4, 5}),
    "ficosa2016": frozenset({1, 2, 3, 4, *range(6, 16)}),
}
"""What the two telematics units obey (§4), where a car does not say so itself."""

_SENSITIVE = frozenset(range(7, 15))
"""Which commands take a PIN if any do, where a car does not say so itself (§4 [B])."""


def parse_car(value: Json, now: datetime) -> Car:
    """Read a car object, of the list or with all details.

    Raises:
        ProtocolError: It is none, or has no VIN.
    """
    said = Said.of(value)
    vin = said.line("vin", longest=40)
    if vin is None:
        raise ProtocolError("a vehicle without a VIN")
    supported = said.codes("supported_commands")
    offered = _FAMILIES.get(said.line("tcu_type") or "", frozenset()) if supported is None else supported
    sensitive = said.codes("sensitive_commands")
    pinned = _SENSITIVE if sensitive is None else sensitive
    pinned = pinned if said.flag("command_pin_enforced") else frozenset()
    timers = timers_of(said.get("timer_commands"))
    return Car(
        vin=vin,
        info=info_of(said, vin, offered, pinned),
        state=state_of(said, now, next_start(timers, now)),
        detailed=supported is not None or said.get("command_id") is not None,
        user=None if (owner := said.integer("owner")) is None else str(owner),
        offered=offered,
        pinned=pinned,
        command=_last_command(said, now),
        timers=timers,
    )


def _last_command(said: Said, now: datetime) -> LastCommand | None:
    identifier, kind, result = (said.integer(f"command_{name}") for name in ("id", "type", "result"))
    if identifier is None or kind is None or result is None or identifier < 0:
        return None
    return LastCommand(identifier, kind, result, said.past(now, "command_request_time"))


def same_news(one: VehicleState, other: VehicleState) -> bool:
    """Whether two states say the same, whenever we heard it."""
    return _without(one) == _without(other)


def _without(state: VehicleState) -> VehicleState:
    never = datetime.min.replace(tzinfo=UTC)
    return VehicleState.of(*(replace(group, received_at=never) for group in state.groups().values()))
