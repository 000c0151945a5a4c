"""Payloads, read with doubt: any client of the broker may have written them (ovms §5.6).

Metrics come in their native units and without a suffix (§1.3). What makes no sense is unknown; nothing here raises.
"""

from collections.abc import Callable
import re

from ..quantities import LEVEL, Quantity

type Value = bool | float | str | tuple[float | None, ...]
type Reader = Callable[[str], Value | None]

_LONGEST = 4096
"""Bytes; the longest metric, the voltages of 96 cells, has some 600."""

_NUMBER = re.compile(r"[+-]?\d{1,20}(\.\d{0,20})?([eE][+-]?\d{1,3})?", re.ASCII)


def decode(payload: bytes, longest: int = _LONGEST) -> str | None:
    """Return a payload as text without blanks around it; ``None`` if it is too long or no text."""
    if len(payload) > longest:
        return None
    try:
        return payload.decode().strip()
    except UnicodeDecodeError:
        return None


def number(quantity: Quantity) -> Reader:
    """Return a reader of a quantity; markers like 65535 are out of any bounds."""
    return lambda text: quantity.of(_number(text))


def percent(text: str) -> float | None:
    """Read a share; module and vehicle round differently, so a little more than all is all."""
    found = _number(text)
    return LEVEL.of(100.0 if found is not None and 100 < found <= 101 else found)


def numbers(quantity: Quantity) -> Reader:
    """Return a reader of comma lists; a member that makes no sense is unknown, and the others keep their places."""
    return lambda text: tuple(quantity.of(_number(part)) for part in text.split(",")) if text else None


def flag(text: str) -> bool | None:
    """Read ``yes`` or ``no``."""
    return {"yes": True, "no": False}.get(text)


def word(text: str) -> str | None:
    """Read a word or a short line of printable characters."""
    return text if 0 < len(text) <= 100 and text.isprintable() else None


def _number(text: str) -> float | None:
    return float(text) if _NUMBER.fullmatch(text.strip()) else None
