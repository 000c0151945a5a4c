"""Logs of every width, and every fault of theirs that is on record."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from io import BytesIO
from itertools import pairwise
import re
from time import process_time

from hypothesis import given, strategies as st
import pytest

from custom_components.nissanconnect.backends.leafspy.log import LogReader, LogRow, Skipped, log_files
from tests.simulator.leafspy_app import VIN
from tests.simulator.leafspy_log import HEADER, WIDTHS, Drive, log

from ..possible import assert_possible
from .conftest import NOW

AT = datetime(2018, 9, 12, 7, 10, 5, tzinfo=UTC)
FULL = LogRow(
    at=AT,
    level=60,
    health=86.25,
    temperature=18,
    amp_hours=56.3,
    hx=79.9,
    cell_spread=18,
    odometer=51_096,
    power=7.809,
)
DRIVE = Drive(at=AT)


def read(content: bytes | Iterable[bytes], reader: LogReader | None = None) -> list[LogRow]:
    reader = reader or LogReader(NOW, VIN)
    return list(reader.read([content] if isinstance(content, bytes) else content))


def skipped(content: bytes) -> Counter[Skipped]:
    reader = LogReader(NOW, VIN)
    read(content, reader)
    assert reader.rows == reader.skipped.total() + len(read(content))
    return reader.skipped


@pytest.mark.parametrize("content", [b"", b"a", b"abc", b"PK", log([DRIVE.row()]), b"x" * 200_000])
def test_a_plain_log_is_handed_on_to_the_last_byte(content: bytes) -> None:
    (chunks,) = log_files(BytesIO(content))
    assert b"".join(chunks) == content


@pytest.mark.parametrize("width", WIDTHS)
def test_every_width_is_read(width: int) -> None:
    assert len(HEADER) == max(WIDTHS)
    assert read(log([DRIVE.row(width)], header=HEADER[:width])) == [FULL]
    assert read(log([DRIVE.row(width)], header=None)) == [FULL]


def test_rows_may_be_wider_than_their_header() -> None:
    for header, row in ((155, 158), (159, 160), (152, 161)):
        assert read(log([DRIVE.row(row)], header=HEADER[:header])) == [FULL]


def test_a_header_may_come_again() -> None:
    two = log([DRIVE.row(152)], header=HEADER[:152]) + log([DRIVE.row()])
    assert read(two) == [FULL, FULL]


@pytest.mark.parametrize("delimiter", [";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("point", [".", ","])
@pytest.mark.parametrize("quote", ["", '"'])
def test_what_a_spreadsheet_makes_of_it(delimiter: str, end: str, point: str, quote: str) -> None:
    def write(value: str) -> str:
        return quote + value.replace(".", point) + quote

    content = b"\xef\xbb\xbf" + log([DRIVE.row()], delimiter=delimiter, end=end, write=write)
    assert read(content) == [FULL]


def test_columns_may_be_gone_or_somewhere_else() -> None:
    gone = {"Lat", "Long", "VIN", "Date/Time", "Hx"}
    kept = [place for place, name in enumerate(HEADER) if name not in gone][::-1]
    row = DRIVE.row()
    content = log([[row[place] for place in kept]], header=[f" {HEADER[place]} ".upper() for place in kept])
    (found,) = read(content)
    assert (found.hx, found.level, found.health) == (None, 60, 86.25)


def test_the_first_of_two_columns_of_one_name_counts() -> None:
    header = [*HEADER, "SOH"]
    (found,) = read(log([[*DRIVE.row(), "12"]], header=header))
    assert found.health == 86.25


def test_a_row_that_was_cut_off_ends_in_a_full_one() -> None:
    rows = [",".join(DRIVE.row()), ",".join(Drive(at=AT + timedelta(seconds=5), level=59).row())]
    for cut in (12, 80, 300, len(rows[0]) - 3):
        content = log([]) + f"{rows[0][:cut]}{rows[1]}\n".encode()
        (found,) = read(content)
        assert (found.at, found.level) == (AT + timedelta(seconds=5), 59)


def test_dates_are_not_read_whatever_they_look_like() -> None:
    for text in ("09/12/2018 7:10:05", "2018/09/12 07:10:05", "12/09/2018 07:10", "yesterday", ""):
        assert read(log([DRIVE.row(instead={"datetime": text})])) == [FULL]
    glued = ",".join(DRIVE.row())[:200] + ",".join(DRIVE.row(instead={"datetime": "2018/09/12 07:10:05"}))
    assert read(log([]) + glued.encode()) == [FULL]


@pytest.mark.parametrize(
    ("instead", "field", "meant"),
    [
        ({"soc": "0"}, "level", None),
        ({"soc": "0", "gids": "4"}, "level", 0),
        ({"soc": "59.5"}, "level", 59.5),
        ({"ahr": "56.3"}, "amp_hours", 56.3),
        ({"ahr": "0"}, "amp_hours", None),
        ({"soh": "0"}, "health", None),
        ({"soh": "86"}, "health", 86),
        ({"hx": "79.90000000000001"}, "hx", 79.9),
        ({"hx": "11034.6"}, "hx", 107.76),
        ({"odokm": "0"}, "odometer", None),
        ({"packt3c": "24.0", "packt3f": "75.2"}, "temperature", 19.5),  # four sensors, as in the first LEAFs
        ({"packt1c": "none", "packt2c": "", "packt4c": "na"}, "temperature", 18),  # °F is there
        ({"packt1c": "254"}, "temperature", 18),
        ({"cpmvdiff": "0"}, "cell_spread", None),
        ({"packamps": "-50", "packvolts": "380"}, "power", -19),
        ({"packamps": "-50", "packvolts": "50"}, "power", None),
        ({"packamps": "-380", "packvolts": "380"}, "power", None),
        ({"packamps": "600", "packvolts": "380"}, "power", None),
        ({"packamps": "none"}, "power", None),
        ({"plugstate": "2"}, "power", None),
        ({"chargemode": "3"}, "power", None),
        ({"chargemode": ""}, "power", None),
    ],
)
def test_values_and_glitches(instead: dict[str, str], field: str, meant: float | None) -> None:
    (found,) = read(log([DRIVE.row(instead=instead)]))
    assert getattr(found, field) == meant


def test_miles_are_miles_where_the_header_says_so() -> None:
    header = ["Odo(mi)" if name == "Odo(km)" else name for name in HEADER]
    (found,) = read(log([DRIVE.row()], header=header))
    assert found.odometer == round(51_096 * 1.609344, 1)


def test_seconds_may_be_whole_or_thousandths() -> None:
    for text in ("1536736205", "1536736205.123", "1536736205.", "1536736205123"):
        (found,) = read(log([DRIVE.row(instead={"epochtime": text})]))
        assert abs(found.at - AT) < timedelta(seconds=1)


@pytest.mark.parametrize(
    ("instead", "reason"),
    [
        ({"epochtime": ""}, Skipped.NO_TIME),
        ({"epochtime": "1.53674E+09"}, Skipped.NO_TIME),
        ({"epochtime": "1000000000"}, Skipped.NO_TIME),
        ({"epochtime": f"{(NOW + timedelta(hours=1)).timestamp()}"}, Skipped.FUTURE),
        ({"vin": "ZE0-123456"}, Skipped.OTHER_VEHICLE),
        ({"bms": "0"}, Skipped.STALE),
    ],
)
def test_rows_that_are_skipped_are_counted(instead: dict[str, str], reason: Skipped) -> None:
    content = log([DRIVE.row(instead=instead), DRIVE.row()])
    assert skipped(content) == {reason: 1}
    assert read(content) == [FULL]


def test_a_row_that_says_nothing_is_empty() -> None:
    header = ["epoch time", "VIN", "SOH"]
    assert skipped(log([["1536736205", VIN, "0"]], header=header)) == {Skipped.EMPTY: 1}


def test_a_row_that_names_no_vehicle_is_this_ones_and_case_does_not_matter() -> None:
    assert read(log([DRIVE.row(instead={"vin": ""}), DRIVE.row(instead={"vin": VIN.lower()})])) == [FULL, FULL]
    assert read(log([DRIVE.row(instead={"vin": "ZE0-123456"})]), LogReader(NOW)) == [FULL]


def test_what_is_no_log_is_unreadable_and_empty_lines_do_not_count() -> None:
    assert skipped(b"") == {}
    assert skipped(b"\n\n , ,\r\n") == {}
    assert skipped(b"hello\nworld\n") == {Skipped.UNREADABLE: 2}
    assert skipped(b"sep=;\n" + log([DRIVE.row()], delimiter=";")) == {Skipped.UNREADABLE: 1}
    assert skipped(bytes(range(256)) * 400) == {Skipped.UNREADABLE: 801}  # CR ends a line, too
    assert skipped(b"x" * 100_000) == {Skipped.UNREADABLE: 1}
    assert skipped(log([]) + b"x" * 100_000 + b"\n" + log([DRIVE.row()], header=None)) == {Skipped.UNREADABLE: 1}


def test_a_row_that_is_cut_off_tells_what_is_whole() -> None:
    row = ",".join(DRIVE.row())
    for cut in range(len(row)):
        for found in read(log([]) + row[:cut].encode()):
            assert found in (FULL, replace(FULL, power=None), LogRow(at=AT)), cut
            assert re.match(r"\.?\d*,", row[: cut + 1][row.index("1536736205") + 10 :])


RAW = st.binary() | st.text().map(str.encode)
PIECES = st.lists(
    RAW
    | st.sampled_from([log([]), log([DRIVE.row()]), log([DRIVE.row(152)], header=None), log([], header=HEADER[:155])])
    | st.builds(
        lambda level, extra: log([Drive(at=AT, level=level).row(instead={"soh": extra})]), st.floats(0, 100), st.text()
    )
    | st.integers(1, 40_000).map(lambda length: b"x" * length),
    max_size=5,
).map(b"".join)


FIGURES = st.floats().map(str) | st.integers().map(str) | st.sampled_from(["104", "1e400", "-40", "255", "", "none"])


@given(st.dictionaries(st.sampled_from(HEADER), FIGURES, min_size=1, max_size=20))
def test_no_row_tells_what_cannot_be(instead: dict[str, str]) -> None:
    row = [instead.get(name, value) for name, value in zip(HEADER, DRIVE.row(), strict=True)]
    for found in read(log([row])):
        assert_possible(found, NOW)


@given(PIECES, st.lists(st.integers(0, 60_000), max_size=8))
def test_any_bytes_are_read_and_chunks_make_no_difference(content: bytes, cuts: list[int]) -> None:
    whole, pieces = LogReader(NOW, VIN), LogReader(NOW, VIN)
    places = [0, *sorted(min(cut, len(content)) for cut in cuts), len(content)]
    chunks = [content[start:end] for start, end in pairwise(places)]
    rows = read(content, whole)
    assert read(chunks, pieces) == rows
    assert (pieces.rows, pieces.skipped) == (whole.rows, whole.skipped)
    assert whole.rows == len(rows) + whole.skipped.total()
    assert all(row.level is None or 0 <= row.level <= 100 for row in rows)
    assert all(row.at.year > 2010 for row in rows)


def test_a_year_of_driving_is_read_in_seconds_and_without_being_kept() -> None:
    block = log((Drive(at=AT + timedelta(seconds=5 * number)).row() for number in range(1000)), header=None)
    reader = LogReader(NOW, VIN)
    started = process_time()
    count = sum(1 for _ in reader.read([log([]), *([block] * 20)]))
    assert count == reader.rows == 20_000
    assert process_time() - started < 20
