"""Every wake of a vehicle: when, who asked, why, and whether it answered. The 12 V battery pays for each."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime, timedelta, tzinfo
from enum import StrEnum
from itertools import takewhile

_KEPT = timedelta(days=30)
_MOST = 500
_CLOCK_ERROR = timedelta(days=1)
"""Anything later than this in the future was recorded by a clock that was wrong, and would count for years."""

type Json = str | int | float | bool | list[Json] | dict[str, Json] | None


class Asker(StrEnum):
    """Who asked for a wake."""

    OWNER = "owner"
    AUTOMATION = "automation"
    OPTION = "option"
    """Nobody at this moment: the owner chose regular wakes in the options."""


class WakeResult(StrEnum):
    """How a wake ended."""

    PENDING = "pending"
    ANSWERED = "answered"
    UNANSWERED = "unanswered"
    FAILED = "failed"
    """The service did not pass it on, so the vehicle has not been woken; it counts all the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wake:
    """One wake. ``why`` is the command's name or the purpose of a regular wake, ``name`` who asked, if that has one."""

    at: datetime
    asker: Asker
    why: str
    name: str | None = field(default=None, repr=False)
    result: WakeResult = WakeResult.PENDING


@dataclass(frozen=True, slots=True)
class WakeLedger:
    """The wakes of one vehicle in the order of their times."""

    wakes: tuple[Wake, ...] = ()

    def record(self, wake: Wake) -> WakeLedger:
        """Return the ledger with one more wake, without what is too old or too much."""
        since, until = wake.at - _KEPT, wake.at + _CLOCK_ERROR
        kept = (each for each in (*self.wakes, wake) if since <= each.at <= until)
        return WakeLedger(tuple(sorted(kept, key=lambda each: each.at))[-_MOST:])

    def resolve(self, at: datetime, result: WakeResult) -> WakeLedger:
        """Return the ledger in which the pending wakes of that time have ended."""
        return WakeLedger(
            tuple(
                replace(each, result=result) if each.at == at and each.result is WakeResult.PENDING else each
                for each in self.wakes
            )
        )

    def wakes_today(self, now: datetime, zone: tzinfo) -> int:
        """Return how many wakes the local day of ``now`` has seen, whoever asked."""
        today = now.astimezone(zone).date()
        return sum(each.at.astimezone(zone).date() == today for each in self.wakes)

    @property
    def last_at(self) -> datetime | None:
        """When the vehicle was last woken."""
        return self.wakes[-1].at if self.wakes else None

    @property
    def unanswered(self) -> tuple[Wake, ...]:
        """The newest wakes in a row that the vehicle left unanswered, newest first."""
        told = (each for each in reversed(self.wakes) if each.result in _TELLING)
        return tuple(takewhile(lambda each: each.result is WakeResult.UNANSWERED, told))

    def to_json(self) -> Json:
        """Return what :meth:`of` reads."""
        return [asdict(each) | {"at": each.at.isoformat()} for each in self.wakes]

    @classmethod
    def of(cls, raw: Json) -> WakeLedger:
        """Read what was kept; what cannot be understood is left out.

        A wake that was pending has nobody left who waits for it, so it counts as unanswered: the careful reading.
        """
        ledger = cls(tuple(sorted(_readable(raw if isinstance(raw, list) else []), key=lambda each: each.at))[-_MOST:])
        return cls(
            tuple(
                replace(each, result=WakeResult.UNANSWERED) if each.result is WakeResult.PENDING else each
                for each in ledger.wakes
            )
        )


_TELLING = (WakeResult.ANSWERED, WakeResult.UNANSWERED)


def _readable(raw: list[Json]) -> Iterator[Wake]:
    for each in raw:
        if not isinstance(each, dict):
            continue
        name = each.get("name")
        try:
            at = datetime.fromisoformat(str(each["at"]))
            yield Wake(
                at=at if at.tzinfo else at.replace(tzinfo=UTC),
                asker=Asker(str(each["asker"])),
                why=str(each["why"]),
                name=name if isinstance(name, str) else None,
                result=WakeResult(str(each["result"])),
            )
        except KeyError, ValueError:
            continue
