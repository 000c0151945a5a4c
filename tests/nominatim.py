"""OpenStreetMap's Nominatim, as far as it is asked where an address is."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from aiohttp import web
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.nissanconnect import geofences


class Nominatim:
    """A stand-in on loopback: notes what it is asked and answers as told."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []
        self.running = self.most = 0
        self.answer: Any = [{"lat": "48.137", "lon": "11.575", "display_name": "Marienplatz"}]
        self.status = 200
        self.headers: dict[str, str] = {}
        self.meanwhile: Callable[[], Awaitable[None]] | None = None
        """Happens while it looks."""

    async def search(self, request: web.Request) -> web.Response:
        self.asked.append((request.query["q"], request.headers["User-Agent"]))
        self.running += 1
        self.most = max(self.most, self.running)
        await asyncio.sleep(0)
        if self.meanwhile is not None:
            await self.meanwhile()
        self.running -= 1
        assert request.query["format"] == "jsonv2"
        return web.json_response(self.answer, status=self.status, headers=self.headers)


@pytest.fixture
async def nominatim(loaded: MockConfigEntry, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Nominatim]:
    """It, which nobody needs to wait for: the clock of the test stands still."""
    monkeypatch.setattr(geofences, "_GAP", 0.0)
    monkeypatch.setattr(geofences, "_turn", geofences._Turn())
    stand_in = Nominatim()
    app = web.Application()
    app.router.add_get("/search", stand_in.search)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.05)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    monkeypatch.setattr(geofences, "URL", f"http://127.0.0.1:{runner.addresses[0][1]}/search")
    yield stand_in
    await runner.cleanup()
