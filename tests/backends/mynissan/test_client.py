"""Logging in, staying logged in, and what failures mean."""

import asyncio
import logging
import time

from pynissan import NissanClient
import pytest

from custom_components.nissanconnect.backends.mynissan import Auth
from custom_components.nissanconnect.backends.mynissan.client import Line
from custom_components.nissanconnect.vehicle import (
    AccessBlocked,
    AuthenticationFailed,
    BackendError,
    NoConnection,
    ProtocolError,
    RateLimited,
    Unavailable,
    UnsafeRedirect,
)
from tests.simulator.faults import Fault
from tests.simulator.mynissan import EMAIL, PASSWORD, MyNissan

from ..doubles import Clock, Diary
from .conftest import MakeLine


async def count(line: Line) -> int:
    """Ask for something simple."""
    vehicles, _ = await line.ask("vehicle list", NissanClient.async_get_vehicles)
    return len(vehicles)


async def test_a_password_is_used_once_and_the_tokens_kept(
    make_line: MakeLine, service: MyNissan, diary: Diary[Auth]
) -> None:
    line = make_line()
    assert await count(line) == 3
    assert await count(line) == 3
    assert service.passwords == 1

    again = make_line(auth=Auth.from_json(diary.last.to_json()), password=None)
    assert await count(again) == 3
    assert service.passwords == 1
    assert PASSWORD not in str(diary.last.to_json())


async def test_we_stay_the_same_device(make_line: MakeLine, service: MyNissan, diary: Diary[Auth]) -> None:
    await make_line().log_in()
    device = diary.last.device_id
    await make_line(auth=diary.last).log_in()  # with a password again: the owner was asked for it

    assert device
    assert service.devices == [f"device_{device}+internal_login"] * 2
    assert diary.last.device_id == device


async def test_a_wrong_password_is_sent_once(make_line: MakeLine, service: MyNissan) -> None:
    line = make_line(password="wrong")
    for _ in range(3):
        with pytest.raises(AuthenticationFailed):
            await count(line)
    assert service.passwords == 1


async def test_without_password_and_tokens_nothing_is_sent(make_line: MakeLine, service: MyNissan) -> None:
    with pytest.raises(AuthenticationFailed):
        await count(make_line(password=None))
    assert not service.requests


async def test_parallel_questions_log_in_once(make_line: MakeLine, service: MyNissan) -> None:
    line = make_line()
    assert await asyncio.gather(*(count(line) for _ in range(4))) == [3] * 4
    assert service.passwords == 1


async def test_an_expired_token_is_renewed(
    make_line: MakeLine, service: MyNissan, clock: Clock, diary: Diary[Auth]
) -> None:
    line = make_line()
    await count(line)
    old = diary.last
    clock.advance(minutes=31)

    assert [*await asyncio.gather(count(line), count(line))] == [3, 3]
    assert service.requests["token"] == 2
    assert service.passwords == 1
    assert diary.last.access_token != old.access_token


async def test_a_token_that_says_it_is_over_is_renewed_before_it_is_sent(
    make_line: MakeLine, service: MyNissan, clock: Clock
) -> None:
    service.states_expiry = True
    line = make_line()
    clock.time = clock().fromtimestamp(time.time() - 7200, clock().tzinfo)  # the library has its own clock
    await line.log_in()
    service.token_lifetime *= 100
    assert await count(line) == 3
    assert service.requests["token"] == 2
    assert service.requests["VehiclesStaticData"] == 1


async def test_a_refused_renewal_ends_the_log_in(make_line: MakeLine, service: MyNissan, diary: Diary[Auth]) -> None:
    line = make_line()
    await count(line)
    device = diary.last.device_id
    service.end_sessions(for_good=True)

    with pytest.raises(AuthenticationFailed):
        await count(line)
    assert diary.last == Auth(device_id=device)
    asked = service.requests.total()
    with pytest.raises(AuthenticationFailed):
        await count(line)
    assert service.requests.total() == asked, "what was refused is not sent again"


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Fault.http(503), Unavailable),
        (Fault.rate_limited(60), RateLimited),
        (Fault.html(200), Unavailable),
        (Fault.html(503), Unavailable),
        (Fault.malformed(), Unavailable),
        (Fault.http(500), Unavailable),
        (Fault.missing("access_token"), ProtocolError),
    ],
)
async def test_a_log_in_service_that_does_not_work_is_not_a_wrong_password(
    make_line: MakeLine, service: MyNissan, diary: Diary[Auth], fault: Fault, error: type[BackendError]
) -> None:
    """The library calls a 503 and a 429 an authentication error."""
    service.fail("token", fault)
    line = make_line()
    with pytest.raises(error) as raised:
        await count(line)
    assert not isinstance(raised.value, AuthenticationFailed)

    service.heal()
    assert await count(line) == 3


@pytest.mark.parametrize("fault", [Fault.http(503), Fault.rate_limited(60), Fault.html(502)])
async def test_a_renewal_that_fails_for_now_keeps_the_tokens(
    make_line: MakeLine, service: MyNissan, diary: Diary[Auth], fault: Fault
) -> None:
    line = make_line()
    await count(line)
    kept = diary.last
    service.end_sessions()
    service.fail("token", fault)
    with pytest.raises((Unavailable, RateLimited)):
        await count(line)
    assert diary.last == kept

    service.heal()
    assert await count(line) == 3


async def test_a_refused_fresh_token_is_doubted_before_the_owner_is_asked(
    make_line: MakeLine, service: MyNissan, clock: Clock
) -> None:
    line = make_line()
    await count(line)
    service.fail("VehiclesStaticData", Fault.http(401))
    for _ in range(3):
        with pytest.raises(Unavailable):
            await count(line)
    clock.advance(minutes=6)
    with pytest.raises(AuthenticationFailed):
        await count(line)


async def test_a_refusal_that_was_over_in_between_counts_anew(
    make_line: MakeLine, service: MyNissan, clock: Clock
) -> None:
    line = make_line()
    for _ in range(2):
        service.fail("VehiclesStaticData", Fault.http(401), times=2)  # the library tries twice
        with pytest.raises(Unavailable):
            await count(line)
        assert await count(line) == 3
        clock.advance(minutes=6)


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Fault.http(403), AccessBlocked),
        (Fault.html(403), AccessBlocked),
        (Fault.rate_limited(120), RateLimited),
        (Fault.http(500), Unavailable),
        (Fault.html(503), Unavailable),
        (Fault.html(200, "We are improving our service"), Unavailable),
        (Fault.empty(), Unavailable),
        (Fault.malformed(), Unavailable),
        (Fault.redirect("https://elsewhere.example.com/"), UnsafeRedirect),
        (Fault.errors_in_200(), Unavailable),
        (Fault.http(404), ProtocolError),
        (Fault.values(vehicles={"not": "a list"}), ProtocolError),
        (Fault.nulls("vin"), ProtocolError),
    ],
)
async def test_what_goes_wrong_is_told_in_our_terms(
    make_line: MakeLine, service: MyNissan, fault: Fault, error: type[BackendError]
) -> None:
    line = make_line()
    await line.log_in()
    service.fail("VehiclesStaticData", fault)
    with pytest.raises(error) as raised:
        await count(line)
    if error is RateLimited:
        assert raised.value.retry_after == 120
    assert raised.value.__cause__ is None
    assert raised.value.__suppress_context__ or raised.value.__context__ is None


async def test_a_service_that_hangs_is_given_up(make_line: MakeLine, service: MyNissan) -> None:
    line = make_line(timeout=0.3)
    await line.log_in()
    service.fail("VehiclesStaticData", service.hang())
    with pytest.raises(Unavailable) as raised:
        await count(line)
    assert not isinstance(raised.value, NoConnection), "it may have heard us"


async def test_without_a_network_nothing_has_arrived(make_line: MakeLine, service: MyNissan) -> None:
    line = make_line()
    await line.log_in()
    await service.stop()
    with pytest.raises(Unavailable):
        await count(line)  # over the line that stood, of which nobody knows what it carried
    with pytest.raises(NoConnection):
        await count(line)


async def test_nothing_personal_is_logged_or_raised(
    make_line: MakeLine, service: MyNissan, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with pytest.raises(AuthenticationFailed) as raised:
        await count(make_line(password="wrong horse"))
    told = [str(raised.value), caplog.text]
    line = make_line()
    await count(line)
    service.end_sessions(for_good=True)
    with pytest.raises(AuthenticationFailed) as raised:
        await count(line)
    for text in (*told, str(raised.value), caplog.text, repr(line)):
        for secret in (EMAIL, PASSWORD, "wrong horse", *service.refresh, *service.access, "device_"):
            assert secret not in text
