"""One vehicle from all that its sources say.

Group by group, the source counts to which the vehicle has spoken last; between equals the owner's order decides. What
that source does not know is taken from the others if it speaks of the same moment, or of something that lasts.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from ..vehicle import NEVER, Group, Odometer, Reported, Tyre, VehicleState, Weakness

ODOMETER_DOUBT = timedelta(days=1)
"""How long a falling odometer is disbelieved: clouds have shown older distances for hours (kamereon-eu §8.8)."""

REPORT_DOUBT = timedelta(hours=1)
"""How long an earlier report is disbelieved. After that it is the vehicle's clock that was put right."""


def accumulate(one: VehicleState, other: VehicleState) -> VehicleState:
    """Return what a source says that has said both. Commutative, idempotent; privacy mode hides the position."""
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
    """Order by the time of the answer; the rest only makes the choice between equals independent of their order."""
    reported = group.reported_at.timestamp() if group.reported_at else 0.0
    return (group.received_at, reported, repr(group))


def _newer_odometer(one: Odometer | None, other: Odometer | None) -> Odometer | None:
    newer = _newer(one, other)
    older = one if newer is other else other
    if newer is None or older is None or newer.distance is None or older.distance is None:
        return newer
    fell = newer.distance < older.distance
    return older if fell and newer.received_at - older.received_at < ODOMETER_DOUBT else newer


SAME_MOMENT = timedelta(minutes=15)
"""Reports that are no further apart describe the same situation: sources are read some minutes after one another."""

_SPOKEN = frozenset(each.name for each in fields(Reported))


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceState:
    """What one source has said of a vehicle.

    ``changed_at`` is when groups without a time of the vehicle's own were first told as they are now; a group that has
    been so from the first word on may be of any age and is not in it.
    """

    state: VehicleState = VehicleState()
    changed_at: Mapping[str, datetime] = field(default_factory=dict)

    def after(self, report: VehicleState) -> SourceState:
        """Return the word after one more report.

        What is repeated without a time was said when it was said with one, say before a restart of ours. What was
        measured stands until it is measured again.
        """
        before, changed_at = self.state.groups(), dict[str, datetime]()
        told = (_with_measured(group, before.get(name)) for name, group in report.groups().items())
        groups = dict(accumulate(self.state, VehicleState.of(*told)).groups())
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
        """Return the word that says nothing of ``group``."""
        changed_at = {name: at for name, at in self.changed_at.items() if name != group}
        return SourceState(state=replace(self.state, **{group.value: None}), changed_at=changed_at)

    def dated(self, group: Group) -> datetime:
        """Return when the vehicle said this, as far as can be known; never later than we were told."""
        value: Reported = getattr(self.state, group)
        return min(value.reported_at or self.changed_at.get(group, NEVER), value.received_at)


def _with_measured(group: Reported, before: Reported | None) -> Reported:
    """Return the group with what was measured before and is not in it."""
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
    """What one source says of one group, when the vehicle said so, and what is to be doubted in it."""

    value: Reported
    dated: datetime
    cached: frozenset[str]

    def knows(self) -> dict[str, Any]:
        """Return the fields that are known."""
        return {
            each.name: value
            for each in fields(self.value)
            if each.name not in _SPOKEN and (value := getattr(self.value, each.name)) is not None
        }

    def agrees_with(self, other: _Candidate) -> bool:
        """Whether both speak of the same situation: about the same time, and without contradiction.

        Numbers may differ a little; whether something is plugged in, on or open may not.
        """
        if abs(self.dated - other.dated) > SAME_MOMENT:
            return False
        theirs = other.knows()
        return all(
            value == theirs[name]
            for name, value in self.knows().items()
            if name in theirs and isinstance(value, bool | str)
        )


def merge(words: Sequence[tuple[SourceState, Sequence[Weakness]]]) -> VehicleState:
    """Return what is believed when sources have said ``words``, in their owner's order, each with its weaknesses.

    Privacy mode, whoever tells it, hides every position.
    """
    if len(words) == 1:
        return words[0][0].state
    merged = VehicleState.of(*(_merged(voices) for group in Group if (voices := list(_voices(group, words)))))
    if any(word.state.is_private for word, _ in words):
        return replace(merged, position=None)
    return merged


def _voices(group: Group, words: Sequence[tuple[SourceState, Sequence[Weakness]]]) -> Iterator[_Candidate]:
    for word, weaknesses in words:
        value = getattr(word.state, group)
        if value is not None:
            doubts = [each for each in weaknesses if each.group is group]
            dated = word.dated(group)
            doubt = sum((each.clock for each in doubts), timedelta())
            cached = frozenset[str]().union(*(each.cached for each in doubts))
            yield _Candidate(value, dated - min(doubt, dated - NEVER), cached)


def _merged(voices: Sequence[_Candidate]) -> Reported:
    ranked = sorted(voices, key=lambda voice: voice.dated, reverse=True)  # stable: the owner's order remains
    first = ranked[0]
    if isinstance(first.value, Odometer):
        return _odometer(ranked)
    found = first.knows()
    sure = {name for name in found if name not in first.cached}
    lasting = type(first.value).lasting
    for voice in ranked[1:]:
        agrees = voice.agrees_with(first)
        for name, value in voice.knows().items():
            doubted = name in found and name not in sure and name not in voice.cached
            if (name not in found and (agrees or name in lasting)) or (doubted and agrees):
                found[name] = value
                if name not in voice.cached:
                    sure.add(name)
    return replace(first.value, **found)


def _odometer(ranked: Sequence[_Candidate]) -> Reported:
    """Return the first, unless another has shown more within a day: sources round, and some lag behind."""
    first = ranked[0]
    recent = [voice for voice in ranked if first.dated - voice.dated < ODOMETER_DOUBT]
    known = [voice.value for voice in recent if isinstance(voice.value, Odometer) and voice.value.distance is not None]
    return max(known, key=lambda value: value.distance or 0.0, default=first.value)
