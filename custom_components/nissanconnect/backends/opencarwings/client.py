"""Requests as the account: signed, and sent once more only if the token was refused, because then nothing was done."""

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager, nullcontext

from ..base import Json
from .address import Address
from .answer import Unauthorized, body_of
from .auth import Authenticator
from .transport import Transport

type Leave = Callable[[], AbstractAsyncContextManager[None]]


class Client:
    """The server as one account sees it."""

    def __init__(self, transport: Transport, authenticator: Authenticator, address: Address) -> None:
        """Keep what the requests need."""
        self._transport = transport
        self._authenticator = authenticator
        self._address = address

    async def get(self, path: str, name: str) -> Json:
        """Read; ``name`` stands for the path in messages."""
        return await self.send("GET", path, name)

    async def send(
        self, method: str, path: str, name: str, body: Json = None, *, departure: Leave = nullcontext
    ) -> Json:
        """Send a request, within a ``departure``, and return the body of its answer, ``None`` if there is none.

        Raises:
            BackendError: It was not done, or nobody knows whether it was.
        """
        url = self._address.url(path)

        async def ask(header: str) -> Json:
            headers = {"Authorization": header}
            async with departure():
                return body_of(await self._transport.request(method, url, name, headers=headers, body=body), name)

        return await self.authorised(ask)

    async def authorised[T](self, ask: Callable[[str], Awaitable[T]]) -> T:
        """Do ``ask`` with a signature, and once more with a fresh one if that was refused."""
        header = await self._authenticator.header()
        try:
            return await ask(header)
        except Unauthorized:
            header = await self._authenticator.header(refused=header)
        return await ask(header)  # a fresh token that is refused is the server's fault, which Unauthorized is, too
