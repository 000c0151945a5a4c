"""Words and units."""

from hypothesis import given, strategies as st
from pynissan import DistanceReading, TemperatureReading
import pytest

from custom_components.nissanconnect.backends.mapping import RANGE
from custom_components.nissanconnect.backends.mynissan.mapping import (
    celsius,
    distance,
    is_locked,
    is_on,
    is_open,
    kilopascals,
    label,
)


@pytest.mark.parametrize(
    ("value", "unit", "km"),
    [
        (100, "KILOMETER", 100),
        (100, "kilometer", 100),
        (100, None, 100),
        (100, "MILE", 161),
        (100, "FURLONG", None),
        (-1, "KILOMETER", None),
        (9999, "KILOMETER", None),
        (None, "MILE", None),
    ],
)
def test_distances(value: int | None, unit: str | None, km: float | None) -> None:
    assert distance(DistanceReading(value, unit), RANGE) == km


@pytest.mark.parametrize(
    ("value", "unit", "expected"),
    [(20.5, "CELSIUS", 20.5), (55.4, "FAHRENHEIT", 13.0), (20, "KELVIN", None), (900, "CELSIUS", None)],
)
def test_temperatures(value: float, unit: str, expected: float | None) -> None:
    assert celsius(TemperatureReading(value, unit)) == expected
    assert celsius(None) is None


@pytest.mark.parametrize(
    ("value", "kpa"), [(36, 248), (33, 228), (250, 250), (None, None), (0, None), (78, None), (900, None)]
)
def test_a_pressure_shows_its_unit_itself(value: int | None, kpa: float | None) -> None:
    assert kilopascals(value) == kpa


@pytest.mark.parametrize("word", ["OPEN", "open", " Open ", "AJAR"])
def test_open(word: str) -> None:
    assert is_open(word) is True


@pytest.mark.parametrize(("word", "meant"), [("CLOSED", False), ("HALF", None), ("", None), (None, None)])
def test_closed_is_only_what_says_so(word: str | None, meant: bool | None) -> None:
    assert is_open(word) is meant


def test_locks_and_switches() -> None:
    assert (is_locked("LOCKED"), is_locked("unlocked"), is_locked("DOUBLE")) == (True, False, None)
    assert (is_on("ON"), is_on("Off"), is_on("AUTO")) == (True, False, None)


@given(st.text(max_size=40))
def test_a_label_is_a_plain_word(text: str) -> None:
    found = label(text)
    assert found is None or (
        found == found.casefold() and found.isascii() and not any(each.isdigit() for each in found)
    )


def test_vins_are_no_labels() -> None:
    assert label("1N4AZ1CPXNC500042") is None
    assert label("SPEED_ALERT") == "speed_alert"
