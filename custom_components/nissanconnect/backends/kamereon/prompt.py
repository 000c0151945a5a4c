"""What a page wants that stands between the log-in and the app (kamereon-eu §4.4).

None of these pages is on record [D], only that they exist. They are asked for in English, so words are looked for; what
those do not settle may be anything. A wrong guess costs the owner one line of advice.
"""

from html.parser import HTMLParser
import re
from typing import override


def asks_to_confirm_email(html: str) -> bool:
    """Whether the page is about an e-mail address that was never confirmed, and about nothing else."""
    reader = _Reader()
    reader.feed(html)
    text = " ".join(" ".join(reader.said).split())
    return _CONFIRM_EMAIL.search(text) is not None and _CONSENT.search(text) is None


_CONFIRM_EMAIL = re.compile(
    r"\b(verif|confirm|activat|validat)\w*[^.!?]{0,60}\be-?mail\b|\be-?mail\b[^.!?]{0,60}\b(verif|confirm|activat|validat)",
    re.IGNORECASE,
)
_CONSENT = re.compile(r"\b(terms|consent|polic(y|ies)|agree|accept)", re.IGNORECASE)
"""Terms mention addresses and confirmations too."""


class _Reader(HTMLParser):
    """Collects what a person can read."""

    def __init__(self) -> None:
        super().__init__()
        self.said: list[str] = []
        self._hidden = False

    @override
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._hidden = tag in {"script", "style"}

    @override
    def handle_endtag(self, tag: str) -> None:
        self._hidden = False

    @override
    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.said.append(data)
