"""The session between the library and the network."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
import json

from aiohttp import ClientSession, web
from aiohttp.test_utils import TestServer
from hypothesis import given
import pytest

from custom_components.nissanconnect.backends.base import Json
from custom_components.nissanconnect.backends.http import HttpClient, NoResponse
from custom_components.nissanconnect.backends.mynissan.session import HardenedSession, ResponseInfo, repaired
from custom_components.nissanconnect.vehicle import ProtocolError

from ..strategies import JSON

NOW = datetime(2026, 11, 20, 18, 30, tzinfo=UTC)


class Server:
    """Answers what a test says."""

    def __init__(self) -> None:
        self.url = ""
        self.paths: list[str] = []
        self.status = 200
        self.headers: dict[str, str] = {}
        self.body: bytes = b"{}"
        self.released = asyncio.Event()
        self.released.set()

    async def handle(self, request: web.Request) -> web.Response:
        self.paths.append(request.path)
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


def hardened(session: ClientSession, timeout: float = 30) -> HardenedSession:
    return HardenedSession(HttpClient(session, now=lambda: NOW, timeout=timeout))


async def post(sending: HardenedSession, url: str) -> tuple[Json, ResponseInfo]:
    with sending.record("it") as info:
        async with sending.post(url, json={}, timeout=1000) as response:
            return await response.json(content_type=None), info


async def test_a_response_is_recorded(server: Server, session: ClientSession) -> None:
    server.body = json.dumps({"data": {"vehicle": {"total": 5.0}}, "errors": [{"message": "x"}]}).encode()
    sending = hardened(session)
    body, info = await post(sending, server.url)

    assert info.body == body
    assert info.vehicle == {"total": 5}
    assert info.errors == [{"message": "x"}]
    assert info.done


async def test_each_call_gets_its_own_response(server: Server, session: ClientSession) -> None:
    sending = hardened(session)
    server.body = b'{"data": {"vehicle": {"vin": "one"}}}'
    _, one = await post(sending, server.url)
    server.body = b'{"data": {"vehicle": {"vin": "two"}}}'
    _, two = await post(sending, server.url)
    assert (one.vehicle, two.vehicle) == ({"vin": "one"}, {"vin": "two"})


async def test_a_body_without_end_is_given_up(server: Server, session: ClientSession) -> None:
    server.body = b"[" + b"0," * (3 * 1024 * 1024) + b"0]"
    with pytest.raises(ProtocolError):
        await post(hardened(session), server.url)


async def test_a_service_that_hangs_is_given_up(server: Server, session: ClientSession) -> None:
    server.released.clear()
    sending = hardened(session, timeout=0.2)
    with sending.record("it") as info, pytest.raises(NoResponse):
        async with sending.post(server.url, json={}, timeout=1000):
            pass
    assert info.done, "it may have arrived, only nothing came back"


async def test_no_update_differs_from_no_value(server: Server, session: ClientSession) -> None:
    server.body = b'{"data": {"vehicle": {"otaUpdate": null, "vin": "x"}}}'
    body, info = await post(hardened(session), server.url)
    assert body == {"data": {"vehicle": {"vin": "x"}}}, "the library stumbles over a null"
    assert "otaUpdate" in info.vehicle


def test_whole_numbers_stay_whole() -> None:
    assert repaired(73.0) == 73
    assert isinstance(repaired(73.0), int)
    assert repaired(55.4) == 55.4
    assert repaired(True) is True
    assert repaired({"batteryStatus": {"level": 72.6, "remainingMileage": {"value": 180.5}}}) == {
        "batteryStatus": {"level": 73, "remainingMileage": {"value": 180}}
    }
    assert repaired({"climateStatus": {"temperature": {"value": 20.5}}}) == {
        "climateStatus": {"temperature": {"value": 20.5}}
    }


def test_what_is_no_number_is_nothing() -> None:
    assert repaired([float("nan"), float("inf"), -float("inf")]) == [None, None, None]


@given(JSON)
def test_mending_is_done_once(body: Json) -> None:
    assert repaired(repaired(body)) == repaired(body)
