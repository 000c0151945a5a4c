"""Whether vehicles charge in a night as planned: at the least cost, at the planned times only, to their targets.

``script/demo --check`` runs this as a program of its own, because time is another in it.
"""

from collections.abc import Iterator
from datetime import timedelta
import logging
import sys

from script.bench_measures.night import MINUTE, PRICES, READY_BY
from script.bench_measures.planned import TARGET, Charged, Span, spend_as_planned

_EUR, _PERCENT = 0.02, 2.0
"""What a cost may be off, and the level at the end."""
_LATE = (0 * MINUTE, 1 * MINUTE, 2 * MINUTE)
"""How late a command may reach its vehicle. The calendar shows whole minutes, and may leave out a block of seconds."""
_FLOWS = 0.01
"""kWh in a minute: with less no vehicle charges."""


def faults(charged: Charged) -> Iterator[str]:
    """Yield what is wrong with the plan of a vehicle, and with what the vehicle took of the current."""
    plan = charged.plan
    slots = [Span(slot.start, slot.end) for slot in PRICES]
    planned = [plan.energy(sum((slot.shared(each) for each in plan.spans), timedelta())) for slot in slots]
    cost = sum(energy * slot.price for energy, slot in zip(planned, PRICES, strict=True))
    if cost > (least := plan.optimum(sum(planned))) + _EUR:
        yield f"the plan costs {cost:.2f} EUR, and the cheapest one {least:.2f} EUR"
    if charged.cost > (least := plan.optimum(charged.energy)) + _EUR:
        yield f"it cost {charged.cost:.2f} EUR by the meter, and at the cheapest times {least:.2f} EUR"
    flowed = {minute.start for minute in charged.minutes if minute.energy > _FLOWS}
    unplanned = flowed - {at + late for at in charged.announced for late in _LATE}
    if len(unplanned) > len(_LATE):
        yield f"current flowed unplanned in {len(unplanned)} minutes from {min(unplanned):%H:%M} on"
    missed = charged.announced - {at - late for at in flowed for late in _LATE}
    if missed:
        yield f"no current flowed in {len(missed)} planned minutes from {min(missed):%H:%M} on"
    if abs(charged.level - TARGET) > _PERCENT:
        yield f"it is at {charged.level:.1f} % instead of {TARGET:.0f} %"


def told(name: str, charged: Charged) -> str:
    """Return how a vehicle's night was, in a line."""
    edges = ((edge.astimezone(READY_BY.tzinfo) for edge in span) for span in charged.plan.spans)
    spans = ", ".join(f"{start:%H:%M}-{end:%H:%M}" for start, end in edges)
    least = charged.plan.optimum(charged.energy)
    return (
        f"{name}: planned {spans}; took {charged.energy:.1f} kWh for {charged.cost:.2f} EUR (at best {least:.2f}) "
        f"and stopped at {charged.level:.1f} %"
    )


def main() -> int:
    """Spend the night, tell of it, and return whether anything was wrong."""
    logging.disable(logging.WARNING)
    night = spend_as_planned()
    wrong = [f"{name}: {fault}" for name, charged in night.items() for fault in faults(charged)]
    print("\n".join(wrong or (told(name, charged) for name, charged in night.items())))
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
