"""The LEAF's tour for spectators."""

from datetime import UTC, datetime, timedelta
from itertools import groupby

from aiohttp import ClientSession
import pytest

from tests.simulator import Simulator
from tests.simulator.cars.electric import Electric
from tests.simulator.cars.places import HOME
from tests.simulator.tour import LENGTH, SPEED, TourClock, garage

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def test_the_clock_stands_behind_until_the_tour_and_catches_up() -> None:
    real = NOON
    clock = TourClock(lambda: real)
    assert clock() == NOON - LENGTH
    real += MINUTE
    assert not clock.begin()
    assert clock() == NOON + MINUTE - LENGTH
    real += LENGTH / SPEED / 2
    assert not clock.begin()
    assert NOON + MINUTE - LENGTH / 2 <= clock() <= real - LENGTH / 3
    real += LENGTH / SPEED
    assert clock() == real
    assert clock.begin()
    assert LENGTH / SPEED < MINUTE


@pytest.mark.parametrize("hour", [0, 9, 12, 21, 23])
def test_what_the_leaf_does(hour: int) -> None:
    start = NOON.replace(hour=hour, minute=35)
    leaf = next(each for each in garage(start, seed=0, zone=UTC).vehicles.values() if each.info.model == "Leaf")
    assert isinstance(leaf.powertrain, Electric)
    seen, told = [], []
    for minute in range(41):
        leaf.advance(start + minute * MINUTE)
        assert leaf.cloud.state.odometer is not None
        told.append(leaf.cloud.state.odometer.distance or 0.0)
        charging = leaf.powertrain.charger.power > 0
        seen.append((charging, leaf.is_at(HOME), leaf.powertrain.charger.plugged, leaf.powertrain.battery.level))
    assert seen[3][:3] == (True, True, True)
    assert seen[13][:3] == (False, True, True)
    assert seen[13][3] == pytest.approx(82, abs=0.1)
    assert not seen[20][1]
    assert seen[39][1:3] == (True, True)
    assert min(level for *_, level in seen) < 78
    back = next(minute for minute in range(20, 41) if seen[minute][1])
    assert LENGTH - back * MINUTE > 12 * MINUTE
    assert [each for each, _ in groupby(told)] == [told[0], round(leaf.odometer, 1)]
    assert leaf.odometer - told[0] == pytest.approx(leaf.cloud.trips[-1].distance, abs=0.1)


@pytest.mark.parametrize("day", range(7))
def test_the_ariya_waits_at_the_plug_with_much_to_charge(day: int) -> None:
    for hour in (0, 12):
        start = NOON.replace(hour=hour) + timedelta(days=day)
        ariya = next(each for each in garage(start, seed=0, zone=UTC).vehicles.values() if each.info.model == "Ariya")
        assert isinstance(ariya.powertrain, Electric)
        assert ariya.is_at(HOME)
        assert ariya.powertrain.charger.plugged
        assert ariya.powertrain.battery.level == pytest.approx(45)
        assert ariya.cloud.trips
        ariya.advance(start + timedelta(hours=20))
        assert (ariya.is_at(HOME), ariya.powertrain.charger.plugged) == (True, True)
        assert ariya.powertrain.battery.level > 85


async def test_a_control_is_called(socket_enabled: None) -> None:
    called: list[object] = []
    simulator = Simulator(now=lambda: NOON)
    url = await simulator.start(controls={"tour": called.append})
    try:
        async with ClientSession() as session, session.post(f"{url}/simulator/tour") as response:
            assert response.status == 200
    finally:
        await simulator.stop()
    assert called == [{}]
