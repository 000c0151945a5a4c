"""What the owner wants of a charge plan: up to which level, by when, and within which limits."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta, tzinfo
from types import MappingProxyType

_DAYS_AHEAD = 8

GRACE = timedelta(hours=12)
"""For how long after its time a charge that is not done still counts as late, instead of as one for the next time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargeWishes:
    """What is wanted: levels in %, AC power in kW, usable capacity in kWh, the price in the currency per kWh.

    ``ready_by`` is the local time by which it has to be done on every day, except on the weekdays (0 for Monday) of
    ``ready_by_days``, which have their own or, with ``None``, no time. The default ``power`` is that of 16 A on one
    phase. ``capacity`` is ``None`` if the vehicle's own is to be taken. See :class:`~.charge_plan.ChargeTask` for
    the limits.
    """

    target: float = 80.0
    minimum: float = 20.0
    ready_by: time | None = None
    ready_by_days: Mapping[int, time | None] = field(default_factory=lambda: MappingProxyType({}))
    power: float = 3.7
    capacity: float | None = None
    highest_price: float | None = None
    starts: int | None = None
    shortest: timedelta = timedelta()

    def next_ready_by(self, now: datetime, zone: tzinfo, departures: Iterable[datetime] = ()) -> datetime | None:
        """Return when it has to be done next, in UTC; ``None`` if there is no such time.

        ``departures`` are those of a calendar. The first of them counts, unless a time of the week comes earlier.
        """
        times = [at.astimezone(UTC) for at in (*departures, *self._times_of_week(now, zone))]
        return min((at for at in times if at > now), default=None)

    def _times_of_week(self, now: datetime, zone: tzinfo) -> Iterable[datetime]:
        today = now.astimezone(zone).date()
        for number in range(_DAYS_AHEAD):
            day = today + timedelta(days=number)
            at = self.ready_by_days.get(day.weekday(), self.ready_by)
            if at is not None:
                # A time that the clocks skip is taken as it would have been without the change; of two the first.
                yield datetime.combine(day, at.replace(tzinfo=None), zone)


def ready_by(now: datetime, before: datetime | None, following: datetime | None, *, done: bool) -> datetime | None:
    """Return by when a charge has to be done that had to be done ``before``; ``following`` is the next time.

    A charge that is late stays late for a while: it must not wait for the cheap hours of another night.
    """
    if before is not None and not done and before <= now < before + GRACE:
        return before
    return following
