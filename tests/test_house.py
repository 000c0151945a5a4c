"""The rules of the house: no file grows too long, one name means one thing, and no import goes in a circle."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from script.house_rules import (
    MOST_LINES,
    MOST_METHODS,
    WALKS,
    circles,
    classes,
    files,
    imports,
    lines,
    main,
    names_twice,
    report,
    room,
    rooms,
    too_long,
    too_many_methods,
    walks,
)

FILES = 211
"""How many there are today; it may become fewer."""

LONGEST = {"1a": 14, "1b": 24, "1c": 13, "1d": 8, "1e": 18}
"""How many files each walk of the page on the architecture passes today; it may become fewer."""


@pytest.fixture
def ours() -> dict[str, str]:
    """All files of the integration."""
    return files()


def test_no_file_is_too_long_to_be_read_at_once(ours: dict[str, str]) -> None:
    assert too_long(ours) == {}


def test_there_are_not_more_files_than_before(ours: dict[str, str]) -> None:
    assert len(ours) <= FILES, "a new backend may raise FILES by its own files, nothing else may"


def test_no_class_has_too_many_methods(ours: dict[str, str]) -> None:
    assert too_many_methods(ours) == {}


def test_one_name_means_one_thing(ours: dict[str, str]) -> None:
    assert names_twice(ours) == {}


@pytest.mark.parametrize("types", [False, True])
def test_no_import_goes_in_a_circle(types: bool) -> None:
    assert circles(imports(types=types)) == []


def test_the_walks_name_files_that_exist_and_get_no_longer(ours: dict[str, str]) -> None:
    found = walks()
    assert found.keys() == WALKS.keys() == LONGEST.keys()
    for number, named in found.items():
        assert [name for name in named if name not in ours] == []
        assert len(named) <= LONGEST[number]


# How it is counted


def test_lines_are_counted_by_room() -> None:
    found = {"sensor.py": "a\nb\n", "flows/forms.py": "a", "vehicle/state.py": "a\n\n", "engine/merge.py": "a\n"}
    found |= {"backends/http.py": "a\n", "backends/ovms/tree.py": "a\nb\nc\n"}
    assert rooms(found) == {
        "shell + flows": 3,
        "vehicle + engine": 3,
        "what backends share": 1,
        "backends/ovms": 3,
    }
    assert room("backends/ovms/__init__.py") == "backends/ovms"


def test_what_is_too_long_is_named() -> None:
    assert too_long({"short.py": "a\n" * MOST_LINES, "long.py": "a\n" * (MOST_LINES + 1)}) == {
        "long.py": MOST_LINES + 1
    }


def a_class(name: str, methods: int, comment: str = "") -> str:
    body = "".join(f"    def method_{number}(self): ...\n" for number in range(methods))
    return f"class {name}:{comment}\n    pass\n{body}"


@pytest.mark.parametrize(
    ("methods", "comment", "named"),
    [
        (MOST_METHODS, "", False),
        (MOST_METHODS + 1, "", True),
        (MOST_METHODS + 1, "  # a method for each request of the protocol", False),
        (MOST_METHODS + 1, "  # noqa: PLR0904", True),
    ],
)
def test_what_has_too_many_methods_is_named_unless_there_is_a_reason(methods: int, comment: str, named: bool) -> None:
    found = too_many_methods({"a.py": a_class("Busy", methods, comment)})
    assert found == ({"a.py Busy": methods} if named else {})


def test_what_is_named_twice_is_found() -> None:
    found = {"a.py": a_class("One", 1) + a_class("_Inner", 0), "b.py": a_class("One", 2) + a_class("_Inner", 0)}
    assert names_twice(found) == {"One": ["a.py", "b.py"]}
    assert [each.methods for each in classes(found) if each.name == "One"] == [1, 2]


def test_circles_are_found_however_long() -> None:
    imported = {"a": {"b"}, "b": {"c"}, "c": {"a", "d"}, "d": {"e"}, "e": set[str](), "f": {"g"}, "g": {"f", "a"}}
    assert circles(imported) == [{"a", "b", "c"}, {"f", "g"}]
    assert circles({"a": {"b"}, "b": {"outside"}}) == []


def test_imports_within_functions_count_and_those_for_types_only_if_wanted() -> None:
    running, typed = imports(types=False), imports(types=True)
    package = "custom_components.nissanconnect"
    assert f"{package}.statistics" in running[f"{package}.queries"], "is imported when it is needed"
    assert running.keys() == typed.keys()
    assert all(typed[module] >= running[module] for module in typed)


def test_a_walk_is_what_follows_its_heading(tmp_path: Path) -> None:
    page = tmp_path / "architecture.md"
    assert walks(page) == {}
    page.write_text(
        "# Architecture\n`account.py`\n## Walk 1a: a level\n1. `sensor.py:20 value`, `entity.py`\n2. `sensor.py`\n"
        "## Walk 1d: an alert\n1. `engine/alerts.py`\n## Else\n`store.py`\n"
    )
    assert walks(page) == {"1a": ["sensor.py", "entity.py"], "1d": ["engine/alerts.py"]}


def test_the_table_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    main()
    printed = capsys.readouterr().out.splitlines()
    counted: Iterator[str] = (what for what, _, _ in report())
    assert [what for what in counted if not any(line.startswith(what) for line in printed)] == []
    assert sum(lines(files()).values()) > 10_000
