"""Home Assistant as its user meets it: over REST and WebSocket, with a name and a password."""

from collections.abc import AsyncGenerator, Generator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from http import HTTPStatus
from time import time
from typing import Any

from aiohttp import ClientError, ClientSession, ClientTimeout, ClientWebSocketResponse, WSMsgType

from .console import DemoError
from .waiting import until

USER = PASSWORD = "demo"

TIMEOUT = ClientTimeout(total=180)
"""Seconds for an answer. That to a command comes when the vehicle has confirmed, after up to two minutes."""

type Answer = Any
"""What Home Assistant answers: JSON of its own making, or a text."""


class HomeAssistant:
    """A running Home Assistant."""

    def __init__(self, url: str, session: ClientSession) -> None:
        """Talk to the instance at ``url``; the session is its alone."""
        self.url = url
        self._session = session
        self.tokens: Mapping[str, Any] = {}
        """Of the log-in, as the frontend keeps them."""
        self._me = {"client_id": f"{url}/"}

    async def wait_until_it_answers(self, *, seconds: float) -> None:
        """Wait for the web server, which starts before most integrations."""

        async def answers() -> bool | None:
            try:
                async with self._session.get(f"{self.url}/manifest.json"):
                    return True
            except ClientError:
                return None

        await until(answers, "Home Assistant's web server", seconds=seconds)

    async def wait_until_it_runs(self, *, seconds: float) -> None:
        """Wait until everything is set up."""

        async def runs() -> bool | None:
            return (await self.get("/api/config"))["state"] == "RUNNING" or None

        await until(runs, "Home Assistant to start", seconds=seconds)

    async def onboard(self) -> None:
        """Make the user, if there is none: Home Assistant then offers its onboarding."""
        path = "/api/onboarding"
        with explained(path):
            async with self._session.get(f"{self.url}{path}") as response:
                if response.status == HTTPStatus.NOT_FOUND:
                    return
        user = {"name": "Demo", "username": USER, "password": PASSWORD, "language": "en"}
        await self.post(f"{path}/users", self._me | user)

    @asynccontextmanager
    async def logged_in(self) -> AsyncGenerator[None]:
        """Be logged in, by the steps of the log-in page."""
        start = {"handler": ["homeassistant", None], "redirect_uri": f"{self.url}/"}
        flow = await self.post("/auth/login_flow", self._me | start)
        entered = {"username": USER, "password": PASSWORD}
        done = await self.post(f"/auth/login_flow/{flow['flow_id']}", self._me | entered)
        code = {"grant_type": "authorization_code", "code": done["result"]}
        tokens = await self._ask("POST", "/auth/token", data=self._me | code)
        expires = (time() + tokens["expires_in"]) * 1000
        self.tokens = {**tokens, **self._me, "hassUrl": self.url, "clientId": self._me["client_id"], "expires": expires}
        self._session.headers["Authorization"] = f"Bearer {tokens['access_token']}"
        try:
            yield
        finally:
            del self._session.headers["Authorization"]
            with suppress(DemoError):
                await self._ask("POST", "/auth/revoke", data={"token": tokens["refresh_token"]})

    async def get(self, path: str) -> Answer:
        """Ask over REST."""
        return await self._ask("GET", path)

    async def post(self, path: str, body: dict[str, Any]) -> Answer:
        """Tell over REST."""
        return await self._ask("POST", path, json=body)

    async def delete(self, path: str) -> None:
        """Take back over REST."""
        await self._ask("DELETE", path)

    async def command(self, kind: str, **fields: Any) -> Answer:
        """Give a command over a WebSocket of its own, and return its result.

        Home Assistant hangs up if nobody listens for a minute, as while we wait for another process.
        """
        with explained("/api/websocket"):
            async with self._session.ws_connect(f"{self.url}/api/websocket", max_msg_size=0) as socket:
                await _received(socket)  # it asks who we are
                await socket.send_json({"type": "auth", "access_token": self.tokens["access_token"]})
                if (await _received(socket))["type"] != "auth_ok":
                    raise DemoError("Home Assistant does not accept its own token")
                await socket.send_json({"id": 1, "type": kind, **fields})
                answer = await _received(socket)
        if not answer["success"]:
            raise DemoError(f"Home Assistant refuses {kind}: {answer['error']['message']}")
        return answer["result"]

    async def _ask(self, method: str, path: str, **content: Any) -> Answer:
        with explained(path):
            async with self._session.request(method, f"{self.url}{path}", **content) as response:
                if not response.ok:
                    raise DemoError(f"Home Assistant answers {response.status} at {path}: {await response.text()}")
                return await (response.json() if response.content_type == "application/json" else response.text())


async def _received(socket: ClientWebSocketResponse) -> Answer:
    received = await socket.receive(timeout=30)
    if received.type is not WSMsgType.TEXT:
        raise DemoError("Home Assistant has hung up")
    return received.json()


@contextmanager
def explained(path: str) -> Generator[None]:
    """Have it said what was asked when nobody answers."""
    try:
        yield
    except (ClientError, TimeoutError) as err:
        raise DemoError(f"There is no answer at {path}: {type(err).__name__}") from err
