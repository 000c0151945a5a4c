"""What the documented errors of the Japanese service mean, and what is remembered of them (kamereon-eu §2.4, §15.1)."""

from aiohttp import ClientSession
import pytest

from custom_components.nissanconnect.backends.kamereon import KamereonAuth, KamereonBackend
from custom_components.nissanconnect.vehicle import (
    AccessBlocked,
    AuthenticationFailed,
    BackendError,
    Declined,
    NotSupported,
    ProtocolError,
    RateLimited,
    ServiceOutage,
    TokenRejected,
    TripPeriod,
    Unavailable,
)
from tests.simulator import Fault, Simulator
from tests.simulator.japan import SAKURA

from ..conftest import NOW
from ..doubles import Clock, Diary
from .test_japan import backend, japan, listed, make

__all__ = ["backend", "japan"]

PARTS = ("battery-status", "cockpit", "health-status", "hvac-status", "location", "lock-status")

type Row = tuple[str, Fault, type[BackendError]]

TROUBLE: list[Row] = [
    ("outage", Fault.http(500, "0204", "Internal server error(KAuth)"), Unavailable),
    ("outage in 200", Fault.errors_in_200("0204"), Unavailable),
    ("outage with another status", Fault.http(400, "0204"), Unavailable),
    ("upstream", Fault.http(500), Unavailable),
    ("bad gateway", Fault.html(502), Unavailable),
    ("outage page", Fault.html(503), Unavailable),
    ("gateway time-out", Fault.http(504), Unavailable),
    ("code without a meaning", Fault.http(500, "0145"), Unavailable),
    ("bad request", Fault.http(400, "0399", "Bad Request"), Declined),
    ("bad request in 200", Fault.errors_in_200("0399"), Declined),
    ("bad input", Fault.http(400, "0201", "Bad Request"), Declined),
    ("code without a meaning", Fault.http(400, "0145"), Declined),
    ("method", Fault.http(405), Declined),
    ("negotiation", Fault.http(406), Declined),
    ("limit", Fault.rate_limited(20), RateLimited),
    ("blocked", Fault.html(403), AccessBlocked),
    ("broken off", Fault.malformed(), ProtocolError),
    ("nothing", Fault.empty(), ProtocolError),
    ("page", Fault.html(200), ProtocolError),
    ("elsewhere", Fault.redirect("https://example.invalid/"), ProtocolError),
]
"""What says nothing about the account and nothing for good about a part, wherever it is answered."""

NOT_THE_PASSWORD: list[Row] = [
    ("forbidden", Fault.http(403, "403", "security.access"), Unavailable),
    ("not served", Fault.http(404), Unavailable),
    ("not there yet", Fault.http(501), Unavailable),
]
"""What a part may say of itself; said of the log-in, it is no word on what a vehicle offers."""

REFUSED_TOKEN: list[Row] = [
    ("token", Fault.http(401, "0101", "The token is invalid or missing."), TokenRejected),
    ("token in 200", Fault.errors_in_200("0101"), TokenRejected),
    ("user", Fault.http(400, "0205"), TokenRejected),
    ("nothing but 401", Fault.empty(401), TokenRejected),
]

REFUSED_PART: list[Row] = [
    ("no right", Fault.http(403, "403", "security.access"), NotSupported),
    ("wrong CAN", Fault.http(403, "403011"), NotSupported),
    ("not served", Fault.http(404), NotSupported),
    ("not for this gateway", Fault.http(501, "501"), NotSupported),
]


def names(rows: list[Row]) -> list[str]:
    return [f"{name}-{error.key}" for name, _, error in rows]


def rows(*tables: list[Row]) -> pytest.MarkDecorator:
    together = [row for table in tables for row in table]
    return pytest.mark.parametrize(("fault", "error"), [row[1:] for row in together], ids=names(together))


@rows(TROUBLE, NOT_THE_PASSWORD)
async def test_no_trouble_of_the_log_in_costs_the_password(
    session: ClientSession,
    japan: Simulator,
    clock: Clock,
    diary: Diary[KamereonAuth],
    fault: Fault,
    error: type[BackendError],
) -> None:
    japan.fail("login-jp", fault)
    backend = make(session, japan, clock, diary)
    with pytest.raises(error) as raised:
        await backend.log_in()
    assert not isinstance(raised.value, AuthenticationFailed | ServiceOutage)
    assert not any(auth.rejected for auth in diary.entries)
    japan.heal()
    assert await backend.list_vehicles(), "nothing of it is remembered"


@rows(TROUBLE)
async def test_trouble_of_one_part_is_asked_again_at_the_next_read(
    backend: KamereonBackend, japan: Simulator, diary: Diary[KamereonAuth], fault: Fault, error: type[BackendError]
) -> None:
    sakura = (await listed(backend))[SAKURA]
    japan.fail("location", fault)
    report = await backend.read(sakura)
    assert set(report.failures) == {"location"}
    failure = report.failures["location"]
    assert isinstance(failure, error)
    assert not isinstance(failure, NotSupported | AuthenticationFailed | TokenRejected)
    assert (failure.retry_after or 0) >= (300 if error is RateLimited else 0)
    assert not report.given_up
    assert len(report.state.groups()) >= 5
    japan.heal()
    assert (await backend.read(sakura)).state.position
    assert not diary.last.rejected


@rows(REFUSED_TOKEN)
async def test_a_token_that_one_part_refuses_costs_one_log_in(
    backend: KamereonBackend, japan: Simulator, diary: Diary[KamereonAuth], fault: Fault, error: type[BackendError]
) -> None:
    sakura = (await listed(backend))[SAKURA]
    japan.reset_counters()
    japan.fail("location", fault)
    for _ in range(3):
        report = await backend.read(sakura)
        assert isinstance(report.failures["location"], error)
        assert not report.given_up
    assert japan.requests["login"] == 1
    assert not diary.last.rejected
    japan.heal()
    assert (await backend.read(sakura)).state.position


@rows(REFUSED_TOKEN)
async def test_tokens_that_all_parts_refuse_are_no_outage(
    backend: KamereonBackend, japan: Simulator, diary: Diary[KamereonAuth], fault: Fault, error: type[BackendError]
) -> None:
    sakura = (await listed(backend))[SAKURA]
    for part in PARTS:
        japan.fail(part, fault)
    with pytest.raises(error):
        await backend.read(sakura)
    assert not diary.last.rejected


@rows(REFUSED_PART)
async def test_a_part_that_is_refused_is_left_alone_for_a_day(
    session: ClientSession,
    japan: Simulator,
    clock: Clock,
    diary: Diary[KamereonAuth],
    fault: Fault,
    error: type[BackendError],
) -> None:
    backend = make(session, japan, clock, diary)
    sakura = (await listed(backend))[SAKURA]
    japan.fail("location", fault)
    assert isinstance((await backend.read(sakura)).given_up["location"], error)
    asked = japan.requests["location"]
    japan.heal()
    clock.advance(hours=23)
    await listed(backend)
    assert (await backend.read(sakura)).state.position is None
    assert japan.requests["location"] == asked
    backend.forget_refusals(sakura)
    assert (await backend.read(sakura)).state.position

    japan.fail("location", fault)
    report = await backend.read(sakura)
    assert isinstance(report.failures["location"], error), "what has answered is not given up for one refusal"
    japan.heal()
    assert (await backend.read(sakura)).state.position


@rows(TROUBLE, REFUSED_PART)
async def test_trips(backend: KamereonBackend, japan: Simulator, fault: Fault, error: type[BackendError]) -> None:
    sakura = (await listed(backend))[SAKURA]
    japan.fail("trip-history", fault)
    with pytest.raises(error):
        await backend.read_trips(sakura, TripPeriod.DAY, NOW.date(), NOW.date())
    japan.heal()
    assert await backend.read_trips(sakura, TripPeriod.DAY, NOW.date(), NOW.date())


@rows(TROUBLE, REFUSED_TOKEN, REFUSED_PART)
async def test_details_that_cannot_be_had_cost_nothing_but_the_name(
    backend: KamereonBackend, japan: Simulator, diary: Diary[KamereonAuth], fault: Fault, error: type[BackendError]
) -> None:
    japan.fail("details", fault)
    assert {each.key: each.model for each in (await listed(backend)).values()}[SAKURA] is None
    assert japan.requests["login"] <= 2
    assert not diary.last.rejected


@rows(TROUBLE, REFUSED_TOKEN)
async def test_a_list_that_cannot_be_had(
    backend: KamereonBackend, japan: Simulator, diary: Diary[KamereonAuth], fault: Fault, error: type[BackendError]
) -> None:
    await backend.log_in()
    japan.fail("token-info", fault)
    with pytest.raises(error):
        await backend.list_vehicles()
    assert not diary.last.rejected
    japan.heal()
    assert await backend.list_vehicles()


@rows(NOT_THE_PASSWORD)
async def test_a_log_in_that_is_not_served_is_held_against_no_part(
    backend: KamereonBackend, japan: Simulator, fault: Fault, error: type[BackendError]
) -> None:
    sakura = (await listed(backend))[SAKURA]
    japan.tokens.revoke_access()
    japan.fail("login-jp", fault)
    with pytest.raises(error):
        await backend.read(sakura)
    japan.heal()
    report = await backend.read(sakura)
    assert not report.failures
    assert not report.given_up
    assert len(report.state.groups()) >= 6
