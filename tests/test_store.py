"""What is kept over a restart."""

from dataclasses import asdict, replace
from datetime import UTC, datetime, time, timedelta
from functools import reduce
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.helpers.json import json_bytes, json_dumps
from homeassistant.util import dt as dt_util
from homeassistant.util.json import json_loads_object
from hypothesis import given, strategies as st
import pytest

from custom_components.nissanconnect.engine.command_job import Unfinished
from custom_components.nissanconnect.engine.merge import SourceState
from custom_components.nissanconnect.engine.wake_policy import Wake, WakeLedger, WakeResult
from custom_components.nissanconnect.store import Remembered, RememberedVehicle, StoreReader, VehicleStore, _dump
from custom_components.nissanconnect.vehicle import (
    COMMANDS,
    Battery,
    Capability,
    ChargeSchedule,
    ClimateLimits,
    Command,
    CommandOutcome,
    CommandRecord,
    CommandStatus,
    Group,
    Health,
    Initiator,
    Lock,
    Powertrain,
    Refresh,
    ScheduleClimate,
    SendDestination,
    SetChargeLimit,
    SetChargeSchedule,
    StartClimate,
    Ticket,
    Tyre,
    Tyres,
    VehicleInfo,
    VehicleState,
)

from .conftest import LetTimePass
from .engine.strategies import states

NOW = datetime(2026, 11, 20, 12, 30, 15, 123456, UTC)
INFO = VehicleInfo(
    key="SJNTEST0000000001",
    vin="SJNTEST0000000001",
    nickname="Blue",
    model="Leaf",
    year=2021,
    powertrain=Powertrain.ELECTRIC,
    capabilities=frozenset({Capability.CLIMATE, Capability.BATTERY}),
    climate_limits=ClimateLimits(16, 30, 0.5),
)


LATER = datetime(2199, 1, 1, tzinfo=UTC)


def _read(raw: Any) -> Remembered:
    return StoreReader(LATER).read(raw)


def through_the_file(remembered: Remembered) -> Remembered:
    """What comes back of what was written, by way of real JSON."""
    return _read(json_loads_object(json_bytes(_dump(remembered))))


@given(st.lists(states, max_size=3), states)
def test_reports_come_back_as_they_were(reports: list[VehicleState], other: VehicleState) -> None:
    reported = reduce(SourceState.after, reports, SourceState())
    known = RememberedVehicle(info=INFO, reported=reported, secondary_reported={"another": SourceState(state=other)})
    remembered = Remembered(vehicles=[known], memory={"learnt": [1, "two", None]})
    assert through_the_file(remembered) == remembered


def test_nested_values_come_back() -> None:
    state = VehicleState(
        tyres=Tyres(backend="b", received_at=NOW, front_left=Tyre(pressure=230, warning=False)),
        health=Health(backend="b", received_at=NOW, values={"lamp": "off", "count": 2.0, "ok": True}),
    )
    remembered = Remembered(vehicles=[RememberedVehicle(info=INFO, reported=SourceState(state=state))])
    assert through_the_file(remembered) == remembered


def test_one_damaged_group_does_not_take_the_others_along() -> None:
    state = VehicleState(
        battery=Battery(backend="b", received_at=NOW, level=50),
        tyres=Tyres(backend="b", received_at=NOW),
    )
    raw: dict[str, Any] = json_loads_object(
        json_bytes(_dump(Remembered(vehicles=[RememberedVehicle(info=INFO, reported=SourceState(state=state))])))
    )
    raw["vehicles"][0]["word"]["state"]["battery"]["level"] = "half"
    raw["vehicles"][0]["word"]["state"]["tyres"]["of_a_later_version"] = 1
    raw["vehicles"][0]["word"]["state"]["wings"] = {}
    assert _read(raw).vehicles == [
        RememberedVehicle(info=INFO, reported=SourceState(state=VehicleState(tyres=state.tyres)))
    ]


def test_a_vehicle_without_identity_is_left_out() -> None:
    raw: Any = json_loads_object(json_bytes(_dump(Remembered(vehicles=[RememberedVehicle(info=INFO)]))))
    raw["vehicles"].append({"info": asdict(INFO) | {"key": None}, "state": {}})
    assert [vehicle.info.key for vehicle in _read(raw).vehicles] == [INFO.key]


EXAMPLES: dict[type[Command], Command] = {
    ScheduleClimate: ScheduleClimate(at=NOW, target=21),
    SendDestination: SendDestination(52.4, 4.9, "Station"),
    SetChargeLimit: SetChargeLimit(80),
}
EVERY_COMMAND = [EXAMPLES.get(kind) or kind() for kind in COMMANDS] + [
    Refresh(Group.POSITION),
    ScheduleClimate(at=NOW, target=21, defrost=True),
    SetChargeSchedule(ChargeSchedule(time(23, 30), time(6), days=(0, 4))),
    StartClimate(defrost=True),
]


@pytest.mark.parametrize("command", EVERY_COMMAND, ids=repr)
def test_a_command_on_its_way_comes_back(command: Command) -> None:
    asker = Initiator(kind="automation", name="Warm the car")
    sent = Unfinished(command=command, asked_by=asker, asked_at=NOW, sent_at=NOW, ticket=Ticket("1", NOW))
    unfinished = (sent, replace(sent, ticket=None), replace(sent, sent_at=None, ticket=None))
    ended = CommandOutcome(status=CommandStatus.REJECTED, reason="rejected_by_vehicle", code="12", ended_at=NOW)
    record = CommandRecord(command="lock", asked_at=NOW, asked_by=asker, backend="b", outcome=ended)
    remembered = Remembered(vehicles=[RememberedVehicle(info=INFO, log=(record, record), unfinished=unfinished)])
    assert through_the_file(remembered) == remembered


def test_a_pin_is_not_kept() -> None:
    unfinished = Unfinished(command=Lock("4711"), asked_by=Initiator(kind="user"), asked_at=NOW)
    remembered = Remembered(vehicles=[RememberedVehicle(info=INFO, unfinished=(unfinished,))])
    assert b"4711" not in json_bytes(_dump(remembered))
    (vehicle,) = through_the_file(remembered).vehicles
    assert vehicle.unfinished == (replace(unfinished, command=Lock()),)


@pytest.mark.parametrize("damage", [{"kind": "fly"}, {"sent_at": "soon"}, {"asked_at": "soon"}, {"asked_by": 3}])
def test_a_damaged_command_is_forgotten(damage: dict[str, Any]) -> None:
    unfinished = Unfinished(command=Lock(), asked_by=Initiator(kind="user"), asked_at=NOW, sent_at=NOW)
    raw: dict[str, Any] = json_loads_object(
        json_bytes(_dump(Remembered(vehicles=[RememberedVehicle(info=INFO, unfinished=(unfinished, unfinished))])))
    )
    raw["vehicles"][0]["unfinished"][0].update(damage)
    assert _read(raw).vehicles == [RememberedVehicle(info=INFO, unfinished=(unfinished,))]


ASKER = Initiator(kind="user", name="Robin")
WAKE = Wake(at=NOW, asked_by=ASKER, why="refresh", result=WakeResult.ANSWERED)
RECORD = CommandRecord(
    command="refresh",
    asked_at=NOW,
    asked_by=ASKER,
    backend="b",
    outcome=CommandOutcome(status=CommandStatus.CONFIRMED, ended_at=NOW),
)
UNFINISHED = Unfinished(command=Lock(), asked_by=ASKER, asked_at=NOW, sent_at=NOW)

wakes = st.builds(
    Wake,
    at=st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    asked_by=st.builds(Initiator, kind=st.text(), name=st.none() | st.text()),
    why=st.text(),
    result=st.sampled_from(WakeResult),
)


@given(st.lists(wakes, max_size=10))
def test_wakes_come_back_in_order_and_none_is_pending(kept: list[Wake]) -> None:
    ledger = WakeLedger.reopened(kept)
    remembered = Remembered(vehicles=[RememberedVehicle(info=INFO, wakes=WakeLedger(tuple(kept)))])
    (vehicle,) = through_the_file(remembered).vehicles
    assert vehicle.wakes == ledger


json_values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(json_values)
def test_damaged_groups_are_forgotten_not_fatal(garbage: Any) -> None:
    info = asdict(INFO) | {"capabilities": [], "lost": []}
    raw = {
        "vehicles": [
            {"info": info, "word": {"state": {"battery": garbage}, "changed_at": garbage}, "lent_words": garbage}
        ]
    }
    assert [vehicle.info.key for vehicle in _read(raw).vehicles] == [INFO.key]


@given(
    json_values,
    st.dictionaries(st.sampled_from(["at", "asked_by", "why", "result", "outcome", "kind", "ticket"]), json_values),
)
def test_a_damaged_line_of_a_book_does_not_take_the_others_along(garbage: Any, spoilt: dict[str, Any]) -> None:
    raw: dict[str, Any] = json_loads_object(
        json_bytes(
            _dump(
                Remembered(
                    vehicles=[
                        RememberedVehicle(info=INFO, log=(RECORD,), unfinished=(UNFINISHED,), wakes=WakeLedger((WAKE,)))
                    ]
                )
            )
        )
    )
    (vehicle,) = raw["vehicles"]
    for book in ("log", "wakes", "unfinished"):
        (line,) = vehicle[book]
        vehicle[book] = [garbage, line | spoilt, line]
    (read,) = _read(raw).vehicles
    assert (read.log[-1], read.unfinished[-1], WAKE in read.wakes.wakes) == (RECORD, UNFINISHED, True)
    vehicle.update(log=garbage, wakes=garbage, unfinished=garbage)
    assert _read(raw).vehicles == [RememberedVehicle(info=INFO)]


@pytest.mark.parametrize(
    "spoilt",
    [{"at": "yesterday"}, {"at": "2026-11-20T12:00:00"}, {"asked_by": "thief"}, {"asked_by": {}}, {"result": []}],
    ids=json_dumps,
)
def test_a_wake_that_cannot_be_understood_is_left_out(spoilt: dict[str, Any]) -> None:
    raw: dict[str, Any] = json_loads_object(
        json_bytes(_dump(Remembered(vehicles=[RememberedVehicle(info=INFO, wakes=WakeLedger((WAKE,)))])))
    )
    raw["vehicles"][0]["wakes"][0].update(spoilt)
    assert _read(raw).vehicles == [RememberedVehicle(info=INFO)]


@pytest.mark.parametrize("state", [VehicleState(), VehicleState(battery=Battery(backend="b", received_at=NOW))])
async def test_the_file(hass: HomeAssistant, hass_storage: dict[str, Any], state: VehicleState) -> None:
    store = VehicleStore(hass, "entry")
    assert await store.async_load() == Remembered()
    remembered = Remembered(vehicles=[RememberedVehicle(info=INFO, reported=SourceState(state=state))])
    await store.async_save(remembered)
    assert "nissanconnect.entry" in hass_storage
    assert await VehicleStore(hass, "entry").async_load() == remembered
    await store.async_remove()
    assert "nissanconnect.entry" not in hass_storage


async def test_constant_changes_are_written_all_the_same(
    hass: HomeAssistant, hass_storage: dict[str, Any], pass_time: LetTimePass
) -> None:
    """A source may speak every second: neither the usual write nor an urgent one waits until it is silent."""
    store, written = VehicleStore(hass, "entry"), list[datetime]()

    def provide() -> Remembered:
        written.append(dt_util.utcnow())
        return Remembered()

    store.async_start(provide)
    begun = dt_util.utcnow()
    for second in range(60):
        store.async_schedule_save()
        if second == 52:
            store.async_schedule_save(at_once=True)
            store.async_schedule_save()
        await pass_time(timedelta(seconds=1), timedelta(seconds=1))
    assert [round((each - begun).total_seconds()) for each in written] == [15, 30, 45, 53]
