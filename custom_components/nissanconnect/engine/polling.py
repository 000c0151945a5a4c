"""When to read a vehicle again.

Reading asks the cloud what the vehicle last reported; it never wakes the vehicle (kamereon-eu §16).
"""

from dataclasses import dataclass
from datetime import timedelta

from ..vehicle import VehicleState


@dataclass(frozen=True, slots=True)
class Pace:
    """The intervals between reads. The defaults follow the advice in kamereon-eu §16.3 and §15.3."""

    parked: timedelta = timedelta(minutes=10)
    active: timedelta = timedelta(minutes=5)
    watching: timedelta = timedelta(minutes=1)
    watching_rounds: int = 10
    first_retry: timedelta = timedelta(minutes=5)
    longest_retry: timedelta = timedelta(hours=1)

    def next_read(
        self, state: VehicleState, *, watching: int = 0, failures: int = 0, retry_after: float | None = None
    ) -> timedelta:
        """Return how long to wait.

        ``watching`` counts the rounds left after a command whose effect is still awaited, ``failures`` the reads in
        a row that brought nothing, ``retry_after`` is the backend's own demand in seconds, which is never undercut.
        """
        if failures:
            # The exponent is bounded: after a week of outage the power of two would no longer fit a timedelta.
            wait = min(self.first_retry * (1 << min(failures - 1, 10)), self.longest_retry)
        elif watching > 0:
            wait = self.watching
        elif (state.charging and state.charging.active) or (state.climate and state.climate.running):
            wait = self.active
        else:
            wait = self.parked
        return max(wait, timedelta(seconds=retry_after or 0))
