"""A week of commuters' LEAFs, once in Home Assistant and once under the baseline's policy, without and with wakes.

Both begin with the same vehicles on the same Monday. Vehicles report by themselves when the demo's model does: while
driving, on arrival, at the plug and at the end of a charge, not when a timer begins one.
"""

import asyncio
from collections import Counter, deque
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import partial
from itertools import chain
from typing import Protocol

from homeassistant.exceptions import HomeAssistantError
from homeassistant.util import dt as dt_util

from custom_components.nissanconnect.settings import (
    OPTION_WAKE_BUDGET,
    OPTION_WAKE_CHARGING,
    OPTION_WAKE_PARKED,
    OPTION_WAKING,
)
from custom_components.nissanconnect.vehicle import Refresh, alias

from .ages import Ages, Shown, percentile
from .baseline import SINCE_2025, UNTIL_2025, Waking, baseline
from .commuters import ZONE, Commuter, commuters, preheats
from .home import account, home, load
from .ours import Ours
from .table import Row
from .timewarp import warped

_MONDAY = datetime(2026, 11, 16, tzinfo=ZONE)
_LOOK_EVERY = 60.0
"""Seconds between two looks at what is shown."""


class Client(Protocol):
    """Whoever looks after one vehicle."""

    def shown(self) -> Shown:
        """Return what somebody sees."""

    async def start_climate(self) -> None:
        """Have the cabin heated."""


type Policy = Callable[[Sequence[Commuter]], AbstractAsyncContextManager[Sequence[Client]]]


_BUDGET = 6
_WAKING: Mapping[str, object] = {OPTION_WAKE_CHARGING: 15, OPTION_WAKE_PARKED: 60, OPTION_WAKE_BUDGET: _BUDGET}
"""The options of an owner who wants it as the baseline has it, and says how often at most."""


@asynccontextmanager
async def ours(
    owners: Sequence[Commuter], waking: Mapping[str, object] | None = None
) -> AsyncGenerator[Sequence[Client]]:
    """Look after the vehicles in Home Assistant, with these options for the waking of each."""
    async with home() as hass:
        for number, owner in enumerate(owners):
            chosen = {OPTION_WAKING: {alias(owner.vehicle.info.key): waking}} if waking else None
            await load(hass, account(f"commuter {number}", chosen), owner.service.url)
        yield [Ours(hass, owner.vehicle.info.key) for owner in owners]


@asynccontextmanager
async def theirs(owners: Sequence[Commuter], waking: Waking) -> AsyncGenerator[Sequence[Client]]:
    """Look after the vehicles as the baseline does, waking like that."""
    async with AsyncExitStack() as stack:
        yield [await stack.enter_async_context(baseline(owner.service.url, waking)) for owner in owners]


@dataclass(frozen=True, slots=True, kw_only=True)
class Week:
    """What a policy did with all vehicles together; counts are for each vehicle and day.

    ``wakes`` are those that nobody asked for and ``most`` the most of them on one day, ``starts`` how often a sleeping
    telematics unit was started, whoever asked.
    """

    requests: float
    wakes: float
    most: int
    starts: float
    levels: Sequence[float]
    finishes: Sequence[float]


async def live(policy: Policy, days: int, count: int) -> Week:
    """Let ``count`` commuters live for some days."""
    owners = commuters(dt_util.utcnow, count)
    ages = [Ages() for _ in owners]
    for owner in owners:
        await owner.service.start()
    async with policy(owners) as clients:
        await asyncio.gather(*(_live(*each, days) for each in zip(owners, clients, ages, strict=True)))
    for owner in owners:
        await owner.service.stop()
    wakes, vehicle_days = [_wakes(owner) for owner in owners], days * count
    return Week(
        requests=sum(owner.service.total for owner in owners) / vehicle_days,
        wakes=sum(each.total() for each in wakes) / vehicle_days,
        most=max(max(each.values(), default=0) for each in wakes),
        starts=sum(owner.vehicle.telematics.wakes for owner in owners) / vehicle_days,
        levels=[*chain.from_iterable(each.levels for each in ages)],
        finishes=[*chain.from_iterable(each.finishes for each in ages)],
    )


def _wakes(owner: Commuter) -> Counter[date]:
    """Count the vehicle's wakes by local day, without what the owner does: heating."""
    actions = owner.vehicle.telematics.actions.values()
    return Counter(each.accepted_at.astimezone(ZONE).date() for each in actions if isinstance(each.command, Refresh))


async def _live(owner: Commuter, client: Client, ages: Ages, days: int) -> None:
    """Look every minute, and heat when it is time."""
    now = dt_util.utcnow()
    end, heat_at = now + timedelta(days=days), deque(preheats(now, days))
    async with asyncio.TaskGroup() as heating:
        while (now := dt_util.utcnow()) < end:
            owner.vehicle.advance(now)
            ages.look(now, client.shown(), level=owner.level, charging=owner.charging)
            if heat_at and now >= heat_at[0]:
                heat_at.popleft()
                heating.create_task(_heat(client))
            await asyncio.sleep(_LOOK_EVERY)


async def _heat(client: Client) -> None:
    with suppress(HomeAssistantError):
        await client.start_climate()


def measure(*, quick: bool) -> list[Row]:
    """Return the figures of both as they come, and of both with regular wakes."""
    days, count = (1, 1) if quick else (7, 4)
    here = warped(_MONDAY, partial(live, ours, days, count))
    waking = warped(_MONDAY, partial(live, lambda owners: ours(owners, _WAKING), days, count))
    there, woken = (
        warped(_MONDAY, partial(live, partial(theirs, waking=each), days, count)) for each in (SINCE_2025, UNTIL_2025)
    )
    return [
        Row(
            name="requests for a vehicle and day",
            value=here.requests,
            baseline=there.requests,
            target="≤ 0.5 of the baseline",
            met=here.requests <= there.requests / 2,
        ),
        Row(
            name="wakes that nobody asked for, a day",
            value=here.wakes,
            baseline=there.wakes,
            target="0",
            met=here.wakes == 0,
        ),
        Row(name="starts of the telematics unit, a day", value=here.starts, baseline=there.starts),
        *_ages(here, there),
        Row(
            name=f"with wakes allowed, {_BUDGET} a day: most on one day",
            value=waking.most,
            baseline=woken.most,
            target=f"≤ {_BUDGET}",
            met=waking.most <= _BUDGET,
        ),
        Row(name="… requests for a vehicle and day", value=waking.requests, baseline=woken.requests),
        *(replace(row, name=f"… {row.name}") for row in _ages(waking, woken)),
    ]


def _ages(here: Week, there: Week) -> list[Row]:
    return [
        Row(
            name=f"age of {what}, {title}",
            value=(mine := percentile(ages, percent)),
            unit="min",
            baseline=(other := percentile(baseline, percent)),
            target=target,
            met=mine <= other if target else None,
        )
        for what, ages, baseline, title, percent, target in (
            ("the shown state of charge", here.levels, there.levels, "median", 50, ""),
            ("the shown state of charge", here.levels, there.levels, "p95", 95, ""),
            ('"charging finished"', here.finishes, there.finishes, "median", 50, ""),
            ('"charging finished"', here.finishes, there.finishes, "p95", 95, "≤ the baseline"),
        )
    ]
