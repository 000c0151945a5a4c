"""Reading a feed with doubt: nearly everything in it is a string, and five spellings mean nothing (teslafi §5 [H])."""

from ..values import JsonObject, text_of

_NOTHING = {"null", "none", "<invalid>"}
"""Besides the empty one: in lower case and without blanks around it. Old exports also say "None"."""


class Values(JsonObject):
    """The fields of one reply, or of an object in it."""

    __slots__ = ()

    def text(self, name: str) -> str | None:
        """Return a string that says something; whole numbers become strings, as ids come as both."""
        text = text_of(self.get(name))
        return None if text is None or text.casefold() in _NOTHING else text

    def flag(self, name: str) -> bool | None:
        """Return a switch: any number but zero is on, because clients disagree on which (§5)."""
        value = self.get(name)
        if isinstance(value, bool):
            return value
        word = (self.text(name) or "").casefold()
        if word in {"true", "false"}:
            return word == "true"
        number = self.number(name)
        return None if number is None else number != 0
