"""Logs, summed up by the hour, and archives of them."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from io import BytesIO
from itertools import chain

from hypothesis import example, given, strategies as st
import pytest

from custom_components.nissanconnect.backends.leafspy import log as log_module
from custom_components.nissanconnect.backends.leafspy.log import (
    Damaged,
    HourlyValue,
    HourlyValues,
    LogReader,
    LogRow,
    Series,
    log_files,
)
from tests.simulator.leafspy_app import VIN
from tests.simulator.leafspy_log import Drive, archive, log

from .conftest import NOW

AT = datetime(2018, 9, 12, 7, 58, 0, tzinfo=UTC)
ROWS = st.lists(
    st.builds(
        LogRow,
        at=st.integers(0, 40_000).map(lambda seconds: AT + timedelta(seconds=seconds / 2)),
        temperature=st.none() | st.floats(-40, 80),
        health=st.none() | st.floats(1, 120),
        hx=st.none() | st.floats(1, 150),
    ),
    max_size=30,
)


def summed(rows: list[LogRow], before: datetime = NOW) -> dict[Series, list[HourlyValue]]:
    hours = HourlyValues()
    for row in rows:
        hours.add(row)
    return {series: list(hours.of(series, before=before)) for series in Series}


def test_each_hour_has_its_mean_and_its_bounds() -> None:
    drive = [
        LogRow(at=AT, health=80, hx=70),
        LogRow(at=AT + timedelta(minutes=1), health=82),
        LogRow(at=AT + timedelta(minutes=3), health=90),
    ]
    found = summed(drive)
    seven, eight = datetime(2018, 9, 12, 7, tzinfo=UTC), datetime(2018, 9, 12, 8, tzinfo=UTC)
    assert found[Series.HEALTH] == [
        HourlyValue(start=seven, mean=81, minimum=80, maximum=82),
        HourlyValue(start=eight, mean=90, minimum=90, maximum=90),
    ]
    assert found[Series.HX] == [HourlyValue(start=seven, mean=70, minimum=70, maximum=70)]
    assert found[Series.TEMPERATURE] == []


def test_an_hour_that_is_not_over_is_left_out() -> None:
    row = LogRow(at=AT, level=50, hx=70)
    assert summed([row], before=AT + timedelta(minutes=1))[Series.HX] == []
    assert len(summed([row], before=AT + timedelta(minutes=2))[Series.HX]) == 1


@given(ROWS, st.integers(1, 3))
def test_reading_again_changes_nothing_and_a_mean_is_within_its_bounds(rows: list[LogRow], times: int) -> None:
    once = summed(rows)
    assert summed(rows * times) == once
    for values in once.values():
        assert [value.start for value in values] == sorted({value.start for value in values})
        for value in values:
            assert value.minimum <= value.mean <= value.maximum
            assert (value.start.minute, value.start.second, value.start.microsecond) == (0, 0, 0)


def rows_of(content: bytes) -> list[LogRow]:
    reader = LogReader(NOW, VIN)
    return [row for chunks in log_files(BytesIO(content)) for row in reader.read(chunks)]


def test_an_archive_is_all_its_logs_in_order() -> None:
    first, second = log([Drive(at=AT, level=50).row()]), log([Drive(at=AT, level=40).row()], header=None)
    packed = archive({"b/Log_2.csv": second, "a/Log_1.CSV": first, "readme.txt": b"Gids,SOC", "c/": b""})
    assert [row.level for row in rows_of(packed)] == [50, 40]
    assert [row.level for row in rows_of(first)] == [50]


def test_an_archive_that_is_damaged_says_so_after_what_can_be_read() -> None:
    good = log([Drive(at=AT + timedelta(seconds=number), level=number % 100).row() for number in range(300)])
    packed = bytearray(archive({"a.csv": good, "b.csv": good}))
    packed[len(packed) // 2 + 200] ^= 255
    files = log_files(BytesIO(bytes(packed)))
    reader = LogReader(NOW, VIN)
    assert len(list(reader.read(next(files)))) == 300
    with pytest.raises(Damaged):
        list(reader.read(chain.from_iterable(files)))


def test_an_archive_that_grows_beyond_measure_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    packed = archive({"a.csv": b"0" * 1_000_000})
    assert len(packed) < 10_000
    monkeypatch.setattr(log_module, "_MOST_BYTES", 999_999)
    with pytest.raises(Damaged):
        rows_of(packed)
    monkeypatch.setattr(log_module, "_MOST_FILES", 0)
    with pytest.raises(Damaged):
        rows_of(packed)


PACKED = archive({"a.csv": log([Drive(at=AT).row()]), "b.csv": b"Gids,SOC,epoch time\n"})


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    content = bytearray(PACKED)
    for place in draw(st.lists(st.integers(0, len(PACKED) - 1), max_size=6)):
        content[place] = draw(st.integers(0, 255))
    return bytes(content[: draw(st.integers(0, len(content)))]) if draw(st.booleans()) else bytes(content)


@example(b"PK\x03\x04PK\x05\x06" + b"\0" * 4 + b"\x01\0" * 2 + b"\xff\xff\0\0" * 2 + b"\0\0")
@given(mutated() | st.binary())
def test_any_bytes_are_a_log_or_an_archive_or_damaged(content: bytes) -> None:
    def every() -> Iterator[LogRow]:
        try:
            yield from rows_of(content)
        except Damaged:
            return

    assert len(list(every())) <= 5
