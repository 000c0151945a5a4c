"""Finding the login form among the forms of an HTML page (kamereon-eu §4.2)."""

from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import override

_UNSENT = {"button", "file", "image", "reset", "submit"}
"""Types of input that a browser does not send unless they are used."""


@dataclass(slots=True)
class Form:
    """A form: where it is posted to, relative to its page, and its inputs as the page filled them."""

    action: str
    fields: dict[str, str] = field(default_factory=dict)


def login_form(html: str) -> Form | None:
    """Return the form that asks for a password and belongs to a login session, or ``None``.

    The page holds several forms; only this one has both inputs.
    """
    reader = _Reader()
    reader.feed(html)
    return next((form for form in reader.forms if {"sessionDataKey", "password"} <= form.fields.keys()), None)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self._inside = False

    @override
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append(Form(given.get("action", "")))
            self._inside = True
        elif tag == "input" and self._inside:
            kind = given.get("type", "text").lower()
            off = kind in {"checkbox", "radio"} and "checked" not in given
            if given.get("name") and kind not in _UNSENT and not off:
                self.forms[-1].fields[given["name"]] = given.get("value", "")

    @override
    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._inside = False
