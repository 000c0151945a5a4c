"""Requests to the data plane: with a token, the headers of each host, and as many tries as each kind allows."""

from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, nullcontext, suppress
import json

from yarl import URL

from ...vehicle import ProtocolError
from ..base import Json
from .answer import NoAnswer, NotServed, Unauthorized, json_of
from .auth import Authenticator
from .environment import Environment, Host
from .transport import Transport

JSON = "application/json"
JSON_API = "application/vnd.api+json"

type Leave = Callable[[], AbstractAsyncContextManager[None]]

_POSTED_AS = {Host.BFF: JSON, Host.CARS: JSON_API, Host.NOTIFICATIONS: JSON}


class Client:
    """The data plane as one account sees it."""

    def __init__(
        self,
        transport: Transport,
        authenticator: Authenticator,
        environment: Environment,
        headers: Mapping[Host, Mapping[str, str]],
    ) -> None:
        """Keep what the requests need; ``headers`` go with every one to their host."""
        self._transport = transport
        self._authenticator = authenticator
        self._environment = environment
        self._headers = headers

    def with_headers(self, more: Mapping[str, str]) -> Client:
        """Return the same with ``more`` headers."""
        if not more:
            return self
        headers = {host: {**own, **more} for host, own in self._headers.items()}
        return Client(self._transport, self._authenticator, self._environment, headers)

    async def log_in(self) -> None:
        """Make sure that there is a token, so that what goes wrong afterwards is no fault of the log-in."""
        await self._authenticator.token()

    async def get(self, host: Host, path: str, name: str, **query: str) -> Json:
        """Read. When no answer comes at all, it is asked once more; that wakes no vehicle and costs little.

        ``name`` stands for the path in messages.
        """
        body = await self._read(host, path, name, **query)
        if body is None:
            raise ProtocolError(f"{name} answered nothing")
        return body

    async def exists(self, host: Host, path: str, name: str) -> bool:
        """Ask for something of which only the being there counts."""
        try:
            await self._read(host, path, name)
        except NotServed:
            return False
        return True

    async def _read(self, host: Host, path: str, name: str, **query: str) -> Json:
        url = self._environment.url(host, path, **query)

        async def read(token: str) -> Json:
            try:
                return await self._send("GET", url, name, self._headers[host], token=token)
            except NoAnswer:
                return await self._send("GET", url, name, self._headers[host], token=token)

        return await self._authorised(read)

    async def post(
        self, host: Host, path: str, name: str, body: Json, departure: Leave = nullcontext, **query: str
    ) -> Json:
        """Write, within a ``departure``. Only a refused token leads to a second try, because then nothing was done."""
        url = self._environment.url(host, path, **query)
        headers = {**self._headers[host], "Content-Type": _POSTED_AS[host]}
        data = json.dumps(body).encode()

        async def write(token: str) -> Json:
            async with departure():
                return await self._send("POST", url, name, headers, token=token, data=data)

        return await self._authorised(write)

    async def delete(self, host: Host, path: str, name: str) -> None:
        """Delete something; it does not matter if it is gone already."""
        url = self._environment.url(host, path)
        with suppress(NotServed):
            await self._authorised(lambda token: self._send("DELETE", url, name, self._headers[host], token=token))

    async def _authorised(self, send: Callable[[str], Awaitable[Json]]) -> Json:
        token = await self._authenticator.token()
        try:
            return await send(token)
        except Unauthorized:
            token = await self._authenticator.token(refused=token)
        return await send(token)

    async def _send(
        self, method: str, url: URL, name: str, headers: Mapping[str, str], *, token: str, data: bytes | None = None
    ) -> Json:
        answer = await self._transport.request(
            method,
            url,
            name,
            headers={**headers, "Authorization": f"Bearer {token}"},
            data=data,
            timeout=self._transport.timeouts.data,
        )
        return json_of(answer, name)
