"""What battery-status means, in all its versions (kamereon-eu §8.1-8.3)."""

from dataclasses import replace
from datetime import timedelta

import pytest

from custom_components.nissanconnect.backends.base import Json
from custom_components.nissanconnect.backends.kamereon.mapping import battery_status
from custom_components.nissanconnect.vehicle import (
    Battery,
    ChargeSpeed,
    Charging,
    ChargingStatus,
    Fuel,
    Powertrain,
    VehicleInfo,
    VehicleState,
)

from ..conftest import NOW
from .bodies import body, mapped, stamp, today
from .fake import ARIYA, LEAF, MICRA, QASHQAI


def charging(**attributes: Json) -> Charging:
    state = mapped(battery_status, attributes, LEAF)
    assert state.charging is not None
    return state.charging


def battery(vehicle: VehicleInfo = LEAF, **attributes: Json) -> Battery | None:
    return mapped(battery_status, {"batteryLevel": 50, **attributes}, vehicle).battery


class TestBattery:
    def test_a_parked_leaf(self) -> None:
        at = stamp(today(18, 5))
        assert mapped(battery_status, body("battery-status.v1.leaf"), LEAF) == VehicleState(
            battery=Battery(**at, level=71, range=188, range_climate_on=174, capacity=39.5, temperature=0),
            charging=Charging(
                **at,
                plugged_in=False,
                status=ChargingStatus.NOT_CHARGING,
            ),
        )

    def test_a_charging_leaf(self) -> None:
        at = stamp(today(18, 20))
        assert mapped(battery_status, body("battery-status.v1.leaf.charging"), LEAF) == VehicleState(
            battery=Battery(**at, level=33, range=120, range_climate_on=108),
            charging=Charging(
                **at,
                plugged_in=True,
                status=ChargingStatus.CHARGING,
                power=6.3,
                speed=ChargeSpeed.FAST,
                finish_at=today(18, 20) + timedelta(minutes=400),
            ),
        )

    def test_a_charging_ariya(self) -> None:
        at = stamp(today(12, 0, 30))
        assert mapped(battery_status, body("battery-status.v2.ariya"), ARIYA) == VehicleState(
            battery=Battery(**at, level=48, range=240, capacity=87, energy=41),
            charging=Charging(
                **at,
                plugged_in=True,
                status=ChargingStatus.CHARGING,
                power=6.6,
                finish_at=today(20, 0, 30),
            ),
        )

    def test_a_micra_with_its_flap_open(self) -> None:
        at = stamp(today(17, 45))
        assert mapped(battery_status, body("battery-status.v3.micra"), MICRA) == VehicleState(
            battery=Battery(**at, level=62, range=201),
            charging=Charging(**at, plugged_in=True, status=ChargingStatus.FLAP_OPEN),
        )

    def test_a_qashqai_has_a_tank(self) -> None:
        expected = VehicleState(fuel=Fuel(**stamp(today(16, 12, 44)), range=530))
        assert mapped(battery_status, body("battery-status.v1.qashqai"), QASHQAI) == expected

    @pytest.mark.parametrize("powertrain", [Powertrain.HYBRID, None])
    def test_what_shows_no_battery_has_a_tank(self, powertrain: Powertrain | None) -> None:
        state = mapped(battery_status, body("battery-status.v1.qashqai"), replace(QASHQAI, powertrain=powertrain))
        assert state.fuel is not None
        assert state.battery is None

    def test_an_electric_vehicle_never_has_a_tank(self) -> None:
        state = mapped(battery_status, body("battery-status.v1.qashqai"), LEAF)
        assert state == VehicleState(battery=Battery(**stamp(today(16, 12, 44)), range_climate_on=530))

    def test_a_combustion_vehicle_never_has_a_traction_battery(self) -> None:
        assert mapped(battery_status, body("battery-status.v1.leaf"), QASHQAI) == VehicleState(
            fuel=Fuel(**stamp(today(18, 5)), range=174)
        )

    @pytest.mark.parametrize("powertrain", [Powertrain.HYBRID, None])
    def test_a_hybrid_that_plugs_in_has_a_battery(self, powertrain: Powertrain | None) -> None:
        state = mapped(battery_status, body("battery-status.v1.leaf"), replace(LEAF, powertrain=powertrain))
        assert state.battery is not None
        assert state.fuel is None

    def test_a_hollow_version_1(self) -> None:
        assert mapped(battery_status, body("battery-status.v1.ariya"), ARIYA) == VehicleState(
            battery=Battery(**stamp(), level=81),
            charging=Charging(**stamp(), plugged_in=False, status=ChargingStatus.NOT_CHARGING),
        )

    @pytest.mark.parametrize(("raw", "level"), [(0, 0), (100, 100), ("57", 57), (-1, None), (101, None), (True, None)])
    def test_level(self, raw: Json, level: float | None) -> None:
        state = mapped(battery_status, {"batteryLevel": raw, "batteryAutonomy": 100}, LEAF)
        assert state.battery is not None
        assert state.battery.level == level

    @pytest.mark.parametrize(
        ("raw", "capacity"),
        [
            (62000, 62),
            (87, 87),
            (40000.0, 40),
            (0, None),
            (240, None),
            (240_000, None),
            (500, None),
            (-40, None),
            (None, None),
        ],
    )
    def test_capacity(self, raw: Json, capacity: float | None) -> None:
        found = battery(batteryCapacity=raw)
        assert found is not None
        assert found.capacity == capacity

    @pytest.mark.parametrize(("raw", "energy"), [(37, 37), (37_500, 37.5), (0, None), (-1, None)])
    def test_energy(self, raw: Json, energy: float | None) -> None:
        found = battery(batteryAvailableEnergy=raw)
        assert found is not None
        assert found.energy == energy

    @pytest.mark.parametrize(
        ("vehicle", "raw", "temperature"),
        [(LEAF, 0, 0), (MICRA, 0, None), (MICRA, 12, 12), (LEAF, -20, -20), (LEAF, 1000, None)],
    )
    def test_temperature(self, vehicle: VehicleInfo, raw: Json, temperature: float | None) -> None:
        found = battery(vehicle, batteryTemperature=raw)
        assert found is not None
        assert found.temperature == temperature

    def test_both_names_of_a_time(self) -> None:
        found = battery(lastUpdateTime="2030-01-01T00:00:00Z", timestamp="2026-11-20T10:00:00Z")
        assert found is not None
        assert found.reported_at == today(10)

    @pytest.mark.parametrize("said", ["1970-01-01T00:00:00Z", "2026-11-20T18:35:01Z", "yesterday", 5])
    def test_a_time_that_cannot_be(self, said: Json) -> None:
        found = battery(lastUpdateTime=said)
        assert found is not None
        assert found.reported_at is None
        assert found.received_at == NOW


class TestCharging:
    @pytest.mark.parametrize(
        ("raw", "plug", "status"),
        [
            (0.0, 1, ChargingStatus.NOT_CHARGING),
            (0.1, 1, ChargingStatus.WAITING_FOR_SCHEDULE),
            (0.2, 1, ChargingStatus.FINISHED),
            (0.3, 1, ChargingStatus.WAITING_FOR_POWER),
            (0.4, 0, ChargingStatus.FLAP_OPEN),
            (1.0, 1, ChargingStatus.CHARGING),
            (1, None, ChargingStatus.CHARGING),
            ("1.0", 1, ChargingStatus.CHARGING),
            (1.0, 0, ChargingStatus.NOT_CHARGING),
            (-1.0, 1, ChargingStatus.ERROR),
            (-1.0, 0, ChargingStatus.NOT_CHARGING),
            (-1, None, ChargingStatus.NOT_CHARGING),
            (-1.1, 1, None),
            (-1.3, 1, ChargingStatus.V2G_WAITING),
            (-1.4, 1, ChargingStatus.V2L_CONNECTED),
            (-1.5, 1, ChargingStatus.V2G_DISCHARGING),
            (-1.6, 1, ChargingStatus.V2G_CHARGING),
            (0.7, 1, None),
            (2, 1, None),
            ("charging", 1, None),
        ],
        ids=repr,
    )
    @pytest.mark.parametrize("name", ["chargingStatus", "chargeStatus"])
    def test_status(self, name: str, raw: Json, plug: Json, status: ChargingStatus | None) -> None:
        assert charging(**{name: raw}, plugStatus=plug, chargePower=1).status == status

    def test_the_newer_name_of_the_status_counts(self) -> None:
        assert charging(chargingStatus=0.3, chargeStatus=1, plugStatus=1).status is ChargingStatus.WAITING_FOR_POWER
        assert charging(chargingStatus=None, chargeStatus=1, plugStatus=1).status is ChargingStatus.CHARGING

    @pytest.mark.parametrize(
        ("raw", "plugged_in"),
        [(0, False), (1, True), (-1, None), (-2147483648, None), (3, None), (None, None), ("1", True)],
        ids=repr,
    )
    def test_plug(self, raw: Json, plugged_in: bool | None) -> None:
        assert charging(plugStatus=raw, chargingStatus=0.0).plugged_in is plugged_in

    @pytest.mark.parametrize(
        ("raw", "speed"),
        [
            (1, ChargeSpeed.SLOW),
            (2, ChargeSpeed.NORMAL),
            (3, ChargeSpeed.FAST),
            (4, ChargeSpeed.FASTEST),
            (5, ChargeSpeed.ADAPTIVE),
            (0, None),
            (None, None),
            (9, None),
        ],
    )
    def test_speed(self, raw: Json, speed: ChargeSpeed | None) -> None:
        assert charging(plugStatus=1, chargePower=raw).speed is speed

    @pytest.mark.parametrize(
        ("attributes", "power"),
        [
            ({"chargingInstantaneousPower": 6.6}, 6.6),
            ({"chargingInstantaneousPower": 130}, 130),
            ({"chargingInstantaneousPower": 2200}, 2.2),
            ({"instantaneousPower": 6600}, 6.6),
            ({"chargingInstantaneousPower": None, "instantaneousPower": 3.7}, 3.7),
            ({"chargingInstantaneousPower": 0}, 0),
            ({"instantaneousPower": -5}, None),
        ],
    )
    def test_power(self, attributes: dict[str, Json], power: float | None) -> None:
        assert charging(plugStatus=1, **attributes).power == power

    TIMES = {"timeRequiredToFullSlow": 600, "timeRequiredToFullNormal": 300, "timeRequiredToFullFast": 120}

    @pytest.mark.parametrize(("speed", "minutes"), [(1, 600), (2, 300), (3, 120), (4, None), (5, None), (None, None)])
    def test_the_end_depends_on_the_speed(self, speed: Json, minutes: int | None) -> None:
        finish_at = charging(plugStatus=1, chargeStatus=1, chargePower=speed, **self.TIMES).finish_at
        assert finish_at == (None if minutes is None else NOW + timedelta(minutes=minutes))

    def test_the_end_counts_from_the_report(self) -> None:
        said = charging(
            plugStatus=1, chargingStatus=1.0, chargingRemainingTime=180, timestamp="2026-11-20T17:00:00Z", **self.TIMES
        )
        assert said.finish_at == today(20)

    def test_an_end_in_the_past_is_none(self) -> None:
        """It was due before the clock says: the report is old, and nobody knows what has come since."""
        said = charging(
            plugStatus=1, chargingStatus=1.0, chargingRemainingTime=90, timestamp="2026-11-20T17:00:00Z", **self.TIMES
        )
        assert said.status is ChargingStatus.CHARGING
        assert said.finish_at is None

    @pytest.mark.parametrize("remaining", [{}, {"chargingRemainingTime": 0}])
    def test_zero_minutes_are_not_told(self, remaining: dict[str, Json]) -> None:
        times: dict[str, Json] = {**self.TIMES, "timeRequiredToFullFast": 0}
        assert charging(plugStatus=1, chargeStatus=1, chargePower=3, **times, **remaining).finish_at is None
        said = charging(plugStatus=1, chargeStatus=1, chargePower=1, **times, **remaining)
        assert said.finish_at == NOW + timedelta(minutes=600)

    @pytest.mark.parametrize("status", [0.0, 0.1, 0.2, 0.3, 0.4, -1.0, -1.1, None])
    def test_there_is_no_end_while_nothing_charges(self, status: Json) -> None:
        said = charging(plugStatus=1, chargingStatus=status, chargingRemainingTime=427, chargePower=1, **self.TIMES)
        assert said.finish_at is None

    @pytest.mark.parametrize("minutes", [-1, 1e300, "long", True])
    def test_an_end_that_cannot_be(self, minutes: Json) -> None:
        assert charging(plugStatus=1, chargingStatus=1.0, chargingRemainingTime=minutes).finish_at is None

    @pytest.mark.parametrize("plug", [3, None, -1, "?"])
    @pytest.mark.parametrize(
        ("status", "plugged_in"),
        [(0.1, True), (0.2, True), (0.3, True), (1.0, True), (0.0, None), (0.4, None), (-1.0, None)],
    )
    def test_the_status_tells_of_the_plug_where_that_is_unknown(
        self, plug: Json, status: float, plugged_in: bool | None
    ) -> None:
        assert charging(plugStatus=plug, chargingStatus=status).plugged_in is plugged_in
