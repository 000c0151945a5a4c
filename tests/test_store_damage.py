# ruff: noqa: ASYNC240
"""Whatever is in the file that is kept over a restart: the account loads, and nothing is lost without a word."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
import json
from pathlib import Path
from typing import Any

from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.json import json_bytes
from homeassistant.util import dt as dt_util
from homeassistant.util.json import json_loads
from hypothesis import given, strategies as st
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.nissanconnect.const import DOMAIN
from custom_components.nissanconnect.engine.alert_rules import AlertPreferences
from custom_components.nissanconnect.engine.charge_physics import ChargeModel
from custom_components.nissanconnect.engine.charge_session import ChargeMemory, ChargeSession
from custom_components.nissanconnect.engine.merge import SourceState
from custom_components.nissanconnect.engine.wake_policy import WakeLedger
from custom_components.nissanconnect.store import MOST_VEHICLES, Remembered, RememberedVehicle, StoreReader, _dump
from custom_components.nissanconnect.vehicle import Battery, Position, VehicleState

from .conftest import settle
from .simulator import Simulator
from .test_store import INFO, NOW, RECORD, UNFINISHED, WAKE

SENSORS = ("sensor.leaf_battery", "sensor.leaf_wakes_today", "sensor.leaf_last_report_from_vehicle")


@pytest.fixture
def hass_config_dir(hass_tmp_config_dir: str) -> str:
    """A folder of the test's own, with real files."""
    return hass_tmp_config_dir


@pytest.fixture
def hass_storage() -> dict[str, Any]:
    """Nothing in place of the files."""
    return {}


@pytest.fixture
def kept(hass: HomeAssistant, entry: MockConfigEntry) -> Path:
    return Path(hass.config.path(".storage", f"{DOMAIN}.{entry.entry_id}"))


def set_aside(kept: Path) -> list[Path]:
    return list(kept.parent.glob(f"{kept.name}.corrupt.*"))


type Spoil = Callable[[Any], Any]
"""Turns what is in the file into what is in it afterwards."""


def _data(value: Any) -> Spoil:
    return lambda file: file | {"data": value}


def _inner(**changed: Any) -> Spoil:
    return lambda file: file | {"data": file["data"] | changed}


def _each(**changed: Any) -> Spoil:
    def spoil(file: Any) -> Any:
        for vehicle in file["data"]["vehicles"]:
            vehicle.update(changed)
        return file

    return spoil


WHOLE: dict[str, Spoil] = {
    **{f"vehicles {value}": _inner(vehicles=value) for value in (7, [None], [{"info": 3}])},
    **{f"data {value}": _data(value) for value in ([1, 2], "x")},
    "list": lambda _: [],
    "null": lambda _: None,
    "no data": lambda file: {name: value for name, value in file.items() if name != "data"},
    "version 9": lambda file: file | {"version": 9},
    "version text": lambda file: file | {"version": "1"},
}
PART: dict[str, Spoil] = {
    **{
        f"{name} {value}": _each(**{name: value})
        for name in ("log", "wakes", "word", "lookout")
        for value in (5, ["x"])
    },
    "wake of year 1": _each(wakes=[json.loads(json_bytes(WAKE)) | {"at": "0001-01-01T00:00:00+14:00"}]),
    "wake of year 9999": _each(wakes=[json.loads(json_bytes(WAKE)) | {"at": "9999-12-31T23:59:59-14:00"}]),
}


@pytest.mark.parametrize("damage", WHOLE | PART)
async def test_a_damaged_file_is_set_aside_and_the_account_loads(
    hass: HomeAssistant,
    loaded: MockConfigEntry,
    kept: Path,
    simulator: Simulator,
    caplog: pytest.LogCaptureFixture,
    damage: str,
) -> None:
    await hass.config_entries.async_unload(loaded.entry_id)
    spoilt = json_bytes((WHOLE | PART)[damage](json_loads(kept.read_bytes())))
    kept.write_bytes(spoilt)
    caplog.clear()

    await hass.config_entries.async_setup(loaded.entry_id)
    await settle(hass)
    assert loaded.state is ConfigEntryState.LOADED
    assert "Traceback" not in caplog.text
    for sensor in SENSORS:
        assert (state := hass.states.get(sensor)) is not None, sensor
        assert state.state not in ("unknown", "unavailable"), sensor
    (aside,) = set_aside(kept)
    assert aside.read_bytes() == spoilt
    issue = ir.async_get(hass).async_get_issue(DOMAIN, f"store_damaged_{loaded.entry_id}")
    assert issue is not None
    assert issue.translation_placeholders is not None
    assert issue.translation_placeholders["file"] == str(aside)

    await hass.config_entries.async_reload(loaded.entry_id)
    await settle(hass)
    assert set_aside(kept) == [aside]
    assert ir.async_get(hass).async_get_issue(DOMAIN, issue.issue_id) is None
    await hass.config_entries.async_remove(loaded.entry_id)
    assert not set_aside(kept), "what is kept of a vehicle goes with the account"


async def test_a_folder_in_place_of_the_file(hass: HomeAssistant, loaded: MockConfigEntry, kept: Path) -> None:
    await hass.config_entries.async_unload(loaded.entry_id)
    kept.unlink()
    kept.mkdir()
    await hass.config_entries.async_setup(loaded.entry_id)
    await settle(hass)
    assert loaded.state is ConfigEntryState.LOADED
    (aside,) = set_aside(kept)
    assert aside.is_dir()


async def test_what_lies_in_the_future_counts_as_of_now(
    hass: HomeAssistant, loaded: MockConfigEntry, kept: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A clock was ahead when it was written."""
    await hass.config_entries.async_unload(loaded.entry_id)
    file = json.loads(kept.read_bytes())
    late = "2031-01-01T00:00:00+00:00"
    for vehicle in file["data"]["vehicles"]:
        for group in vehicle["word"]["state"].values():
            group.update(received_at=late, reported_at=late)
        vehicle["wakes"] = [json.loads(json_bytes(WAKE)) | {"at": late}]
        vehicle["unfinished"] = [REAL["vehicles"][0]["unfinished"][0] | {"asked_at": late, "sent_at": late}]
    kept.write_bytes(json_bytes(file))
    caplog.clear()
    await hass.config_entries.async_setup(loaded.entry_id)
    await settle(hass)
    now = dt_util.utcnow()
    for vehicle in loaded.runtime_data.vehicles.values():
        assert all(group.received_at <= now for group in vehicle.coordinator.data.groups().values())
        assert not vehicle.log.unfinished, "it is over after its two minutes"
        assert vehicle.log.wakes_today == 1
    assert not set_aside(kept)
    assert "Traceback" not in caplog.text


# Every value everywhere

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5)
    | st.sampled_from(["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "2026-11-20T12:00:00", "x" * 9999]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)

REAL: Any = json_loads(
    json_bytes(
        _dump(
            Remembered(
                vehicles=[
                    RememberedVehicle(
                        info=INFO,
                        reported=SourceState(
                            state=VehicleState(
                                battery=Battery(backend="b", received_at=NOW, level=50),
                                position=Position(backend="b", received_at=NOW, latitude=52.0, longitude=4.0),
                            ),
                            changed_at={"battery": NOW},
                        ),
                        log=(RECORD,),
                        wakes=WakeLedger((WAKE,)),
                        unfinished=(UNFINISHED,),
                        rests_since=NOW,
                    )
                ],
                memory={"learnt": 1},
            )
        )
    )
)


def _paths(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, each in inner:
        yield from _paths(each, (*path, name))


def _with(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    if not path:
        return new
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[path[0]] = _with(value[path[0]], path[1:], new)
    return copy


@given(st.lists(st.tuples(st.sampled_from(list(_paths(REAL))), json_values), max_size=3))
def test_any_value_anywhere_is_read_and_what_is_left_out_is_told(spoilt: list[tuple[tuple[Any, ...], Any]]) -> None:
    raw = REAL
    for path, new in spoilt:
        try:
            raw = _with(raw, path, new)
        except KeyError, IndexError, TypeError:
            continue  # an earlier one has taken it away
    reader = StoreReader(NOW)
    remembered = reader.read(raw)
    for vehicle in remembered.vehicles:
        vehicle.wakes.wakes_today(NOW, dt_util.UTC)
        for wake in vehicle.wakes.wakes:
            assert wake.at.astimezone(dt_util.get_time_zone("Pacific/Kiritimati")) <= NOW
        for group in vehicle.reported.state.groups().values():
            assert group.received_at <= NOW
            assert group.reported_at is None or group.reported_at <= NOW
        assert all(each.sent_at is None or each.sent_at <= NOW for each in vehicle.unfinished)
    again = StoreReader(NOW + timedelta(days=1))
    assert again.read(json_loads(json_bytes(_dump(remembered)))).vehicles == remembered.vehicles
    assert not again.lost
    if raw == REAL:
        assert not reader.lost
    if not remembered.vehicles and isinstance(raw, dict) and raw.get("vehicles"):
        assert reader.lost


def test_a_list_without_end_is_cut() -> None:
    (vehicle,) = REAL["vehicles"]
    huge = {"vehicles": [vehicle | {name: vehicle[name] * 5000 for name in ("log", "wakes", "unfinished")}] * 3}
    (found,) = StoreReader(datetime(2026, 11, 29, tzinfo=UTC)).read(huge).vehicles
    assert len(found.wakes.wakes) <= 500
    assert len(found.unfinished) <= 20


@pytest.mark.parametrize("surplus", [0, 1, 5000])
def test_a_file_may_hold_absurdly_many_vehicles(surplus: int) -> None:
    """Those that are taken are as many as of a list, and are read; the file is kept aside."""
    names = [f"SJNTEST{number:010}" for number in range(MOST_VEHICLES + surplus)]
    kept = [{"info": {"key": name, "vin": name, "nickname": None, "model": "Leaf", "year": 2021}} for name in names]
    whole: Any = json_loads(json_bytes(_dump(Remembered(vehicles=[RememberedVehicle(info=INFO)]))))
    first = whole["vehicles"][0]
    whole["vehicles"] = [first | {"info": first["info"] | each["info"]} for each in (*kept[:3], *kept)]
    reader = StoreReader(NOW)
    found = reader.read(whole).vehicles
    assert [each.info.key for each in found] == names[:MOST_VEHICLES]
    assert reader.lost is (surplus > 0)


@pytest.mark.parametrize(
    "wishes",
    [
        {"charge_below": 1e9},
        {"charge_below": -5},
        {"charge_below": 10**400},
        {"charge_below": "30"},
        {"plug_in_by": "22:00:00+02:00"},
        {"plug_in_by": "25:00"},
        {"plug_in_by": 22},
    ],
)
def test_what_the_owner_could_not_have_set_counts_as_not_set(wishes: dict[str, Any]) -> None:
    """A level is in %, and a time of day is local: one with a zone could be compared with no other."""
    whole: Any = json_loads(json_bytes(_dump(Remembered(vehicles=[RememberedVehicle(info=INFO)]))))
    whole["vehicles"][0]["wishes"] |= wishes
    reader = StoreReader(NOW)
    (vehicle,) = reader.read(whole).vehicles
    assert vehicle.alert_preferences == AlertPreferences()
    assert reader.lost


def test_a_stay_at_the_plug_that_cannot_be_read_does_not_take_the_owner_s_wish_along() -> None:
    memory = ChargeMemory(enabled=False, session=ChargeSession.begin(NOW), model=ChargeModel(samples=3.0))
    whole: Any = json_loads(json_bytes(_dump(Remembered(vehicles=[RememberedVehicle(info=INFO, charge=memory)]))))
    whole["vehicles"][0]["charge"]["session"]["mode"] = "of a later version"
    reader = StoreReader(NOW)
    (vehicle,) = reader.read(whole).vehicles
    assert vehicle.charge == replace(memory, session=None)
    assert reader.lost
