"""Logging in, staying logged in, and what failures mean."""

from dataclasses import replace
import time

from pynissan import NissanClient
import pytest

from custom_components.nissanconnect.backends.base import Context, Json
from custom_components.nissanconnect.backends.mynissan.client import ApiSession
from custom_components.nissanconnect.vehicle import (
    AccessBlocked,
    AuthenticationFailed,
    BackendError,
    ProtocolError,
    RateLimited,
    Unavailable,
    UnsafeRedirect,
)
from tests.simulator.faults import Fault
from tests.simulator.mynissan import MyNissan

from ..doubles import Clock, Diary
from .conftest import MakeApiSession


async def count(api: ApiSession) -> int:
    """Send a simple request."""
    vehicles, _ = await api.request("vehicle list", NissanClient.async_get_vehicles)
    return len(vehicles)


async def test_we_stay_the_same_device(
    make_api_session: MakeApiSession, service: MyNissan, diary: Diary[dict[str, Json]]
) -> None:
    await make_api_session().log_in()
    device = diary.last["device_id"]
    await make_api_session(auth=diary.last).log_in()  # with a password again: the owner has entered it

    assert device
    assert service.devices == [f"device_{device}+internal_login"] * 2
    assert diary.last["device_id"] == device
    service.end_sessions(for_good=True)
    with pytest.raises(AuthenticationFailed):
        await count(make_api_session(auth=diary.last, password=None))
    assert diary.last == dict.fromkeys(SAVED) | {"device_id": device}


async def test_without_password_and_tokens_nothing_is_sent(make_api_session: MakeApiSession, service: MyNissan) -> None:
    with pytest.raises(AuthenticationFailed):
        await count(make_api_session(password=None))
    assert not service.requests


async def test_a_token_that_says_it_is_over_is_renewed_before_it_is_sent(
    make_api_session: MakeApiSession, service: MyNissan, clock: Clock
) -> None:
    service.states_expiry = True
    api = make_api_session()
    clock.time = clock().fromtimestamp(time.time() - 7200, clock().tzinfo)  # the library has its own clock
    await api.log_in()
    service.token_lifetime *= 100
    assert await count(api) == 3
    assert service.requests["token"] == 2
    assert service.requests["VehiclesStaticData"] == 1


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
    make_api_session: MakeApiSession,
    service: MyNissan,
    diary: Diary[dict[str, Json]],
    fault: Fault,
    error: type[BackendError],
) -> None:
    """The library calls a 503 and a 429 an authentication error."""
    service.fail("token", fault)
    api = make_api_session()
    with pytest.raises(error) as raised:
        await count(api)
    assert not isinstance(raised.value, AuthenticationFailed)

    service.heal()
    assert await count(api) == 3


async def test_refusals_of_fresh_tokens_must_go_on_before_the_log_in_is_invalid(
    make_api_session: MakeApiSession, service: MyNissan, clock: Clock
) -> None:
    api = make_api_session()
    await count(api)
    service.fail("VehiclesStaticData", Fault.http(401))
    for _ in range(3):
        with pytest.raises(Unavailable):
            await count(api)
    clock.advance(minutes=6)
    with pytest.raises(AuthenticationFailed):
        await count(api)


async def test_a_refusal_that_was_over_in_between_counts_anew(
    make_api_session: MakeApiSession, service: MyNissan, clock: Clock
) -> None:
    api = make_api_session()
    for _ in range(2):
        service.fail("VehiclesStaticData", Fault.http(401), times=2)  # the library tries twice
        with pytest.raises(Unavailable):
            await count(api)
        assert await count(api) == 3
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
async def test_failures_become_backend_errors(
    make_api_session: MakeApiSession, service: MyNissan, fault: Fault, error: type[BackendError]
) -> None:
    api = make_api_session()
    await api.log_in()
    service.fail("VehiclesStaticData", fault)
    with pytest.raises(error) as raised:
        await count(api)
    if error is RateLimited:
        assert raised.value.retry_after == 120
    assert raised.value.__cause__ is None
    assert raised.value.__suppress_context__ or raised.value.__context__ is None


# What is kept of a log-in

SAVED: dict[str, Json] = {
    "access_token": "a.b.c",
    "refresh_token": "refresh",
    "id_token": "i.d.t",
    "device_id": "device",
}


async def test_the_stored_form_stays_readable(
    make_api_session: MakeApiSession, service: MyNissan, diary: Diary[dict[str, Json]]
) -> None:
    """Written by the first version; its names never change."""
    await make_api_session(auth=SAVED).log_in()
    assert diary.last.keys() == SAVED.keys()
    assert diary.last["device_id"] == "device"
    service.requests.clear()
    assert await make_api_session(auth=SAVED, password=None).log_in()
    assert not service.requests, "there are tokens"
    assert await count(make_api_session(auth=diary.last, password=None)) == 3
    assert "token" not in service.requests


@pytest.mark.parametrize("token", ["", "two words", "line\nbreak", "umläut", 5, None, ["list"]])
async def test_a_token_that_no_header_takes_is_none(make_api_session: MakeApiSession, token: Json) -> None:
    saved: Json = {"access_token": token, "refresh_token": "refresh"}
    with pytest.raises(AuthenticationFailed):
        await make_api_session(auth=saved, password=None).log_in()


async def test_a_refresh_token_alone_is_no_log_in(make_api_session: MakeApiSession) -> None:
    with pytest.raises(AuthenticationFailed):
        await make_api_session(auth=SAVED | {"access_token": None}, password=None).log_in()
    assert await make_api_session(auth=SAVED | {"id_token": None}, password=None).log_in()


async def test_the_id_of_an_account_is_stable_and_reveals_no_address(context: Context) -> None:
    async def name(username: str) -> str:
        return await ApiSession(replace(context, auth=SAVED), {"country": "ca", "username": username}).log_in()

    assert await name(" Pat@Example.com ") == await name("pat@example.com") == "fe9733fcc9650127"
    assert await name("pat@example.com") != await name("sam@example.com")
