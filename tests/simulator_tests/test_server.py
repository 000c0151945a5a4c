"""The simulator as a server, in this process and alone."""

import asyncio
from datetime import UTC, datetime, timedelta
import signal
import sys

from aiohttp import ClientSession, CookieJar
import pytest

from tests.simulator import EMAIL, PASSWORD, Simulator
from tests.simulator.__main__ import clock as fast_clock

from .client import LEAF, Client


async def test_it_listens_on_loopback_only(service: Simulator) -> None:
    assert service.url.startswith("http://127.0.0.1:")
    assert not service.url.endswith("/")


async def test_it_starts_again_with_what_it_knew(client: Client, service: Simulator) -> None:
    await service.stop()
    await service.stop()
    client.url = await service.start()

    assert (await client.get("user-adapter/v1/users/current")).status == 200


async def test_unknown_paths_are_refused_and_counted(client: Client, service: Simulator) -> None:
    assert await client.error("bff-web/v1/nothing") == (404, "404")
    assert await client.error("") == (404, "404")
    assert (await client.post("user-adapter/v1/users/current", {})).status == 405
    assert service.requests["unknown"] == 3


@pytest.mark.usefixtures("socket_enabled")
async def test_by_itself_it_lives_by_the_system_clock() -> None:
    service = Simulator(user_id="123456")

    assert abs(service.now() - datetime.now(UTC)) < timedelta(seconds=5)
    assert service.vehicle("Leaf").info.key == LEAF
    assert service.account.user_id == "123456"


def test_equal_seeds_make_equal_simulators() -> None:
    now = datetime(2026, 11, 20, tzinfo=UTC)
    one, same, other = (Simulator(now=lambda: now, seed=seed) for seed in (1, 1, 2))

    assert one.secret() == same.secret() != other.secret()
    assert one.vehicle("Leaf").cloud.reported == same.vehicle("Leaf").cloud.reported


def test_a_fast_clock() -> None:
    clock = fast_clock(3600)
    first = clock()

    assert clock() > first
    assert first - datetime.now(UTC) < timedelta(hours=1)


async def started(*arguments: str) -> tuple[asyncio.subprocess.Process, str]:
    """Start the simulator as a program; return it and its address."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.simulator", *arguments, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    lines = [(await process.stdout.readline()).decode().split(maxsplit=1) for _ in range(3)]
    assert [(lines[1][1].strip(), lines[2][1].strip())] == [(EMAIL, PASSWORD)]
    return process, lines[0][1].strip()


@pytest.mark.usefixtures("socket_enabled")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_it_runs_as_a_program_until_it_is_told_to_stop(number: signal.Signals) -> None:
    process, url = await started(
        "--max-seconds", "30", "--speed", "10", "--zone", "Etc/GMT-5", "--wake-delay", "1", "3"
    )
    async with ClientSession(cookie_jar=CookieJar(unsafe=True)) as session:
        client = Client(session, url)
        await client.log_in()
        assert (await client.get(f"car-adapter/v1/cars/{LEAF}/battery-status")).status == 200
    process.send_signal(number)

    assert await process.wait() == 0


@pytest.mark.usefixtures("socket_enabled")
async def test_it_stops_by_itself() -> None:
    process, _ = await started("--max-seconds", "0.2")

    assert await process.wait() == 0
