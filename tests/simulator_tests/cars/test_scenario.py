"""What people do all week."""

from datetime import UTC, date, datetime, time, timedelta, timezone

from hypothesis import given, strategies as st
import pytest

from tests.simulator.cars.places import TO_SCIENCE_PARK, TO_THE_SHOPS
from tests.simulator.cars.scenario import (
    WEEKEND,
    WORKDAYS,
    Agenda,
    Depart,
    Errand,
    PlugIn,
    distance_since,
)

MONDAY = datetime(2026, 11, 16, tzinfo=UTC)
OUT, HOME = Depart(at=time(8), days=WORKDAYS, route=TO_SCIENCE_PARK), PlugIn(at=time(18))
SHOPPING = Depart(at=time(10), days=WEEKEND, route=TO_THE_SHOPS)
WEEK = (HOME, OUT, SHOPPING)


def entries(agenda: Agenda, until: datetime) -> list[tuple[datetime, Errand]]:
    found = []
    while agenda.next_at is not None and agenda.next_at < until:
        at = agenda.next_at
        found += [(at, errand) for errand in agenda.due(at)]
    return found


def test_a_week_in_the_order_of_its_times() -> None:
    done = entries(Agenda(WEEK, MONDAY, UTC, "seed"), MONDAY + timedelta(days=7))

    assert [errand for _, errand in done] == [OUT, HOME] * 5 + [SHOPPING, HOME] * 2
    assert [at for at, _ in done] == sorted(at for at, _ in done)
    for at, errand in done:
        planned = datetime.combine(at.date(), errand.at, UTC)
        assert abs(at - planned) <= errand.spread
    assert len({at.time() for at, _ in done}) == len(done)


@given(st.integers(0, 10 * 86_400))
def test_it_does_not_matter_when_the_agenda_was_opened(seconds: int) -> None:
    opened, end = MONDAY + timedelta(seconds=seconds), MONDAY + timedelta(days=12)
    early = entries(Agenda(WEEK, MONDAY, UTC, "seed"), end)

    assert entries(Agenda(WEEK, opened, UTC, "seed"), end) == [entry for entry in early if entry[0] > opened]


def test_another_seed_has_other_delays() -> None:
    end = MONDAY + timedelta(days=1)

    assert entries(Agenda(WEEK, MONDAY, UTC, "one"), end) != entries(Agenda(WEEK, MONDAY, UTC, "two"), end)


def test_times_are_local() -> None:
    zone = timezone(timedelta(hours=9))
    at = Agenda((Depart(at=time(8), route=TO_THE_SHOPS, spread=timedelta(0)),), MONDAY, zone, "").next_at

    assert at == MONDAY + timedelta(hours=23)


def test_nothing_to_do() -> None:
    agenda = Agenda((), MONDAY, UTC, "")

    assert agenda.next_at is None
    assert list(agenda.due(MONDAY)) == []


@given(st.integers(0, 800))
def test_the_distance_driven_is_the_sum_of_its_days(days: int) -> None:
    since, total = date(2026, 1, 1), 0.0
    for number in range(days):
        weekday = (since + timedelta(days=number)).weekday()
        total += TO_SCIENCE_PARK.length if weekday in WORKDAYS else TO_THE_SHOPS.length

    assert distance_since(WEEK, since, since + timedelta(days=days)) == pytest.approx(total)
