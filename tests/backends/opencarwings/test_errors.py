"""What the server's documented responses to a command mean, and what each of them costs (opencarwings §2, §4)."""

from datetime import timedelta
from typing import Any

from hypothesis import HealthCheck, given, settings, strategies as st
import pytest

from custom_components.nissanconnect.vehicle import (
    AccessBlocked,
    AuthenticationFailed,
    BackendError,
    Declined,
    NotForwarded,
    NotSupported,
    RateLimited,
    Refresh,
    ScheduleClimate,
    TimePassed,
    Unavailable,
    WrongPin,
)
from tests.simulator.opencarwings import Car, OpenCarwings

from ..conftest import NOW
from .conftest import Owner

RESPONSES: list[tuple[int, Any, type[BackendError], bool]] = [
    (400, {"error": "Invalid command type"}, Declined, True),
    (401, None, AuthenticationFailed, True),
    (403, {"detail": "Invalid token."}, AuthenticationFailed, True),
    (403, {"error": "Invalid PIN"}, WrongPin, True),
    (403, {"detail": "You do not have permission"}, NotSupported, True),
    (404, {"detail": "Not found."}, NotSupported, True),
    (405, {"detail": "Method not allowed"}, Declined, True),
    (429, {"detail": "Throttled"}, RateLimited, True),
    (500, {"error": ""}, NotSupported, True),
    (500, {"error": "Webhook answered 502"}, NotForwarded, True),
    (500, None, Unavailable, False),
    (502, None, Unavailable, False),
    (503, {"error": "maintenance"}, Unavailable, False),
    (504, None, Unavailable, False),
]


@pytest.mark.parametrize(("status", "body", "error", "nothing_done"), RESPONSES)
async def test_error_responses_to_a_command(
    server: OpenCarwings, car: Car, owner: Owner, status: int, body: Any, error: type[BackendError], nothing_done: bool
) -> None:
    vehicle = await owner.vehicle()
    server.fail("command", status, body)
    with pytest.raises(error) as raised:
        await owner.send(Refresh(), vehicle)
    assert raised.value.nothing_done is nothing_done
    assert owner.wakes == (not nothing_done), "what was certainly not sent woke nobody"
    server.heal()
    assert not isinstance(raised.value, AccessBlocked)


@pytest.mark.parametrize(("status", "error"), [(401, AuthenticationFailed), (429, RateLimited)])
async def test_an_account_error_is_not_hidden_by_an_outage(
    server: OpenCarwings, car: Car, owner: Owner, status: int, error: type[BackendError]
) -> None:
    vehicle = await owner.vehicle()
    server.fail("detail", 500)
    server.fail("list", status)
    with pytest.raises(error):
        await owner.backend.read(vehicle)


async def test_a_rejected_log_in_outweighs_the_values_that_were_read(
    server: OpenCarwings, ficosa: Car, owner: Owner
) -> None:
    vehicle = await owner.vehicle()
    server.fail("alerts", 401)
    with pytest.raises(AuthenticationFailed):
        await owner.backend.read(vehicle)


async def test_an_sms_that_was_not_sent_is_not_counted(server: OpenCarwings, car: Car, owner: Owner) -> None:
    vehicle = await owner.vehicle()
    server.fail("command", 500, {"error": "no SMS"})
    for _ in range(12):
        with pytest.raises(NotForwarded):
            await owner.send(Refresh(), vehicle)
    server.heal()
    await owner.send(Refresh(), vehicle)
    assert owner.wakes == server.dispatch.sms == 1


@given(offset=st.floats(0, 120), ahead=st.floats(-90, 2 * 86_400))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_a_scheduled_start_is_carried_out_in_its_minute_or_refused(
    server: OpenCarwings, car: Car, owner: Owner, offset: float, ahead: float
) -> None:
    owner.clock.time = max(owner.clock.time + timedelta(minutes=1), NOW) + timedelta(seconds=offset)
    server.advance()
    at, before = owner.clock.time + timedelta(seconds=ahead), server.dispatch.sms
    try:
        await owner.send(ScheduleClimate(at=at))
    except TimePassed:
        assert ahead < 120, "with two minutes' notice there is always a way"
        return
    owner.clock.time = at - timedelta(seconds=31)
    server.advance()
    assert server.dispatch.sms == before, "not before"
    owner.clock.time = at + timedelta(seconds=31)
    server.advance()
    assert server.dispatch.sms == before + 1, "and not later"
