"""Whether a vehicle was charged in a night as planned: at the least cost, at the planned times only, to its target."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from script.bench_measures.night import PRICES, READY_BY, Minute

_EUR, _PERCENT = 0.02, 2.0
"""What a cost may be off, and the level at the end."""
_GRACE = timedelta(minutes=2)
"""In which a command has to reach its vehicle."""
_FLOWS = 0.01
"""kWh in a minute: with less no vehicle charges."""


class Span(NamedTuple):
    """Some time."""

    start: datetime
    end: datetime

    def shared(self, other: Span) -> timedelta:
        """Return how much of it lies in the other."""
        return max(min(self.end, other.end) - max(self.start, other.start), timedelta())


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """A plan as it is shown at the time ``at``: the spans in which a vehicle will take ``power`` kW up to a target."""

    at: datetime
    spans: Sequence[Span]
    power: float
    target: float

    def optimum(self, energy: float) -> float:
        """Return the least that so many kWh can cost until they have to be there: the cheapest times first."""
        cost, rest = 0.0, Span(self.at, READY_BY)
        for slot in sorted(PRICES, key=lambda slot: slot.price):
            taken = min(energy, self.energy(rest.shared(Span(slot.start, slot.end))))
            cost += taken * slot.price
            energy -= taken
        return cost

    def energy(self, length: timedelta) -> float:
        """Return the kWh of some time."""
        return self.power * length / timedelta(hours=1)


def faults(minutes: Sequence[Minute], plan: Planned) -> Iterator[str]:
    """Yield what is wrong with a plan, and with what a vehicle took of the current from then on."""
    slots = [Span(slot.start, slot.end) for slot in PRICES]
    planned = [plan.energy(sum((slot.shared(each) for each in plan.spans), timedelta())) for slot in slots]
    cost = sum(energy * slot.price for energy, slot in zip(planned, PRICES, strict=True))
    if cost > (least := plan.optimum(sum(planned))) + _EUR:
        yield f"the plan costs {cost:.2f} EUR, and the cheapest one {least:.2f} EUR"
    night = [minute for minute in minutes if minute.start >= plan.at]
    cost = sum(minute.cost for minute in night)
    if cost > (least := plan.optimum(sum(minute.energy for minute in night))) + _EUR:
        yield f"it cost {cost:.2f} EUR by the meter, and at the cheapest times {least:.2f} EUR"
    used = [Span(slot.start, slot.end + _GRACE) for slot, energy in zip(slots, planned, strict=True) if energy]
    flowed = [minute.start for minute in night if minute.energy > _FLOWS]
    if unplanned := [at for at in flowed if not any(each.start <= at < each.end for each in used)]:
        yield f"current flowed unplanned in {len(unplanned)} minutes from {unplanned[0]:%H:%M} on"
    level = night[-1].level
    if abs(level - plan.target) > _PERCENT:
        yield f"it is at {level:.1f} % instead of {plan.target:.0f} %"
