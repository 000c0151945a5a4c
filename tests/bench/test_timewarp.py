"""The event loop in which waiting takes no time."""

import asyncio
from datetime import UTC, datetime, timedelta
from time import process_time

from script.bench_measures.timewarp import warped

MONDAY = datetime(2026, 11, 16, tzinfo=UTC)


def test_a_year_passes_at_once_and_the_clock_with_it() -> None:
    async def main() -> tuple[float, datetime]:
        await asyncio.sleep(365 * 86_400)
        return asyncio.get_running_loop().time(), datetime.now(UTC)

    began = process_time()
    passed, now = warped(MONDAY, main)
    assert passed >= 365 * 86_400
    assert timedelta() <= now - MONDAY - timedelta(days=365) < timedelta(milliseconds=1)
    assert process_time() - began < 30


def test_timers_fire_in_their_order() -> None:
    async def main() -> list[int]:
        fired: list[int] = []

        async def fire(after: int) -> None:
            await asyncio.sleep(after)
            fired.append(after)

        await asyncio.gather(*map(fire, (300, 1, 60)))
        return fired

    assert warped(MONDAY, main) == [1, 60, 300]


def test_work_in_a_thread_takes_no_time() -> None:
    async def main() -> float:
        timer = asyncio.create_task(asyncio.sleep(1))
        await asyncio.to_thread(sum, range(1_000_000))
        done_at = asyncio.get_running_loop().time()
        await timer
        return done_at

    assert warped(MONDAY, main) == 0
