"""A thousand vehicles in ten accounts for an hour in which they are parked, and a hundred for a working day.

Processor time is that of the whole process, its threads and the simulators included.
"""

from asyncio import sleep
from datetime import datetime, timedelta
import gc
from time import process_time
import tracemalloc

from homeassistant.util import dt as dt_util

from .commuters import LIFE, ZONE, fleet
from .home import account, home, load
from .recorder import MONDAY, WARM_UP, live, recording, written
from .table import Row
from .timewarp import warped

_NOON = datetime(2026, 11, 18, 12, tzinfo=ZONE)
_HOUR = 3600.0


async def _hour(accounts: int, vehicles: int) -> list[Row]:
    """Live for an hour, after one for the first reads; the simulators' share is part of the processor time."""
    services = [fleet(dt_util.utcnow, vehicles, first=number * vehicles) for number in range(accounts)]
    urls = [await service.start() for service in services]
    async with home() as hass:
        gc.collect()
        tracemalloc.start()
        for number, url in enumerate(urls):
            await load(hass, account(f"account {number}"), url)
        await hass.async_block_till_done(wait_background_tasks=True)
        gc.collect()
        held, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        await sleep(_HOUR)
        for service in services:
            service.reset_counters()
        began = process_time()
        await sleep(_HOUR)
        spent = process_time() - began
        entities = len(hass.states.async_entity_ids())
    requests = sum(service.total for service in services)
    wakes = sum(service.requests["wakes"] for service in services)
    for service in services:
        await service.stop()
    total = accounts * vehicles
    return [
        Row(
            name=f"{total} vehicles in {accounts} accounts: memory for each vehicle",
            value=held / total / 1024,
            unit="KiB",
        ),
        Row(name="… its entities", value=entities / total),
        Row(name="… requests for each account in an hour", value=requests / accounts),
        Row(name="… wakes in an hour", value=wakes, target="0", met=wakes == 0),
        Row(name="… processor time of an hour, simulators included", value=spent, unit="s"),
    ]


async def _day(accounts: int, vehicles: int, day: timedelta) -> list[Row]:
    """Live through a day, or a part of it, in which all drive to work and charge at home, with the recorder."""
    services = [fleet(dt_util.utcnow, vehicles, first=number * vehicles, life=LIFE) for number in range(accounts)]
    urls = [await service.start() for service in services]
    async with recording() as hass:
        for number, url in enumerate(urls):
            await load(hass, account(f"account {number}"), url)
        await live(hass, WARM_UP)
        before, began = await written(hass), process_time()
        await live(hass, day)
        spent = process_time() - began
        found = (await written(hass)).since(before, accounts * vehicles * day / timedelta(days=1))
    for service in services:
        await service.stop()
    return [
        Row(name=f"a working day of {accounts * vehicles} vehicles: changes of states for each", value=found.states),
        Row(name="… statistics that are kept for ten days", value=found.short),
        Row(name="… statistics that are kept for ever", value=found.long),
        Row(name="… database, for each", value=found.size / 1000, unit="kB"),
        Row(name="… share of one processor, simulators included", value=100 * spent / day.total_seconds(), unit="%"),
    ]


def measure(*, quick: bool) -> list[Row]:
    """Return the figures of the hour and of the day."""
    accounts, vehicles = (2, 2) if quick else (10, 100)
    day = timedelta(hours=2 if quick else 24)
    return [
        *warped(_NOON, lambda: _hour(accounts, vehicles)),
        *warped(MONDAY - WARM_UP, lambda: _day(accounts, vehicles // 10 or 1, day)),
    ]
