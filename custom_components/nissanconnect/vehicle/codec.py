"""Decodes dataclasses from JSON by their type hints.

The decoders of a type are built when it is first decoded: to build them all would cost time at every start.
"""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, fields, is_dataclass
from datetime import UTC, datetime, time
from enum import Enum
from functools import cache
from types import MappingProxyType, NoneType, UnionType
from typing import Any, TypeAliasType, Union, get_args, get_origin, get_type_hints

type _Decoder = Callable[[Any, datetime], Any]
"""Decodes a value that was written before a time; raises ValueError or TypeError if it does not fit."""

PLANNED: Mapping[str, bool] = MappingProxyType({"planned": True})
"""The metadata of a field whose times may be in the future."""

_EARLIEST, _LATEST = datetime(1970, 1, 2, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
"""Times beyond these are invalid: not every time zone can represent them."""

_MOST = 1e12
"""Numbers beyond this are damaged: nothing in a vehicle is so large, and sums of such may overflow."""


def decode[T](kind: type[T], raw: Any, now: datetime, *, planned: bool = False) -> T:
    """Return the ``kind`` that was written as ``raw``. Unknown fields are ignored, missing ones get their default.

    Nothing has happened after ``now``: later times come from a clock that was ahead, and become ``now``. Fields with
    :data:`PLANNED` keep theirs, as does what is ``planned``.

    Raises:
        ValueError: A value does not fit its type.
        TypeError: Likewise, or a field without a default is missing.
        RecursionError: It is nested too deeply.
    """
    hint: Any = kind
    decoded: T = _decoder(hint, planned=planned)(raw, now)
    return decoded


@cache
def _decoder(hint: Any, *, planned: bool) -> _Decoder:
    if isinstance(hint, TypeAliasType):
        return _decoder(hint.__value__, planned=planned)
    origin, args = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):
        return _union([_decoder(each, planned=planned) for each in args if each is not NoneType], NoneType in args)
    if origin in (tuple, frozenset):
        return _sequence(origin, _decoder(args[0], planned=planned))
    if origin is Mapping:
        return _mapping(_decoder(args[0], planned=False), _decoder(args[1], planned=planned))
    if is_dataclass(hint):
        return _dataclass(hint)
    if issubclass(hint, Enum):
        return lambda raw, now: hint(raw)
    if issubclass(hint, datetime):  # not "is": a test's frozen clock is a subclass
        return _any_time if planned else _past_time
    if hint is time:
        return _time_of_day
    if hint is float:
        return _number
    return _plain(hint)


def _dataclass(kind: Any) -> _Decoder:
    hints = get_type_hints(kind)
    decoders = {each.name: _decoder(hints[each.name], planned="planned" in each.metadata) for each in fields(kind)}

    def decode_fields(raw: Any, now: datetime) -> Any:
        if not isinstance(raw, Mapping):
            raise TypeError
        return kind(**{name: each(raw[name], now) for name, each in decoders.items() if name in raw})

    return decode_fields


def _union(decoders: list[_Decoder], optional: bool) -> _Decoder:
    def decode_first(raw: Any, now: datetime) -> Any:
        if raw is None and optional:
            return None
        for each in decoders[:-1]:
            with suppress(TypeError, ValueError):
                return each(raw, now)
        try:
            return decoders[-1](raw, now)
        except _NotATime:
            if optional:
                return None
            raise

    return decode_first


def _sequence(kind: Callable[[Any], Any], item: _Decoder) -> _Decoder:
    def decode_items(raw: Any, now: datetime) -> Any:
        if not isinstance(raw, list):
            raise TypeError
        return kind(item(each, now) for each in raw)

    return decode_items


def _mapping(key: _Decoder, value: _Decoder) -> _Decoder:
    def decode_items(raw: Any, now: datetime) -> Any:
        if not isinstance(raw, Mapping):
            raise TypeError
        return {key(name, now): value(each, now) for name, each in raw.items()}

    return decode_items


class _NotATime(ValueError):
    """The time has no zone, or is beyond what every time zone can represent; an optional one is unknown then."""


def _any_time(raw: Any, now: datetime) -> datetime:
    found = datetime.fromisoformat(raw)
    if found.tzinfo is None or not _EARLIEST <= found <= _LATEST:
        raise _NotATime
    return found


def _past_time(raw: Any, now: datetime) -> datetime:
    return min(_any_time(raw, now), now)


def _time_of_day(raw: Any, now: datetime) -> time:
    found = time.fromisoformat(raw)
    if found.tzinfo is not None:
        raise ValueError
    return found


def _number(raw: Any, now: datetime) -> float:
    if isinstance(raw, bool) or not isinstance(raw, int | float):
        raise TypeError
    if not abs(raw) <= _MOST:
        raise ValueError
    return float(raw)


def _plain(kind: type) -> _Decoder:
    def decode_plain(raw: Any, now: datetime) -> Any:
        if type(raw) is not kind:
            raise TypeError
        return raw

    return decode_plain


@dataclass(slots=True)
class LenientReader:
    """Reads what was written, maybe in another version and maybe damaged since: what cannot be read is left out.

    ``lost``: something could not be read. A time later than ``now`` was written by a clock that was ahead, and is
    replaced by ``now``.
    """

    now: datetime
    lost: bool = False

    def mapping(self, raw: Any) -> Mapping[str, Any]:
        """Return a mapping; an empty one for anything else."""
        if raw is not None and not isinstance(raw, Mapping):
            self.lost = True
        return raw if isinstance(raw, Mapping) else {}

    def items(self, raw: Any) -> list[Any]:
        """Return a list; an empty one for anything else."""
        if raw is not None and not isinstance(raw, list):
            self.lost = True
        return raw if isinstance(raw, list) else []

    def load[T](self, kind: type[T], raw: Any, *, planned: bool = False) -> T | None:
        """Decode a value; one that does not fit is left out as a whole. If it is ``planned``, it may still come."""
        if raw is None or (isinstance(raw, kind) and kind is not float):  # what is still to be written is no JSON yet
            return raw
        with suppress(TypeError, ValueError, RecursionError):
            return decode(kind, raw, self.now, planned=planned)
        self.lost = True
        return None
