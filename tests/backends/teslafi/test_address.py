"""Where a token may be sent."""

from hypothesis import given, strategies as st
import pytest

from custom_components.nissanconnect.backends.teslafi.client import service_url
from custom_components.nissanconnect.vehicle import InvalidAddress


@pytest.mark.parametrize(
    ("address", "url"),
    [
        ("https://www.teslafi.com", "https://www.teslafi.com/"),
        (" https://www.electrafi.com/feed.php ", "https://www.electrafi.com/"),
        ("https://relay.example:8443/tesla", "https://relay.example:8443/tesla/"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080/"),
        ("http://[::1]:8080/", "http://[::1]:8080/"),
        ("http://192.168.1.2/relay", "http://192.168.1.2/relay/"),
        ("http://localhost:8080/", "http://localhost:8080/"),
        ("http://relay.local", "http://relay.local/"),
    ],
)
def test_addresses(address: str, url: str) -> None:
    assert str(service_url(address)) == url


@pytest.mark.parametrize(
    "address",
    [
        "",
        "www.teslafi.com",
        "http://www.teslafi.com/",
        "http://8.8.8.8/",
        "http://0.0.0.0/",
        "ftp://www.teslafi.com/",
        "https:///feed.php",
        "https://www.teslafi.com:99999/",
        "https://www.teslafi.com/feed.php?token=secret",
        "https://user:secret@www.teslafi.com/",
        "https://www.teslafi.com/#secret",
        "https://[::1",
    ],
)
def test_addresses_that_are_refused(address: str) -> None:
    with pytest.raises(InvalidAddress) as raised:
        service_url(address)
    assert "secret" not in str(raised.value)


@given(st.text(max_size=40) | st.text(max_size=20).map(lambda text: f"https://{text}"))
def test_no_text_does_harm(address: str) -> None:
    try:
        url = service_url(address)
    except InvalidAddress:
        return
    assert url.scheme == "https"
    assert url.host
    assert url.path.endswith("/")
    assert not url.query_string
