"""What was measured, as a table in Markdown."""

from collections.abc import Iterable
from dataclasses import dataclass
from math import isnan


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One figure. ``baseline`` is that of the same run which it is compared with, ``met`` whether it is on target."""

    name: str
    value: float
    unit: str = ""
    baseline: float | None = None
    target: str = ""
    met: bool | None = None


_HEAD = ("measure", "baseline", "here", "ratio", "target", "met")
_MET = {None: "", True: "yes", False: "**no**"}


def table(rows: Iterable[Row]) -> str:
    """Return the rows below a head, all columns aligned."""
    lines = [_HEAD, *(_cells(row) for row in rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    lines.insert(1, tuple("-" * width for width in widths))
    return "\n".join("| " + " | ".join(map(str.ljust, line, widths, strict=True)) + " |" for line in lines)


def _cells(row: Row) -> tuple[str, ...]:
    ratio = "" if not row.baseline else f"{row.value / row.baseline:.2f}"
    baseline = "" if row.baseline is None else _figure(row.baseline, row.unit)
    return row.name, baseline, _figure(row.value, row.unit), ratio, row.target, _MET[row.met]


def _figure(value: float, unit: str) -> str:
    if isnan(value):
        return "never"
    digits = 0 if value == round(value) or abs(value) >= 100 else 1 if abs(value) >= 10 else 2
    return f"{value:.{digits}f} {unit}".rstrip()
