"""A whole vehicle: laws first, then a day in its life."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.nissanconnect.vehicle import (
    ChargeMode,
    ChargingStatus,
    Command,
    Group,
    Refresh,
    StartCharging,
    StartClimate,
)
from tests.simulator.cars.event import Event
from tests.simulator.cars.places import HOME, TO_SCIENCE_PARK, TO_UTRECHT
from tests.simulator.cars.vehicle import SimulatedVehicle

from .build import COMMUTE, DAY, HOUR, MINUTE, START, electric, executed, powertrain, vehicle

cuts = st.lists(st.floats(0, 86_400 * 2), max_size=8).map(sorted)


def commuter(level: float = 70, mode: ChargeMode = ChargeMode.SCHEDULED) -> SimulatedVehicle:
    return vehicle(electric(level, mode=mode), scenario=COMMUTE)


@settings(max_examples=25)
@given(st.integers(0, 50), cuts, st.lists(st.sampled_from([Refresh(), StartClimate(23), StartCharging()]), max_size=8))
def test_how_time_is_cut_makes_no_difference(level: int, seconds: Sequence[float], commands: list[Command]) -> None:
    """advance(a), advance(b) equals advance(b), with commands on the way and within the accuracy of a step."""
    whole, cut = (commuter(50 + level) for _ in range(2))
    for each in (whole, cut):
        for command in commands:
            each.order(command)
    for second in [*seconds, 2 * 86_400]:
        cut.advance(START + timedelta(seconds=second))
    whole.advance(START + 2 * DAY)

    assert cut.now == whole.now
    assert cut.odometer == pytest.approx(whole.odometer, abs=1e-6)
    assert cut.twelve_volt.charge == pytest.approx(whole.twelve_volt.charge, abs=0.5)
    assert cut.cabin.temperature == pytest.approx(whole.cabin.temperature, abs=0.2)
    assert powertrain(cut).battery.level == pytest.approx(powertrain(whole).battery.level, abs=0.3)
    assert cut.telematics.executed == whole.telematics.executed
    assert [m.kind for m in cut.cloud.messages] == [m.kind for m in whole.cloud.messages]
    assert [(t.started_at, t.ended_at) for t in cut.cloud.trips] == [
        (t.started_at, t.ended_at) for t in whole.cloud.trips
    ]


@settings(max_examples=25)
@given(st.integers(0, 1000), st.floats(0, 100), cuts, st.sampled_from(ChargeMode))
def test_the_laws_hold_all_the_time(seed: int, level: float, seconds: Sequence[float], mode: ChargeMode) -> None:
    car = vehicle(electric(level, mode=mode), scenario=COMMUTE, seed=seed)
    before = powertrain(car).battery.energy
    for second in seconds:
        odometer = car.odometer
        car.advance(START + timedelta(seconds=second))
        battery = powertrain(car).battery
        assert -1e-9 <= battery.level <= 100 + 1e-9
        assert car.odometer >= odometer
        assert battery.energy - before == pytest.approx(powertrain(car).ledger.balance, abs=1e-6)


def test_the_clock_is_never_turned_back() -> None:
    car = commuter()
    car.advance(START + HOUR)
    odometer = car.odometer
    car.advance(START)

    assert (car.now, car.odometer) == (START + HOUR, odometer)


def test_equal_seeds_lead_equal_lives() -> None:
    one, same, other = (vehicle(electric(60), scenario=COMMUTE, seed=seed) for seed in (1, 1, 2))
    for each in (one, same, other):
        each.advance(START + 3 * DAY)

    assert one.cloud.reported == same.cloud.reported
    assert one.cloud.trips != other.cloud.trips


def test_a_day() -> None:
    car = commuter()
    car.advance(START + DAY - HOUR)
    out, back = car.cloud.trips
    said = car.cloud.state

    assert out.distance == pytest.approx(TO_SCIENCE_PARK.length)
    assert out.started_at < out.ended_at < back.started_at
    assert 1 < out.consumption.electricity < 3
    assert car.odometer == pytest.approx(1000 + 2 * TO_SCIENCE_PARK.length)
    assert car.is_at(HOME)
    assert powertrain(car).battery.level == pytest.approx(100)
    assert said.charging is not None
    assert said.charging.status is ChargingStatus.FINISHED
    assert [message.kind for message in car.cloud.messages] == [Event.CHARGE_ENDED]
    assert said.odometer is not None
    assert said.odometer.reported_at == back.ended_at
    assert car.telematics.wakes == 0


def test_a_moving_vehicle_reports_every_two_minutes_and_tells_everything_at_the_end() -> None:
    car = vehicle(electric(80))
    car.depart(TO_UTRECHT)
    reports: list[datetime] = []
    while car.drive is not None:
        car.advance(car.now + timedelta(seconds=20))
        position = car.cloud.state.position
        assert position is not None
        assert position.reported_at is not None
        if car.drive is not None and position.reported_at > START:
            reports.append(position.reported_at)

    (trip,) = car.cloud.trips
    assert sorted(set(reports)) == [START + 2 * n * MINUTE for n in range(1, len(set(reports)) + 1)]
    assert len(set(reports)) == int((trip.ended_at - START) / (2 * MINUTE))
    assert {group.reported_at for group in car.cloud.reported.values()} == {trip.ended_at}


def test_what_is_not_reported_stays_old() -> None:
    car = commuter(mode=ChargeMode.ALWAYS)
    car.plug_in()
    car.advance(START + 20 * MINUTE)
    said = car.cloud.state.battery

    assert said is not None
    assert said.reported_at == START
    assert powertrain(car).battery.level > 74

    executed(car, Refresh(Group.BATTERY))
    fresh, climate = car.cloud.state.battery, car.cloud.state.climate
    assert fresh is not None
    assert fresh.reported_at is not None
    assert fresh.reported_at > START
    assert fresh.level in {75, 76}
    assert climate is not None
    assert climate.reported_at == START


@pytest.mark.parametrize(
    ("group", "told"),
    [
        (Group.CHARGING, {Group.BATTERY, Group.CHARGING, Group.SCHEDULES}),
        (Group.POSITION, {Group.POSITION}),
        (Group.CLIMATE, {Group.CLIMATE}),
        (Group.BODY, {Group.BODY}),
        (Group.ODOMETER, {Group.ODOMETER}),
        (None, set(Group) - {Group.FUEL, Group.CONNECTIVITY, Group.COUNTERS, Group.SOFTWARE, Group.SUBSCRIPTION}),
    ],
)
def test_a_refresh_brings_what_belongs_together(group: Group | None, told: set[Group]) -> None:
    car = vehicle()
    car.advance(START + HOUR)
    executed(car, Refresh(group))
    fresh = {g for g, said in car.cloud.reported.items() if said.reported_at and said.reported_at > START + HOUR}

    assert fresh == told | {Group.AUX_BATTERY, Group.PRIVACY}


def test_plugging_and_unplugging_report() -> None:
    car = vehicle()
    car.advance(START + HOUR)
    car.plug_in()
    car.plug_in()
    plugged = car.cloud.state.charging
    car.advance(START + 2 * HOUR)
    car.unplug()
    car.unplug()
    unplugged = car.cloud.state.charging

    assert plugged is not None
    assert (plugged.plugged_in, plugged.reported_at) == (True, START + HOUR)
    assert unplugged is not None
    assert (unplugged.plugged_in, unplugged.reported_at) == (False, START + 2 * HOUR)
    charger = powertrain(car).charger
    assert (charger.plugged_at, charger.unplugged_at) == (START + HOUR, START + 2 * HOUR)


def test_charging_charges_the_12_volt_battery() -> None:
    car = vehicle(electric(20))
    car.twelve_volt.charge = 60
    car.plug_in()
    car.advance(START + HOUR)

    assert car.twelve_volt.charge > 70
    assert car.twelve_volt.voltage > 14


def test_a_policy_of_permanent_waking_empties_the_12_volt_battery() -> None:
    """What owners saw: a wake every ten minutes and the vehicle is dead within days (kamereon-eu §16.2)."""
    car = vehicle()
    while car.telematics.reachable and car.now < START + 10 * DAY:
        car.order(Refresh())
        car.advance(car.now + 10 * MINUTE)

    assert START + DAY < car.now < START + 5 * DAY
    reported = car.cloud.state.battery
    assert reported is not None
    car.order(Refresh())
    car.advance(car.now + HOUR)
    assert car.cloud.state.battery == reported


def test_charging_makes_a_dead_vehicle_reachable_again() -> None:
    car = vehicle(electric(20))
    car.twelve_volt.charge = 30
    assert not car.telematics.reachable

    car.plug_in()
    car.advance(START + MINUTE)
    assert car.telematics.reachable


def test_without_coverage_nothing_is_reported() -> None:
    car = vehicle()
    car.telematics.covered = False
    car.advance(START + HOUR)
    car.plug_in()

    charging = car.cloud.state.charging
    assert charging is not None
    assert charging.plugged_in is False


def test_privacy_keeps_the_position_back() -> None:
    car = vehicle()
    car.set_privacy(on=True)
    executed(car, Refresh(Group.POSITION))
    position, privacy = car.cloud.state.position, car.cloud.state.privacy

    assert privacy is not None
    assert privacy.active
    assert position is not None
    assert position.reported_at == START

    car.set_privacy(on=False)
    executed(car, Refresh(Group.POSITION))
    assert [message.kind for message in car.cloud.messages] == [Event.PRIVACY_ON, Event.PRIVACY_OFF]
    assert car.cloud.state.position != position
