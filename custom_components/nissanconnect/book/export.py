"""Writes the trips and charges of a book into files that spreadsheets and programs read."""

from collections.abc import Callable, Iterable, Mapping, Sequence
import csv
from dataclasses import dataclass
from enum import StrEnum
import errno
from io import StringIO
import json
from pathlib import Path
import re

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.util.file import WriteError, write_utf8_file_atomic
from homeassistant.util.json import JsonValueType

from ..const import DOMAIN
from .rows import CHARGE_COLUMNS, CHARGE_UNITS, TRIP_COLUMNS, TRIP_UNITS, Row

_FORMULA = re.compile(r"(?:^|[;,|\t\r\n])(?=\s*[=+\-@])|^(?=[\t\r\n])")
"""Where a spreadsheet may begin to read a formula, whatever it takes for the end of a cell."""

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})


class ExportFormat(StrEnum):
    """What is written: a table of trips and one of charges, or one file with both."""

    CSV = "csv"
    JSON = "json"


@dataclass(frozen=True, slots=True, kw_only=True)
class BookExport:
    """What is written of the vehicle of that ``name``. The names of all files begin with ``file_name``."""

    name: str
    file_name: str
    trips: Sequence[Row]
    charges: Sequence[Row]


def write_export(hass: HomeAssistant, export: BookExport, folder: str, formats: Iterable[ExportFormat]) -> list[str]:
    """Write into a folder that is there and that Home Assistant may use, and return the paths of the files.

    Each file is written whole or not at all, and replaces an earlier one of its name. This is for the executor.

    Raises:
        HomeAssistantError: The folder cannot be used, or the disk is full.
    """
    place = _checked_folder(hass, folder)
    contents = {name: content for each in formats for name, content in _CONTENTS[each](export).items()}
    for name, content in contents.items():
        _write(place / name, content)
    return [str(place / name) for name in contents]


def _checked_folder(hass: HomeAssistant, folder: str) -> Path:
    """Return where a folder really is: nothing may be written there through a link to somewhere else, either."""
    placeholders = {"path": folder}
    if not Path(folder).is_absolute():
        raise ServiceValidationError(
            translation_domain=DOMAIN, translation_key="path_not_full", translation_placeholders=placeholders
        )
    try:
        place = Path(folder).resolve(strict=True)
    except (OSError, ValueError) as err:
        raise ServiceValidationError(
            translation_domain=DOMAIN, translation_key="folder_missing", translation_placeholders=placeholders
        ) from err
    if not hass.config.is_allowed_path(str(place)):
        raise ServiceValidationError(
            translation_domain=DOMAIN, translation_key="folder_not_allowed", translation_placeholders=placeholders
        )
    if not place.is_dir():
        raise ServiceValidationError(
            translation_domain=DOMAIN, translation_key="folder_missing", translation_placeholders=placeholders
        )
    return place


def _write(path: Path, content: bytes) -> None:
    """Write a file. If there is a link of its name, this replaces the link, and not what it leads to."""
    try:
        write_utf8_file_atomic(str(path), content, mode="wb")
    except WriteError as err:
        placeholders = {"path": str(path)}
        if isinstance(err.__cause__, OSError) and err.__cause__.errno in _FULL:
            raise HomeAssistantError(
                translation_domain=DOMAIN, translation_key="disk_full", translation_placeholders=placeholders
            ) from err
        raise HomeAssistantError(
            translation_domain=DOMAIN, translation_key="file_not_written", translation_placeholders=placeholders
        ) from err


def _tables(export: BookExport) -> dict[str, bytes]:
    return {
        f"{export.file_name}-trips.csv": _table(TRIP_COLUMNS, TRIP_UNITS, export.trips),
        f"{export.file_name}-charges.csv": _table(CHARGE_COLUMNS, CHARGE_UNITS, export.charges),
    }


def _table(columns: Iterable[str], units: Mapping[str, JsonValueType], rows: Iterable[Row]) -> bytes:
    """Return rows as CSV, with units in its header. By a mark at its begin spreadsheets see that it is UTF-8."""
    text = StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow([f"{name} ({units[name]})" if name in units else name for name in columns])
    writer.writerows([_cell(value) for value in row.values()] for row in rows)
    return text.getvalue().encode("utf-8-sig")


def _cell(value: object) -> object:
    """Return a value that people understand and no spreadsheet runs: anybody may have given a place its name."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return _FORMULA.sub(r"\g<0>'", value) if isinstance(value, str) else value


def _document(export: BookExport) -> dict[str, bytes]:
    content = {
        "vehicle": export.name,
        "units": {"trips": TRIP_UNITS, "charges": CHARGE_UNITS},
        "trips": export.trips,
        "charges": export.charges,
    }
    return {f"{export.file_name}.json": json.dumps(content, ensure_ascii=False, indent=2).encode()}


_CONTENTS: Mapping[ExportFormat, Callable[[BookExport], dict[str, bytes]]] = {
    ExportFormat.CSV: _tables,
    ExportFormat.JSON: _document,
}
