"""Tokens: how they are kept fresh, shared and lost (kamereon-eu §4.6-4.8)."""

from dataclasses import replace
from datetime import timedelta
import json

import pytest

from custom_components.nissanconnect.backends.base import Json
from custom_components.nissanconnect.backends.kamereon import KamereonAuth
from custom_components.nissanconnect.vehicle import (
    AccessBlocked,
    ActionRequired,
    BackendError,
    Group,
    ProtocolError,
    RateLimited,
    Unavailable,
)

from ..conftest import NOW
from ..doubles import Clock, Diary
from .conftest import LOGGED_IN, MakeBackend
from .fake import (
    AUTHORIZE,
    CARS,
    DROPPED,
    EXCHANGE,
    LEAF,
    REDEEM,
    REFRESH,
    SUBMIT,
    UNAUTHORIZED,
    USER,
    Fake,
    Say,
    tokens,
)

EMPTY_LIST = Say(json={"data": []})


async def test_a_first_log_in(make_backend: MakeBackend, fake: Fake, diary: Diary[KamereonAuth]) -> None:
    assert await make_backend(auth=None).log_in() == "user-1"

    exchange = fake.last(EXCHANGE)
    assert exchange.query == {"platform": "Android"}
    assert exchange.headers["Authorization"] == "id-1"
    assert exchange.headers["Content-Type"] == "application/vnd.api+json"
    assert exchange.headers["Accept"] == "application/json"
    assert exchange.body == ""
    assert fake.last(USER).headers["Authorization"] == "Bearer access-first"
    expected = KamereonAuth(
        access_token="access-first",
        refresh_token="refresh-first",
        expires_at=NOW + timedelta(seconds=1800),
    )
    assert diary.entries == [expected, replace(expected, user_id="user-1")]


@pytest.mark.parametrize("user_id", ["123456", 123456], ids=repr)
async def test_user_ids_of_old_accounts(make_backend: MakeBackend, fake: Fake, user_id: Json) -> None:
    fake.on("GET", USER, Say(json={"userId": user_id}))
    assert await make_backend(auth=None).log_in() == "123456"


@pytest.mark.parametrize("body", [{}, {"userId": None}, {"userId": ""}, {"userId": True}, []])
async def test_no_user_id(make_backend: MakeBackend, fake: Fake, body: Json) -> None:
    fake.on("GET", USER, Say(json=body))
    with pytest.raises(ProtocolError):
        await make_backend(auth=None).log_in()


async def test_a_token_is_renewed_a_minute_before_its_end(
    make_backend: MakeBackend, fake: Fake, clock: Clock, diary: Diary[KamereonAuth]
) -> None:
    backend = make_backend(auth=LOGGED_IN)
    clock.advance(minutes=28, seconds=59)
    await backend.log_in()
    assert fake.asked == []

    clock.advance(seconds=1)
    assert await backend.log_in() == "user-1"
    refresh = fake.last(REFRESH)
    assert refresh.query == {"platform": "Android"}
    assert refresh.headers["Authorization"] == "refresh-0"
    assert refresh.headers["Content-Type"] == "application/vnd.api+json"
    assert json.loads(refresh.body) == {"scope": "openid profile vehicles"}
    assert len(fake.asked) == 1
    assert diary.entries == [
        KamereonAuth(
            access_token="access-refreshed",
            refresh_token="refresh-refreshed",
            expires_at=clock.time + timedelta(seconds=1800),
            user_id="user-1",
        )
    ]


async def test_a_refresh_may_keep_the_refresh_token(
    make_backend: MakeBackend, fake: Fake, clock: Clock, diary: Diary[KamereonAuth]
) -> None:
    fake.on("POST", REFRESH, tokens("second", refresh_token=None))
    clock.advance(hours=1)
    await make_backend().log_in()
    assert diary.last.refresh_token == "refresh-0"


@pytest.mark.parametrize("lifetime", [None, 0, -5, "soon", 1e300])
async def test_a_lifetime_that_makes_no_sense_is_an_hour(
    make_backend: MakeBackend, fake: Fake, diary: Diary[KamereonAuth], lifetime: Json
) -> None:
    fake.on("POST", EXCHANGE, tokens("first", expires_in=lifetime))
    await make_backend(auth=None).log_in()
    assert diary.last.expires_at == NOW + timedelta(hours=1)


async def test_tokens_without_an_end_are_renewed(make_backend: MakeBackend, fake: Fake) -> None:
    await make_backend(auth=replace(LOGGED_IN, expires_at=None)).log_in()
    assert fake.paths == {REFRESH: 1}


async def test_a_host_that_refuses_every_token_does_not_have_them_renewed_without_end(
    make_backend: MakeBackend, fake: Fake, clock: Clock
) -> None:
    """How a command goes is asked every few seconds; a fault of that host must not cost a renewal each time."""
    fake.on("GET", CARS, UNAUTHORIZED)
    backend = make_backend()
    for _ in range(10):
        with pytest.raises(Unavailable):
            await backend.list_vehicles()
        clock.advance(seconds=2)
    assert fake.count(REFRESH) == 1

    clock.advance(minutes=5)
    fake.on("GET", CARS, UNAUTHORIZED, EMPTY_LIST)
    assert await backend.list_vehicles() == ()
    assert fake.count(REFRESH) == 2


async def test_errors_in_200_refuse_a_token_too(make_backend: MakeBackend, fake: Fake) -> None:
    fake.on("GET", CARS, Say.error(401, "401000", http=200), EMPTY_LIST)
    assert await make_backend().list_vehicles() == ()
    assert fake.count(REFRESH) == 1


@pytest.mark.parametrize(
    "refusal",
    [
        Say.error(400, "400"),
        UNAUTHORIZED,
        Say.error(403, "403"),
        Say(status=403),
        Say(status=400, json={"error": "invalid_grant"}),
        Say(status=403, json={"error": "access_denied"}),
        Say(json={"error": "invalid_grant"}),
        Say.error(401, "401000", http=200),
    ],
)
async def test_a_refused_refresh_leads_to_one_log_in(
    make_backend: MakeBackend, fake: Fake, clock: Clock, diary: Diary[KamereonAuth], refusal: Say
) -> None:
    fake.on("POST", REFRESH, refusal)
    clock.advance(hours=1)
    assert await make_backend().log_in() == "user-1"
    assert (fake.count(REFRESH), fake.count(SUBMIT), fake.count(EXCHANGE)) == (1, 1, 1)
    assert fake.count(USER) == 0
    assert diary.last.access_token == "access-first"


async def test_without_a_refresh_token_the_password_is_used(make_backend: MakeBackend, fake: Fake) -> None:
    await make_backend(auth=KamereonAuth(user_id="user-1")).log_in()
    assert (fake.count(REFRESH), fake.count(SUBMIT)) == (0, 1)


@pytest.mark.parametrize(
    ("trouble", "error"),
    [
        (Say(status=500), Unavailable),
        (Say(status=503), Unavailable),
        (Say(status=503, json={"error": "temporarily_unavailable"}), Unavailable),
        (Say.html(502), Unavailable),
        (Say.html(403, "<html>Access forbidden by administrator"), AccessBlocked),
        (Say(status=429), RateLimited),
        (Say(status=404), Unavailable),
        (DROPPED, Unavailable),
        (Say.html(200), ProtocolError),
        (Say(json={"token_type": "Bearer"}), ProtocolError),
        (Say(json={"access_token": "a b"}), ProtocolError),
    ],
)
async def test_trouble_with_a_refresh_never_sends_the_password(
    make_backend: MakeBackend,
    fake: Fake,
    clock: Clock,
    diary: Diary[KamereonAuth],
    trouble: Say,
    error: type[BackendError],
) -> None:
    fake.on("POST", REFRESH, trouble)
    clock.advance(hours=1)
    with pytest.raises(error):
        await make_backend().log_in()
    assert fake.paths == {REFRESH: 1}
    assert diary.entries == []


async def test_a_refresh_that_is_not_served_is_held_against_no_part(make_backend: MakeBackend, fake: Fake) -> None:
    fake.on_car("v1/cockpit", UNAUTHORIZED, Say.data(totalMileage=1000))
    fake.on("POST", REFRESH, Say(status=404), tokens("refreshed"))
    backend = make_backend()
    with pytest.raises(Unavailable):
        await backend.read(LEAF, {Group.ODOMETER})
    report = await backend.read(LEAF, {Group.ODOMETER})
    assert report.state.odometer
    assert not report.given_up


@pytest.mark.parametrize("refusal", [UNAUTHORIZED, Say.error(403, "403"), Say(json={"error": "invalid_token"})])
async def test_an_account_that_the_platform_does_not_take(
    make_backend: MakeBackend, fake: Fake, diary: Diary[KamereonAuth], refusal: Say
) -> None:
    fake.on("POST", EXCHANGE, refusal)
    with pytest.raises(ActionRequired):
        await make_backend(auth=None).log_in()
    assert fake.count(SUBMIT) == 1
    assert diary.entries == []  # nothing is wrong with the password


@pytest.mark.parametrize("path", [AUTHORIZE, REDEEM, EXCHANGE])
async def test_a_log_in_that_failed_for_now_works_later(make_backend: MakeBackend, fake: Fake, path: str) -> None:
    fake.on("GET" if path == AUTHORIZE else "POST", path, Say(status=503))
    backend = make_backend(auth=None)
    with pytest.raises(Unavailable):
        await backend.log_in()
    fake.log_in_works()
    assert await backend.log_in() == "user-1"
