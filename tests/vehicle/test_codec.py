"""Dataclasses come back from JSON by their type hints."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from enum import StrEnum
from typing import Any

import pytest

from custom_components.nissanconnect.vehicle.codec import PLANNED, decode

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
LATER = NOW + timedelta(days=1)


class Colour(StrEnum):
    RED = "red"


@dataclass(frozen=True, kw_only=True)
class Wheel:
    pressure: float | None = None


@dataclass(frozen=True, kw_only=True)
class Thing:
    name: str
    count: int = 0
    is_new: bool = False
    colour: Colour | None = None
    seen_at: datetime | None = None
    due_at: datetime | None = field(default=None, metadata=PLANNED)
    opens: time | None = None
    wheels: tuple[Wheel, ...] = ()
    colours: frozenset[Colour] = frozenset()
    times: Mapping[str, datetime] = field(default_factory=dict)
    detail: str | float | tuple[str, ...] | None = None


def thing(**values: Any) -> Thing:
    return decode(Thing, {"name": "n", **values}, NOW)


@pytest.mark.parametrize(
    ("raw", "decoded"),
    [
        ({}, {}),
        ({"of_a_later_version": 1}, {}),
        ({"count": 3, "is_new": True, "colour": "red"}, {"count": 3, "is_new": True, "colour": Colour.RED}),
        ({"opens": "22:30:00"}, {"opens": time(22, 30)}),
        ({"wheels": [{"pressure": 230}, {}]}, {"wheels": (Wheel(pressure=230.0), Wheel())}),
        ({"colours": ["red"]}, {"colours": frozenset({Colour.RED})}),
        ({"times": {"a": "2026-11-20T11:00:00+00:00"}}, {"times": {"a": NOW - timedelta(hours=1)}}),
        ({"detail": ["a", "b"]}, {"detail": ("a", "b")}),
        ({"detail": 2}, {"detail": 2.0}),
    ],
)
def test_values_come_back(raw: dict[str, Any], decoded: dict[str, Any]) -> None:
    assert thing(**raw) == Thing(name="n", **decoded)


@pytest.mark.parametrize(
    "raw",
    [
        {"name": None},
        {"count": 1.5},
        {"count": True},
        {"is_new": 1},
        {"colour": "green"},
        {"colour": []},
        {"seen_at": "soon"},
        {"opens": "22:30:00+02:00"},
        {"wheels": {}},
        {"wheels": [{"pressure": "high"}]},
        {"times": {"a": "2026-11-20T11:00:00"}},
        {"detail": True},
        {"detail": [1]},
        {"wheels": [{"pressure": 1e308}]},
        {"wheels": [{"pressure": -1e13}]},
        {"wheels": [{"pressure": float("nan")}]},
        {"wheels": [{"pressure": 10**30}]},
    ],
    ids=repr,
)
def test_a_value_that_does_not_fit_is_refused(raw: dict[str, Any]) -> None:
    with pytest.raises((TypeError, ValueError)):
        thing(**raw)


def test_nothing_has_happened_later_than_now() -> None:
    found = thing(seen_at=LATER.isoformat(), due_at=LATER.isoformat(), times={"a": LATER.isoformat()})
    assert (found.seen_at, found.due_at, found.times) == (NOW, LATER, {"a": NOW})


@pytest.mark.parametrize("impossible", ["2026-11-20T12:00:00", "0001-01-01T00:00:00+14:00"])
def test_an_optional_time_that_cannot_be_is_unknown(impossible: str) -> None:
    assert thing(seen_at=impossible) == Thing(name="n")
