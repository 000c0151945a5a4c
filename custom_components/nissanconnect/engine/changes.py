"""How much a state differs from another: whether anything has happened, or numbers have only drifted."""

from dataclasses import fields
from datetime import datetime
from enum import IntEnum
from typing import Any

from ..vehicle import Group, Reported, Tyre, VehicleState

_STAMP = frozenset(each.name for each in fields(Reported))


class Change(IntEnum):
    """What kind of difference there is; the greatest counts."""

    NONE = 0
    STAMPS = 1
    """The same was reported again, at another time or by another source."""
    NUMBERS = 2
    """Numbers or forecasts have moved, or are not known any more."""
    EVENT = 3
    """Something was plugged in, opened or switched, has another status, or is known for the first time."""


def change(before: VehicleState, after: VehicleState) -> Change:
    """Return the greatest difference between two states of a vehicle."""
    if before is after:
        return Change.NONE
    return max(_of_group(getattr(before, group), getattr(after, group)) for group in Group)


def _of_group(before: Reported | None, after: Reported | None) -> Change:
    if before == after:
        return Change.NONE
    if before is None or after is None:
        return Change.EVENT
    return max(
        _of_stamp(one, other) if name in _STAMP else _of_value(one, other)
        for name in (each.name for each in fields(after))
        if (one := getattr(before, name)) != (other := getattr(after, name))
    )


def _of_stamp(before: object, after: object) -> Change:
    return Change.EVENT if before is None and after is not None else Change.STAMPS


def _of_value(before: Any, after: Any) -> Change:
    if isinstance(before, Tyre) and isinstance(after, Tyre):
        return Change.EVENT if before.warning != after.warning else _of_value(before.pressure, after.pressure)
    return Change.NUMBERS if _drifts(before) and (after is None or _drifts(after)) else Change.EVENT


def _drifts(value: object) -> bool:
    return isinstance(value, (int, float, datetime)) and not isinstance(value, bool)
