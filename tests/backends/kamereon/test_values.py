"""Reading single values with doubt (kamereon-eu §3.2, §3.4)."""

from datetime import UTC, datetime, timedelta
import logging

from hypothesis import given
import pytest

from custom_components.nissanconnect.backends.base import Json
from custom_components.nissanconnect.backends.kamereon.mapping import Attributes

from ..conftest import NOW
from ..strategies import JSON, SCALARS


@pytest.mark.parametrize(
    "body",
    [
        {"data": {"type": "Car", "attributes": {"a": 1}}},
        {"data": {"a": 1, "attributes": None}},
        {"data": None, "a": 1},
        {"data": [], "a": 1},
        {"a": 1},
    ],
)
def test_three_shapes_of_a_body(body: Json) -> None:
    assert Attributes.of(body).get("a") == 1


@pytest.mark.parametrize("body", [None, True, 1, "a", [], [{"a": 1}]])
def test_no_object_has_no_attributes(body: Json) -> None:
    assert Attributes.of(body).values == {}


@pytest.mark.parametrize(("value", "token"), [(" a.b-c_d= ", "a.b-c_d="), (7, "7"), ("a b", None), (None, None)])
def test_tokens(value: Json, token: str | None) -> None:
    assert Attributes({"a": value}).token("a") == token


@pytest.mark.parametrize(
    ("value", "time"),
    [
        ("2026-11-20T07:15:04", datetime(2026, 11, 20, 7, 15, 4, tzinfo=UTC)),
        ("1971-01-01T00:00:00Z", datetime(1971, 1, 1, tzinfo=UTC)),
        ("1970-01-01T00:00:00Z", None),
        ("1969-12-31T23:59:59Z", None),
        ("soon", None),
    ],
)
def test_an_unset_clock_tells_no_time(value: Json, time: datetime | None) -> None:
    assert Attributes({"a": value}).time("a") == time


def test_the_past_ends_with_the_skew_of_a_clock() -> None:
    said = Attributes({"now": NOW.isoformat(), "skewed": (NOW + timedelta(minutes=5)).isoformat()})
    assert said.past(NOW, "nothing", "skewed", "now") == NOW + timedelta(minutes=5)
    assert said.past(NOW - timedelta(seconds=1), "skewed", "now") == NOW
    assert said.past(NOW - timedelta(hours=1), "skewed", "now") is None


@pytest.mark.parametrize("value", [True, None, "off", 0.45, 2, -0.4, float("nan"), [], {}, ""], ids=repr)
def test_no_meaning(value: Json) -> None:
    assert Attributes({"a": value}).one_of("a", {"on": "word", 0.4: "part", 1: "one"}) is None


@pytest.mark.parametrize(
    ("value", "meaning"),
    [
        ("on", "word"),
        (" ON ", "word"),
        (0.4, "part"),
        ("0.4", "part"),
        (0.4000001, "part"),
        (1, "one"),
        (1.0, "one"),
        ("1", "one"),
    ],
    ids=repr,
)
def test_meanings(value: Json, meaning: str) -> None:
    assert Attributes({"a": value}).one_of("a", {"on": "word", 0.4: "part", 1: "one"}) == meaning


def test_an_unknown_value_is_told_once_and_names_nobody(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    for value in ("Half_Open", "half_open", 17.5, "FAKE0VIN000000001", "owner@example.invalid", 17.5):
        Attributes({"hatchTest": value}).one_of("hatchTest", {})
    assert [record.message for record in caplog.records] == [
        "Unknown value of hatchTest: half_open",
        "Unknown value of hatchTest: 17.5",
        "Unknown value of hatchTest: …",
    ]


@given(JSON, SCALARS)
def test_nothing_raises(body: Json, value: Json) -> None:
    for said in (Attributes.of(body), Attributes({"data": value}), Attributes({"data": body})):
        number = said.number("data", -5, 5)
        assert number is None or -5 <= number <= 5
        time = said.time("data")
        assert time is None or time.tzinfo is UTC
        assert said.text("data") != ""
        said.past(NOW, "data")
        said.token("data")
        said.one_of("data", {"on": True, 1: False})
