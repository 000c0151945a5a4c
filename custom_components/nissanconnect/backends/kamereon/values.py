"""The attributes of a response of the data plane."""

from typing import Self, override

from ..base import Json
from ..reader import JsonReader


class Attributes(JsonReader):
    """The attributes of one body or of one object in it."""

    __slots__ = ()

    @classmethod
    @override
    def of(cls, body: Json) -> Self:
        """Find the attributes in ``data.attributes``, in ``data`` or at the top (§3.2)."""
        found = body if isinstance(body, dict) else {}
        for name in ("data", "attributes"):
            inner = found.get(name)
            if isinstance(inner, dict):
                found = inner
        return cls(found)
