"""What Home Assistant's recorder writes for a vehicle and day, into a real database.

The demo's three vehicles live a Monday in the simulated account; a LEAF with an OVMS module, which reports every ten
seconds, lives the same Monday without Nissan's cloud. What the set-up took is not counted.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
import sqlite3
from unittest.mock import patch

from homeassistant.components.recorder import get_instance
from homeassistant.core import HomeAssistant
from homeassistant.helpers.recorder import async_initialize_recorder
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util

from custom_components.nissanconnect import mqtt_client
from tests.simulator import Simulator
from tests.simulator.ovms import MemoryBroker, MemoryBus, MemoryLink, OvmsModule

from .commuters import ZONE, commuters
from .home import account, home, load, module as entry_of
from .table import Row
from .timewarp import held, warped

MONDAY = datetime(2026, 11, 16, tzinfo=ZONE)
WARM_UP = timedelta(hours=1)
_REPORTS_EVERY = 10.0
"""Seconds: what is recommended for a module that is listened to."""
_LOOK_EVERY = timedelta(minutes=10)

_ROWS_BEFORE, _BYTES_BEFORE = 361, 327_000
"""What version 0.1.0 wrote for each of the demo's vehicles, as the recorder was first looked at."""
_PEER_ROWS, _PEER_STATISTICS, _PEER_BYTES = 221, 478, 107_000
"""What the best-known open integration wrote for each of them, run for real in November 2026 with its polling off."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What a database holds: ``states`` are changes, ``short`` is kept for ten days and ``long`` for ever."""

    states: float
    short: float
    long: float
    size: float

    def since(self, before: Written, vehicle_days: float) -> Written:
        """Return what has been added for each vehicle and day."""
        return Written(
            states=(self.states - before.states) / vehicle_days,
            short=(self.short - before.short) / vehicle_days,
            long=(self.long - before.long) / vehicle_days,
            size=(self.size - before.size) / vehicle_days,
        )


def measure(*, quick: bool) -> list[Row]:
    """Return the figures of both, those of the cloud compared with the peer's."""
    day = timedelta(hours=2 if quick else 24)
    cloud = warped(MONDAY - WARM_UP, partial(_cloud, day))
    module = warped(MONDAY - WARM_UP, partial(_module, day))
    return [
        Row(
            name="cloud: changes of states",
            value=cloud.states,
            baseline=_PEER_ROWS,
            target=f"≤ 0.3 of {_ROWS_BEFORE}",
            met=cloud.states <= 0.3 * _ROWS_BEFORE,
        ),
        Row(name="cloud: statistics that are kept for ten days", value=cloud.short, baseline=_PEER_STATISTICS),
        Row(name="cloud: statistics that are kept for ever", value=cloud.long, baseline=_PEER_STATISTICS / 12),
        Row(
            name="cloud: database",
            value=cloud.size / 1000,
            unit="kB",
            baseline=_PEER_BYTES / 1000,
            target=f"≤ 0.5 of {_BYTES_BEFORE / 1000:.0f} kB",
            met=cloud.size <= 0.5 * _BYTES_BEFORE,
        ),
        Row(name="OVMS module: changes of states", value=module.states),
        Row(name="OVMS module: statistics that are kept for ten days", value=module.short),
        Row(name="OVMS module: database", value=module.size / 1000, unit="kB"),
    ]


async def _cloud(day: timedelta) -> Written:
    service = Simulator(now=dt_util.utcnow, zone=ZONE)
    await service.start()
    async with recording() as hass:
        await load(hass, account(), service.url)
        found = await _lived(hass, day, vehicles=len(service.cars))
    await service.stop()
    return found


async def _module(day: timedelta) -> Written:
    [commuter] = commuters(dt_util.utcnow, 1)
    broker = MemoryBroker()
    module = OvmsModule(commuter.vehicle, MemoryLink(broker), prefix="ovms/ada/LEAF/", now=dt_util.utcnow)
    module.connect()
    with patch.object(mqtt_client, "MqttBus", lambda _: MemoryBus(broker)):
        async with recording() as hass:
            await load(hass, entry_of("ovms", "ada", "LEAF"))
            reporting = asyncio.create_task(_report(module))
            found = await _lived(hass, day, vehicles=1)
            reporting.cancel()
    return found


async def _report(module: OvmsModule) -> None:
    while True:
        await asyncio.sleep(_REPORTS_EVERY)
        module.tick()


@asynccontextmanager
async def recording(url: str | None = None) -> AsyncGenerator[HomeAssistant]:
    """Run a Home Assistant whose recorder has this database, or one on disk as it has without being configured."""
    async with home() as hass:
        async_initialize_recorder(hass)
        url = url or f"sqlite:///{_database(hass)}"
        if not await held(async_setup_component(hass, "recorder", {"recorder": {"db_url": url}})):
            raise RuntimeError("there is no recorder")
        await held(get_instance(hass).async_recorder_ready.wait())
        yield hass


def _database(hass: HomeAssistant) -> Path:
    return Path(hass.config.path("home-assistant_v2.db"))


async def _lived(hass: HomeAssistant, day: timedelta, *, vehicles: int) -> Written:
    """Let the warm-up and a day pass; return what was written in the day."""
    await live(hass, WARM_UP)
    before = await written(hass)
    await live(hass, day)
    return (await written(hass)).since(before, vehicles * day / timedelta(days=1))


async def live(hass: HomeAssistant, duration: timedelta) -> None:
    """Let time pass, no faster than the recorder's thread can follow."""
    end = dt_util.utcnow() + duration
    while (left := end - dt_util.utcnow()) > timedelta():
        await asyncio.sleep(min(left, _LOOK_EVERY).total_seconds())
        await held(get_instance(hass).async_block_till_done())


async def written(hass: HomeAssistant) -> Written:
    """Return what the database of a recorder holds that has the one on disk."""
    return await hass.async_add_executor_job(_count, _database(hass))


def _count(path: Path) -> Written:
    with sqlite3.connect(path) as database:

        def one(query: str) -> float:
            value: float = database.execute(query).fetchone()[0]
            return value

        return Written(
            states=one("SELECT COUNT(*) FROM states"),
            short=one("SELECT COUNT(*) FROM statistics_short_term"),
            long=one("SELECT COUNT(*) FROM statistics"),
            size=one("PRAGMA page_size") * (one("PRAGMA page_count") - one("PRAGMA freelist_count")),
        )
