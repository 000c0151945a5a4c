"""What the people around a vehicle do all week, as data."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from random import Random

from .drive import Route

WORKDAYS = frozenset({0, 1, 2, 3, 4})
WEEKEND = frozenset({5, 6})
EVERY_DAY = WORKDAYS | WEEKEND


@dataclass(frozen=True, slots=True, kw_only=True)
class Errand:
    """Something that is done at ``at`` local time, give or take ``spread``, on the given weekdays (0 is Monday)."""

    at: time
    days: frozenset[int] = EVERY_DAY
    spread: timedelta = timedelta(minutes=8)


@dataclass(frozen=True, slots=True, kw_only=True)
class Depart(Errand):
    """Drive along ``route``, if the vehicle stands at its start and can make it."""

    route: Route


@dataclass(frozen=True, slots=True, kw_only=True)
class PlugIn(Errand):
    """Plug the vehicle in if it stands at home and its battery is below ``below`` %, and set its ``limit``, if any."""

    below: float = 101.0
    limit: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Refuel(Errand):
    """Fill the tank if it is below ``below`` %."""

    below: float = 25.0


type Scenario = tuple[Errand, ...]


def distance_since(scenario: Scenario, since: date, until: date) -> float:
    """Return the km that the scenario drives from ``since`` up to, not including, ``until``.

    So a simulator that starts again has the odometer that it would have had if it had never stopped.
    """
    a_day = [sum(e.route.length for e in scenario if isinstance(e, Depart) and n in e.days) for n in range(7)]
    weeks, rest = divmod((until - since).days, 7)
    return weeks * sum(a_day) + sum(a_day[(since.weekday() + n) % 7] for n in range(rest))


class Agenda:
    """The errands of a scenario in the order of their times, day after day without end.

    The deviation from the plan depends on the day alone, so it does not matter when the agenda was opened.
    """

    def __init__(self, scenario: Scenario, start: datetime, zone: tzinfo, seed: str) -> None:
        """Open the agenda at ``start``."""
        self._scenario, self._zone, self._seed = scenario, zone, seed
        self._start = start
        self._planned_until = start.astimezone(zone).date()
        self._ahead: deque[tuple[datetime, Errand]] = deque()
        self._look_ahead()

    @property
    def next_at(self) -> datetime | None:
        """When something is to be done next."""
        return self._ahead[0][0] if self._ahead else None

    def due(self, at: datetime) -> Iterator[Errand]:
        """Yield and tick off what is to be done by ``at``."""
        while self._ahead and self._ahead[0][0] <= at:
            errand = self._ahead.popleft()[1]
            self._look_ahead()
            yield errand

    def _look_ahead(self) -> None:
        """Plan the days up to the next one with something to do, if nothing that was planned is left."""
        while self._scenario and not self._ahead:
            self._ahead.extend(entry for entry in self._plan(self._planned_until) if entry[0] > self._start)
            self._planned_until += timedelta(days=1)

    def _plan(self, day: date) -> list[tuple[datetime, Errand]]:
        rng = Random(f"{self._seed} {day}")
        planned = [
            (self._moment(day, errand, rng), errand) for errand in self._scenario if day.weekday() in errand.days
        ]
        return sorted(planned, key=lambda entry: entry[0])

    def _moment(self, day: date, errand: Errand, rng: Random) -> datetime:
        planned = datetime.combine(day, errand.at, self._zone).astimezone(UTC)
        return planned + errand.spread * rng.uniform(-1, 1)
