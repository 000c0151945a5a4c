"""Reading Home Assistant's log: for warnings, for errors, and for what must not be in it."""

from collections.abc import Iterable, Iterator, Mapping
import json
from pathlib import Path
import re
from typing import Any

_TIME = re.compile(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\S* ")
_OUR_WARNING = re.compile(r"^(?:WARNING|ERROR|CRITICAL) .*?\[custom_components\.nissanconnect\b")
_TROUBLE = re.compile(r"^(?:ERROR|CRITICAL) |\bTraceback \(most recent call last\)|ExceptionGroup:")
_MINOR = re.compile("DEBUG|INFO")
_ANSWER = re.compile(r"\[homeassistant\.components\.api\] Error during service call")
"""How Home Assistant notes that an action ended with an error, which its caller was told."""


def without_time(line: str) -> str:
    """Return a line without its time, whose digits could by chance be those of a coordinate."""
    return _TIME.sub("", line)


def is_our_warning(line: str) -> bool:
    """Whether a line, without its time, is a warning or worse of this integration."""
    return bool(_OUR_WARNING.search(line))


def trouble_in(log: str) -> list[str]:
    """Return the lines of a log that tell of errors, whoever made them; those of actions are answers, not trouble.

    Nor is it trouble what is noted for debugging, such as why an entry is not ready yet.
    """
    found, minor = [], False
    for line in log.splitlines():
        text = without_time(line)
        minor = bool(_MINOR.match(text)) if text != line else minor  # lines without a time belong to the one before
        if not minor and _TROUBLE.search(text) and not _ANSWER.search(text):
            found.append(text)
    return found


def given_away(log: str, secrets: Mapping[str, Iterable[str]]) -> list[str]:
    """Return which kinds of ``secrets`` a log gives away, be it in upper or in lower case."""
    text = "\n".join(map(without_time, log.splitlines())).lower()
    return [kind for kind, values in secrets.items() if any(value.lower() in text for value in values)]


def coordinate(degrees: float) -> str:
    """Return the digits by which a coordinate would be recognised in a text, down to some 100 m."""
    return f"{degrees:.6f}"[:-3]


def stored_secrets(storage: Path, domain: str) -> set[str]:
    """Return every text in the data of an integration's config entries: tokens, and what was typed in.

    Short texts and plain words are left out: they are choices, like that of the source, and occur everywhere.
    """
    entries = json.loads((storage / "core.config_entries").read_text())["data"]["entries"]
    data = [entry["data"] for entry in entries if entry["domain"] == domain]
    return {text for text in _texts(data) if len(text) > 8 and not re.fullmatch("[a-z_]+", text)}


def _texts(value: Any) -> Iterator[str]:
    match value:
        case str():
            yield value
        case dict():
            yield from _texts([*value.values()])
        case list():
            for item in value:
                yield from _texts(item)
