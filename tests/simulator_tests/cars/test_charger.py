"""Plug, charger and timer."""

from datetime import UTC, datetime, time, timedelta, timezone

import pytest

from custom_components.nissanconnect.vehicle import ChargeMode, ChargeSchedule, ChargingStatus
from tests.simulator.cars.charger import EFFICIENCY, Charger, ChargeTimer

from .build import START, battery

NIGHT = datetime(2026, 11, 18, 23, 30, tzinfo=UTC)


def plugged_in(mode: ChargeMode = ChargeMode.ALWAYS, limit: float = 100) -> Charger:
    charger = Charger(max_power=6.6, mode=mode, limit=limit)
    charger.plug_in(START)
    return charger


@pytest.mark.parametrize(("hour", "expected"), [(22, False), (23, True), (0, True), (5, True), (6, False), (12, False)])
def test_the_timer_reaches_past_midnight(hour: int, expected: bool) -> None:
    assert ChargeTimer().open_at(datetime(2026, 11, 18, hour, 0, tzinfo=UTC)) is expected


def test_the_timer_goes_by_the_clocks_of_its_place() -> None:
    timer = ChargeTimer(timezone(timedelta(hours=2)), time(1), timedelta(hours=1))

    assert timer.open_at(datetime(2026, 11, 18, 23, 30, tzinfo=UTC))
    assert not timer.open_at(datetime(2026, 11, 18, 1, 30, tzinfo=UTC))


def test_the_timer_keeps_to_the_days_on_which_its_hours_begin() -> None:
    timer = ChargeTimer(days=(2,))  # Wednesday

    assert timer.open_at(datetime(2026, 11, 18, 23, 30, tzinfo=UTC))
    assert timer.open_at(datetime(2026, 11, 19, 5, 30, tzinfo=UTC)), "Wednesday's hours last into Thursday"
    assert not timer.open_at(datetime(2026, 11, 19, 23, 30, tzinfo=UTC))


def test_a_schedule_replaces_what_was_ordered_before_and_can_be_given_up() -> None:
    charger = plugged_in()
    charger.override = True
    charger.keep_to(ChargeSchedule(time(23), time(6)))

    assert charger.status(50, START) is ChargingStatus.WAITING_FOR_SCHEDULE
    assert charger.wants(50, NIGHT)

    charger.keep_to(None)
    assert charger.wants(50, START)


def test_it_charges_what_the_wall_gives_less_the_losses() -> None:
    charger, cell = plugged_in(), battery(50)

    stored = charger.charge(cell, 3600, 6.6)

    assert stored == pytest.approx(6.6 * EFFICIENCY)
    assert charger.power == 6.6


def test_it_never_charges_past_the_limit() -> None:
    charger, cell = plugged_in(limit=51), battery(50)

    charger.charge(cell, 3600, 6.6)

    assert cell.level == pytest.approx(51)
    assert charger.is_full(cell.level)
    assert not charger.wants(cell.level, START)


@pytest.mark.parametrize(
    ("plugged", "mode", "override", "level", "at", "status"),
    [
        (False, ChargeMode.ALWAYS, None, 50, START, ChargingStatus.NOT_CHARGING),
        (True, ChargeMode.ALWAYS, None, 50, START, ChargingStatus.CHARGING),
        (True, ChargeMode.ALWAYS, None, 100, START, ChargingStatus.FINISHED),
        (True, ChargeMode.ALWAYS, False, 50, START, ChargingStatus.NOT_CHARGING),
        (True, ChargeMode.ALWAYS, False, 100, START, ChargingStatus.FINISHED),
        (True, ChargeMode.SCHEDULED, None, 50, START, ChargingStatus.WAITING_FOR_SCHEDULE),
        (True, ChargeMode.SCHEDULED, None, 50, NIGHT, ChargingStatus.CHARGING),
        (True, ChargeMode.SCHEDULED, True, 50, START, ChargingStatus.CHARGING),
    ],
)
def test_what_it_says_it_does(
    plugged: bool, mode: ChargeMode, override: bool | None, level: float, at: datetime, status: ChargingStatus
) -> None:
    charger = Charger(max_power=6.6, mode=mode, plugged=plugged, override=override)

    assert charger.status(level, at) is status
    assert charger.wants(level, at) is (status is ChargingStatus.CHARGING)


def test_pulling_the_plug_ends_what_was_ordered() -> None:
    charger = plugged_in()
    charger.override = False
    charger.unplug(NIGHT)
    charger.plug_in(NIGHT)

    assert charger.wants(50, NIGHT)
    assert (charger.plugged_at, charger.unplugged_at, charger.power) == (NIGHT, NIGHT, 0)


def test_the_estimate_agrees_with_the_charge_itself() -> None:
    charger, cell = plugged_in(), battery(30, temperature=20)
    estimate = charger.time_to(100, cell, 6.6)

    minutes = 0
    while charger.wants(cell.level, START):
        charger.charge(cell, 60, 6.6)
        minutes += 1

    assert minutes == pytest.approx(estimate.total_seconds() / 60, rel=0.03)


def test_the_estimate_is_proportional_to_the_power_while_nothing_tapers() -> None:
    charger, cell = plugged_in(), battery(30)

    assert charger.time_to(50, cell, 3.3) / charger.time_to(50, cell, 6.6) == pytest.approx(2)
    assert charger.time_to(50, cell, 6.6, level=50) == timedelta(0)
