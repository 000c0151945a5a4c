"""Electric and combustion powertrains, without a vehicle around them."""

from datetime import timedelta

from hypothesis import given, strategies as st
import pytest

from custom_components.nissanconnect.vehicle import ChargeMode
from tests.simulator.cars.cabin import Cabin
from tests.simulator.cars.climate import Wires
from tests.simulator.cars.drive import Work
from tests.simulator.cars.event import Event
from tests.simulator.cars.powertrain import Span

from .build import HOUR, START, combustion, electric


@given(
    st.floats(0, 100),
    st.lists(st.tuples(st.booleans(), st.booleans(), st.none() | st.floats(0, 15), st.floats(1, 7200)), max_size=20),
    st.floats(-15, 35),
)
def test_energy_is_conserved(level: float, hours: list[tuple[bool, bool, float | None, float]], outside: float) -> None:
    """Whatever is plugged, heated and driven: what came in less what went out is what the battery gained."""
    powertrain, cabin = electric(level), Cabin(outside)
    before = powertrain.battery.energy
    for plugged, climate, used, seconds in hours:
        powertrain.charger.plugged = plugged and used is None
        powertrain.climate.started_at = START if climate else None
        powertrain.climate.wires = Wires(windows=seconds > 600, seats=seconds > 900, wheel=seconds > 1200)
        work = None if used is None else Work(used, used / 5)
        powertrain.let(Span(START, seconds, outside), cabin, work)
        assert -1e-9 <= powertrain.battery.level <= 100 + 1e-9

    assert powertrain.battery.energy - before == pytest.approx(powertrain.ledger.balance, abs=1e-6)


def test_climate_runs_on_mains_when_there_is_one() -> None:
    plugged, unplugged = electric(100, plugged=True), electric(100)
    for powertrain in (plugged, unplugged):
        powertrain.climate.start(START, 21)
        powertrain.let(Span(START, 600, 0), Cabin(0), None)

    assert plugged.battery.energy == 40
    assert plugged.ledger.mains == plugged.ledger.climate > 0
    assert unplugged.battery.energy == pytest.approx(40 - unplugged.ledger.climate)
    assert unplugged.ledger.mains == 0


def test_climate_comes_before_charging() -> None:
    warm, alone = electric(20, plugged=True), electric(20, plugged=True)
    warm.climate.start(START, 21)
    for powertrain in (warm, alone):
        powertrain.let(Span(START, 60, 0), Cabin(0), None)

    assert 0 < warm.charger.power < alone.charger.power == 6.6


def test_braking_cannot_overfill_the_battery() -> None:
    powertrain = electric(100)
    taken = powertrain.let(Span(START, 60, 21), Cabin(21), Work(0.1, 5))

    assert powertrain.battery.level == pytest.approx(100)
    assert taken.recovered == pytest.approx(taken.electricity)


def test_cold_and_comfort_shorten_the_range() -> None:
    powertrain = electric(50)
    mild = powertrain.range(21, climate_on=False)

    assert mild == pytest.approx(125)
    assert powertrain.range(21, climate_on=True) == mild
    assert powertrain.range(-5, climate_on=True) < powertrain.range(-5, climate_on=False) < mild
    assert powertrain.reaches(60, 21)
    assert not powertrain.reaches(110, 21)


def test_the_end_of_a_charge_is_told_once() -> None:
    powertrain = electric(99, plugged=True)
    told: list[Event] = []
    for minute in range(60):
        at = START + timedelta(minutes=minute)
        powertrain.let(Span(at, 60, 15), Cabin(15), None)
        told += powertrain.events(at)

    assert told == [Event.CHARGE_ENDED]
    assert not powertrain.active


def test_the_end_of_the_timer_ends_a_charge_too() -> None:
    powertrain = electric(10, plugged=True, mode=ChargeMode.SCHEDULED)
    night = START.replace(hour=23)

    assert list(powertrain.events(night)) == []
    assert list(powertrain.events(night + 8 * HOUR)) == [Event.CHARGE_ENDED]


def test_pulling_the_plug_is_no_end_of_a_charge() -> None:
    powertrain = electric(10, plugged=True)
    assert list(powertrain.events(START)) == []

    powertrain.depart(START)
    assert list(powertrain.events(START)) == []
    assert powertrain.charger.unplugged_at == START


@pytest.mark.parametrize(("level", "event"), [(50, Event.CLIMATE_STARTED), (5, Event.BATTERY_TOO_LOW)])
def test_a_scheduled_climate_starts_if_it_can(level: float, event: Event) -> None:
    powertrain = electric(level)
    powertrain.climate.schedule(START + HOUR, 23, Wires(windows=True))

    assert powertrain.next_at() == START + HOUR
    assert list(powertrain.events(START)) == []
    assert list(powertrain.events(START + HOUR)) == [event]
    assert powertrain.climate.running is (event is Event.CLIMATE_STARTED)
    assert (powertrain.climate.heating > 0) is powertrain.climate.running
    assert powertrain.climate.next_start_at is None


def test_climate_ends_by_itself() -> None:
    powertrain = electric()
    powertrain.climate.start(START, 21)
    end = powertrain.next_at()

    assert end == START + timedelta(minutes=15)
    assert list(powertrain.events(end)) == [Event.CLIMATE_STOPPED]
    assert powertrain.next_at() is None


def test_an_engine_burns_fuel_and_heats_for_nothing() -> None:
    engine, cabin = combustion(), Cabin(0)
    taken = engine.let(Span(START, 1800, 0), cabin, Work(5, 1))

    assert taken.fuel == pytest.approx(5 / 8.9 / 0.27)
    assert engine.quantity == pytest.approx(30 - taken.fuel)
    assert engine.level == pytest.approx(2 * engine.quantity)
    assert engine.range == pytest.approx(100 * engine.quantity / 6)
    assert cabin.temperature > 20


def test_an_engine_started_from_afar_idles_warms_and_stops() -> None:
    engine, cabin = combustion(), Cabin(0)
    engine.engine_started_at = START
    engine.let(Span(START, 600, 0), cabin, None)

    assert engine.active
    assert 0.1 < engine.burnt < 0.2
    assert cabin.temperature > 15
    assert engine.next_at() == START + timedelta(minutes=10)
    assert list(engine.events(START)) == []
    assert list(engine.events(START + timedelta(minutes=10))) == [Event.ENGINE_STOPPED]
    assert not engine.active
    assert engine.next_at() is None


def test_a_parked_engine_burns_nothing_and_a_tank_ends() -> None:
    engine = combustion(0.1)
    engine.let(Span(START, 86_400, 5), Cabin(5), None)
    assert engine.quantity == 0.1

    taken = engine.let(Span(START, 3600, 5), Cabin(5), Work(20, 0))
    assert (engine.quantity, taken.fuel) == (0, 0.1)
    assert not engine.reaches(1, 5)

    engine.fill()
    assert engine.reaches(500, 5)


def test_departing_ends_a_remote_start() -> None:
    engine = combustion()
    engine.engine_started_at = START
    engine.depart(START)

    assert not engine.active
