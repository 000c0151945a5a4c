"""A command leaves soon after it was asked for, or never."""

from asyncio import Event, Task, create_task, gather, sleep, timeout
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from hypothesis import given, strategies as st
import pytest

from custom_components.nissanconnect.engine.command_runner import Attempt, Sending
from custom_components.nissanconnect.vehicle import BackendError, Departure, RateLimited, Ticket, TooLate, Unavailable

from .strategies import EPOCH

TICKET = Ticket("1", datetime(2026, 11, 20, tzinfo=UTC))
SOON = timedelta(milliseconds=30)


def now() -> datetime:
    return datetime.now(UTC)


@dataclass
class Road:
    """What has left, and whether it woke the vehicle."""

    left: list[bool] = field(default_factory=list)
    released: Event = field(default_factory=Event)
    """Set when the time is over."""

    @asynccontextmanager
    async def book(self, wakes: bool) -> AsyncIterator[None]:
        await sleep(0)
        self.left.append(wakes)
        yield

    async def carry_out(self, attempt: Attempt, within: timedelta = SOON) -> Sending:
        self.sending = Sending(now() + within, self.book, now)
        tasks: list[Task[Ticket | BackendError]] = []

        def spawn(sending: Coroutine[None, None, Ticket | BackendError]) -> Task[Ticket | BackendError]:
            tasks.append(create_task(sending))
            return tasks[-1]

        try:
            assert await self.sending.carry_out(attempt, timer=timeout, spawn=spawn) is TICKET
        finally:
            self.released.set()
            await gather(*tasks, return_exceptions=True)
        return self.sending


async def test_what_hangs_before_it_leaves_ends_in_time_and_never_leaves() -> None:
    road = Road()

    async def attempt(departure: Departure) -> Ticket:
        await road.released.wait()  # a log-in, for example
        async with departure():
            return TICKET

    with pytest.raises(TooLate):
        await road.carry_out(attempt)
    assert road.left == []


async def test_after_a_machine_has_slept_the_clock_decides() -> None:
    """Then the loop's own time has hardly passed, and no timer has ended."""
    road, clock = Road(), [now()]
    sending = Sending(clock[0] + timedelta(seconds=30), road.book, lambda: clock[0])

    async def attempt(departure: Departure) -> Ticket:
        clock[0] += timedelta(minutes=10)
        async with departure():
            return TICKET

    with pytest.raises(TooLate):
        await sending.carry_out(attempt, timer=timeout, spawn=create_task)
    assert road.left == []


async def test_what_has_left_is_waited_for() -> None:
    async def attempt(departure: Departure) -> Ticket:
        async with departure():
            await sleep(3 * SOON.total_seconds())
        return TICKET

    road = Road()
    assert (await road.carry_out(attempt)).may_be_carried_out
    assert road.left == [True]


async def test_what_is_refused_may_leave_again_only_in_time() -> None:
    async def attempt(departure: Departure) -> Ticket:
        for _ in range(2):
            try:
                async with departure():
                    raise RateLimited  # noqa: TRY301 - as an answer does
            except RateLimited:
                await sleep(2 * SOON.total_seconds())
        return TICKET

    road = Road()
    with pytest.raises(TooLate):
        await road.carry_out(attempt)
    assert road.left == [True]
    assert not road.sending.may_be_carried_out


async def test_a_refusal_that_comes_late_is_told_as_that() -> None:
    async def attempt(departure: Departure) -> Ticket:
        async with departure():
            await sleep(2 * SOON.total_seconds())
            raise RateLimited

    road = Road()
    with pytest.raises(RateLimited):
        await road.carry_out(attempt)
    assert not road.sending.may_be_carried_out


async def test_a_lost_answer_leaves_it_open() -> None:
    async def attempt(departure: Departure) -> Ticket:
        async with departure():
            raise Unavailable

    road = Road()
    with pytest.raises(Unavailable):
        await road.carry_out(attempt)
    assert road.sending.may_be_carried_out


@pytest.mark.parametrize(("takes", "leaves"), [(1, True), (9, False)])
async def test_a_vehicle_has_time_for_its_part_and_no_more(takes: int, leaves: bool) -> None:
    """The proof of a PIN needs the vehicle, whose answer may take longer than all that we do."""

    async def attempt(departure: Departure) -> Ticket:
        async with departure(answer_within=4 * SOON):
            await sleep(0)
        await sleep(takes * SOON.total_seconds())
        async with departure():
            return TICKET

    road = Road()
    if leaves:
        await road.carry_out(attempt)
    else:
        with pytest.raises(TooLate):
            await road.carry_out(attempt)
        assert not road.sending.may_be_carried_out, "only the question for the proof has left"
    assert road.left == [True, True][: 1 + leaves]


async def test_what_belongs_together_follows_the_first() -> None:
    async def attempt(departure: Departure) -> Ticket:
        async with departure():
            await sleep(0)
        await sleep(2 * SOON.total_seconds())
        async with departure(wakes=False):
            return TICKET

    road = Road()
    await road.carry_out(attempt)
    assert road.left == [True, False]


async def test_who_gives_up_takes_along_what_has_not_left() -> None:
    road, begun, cancelled = Road(), Event(), Event()

    async def attempt(departure: Departure) -> Ticket:
        begun.set()
        try:
            await Event().wait()
        finally:
            cancelled.set()
        return TICKET

    sending = create_task(road.carry_out(attempt, timedelta(hours=1)))
    await begun.wait()
    sending.cancel()
    await cancelled.wait()
    assert road.left == []


@given(
    st.integers(0, 200_000),
    st.lists(st.integers(0, 20_000), min_size=1, max_size=4),
    st.integers(0, 300),
)
async def test_nothing_planned_leaves_after_its_time(ahead: int, pauses: list[int], booking: int) -> None:
    """``ahead`` is how long before its time it was asked for; the rest is how long everything takes, all in ms."""
    clock = [EPOCH]
    at = EPOCH + timedelta(milliseconds=ahead)
    left: list[datetime] = []

    def pass_time(milliseconds: int) -> None:
        clock[0] += timedelta(milliseconds=milliseconds)

    @asynccontextmanager
    async def book(wakes: bool) -> AsyncIterator[None]:
        pass_time(booking)
        yield

    async def attempt(departure: Departure) -> Ticket:
        for pause in pauses:
            pass_time(pause)
            async with departure():
                left.append(clock[0])
        return TICKET

    latest = min(EPOCH + timedelta(seconds=30), at)
    sending = Sending(latest, book, lambda: clock[0], useful_until=at)
    error = None
    try:
        await sending.carry_out(attempt, timer=timeout, spawn=create_task)
    except TooLate as raised:
        error = raised
    assert all(each <= at for each in left)
    assert not left or left[0] <= latest + timedelta(milliseconds=booking)
    assert (error is None) is (len(left) == len(pauses))
