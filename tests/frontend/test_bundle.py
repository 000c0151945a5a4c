"""The module that the browser gets is what `frontend/` makes, is small, and asks nobody for anything."""

from pathlib import Path
import re
import subprocess
from typing import Any

from homeassistant.util.yaml import parse_yaml
import pytest

from tests.pages import blocks

REPOSITORY = Path(__file__).parents[2]
BUNDLE = REPOSITORY / "custom_components" / "nissanconnect" / "frontend" / "nissanconnect.js"
SOURCES = sorted((REPOSITORY / "frontend" / "src").rglob("*.js"))

_LARGEST = 115_000
"""Bytes."""

_LONGEST = 450
"""Lines of a file."""


@pytest.fixture(scope="module", name="node")
def _node() -> None:
    """Skip where Node.js can neither be found nor installed."""
    found = subprocess.run([REPOSITORY / "script" / "node"], capture_output=True, text=True, check=False, timeout=300)
    if found.returncode:
        pytest.skip(f"no Node.js: {found.stderr.strip()}")


def _frontend(*arguments: str | Path) -> str:
    command = [REPOSITORY / "script" / "frontend", *arguments]
    run = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert run.returncode == 0, run.stdout + run.stderr
    return run.stdout


@pytest.mark.usefixtures("node")
def test_what_is_committed_is_what_the_build_makes(tmp_path: Path) -> None:
    built = tmp_path / "built.js"
    _frontend("build", built)
    assert built.read_bytes() == BUNDLE.read_bytes(), "run script/frontend and commit what it makes"


@pytest.mark.usefixtures("node")
def test_its_logic() -> None:
    assert "fail 0\n" in _frontend("test")


def test_it_is_small() -> None:
    assert BUNDLE.stat().st_size < _LARGEST


def test_it_asks_nobody_and_runs_no_text() -> None:
    for source in SOURCES:
        code = source.read_text()
        assert not re.search(r"\b(eval|Function|fetch|XMLHttpRequest|WebSocket|importScripts)\s*\(", code), source.name
        assert not re.search(r"\bimport\s*\(|innerHTML|unsafeHTML|document\.write", code), source.name
        assert not re.search(r"https?://(?!github\.com/nissanconnect-ha/|www\.w3\.org/)", code), source.name


def test_what_the_page_shows_is_there() -> None:
    """The card and the strategies by their names, and the options of the card."""
    code, page = BUNDLE.read_text(), "docs/dashboard.md"
    for block in blocks(page, "yaml"):
        shown: Any = parse_yaml(block)
        kind = shown.get("type") or shown["strategy"]["type"]
        assert kind.removeprefix("custom:") in code
        assert all(name in code for name in shown.keys() - {"type", "title", "strategy"})


def test_files_are_short() -> None:
    assert [source.name for source in SOURCES if len(source.read_text().splitlines()) > _LONGEST] == []
