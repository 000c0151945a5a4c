"""Makes the plans of the vehicles of one account, in a thread: several share the power of one connection."""

from asyncio import Lock
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
import logging
from typing import NamedTuple

from homeassistant.core import CALLBACK_TYPE, callback

from ..const import DOMAIN
from ..coordinator import VehicleCoordinator
from ..engine.charge_plan import ChargePlan, ChargeTask, Period, PlanReason, PlanStatus, PriceSlot
from ..engine.charge_planner import plan_charge
from ..engine.charge_sharing import share
from .price_choice import PriceChoice
from .prices import PriceList

_LOGGER = logging.getLogger(__name__)

_QUARTER = 900
"""Seconds after which a plan is made anew in any case."""

_EPOCH = datetime.min.replace(tzinfo=UTC)


class ToPlan(NamedTuple):
    """What is to be planned for a stay. As long as ``version`` is the same, all is as it was predicted.

    ``drawn`` is what flows now, and until when if it goes on without a plan.
    """

    task: ChargeTask
    choice: PriceChoice
    prices: PriceList
    version: object
    drawn: Period | None = None

    @property
    def key(self) -> object:
        """What a plan is made for: it holds for later, too, until something of this changes."""
        task = self.task
        same = replace(task, now=_EPOCH, level=0.0, charging_since=None, power=round(task.power, 1))
        return same, self.prices, self.version, int(task.now.timestamp()) // _QUARTER


class PlanGroup:
    """The stays of an account's vehicles that are planned for, of which one at a time makes plans."""

    def __init__(self) -> None:
        self.members: list[Planning] = []
        self.turn = Lock()


class Planning:
    """The plan of one stay at the plug. It is made anew when something has changed; that may take its time."""

    def __init__(
        self,
        coordinator: VehicleCoordinator,
        group: PlanGroup,
        current: Callable[[datetime], ToPlan | Period | None],
        on_done: CALLBACK_TYPE,
    ) -> None:
        """Begin without a plan.

        ``current`` returns what there is to plan at a time, or what flows without a plan, and until when. ``on_done``
        is called when there is another plan, or has to be one.
        """
        self._coordinator = coordinator
        self._group = group
        self._current = current
        self._on_done = on_done
        self._told = 0.0
        """The kW without a plan that the others know of."""
        self._plan: ChargePlan | None = None
        self._planned_for: object = None
        self._is_planning = False
        group.members.append(self)

    @callback
    def async_stop(self) -> None:
        """Leave the others the power."""
        self._group.members.remove(self)

    @callback
    def async_tell(self, now: datetime) -> None:
        """Have the others planned anew if what flows here without a plan has changed."""
        if self._limit is None:
            return
        drawn = self._unplanned(self._current(now))
        before, self._told = self._told, round(drawn.power, 1) if drawn else 0.0
        if before != self._told:
            for each in self._others:
                each._planned_for = None
                each._on_done()

    def _unplanned(self, found: ToPlan | Period | None) -> Period | None:
        """Return what flows without a plan: its owner decides, or none can be made."""
        if isinstance(found, ToPlan):
            return found.drawn if self._plan is not None and self._plan.status is PlanStatus.CANNOT else None
        return found

    @property
    def _others(self) -> list[Planning]:
        return [each for each in self._group.members if each is not self]

    @callback
    def async_plan(self, wanted: ToPlan) -> ChargePlan | None:
        """Return the plan, or ``None`` if it is not made yet."""
        if self._key(wanted) == self._planned_for:
            return self._plan
        if not self._is_planning:
            self._is_planning = True
            self._coordinator.config_entry.async_create_background_task(
                self._coordinator.hass,
                self._async_plan(wanted),
                f"{DOMAIN} planning of {self._coordinator.name}",
                eager_start=False,
            )
        return None

    def _key(self, wanted: ToPlan) -> object:
        return wanted.key, self._limit

    @property
    def _limit(self) -> float | None:
        return self._coordinator.connection.settings.charge_power

    async def _async_plan(self, wanted: ToPlan) -> None:
        """Plan for this stay, and for those that share its connection and its prices."""
        try:
            async with self._group.turn:
                if self._key(wanted) != self._planned_for:  # another may have planned for this one
                    await self._async_plan_jointly(wanted)
        except Exception:  # when in doubt, it charges
            _LOGGER.exception("%s: no plan can be made", self._coordinator.name)
            self._planned_for = self._key(wanted)
            self._plan = ChargePlan(status=PlanStatus.CANNOT, reason=PlanReason.BROKEN, level=wanted.task.level)
        finally:
            self._is_planning = False
        self._on_done()

    async def _async_plan_jointly(self, wanted: ToPlan) -> None:
        limit, hass = self._limit, self._coordinator.hass
        if limit is None:
            self._plan = await hass.async_add_executor_job(plan_charge, wanted.task, wanted.prices.slots)
            self._planned_for = self._key(wanted)
            return
        others = [(each, each._current(wanted.task.now)) for each in self._others]
        planned = [(each, found) for each, found in others if isinstance(found, ToPlan)]
        partners = [(each, found) for each, found in planned if found.choice == wanted.choice]
        strangers = [each._plan for each, found in planned if found.choice != wanted.choice and each._plan]
        taken = [Period(block.start, block.end, block.power) for plan in strangers for block in plan.blocks]
        unplanned = [drawn for each, found in others if (drawn := each._unplanned(found)) is not None]
        together = [(self, wanted), *partners]
        tasks = [found.task for _, found in together]
        prices = max((found.prices.slots for _, found in together), key=_known_until)  # one may not have got them
        plans = await hass.async_add_executor_job(share, tasks, prices, limit, [*taken, *unplanned])
        for (each, found), plan in zip(together, plans, strict=True):
            each._plan, each._planned_for = plan, each._key(found)
        for each, _ in partners:
            each._on_done()


def _known_until(slots: Sequence[PriceSlot]) -> datetime:
    return slots[-1].end if slots else _EPOCH
