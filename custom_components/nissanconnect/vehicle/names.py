"""Text that others write and people read: names, titles, messages.

Whoever shares an account, or runs a server, chooses it. It reaches pages, logs, notifications and language models, and
must not be able to look like anything but a name there.
"""

import unicodedata

LONGEST_NAME = 40
LONGEST_TITLE = 100
LONGEST_TEXT = 500

_BLANK_LETTERS = frozenset("\u115f\u1160\u2800\u3164\uffa0")
"""They count as letters, and show nothing."""


def one_line(text: str | None, longest: int = LONGEST_NAME) -> str | None:
    """Return ``text`` in one line of at most ``longest`` characters, without those that are not seen.

    Left out are control characters and those that change the direction of what follows or have no width; ``None`` if
    nothing is left.
    """
    if text is None:
        return None
    seen = "".join(sign for sign in text[: 20 * longest] if sign.isspace() or _is_seen(sign))
    line = " ".join(seen.split())
    return (line if len(line) <= longest else f"{line[: longest - 1].rstrip()}…") or None


def clean(item: object, **longest: int) -> None:
    """Have fields of a frozen dataclass in one line each, from its ``__post_init__``."""
    for name, length in longest.items():
        object.__setattr__(item, name, one_line(getattr(item, name), length))


def _is_seen(sign: str) -> bool:
    return not unicodedata.category(sign).startswith("C") and sign not in _BLANK_LETTERS
