"""Garbage in one field of a report takes no measured value away, whichever source sends it."""

from collections.abc import Callable, Mapping
from datetime import timedelta
import json
from typing import Any

from hypothesis import given, strategies as st
import pytest

from custom_components.nissanconnect.backends.base import Json
from custom_components.nissanconnect.backends.kamereon.mapping import battery_status
from custom_components.nissanconnect.backends.opencarwings.mapping import parse_car
from custom_components.nissanconnect.backends.teslafi.mapping import FeedReader, state_of
from custom_components.nissanconnect.engine.merge import SourceState
from custom_components.nissanconnect.vehicle import Tyre, VehicleState
from tests.simulator.opencarwings import LEAF_24, OpenCarwings

from .conftest import NOW
from .kamereon.fake import LEAF
from .strategies import SCALARS

LATER = NOW + timedelta(minutes=5)

TESLAFI: dict[str, Json] = {
    "battery_level": "64",
    "battery_range": "120",
    "charge_limit_soc": "80",
    "odometer": "30120.5",
    "inside_temp": "19.5",
    "outside_temp": "7.5",
    "time_to_full_charge": "2.5",
    "tpms_front_left": "2.4",
    "pressure": "bar",
}
KAMEREON: dict[str, Json] = {
    "timestamp": "2026-11-20T11:00:00Z",
    "batteryLevel": 64,
    "batteryAutonomy": 150,
    "rangeHvacOn": 130,
    "rangeHvacOff": 150,
    "batteryTemperature": 12,
    "batteryCapacity": 40000,
    "batteryAvailableEnergy": 25000,
    "timeRequiredToFullSlow": 400,
}


def _car() -> dict[str, Json]:
    car: dict[str, Json] = json.loads(json.dumps(OpenCarwings(lambda: NOW, september=True).add(LEAF_24).detail()))
    return car


def _opencarwings(inner: Mapping[str, Json], at: Any) -> VehicleState:
    return parse_car({**CAR, "ev_info": dict(inner)}, at).state


CAR = _car()
EV_INFO = CAR["ev_info"]
assert isinstance(EV_INFO, dict)

SOURCES: Mapping[str, tuple[Mapping[str, Json], Callable[[Mapping[str, Json], Any], VehicleState]]] = {
    "kamereon": (KAMEREON, lambda said, at: battery_status(dict(said), LEAF, at)),
    "opencarwings": (EV_INFO, _opencarwings),
    "teslafi": (TESLAFI, lambda said, at: state_of(FeedReader(dict(said)), at, live=True)),
}
GARBAGE: st.SearchStrategy[Json] = SCALARS | st.sampled_from([-40, -1, 104, 255, 1023, 65535, "", "NULL", "--", [], {}])


def _measured(state: VehicleState) -> set[str]:
    """What is known of what lasts until it is measured again."""
    return {
        f"{group}.{name}"
        for group, value in state.groups().items()
        for name in type(value).measured
        if (found := getattr(value, name)) is not None and (not isinstance(found, Tyre) or found.pressure is not None)
    }


@pytest.mark.parametrize("source", SOURCES)
@given(data=st.data())
def test_garbage_in_one_field_takes_no_measured_value_away(source: str, data: st.DataObject) -> None:
    report, read = SOURCES[source]
    before = SourceState().after(read(report, NOW))
    known = _measured(before.state)
    assert len(known) >= 4
    name, garbage = data.draw(st.sampled_from(sorted(report))), data.draw(GARBAGE)
    changed: dict[str, Json] = {**report, name: garbage}
    after = before.after(read(changed, LATER))
    assert known <= _measured(after.state)
