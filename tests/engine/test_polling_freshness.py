"""When values are too old to be shown."""

from datetime import timedelta

import pytest

from custom_components.nissanconnect.engine.polling import is_available, outdated
from custom_components.nissanconnect.vehicle import Battery, Group, VehicleState

from .strategies import EPOCH

READ = VehicleState(battery=Battery(backend="b", received_at=EPOCH, level=50))


@pytest.mark.parametrize(
    ("state", "hours", "restored", "available"),
    [
        (VehicleState(), 0, False, False),
        (READ, 2.9, False, True),
        (READ, 3.1, False, False),
        (READ, 3.1, True, True),
        (READ, 24.1, True, False),
        (READ, -2.9, False, True),
        (READ, -3.1, False, False),
        (READ, -24.1, True, False),
    ],
)
def test_available(state: VehicleState, hours: float, restored: bool, available: bool) -> None:
    now = EPOCH + timedelta(hours=hours)
    assert is_available(state, now, restored=restored) is available


@pytest.mark.parametrize(
    ("hours", "restored", "old"),
    [
        (2.9, False, False),
        (3.1, False, True),
        (3.1, True, False),
        (24.1, True, True),
        (-2.9, False, False),
        (-3.1, False, True),  # the clock was ahead
        (-9000, True, True),
    ],
)
def test_outdated(hours: float, restored: bool, old: bool) -> None:
    now = EPOCH + timedelta(hours=hours)
    assert outdated(READ, {Group.BATTERY, Group.TYRES}, now, restored=restored) == ({Group.BATTERY} if old else set())
