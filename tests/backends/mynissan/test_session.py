"""The session between the library and the network."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
import json

from aiohttp import ClientSession, ClientTimeout, web
from aiohttp.test_utils import TestServer
from hypothesis import given
import pytest

from custom_components.nissanconnect.backends.base import Json
from custom_components.nissanconnect.backends.mynissan.session import Heard, Wire, mended
from custom_components.nissanconnect.vehicle import ProtocolError

from ..strategies import JSON

NOW = datetime(2026, 11, 20, 18, 30, tzinfo=UTC)


class Server:
    """Answers what a test says."""

    def __init__(self) -> None:
        self.url = ""
        self.asked: list[str] = []
        self.status = 200
        self.headers: dict[str, str] = {}
        self.body: bytes = b"{}"
        self.released = asyncio.Event()
        self.released.set()

    async def handle(self, request: web.Request) -> web.Response:
        self.asked.append(request.path)
        await self.released.wait()
        return web.Response(status=self.status, headers=self.headers, body=self.body)


@pytest.fixture
async def server(socket_enabled: None) -> AsyncIterator[Server]:
    server = Server()
    app = web.Application()
    app.router.add_post("/{path:.*}", server.handle)
    async with TestServer(app) as running:
        server.url = str(running.make_url("/data"))
        yield server
        server.released.set()


@pytest.fixture
async def session() -> AsyncIterator[ClientSession]:
    async with ClientSession() as session:
        yield session


async def ask(wire: Wire, url: str) -> tuple[Json, Heard]:
    with wire.listen() as heard:
        async with wire.post(url, json={}, timeout=ClientTimeout(total=1000)) as reply:
            return await reply.json(content_type=None), heard


async def test_an_answer_is_heard(server: Server, session: ClientSession) -> None:
    server.body = json.dumps({"data": {"vehicle": {"total": 5.0}}, "errors": [{"message": "x"}]}).encode()
    wire = Wire(session, timeout=5, now=lambda: NOW)
    body, heard = await ask(wire, server.url)

    assert heard.answer == body
    assert heard.vehicle == {"total": 5}
    assert heard.errors == ({"message": "x"},)
    assert heard.reached
    assert wire.requests == 1


async def test_each_question_hears_its_own_answer(server: Server, session: ClientSession) -> None:
    wire = Wire(session, timeout=5, now=lambda: NOW)
    server.body = b'{"data": {"vehicle": {"vin": "one"}}}'
    _, one = await ask(wire, server.url)
    server.body = b'{"data": {"vehicle": {"vin": "two"}}}'
    _, two = await ask(wire, server.url)
    assert (one.vehicle, two.vehicle) == ({"vin": "one"}, {"vin": "two"})


@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_a_redirect_is_not_followed(server: Server, session: ClientSession, status: int) -> None:
    """Followed, a 307 would carry the password to whatever host the answer names."""
    server.status, server.headers = status, {"Location": server.url.replace("/data", "/elsewhere")}
    wire = Wire(session, timeout=5, now=lambda: NOW)
    async with wire.post(server.url, data={"password": "secret"}) as reply:
        assert reply.status == status
    assert server.asked == ["/data"]


async def test_an_answer_without_end_is_given_up(server: Server, session: ClientSession) -> None:
    server.body = b"[" + b"0," * (3 * 1024 * 1024) + b"0]"
    with pytest.raises(ProtocolError):
        await ask(Wire(session, timeout=5, now=lambda: NOW), server.url)


async def test_a_service_that_hangs_is_given_up(server: Server, session: ClientSession) -> None:
    server.released.clear()
    wire = Wire(session, timeout=0.2, now=lambda: NOW)
    with wire.listen() as heard, pytest.raises(TimeoutError):
        async with wire.post(server.url, timeout=ClientTimeout(total=1000)):
            pass
    assert heard.reached, "it may have been heard, only nothing came back"


async def test_where_nobody_listens_nothing_has_arrived(session: ClientSession, socket_enabled: None) -> None:
    async with TestServer(web.Application()) as server:
        url = str(server.make_url("/"))
    wire = Wire(session, timeout=5, now=lambda: NOW)
    with wire.listen() as heard, pytest.raises(OSError, match="connect"):
        async with wire.post(url):
            pass
    assert not heard.reached


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("120", 120),
        ("Fri, 20 Nov 2026 18:35:00 GMT", 300),
        ("Fri, 20 Nov 2026 18:00:00 GMT", 0),
        ("999999999", 86400),
        ("soon", None),
    ],
)
async def test_how_long_to_wait(server: Server, session: ClientSession, header: str, seconds: float | None) -> None:
    server.headers = {"Retry-After": header}
    _, heard = await ask(Wire(session, timeout=5, now=lambda: NOW), server.url)
    assert heard.retry_after == seconds


async def test_no_update_and_no_answer_about_updates_are_told_apart(server: Server, session: ClientSession) -> None:
    server.body = b'{"data": {"vehicle": {"otaUpdate": null, "vin": "x"}}}'
    body, heard = await ask(Wire(session, timeout=5, now=lambda: NOW), server.url)
    assert body == {"data": {"vehicle": {"vin": "x"}}}, "the library stumbles over a null"
    assert "otaUpdate" in heard.vehicle


def test_whole_numbers_stay_whole() -> None:
    assert mended(73.0) == 73
    assert isinstance(mended(73.0), int)
    assert mended(55.4) == 55.4
    assert mended(True) is True
    assert mended({"batteryStatus": {"level": 72.6, "remainingMileage": {"value": 180.5}}}) == {
        "batteryStatus": {"level": 73, "remainingMileage": {"value": 180}}
    }
    assert mended({"climateStatus": {"temperature": {"value": 20.5}}}) == {
        "climateStatus": {"temperature": {"value": 20.5}}
    }


def test_what_is_no_number_is_nothing() -> None:
    assert mended([float("nan"), float("inf"), -float("inf")]) == [None, None, None]


@given(JSON)
def test_mending_is_done_once(body: Json) -> None:
    assert mended(mended(body)) == mended(body)
