"""One renewal of a token for all who wait for it: parallel requests must not each log in."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Protocol

from ..vehicle import BackendError
from .http import Unauthorized


class TokenRenewal:
    """Hands out a token. Callers who wait while it is renewed share the outcome, good or bad."""

    def __init__(self, valid: Callable[[], str | None], renew: Callable[[], Awaitable[str]]) -> None:
        """``valid`` returns the current token if it seems good; ``renew`` returns a new one, which is then valid.

        Either may raise a :class:`~..vehicle.BackendError`; ``valid`` does so if renewal is pointless as well.
        """
        self._valid = valid
        self._renew = renew
        self._lock = asyncio.Lock()
        self._renewals = 0
        self._error: BackendError | None = None

    async def get(self, refused: str | None = None) -> str:
        """Return a valid token other than the one that was ``refused``; renew it if need be.

        Raises:
            BackendError: As ``valid`` and ``renew`` do; all who waited get a copy of the renewal's error.
        """
        renewals = self._renewals
        async with self._lock:
            if (valid := self._valid()) is not None and valid != refused:
                return valid
            if self._error is not None and self._renewals != renewals:
                raise self._error.copy()
            self._error = None
            try:
                return await self._renew()
            except BackendError as error:
                self._error = error
                raise
            finally:
                self._renewals += 1


class TokenGetter(Protocol):
    """Returns a valid token, other than the one that was ``refused``."""

    async def __call__(self, *, refused: str | None = None) -> str:
        """Return it, or raise a :class:`~..vehicle.BackendError`."""


async def with_token[T](get_token: TokenGetter, send: Callable[[str], Awaitable[T]]) -> T:
    """Send a request with a token, and once more with a fresh one if it was refused, because then nothing was done."""
    token = await get_token()
    try:
        return await send(token)
    except Unauthorized:
        token = await get_token(refused=token)
    return await send(token)
