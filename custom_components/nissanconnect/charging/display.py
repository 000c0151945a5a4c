"""What entities show of a vehicle's charge plans: as of the last decision, and no finer than is worth a state."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from math import ceil
from typing import Self

from ..engine.charge_plan import Block, ChargePlan, PlanStatus
from ..engine.charge_session import ChargeSession
from .tasks import Standing

_MOMENT = timedelta(minutes=2)
_LITTLE = 0.02
"""By how much a block and an amount may drift before they are shown anew: a vehicle may report every second."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargeDisplay:
    """How the plan ``name`` stands, and the blocks of this stay at the plug, past and future ones.

    Energies are in kWh, amounts in ``currency``. ``start`` is when it charges next, or since when it does. ``saving``
    is how much less it costs than charging at once. ``level`` is the one at the end in %, ``missing`` how many are
    missing when it has to be done. ``failure`` is the key of why the current could not be switched, or prices not be
    read.
    """

    standing: Standing
    currency: str
    failure: str | None = None
    name: str | None = None
    blocks: tuple[Block, ...] = ()
    start: datetime | None = None
    finish: datetime | None = None
    energy: float | None = None
    cost: float | None = None
    saving: float | None = None
    level: int | None = None
    missing: int | None = None

    def is_like(self, other: Self) -> bool:
        """Whether ``other`` says the same, but for times and amounts that have drifted a little."""
        if _without_drift(self) != _without_drift(other) or len(self.blocks) != len(other.blocks):
            return False
        times = [(a.start - b.start, a.end - b.end) for a, b in zip(self.blocks, other.blocks, strict=True)]
        at_once = abs(self.cost or 0) + abs(self.saving or 0)
        return (
            all(abs(moved) <= _MOMENT for block in times for moved in block)
            and _is_near(self.energy, other.energy, self.energy or 0)
            and _is_near(self.cost, other.cost, at_once)
            and _is_near(self.saving, other.saving, at_once)
        )


def _without_drift(display: ChargeDisplay) -> ChargeDisplay:
    return replace(display, blocks=(), finish=None, energy=None, cost=None, saving=None)


def _is_near(one: float | None, other: float | None, whole: float) -> bool:
    """Whether two amounts differ by little of a whole, or are both unknown."""
    return one == other or (one is not None and other is not None and abs(one - other) <= _LITTLE * whole)


def charge_display(
    standing: Standing, plan: ChargePlan, session: ChargeSession, *, name: str, currency: str, failure: str | None
) -> ChargeDisplay:
    """Return what is to be shown after a decision."""
    now, exact = session.updated_at, session.blocks(plan)
    blocks = tuple(_rounded(block) for block in exact)
    cost = _sum([block.cost for block in exact])
    at_once = session.cost_at_once if session.mode.is_planned else None
    is_known = standing.status is not PlanStatus.CANNOT
    return ChargeDisplay(
        standing=standing,
        currency=currency,
        failure=failure,
        name=name,
        blocks=tuple(block for block in blocks if block.start < block.end),
        start=next((shown.start for block, shown in zip(exact, blocks, strict=True) if block.end > now), None),
        finish=blocks[-1].end if blocks else None,
        energy=round(sum(block.energy for block in exact), 1),
        cost=None if cost is None else round(cost, 2),
        saving=None if cost is None or at_once is None else round(at_once - cost, 2) + 0.0,  # not -0.0
        level=round(plan.level) if is_known else None,
        missing=ceil(plan.missing) if is_known and plan.missing else None,
    )


def _rounded(block: Block) -> Block:
    """Return a block to the minute, the tenth of a kWh and the cent."""
    start, end = (at.replace(second=0, microsecond=0) for at in (block.start, block.end))
    cost = None if block.cost is None else round(block.cost, 2)
    return Block(start, end, round(block.power, 1), round(block.energy, 1), cost)


def _sum(costs: Sequence[float | None]) -> float | None:
    return None if None in costs else sum(cost for cost in costs if cost is not None)
