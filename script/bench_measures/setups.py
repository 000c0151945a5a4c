"""How long it takes to set up 1, 10 and 100 vehicles, over a network with a round trip of 50 ms."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from time import perf_counter

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant

from .commuters import vin
from .home import account, home, load
from .ours import Ours
from .remote import Remote, remote
from .table import Row

_ROUND_TRIP = 0.05
_MOST_CONNECTIONS = 8
_FACTOR = 3
_SIZES = (1, 10, 100)


@dataclass(frozen=True, slots=True, kw_only=True)
class SetUp:
    """Seconds until the entry was loaded and until every vehicle showed its values, and what it took."""

    loaded: float
    shown: float
    requests: int
    connections: int


def measure(*, quick: bool) -> list[Row]:
    """Return the times, those of many vehicles compared with that of one."""
    sizes = _SIZES[:1] if quick else _SIZES
    if not quick:
        asyncio.run(_set_up(1))  # so that nothing has to be imported any more
    found = {size: asyncio.run(_set_up(size)) for size in sizes}
    return [row for size, (new, restarted) in found.items() for row in _rows(size, new, restarted, found[1][0].shown)]


async def _set_up(vehicles: int) -> tuple[SetUp, SetUp]:
    """Set up an account from nothing, then again as after a restart."""
    async with remote(vehicles, round_trip=_ROUND_TRIP) as service, home() as hass:
        entry = account()
        new = await _timed(hass, entry, service, vehicles)
        await hass.config_entries.async_unload(entry.entry_id)
        return new, await _timed(hass, entry, service, vehicles)


async def _timed(hass: HomeAssistant, entry: ConfigEntry, service: Remote, vehicles: int) -> SetUp:
    service.counted()
    start = perf_counter()
    await load(hass, entry, service.url)
    loaded = perf_counter() - start
    waiting = [Ours(hass, vin(number)) for number in range(vehicles)]
    while waiting:
        waiting = [each for each in waiting if each.shown().level is None or each.value("sensor", "odometer") is None]
        await asyncio.sleep(0.01)
    shown = perf_counter() - start
    await hass.async_block_till_done(wait_background_tasks=True)
    requests, connections = service.counted()
    return SetUp(loaded=loaded, shown=shown, requests=requests, connections=connections)


def _rows(size: int, new: SetUp, restarted: SetUp, one: float) -> Iterator[Row]:
    """Compare with what ``one`` vehicle takes until its values are there: its own round trips, in their order."""
    vehicles = f"{size} vehicle{'s' * (size > 1)}"
    yield Row(
        name=f"{vehicles}: set up",
        value=new.loaded,
        unit="s",
        baseline=one,
        target=f"≤ {_FACTOR} x one vehicle's round trips",
        met=new.loaded <= _FACTOR * one,
    )
    yield Row(name=f"{vehicles}: all values shown", value=new.shown, unit="s", baseline=one)
    yield Row(name=f"{vehicles}: all values shown after a restart", value=restarted.shown, unit="s", baseline=one)
    yield Row(name=f"{vehicles}: requests of the first set-up", value=new.requests)
    yield Row(
        name=f"{vehicles}: connections at once",
        value=new.connections,
        target=f"≤ {_MOST_CONNECTIONS}",
        met=new.connections <= _MOST_CONNECTIONS,
    )
