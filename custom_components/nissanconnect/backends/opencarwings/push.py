"""The socket over which the server speaks by itself (opencarwings §5).

Nothing is ever written to it: the server's end dies of a text frame. Pings of the protocol keep it alive. The server
repeats nothing after a lost line, so every connection begins with asking for everything.
"""

import asyncio
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import datetime
from http import HTTPStatus

import aiohttp

from ...vehicle import BackendError, NoConnection, ProtocolError, Push, Unavailable, VehicleState
from ..base import Json
from ..http import without_redirects
from ..reader import load_json
from .address import Address
from .alerts import CarAlert, parse_alert
from .auth import Authenticator
from .cache import REFUSALS, Fleet, notifications_of
from .car import Car, parse_car, same_news
from .transport import Transport
from .values import Said

_LARGEST_FRAME = 1024 * 1024
_CAR_FRAMES = frozenset({"car", "ev_info", "location", "tcu_configuration", "send_to_car"})
"""Each of these brings the whole car object."""


class _Refused(Unavailable):
    """The handshake was refused, by the server or by something in front of it that knows no sockets."""


class Listener:
    """The socket of one account."""

    def __init__(
        self,
        transport: Transport,
        authenticator: Authenticator,
        fleet: Fleet,
        address: Address,
        *,
        now: Callable[[], datetime],
    ) -> None:
        """Keep what a connection needs."""
        self._transport = transport
        self._authenticator = authenticator
        self._fleet = fleet
        self._address = address
        self._now = now
        self._pushed: dict[str, VehicleState] = {}
        self.connected = False
        """Whether the server tells by itself what happens."""

    async def listen(self, hear: Callable[[Push], None]) -> None:
        """Hand over what there is, and then what comes, until cancelled or the line is lost."""
        async with without_redirects(self._transport.session) as session, await self._connect(session) as socket:
            self._pushed.clear()
            try:
                await self._catch_up(hear)
                self.connected = True
                while (frame := await socket.receive()).type not in _ENDS:
                    if frame.type is aiohttp.WSMsgType.TEXT:
                        self._take(_decode(frame.data), hear)
            finally:
                self.connected = False
        raise Unavailable("the line was lost")

    async def _connect(self, session: aiohttp.ClientSession) -> aiohttp.ClientWebSocketResponse:
        """Open the socket. A refusal says not why, so a request finds out whether it was the token, and renews it."""
        try:
            return await self._open(session)
        except _Refused:
            await self._fleet.list()
        return await self._open(session)

    async def _open(self, session: aiohttp.ClientSession) -> aiohttp.ClientWebSocketResponse:
        timeouts = self._transport.timeouts
        headers = {"Authorization": await self._authenticator.header()}
        try:
            async with asyncio.timeout(timeouts.answer):
                return await session.ws_connect(
                    self._address.socket, headers=headers, heartbeat=timeouts.heartbeat, max_msg_size=_LARGEST_FRAME
                )
        except aiohttp.WSServerHandshakeError as error:
            refused = error.status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}
            raise (_Refused if refused else Unavailable)(f"socket answered {error.status}") from None
        except aiohttp.ClientConnectorError:
            raise NoConnection("no connection to socket") from None
        except aiohttp.ClientError, OSError:
            raise Unavailable("no answer from socket") from None

    async def _catch_up(self, hear: Callable[[Push], None]) -> None:
        """Tell of every vehicle what has been missed. One part that fails is left to the next read."""
        for car in await self._fleet.list_detailed():
            alerts: tuple[CarAlert, ...] = ()
            try:
                alerts = await self._fleet.load_alerts(car.info.key)
            except REFUSALS:
                raise
            except BackendError:
                pass
            self._tell(car, alerts, hear)

    def _take(self, frame: Json, hear: Callable[[Push], None]) -> None:
        """Hear one frame; what cannot be read is left to the next read."""
        said = Said.of(frame)
        kind, data = said.line("type"), said.get("data")
        alert = parse_alert(data, self._now()) if kind == "alert" else None
        with suppress(ProtocolError):
            if alert is not None:
                car = self._fleet.hear(parse_car(Said.of(data).get("car"), self._now()))
                known = alert in self._fleet.alerts(car.info.key)
                self._fleet.hear_alerts(car.info.key, [alert])
                self._tell(car, () if known else (alert,), hear)
            elif kind in _CAR_FRAMES:
                self._tell(self._fleet.hear(parse_car(data, self._now())), (), hear)

    def _tell(self, car: Car, alerts: Iterable[CarAlert], hear: Callable[[Push], None]) -> None:
        """Hand over what is new: one event sends several frames, and most of them say the same (§5)."""
        state, told = self._fleet.state(car), notifications_of(alerts)
        before = self._pushed.get(car.info.key)
        if before is None or told or not same_news(before, state):
            self._pushed[car.info.key] = state
            hear(Push(info=car.info, state=state, notifications=told))


_ENDS = {aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSING, aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.ERROR}


def _decode(text: str) -> Json:
    try:
        return load_json(text)
    except ValueError, RecursionError:
        return None
