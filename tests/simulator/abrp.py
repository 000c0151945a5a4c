"""A stand-in for A Better Routeplanner's telemetry API on 127.0.0.1 (charging §7)."""

import asyncio
from collections import deque
import json
from typing import Any, NamedTuple, override

from aiohttp import web

from .loopback import Loopback
from .teslafi import Say

API_KEY = "6f0c-the-key-of-an-application"
TOKEN = "b7d2-a-token-of-the-leaf"

# What a wrong token is answered with: https://github.com/iternio/ovms-link/issues/29
UNAUTHORIZED = Say(status=401, text="401 Unauthorized Token")


class Received(NamedTuple):
    """A sample that was taken, and the token that it came with."""

    token: str
    telemetry: dict[str, Any]


class Abrp(Loopback):
    """The service, for one application and some tokens.

    Attributes:
        url: The base URL, with a slash at its end.
        tokens: Those that are valid.
        samples: What was taken.
        requests: How many there were, by method.
        leaked: Requests that had something in their address.
    """

    def __init__(self) -> None:
        self.api_key = API_KEY
        self.tokens = {TOKEN}
        self.samples: list[Received] = []
        self.requests: list[str] = []
        self.leaked = 0
        self.stopping = asyncio.Event()
        self._script: deque[Say] = deque()
        self._always: Say | None = None

    @override
    async def start(self) -> str:
        """Listen on any free port, or on the one of before; return the base URL."""
        app = web.Application()
        app.router.add_route("*", "/1/tlm/{method}", self._handle)
        self.url = f"{await self.listen(app, self.port)}/1/"
        return self.url

    def say(self, *answers: Say) -> None:
        """Answer the next requests like this."""
        self._script.extend(answers)

    def always(self, answer: Say | None) -> None:
        """Answer every request like this, until told otherwise."""
        self._always = answer

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        method = request.match_info["method"]
        self.requests.append(method)
        self.leaked += bool(request.query)
        answer = self._script.popleft() if self._script else self._always
        if answer is None:
            answer = self._answer(method, request.headers.get("Authorization"), await request.post())
        if answer.silence:
            await self.stopping.wait()
        if (answer.hang_up or answer.silence) and request.transport is not None:
            request.transport.abort()
        return web.Response(status=answer.status, text=answer.text, content_type="text/html", headers=answer.headers)

    def _answer(self, method: str, key: str | None, fields: Any) -> Say:
        token = fields.get("token")
        if key != f"APIKEY {self.api_key}" or token not in self.tokens:
            return UNAUTHORIZED
        match method:
            case "get_next_charge":
                return Say.json({"status": "ok", "result": {"next_charge": None}})
            case "send":
                return self._take(token, fields.get("tlm"))
        return Say(status=404, text="404 Not Found")

    def _take(self, token: str, tlm: str) -> Say:
        telemetry = json.loads(tlm)
        if not {"utc", "soc"} <= telemetry.keys():
            return Say.json({"status": "error", "errors": ["utc and soc are required"]})
        self.samples.append(Received(token, telemetry))
        return Say.json({"status": "ok", "result": None})
