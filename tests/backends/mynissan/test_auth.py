"""What is kept of a log-in."""

from hypothesis import given
import pytest

from custom_components.nissanconnect.backends.base import Json
from custom_components.nissanconnect.backends.mynissan import Auth
from custom_components.nissanconnect.backends.mynissan.auth import account_name

from ..strategies import JSON

AUTH = Auth(access_token="a.b.c", refresh_token="refresh", id_token="i.d.t", device_id="device")


def test_what_is_written_is_read_again() -> None:
    assert Auth.from_json(AUTH.to_json()) == AUTH
    assert Auth.from_json(Auth().to_json()) == Auth()


@given(JSON)
def test_whatever_was_saved_is_read(saved: Json) -> None:
    auth = Auth.from_json(saved)
    assert Auth.from_json(auth.to_json()) == auth


@pytest.mark.parametrize("token", ["", "two words", "line\nbreak", "umläut", 5, None, ["list"]])
def test_a_token_that_no_header_takes_is_none(token: Json) -> None:
    assert Auth.from_json({"access_token": token, "refresh_token": "refresh"}).tokens is None


def test_it_does_not_print_itself() -> None:
    for secret in ("a.b.c", "refresh", "i.d.t", "device"):
        assert secret not in repr(AUTH)


def test_a_refresh_token_alone_is_no_log_in() -> None:
    assert Auth(refresh_token="refresh").tokens is None
    assert AUTH.tokens is not None


def test_the_name_of_an_account_is_stable_and_tells_no_address() -> None:
    name = account_name(" Pat@Example.com ")
    assert name == account_name("pat@example.com")
    assert name != account_name("sam@example.com")
    assert "pat" not in name
    assert "@" not in name
