"""Making one word of what several parts of the service say about the same group.

A group that is reported replaces what was believed of it as a whole. So what this answer leaves out is taken from the
one before: a number that came in the wrong form must not make the battery disappear (mynissan-na §5).
"""

from dataclasses import fields, replace
from datetime import UTC, datetime
from typing import Any

from ...vehicle import Group, Reported, VehicleState
from .values import is_known, known

_LONG_AGO = datetime.min.replace(tzinfo=UTC)


class Joiner:
    """What each part last said of each vehicle."""

    def __init__(self) -> None:
        """Begin with nothing heard."""
        self._said: dict[tuple[str, Group], dict[str, Reported]] = {}
        self._news: dict[str, set[Group]] = {}

    def hear(self, key: str, part: str, state: VehicleState, *, lasting: bool) -> None:
        """Take what a part says of a vehicle; if it is ``lasting``, what it leaves out stays as it was."""
        for group, said in state.groups().items():
            parts = self._said.setdefault((key, group), {})
            parts[part] = _filled(said, parts.get(part)) if lasting else said
            self._news.setdefault(key, set()).add(group)

    def recall(self, key: str, part: str, state: VehicleState) -> None:
        """Take what a part said before a restart: no news, but there when other parts leave it out."""
        for group, said in state.groups().items():
            self._said.setdefault((key, group), {})[part] = said

    def take(self, key: str) -> VehicleState:
        """Return the groups of a vehicle of which something was heard since the last time, each as one."""
        news = self._news.pop(key, set())
        return VehicleState.of(*(known(_joined(*self._said[key, group].values())) for group in Group if group in news))


def _joined(*words: Reported) -> Reported:
    """Believe the vehicle's newest word; what it leaves open, the others tell."""
    newest, *older = sorted(words, key=lambda word: (word.reported_at or _LONG_AGO, word.received_at), reverse=True)
    for word in older:
        newest = _filled(newest, word)
    return replace(newest, received_at=max(word.received_at for word in words))


def _filled[G: Reported](word: G, other: Reported | None) -> G:
    if other is None:
        return word
    unknown = [field.name for field in fields(word) if field.name not in _STAMP and not is_known(word, field.name)]
    taken: dict[str, Any] = {name: getattr(other, name) for name in unknown}
    return replace(word, **taken)


_STAMP = {field.name for field in fields(Reported)}
