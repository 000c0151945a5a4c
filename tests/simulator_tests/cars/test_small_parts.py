"""12 V battery, tyres, weather."""

from datetime import UTC, datetime, timedelta, timezone

from hypothesis import given, strategies as st
import pytest

from custom_components.nissanconnect.vehicle import UpdateStatus
from tests.simulator.cars.body import BodyShell
from tests.simulator.cars.firmware import Firmware
from tests.simulator.cars.twelve_volt import WAKE_COST, WAKE_MINIMUM, TwelveVolt
from tests.simulator.cars.weather import outside_temperature


@given(st.floats(0, 100), st.lists(st.tuples(st.booleans(), st.floats(0, 86_400)), max_size=20))
def test_the_12_volt_battery_stays_in_its_bounds(charge: float, spans: list[tuple[bool, float]]) -> None:
    battery = TwelveVolt(charge)
    for fed, seconds in spans:
        before = battery.charge
        battery.let(seconds, fed=fed)
        assert 0 <= battery.charge <= 100
        assert battery.charge >= before if fed else battery.charge <= before
        assert 11.6 <= battery.voltage <= 14.2


def test_wakes_are_paid_until_they_cannot_be_afforded() -> None:
    battery, wakes = TwelveVolt(90), 0
    while battery.can_wake:
        battery.pay_wake()
        wakes += 1

    assert wakes == pytest.approx((90 - WAKE_MINIMUM) / WAKE_COST, abs=1)
    assert 11.9 < battery.voltage < 12.2


def test_a_month_in_the_garage_does_not_empty_it() -> None:
    battery = TwelveVolt(92)
    battery.let(30 * 86_400, fed=False)

    assert 75 < battery.charge < 85
    assert battery.can_wake


def test_tyres_lose_about_a_tenth_of_a_bar_for_ten_degrees() -> None:
    body = BodyShell()
    mild, cold = body.pressures(20), body.pressures(10)

    assert mild == pytest.approx(body.tyres)
    assert all(8 < warm - chilled < 14 for warm, chilled in zip(mild, cold, strict=True))


@given(st.integers(0, 20 * 366 * 24).map(lambda hours: datetime(2020, 1, 1, tzinfo=UTC) + timedelta(hours=hours)))
def test_the_weather_is_mild(at: datetime) -> None:
    assert -10 < outside_temperature(at, UTC) < 30


def test_summer_and_afternoons_are_warmer() -> None:
    def mean(month: int, hour: int) -> float:
        days = [datetime(2026, month, day, hour, tzinfo=UTC) for day in range(1, 29)]
        return sum(outside_temperature(day, UTC) for day in days) / len(days)

    assert mean(7, 16) > mean(7, 4) + 5
    assert mean(7, 4) > mean(1, 16)


def test_the_weather_goes_by_local_time() -> None:
    noon, east = datetime(2026, 7, 1, 12, tzinfo=UTC), timezone(timedelta(hours=9))

    assert outside_temperature(noon, UTC) == outside_temperature(noon - timedelta(hours=9), east)


def test_an_update_waits_until_it_is_activated() -> None:
    firmware = Firmware()
    assert firmware.status is UpdateStatus.UP_TO_DATE
    firmware.offer("2026.4", "More range")
    assert (firmware.update, firmware.status, firmware.progress) == ("2026.4", UpdateStatus.READY, 100)
    firmware.finish()
    assert firmware == Firmware()
