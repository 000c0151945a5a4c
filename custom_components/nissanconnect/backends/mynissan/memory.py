"""What was learnt about the vehicles of an account, and when what was asked for."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from ...vehicle import Group
from ..base import Json
from ..learned import LearnedState
from ..quantities import LEVEL
from ..reader import saved_time
from .discovery import Knowledge

DAILY = timedelta(days=1)
"""How often at most is asked for what changes with contracts and campaigns only."""

_AFTERMATH = timedelta(minutes=5)
"""How long after a command whatever it may change is asked for each time."""

_OURS = 100
"""Requests of ours that are remembered, to tell them from those of the phone app."""


@dataclass(slots=True)
class _Vehicle:
    """What is known of one vehicle. ``heard`` is not kept: what was heard before a restart is not there after it.

    ``limit`` is the charge limit in %, which has to be there when the rest of its group is heard without it.
    """

    knowledge: Knowledge = Knowledge()
    limit: float | None = None
    asked: dict[str, datetime] = field(default_factory=dict)
    learned: LearnedState = field(default_factory=LearnedState)
    heard: dict[str, datetime] = field(default_factory=dict)
    commanded: dict[Group, datetime] = field(default_factory=dict)
    ours: list[str] = field(default_factory=list)


class Memory:
    """Everything learnt about the vehicles of one account."""

    def __init__(self, saved: Json, now: datetime) -> None:
        """Begin with what :meth:`to_json` wrote; what is damaged is forgotten."""
        self._vehicles = {key: _recall(kept, now) for key, kept in _items(saved)}

    def to_json(self) -> Json:
        """Return what should survive a restart."""
        return {
            key: {
                "knowledge": known.knowledge.to_json(),
                "asked": {name: at.isoformat() for name, at in known.asked.items()},
                "answered": [*sorted(known.learned.working)],
                "ours": [*known.ours],
                "limit": known.limit,
            }
            for key, known in self._vehicles.items()
        }

    def knowledge(self, key: str) -> Knowledge:
        """What is known of a vehicle."""
        return self._of(key).knowledge

    def learn(self, key: str, knowledge: Knowledge) -> None:
        """Know this of a vehicle from now on; with other services, what was refused is worth asking for again."""
        known = self._of(key)
        if known.knowledge.services != knowledge.services:
            known.learned.forget_refusals()
        known.knowledge = knowledge

    @property
    def limits(self) -> Mapping[str, float]:
        """The charge limits that were heard last."""
        return {key: known.limit for key, known in self._vehicles.items() if known.limit is not None}

    def keep_limit(self, key: str, limit: float | None) -> None:
        """Note a charge limit."""
        self._of(key).limit = limit

    def is_due(self, key: str, name: str, every: timedelta, now: datetime, groups: Iterable[Group] = ()) -> bool:
        """Whether to ask for ``name``, which is about ``groups``: at most so often, or after a command about them."""
        known = self._of(key)
        if known.learned.is_refused(name, now):
            return False
        commanded = max((known.commanded[group] for group in groups if group in known.commanded), default=None)
        if every < DAILY and commanded is not None and now - commanded < _AFTERMATH:
            return True
        asked = (known.heard if every < DAILY else known.asked).get(name)
        return asked is None or now < asked or now - asked >= every  # a clock that was set back forgets

    def asked(self, key: str, name: str, every: timedelta, now: datetime) -> None:
        """Note that ``name`` was asked for and answered."""
        known = self._of(key)
        (known.heard if every < DAILY else known.asked)[name] = now

    def learned(self, key: str) -> LearnedState:
        """What the parts have answered and refused for a vehicle."""
        return self._of(key).learned

    def commanded(self, key: str, groups: Iterable[Group], now: datetime) -> None:
        """Note that ``groups`` may change now."""
        self._of(key).commanded |= dict.fromkeys(groups, now)

    def sent(self, key: str, request: str) -> None:
        """Note that this request is ours."""
        known = self._of(key)
        known.ours = [*known.ours, request][-_OURS:]

    def is_ours(self, key: str, request: str) -> bool:
        """Whether a request was sent from here."""
        return request in self._of(key).ours

    def forget_when_asked(self, key: str) -> None:
        """Make everything worth asking for at once."""
        self._of(key).asked.clear()
        self._of(key).learned.forget_refusals()

    def keep(self, keys: Iterable[str]) -> None:
        """Forget every other vehicle."""
        for key in self._vehicles.keys() - set(keys):
            del self._vehicles[key]

    def _of(self, key: str) -> _Vehicle:
        return self._vehicles.setdefault(key, _Vehicle())


def _items(value: Json) -> list[tuple[str, Json]]:
    return list(value.items()) if isinstance(value, dict) else []


def _recall(saved: Json, now: datetime) -> _Vehicle:
    said: Mapping[str, Json] = saved if isinstance(saved, dict) else {}
    ours, limit, answered = said.get("ours"), said.get("limit"), said.get("answered")
    times = {name: saved_time(at) for name, at in _items(said.get("asked"))}
    return _Vehicle(
        knowledge=Knowledge.from_json(said.get("knowledge")),
        asked={name: at for name, at in times.items() if at is not None and at <= now},
        learned=LearnedState(
            {each for each in answered if isinstance(each, str)} if isinstance(answered, list) else set()
        ),
        ours=[each for each in ours if isinstance(each, str)][-_OURS:] if isinstance(ours, list) else [],
        limit=LEVEL.of(limit) if isinstance(limit, int | float) else None,
    )
