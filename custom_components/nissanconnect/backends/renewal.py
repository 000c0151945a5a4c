"""One renewal for all who need it.

Parallel requests must not each renew what lets them in, and during an outage not take turns in trying to.
"""

import asyncio
from collections.abc import Awaitable, Callable

from ..vehicle import BackendError


class Renewal:
    """Hands out what requests are let in with. Those who wait while it is renewed share the outcome."""

    def __init__(self, valid: Callable[[], str | None], renew: Callable[[], Awaitable[str]]) -> None:
        """``valid`` returns what seems good now, if anything; ``renew`` returns something new, which is valid then.

        Either may raise a :class:`~..vehicle.BackendError`; ``valid`` does so if renewing it is not allowed, either.
        """
        self._valid = valid
        self._renew = renew
        self._lock = asyncio.Lock()
        self._renewals = 0
        self._failure: BackendError | None = None

    async def get(self, refused: str | None = None) -> str:
        """Return what is valid, other than what was ``refused``; renew it if need be.

        Raises:
            BackendError: As ``valid`` and ``renew`` do; what ``renew`` raises, all get who have waited for it.
        """
        begun = self._renewals
        async with self._lock:
            if (valid := self._valid()) is not None and valid != refused:
                return valid
            if self._failure is not None and self._renewals != begun:
                # Somebody tried while we waited for the lock. The error is raised anew: a traceback is one caller's.
                raise type(self._failure)(str(self._failure), retry_after=self._failure.retry_after)
            self._failure = None
            try:
                return await self._renew()
            except BackendError as error:
                self._failure = error
                raise
            finally:
                self._renewals += 1
