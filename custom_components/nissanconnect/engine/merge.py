"""Merges the reports of one source over time, and then the states of all sources into one.

Between sources, each group comes from the one with the newest report of the vehicle; the owner's order decides between
equals. Values that this source lacks are taken from the others if those are of the same moment, or of the kind that
stays true for weeks.

Within one source, the newest report of each group counts; a group that a report leaves out keeps its last value. So a
failed read loses nothing, and the order in which reports arrive does not matter. One of two servers behind an address
may lag: a report that is older than the known one is not believed at once, or a plug would go in and out with every
read.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from ..vehicle import NEVER, STAMP, Group, Odometer, Reported, Tyre, VehicleState, Weakness

ODOMETER_DOUBT = timedelta(days=1)
"""How long a falling odometer is disbelieved: clouds have returned older distances for hours (kamereon-eu §8.8)."""

REPORT_DOUBT = timedelta(hours=1)
"""How long an older report is disbelieved. After that the vehicle's clock must have been corrected."""

SAME_MOMENT = timedelta(minutes=15)
"""Reports that are no further apart describe the same situation: sources are read some minutes after one another."""


def accumulate(one: VehicleState, other: VehicleState) -> VehicleState:
    """Merge two reports of one source. Commutative and idempotent; privacy mode hides the position."""
    groups = {
        group.value: _newer(getattr(one, group), getattr(other, group))
        for group in Group
        if group is not Group.ODOMETER
    }
    merged = VehicleState(odometer=_newer_odometer(one.odometer, other.odometer), **groups)
    if merged.is_private:
        return replace(merged, position=None)
    return merged


def _newer[G: Reported](one: G | None, other: G | None) -> G | None:
    if one is None or other is None:
        return one or other
    older, newer = sorted((one, other), key=_rank)
    overtaken = older.reported_at and newer.reported_at and newer.reported_at < older.reported_at
    return older if overtaken and newer.received_at - older.received_at < REPORT_DOUBT else newer


def _rank(group: Reported) -> tuple[object, ...]:
    """Order by the time of the response. The rest only makes the choice between equals independent of their order."""
    reported = group.reported_at.timestamp() if group.reported_at else 0.0
    return (group.received_at, reported, repr(group))


def _newer_odometer(one: Odometer | None, other: Odometer | None) -> Odometer | None:
    newer = _newer(one, other)
    older = one if newer is other else other
    if newer is None or older is None or newer.distance is None or older.distance is None:
        return newer
    fell = newer.distance < older.distance
    return older if fell and newer.received_at - older.received_at < ODOMETER_DOUBT else newer


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceState:
    """The state of a vehicle by one source.

    ``changed_at`` is when groups without a report time were first received as they are now. A group that has not
    changed since the first report may be of any age and is missing.
    """

    state: VehicleState = VehicleState()
    changed_at: Mapping[str, datetime] = field(default_factory=dict)

    def after(self, report: VehicleState) -> SourceState:
        """Return the state after one more report.

        A group that is repeated without its report time keeps the one it had, for example before a restart of ours.
        Measured values stay until they are measured again.
        """
        before, changed_at = self.state.groups(), dict[str, datetime]()
        reported = (_with_measured(group, before.get(name)) for name, group in report.groups().items())
        groups = dict(accumulate(self.state, VehicleState.of(*reported)).groups())
        for group, value in groups.items():
            old = before.get(group)
            if value.reported_at is not None or old is None:
                continue
            if replace(old, received_at=value.received_at, reported_at=None) != value:
                changed_at[group] = value.received_at
            elif old.reported_at is not None:
                groups[group] = replace(value, reported_at=old.reported_at)
            elif group in self.changed_at:
                changed_at[group] = self.changed_at[group]
        return SourceState(state=VehicleState.of(*groups.values()), changed_at=changed_at)

    def without(self, group: Group) -> SourceState:
        """Return the state without ``group``."""
        changed_at = {name: at for name, at in self.changed_at.items() if name != group}
        return SourceState(state=replace(self.state, **{group.value: None}), changed_at=changed_at)

    def dated(self, group: Group) -> datetime:
        """Return when the vehicle reported ``group``, as far as known; never later than it was received."""
        value: Reported = getattr(self.state, group)
        return min(value.reported_at or self.changed_at.get(group, NEVER), value.received_at)


def _with_measured(group: Reported, before: Reported | None) -> Reported:
    """Fill in measured values that the new report lacks."""
    if before is None:
        return group
    return replace(
        group, **{name: _measured(getattr(group, name), getattr(before, name)) for name in type(group).measured}
    )


def _measured(value: Any, before: Any) -> Any:
    if isinstance(value, Tyre) and value.pressure is None:
        return replace(value, pressure=before.pressure)
    return before if value is None else value


class _Candidate(NamedTuple):
    """One source's value of one group: when the vehicle reported it at the earliest, and which fields may be older.

    ``doubt`` is by how much its time may be wrong.
    """

    value: Reported
    dated: datetime
    doubt: timedelta
    cached: frozenset[str]

    def known(self) -> dict[str, Any]:
        """Return the known fields."""
        return {
            each.name: value
            for each in fields(self.value)
            if each.name not in STAMP and (value := getattr(self.value, each.name)) is not None
        }

    def agrees_with(self, other: _Candidate) -> bool:
        """Whether both describe the same situation: about the same time, and without contradiction.

        Numbers may differ; whether something is plugged in, on or open may not.
        """
        if abs(self.dated - other.dated) > SAME_MOMENT:
            return False
        theirs = other.known()
        return all(
            value == theirs[name]
            for name, value in self.known().items()
            if name in theirs and isinstance(value, bool | str)
        )


def merge(sources: Sequence[tuple[SourceState, Sequence[Weakness]]]) -> VehicleState:
    """Merge the sources' states, in the owner's order, each with its weaknesses.

    Privacy mode hides every position, whichever source reports it.
    """
    if len(sources) == 1:
        return sources[0][0].state
    merged = VehicleState.of(*(_merged(found) for group in Group if (found := list(_candidates(group, sources)))))
    if any(source.state.is_private for source, _ in sources):
        return replace(merged, position=None)
    return merged


def _candidates(group: Group, sources: Sequence[tuple[SourceState, Sequence[Weakness]]]) -> Iterator[_Candidate]:
    for source, weaknesses in sources:
        value = getattr(source.state, group)
        if value is not None:
            doubts = [each for each in weaknesses if each.group is group]
            dated = source.dated(group)
            doubt = sum((each.clock for each in doubts), timedelta())
            cached = frozenset[str]().union(*(each.cached for each in doubts))
            yield _Candidate(value, dated - min(doubt, dated - NEVER), doubt, cached)


def _merged(candidates: Sequence[_Candidate]) -> Reported:
    # Stable: between equals the owner's order remains. Among those of unknown age the least doubted comes first.
    ranked = sorted(candidates, key=lambda each: (each.dated, -each.doubt), reverse=True)
    first = ranked[0]
    if isinstance(first.value, Odometer):
        return _odometer(ranked)
    found = first.known()
    sure = {name for name in found if name not in first.cached}
    lasting = type(first.value).lasting
    for other in ranked[1:]:
        agrees = other.agrees_with(first)
        for name, value in other.known().items():
            doubted = name in found and name not in sure and name not in other.cached
            if (name not in found and (agrees or name in lasting)) or (doubted and agrees):
                found[name] = value
                if name not in other.cached:
                    sure.add(name)
    return replace(first.value, **found)


def _odometer(ranked: Sequence[_Candidate]) -> Reported:
    """Return the newest, unless another has shown more within a day: sources round, and some lag behind."""
    first = ranked[0]
    recent = [each for each in ranked if first.dated - each.dated < ODOMETER_DOUBT]
    known = [each.value for each in recent if isinstance(each.value, Odometer) and each.value.distance is not None]
    return max(known, key=lambda value: value.distance or 0.0, default=first.value)
