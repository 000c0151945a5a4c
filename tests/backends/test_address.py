"""Addresses that owners type. Only within the own network plain http shows nobody a secret."""

from hypothesis import given, strategies as st
import pytest
from yarl import URL

from custom_components.nissanconnect.backends.http import base_url, is_local, segment
from custom_components.nissanconnect.vehicle import InvalidAddress


@pytest.mark.parametrize(
    "host",
    ["192.168.1.2", "10.0.0.1", "100.64.0.7", "fe80::1%eth0", "::1", "fd00::2", "localhost", "car", "car.lan",
     "carwings.tail1234.ts.net", "box2.fritz.box", "raspberrypi.local."],
)  # fmt: skip
def test_it_is_near(host: str) -> None:
    assert is_local(host)


@pytest.mark.parametrize(
    "host",
    ["8.8.8.8", "134744072", "0x08080808", "0X8080808", "01002004010", "8.8.2056", "0x8.0x8.0x8.0x8", "134744072.",
     "\uff11\uff13\uff14\uff17\uff14\uff14\uff10\uff17\uff12",
     "::ffff:8.8.8.8", "example.org", "local.example.org", "ts.net.example.org", "0.0.0.0"],
)  # fmt: skip
def test_it_is_not(host: str) -> None:
    assert not is_local(host)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("https://opencarwings.viaaq.eu", "https://opencarwings.viaaq.eu/"),
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
    assert str(base_url(typed)) == meant


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
        base_url(typed)


@given(st.text(max_size=40) | st.text(max_size=20).map(lambda text: f"https://{text}"))
def test_any_text_is_an_address_or_refused(typed: str) -> None:
    try:
        url = base_url(typed)
    except InvalidAddress:
        return
    assert base_url(str(url)) == url
    assert url.path.endswith("/")


@given(st.text(min_size=1, max_size=20))
def test_no_name_leaves_its_place_in_the_path(name: str) -> None:
    url = base_url("https://example.org").join(URL(f"api/car/{segment(name)}/", encoded=True))
    assert url.raw_path.startswith("/api/car/")
    assert url.raw_path.count("/") == 4
    assert url.parts[3] == name
    assert not url.query_string
