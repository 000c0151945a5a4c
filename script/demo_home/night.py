"""Whether a vehicle was charged in a night as planned: at the least cost, at the planned times only, to its target."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from custom_components.nissanconnect.engine.charge_planner import ChargePlan
from script.bench_measures.night import Minute

CENTS, PERCENT = 0.02, 2.0
"""What the cost may be off, in EUR, and the level at the end."""
GRACE = timedelta(minutes=2)
"""In which a command has to reach its vehicle."""
_FLOWS = 0.01
"""kWh in a minute: with less no vehicle charges."""


def faults(minutes: Sequence[Minute], plan: ChargePlan, made_at: datetime) -> Iterator[str]:
    """Yield in what a vehicle's night differs from the plan."""
    night = [minute for minute in minutes if minute.start >= made_at + GRACE]
    cost, level = sum(minute.cost for minute in night), night[-1].level
    if plan.cost is None or abs(cost - plan.cost) > CENTS:
        yield f"it cost {cost:.2f} EUR by the meter instead of {plan.cost or 0:.2f}"
    flowed = [minute.start for minute in night if minute.energy > _FLOWS]
    unplanned = [at for at in flowed if not any(block.start <= at < block.end + GRACE for block in plan.blocks)]
    if unplanned:
        yield f"current flowed unplanned in {len(unplanned)} minutes from {unplanned[0]:%H:%M} on"
    if abs(level - plan.level) > PERCENT:
        yield f"it is at {level:.1f} % instead of {plan.level:.0f} %"
