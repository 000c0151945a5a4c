"""Where requests may go."""

import pytest
from yarl import URL

from custom_components.nissanconnect.backends.kamereon import EUROPE, simulated
from custom_components.nissanconnect.backends.kamereon.client import Host, segment


def test_europe_is_https_everywhere() -> None:
    assert {url.scheme for url in EUROPE.hosts.values()} == {"https"}
    assert set(EUROPE.hosts) == set(Host)
    assert all(str(url).endswith("/") for url in EUROPE.hosts.values())


def test_urls_keep_the_prefix_of_their_host() -> None:
    assert str(EUROPE.url(Host.CARS, "v1/cars/X/cockpit")) == (
        "https://alliance-platform-caradapter-prod.apps.eu2.kamereon.io/car-adapter/v1/cars/X/cockpit"
    )


def test_a_blank_in_the_query_is_not_a_plus() -> None:
    assert str(EUROPE.url(Host.BFF, "v3/x", canGen="C1A_HS EVO")).endswith("/bff-web/v3/x?canGen=C1A_HS%20EVO")


def test_no_name_leaves_its_segment() -> None:
    url = EUROPE.url(Host.CARS, f"v1/cars/{segment('../../a?b#c/d')}/cockpit")
    assert url.raw_path == "/car-adapter/v1/cars/%2E%2E%2F%2E%2E%2Fa%3Fb%23c%2Fd/cockpit"
    assert not url.query
    assert EUROPE.url(Host.CARS, f"v1/{segment('..')}/cockpit").raw_path == "/car-adapter/v1/%2E%2E/cockpit"


@pytest.mark.parametrize(
    "base", ["http://127.0.0.1:8123", "http://127.0.0.1:8123/", "http://[::1]:8123", "http://127.9.9.9"]
)
def test_a_simulator_serves_all_hosts_below_its_address(base: str) -> None:
    environment = simulated(base)
    root = base.rstrip("/")
    assert {host: str(url) for host, url in environment.hosts.items()} == {
        Host.LOGIN: f"{root}/auth/",
        Host.BFF: f"{root}/bff-web/",
        Host.USERS: f"{root}/user-adapter/",
        Host.CARS: f"{root}/car-adapter/",
        Host.NOTIFICATIONS: f"{root}/notifications/",
        Host.ACTION_STATUS: f"{root}/action-status/",
    }
    assert environment.origin == root


def test_a_simulator_may_live_below_a_path() -> None:
    assert str(simulated("http://127.0.0.1:1/sim").hosts[Host.BFF]) == "http://127.0.0.1:1/sim/bff-web/"


@pytest.mark.parametrize(
    "base",
    [
        "",
        "127.0.0.1:80",
        "http://",
        "https://127.0.0.1",
        "ftp://127.0.0.1",
        "http://localhost:80",
        "http://192.168.1.2",
        "http://0.0.0.0",
        "http://example.invalid",
        "http://127.0.0.1.example.invalid",
        "http://127.0.0.1@example.invalid",
        "http://user@127.0.0.1",
        "http://user:word@127.0.0.1",
        "http://[::2]",
    ],
)
def test_no_simulator_is_anywhere_else(base: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        simulated(base)


@pytest.mark.parametrize(
    ("url", "ours"),
    [
        ("https://login.mynissan-account.com/x", True),
        ("https://login.mynissan-account.com:443/x", True),
        ("http://login.mynissan-account.com/x", False),
        ("https://login.mynissan-account.com:444/x", False),
        ("https://login.mynissan-account.com.example.invalid/x", False),
        ("https://login.mynissan-account.com@example.invalid/x", False),
        ("/x", False),
    ],
)
def test_only_one_host_sees_the_password(url: str, ours: bool) -> None:
    assert EUROPE.is_login(URL(url)) is ours


@pytest.mark.parametrize(
    ("url", "ours"),
    [
        ("com://wso2.service.nci?code=1", True),
        ("com://wso2.service.nci/?code=1", True),
        ("com://wso2.service.nci.example?code=1", False),
        ("https://wso2.service.nci?code=1", False),
    ],
)
def test_the_callback_is_recognised(url: str, ours: bool) -> None:
    assert EUROPE.is_callback(URL(url)) is ours
