"""A service that answers what a test says, to show what the client does when things go wrong.

How the real service behaves is the business of ``tests/simulator``; this one knows only the way through its log-in.
"""

import asyncio
import base64
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
import hashlib
from typing import Self
from urllib.parse import urlencode

from aiohttp import web

from custom_components.nissanconnect.backends.base import Json
from custom_components.nissanconnect.vehicle import Capability, Powertrain, VehicleInfo

E_MAIL, PASSWORD = "owner@example.invalid", "correct horse"
VIN = "FAKE0VIN000000001"

LEAF = VehicleInfo(
    key=VIN,
    vin=VIN,
    model="Leaf",
    generation="C1A",
    gateway="AVN",
    powertrain=Powertrain.ELECTRIC,
    capabilities=frozenset(
        {
            Capability.BATTERY,
            Capability.CLIMATE,
            Capability.CLIMATE_STATUS,
            Capability.LOCATION,
            Capability.LOCK_STATUS,
            Capability.REFRESH,
        }
    ),
)
MICRA = replace(LEAF, model="MICRA", generation="C1A_HS EVO", gateway="RVG", powertrain=None)
ARIYA = replace(LEAF, model="ARIYA", generation="C1A_HS EVO")
QASHQAI = replace(
    LEAF,
    model="Qashqai",
    powertrain=Powertrain.COMBUSTION,
    capabilities=frozenset({Capability.FUEL, Capability.LOCATION, Capability.LOCK_STATUS}),
)

AUTHORIZE = "/auth/oauth2/authorize"
LOGIN_PAGE = "/auth/authenticationendpoint/login.do"
SUBMIT = "/auth/commonauth"
REDEEM = "/auth/oauth2/token"
EXCHANGE = "/bff-web/v1/oauth2/access_token"
REFRESH = "/bff-web/v1/oauth2/refresh-token"
USER = "/user-adapter/v1/users/current"
CARS = "/bff-web/v5/users/user-1/cars"

FORM_PAGE = """
<html><body>
<form action="/search"><input name="query"><input type="submit" name="go" value="Go"></form>
<form action="../commonauth" method="post">
  <input type="hidden" name="regionCode" value="NG"/><input type="hidden" name="username" value=""/>
  <input type="hidden" name="sessionDataKey" value="session-1"/>
  <input type="text" name="userName"/><input type="password" name="password"/>
  <button name="button" type="submit">Sign in</button>
</form></body></html>
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One request as it arrived."""

    method: str
    path: str
    query: Mapping[str, str]
    raw_query: str
    headers: Mapping[str, str]
    body: str
    form: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Say:
    """One answer. ``silence`` is none at all, ``hang_up`` drops the connection, ``break_off`` half-way through."""

    status: int = 200
    json: Json = None
    text: str = ""
    raw: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    silence: bool = False
    hang_up: bool = False
    break_off: bool = False

    @classmethod
    def data(cls, **attributes: Json) -> Self:
        """A body in the JSON:API form."""
        return cls(json={"data": {"type": "Car", "id": VIN, "attributes": attributes}})

    @classmethod
    def error(cls, status: int, code: str = "", title: str = "", *, http: int | None = None, detail: str = "") -> Self:
        """The service's envelope for errors, with the HTTP status ``http`` if that differs."""
        envelope: Json = {"errors": [{"status": str(status), "code": code, "title": title, "detail": detail}]}
        return cls(status=http or status, json=envelope)

    @classmethod
    def html(cls, status: int = 200, text: str = "<html><body>Hello</body></html>") -> Self:
        """A page for people."""
        return cls(status=status, text=text)

    @classmethod
    def redirect(cls, location: str) -> Self:
        """A redirect."""
        return cls(status=302, headers={"Location": location})


NOTHING = Say(silence=True)
DROPPED = Say(hang_up=True)
BROKEN_OFF = Say(text='{"data": ', break_off=True)
NOT_FOUND = Say.error(404, "404")
NOT_SERVED = Say.error(501, "501", "Not supported Feature")
UNAUTHORIZED = Say(status=401, json={"errors": {"status": "Unauthorized", "code": "401000"}})

type Answer = Say | Callable[[Asked], Say]


class Fake:
    """The service. Answers to a path are given in turn, the last one for ever; unknown paths are 404."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.busiest = 0
        self.released = asyncio.Event()
        self._arrived = asyncio.Event()
        self._busy = 0
        self._answers: dict[tuple[str, str], list[Answer]] = {}
        self._state = ""
        self._challenge = ""
        self.log_in_works()

    def on(self, method: str, path: str, *answers: Answer) -> None:
        self._answers[method, path] = list(answers)

    def on_car(self, path: str, *answers: Answer, host: str = "car-adapter") -> None:
        version, endpoint = path.split("/", 1)
        self.on("GET", f"/{host}/{version}/cars/{VIN}/{endpoint}", *answers)

    async def until_asked(self, count: int) -> None:
        """Wait for the ``count``-th request."""
        async with asyncio.timeout(10):
            while len(self.asked) < count:
                self._arrived.clear()
                await self._arrived.wait()

    def count(self, path: str) -> int:
        """How often was this path asked for; a car's endpoint can be given as ``v1/cockpit``."""
        version, _, endpoint = path.partition("/")
        car = f"{version}/cars/{VIN}/{endpoint}"
        return sum(asked.path == path or (bool(version) and asked.path.endswith(car)) for asked in self.asked)

    def last(self, path: str) -> Asked:
        return next(asked for asked in reversed(self.asked) if asked.path == path)

    @property
    def paths(self) -> Counter[str]:
        return Counter(asked.path for asked in self.asked)

    def log_in_works(self) -> None:
        """Answer the whole log-in as the real service does."""
        self.on("GET", AUTHORIZE, self._authorize)
        self.on("GET", LOGIN_PAGE, Say.html(text=FORM_PAGE))
        self.on("POST", SUBMIT, self._submit)
        self.on("POST", REDEEM, self._redeem)
        self.on("POST", EXCHANGE, tokens("first"))
        self.on("POST", REFRESH, tokens("refreshed"))
        self.on("GET", USER, Say(json={"userId": "user-1"}))

    def callback(self, **query: str) -> Say:
        return Say.redirect(f"com://wso2.service.nci?{urlencode({'state': self._state, **query})}")

    def _authorize(self, asked: Asked) -> Say:
        self._state, self._challenge = asked.query["state"], asked.query["code_challenge"]
        headers = {"Location": f"{LOGIN_PAGE}?sessionDataKey=session-1", "Set-Cookie": "session=open; Path=/auth"}
        return Say(status=302, headers=headers)

    def _submit(self, asked: Asked) -> Say:
        if asked.form["password"] != PASSWORD or "session=open" not in asked.headers.get("Cookie", ""):
            return Say.redirect(f"{LOGIN_PAGE}?authFailure=true&sessionDataKey=session-1")
        return self.callback(code="code-1")

    def _redeem(self, asked: Asked) -> Say:
        digest = hashlib.sha256(asked.form["code_verifier"].encode()).digest()
        if base64.urlsafe_b64encode(digest).decode().rstrip("=") != self._challenge:
            return Say(status=400, json={"error": "invalid_grant"})
        return Say(json={"access_token": "a", "refresh_token": "r", "id_token": "id-1", "expires_in": 3600})

    async def handle(self, request: web.Request) -> web.StreamResponse:
        body = await request.text()
        is_form = request.content_type == "application/x-www-form-urlencoded"
        asked = Asked(
            method=request.method,
            path=request.path,
            query=dict(request.query),
            raw_query=request.raw_path.partition("?")[2],
            headers=dict(request.headers),
            body=body,
            form={name: str(value) for name, value in (await request.post()).items()} if is_form else {},
        )
        self.asked.append(asked)
        self._arrived.set()
        answers = self._answers.get((asked.method, asked.path), [NOT_FOUND])
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        say = answer if isinstance(answer, Say) else answer(asked)
        self._busy += 1
        self.busiest = max(self.busiest, self._busy)
        try:
            await asyncio.sleep(0)
            return await self._say(say, request)
        finally:
            self._busy -= 1

    async def _say(self, say: Say, request: web.Request) -> web.StreamResponse:
        if say.silence:
            await self.released.wait()
        if say.hang_up and request.transport is not None:
            request.transport.abort()
        if say.break_off:
            return await _break_off(say, request)
        if say.json is not None:
            return web.json_response(say.json, status=say.status, headers=say.headers)
        if say.raw:
            return web.Response(status=say.status, body=say.raw, headers=say.headers)
        kind = "text/html" if say.text.startswith("<") else "text/plain"
        return web.Response(status=say.status, text=say.text, content_type=kind, headers=say.headers)


async def _break_off(say: Say, request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Length": str(2 * len(say.text))})
    await response.prepare(request)
    await response.write(say.text.encode())
    if request.transport is not None:
        request.transport.abort()
    return response


def tokens(name: str, **others: Json) -> Say:
    """A reply with tokens; a value of ``None`` leaves its key out."""
    body: dict[str, Json] = {
        "access_token": f"access-{name}",
        "refresh_token": f"refresh-{name}",
        "token_type": "Bearer",
        "expires_in": 1800,
        **others,
    }
    return Say(json={key: value for key, value in body.items() if value is not None})
