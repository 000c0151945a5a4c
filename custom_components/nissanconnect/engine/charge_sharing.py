"""Plans of several vehicles that share a connection: together they draw no more than it gives.

The power of each is what it is, so two whose powers exceed the limit together must not charge at once.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise, permutations
from math import inf

from .charge_plan import ChargePlan, ChargeTask, Period, PlanReason, PlanStatus, PriceSlot
from .charge_planner import Planner, plan_charge, planner
from .cheapest_grid import Span
from .cheapest_pair import Wish, cheapest_pair

_FAR = datetime.max.replace(tzinfo=UTC)
_TINY = 1e-9

_URGENT = (Planner.urgent, Planner.fixed, Planner.lowest)
"""What may have to be charged at once: the less of that, the more is left for the other."""

type _Plans = list[ChargePlan]


def share(
    tasks: Sequence[ChargeTask], prices: Sequence[PriceSlot], limit: float, others: Iterable[Period] = ()
) -> list[ChargePlan]:
    """Return a plan for each task, which together with what ``others`` draw take at most ``limit`` kW at any time.

    What has to be charged at once comes first: of two in the better order, of more by when they have to be ready. The
    rest costs the least for two; of equal costs there are few starts, though not always the fewest. If the search for
    that takes too long, one is planned after the other, in the better order. More than two are planned one after the
    other by when they have to be ready, and then each again around the others, as long as that is better. Nobody is
    left out: who cannot be ready in time is too late, as in a plan of its own. A vehicle that draws more than the limit
    charges alone.
    """
    return _Sharing(tasks, prices, limit, tuple(others)).plans()


class _Sharing:
    """Plans for vehicles on one connection. ``others`` is what is drawn from it besides."""

    def __init__(
        self,
        tasks: Sequence[ChargeTask],
        prices: Sequence[PriceSlot],
        limit: float,
        others: tuple[Period, ...],
    ) -> None:
        self._tasks, self._prices, self._limit, self._others = tasks, prices, limit, others

    def plans(self) -> _Plans:
        """Return the plans."""
        alone = [self._plan(task) for task in self._tasks]
        if not self._clashes(alone):
            return alone
        order = sorted(range(len(alone)), key=lambda which: self._tasks[which].ready_by or _FAR)
        if len(order) > 2:
            urgent = self._urgent(order, Planner.urgent)
            return self._improved(self._one_by_one(order, urgent), order, urgent)
        orders = list(permutations(order))
        found = list[_Plans]()
        for urgent in dict.fromkeys(self._urgent(each, spans) for each in orders for spans in _URGENT):
            found += [*self._pair(urgent), *(self._one_by_one(each, urgent) for each in orders)]
        return min(found, key=_rank)

    def _plan(self, task: ChargeTask, around: Iterable[tuple[Period, ...]] = ()) -> ChargePlan:
        """Return the plan of one, around what others take."""
        return plan_charge(self._around(task, around), self._prices)

    def _around(self, task: ChargeTask, around: Iterable[tuple[Period, ...]]) -> ChargeTask:
        """Return the task without the times that others take."""
        return replace(task, forbidden=(*task.forbidden, *self._taken(task, around)))

    def _taken(self, task: ChargeTask, around: Iterable[tuple[Period, ...]]) -> Iterator[Period]:
        """Yield when the others draw so much that a vehicle must not charge too."""
        for period in _sums([*around, self._others]):
            if period.power > _TINY and period.power + task.power > self._limit + _TINY:
                yield period

    def _clashes(self, plans: _Plans) -> bool:
        """Return whether several vehicles together draw more than the limit at some time."""
        return any(
            block.start < period.end and period.start < block.end
            for which, plan in enumerate(plans)
            for period in self._taken(self._tasks[which], _periods(plans[:which]))
            for block in plan.blocks
        )

    def _urgent(self, order: Sequence[int], spans: Callable[[Planner], list[Span]]) -> tuple[tuple[Period, ...], ...]:
        """Return when each has to be charged at once."""
        urgent: list[tuple[Period, ...]] = [()] * len(order)
        for which in order:
            found = planner(self._around(self._tasks[which], urgent), self._prices)
            if isinstance(found, Planner):
                urgent[which] = _periods([found.at(spans(found))])[0]
        return tuple(urgent)

    def _one_by_one(self, order: Sequence[int], urgent: Sequence[tuple[Period, ...]]) -> _Plans:
        """Plan one after the other."""
        taken, plans = list(urgent), dict[int, ChargePlan]()
        for which in order:
            taken[which] = ()
            plans[which] = self._plan(self._tasks[which], taken)
            taken[which] = _periods([plans[which]])[0]
        return [plans[which] for which in sorted(plans)]

    def _improved(self, plans: _Plans, order: Sequence[int], urgent: Sequence[tuple[Period, ...]]) -> _Plans:
        """Plan each again around the others, as long as that is better."""
        for which in (*order, *order):
            others = _periods(plans)
            others[which] = ()
            again = [*plans[:which], self._plan(self._tasks[which], others), *plans[which + 1 :]]
            plans = min(plans, again, key=_rank)
        return plans

    def _pair(self, urgent: Sequence[tuple[Period, ...]]) -> Iterator[_Plans]:
        """Yield the best plans of two whose prices are known, if there are any that keep to all limits."""
        planners, wishes = list[Planner](), list[Wish]()
        for which, task in enumerate(self._tasks):
            found = planner(self._around(task, [urgent[1 - which]]), self._prices)
            choice = None if isinstance(found, ChargePlan) else found.choice()
            if isinstance(found, ChargePlan) or choice is None:
                return
            planners.append(found)
            wishes.append(
                Wish(choice.slots, choice.seconds, choice.starts, choice.shortest, choice.running, task.power)
            )
        if (times := cheapest_pair(wishes[0], wishes[1])) is not None:
            plans = [each.at([*each.fixed(), *spans]) for each, spans in zip(planners, times, strict=True)]
            if not self._clashes(plans):  # both may go on with a block that has begun
                yield plans


def _rank(plans: _Plans) -> tuple[float, float, int, float, float, int]:
    """Return how good plans are together; the least is the best."""
    late = [plan for plan in plans if plan.status is PlanStatus.TOO_LATE]
    return (
        round(sum(plan.missing for plan in plans), 6),
        -round(sum(plan.level for plan in plans), 6),
        sum(plan.reason is PlanReason.WITHOUT_LIMITS for plan in plans),
        sum(plan.blocks[-1].end.timestamp() for plan in late),
        round(sum(inf if plan.cost is None else plan.cost for plan in plans), 9),
        sum(len(plan.blocks) for plan in plans),
    )


def _periods(plans: Iterable[ChargePlan]) -> list[tuple[Period, ...]]:
    """Return when each plan draws current, and how much."""
    return [tuple(Period(block.start, block.end, block.power) for block in plan.blocks) for plan in plans]


def _sums(around: Iterable[tuple[Period, ...]]) -> Iterator[Period]:
    """Yield what vehicles draw together."""
    periods = [period for each in around for period in each]
    for start, end in pairwise(sorted({edge for period in periods for edge in period[:2]})):
        yield Period(start, end, sum(each.power for each in periods if each.start <= start < each.end))
