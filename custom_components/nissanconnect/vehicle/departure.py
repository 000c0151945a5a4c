"""How a backend asks whether a request of a command may still leave."""

from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from typing import Protocol


class Departure(Protocol):
    """Entered around each request that carries a command out, and around nothing else.

    Entering it is the last thing before the request leaves: whatever may take time is done before. From then on the
    command counts as sent, unless a :class:`~.errors.BackendError` leaves the context that says ``nothing_done``.
    """

    def __call__(
        self, *, wakes: bool = True, answer_within: timedelta = timedelta()
    ) -> AbstractAsyncContextManager[None]:
        """Return the context of one request.

        ``wakes``: the request can wake the vehicle. ``answer_within`` is given if it only prepares the command, and is
        how long the vehicle may take over its answer before the command itself leaves.

        Raises:
            TooLate: It may not leave any more, and never will.
        """
