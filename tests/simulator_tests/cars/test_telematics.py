"""The telematics unit."""

from datetime import datetime, timedelta
from random import Random

from hypothesis import given, strategies as st
import pytest

from custom_components.nissanconnect.vehicle import Command, Phase, Refresh, SoundHorn
from tests.simulator.cars.telematics import GIVE_UP, Action, Manner, Telematics
from tests.simulator.cars.twelve_volt import WAKE_COST, TwelveVolt

from .build import START


def unit(charge: float = 90) -> Telematics:
    return Telematics(Random(1), TwelveVolt(charge))


def run(unit: Telematics, until: datetime, refusal: str | None = None) -> None:
    while (due := unit.next_at()) is not None and due <= until:
        unit.work(due, lambda _: refusal)


def order(unit: Telematics, command: Command | None = None, at: datetime = START) -> Action:
    return unit.accept(command or Refresh(), at)


def test_a_sleeping_unit_takes_ten_to_sixty_seconds() -> None:
    for _ in range(50):
        delay = order(unit()).due_at - START
        assert timedelta(seconds=10) <= delay <= timedelta(seconds=60)


def test_a_unit_can_be_given_another_delay() -> None:
    impatient = unit()
    impatient.wake_delay = (1, 3)

    assert timedelta(seconds=1) <= order(impatient).due_at - START <= timedelta(seconds=3)


def test_an_awake_unit_answers_at_once_and_costs_nothing() -> None:
    awake = unit()
    run(awake, order(awake).due_at)
    second = order(awake, at=START + timedelta(minutes=2))
    run(awake, second.due_at)

    assert second.due_at - second.accepted_at < timedelta(seconds=10)
    assert awake.wakes == 1
    assert awake.twelve_volt.charge == pytest.approx(90 - WAKE_COST)
    assert awake.executed == [Refresh(), Refresh()]


@given(st.integers(1, 150))
def test_every_wake_is_paid_for(wakes: int) -> None:
    sleeping = unit()
    for number in range(wakes):
        run(sleeping, order(sleeping, at=START + number * timedelta(hours=1)).due_at)

    assert sleeping.wakes == wakes
    assert sleeping.twelve_volt.charge == pytest.approx(90 - wakes * WAKE_COST)


def test_nothing_happens_before_its_time() -> None:
    waiting = unit()
    action = order(waiting)
    waiting.work(START + timedelta(seconds=9), lambda _: None)

    assert action.phase is Phase.PENDING
    assert waiting.executed == []


def test_a_refusal_of_the_vehicle_is_passed_on() -> None:
    refusing = unit()
    action = order(refusing)
    run(refusing, START + GIVE_UP, refusal="no")

    assert (action.phase, action.code, refusing.executed) == (Phase.REJECTED, "no", [])


def test_manners() -> None:
    polite, silent, stubborn, liar = (unit() for _ in range(4))
    silent.manner, stubborn.manner, liar.manner = Manner.SILENT, Manner.REFUSING, Manner.CONTRADICTING
    actions = [order(each, SoundHorn()) for each in (polite, silent, stubborn, liar)]
    for each in (polite, silent, stubborn, liar):
        run(each, START + timedelta(days=1))

    assert [(a.phase, a.code) for a in actions] == [
        (Phase.DONE, None),
        (Phase.PENDING, None),
        (Phase.REJECTED, "12"),
        (Phase.UNCERTAIN, "Failed"),
    ]
    assert [each.executed for each in (polite, silent, stubborn, liar)] == [[SoundHorn()], [], [], [SoundHorn()]]


def test_without_coverage_the_cloud_gives_up() -> None:
    lost = unit()
    lost.covered = False
    action = order(lost)
    phases = []
    for moment in (START + GIVE_UP - timedelta(seconds=1), START + GIVE_UP):
        run(lost, moment)
        phases.append(action.phase)

    assert phases == [Phase.PENDING, Phase.TIMED_OUT]
    assert (lost.wakes, lost.twelve_volt.charge) == (0, 90)


def test_coverage_that_returns_in_time_is_enough() -> None:
    lost = unit()
    lost.covered = False
    action = order(lost)
    run(lost, action.due_at)
    lost.covered = True
    run(lost, START + GIVE_UP)

    assert action.phase is Phase.DONE


def test_a_weak_battery_refuses_to_wake() -> None:
    weak = unit(charge=39)
    action = order(weak)
    run(weak, START + GIVE_UP)

    assert not weak.reachable
    assert (action.phase, weak.twelve_volt.charge) == (Phase.TIMED_OUT, 39)
