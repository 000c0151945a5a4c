"""How long the event loop stands still, and the processor time of a refresh, in real time.

The simulator runs in another process. Of three runs the middle one is shown, with the shortest and the longest beside
it: a block that happens in one of them only is the machine's, not ours.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from time import process_time

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant

from custom_components.nissanconnect.account import AccountCoordinator
from custom_components.nissanconnect.store import Remembered, VehicleStore

from .baseline import baseline
from .blocks import Blocks, watched
from .commuters import vin
from .home import account, demo, home, load
from .ours import Ours
from .remote import remote
from .table import Row

_LONGEST = 20.0
"""ms."""
_REFRESHES = 50

type Scenes = dict[str, Blocks]


def measure(*, quick: bool) -> list[Row]:
    """Return the longest blocks of everything that happens to an account, and what a refresh costs."""
    sizes, runs = ((1,), 1) if quick else ((1, 100), 3)
    lives = {size: [asyncio.run(_account(size)) for _ in range(runs)] for size in sizes}
    rows = [row for size, scenes in lives.items() for row in _longest(f"{size} vehicle{'s' * (size > 1)}", scenes)]
    return [*rows, *_longest("the demo", [asyncio.run(_demo()) for _ in range(runs)]), *asyncio.run(_cost())]


def _longest(whose: str, runs: list[Scenes]) -> Iterator[Row]:
    for scene in runs[0]:
        found = sorted((run[scene] for run in runs), key=lambda blocks: blocks.longest)
        middle, spread = found[len(found) // 2], f"{found[0].longest:.0f} … {found[-1].longest:.0f} ms"
        met = middle.longest <= _LONGEST
        yield Row(
            name=f"longest block ({spread}), {whose}: {scene}" + ("" if met else f", in {middle.culprit}"),
            value=middle.longest,
            unit="ms",
            target=f"≤ {_LONGEST:.0f} ms",
            met=met,
        )


async def _account(vehicles: int) -> Scenes:
    """Go through an account's life."""
    found: Scenes = {}
    async with remote(vehicles) as service, home() as hass:
        entry = account()
        async with _scene(found, hass, "set-up"):
            await load(hass, entry, service.url)
        async with _scene(found, hass, "refresh"):
            await asyncio.gather(*(each.coordinator.async_refresh() for each in _coordinator(entry).vehicles.values()))
        async with _scene(found, hass, "list"):
            await _coordinator(entry).async_refresh()
        async with _scene(found, hass, "store"):
            await VehicleStore(hass, "measured").async_save(_remembered(entry))
        async with _scene(found, hass, "command"):
            await Ours(hass, vin(0)).start_climate()
        async with _scene(found, hass, "unload"):
            await hass.config_entries.async_unload(entry.entry_id)
        async with _scene(found, hass, "restart"):
            await load(hass, entry, service.url)
    return found


async def _demo() -> Scenes:
    """Set up the demo, whose vehicles have a week behind them."""
    found: Scenes = {}
    async with home() as hass, _scene(found, hass, "set-up"):
        await load(hass, demo())
    return found


async def _cost() -> Iterator[Row]:
    """Compare a refresh of what is due, entities included, with the baseline's read, which has none.

    Nothing watches meanwhile: a thread that looks at the loop now and then is paid for by whoever waits longer.
    """
    async with remote(1) as service, home() as hass:
        entry = account()
        await load(hass, entry, service.url)
        await hass.async_block_till_done(wait_background_tasks=True)
        [vehicle] = _coordinator(entry).vehicles.values()
        service.counted()
        ours = await _processor_time(vehicle.coordinator.async_refresh)
        asked, _ = service.counted()
        async with baseline(service.url) as other:
            await other.read()
            service.counted()
            theirs = await _processor_time(other.read)
        theirs_asked, _ = service.counted()
    return iter(
        [
            Row(
                name="processor time of a refresh",
                value=1000 * ours,
                unit="ms",
                baseline=1000 * theirs,
            ),
            Row(name="its requests", value=asked / _REFRESHES, baseline=theirs_asked / _REFRESHES),
        ]
    )


async def _processor_time(refresh: Callable[[], Awaitable[None]]) -> float:
    """Return the seconds of one refresh, of all threads, on an average."""
    start = process_time()
    for _ in range(_REFRESHES):
        await refresh()
    return (process_time() - start) / _REFRESHES


@asynccontextmanager
async def _scene(found: Scenes, hass: HomeAssistant, name: str) -> AsyncGenerator[None]:
    """Watch what is done inside the context, and what follows from it."""
    await hass.async_block_till_done(wait_background_tasks=True)
    with watched() as blocks:
        await asyncio.sleep(0)  # what is running now has begun unseen
        yield
        await hass.async_block_till_done(wait_background_tasks=True)
    found[name] = blocks


def _coordinator(entry: ConfigEntry) -> AccountCoordinator:
    coordinator = entry.runtime_data
    assert isinstance(coordinator, AccountCoordinator)
    return coordinator


def _remembered(entry: ConfigEntry) -> Remembered:
    return Remembered(vehicles=[vehicle.remembered() for vehicle in _coordinator(entry).vehicles.values()])
