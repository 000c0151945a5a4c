"""Logs that went through a spreadsheet: every figure is read as it was, or its row is counted with a reason."""

from collections import Counter
from collections.abc import Callable, Sequence
import csv
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
import io
from typing import Literal

from hypothesis import example, given, strategies as st
import pytest

from custom_components.nissanconnect.backends.leafspy.log import LogReader, LogRow, Skipped
from tests.simulator.leafspy_app import VIN
from tests.simulator.leafspy_log import HEADER, Drive, log

from .conftest import NOW

AT = datetime(2018, 9, 12, 7, 10, 5, tzinfo=UTC)
SECONDS = f"{AT.timestamp():.0f}"


def read(content: bytes) -> tuple[list[LogRow], Counter[Skipped]]:
    reader = LogReader(NOW, VIN)
    rows = list(reader.read([content]))
    assert reader.rows == len(rows) + reader.skipped.total()
    return rows, reader.skipped


def narrow(*lines: str) -> tuple[list[LogRow], Counter[Skipped]]:
    """A log of four columns, as owners cut it down."""
    return read("\n".join(("epoch time,VIN,SOH,AHr", *lines)).encode())


HEALTHY = LogRow(at=AT, health=88.5, amp_hours=56.3)


def test_quoted_values_are_read() -> None:
    assert narrow(f'{SECONDS},{VIN},"88,5","56,3"') == ([HEALTHY], {})
    assert narrow(f'"{SECONDS}", "{VIN}", "88,5", 56.3') == ([HEALTHY], {})
    rows = [",".join(f'"{value.replace(".", ",")}"' if "." in value else value for value in Drive(at=AT).row())]
    (found,), skipped = read(f"{','.join(HEADER)}\n{rows[0]}\n".encode())
    assert (found.health, found.amp_hours, found.temperature, found.at, skipped) == (86.25, 56.3, 18, AT, {})


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-be", "cp1252"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", "\r\r\n"])
def test_encodings_and_line_ends(encoding: str, end: str) -> None:
    text = end.join(("epoch time\tVIN\tSOH\tAHr", f"{SECONDS}\t{VIN}\t88,5\t56,3", ""))
    assert read(text.encode(encoding)) == ([HEALTHY], {})


def test_files_that_were_joined() -> None:
    text = f"epoch time;VIN;SOH;AHr\r{SECONDS};{VIN};88,5;56,3\n"
    assert read(text.encode("utf-8-sig") * 2) == ([HEALTHY, HEALTHY], {})


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (f"{SECONDS},{VIN},88,5,56,3", Skipped.UNREADABLE),  # decimal commas without quotes
        (f"{SECONDS},{VIN},88.5", Skipped.UNREADABLE),  # cut off?
        (f"{SECONDS},{VIN},'88,5',56.3", Skipped.UNREADABLE),
        (f'{SECONDS},{VIN},"88.5" x,56.3', Skipped.UNREADABLE),
        (f'{SECONDS},{VIN},"88.5,56.3', Skipped.UNREADABLE),
        (f'{SECONDS},{VIN},"88,5",18. Mai', Skipped.AMBIGUOUS),
        (f"{SECONDS},{VIN},88.5,18.05.2026", Skipped.AMBIGUOUS),
        (f"{SECONDS},{VIN},88.5,5.63E+05", Skipped.AMBIGUOUS),  # digits are lost
        (f"{SECONDS},{VIN},88.5 %,56.3", Skipped.AMBIGUOUS),
        (f"{SECONDS},{VIN},#REF!,56.3", Skipped.AMBIGUOUS),
        (f"{SECONDS},{VIN},88.,56.3", Skipped.AMBIGUOUS),  # cut off
        (f'{SECONDS},{VIN},88.5,"5,63,000"', Skipped.AMBIGUOUS),
        (f"1.53674E+09,{VIN},88.5,56.3", Skipped.NO_TIME),
        (f"1.537,{VIN},88.5,56.3", Skipped.NO_TIME),
        (f"12.09.2018 07:10,{VIN},88.5,56.3", Skipped.NO_TIME),
    ],
)
def test_what_cannot_be_told_is_counted(line: str, reason: Skipped) -> None:
    assert narrow(line) == ([], {reason: 1})
    assert narrow(line, f"{SECONDS},{VIN},88.5,56.3")[0] in ([], [HEALTHY])


@pytest.mark.parametrize(
    "line",
    [
        f'"1,536,736,205",{VIN},88.5,"563,000"',
        f'1.536.736.205,{VIN},"88,5",563.000',
        f"1 536 736 205,{VIN},88.5,563\u202f000",
        f"1'536'736'205,{VIN},88.50,563\u2019000",
        f'"1536736205,000",{VIN},"88,500","56,300"',
        f"1536736205.000,{VIN},88.500,56.300",
        f"'{SECONDS}','{VIN}','88.5','56.3'",
    ],
)
def test_groups_of_digits_are_told_from_decimals_by_the_rest_of_the_row(line: str) -> None:
    assert narrow(line) == ([HEALTHY], {})


def test_of_two_readings_only_one_can_be_true() -> None:
    (found,), skipped = narrow(f"{SECONDS},{VIN},88.125,")
    assert (found.health, found.amp_hours, skipped) == (88.12, None, {})


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_name_of_two_lines(delimiter: str, end: str) -> None:
    header = delimiter.join(("epoch time", "VIN", f'"My{end}note; 1"', "SOH", f'"AHr{end}"'))
    row = delimiter.join((SECONDS, VIN, f'"a{end}b"', '"88,5"', '"56,3"'))
    assert read(f"{header}{end}{row}{end}".encode()) == ([HEALTHY], {})


def test_a_quote_that_is_never_closed_does_not_swallow_the_file() -> None:
    good = f'{SECONDS},{VIN},"88,5","56,3"'
    rows, skipped = narrow(good, f'{SECONDS},{VIN},"88,', *[good] * 20)
    assert rows == [HEALTHY] * len(rows)
    assert (len(rows), skipped) == (14, {Skipped.UNREADABLE: 8})


def test_amp_hours_with_three_decimals_are_no_thousands() -> None:
    """No battery of 5.6312 Ah drives; a spreadsheet that has taken the point for a group has lost the figure."""
    assert narrow(f"{SECONDS},{VIN},88,56.312") == ([LogRow(at=AT, health=88, amp_hours=56.31)], {})
    assert narrow(f"{SECONDS},{VIN},88,56312") == ([LogRow(at=AT, health=88)], {})


def test_a_sensor_at_freezing_point_counts() -> None:
    temperatures = {"packt1c": "0.0", "packt2c": "3.0", "packt4c": "3.0"}
    ((found,), _) = read(log([Drive(at=AT).row(instead=temperatures)]))
    assert found.temperature == 2


def test_a_full_log_with_unquoted_decimal_commas_is_not_used() -> None:
    content = log([Drive(at=AT).row()], write=lambda value: value.replace(".", ","))
    assert read(content)[0] == []


# Whatever was done to the figures, none becomes another.


@dataclass(frozen=True)
class Dialect:
    """How a spreadsheet writes."""

    delimiter: str
    quoting: Literal[0, 1, 2, 3, 4, 5]
    mark: str
    grouping: str
    digits: int
    encoding: str
    end: str

    def figure(self, value: float) -> str:
        written = f"{value:,.{self.digits}f}" if value % 1 else f"{value:,.0f}"
        return written.translate({ord(","): self.grouping, ord("."): self.mark})

    def write(self, rows: Sequence[Sequence[str]]) -> bytes:
        text = io.StringIO(newline="")
        # What cannot be written without quotes is escaped, which no spreadsheet does.
        writer = csv.writer(
            text, delimiter=self.delimiter, quoting=self.quoting, lineterminator=self.end, escapechar="\\"
        )
        writer.writerows(rows)
        return text.getvalue().encode(self.encoding, errors="replace")


DIALECTS = st.builds(
    Dialect,
    delimiter=st.sampled_from(",;\t|:^ "),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONE, csv.QUOTE_NOTNULL]),
    mark=st.sampled_from(".,"),
    grouping=st.sampled_from(["", "", ".", ",", "'", " ", "\u00a0"]),
    digits=st.integers(1, 6),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252", "utf-32"]),
    end=st.sampled_from(["\n", "\r\n", "\r"]),
).filter(lambda dialect: dialect.mark != dialect.grouping)

FIGURES = st.fixed_dictionaries(
    {
        "SOC": st.integers(20_000, 1_000_000).map(float),
        "SOH": st.integers(50_00, 120_00).map(lambda value: value / 100),
        "AHr": st.integers(100_000, 1_800_000).map(float) | st.integers(200, 1800).map(lambda value: value / 10),
        "Hx": st.integers(20_0, 120_0).map(lambda value: value / 10),
        "Odo(km)": st.integers(1, 400_000).map(float),
        "Gids": st.integers(11, 800).map(float),
        "Pack T1 C": st.integers(-200, 500).map(lambda value: value / 10),
    }
)


def meant(dialect: Dialect, figures: dict[str, float], columns: Sequence[str], at: datetime) -> LogRow:
    """What was written, rounded as it was."""

    def value(name: str) -> float | None:
        return round(figures[name], dialect.digits) if name in columns else None

    soc, ahr = value("SOC"), value("AHr")
    health, hx = value("SOH"), value("Hx")
    return LogRow(
        at=at,
        level=None if soc is None else round(soc / 10_000, 1),
        health=health,
        amp_hours=None if ahr is None else round(ahr / 10_000 if ahr > 1000 else ahr, 2),
        hx=hx,
        odometer=value("Odo(km)"),
        temperature=value("Pack T1 C"),
    )


@given(
    DIALECTS,
    st.lists(FIGURES, min_size=1, max_size=4),
    st.permutations(["epoch time", "VIN", "SOC", "SOH", "AHr", "Hx", "Odo(km)", "Gids", "Pack T1 C", "Note"]),
    st.integers(3, 10),
    st.lists(st.text(st.sampled_from("a1.,;\"'\n\t 8") | st.characters(codec="utf-8"), max_size=12), min_size=4),
)
@example(
    Dialect(",", csv.QUOTE_MINIMAL, ",", "", 1, "utf-8", "\n"),
    [{"SOC": 6e5, "SOH": 88.5, "AHr": 56.3, "Hx": 79.9, "Odo(km)": 51096.0, "Gids": 236.0, "Pack T1 C": 18.0}],
    ["epoch time", "VIN", "SOH", "AHr", "SOC", "Hx", "Odo(km)", "Gids", "Pack T1 C", "Note"],
    4,
    ["", "", "", ""],
)
def test_no_figure_becomes_another(
    dialect: Dialect, drives: list[dict[str, float]], order: list[str], width: int, notes: list[str]
) -> None:
    columns = order[:width]
    times = [AT + timedelta(seconds=5 * number) for number in range(len(drives))]
    cells: list[dict[str, str]] = [
        {name: dialect.figure(value) for name, value in figures.items()}
        | {"epoch time": f"{at.timestamp():.0f}", "VIN": VIN, "Note": note}
        for figures, at, note in zip(drives, times, notes, strict=False)
    ]
    rows, _ = read(dialect.write([columns, *([cell[name] for name in columns] for cell in cells)]))
    expected = {at: meant(dialect, figures, columns, at) for figures, at in zip(drives, times, strict=True)}
    assert all(row == expected.get(row.at) for row in rows)


@given(DIALECTS.filter(lambda dialect: dialect.delimiter in ",;\t|" and not dialect.grouping), FIGURES)
def test_without_groups_every_row_is_read(dialect: Dialect, figures: dict[str, float]) -> None:
    quoted = dialect.quoting != csv.QUOTE_NONE or dialect.delimiter != dialect.mark
    columns = ["epoch time", "VIN", *figures, "Volts"]
    row = [SECONDS, VIN, *map(dialect.figure, figures.values()), f"363{dialect.mark}2"]
    rows, skipped = read(dialect.write([columns, row]))
    if quoted:
        assert (rows, skipped) == ([meant(dialect, figures, columns, AT)], {})
    else:
        assert rows == []


def _of(text: str) -> Callable[[str], str]:
    return lambda value: value.replace(".", text)


@pytest.mark.parametrize("mark", ["\u066b", "·", "\ufffd"])
def test_a_mark_that_is_not_known_is_no_mark(mark: str) -> None:
    assert narrow(*map(_of(mark), [f"{SECONDS},{VIN},88.5,56.3"])) == ([], {Skipped.AMBIGUOUS: 1})
