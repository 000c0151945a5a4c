"""The recorder on PostgreSQL: the same day leaves the same there as in SQLite, to the last row and figure."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple
from unittest.mock import patch

from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr, event, update_coordinator
from homeassistant.util import dt as dt_util
from homeassistant.util.json import JsonValueType
import pytest
from sqlalchemy import create_engine, text

from custom_components.nissanconnect import mqtt_client, reading
from custom_components.nissanconnect.backends.demo.car import open_garage
from custom_components.nissanconnect.book.long_term import SERIES
from custom_components.nissanconnect.const import DOMAIN
from custom_components.nissanconnect.engine.entry_finder import Entries
from script.bench_measures.commuters import ZONE, commuters
from script.bench_measures.home import demo, load, module as entry_of
from script.bench_measures.recorder import live, recording
from script.bench_measures.timewarp import held, warped

from .postgres import MISSING, Postgres, programs
from .simulator.leafspy_log import Drive, log
from .simulator.ovms import MemoryBroker, MemoryBus, MemoryLink, OvmsModule

pytestmark = [
    pytest.mark.skipif(programs() is None, reason=MISSING),
    pytest.mark.timeout(600),  # a day, twice
]

MONDAY = datetime(2026, 11, 16, tzinfo=ZONE)
COMING_UP = timedelta(hours=1)
AFTERWARDS = timedelta(minutes=30)
"""How long it goes on after the day, so that the day's last hour has been summed up."""

STATES = """
    SELECT states_meta.entity_id, last_updated_ts, state, last_changed_ts, shared_attrs
    FROM states
    JOIN states_meta ON states_meta.metadata_id = states.metadata_id
    LEFT JOIN state_attributes ON state_attributes.attributes_id = states.attributes_id
    WHERE state IS NOT NULL
    ORDER BY state_id
"""
STATISTICS = """
    SELECT statistic_id, start_ts, mean, mean_weight, min, max, last_reset_ts, state, sum,
           source, name, unit_of_measurement, unit_class, has_sum, mean_type
    FROM {table} AS each
    JOIN statistics_meta ON statistics_meta.id = each.metadata_id
"""


class Row(NamedTuple):
    """A row of a table: what it belongs to, when it is from, and all else."""

    belongs_to: str
    at: float
    rest: tuple[Any, ...]


class Kept(NamedTuple):
    """What a day leaves: what is in the database, external statistics included, each vehicle's book, and answers."""

    states: list[Row]
    short_term: list[Row]
    long_term: list[Row]
    books: dict[str, Entries]
    answers: dict[str, JsonValueType]


@pytest.fixture
def postgres(socket_enabled: None) -> Iterator[Postgres]:
    """A server that runs."""
    postgres = Postgres()
    postgres.start()
    yield postgres
    postgres.stop()


def rows(url: str, query: str) -> list[Row]:
    """What a database answers, sorted here because databases sort texts in different ways.

    Of what is from the same moment only the last counts, and nothing of the hour in which everything comes up: threads
    that read files take turns with the loop as they like.
    """
    engine = create_engine(url)
    with engine.connect() as connection:
        found = {(name, at): tuple(rest) for name, at, *rest in connection.execute(text(query))}
    engine.dispose()
    came_up = MONDAY.timestamp(), (MONDAY + COMING_UP).timestamp()
    return [Row(name, at, found[name, at]) for name, at in sorted(found) if not came_up[0] <= at < came_up[1]]


def kept(url: str, folder: Path) -> Kept:
    """What a day leaves in this database."""
    books, answers = warped(MONDAY, partial(day, url, folder))
    return Kept(
        states=rows(url, STATES),
        short_term=rows(url, STATISTICS.format(table="statistics_short_term")),
        long_term=rows(url, STATISTICS.format(table="statistics")),
        books=books,
        answers=answers,
    )


async def day(url: str, folder: Path) -> tuple[dict[str, Entries], dict[str, JsonValueType]]:
    """Live a Monday with the demo's three vehicles and a LEAF with an OVMS module; import a log of that one.

    All of them are in this process, and what Home Assistant and we spread by chance is not spread, so that two such
    days are alike. Returns the books of the vehicles, and what our actions answer at the end.
    """
    [commuter] = commuters(dt_util.utcnow, 1)
    vin = commuter.vehicle.info.key
    broker = MemoryBroker()
    module = OvmsModule(commuter.vehicle, MemoryLink(broker), prefix="ovms/ada/LEAF/", now=dt_util.utcnow)
    module.connect()
    with (
        patch.object(mqtt_client, "MqttBus", lambda _: MemoryBus(broker)),
        patch.object(reading, "random", lambda: 0.5),
        patch.object(update_coordinator, "randint", lambda low, _: low),
        patch.object(event, "randint", lambda low, _: low),
    ):
        async with recording(url) as hass:
            await load(hass, demo())
            await load(hass, entry_of("ovms", "ada", "LEAF"))
            reporting = asyncio.create_task(report(module))
            await live(hass, timedelta(days=1))
            hass.config.allowlist_external_dirs = {str(folder)}
            path = folder / "Log_1.csv"
            path.write_bytes(log(drives(vin)))
            answers = {
                f"get_trips {key}": await ask(hass, "get_trips", key) for key in open_garage(dt_util.utcnow(), ZONE)
            }
            answers["import"] = await held(ask(hass, "import_leafspy_log", vin, path=str(path)))
            await live(hass, AFTERWARDS)
            reporting.cancel()
            books = {
                key: await vehicle.book.async_all_entries()
                for entry in hass.config_entries.async_entries(DOMAIN)
                for key, vehicle in entry.runtime_data.vehicles.items()
            }
    return books, answers


async def report(module: OvmsModule) -> None:
    """Have the module say what is new every two minutes."""
    while True:
        await asyncio.sleep(120)
        module.tick()


def drives(vin: str) -> list[list[str]]:
    """An hour's drive every day of a month, before and on the Monday that is lived."""
    return [
        Drive(
            at=MONDAY.astimezone(UTC) + timedelta(days=day - 29, hours=7, minutes=minute),
            vin=vin,
            health=90 - day / 30,
            temperature=10 + minute / 7,
        ).row()
        for day in range(30)
        for minute in range(60)
    ]


async def ask(hass: HomeAssistant, action: str, key: str, **data: Any) -> JsonValueType:
    """What one of our actions answers for the vehicle with this key."""
    registry = dr.async_get(hass)
    [device] = [
        device
        for entry in hass.config_entries.async_entries(DOMAIN)
        if (device := registry.async_get_device_by_identifier((DOMAIN, key), entry.entry_id)) is not None
    ]
    response: Any = await hass.services.async_call(
        DOMAIN, action, {"device_id": device.id, **data}, blocking=True, return_response=True
    )
    answer: JsonValueType = response["vehicles"][device.id]["answer"]
    return answer


def test_a_day_is_the_same_in_both(postgres: Postgres, tmp_path: Path) -> None:
    in_postgres = kept(postgres.database("home"), tmp_path)
    in_sqlite = kept(f"sqlite:///{tmp_path / 'home.db'}", tmp_path)

    assert in_postgres.states == in_sqlite.states
    assert in_postgres.short_term == in_sqlite.short_term
    assert [each[:2] for each in in_postgres.long_term] == [each[:2] for each in in_sqlite.long_term]
    for here, there in zip(in_postgres.long_term, in_sqlite.long_term, strict=True):
        assert here.rest == pytest.approx(there.rest, rel=1e-12), here  # databases add up in different ways
    assert in_postgres.books == in_sqlite.books
    assert in_postgres.answers == in_sqlite.answers

    assert len({each.belongs_to for each in in_sqlite.states}) > 100
    assert len({each.belongs_to for each in in_sqlite.short_term}) > 20
    of_books = [each for each in in_sqlite.long_term if each.belongs_to.startswith(f"{DOMAIN}:")]
    electric = len(in_sqlite.books) - 1
    assert len({each.belongs_to for each in of_books}) == len(SERIES) * electric + 1, "of the Qashqai only distances"
    before = [each for each in in_sqlite.long_term if each.at < MONDAY.timestamp()]
    assert any(each in of_books for each in before), "from the service's history"
    imported = [each for each in before if each not in of_books]
    assert len(imported) == 4 * 29, "health, Hx, temperature and cell spread, an hour on each day before the Monday"
    assert len([trip for book in in_sqlite.books.values() for trip in book.trips]) >= 6, "three commute"
    assert any(book.charges for book in in_sqlite.books.values())
    assert all(in_sqlite.answers.values())
