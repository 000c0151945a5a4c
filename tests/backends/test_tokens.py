"""One renewal is shared by all who wait for it, and so is its outcome."""

import asyncio
from dataclasses import dataclass, field

from hypothesis import given, strategies as st
import pytest

from custom_components.nissanconnect.backends.http import TokenRenewal
from custom_components.nissanconnect.vehicle import AuthenticationFailed, BackendError, RateLimited, Unavailable


@dataclass
class Door:
    """What somebody is let in with, and how often it was renewed; each renewal takes until it is let go on."""

    valid: str | None = None
    rejected: bool = False
    failures: list[Exception] = field(default_factory=list)
    renewals: int = 0
    begun: asyncio.Event = field(default_factory=asyncio.Event)
    goes_on: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.goes_on.set()
        self.renewal = TokenRenewal(self.look, self.renew)

    def look(self) -> str | None:
        if self.rejected:
            raise AuthenticationFailed
        return self.valid

    async def renew(self) -> str:
        self.renewals += 1
        number = self.renewals
        self.begun.set()
        await self.goes_on.wait()
        await asyncio.sleep(0)  # so that others come to wait
        if self.failures:
            raise self.failures.pop(0)
        self.valid = f"token {number}"
        return self.valid

    async def ask(self, times: int, refused: str | None = None) -> list[str | BaseException]:
        return await asyncio.gather(*(self.renewal.get(refused) for _ in range(times)), return_exceptions=True)


async def test_what_is_valid_is_not_renewed() -> None:
    door = Door(valid="old")
    assert await door.ask(3) == ["old"] * 3
    assert await door.ask(3, refused="older") == ["old"] * 3
    assert door.renewals == 0


@pytest.mark.parametrize(("valid", "refused"), [(None, None), ("old", "old"), (None, "old")])
async def test_all_share_a_renewal(valid: str | None, refused: str | None) -> None:
    door = Door(valid=valid)
    assert await door.ask(8, refused) == ["token 1"] * 8
    assert door.renewals == 1


async def test_those_who_waited_share_a_failure_and_later_ones_try_again() -> None:
    door = Door(failures=[RateLimited("slow down", retry_after=60)])
    failures = await door.ask(8)
    assert door.renewals == 1
    assert len({id(failure) for failure in failures}) == 8  # so that no traceback grows
    for failure in failures:
        assert isinstance(failure, RateLimited)
        assert (str(failure), failure.retry_after) == ("slow down", 60)
    assert await door.renewal.get() == "token 2"


async def test_what_is_valid_again_counts_more_than_a_failure() -> None:
    door = Door(failures=[Unavailable("closed")])
    door.goes_on.clear()
    asked = asyncio.create_task(door.ask(3))
    await door.begun.wait()
    door.valid = "from elsewhere"
    door.goes_on.set()
    first, *others = await asked
    assert isinstance(first, Unavailable)
    assert others == ["from elsewhere"] * 2


async def test_what_must_not_be_renewed_is_not() -> None:
    door = Door(rejected=True)
    assert [type(failure) for failure in await door.ask(3)] == [AuthenticationFailed] * 3
    assert door.renewals == 0


async def test_whoever_gives_up_leaves_the_renewal_to_the_next() -> None:
    door = Door()
    door.goes_on.clear()
    first, second = (asyncio.create_task(door.renewal.get()) for _ in range(2))
    await door.begun.wait()
    first.cancel()
    door.goes_on.set()
    assert await second == "token 2"
    assert first.cancelled()


async def test_a_mistake_of_ours_is_nobody_elses() -> None:
    door = Door(failures=[ZeroDivisionError()])
    first, *others = await door.ask(3)
    assert isinstance(first, ZeroDivisionError)
    assert others == ["token 2"] * 2


@given(st.lists(st.tuples(st.booleans(), st.integers(1, 5)), max_size=6))
def test_however_many_ask_one_renews(rounds: list[tuple[bool, int]]) -> None:
    async def story() -> None:
        door = Door()
        for fails, askers in rounds:
            before, door.failures = door.renewals, [Unavailable("closed")] if fails else []
            found = await door.ask(askers, refused=door.valid)
            assert door.renewals == before + 1
            assert all(isinstance(each, BackendError) is fails for each in found)
            assert fails or set(found) == {door.valid}

    asyncio.run(story())
