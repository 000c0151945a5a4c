"""What tests hand to backends in place of the runner: contexts in which everything may leave."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta

from custom_components.nissanconnect.vehicle import BackendError, Departure


def departing(woken: Callable[[], object], withdrawn: Callable[[], object] = lambda: None) -> Departure:
    """Return a departure that calls ``woken`` before each wake, and ``withdrawn`` if it was certainly none."""

    @asynccontextmanager
    async def departure(*, wakes: bool = True, answer_within: timedelta = timedelta()) -> AsyncIterator[None]:
        if wakes:
            woken()
        try:
            yield
        except BackendError as error:
            if wakes and error.nothing_done:
                withdrawn()
            raise

    return departure


nobody = departing(lambda: None)
