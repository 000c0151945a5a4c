"""Requests: where they may go, bounds, and failures without a response (kamereon-eu §3.5)."""

import asyncio

from aiohttp import ClientSession
import pytest
from yarl import URL

from custom_components.nissanconnect.backends.http import HttpClient, NoResponse, Response, segment
from custom_components.nissanconnect.backends.kamereon import EUROPE
from custom_components.nissanconnect.backends.kamereon.client import Environment, Host
from custom_components.nissanconnect.backends.kamereon.oneid import is_callback
from custom_components.nissanconnect.vehicle import NoConnection, ProtocolError, Unavailable

from ..doubles import Clock
from .fake import DROPPED, NOTHING, Fake, Say


async def get(http: HttpClient, environment: Environment, path: str) -> Response:
    return await http.request("GET", environment.url(Host.CARS, path), "thing", headers={}, timeout=5)


async def test_an_answer_is_told_as_it_came(http: HttpClient, environment: Environment, fake: Fake) -> None:
    fake.on("GET", "/car-adapter/x", Say(status=418, text="ä", headers={"Retry-After": "7"}))
    assert await get(http, environment, "x") == Response.of(418, "ä", retry_after=7)


async def test_a_session_that_raises_for_status_does_not_here(
    environment: Environment, fake: Fake, clock: Clock
) -> None:
    fake.on("GET", "/car-adapter/x", Say(status=500))
    async with ClientSession(raise_for_status=True) as session:
        http = HttpClient(session, now=clock)
        assert (await get(http, environment, "x")).status == 500


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("0", 0),
        ("120", 120),
        ("Fri, 20 Nov 2026 18:40:00 GMT", 600),
        ("Fri, 20 Nov 2026 18:40:00 -0000", 600),
        ("Fri, 20 Nov 2026 18:00:00 GMT", 0),
        ("999999999999", 86_400),
        ("Fri, 20 Nov 2099 18:00:00 GMT", 86_400),
        ("soon", None),
        ("-5", None),
        ("", None),
    ],
)
async def test_retry_after(
    http: HttpClient, environment: Environment, fake: Fake, header: str, seconds: float | None
) -> None:
    fake.on("GET", "/car-adapter/x", Say(status=429, headers={"Retry-After": header}))
    assert (await get(http, environment, "x")).retry_after == seconds


async def test_silence_ends(session: ClientSession, environment: Environment, fake: Fake, clock: Clock) -> None:
    fake.on("GET", "/car-adapter/secret", NOTHING)
    url = environment.url(Host.CARS, "secret")
    with pytest.raises(NoResponse, match=r"^no response from thing$") as raised:
        await HttpClient(session, now=clock).request("GET", url, "thing", headers={}, timeout=0.05)
    assert raised.value.__cause__ is None
    assert raised.value.__suppress_context__


async def test_a_dropped_connection_is_an_outage(http: HttpClient, environment: Environment, fake: Fake) -> None:
    fake.on("GET", "/car-adapter/x", DROPPED)
    with pytest.raises(Unavailable, match=r"^no connection to thing$"):
        await get(http, environment, "x")


async def test_a_body_that_breaks_off_is_no_answer(http: HttpClient, environment: Environment, fake: Fake) -> None:
    fake.on("GET", "/car-adapter/x", Say(text="much more", break_off=True))
    with pytest.raises(NoResponse):
        await get(http, environment, "x")


async def test_nobody_there_is_told_from_an_outage(
    session: ClientSession, environment: Environment, clock: Clock
) -> None:
    url = environment.url(Host.CARS, "x").with_port(1)
    with pytest.raises(NoConnection):
        await HttpClient(session, now=clock).request("GET", url, "thing", headers={}, timeout=5)


async def test_bodies_have_an_end(http: HttpClient, environment: Environment, fake: Fake) -> None:
    fake.on("GET", "/car-adapter/x", Say(text="x" * (4 * 1024 * 1024)), Say(text="x" * (4 * 1024 * 1024 + 1)))
    assert len((await get(http, environment, "x")).text) == 4 * 1024 * 1024
    with pytest.raises(ProtocolError):
        await get(http, environment, "x")


async def test_bytes_that_are_no_text_do_not_raise(http: HttpClient, environment: Environment, fake: Fake) -> None:
    fake.on("GET", "/car-adapter/x", Say(raw="ü".encode("latin-1")))
    assert (await get(http, environment, "x")).text == "�"


async def test_nobody_waits_for_the_requests_of_others(http: HttpClient, environment: Environment, fake: Fake) -> None:
    fake.on("GET", "/car-adapter/x", NOTHING)
    requests = [asyncio.create_task(get(http, environment, "x")) for _ in range(10)]
    await fake.until_asked(10)
    fake.released.set()
    await asyncio.gather(*requests)


def test_europe_is_https_everywhere() -> None:
    assert {url.scheme for url in EUROPE.environment.hosts.values()} == {"https"}
    assert set(EUROPE.environment.hosts) == set(Host)
    assert all(str(url).endswith("/") for url in EUROPE.environment.hosts.values())


def test_urls_keep_the_prefix_of_their_host() -> None:
    assert str(EUROPE.environment.url(Host.CARS, "v1/cars/X/cockpit")) == (
        "https://alliance-platform-caradapter-prod.apps.eu2.kamereon.io/car-adapter/v1/cars/X/cockpit"
    )


def test_a_blank_in_the_query_is_not_a_plus() -> None:
    assert str(EUROPE.environment.url(Host.BFF, "v3/x", canGen="C1A_HS EVO")).endswith(
        "/bff-web/v3/x?canGen=C1A_HS%20EVO"
    )


def test_no_name_leaves_its_segment() -> None:
    url = EUROPE.environment.url(Host.CARS, f"v1/cars/{segment('../../a?b#c/d')}/cockpit")
    assert url.raw_path == "/car-adapter/v1/cars/%2E%2E%2F%2E%2E%2Fa%3Fb%23c%2Fd/cockpit"
    assert not url.query
    assert EUROPE.environment.url(Host.CARS, f"v1/{segment('..')}/cockpit").raw_path == "/car-adapter/v1/%2E%2E/cockpit"


@pytest.mark.parametrize(
    "base", ["http://127.0.0.1:8123", "http://127.0.0.1:8123/", "http://[::1]:8123", "http://127.9.9.9"]
)
def test_a_simulator_serves_all_hosts_below_its_address(base: str) -> None:
    environment = EUROPE.environment.simulated(base)
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
    assert (
        str(EUROPE.environment.simulated("http://127.0.0.1:1/sim").hosts[Host.BFF]) == "http://127.0.0.1:1/sim/bff-web/"
    )


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
        EUROPE.environment.simulated(base)


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
    assert EUROPE.environment.is_login(URL(url)) is ours


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
    assert is_callback(URL(url)) is ours
