"""What ``script/demo --check`` rests on; the checks themselves run in it."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from hypothesis import given, strategies as st

from script.demo_home.check import evening
from tests.simulator.cars.garage import MAKES
from tests.simulator.cars.scenario import Depart


@given(st.datetimes(timezones=st.just(UTC), min_value=datetime(2000, 1, 1), max_value=datetime(2100, 1, 1)))  # noqa: DTZ001
def test_somewhere_it_is_always_evening(now: datetime) -> None:
    assert now.astimezone(ZoneInfo(evening(now))).hour == 21


def test_in_the_evening_nobody_drives() -> None:
    departures = [
        errand.at
        for make in MAKES
        for errand in make(datetime(2026, 1, 1, tzinfo=UTC), UTC).scenario
        if isinstance(errand, Depart)
    ]

    assert departures
    assert all(at.hour < 19 for at in departures)
