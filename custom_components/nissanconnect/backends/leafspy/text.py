"""The text of a file: whatever its encoding and line ends are, taken apart as RFC 4180 says."""

import codecs
from collections.abc import Iterable, Iterator
import csv
from io import IncrementalNewlineDecoder
import re

LONGEST_ROW = 16_384
"""Characters. A full row has about 1,000."""
_MOST_LINES = 8
"""Of one row: a quoted value may hold line ends, but a quote that is never closed must not swallow the file."""

_BEGINNINGS: tuple[tuple[re.Pattern[bytes], str], ...] = (
    (re.compile(rb"\xff\xfe\x00\x00|[\t -~]\x00\x00\x00"), "utf-32-le"),
    (re.compile(rb"\x00\x00\xfe\xff|\x00\x00\x00[\t -~]"), "utf-32-be"),
    (re.compile(rb"\xff\xfe|[\t -~]\x00[\t -~]\x00"), "utf-16-le"),
    (re.compile(rb"\xfe\xff|\x00[\t -~]\x00[\t -~]"), "utf-16-be"),
)
"""How files begin that are not UTF-8: with a byte order mark, or with two characters of a header."""


def lines(chunks: Iterable[bytes]) -> Iterator[str | None]:
    """Yield lines without their ends, CR, LF or both; ``None`` for one that is too long to be a row.

    Bytes that are no text become U+FFFD, which is part of no figure.
    """
    rest, too_long = "", False
    for text in _decoded(chunks):
        *complete, rest = (rest + text).split("\n")
        for line in complete:
            yield None if too_long or len(line) > LONGEST_ROW else line
            too_long = False
        if len(rest) > LONGEST_ROW:
            rest, too_long = "", True
    if rest or too_long:
        yield None if too_long else rest


def split(row: str, delimiter: str) -> list[str] | None:
    """Return the values of a row; ``None`` if its quotes do not fit."""
    if '"' not in row:
        return row.split(delimiter)
    try:
        return next(csv.reader([row], delimiter=delimiter, skipinitialspace=True, strict=True), [])
    except csv.Error:
        return None


def is_open(rows: list[str], delimiter: str) -> bool:
    """Whether a quote in these lines may be closed by one that follows."""
    text = "\n".join(rows)
    return (
        len(rows) < _MOST_LINES
        and len(text) <= LONGEST_ROW
        and text.count('"') % 2 == 1
        and split(text, delimiter) is None
    )


def _decoded(chunks: Iterable[bytes]) -> Iterator[str]:
    decoder: IncrementalNewlineDecoder | None = None
    beginning = b""
    for chunk in chunks:
        beginning += chunk
        if decoder is None and len(beginning) < 4:
            continue
        decoder = decoder or _decoder(beginning)
        yield _text(decoder.decode(beginning))
        beginning = b""
    yield _text((decoder or _decoder(beginning)).decode(beginning, final=True))


def _decoder(beginning: bytes) -> IncrementalNewlineDecoder:
    encoding = next((name for pattern, name in _BEGINNINGS if pattern.match(beginning)), "utf-8")
    return IncrementalNewlineDecoder(codecs.getincrementaldecoder(encoding)(errors="replace"), translate=True)


def _text(decoded: str) -> str:
    """Return text without byte order marks, which also stand where files were joined."""
    return decoded.replace("\ufeff", "")
