"""The mapping of all payloads but battery-status (kamereon-eu §8.5-8.11), and of single values (§3.2, §3.4)."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
import logging

from hypothesis import given
import pytest

from custom_components.nissanconnect.backends.base import Json
from custom_components.nissanconnect.backends.kamereon.mapping import (
    AttributeReader,
    charge_mode,
    cockpit,
    health_status,
    hvac_status,
    join_fuel,
    location,
    lock_status,
    pressure,
)
from custom_components.nissanconnect.vehicle import (
    Body,
    ChargeMode,
    Climate,
    Fuel,
    Health,
    Odometer,
    Position,
    Privacy,
    Schedules,
    Tyre,
    Tyres,
    VehicleInfo,
    VehicleState,
)

from ..conftest import NOW
from ..strategies import JSON, SCALARS
from .bodies import body, mapped, stamp, today
from .fake import LEAF, MICRA, QASHQAI


class TestCockpit:
    def test_a_qashqai(self) -> None:
        assert mapped(cockpit, body("cockpit.v1.qashqai"), QASHQAI) == VehicleState(
            odometer=Odometer(**stamp(), distance=31044.2),
            fuel=Fuel(**stamp(), level=61, quantity=33.5, range=512, low=False),
        )

    @pytest.mark.parametrize("vehicle", [LEAF, MICRA])
    def test_zero_litres_are_no_tank(self, vehicle: VehicleInfo) -> None:
        assert mapped(cockpit, body("cockpit.v2.micra"), vehicle) == VehicleState(
            odometer=Odometer(**stamp(), distance=4321)
        )

    def test_an_electric_vehicle_never_has_a_tank(self) -> None:
        assert mapped(cockpit, body("cockpit.v1.qashqai"), LEAF).fuel is None

    def test_litres_are_a_tank_whatever_drives_the_wheels(self) -> None:
        fuel = mapped(cockpit, body("cockpit.v1.qashqai"), replace(QASHQAI, powertrain=None)).fuel
        assert fuel is not None
        assert fuel.quantity == 33.5

    def test_the_tank_of_a_combustion_vehicle_can_be_empty(self) -> None:
        said: Json = {"fuelQuantity": 0.0, "fuelLowWarning": 1, "timestamp": "2026-11-20T10:00:00Z"}
        assert mapped(cockpit, said, QASHQAI) == VehicleState(fuel=Fuel(**stamp(today(10)), quantity=0, low=True))

    @pytest.mark.parametrize(
        ("said", "distance"),
        [
            ({"totalMileage": 10, "mileage": 20}, 10),
            ({"mileage": 20}, 20),
            ({"totalMileage": 0, "mileage": 20}, 20),
            ({"totalMileage": "1234.5"}, 1234.5),
        ],
    )
    def test_odometer(self, said: dict[str, Json], distance: float) -> None:
        assert mapped(cockpit, said, LEAF).odometer == Odometer(**stamp(), distance=distance)

    @pytest.mark.parametrize("raw", [0, -5, 1e9, None, "far"])
    def test_no_odometer(self, raw: Json) -> None:
        assert mapped(cockpit, {"totalMileage": raw}, LEAF) == VehicleState()


class TestClimate:
    def test_a_leaf(self) -> None:
        assert mapped(hvac_status, body("hvac-status.v1.leaf"), LEAF) == VehicleState(
            climate=Climate(
                **stamp(today(18, 21, 10)),
                running=True,
                inside_temperature=18.5,
                outside_temperature=-4,
                next_start_at=datetime(2026, 11, 21, 6, 30, tzinfo=UTC),
                min_battery_level=15,
            )
        )

    @pytest.mark.parametrize(("raw", "running"), [("on", True), ("ON", True), ("off", False), ("unknown", None)])
    def test_running(self, raw: Json, running: bool | None) -> None:
        climate = mapped(hvac_status, {"hvacStatus": raw, "socThreshold": 20}, LEAF).climate
        assert climate == Climate(**stamp(), running=running, min_battery_level=20)

    @pytest.mark.parametrize("start", ["2026-11-20T18:30:00Z", "2026-11-19T06:00:00Z", None])
    def test_a_start_that_has_been_is_none(self, start: Json) -> None:
        said = {"hvacStatus": "off", "nextHvacStartDate": start, "nextTargetTemperature": 21}
        assert mapped(hvac_status, said, LEAF).climate == Climate(**stamp(), running=False)


class TestLocation:
    def test_a_leaf(self) -> None:
        assert mapped(location, body("location.v1.leaf"), LEAF) == VehicleState(
            position=Position(**stamp(today(17, 6)), latitude=48.85, longitude=-2.35, heading=288),
            privacy=Privacy(**stamp(), active=False),
        )

    @pytest.mark.parametrize(("raw", "heading"), [(360, 0), (0, 0), (None, None), (-1, None), (361, None)])
    def test_heading(self, raw: Json, heading: float | None) -> None:
        said = {"gpsLatitude": 51.5, "gpsLongitude": 0, "gpsDirection": raw}
        position = mapped(location, said, LEAF).position
        assert position is not None
        assert position.heading == heading

    @pytest.mark.parametrize(
        ("latitude", "longitude"),
        [(0, 0), (0.0, -0.0), (91, 0), (1, 181), (None, 1), (1, None), (True, 1), ("", ""), (float("nan"), 1)],
    )
    def test_nowhere(self, latitude: Json, longitude: Json) -> None:
        assert mapped(location, {"gpsLatitude": latitude, "gpsLongitude": longitude}, LEAF) == VehicleState()


class TestBody:
    def test_a_qashqai(self) -> None:
        assert mapped(lock_status, body("lock-status.v1.qashqai"), QASHQAI) == VehicleState(
            body=Body(
                **stamp(today(16, 12, 50)),
                locked=False,
                door_front_left=True,
                door_front_right=False,
                door_rear_left=False,
                hatch=False,
            )
        )

    def test_a_lock_alone(self) -> None:
        assert mapped(lock_status, {"lockStatus": "LOCKED"}, LEAF).body == Body(**stamp(), locked=True)

    def test_nobody_knows_on_which_side_the_driver_sits(self) -> None:
        said: Json = {"doorStatusDriver": "open", "doorStatusPassenger": "open", "lockStatus": "ajar"}
        assert mapped(lock_status, said, LEAF) == VehicleState()


def test_pressure() -> None:
    assert mapped(pressure, body("pressure.v1"), LEAF) == VehicleState(
        tyres=Tyres(
            **stamp(),
            front_left=Tyre(pressure=231, warning=False),
            front_right=Tyre(pressure=230, warning=False),
            rear_left=Tyre(pressure=228, warning=False),
            rear_right=Tyre(pressure=180, warning=True),
        )
    )
    assert mapped(pressure, {"flPressure": 0, "frStatus": 2}, LEAF).tyres == Tyres(
        **stamp(), front_right=Tyre(warning=True)
    )
    assert mapped(pressure, {"flPressure": 0}, LEAF) == VehicleState()


@pytest.mark.parametrize(
    ("raw", "mode"),
    [
        ("always", ChargeMode.ALWAYS),
        ("always_charging", ChargeMode.ALWAYS),
        ("scheduled", ChargeMode.SCHEDULED),
        ("schedule_mode", ChargeMode.SCHEDULED),
        ("delayed", ChargeMode.DELAYED),
        ("Always", ChargeMode.ALWAYS),
    ],
)
def test_charge_mode(raw: Json, mode: ChargeMode) -> None:
    assert mapped(charge_mode, {"chargeMode": raw}, LEAF).schedules == Schedules(**stamp(), charge_mode=mode)


def test_an_unknown_charge_mode_is_none() -> None:
    assert mapped(charge_mode, {"chargeMode": "sometimes"}, LEAF) == VehicleState()


def test_health_is_told_as_it_comes_but_names_no_vehicle() -> None:
    assert mapped(health_status, body("health-status.v1"), LEAF) == VehicleState(
        health=Health(**stamp(today(7)), values={"brakeWarning": False, "oilLevel": "OK", "nextService": 12000})
    )
    assert mapped(health_status, {"id": "x"}, LEAF) == VehicleState()


def test_health_is_bounded() -> None:
    said: Json = {f"{'n' * 100}{number}": "v" * 100 for number in range(100)} | {"bad": float("nan")}
    health = mapped(health_status, said, LEAF).health
    assert health is not None
    assert all(len(name) <= 64 and len(str(value)) <= 64 for name, value in health.values.items())
    assert len(health.values) <= 64


class TestTank:
    """Two endpoints tell about one tank."""

    def fuel(self, minutes: int, level: float | None = None, range: float | None = None) -> Fuel:
        return Fuel(backend="kamereon", received_at=NOW + timedelta(minutes=minutes), level=level, range=range)

    def test_one_word_stands(self) -> None:
        assert join_fuel([self.fuel(0, level=5)]) == self.fuel(0, level=5)

    def test_the_newest_word_counts_and_the_rest_is_kept(self) -> None:
        old = replace(self.fuel(0, level=5, range=100), reported_at=NOW)
        new = self.fuel(5, range=90)
        assert (
            join_fuel([old, new]) == join_fuel([new, old]) == replace(self.fuel(5, level=5, range=90), reported_at=NOW)
        )


@pytest.mark.parametrize(
    "body",
    [
        {"data": {"type": "Car", "attributes": {"a": 1}}},
        {"data": {"a": 1, "attributes": None}},
        {"data": None, "a": 1},
        {"data": [], "a": 1},
        {"a": 1},
    ],
)
def test_three_shapes_of_a_body(body: Json) -> None:
    assert AttributeReader.of(body).get("a") == 1


@pytest.mark.parametrize("body", [None, True, 1, "a", [], [{"a": 1}]])
def test_no_object_has_no_attributes(body: Json) -> None:
    assert AttributeReader.of(body).values == {}


@pytest.mark.parametrize(("value", "token"), [(" a.b-c_d= ", "a.b-c_d="), (7, "7"), ("a b", None), (None, None)])
def test_tokens(value: Json, token: str | None) -> None:
    assert AttributeReader({"a": value}).token("a") == token


@pytest.mark.parametrize(
    ("value", "time"),
    [
        ("2026-11-20T07:15:04", datetime(2026, 11, 20, 7, 15, 4, tzinfo=UTC)),
        ("1971-01-01T00:00:00Z", datetime(1971, 1, 1, tzinfo=UTC)),
        ("1970-01-01T00:00:00Z", None),
        ("1969-12-31T23:59:59Z", None),
        ("soon", None),
    ],
)
def test_an_unset_clock_tells_no_time(value: Json, time: datetime | None) -> None:
    assert AttributeReader({"a": value}).time("a") == time


def test_the_past_ends_with_the_skew_of_a_clock() -> None:
    said = AttributeReader({"now": NOW.isoformat(), "skewed": (NOW + timedelta(minutes=5)).isoformat()})
    assert said.past(NOW, "nothing", "skewed", "now") == NOW + timedelta(minutes=5)
    assert said.past(NOW - timedelta(seconds=1), "skewed", "now") == NOW
    assert said.past(NOW - timedelta(hours=1), "skewed", "now") is None


@pytest.mark.parametrize("value", [True, None, "off", 0.45, 2, -0.4, float("nan"), [], {}, ""], ids=repr)
def test_no_meaning(value: Json) -> None:
    assert AttributeReader({"a": value}).one_of("a", {"on": "word", 0.4: "part", 1: "one"}) is None


@pytest.mark.parametrize(
    ("value", "meaning"),
    [
        ("on", "word"),
        (" ON ", "word"),
        (0.4, "part"),
        ("0.4", "part"),
        (0.4000001, "part"),
        (1, "one"),
        (1.0, "one"),
        ("1", "one"),
    ],
    ids=repr,
)
def test_meanings(value: Json, meaning: str) -> None:
    assert AttributeReader({"a": value}).one_of("a", {"on": "word", 0.4: "part", 1: "one"}) == meaning


def test_an_unknown_value_is_told_once_and_names_nobody(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    for value in ("Half_Open", "half_open", 17.5, "FAKE0VIN000000001", "owner@example.invalid", 17.5):
        AttributeReader({"hatchTest": value}).one_of("hatchTest", {})
    assert [record.message for record in caplog.records] == [
        "Unknown value of hatchTest: half_open",
        "Unknown value of hatchTest: 17.5",
        "Unknown value of hatchTest: …",
    ]


@given(JSON, SCALARS)
def test_nothing_raises(body: Json, value: Json) -> None:
    for said in (AttributeReader.of(body), AttributeReader({"data": value}), AttributeReader({"data": body})):
        number = said.number("data", -5, 5)
        assert number is None or -5 <= number <= 5
        time = said.time("data")
        assert time is None or time.tzinfo is UTC
        assert said.text("data") != ""
        said.past(NOW, "data")
        said.token("data")
        said.one_of("data", {"on": True, 1: False})
