"""How the reports of one source become what it says of a vehicle.

Group by group, the newest word counts; a group that a report leaves out keeps its last value. So a read that fails
loses nothing, and the order in which reports arrive does not matter. Of two servers behind one address one may lag:
what the vehicle reported before what is known is not believed at once, or a plug would go in and out with every read.
"""

from dataclasses import replace
from datetime import timedelta

from ..vehicle import Group, Odometer, Reported, VehicleState

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
    merged = VehicleState(odometer=_odometer(one.odometer, other.odometer), **groups)
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


def _odometer(one: Odometer | None, other: Odometer | None) -> Odometer | None:
    newer = _newer(one, other)
    older = one if newer is other else other
    if newer is None or older is None or newer.distance is None or older.distance is None:
        return newer
    fell = newer.distance < older.distance
    return older if fell and newer.received_at - older.received_at < ODOMETER_DOUBT else newer
