"""The WebSocket over which the server pushes (opencarwings §5).

Nothing is ever written to it: the server's end fails on a text frame. Pings of the protocol keep it open. The server
repeats nothing after a lost connection, so every connection begins with a request for everything.
"""

import asyncio
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from http import HTTPStatus

import aiohttp
from yarl import URL

from ...vehicle import NEVER, BackendError, NoConnection, ProtocolError, Push, Unavailable, VehicleState
from ..base import Json
from ..http import without_redirects
from ..reader import JsonReader, load_json
from .cache import ACCOUNT_ERRORS, VehicleCache
from .client import Client
from .mapping import CarAlert, CarRecord, notifications, parse_alert, parse_car

_LARGEST_FRAME = 1024 * 1024

type OnPush = Callable[[Push], None]

_CAR_FRAMES = frozenset({"car", "ev_info", "location", "tcu_configuration", "send_to_car"})
"""Each of these holds the whole car object."""

_ENDS = {aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSING, aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.ERROR}


class _Refused(Unavailable):
    """The WebSocket was refused, by the server or by something in front of it that knows no WebSockets."""


class PushListener:
    """The WebSocket of one account."""

    def __init__(self, client: Client, cache: VehicleCache, *, now: Callable[[], datetime], heartbeat: float) -> None:
        """``heartbeat`` is how often to ping, in seconds."""
        self._client = client
        self._cache = cache
        self._now = now
        self._heartbeat = heartbeat
        self._pushed: dict[str, VehicleState] = {}
        self.connected = False
        """Whether the server pushes what happens."""

    async def listen(self, on_push: OnPush) -> None:
        """Push the state of every vehicle, and then each change, until cancelled or the connection is lost."""
        async with without_redirects(self._client.session) as session, await self._connect(session) as socket:
            self._pushed.clear()
            try:
                await self._catch_up(on_push)
                self.connected = True
                while (frame := await socket.receive()).type not in _ENDS:
                    if frame.type is aiohttp.WSMsgType.TEXT:
                        self.handle_frame(frame.data, on_push)
            finally:
                self.connected = False
        raise Unavailable("the connection was lost")

    async def _connect(self, session: aiohttp.ClientSession) -> aiohttp.ClientWebSocketResponse:
        """Open the WebSocket. A refusal gives no reason, so a request shows whether it is the token, and renews it."""
        try:
            return await self._open(session)
        except _Refused:
            await self._cache.fetch_list()
        return await self._open(session)

    async def _open(self, session: aiohttp.ClientSession) -> aiohttp.ClientWebSocketResponse:
        url, headers = socket_url(self._client.base), {"Authorization": await self._client.header()}
        try:
            async with asyncio.timeout(self._client.timeout):
                return await session.ws_connect(
                    url, headers=headers, heartbeat=self._heartbeat, max_msg_size=_LARGEST_FRAME
                )
        except aiohttp.WSServerHandshakeError as error:
            refused = error.status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}
            raise (_Refused if refused else Unavailable)(f"the WebSocket returned {error.status}") from None
        except aiohttp.ClientConnectorError:
            raise NoConnection("no connection to the WebSocket") from None
        except aiohttp.ClientError, OSError:
            raise Unavailable("no response from the WebSocket") from None

    async def _catch_up(self, on_push: OnPush) -> None:
        """Push the state and the alerts of every vehicle. A part that fails is left to the next read."""
        for car in await self._cache.fetch_all():
            alerts: tuple[CarAlert, ...] = ()
            try:
                alerts = await self._cache.fetch_alerts(car.info.key)
            except ACCOUNT_ERRORS:
                raise
            except BackendError:
                pass
            self._push(car, alerts, on_push)

    def handle_frame(self, text: str, on_push: OnPush) -> None:
        """Handle one frame; what cannot be read is left to the next read."""
        frame = JsonReader.of(_decode(text))
        kind, data = frame.line("type"), frame.get("data")
        alert = parse_alert(data, self._now()) if kind == "alert" else None
        with suppress(ProtocolError):
            if alert is not None:
                car = self._cache.update(parse_car(frame.child("data").get("car"), self._now()))
                known = alert in self._cache.alerts(car.info.key)
                self._cache.add_alerts(car.info.key, [alert])
                self._push(car, () if known else (alert,), on_push)
            elif kind in _CAR_FRAMES:
                self._push(self._cache.update(parse_car(data, self._now())), (), on_push)

    def _push(self, car: CarRecord, alerts: Iterable[CarAlert], on_push: OnPush) -> None:
        """Push what is new: one event causes several frames, and most of them repeat the same values (§5)."""
        state, new = self._cache.state(car), notifications(alerts)
        values = _without_receipt(state)
        if new or self._pushed.get(car.info.key) != values:
            self._pushed[car.info.key] = values
            on_push(Push(info=car.info, state=state, notifications=new))


def socket_url(base: URL) -> URL:
    """Return the URL of the WebSocket of an installation."""
    return base.join(URL("ws/notif/")).with_scheme("wss" if base.scheme == "https" else "ws")


def _without_receipt(state: VehicleState) -> VehicleState:
    """Return a state that does not depend on when it was received."""
    return VehicleState.of(*(replace(group, received_at=NEVER) for group in state.groups().values()))


def _decode(text: str) -> Json:
    try:
        return load_json(text)
    except ValueError, RecursionError:
        return None
