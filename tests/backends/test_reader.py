"""What several sources have in common when they read with doubt, and that nothing makes it raise."""

from datetime import UTC, datetime, timedelta, timezone
import json

from hypothesis import given, strategies as st
import pytest

from custom_components.nissanconnect.backends.base import Json
from custom_components.nissanconnect.backends.reader import (
    JsonReader,
    header_value,
    load_json,
    past,
    saved_time,
    text_of,
    time_of,
    utc,
)

from .strategies import JSON, SCALARS

NOW = datetime(2026, 11, 20, 18, 30, tzinfo=UTC)
SKEW = timedelta(minutes=5)


@given(JSON)
def test_json_is_read_as_it_is(value: Json) -> None:
    assert repr(load_json(json.dumps(value))) == repr(value)
    assert repr(load_json(json.dumps(value, ensure_ascii=False))) == repr(value)


@given(st.dictionaries(st.text(st.characters()), st.text(st.characters()), min_size=1))
def test_half_a_character_is_none(value: dict[str, str]) -> None:
    """JSON can spell what no file and no page can hold."""
    found = load_json(json.dumps(value))
    assert found == json.loads(json.dumps(value, ensure_ascii=False).encode(errors="replace"))
    str(found).encode()


def test_whole_characters_stay_beside_half_ones() -> None:
    assert load_json(r'["\ud83d", "\uD83D\uDE97 \\ud83d", "🚗"]') == ["?", r"🚗 \ud83d", "🚗"]


@pytest.mark.parametrize("value", [None, True, 1, "a", [], [{"a": 1}]])
def test_what_is_no_object_has_no_values(value: Json) -> None:
    assert JsonReader.of(value).values == {}


def test_an_object_in_an_object() -> None:
    said = JsonReader.of({"a": {"b": 1}, "c": [{"b": 2}]})
    assert said.child("a").get("b") == 1
    assert said.child("c").get("b") is None
    assert said.child("d").get("b") is None


@pytest.mark.parametrize(
    ("value", "texts"), [(["a", "", 1, None, ["b"], " c"], ["a", "", " c"]), ([], []), ("a", []), ({"a": "b"}, [])]
)
def test_the_strings_of_a_list(value: Json, texts: list[str]) -> None:
    assert JsonReader.of({"list": value}).texts("list") == texts
    assert JsonReader.of({}).texts("list") == []


def test_what_was_said_does_not_print_itself() -> None:
    assert "s3cret" not in repr(JsonReader.of({"s3cret": "s3cret"}))


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (5, 5.0),
        (0, 0.0),
        (4.5, 4.5),
        ("64", 64.0),
        (" 64.5 ", 64.5),
        (10, 10.0),
        (10.1, None),
        (-0.1, None),
        (True, None),
        (False, None),
        (None, None),
        ("", None),
        ("much", None),
        ("nan", None),
        (float("nan"), None),
        (float("inf"), None),
        ("-Infinity", None),
        (10**400, None),
        ([5], None),
        ({"a": 5}, None),
    ],
    ids=lambda value: repr(value)[:12],
)
def test_numbers(value: Json, number: float | None) -> None:
    high = 100 if isinstance(value, str) else 10
    assert JsonReader({"a": value}).number("a", 0, high) == number


def test_infinity_is_no_number_even_without_bounds() -> None:
    assert JsonReader({"a": float("inf")}).number("a") is None


@given(st.none() | st.integers(-(10**9), 10**9) | st.floats(), st.floats(allow_nan=False), st.floats(allow_nan=False))
def test_what_is_possible_is_returned_as_it_is(value: float | None, low: float, high: float) -> None:
    found = JsonReader({"a": value}).number("a", low, high)
    assert found is None or (found == value and low <= found <= high and abs(found) < float("inf"))
    if value is not None and abs(value) < float("inf"):
        assert JsonReader({"a": value}).number("a", value, value) == value


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("a b", "a b"),
        (" a ", "a"),
        (" ", None),
        (7, "7"),
        (10**30, None),
        (True, None),
        (1.5, None),
        (None, None),
        ([], None),
    ],
)
def test_texts(value: Json, text: str | None) -> None:
    assert text_of(value) == text


@pytest.mark.parametrize(
    ("value", "sent"),
    [("a.b-c_d=", "a.b-c_d="), ("a b", None), ("a\n", None), ("a\nb", None), ("ä", None), ("", None), (7, None)],
)
def test_what_fits_into_a_header(value: Json, sent: str | None) -> None:
    assert header_value(value) == sent


@pytest.mark.parametrize(
    ("value", "time"),
    [
        ("2026-11-20T07:15:04Z", datetime(2026, 11, 20, 7, 15, 4, tzinfo=UTC)),
        (" 2026-11-20T07:15:04Z ", datetime(2026, 11, 20, 7, 15, 4, tzinfo=UTC)),
        ("2026-11-20T07:15:04.250Z", datetime(2026, 11, 20, 7, 15, 4, 250_000, tzinfo=UTC)),
        ("2026-11-20T07:15:04.1234567Z", datetime(2026, 11, 20, 7, 15, 4, 123_456, tzinfo=UTC)),
        ("2026-11-20T07:15Z", datetime(2026, 11, 20, 7, 15, tzinfo=UTC)),
        ("2026-11-20T07:15:04", datetime(2026, 11, 20, 7, 15, 4, tzinfo=UTC)),
        ("2026-11-20T07:15:04+01:00", datetime(2026, 11, 20, 6, 15, 4, tzinfo=UTC)),
        ("1970-01-01T00:00:00Z", datetime(1970, 1, 1, tzinfo=UTC)),
        ("9999-12-31T23:59:59-12:00", None),
        ("0001-01-01T00:00:00+14:00", None),
        ("9999-12-31T24:00:00", None),
        ("soon", None),
        ("", None),
        (1_700_000_000, None),
        (None, None),
    ],
)
def test_times(value: Json, time: datetime | None) -> None:
    read = time_of(value)
    assert read == time
    assert read is None or read.tzinfo is UTC


@pytest.mark.parametrize("value", ["2026-11-20T07:15:04", "2026-11-20", "soon", "", 3, None, []])
def test_what_was_not_saved_by_us_is_no_time(value: Json) -> None:
    assert saved_time(value) is None


@given(st.datetimes(timezones=st.just(UTC) | st.just(timezone(timedelta(hours=-8)))))
def test_a_saved_time_comes_back(time: datetime) -> None:
    assert saved_time(time.isoformat()) == time


def test_a_time_without_an_offset_is_utc() -> None:
    assert utc(datetime(2026, 11, 20, 18)) == datetime(2026, 11, 20, 18, tzinfo=UTC)  # noqa: DTZ001


def test_the_past_ends_with_the_skew_of_a_clock() -> None:
    assert past(NOW + SKEW, NOW) == NOW + SKEW
    assert past(NOW + SKEW + timedelta(seconds=1), NOW) is None
    assert past(datetime(1970, 12, 31, tzinfo=UTC), NOW) is None
    assert past(None, NOW) is None


@given(st.datetimes(timezones=st.none() | st.just(UTC) | st.just(timezone(timedelta(hours=-8)))))
def test_times_never_fail_and_never_lie_ahead(time: datetime) -> None:
    found = past(time, NOW)
    assert found is None or (found <= NOW + SKEW and found.tzinfo is UTC)


@given(JSON, SCALARS)
def test_nothing_raises(body: Json, value: Json) -> None:
    for said in (JsonReader.of(body), JsonReader({"data": value}), JsonReader({"data": body}).child("data")):
        number = said.number("data", -5, 5)
        assert number is None or -5 <= number <= 5
        raw = said.get("data")
        assert text_of(raw) != ""
        assert header_value(raw) in (raw, None)
        saved, time = saved_time(raw), time_of(raw)
        assert saved is None or saved.tzinfo is not None
        assert time is None or time.tzinfo is UTC
        past(time, NOW)
