"""The log-in: with a key, with a password, and the renewal of tokens."""

from datetime import timedelta

import pytest
from yarl import URL

from custom_components.nissanconnect.backends.base import Context, Fields
from custom_components.nissanconnect.backends.opencarwings import create
from custom_components.nissanconnect.backends.opencarwings.client import CarwingsAuth, ReportedFailure
from custom_components.nissanconnect.vehicle import (
    AccessBlocked,
    AuthenticationFailed,
    BackendError,
    CredentialsMissing,
    Declined,
    InvalidAddress,
    NotSupported,
    NoVehicles,
    ProtocolError,
    RateLimited,
    TwoFactorRequired,
    Unavailable,
    UnsafeRedirect,
    WrongCode,
)
from tests.simulator.opencarwings import LEAF_40, Car, OpenCarwings

from ..conftest import NOW
from ..doubles import Clock, Diary
from .conftest import MakeBackend

PASSWORD = {"username": "leafowner", "password": "correct horse battery staple"}


async def test_a_key_needs_no_log_in(
    server: OpenCarwings, car: Car, make_backend: MakeBackend, diary: Diary[CarwingsAuth]
) -> None:
    backend = make_backend()
    name = await backend.log_in()
    assert name.endswith("_1")
    assert server.requests["obtain"] == 0
    assert diary.last == CarwingsAuth(user="1")
    assert await make_backend(auth=diary.last).log_in() == name


async def test_the_account_id_stays_when_port_and_prefix_change(
    server: OpenCarwings, car: Car, make_backend: MakeBackend
) -> None:
    name = await make_backend().log_in()
    await server.stop()
    server.url = ""
    url = await server.start("/moved")
    moved = make_backend({"url": url, "api_key": server.account.key})
    assert await moved.log_in() == name
    assert str(URL(url).host) not in name


async def test_a_password_gives_tokens_and_the_same_account_id(
    server: OpenCarwings, car: Car, make_backend: MakeBackend, diary: Diary[CarwingsAuth]
) -> None:
    backend = make_backend(PASSWORD)
    assert await backend.log_in() == await make_backend().log_in()
    await backend.list_vehicles()
    assert server.requests["obtain"] == 1
    tokens = diary.entries[0]
    assert tokens.access in server.accounts.access
    assert tokens.refresh in server.accounts.refresh


async def test_new_tokens_are_saved_before_they_are_used(
    server: OpenCarwings, car: Car, make_backend: MakeBackend, diary: Diary[CarwingsAuth], clock: Clock
) -> None:
    backend = make_backend(PASSWORD)
    await backend.log_in()
    clock.advance(days=32)
    server.fail("list", 502)
    with pytest.raises(Unavailable):
        await backend.list_vehicles()
    server.heal()
    server.accounts.access[diary.last.access or ""].ends_at  # noqa: B018 - it is there
    await make_backend({}, auth=diary.last).list_vehicles()


async def test_rejected_tokens_are_replaced_if_the_password_is_known(
    server: OpenCarwings, car: Car, make_backend: MakeBackend, diary: Diary[CarwingsAuth], clock: Clock
) -> None:
    await make_backend(PASSWORD).log_in()
    old = diary.last
    clock.advance(days=366)
    await make_backend(PASSWORD, auth=old).list_vehicles()
    assert server.requests["obtain"] == 2


@pytest.mark.parametrize(
    ("otp", "code", "error"),
    [("123456", None, TwoFactorRequired), ("123456", "000000", WrongCode), ("123456", "123456", None)],
)
async def test_the_second_factor_is_required_only_where_there_is_one(
    server: OpenCarwings,
    car: Car,
    make_backend: MakeBackend,
    otp: str,
    code: str | None,
    error: type[Exception] | None,
) -> None:
    server.account.otp = otp
    backend = make_backend(PASSWORD if code is None else {**PASSWORD, "code": code})
    if error is None:
        await backend.log_in()
        return
    with pytest.raises(error):
        await backend.log_in()


async def test_a_password_takes_precedence_over_a_key(
    server: OpenCarwings, car: Car, make_backend: MakeBackend
) -> None:
    await make_backend({**PASSWORD, "api_key": "0" * 40}).log_in()
    assert server.requests["obtain"] == 1


async def test_missing_credentials_are_an_error(server: OpenCarwings, make_backend: MakeBackend) -> None:
    with pytest.raises(CredentialsMissing):
        await make_backend({"username": "leafowner"}).log_in()
    assert server.requests.total() == 0


async def test_without_vehicles_a_key_gives_no_account_id(server: OpenCarwings, make_backend: MakeBackend) -> None:
    with pytest.raises(NoVehicles):
        await make_backend().log_in()


@pytest.mark.parametrize(
    ("status", "body", "text", "error"),
    [
        (401, None, "", AuthenticationFailed),
        (403, {"detail": "Invalid token."}, "", AuthenticationFailed),
        (403, {"detail": "User inactive or deleted."}, "", AuthenticationFailed),
        (403, {"detail": "Ei kelpaa", "code": "token_not_valid"}, "", AuthenticationFailed),
        (403, {"detail": "You do not have permission to perform this action."}, "", NotSupported),
        (403, None, "<html>go away</html>", AccessBlocked),
        (404, None, "<html>not here</html>", Declined),
        (429, None, "", RateLimited),
        (301, None, "", UnsafeRedirect),
        (200, None, "{", ProtocolError),
        (200, {"cars": []}, "", ProtocolError),
        (200, None, "<html>log in, please</html>", ProtocolError),
        (500, {"error": "boom"}, "", ReportedFailure),
        (502, None, "<html>bad gateway</html>", Unavailable),
        (418, None, "", Declined),
    ],
)
async def test_error_responses(
    server: OpenCarwings,
    make_backend: MakeBackend,
    status: int,
    body: dict[str, object] | None,
    text: str,
    error: type[BackendError],
) -> None:
    server.fail("list", status, body, text=text)  # type: ignore[arg-type]
    with pytest.raises(error) as caught:
        await make_backend().list_vehicles()
    assert caught.value.key == error.key


async def test_somebody_elses_vehicle_does_not_reject_the_account(
    server: OpenCarwings, car: Car, make_backend: MakeBackend, diary: Diary[CarwingsAuth]
) -> None:
    other = server.add(LEAF_40, owner=server.accounts.add("neighbour", "other"))
    backend = make_backend()
    (vehicle,) = await backend.list_vehicles()
    car.owner = other.owner
    with pytest.raises(NotSupported):
        await backend.read(vehicle.info)
    assert not any(entry.rejected for entry in diary.entries)


async def test_tokens_do_not_expire_by_our_clock(
    server: OpenCarwings, car: Car, make_backend: MakeBackend, clock: Clock
) -> None:
    backend = make_backend(PASSWORD)
    await backend.log_in()
    clock.time = NOW + timedelta(days=30)
    await backend.list_vehicles()
    assert server.requests["refresh"] == 0


async def test_create_uses_what_the_owner_has_entered(server: OpenCarwings, car: Car, context: Context) -> None:
    fields: Fields = {"url": f" {server.url} ", "api_key": server.account.key}
    entered = {"url": server.url, "username": "leafowner", "password": server.account.password, "code": "123456"}
    server.account.otp = "123456"
    assert await create(context, entered).log_in() == await create(context, fields).log_in()
    with pytest.raises(InvalidAddress):
        create(context, {"url": "http://example.org", "api_key": "k"})
