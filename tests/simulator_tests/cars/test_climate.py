"""The rules of remote climate."""

from datetime import timedelta

from tests.simulator.cars.climate import SEATS, WHEEL, WINDOWS, RemoteClimate, Wires

from .build import START


def test_it_keeps_the_last_target_unless_told_another() -> None:
    climate = RemoteClimate()
    climate.start(START, 24)
    climate.start(START, None)

    assert climate.running
    assert climate.target == 24


def test_windows_seats_and_wheel_are_heated_only_while_it_runs_and_if_wanted() -> None:
    climate = RemoteClimate()
    climate.start(START, 21, Wires(windows=True))
    assert climate.heating == WINDOWS
    climate.start(START, 21, Wires(seats=True, wheel=True))
    assert climate.heating == SEATS + WHEEL

    climate.stop()
    assert climate.heating == 0
    climate.start(START, 21)
    assert climate.heating == 0


def test_it_runs_longer_on_mains() -> None:
    climate = RemoteClimate()
    assert climate.ends_at(plugged=True) is None

    climate.start(START, 21)
    assert climate.ends_at(plugged=False) == START + timedelta(minutes=15)
    assert climate.ends_at(plugged=True) == START + timedelta(hours=2)


def test_it_spares_an_empty_battery() -> None:
    climate = RemoteClimate(min_level=15)

    assert climate.may_run(15, plugged=False)
    assert climate.may_run(3, plugged=True)
    assert not climate.may_run(14.9, plugged=False)
