"""When a battery's health has really fallen, and when it only looks so."""

from datetime import timedelta
from itertools import pairwise
from random import Random

from hypothesis import given, strategies as st
import pytest

from custom_components.nissanconnect.engine.alert_rules import AlertContext
from custom_components.nissanconnect.engine.alert_tracker import AlertTracker
from custom_components.nissanconnect.engine.health_tracker import HealthReading, HealthTracker
from custom_components.nissanconnect.vehicle import Alert, AlertType, VehicleState

from .strategies import EPOCH

DAY = timedelta(days=1)


def told(*values: float | None, name: str = "own", every: timedelta = DAY) -> tuple[HealthTracker, list[int]]:
    """Return the tracker after one source's readings, and after which of these there was an alert."""
    tracker, alerts = HealthTracker(), []
    for number, value in enumerate(values):
        tracker, found = tracker.after(reading(number * every, value, name))
        alerts += [number] * len(found)
    return tracker, alerts


def reading(after: timedelta, value: float | None, name: str = "own") -> dict[str, HealthReading]:
    return {} if value is None else {name: HealthReading(at=EPOCH + after, value=value, source="leafspy")}


@pytest.mark.parametrize(
    ("values", "alerts"),
    [
        ((90, 90, 90, 88, 88), [4]),
        ((90, 90, 90, 88.1, 88.1, 88.1), []),
        ((90, 90, 90, 70, 90, 90, 70, 90), []),  # odd ones
        ((99, 90, 90, 90, 90, 90), []),  # the first of all was odd
        ((90, 90, 90, 0.5, 90, 90, 90, 88, 90, 88, 88), [9]),  # two of three
        ((90, 90, 90, 88, 88, 88, 87, 86.5, 86.5, 86, 86, 86), [4, 10]),
        ((90, 90, 90, 80, 80, 80, 80), [4]),  # at once by ten is one alert
        ((90, 90, 90, 88, 88, 88, 90, 90, 90, 88, 88, 88), [4]),  # up and down again
        ((90, 90, 90, None, None, 88, None, 88), [7]),
        ((90, 88), []),
        ((), []),
    ],
    ids=str,
)
def test_a_drop_is_told_once_it_lasts(values: tuple[float | None, ...], alerts: list[int]) -> None:
    assert told(*values)[1] == alerts


def test_what_an_alert_says() -> None:
    tracker, _ = told(90, 90, 90, 87.5)
    _, (alert,) = tracker.after(reading(4 * DAY, 87.5))
    assert alert == Alert(
        type=AlertType.BATTERY_HEALTH_DROPPED,
        at=EPOCH + 4 * DAY,
        details={"health": 87.5, "dropped": 2.5, "source": "leafspy"},
    )


def test_many_reports_of_one_day_are_one() -> None:
    hour = timedelta(hours=1)
    assert told(*[90] * 72, *[60] * 24, *[90] * 24, every=hour)[1] == [], "one odd day"
    (alert,) = told(*[90] * 72, *[88] * 48, every=hour)[1]
    assert alert == 96


def test_another_source_is_no_drop_and_the_same_drop_is_told_once() -> None:
    tracker, _ = told(90, 90, 90)
    days = 3
    for value in (86, 86, 86):  # another app, another scale
        tracker, found = tracker.after({**reading(days * DAY, 90), **reading(days * DAY, value, "other")})
        days += 1
        assert not found
    found_in = []
    for own, other in ((88, 85), (88, 85), (88, 84), (88, 84), (88, 83), (88, 83)):
        tracker, found = tracker.after({**reading(days * DAY, own), **reading(days * DAY, other, "other")})
        found_in += [(own, other)] * len(found)
        days += 1
    assert found_in == [(88, 85), (88, 83)], "at the first alert the other one had fallen by one already"


@given(st.lists(st.floats(0, 110), max_size=60), st.integers(0, 100))
def test_between_two_alerts_it_has_fallen_by_two_percent(values: list[float], seed: int) -> None:
    chance, tracker, shown = Random(seed), HealthTracker(), list[float]()
    at = timedelta()
    for value in values:
        at += timedelta(hours=chance.randint(1, 60))
        tracker, alerts = tracker.after(reading(at, value))
        shown += [health for alert in alerts if isinstance(health := alert.details["health"], float)]
    assert all(later <= earlier - 2 for earlier, later in pairwise(shown))


def test_clocks_that_are_set_back_stop_nothing() -> None:
    tracker, _ = told(90, 90, 90)
    tracker, _ = tracker.after(reading(timedelta(days=5000), 90))
    tracker, first = tracker.after(reading(timedelta(days=4), 88))
    tracker, second = tracker.after(reading(timedelta(days=5), 88))
    assert (len(first), len(second)) == (0, 1)


def test_the_alerts_of_a_vehicle_have_it() -> None:
    tracker, found = AlertTracker(), []
    for day, value in enumerate((90, 90, 90, 88, 88, 88)):
        context = AlertContext(state=VehicleState(), now=EPOCH + day * DAY, healths=reading(day * DAY, value))
        tracker, alerts = tracker.after(VehicleState(), context, ())
        found += [(day, alert.type) for alert in alerts]
    assert found == [(4, AlertType.BATTERY_HEALTH_DROPPED)]


def test_who_does_not_want_it_is_not_told_later() -> None:
    tracker, found = AlertTracker(), list[Alert]()
    for day, value in enumerate((90, 90, 90, 88, 88, 88, 88)):
        context = AlertContext(
            state=VehicleState(),
            now=EPOCH + day * DAY,
            healths=reading(day * DAY, value),
            unwanted=frozenset(AlertType) if day < 5 else frozenset(),
        )
        tracker, alerts = tracker.after(VehicleState(), context, ())
        found += alerts
    assert found == []
