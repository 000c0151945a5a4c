"""The fields of a feed: what they mean, and that no feed makes the parser raise."""

from dataclasses import fields
from typing import Any

from hypothesis import given, strategies as st
import pytest

from custom_components.nissanconnect.backends.base import Json
from custom_components.nissanconnect.backends.teslafi.mapping import FeedReader, state_of
from custom_components.nissanconnect.vehicle import (
    Body,
    ChargingStatus,
    Climate,
    Connectivity,
    Group,
    Reported,
    Tyre,
    VehicleState,
)
from tests.backends.strategies import JSON, SCALARS

from .conftest import NOW

STAMP = {field.name for field in fields(Reported)}
NAMES = sorted(
    {
        *("battery_level", "battery_range", "charging_state", "charger_power", "charge_limit_soc", "odometer", "rhd"),
        *("time_to_full_charge", "is_climate_on", "is_auto_conditioning_on", "inside_temp", "outside_temp", "locked"),
        *("driver_temp_setting", "df", "dr", "pf", "pr", "rt", "latitude", "longitude", "heading", "state"),
        *("carState", "pressure", "tpms_front_left", "tpms_rear_right", "vin", "Notes", "response", "error"),
    }
)
WORDS = st.sampled_from(
    ["", " ", "NULL", "<invalid>", "Charging", "Disconnected", "psi", "bar", "1", "-0.0", "Sleeping"]
)


def said(live: bool = True, **values: Any) -> VehicleState:
    return state_of(FeedReader(values), NOW, live=live)


@pytest.mark.parametrize("nothing", [None, "", " ", "NULL", "<invalid>", "None", [], {}, True], ids=repr)
def test_what_says_nothing_is_unknown(nothing: Json) -> None:
    assert state_of(FeedReader(dict.fromkeys(NAMES, nothing)), NOW, live=True).groups().keys() <= {
        Group.CLIMATE,
        Group.BODY,
    }
    assert FeedReader({"x": nothing}).text("x") is None
    assert FeedReader({"x": nothing}).number("x") is None


@pytest.mark.parametrize(
    ("value", "flag"),
    [("1", True), ("2", True), ("0", False), (0, False), ("True", True), (False, False), ("on", None), ("nan", None)],
    ids=repr,
)
def test_switches(value: Json, flag: bool | None) -> None:
    assert FeedReader({"x": value}).flag("x") is flag


@pytest.mark.parametrize(
    ("word", "plugged", "status"),
    [
        ("Charging", True, ChargingStatus.CHARGING),
        ("Complete", True, ChargingStatus.FINISHED),
        ("Stopped", True, ChargingStatus.NOT_CHARGING),
        ("NoPower", True, ChargingStatus.WAITING_FOR_POWER),
        ("Starting", True, None),
        ("Disconnected", False, ChargingStatus.NOT_CHARGING),
        ("Dreaming", None, None),
    ],
)
def test_charging(word: str, plugged: bool | None, status: ChargingStatus | None) -> None:
    charging = said(charging_state=word, charger_power=0).charging
    assert charging
    assert (charging.plugged_in, charging.status, charging.power) == (plugged, status, 0)


def test_the_end_of_a_charge_counts_from_now_only_in_the_newest_point() -> None:
    values = {"charging_state": "Charging", "time_to_full_charge": "1.5"}
    live, old = (state_of(FeedReader(dict(values)), NOW, live=live).charging for live in (True, False))
    assert live
    assert live.finish_at
    assert (live.finish_at - NOW).total_seconds() == 5400
    assert old
    assert old.finish_at is None


def test_climate_runs_if_either_switch_says_so() -> None:
    assert [
        climate.running if (climate := said(**values).climate) else None
        for values in (
            {"is_climate_on": "2"},
            {"is_climate_on": "0", "is_auto_conditioning_on": "1"},
            {"is_climate_on": "0", "is_auto_conditioning_on": None},
            {"inside_temp": "10.0"},
        )
    ] == [True, True, False, None]
    assert said(inside_temp="10.0", inside_tempF="50").climate == Climate(
        backend="teslafi", received_at=NOW, inside_temperature=10
    )


@pytest.mark.parametrize(("rhd", "left", "right"), [("0", True, False), ("1", False, True), (None, None, None)])
def test_the_side_of_the_drivers_door(rhd: str | None, left: bool | None, right: bool | None) -> None:
    assert said(rhd=rhd, df="1", pf="0", locked="0", rt="0").body == Body(
        backend="teslafi", received_at=NOW, locked=False, door_front_left=left, door_front_right=right, hatch=False
    )


@pytest.mark.parametrize(
    ("unit", "value", "kpa"),
    [
        (None, "38.4", 265),
        ("psi", "38.4", 265),
        ("bar", "2.6", 260),
        ("kPa", "260", 260),
        ("atm", "2.6", None),
        ("bar", "38.4", None),
        (None, "0", None),
    ],
)
def test_tyres(unit: str | None, value: str, kpa: float | None) -> None:
    tyres = said(pressure=unit, tpms_front_left=value, tpms_rear_right=" ").tyres
    assert (tyres.front_left if tyres else Tyre()) == Tyre(pressure=kpa)


@pytest.mark.parametrize(
    ("state", "car_state", "live", "reachable"),
    [
        ("online", "Idling", True, True),
        ("online", "Sleeping", True, True),
        ("offline", "Sleeping", True, None),
        ("offline", "Idling", True, False),
        ("asleep", "Sleeping", True, None),
        ("online", "Idling", False, None),
    ],
)
def test_reach(state: str, car_state: str, live: bool, reachable: bool | None) -> None:
    found = said(live, state=state, carState=car_state).connectivity
    assert found == (Connectivity(backend="teslafi", received_at=NOW, reachable=reachable) if live else None)


def test_miles_whatever_the_account_shows() -> None:
    state = said(odometer="1000", battery_range="100.0", measure="metric")
    assert state.odometer
    assert state.odometer.distance == 1609.3
    assert state.battery
    assert state.battery.range == 161


def test_no_place_in_the_gulf_of_guinea() -> None:
    assert said(latitude="0.0", longitude="0.0").position is None
    assert said(latitude="51.5", longitude="").position is None
    position = said(latitude="51.5", longitude="-0.12", heading="360").position
    assert position
    assert position.heading == 0


feeds = st.dictionaries(st.sampled_from(NAMES), SCALARS | JSON | WORDS | st.floats(-500, 500).map(str), max_size=12)


@given(feeds, st.booleans())
def test_no_feed_makes_the_parser_raise(values: dict[str, Json], live: bool) -> None:
    state = state_of(FeedReader(values), NOW, live=live)
    for name, group in state.groups().items():
        assert (group.backend, group.received_at, group.reported_at) == ("teslafi", NOW, None)
        assert name is Group.CONNECTIVITY or any(
            getattr(group, f.name) != f.default for f in fields(group) if f.name not in STAMP
        )
    assert state.battery is None or state.battery.level is None or 0 <= state.battery.level <= 100
    assert state.odometer is None or state.odometer.distance
