"""Our config entries of earlier starts, and which of them have been made a source of the LEAF."""

from collections.abc import Iterable, Mapping
import json
from pathlib import Path
from typing import Any

from custom_components.nissanconnect.const import CONF_SOURCE, DOMAIN

type Entry = Mapping[str, Any]

_MERGED = "merged.json"
"""The file in which is kept what the demo has added: what is not there any more, somebody removed."""


def kept_entries(directory: Path) -> dict[str, Entry]:
    """Return the config entries as Home Assistant keeps them, the first of each kind of source."""
    path = directory / ".storage" / "core.config_entries"
    entries = json.loads(path.read_text())["data"]["entries"] if path.exists() else []
    return {entry["data"].get(CONF_SOURCE): entry for entry in reversed(entries) if entry["domain"] == DOMAIN}


def merged_sources(directory: Path) -> set[str]:
    """Return the kinds of source that this start or an earlier one has given to the LEAF, and what else it added."""
    path = directory / _MERGED
    return set(json.loads(path.read_text())) if path.exists() else set()


def remember_merged(directory: Path, kinds: Iterable[str]) -> None:
    """Keep that these were added."""
    (directory / _MERGED).write_text(json.dumps(sorted({*merged_sources(directory), *kinds})))
