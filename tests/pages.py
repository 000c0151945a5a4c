"""The README and the pages of ``docs/``, as the tests read them."""

from collections.abc import Iterator
from pathlib import Path
import re
from typing import Any

from homeassistant.util.yaml import parse_yaml

REPOSITORY = Path(__file__).parents[1]
PAGES = {
    path.relative_to(REPOSITORY).as_posix(): path.read_text()
    for path in [REPOSITORY / "README.md", *sorted((REPOSITORY / "docs").rglob("*.md"))]
}
"""The text of each page by its path."""

_FENCED = re.compile(r"^( *)```(\w*)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)


def blocks(page: str, language: str) -> list[str]:
    """Return the fenced blocks of a language."""
    return [found[3] for found in _FENCED.finditer(PAGES[page]) if found[2] == language]


def languages(page: str) -> set[str]:
    """Return the languages of the fenced blocks."""
    return {found[2] for found in _FENCED.finditer(PAGES[page])}


def prose(page: str) -> str:
    """Return a page without its fenced blocks."""
    return _FENCED.sub("", PAGES[page])


def anchors(page: str) -> list[str]:
    """Return what GitHub makes of the headings."""
    headings = re.findall(r"^#+ (.*)$", prose(page), re.MULTILINE)
    plain = (re.sub(r"\[(.*?)\]\(.*?\)", r"\1", each) for each in headings)
    return [re.sub(r"[^\w\- ]", "", each.lower()).replace(" ", "-") for each in plain]


def automations(block: str) -> list[dict[str, Any]]:
    """Return a block as automations: it is one, or several, or a list of actions."""
    written = parse_yaml(block)
    parts = written if isinstance(written, list) else [written]
    if not any("triggers" in part for part in parts):
        parts = [{"triggers": [{"trigger": "event", "event_type": "ask"}], "actions": parts}]
    return [{"alias": f"example {number}", **part} for number, part in enumerate(parts)]


def values(tree: Any, key: str) -> Iterator[str]:
    """Go through all texts under a key, wherever it is."""
    for each in tree if isinstance(tree, list) else tree.values() if isinstance(tree, dict) else ():
        yield from values(each, key)
    if isinstance(tree, dict) and isinstance(tree.get(key), str):
        yield tree[key]
