"""What an owner hands in: one log, or a ZIP archive of many, as phones make when files are sent from them."""

from collections.abc import Iterator
import struct
from typing import BinaryIO
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo
import zlib

_CHUNK = 65_536
_ARCHIVES = (b"PK\x03\x04", b"PK\x05\x06")
"""How an archive begins; the second one is empty."""
_PLAIN = (ZIP_STORED, ZIP_DEFLATED)
_BROKEN = (BadZipFile, EOFError, NotImplementedError, OSError, RuntimeError, ValueError, struct.error, zlib.error)
"""What the standard library raises over archives that are damaged or encrypted."""
_MOST_FILES = 5_000
_MOST_BYTES = 1_000_000_000
"""Of what comes out of an archive; years of logs are less. A small archive can hold any amount."""


class Damaged(Exception):
    """The archive cannot be read to its end, or holds more than anybody's logs."""


def log_files(file: BinaryIO) -> Iterator[Iterator[bytes]]:
    """Yield each log as chunks, to be read before the next one is taken; raises :class:`Damaged`, :class:`OSError`."""
    beginning = file.read(4)
    file.seek(0)
    if beginning not in _ARCHIVES:
        yield iter(lambda: file.read(_CHUNK), b"")
        return
    left = _MOST_BYTES
    for archive, member in _members(file):
        left -= member.file_size
        if left < 0:
            raise Damaged
        yield _chunks(archive, member)


def _members(file: BinaryIO) -> Iterator[tuple[ZipFile, ZipInfo]]:
    try:
        archive = ZipFile(file)
        members = [each for each in archive.infolist() if each.filename.lower().endswith(".csv")]
    except _BROKEN as err:
        raise Damaged from err
    if len(members) > _MOST_FILES or any(each.compress_type not in _PLAIN for each in members):
        raise Damaged
    with archive:
        for member in sorted(members, key=lambda each: each.filename):
            yield archive, member


def _chunks(archive: ZipFile, member: ZipInfo) -> Iterator[bytes]:
    """Yield what is in a file of an archive, and not more than it says of itself."""
    left = member.file_size
    try:
        with archive.open(member) as opened:
            while left > 0 and (chunk := opened.read(min(_CHUNK, left))):
                left -= len(chunk)
                yield chunk
    except _BROKEN as err:
        raise Damaged from err
