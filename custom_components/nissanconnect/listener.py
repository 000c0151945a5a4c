"""Hearing what a source says by itself, for as long as its account is loaded."""

from asyncio import sleep
from collections.abc import Callable
import logging

from .backends.base import Pushing
from .exceptions import NEEDS_REAUTH
from .vehicle import BackendError, Push, Unavailable

_LOGGER = logging.getLogger(__name__)

_FIRST_PAUSE, _LONGEST_PAUSE = 5.0, 900.0
"""Seconds. Lines break for moments all the time, so the first attempt is made soon."""

_MOST_DOUBLINGS = 10
"""Beyond the longest pause; after ten days of failures the power of two would be no number any more."""


async def async_listen(source: Pushing, *, hear: Callable[[Push], None], lost: Callable[[BackendError], None]) -> None:
    """Listen until cancelled, anew after a pause whenever the line is lost, which ``lost`` is told.

    Ends by itself if the source does not let us in any more: only the owner can change that.
    """
    failures = 0

    def heard(push: Push) -> None:
        nonlocal failures
        failures = 0
        hear(push)

    while True:
        try:
            await source.listen(heard)
            raise Unavailable("the line was closed")
        except BackendError as err:
            _LOGGER.debug("The source cannot be heard: %s", err)
            lost(err)
            if isinstance(err, NEEDS_REAUTH):
                return
            pause = max(min(_FIRST_PAUSE * 2.0 ** min(failures, _MOST_DOUBLINGS), _LONGEST_PAUSE), err.retry_after or 0)
        failures += 1
        await sleep(pause)
