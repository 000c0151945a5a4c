"""Payloads, read with doubt: any client of the broker may have written them (ovms §5.6).

Metrics come in their native units and without a suffix (§1.3). What makes no sense is unknown; nothing here raises.
"""

from collections.abc import Callable
import re

from ..values import within

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


def number(low: float, high: float) -> Reader:
    """Return a reader of finite numbers from ``low`` to ``high``; markers like 65535 are outside of any range."""
    return lambda text: _number(text, low, high)


def percent(text: str) -> float | None:
    """Read a share; module and vehicle round differently, so a little more than all is all."""
    found = _number(text, 0, 101)
    return None if found is None else min(found, 100.0)


def numbers(low: float, high: float) -> Reader:
    """Return a reader of comma lists; a member that makes no sense is unknown, and the others keep their places."""
    return lambda text: tuple(_number(part, low, high) for part in text.split(",")) if text else None


def flag(text: str) -> bool | None:
    """Read ``yes`` or ``no``."""
    return {"yes": True, "no": False}.get(text)


def word(text: str) -> str | None:
    """Read a word or a short line of printable characters."""
    return text if 0 < len(text) <= 100 and text.isprintable() else None


def _number(text: str, low: float, high: float) -> float | None:
    if not _NUMBER.fullmatch(text.strip()):
        return None
    return within(float(text), low, high)
