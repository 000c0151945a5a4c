"""What all groups of this backend have in common: their stamp, and when there is a group at all."""

from collections.abc import Callable, Sequence
from dataclasses import fields, replace
from datetime import datetime

from ...vehicle import Fuel, Privacy, Reported, Stamp, VehicleInfo, VehicleState
from ..base import Json
from .values import Attributes

BACKEND = "kamereon"

type Parser = Callable[[Json, VehicleInfo, datetime], VehicleState]
"""Reads a body about a vehicle, received at a time. Total: whatever the body is, nothing is raised."""


def stamp_of(said: Attributes, received_at: datetime) -> Stamp:
    """Version 1 of the data uses ``lastUpdateTime``, version 2 of the battery ``timestamp`` (§3.4)."""
    reported_at = said.past(received_at, "lastUpdateTime", "timestamp")
    return Stamp(backend=BACKEND, received_at=received_at, reported_at=reported_at)


def known[G: Reported](group: G) -> G | None:
    """Return the group, or ``None`` if nothing in it is known: then it was not reported."""
    stamp = {field.name for field in fields(Reported)}
    told = (field for field in fields(group) if field.name not in stamp)
    return group if any(getattr(group, field.name) != field.default for field in told) else None


def privacy(received_at: datetime, *, active: bool) -> Privacy:
    """Privacy mode, as the service and not the vehicle tells it."""
    return Privacy(backend=BACKEND, received_at=received_at, active=active)


def join_fuel(words: Sequence[Fuel]) -> Fuel:
    """Make one group of what several endpoints said last (at least one did): field by field, the newest word counts.

    Cockpit states no time of its own, so the group's is that of the range in battery-status.
    """
    newest, *older = sorted(words, key=lambda fuel: fuel.received_at, reverse=True)
    for fuel in older:
        unknown = [field.name for field in fields(Fuel) if getattr(newest, field.name) is None]
        newest = replace(newest, **{name: getattr(fuel, name) for name in unknown})
    return newest
