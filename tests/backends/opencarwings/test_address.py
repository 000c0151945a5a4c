"""Addresses that owners type."""

from hypothesis import given, strategies as st
import pytest
from yarl import URL

from custom_components.nissanconnect.backends.opencarwings import PUBLIC, Address
from custom_components.nissanconnect.backends.opencarwings.address import segment
from custom_components.nissanconnect.vehicle import InvalidAddress


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        (PUBLIC, "https://opencarwings.viaaq.eu/"),
        (" https://opencarwings.viaaq.eu/ ", "https://opencarwings.viaaq.eu/"),
        ("https://example.org/leaf/ocw", "https://example.org/leaf/ocw/"),
        ("https://example.org:8443/", "https://example.org:8443/"),
        ("http://192.168.1.20:8124", "http://192.168.1.20:8124/"),
        ("http://[fd00::20]:8125/ocw/", "http://[fd00::20]:8125/ocw/"),
        ("http://100.101.102.103:8124", "http://100.101.102.103:8124/"),
        ("http://homeassistant.local:8124", "http://homeassistant.local:8124/"),
        ("http://ocw:8124", "http://ocw:8124/"),
        ("http://localhost:8124", "http://localhost:8124/"),
    ],
)
def test_an_address_has_one_spelling(typed: str, meant: str) -> None:
    assert str(Address(typed)) == meant


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "opencarwings.viaaq.eu",
        "ftp://example.org",
        "https://",
        "https://user:pass@example.org",
        "https://example.org/?a=b",
        "https://example.org/#top",
        "https://example.org:99999",
        "http://opencarwings.viaaq.eu",
        "http://8.8.8.8",
        "http://localhost.example.org",
        "//example.org",
        "https://exa mple.org",
    ],
)
def test_what_is_none_or_not_safe_is_refused(typed: str) -> None:
    with pytest.raises(InvalidAddress):
        Address(typed)


@given(st.text(max_size=40) | st.text(max_size=20).map(lambda text: f"https://{text}"))
def test_any_text_is_an_address_or_refused(typed: str) -> None:
    try:
        address = Address(typed)
    except InvalidAddress:
        return
    assert str(Address(str(address))) == str(address)
    assert URL(str(address)).path.endswith("/")


def test_paths_are_below_the_prefix_and_the_socket_follows_the_scheme() -> None:
    own = Address("http://ocw:8124/leaf")
    assert str(own.url("api/car/")) == "http://ocw:8124/leaf/api/car/"
    assert str(own.socket) == "ws://ocw:8124/leaf/ws/notif/"
    assert str(Address(PUBLIC).socket) == "wss://opencarwings.viaaq.eu/ws/notif/"


@given(st.text(min_size=1, max_size=20))
def test_no_name_leaves_its_place_in_the_path(name: str) -> None:
    url = Address(PUBLIC).url(f"api/car/{segment(name)}/")
    assert url.raw_path.startswith("/api/car/")
    assert url.raw_path.count("/") == 4
    assert url.parts[3] == name
    assert not url.query_string
