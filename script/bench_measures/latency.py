"""How long after the vehicle has carried a command out that is known, whatever the service says of it meanwhile."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from homeassistant.exceptions import HomeAssistantError
from homeassistant.util import dt as dt_util

from tests.simulator import Simulator
from tests.simulator.cars.telematics import Manner

from .ages import percentile
from .commuters import ZONE, fleet
from .home import account, home, load
from .ours import Ours
from .table import Row
from .timewarp import slow, warped

_NOON = datetime(2026, 11, 18, 12, tzinfo=ZONE)
_ROUND_TRIP = 0.1
"""Seconds for each request, as over a mobile phone's network."""
_BETWEEN = 1200.0
"""Seconds between commands: the vehicle falls asleep again."""
_TARGET = 3.0


@dataclass(frozen=True, slots=True)
class Profile:
    """How the service tells of an action (kamereon-eu §10)."""

    name: str
    apply: Callable[[Simulator], None]


def _prompt(service: Simulator) -> None:
    service.indexed_after = timedelta()


def _late(service: Simulator) -> None:
    service.indexed_after = timedelta(seconds=8)


def _contradicting(service: Simulator) -> None:
    for car in service.cars.values():
        car.vehicle.telematics.manner = Manner.CONTRADICTING


PROFILES = (
    Profile("prompt", _prompt),
    Profile("404 at first", _late),
    Profile("executed, told CANCELLED", _contradicting),
)


@dataclass(frozen=True, slots=True)
class Latency:
    """For each command: seconds from its execution to its confirmation, and how often its status was asked for."""

    late: Sequence[float]
    polls: float
    unconfirmed: int


async def command(profile: Profile, count: int) -> Latency:
    """Start the climate ``count`` times, stopping it in between."""
    service = fleet(dt_util.utcnow, 1)
    [car] = service.cars.values()
    profile.apply(service)
    url = await service.start()
    late, polls, unconfirmed = [], 0, 0
    async with home() as hass:
        await load(hass, account(), url)
        await hass.async_block_till_done(wait_background_tasks=True)
        service.fail("*", slow(_ROUND_TRIP))
        ours = Ours(hass, car.vin)
        for _ in range(count):
            before = service.requests["action-status"]
            try:
                await ours.start_climate()
            except HomeAssistantError:
                unconfirmed += 1
            else:
                action = [*car.vehicle.telematics.actions.values()][-1]
                late.append((dt_util.utcnow() - action.due_at).total_seconds())
            polls += service.requests["action-status"] - before
            await asyncio.sleep(_BETWEEN)  # by then it has switched itself off
    await service.stop()
    return Latency(late, polls / count, unconfirmed)


def measure(*, quick: bool) -> list[Row]:
    """Return how late each profile's commands were confirmed."""
    return [row for profile in PROFILES for row in _rows(profile, 5 if quick else 100)]


def _rows(profile: Profile, count: int) -> list[Row]:
    found = warped(_NOON, lambda: command(profile, count))
    p95 = percentile(found.late, 95)
    return [
        Row(
            name=f"confirmed after the vehicle's own time, {profile.name}, p95",
            value=p95,
            unit="s",
            target=f"≤ {_TARGET:.0f} s",
            met=p95 <= _TARGET and not found.unconfirmed,
        ),
        Row(name=f"status requests for a command, {profile.name}", value=found.polls),
    ]
