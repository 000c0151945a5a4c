"""Counts what makes the code easy or hard to walk through. ``tests/test_house.py`` holds some of it within bounds."""

import ast
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
import re

import grimp

REPOSITORY = Path(__file__).parent.parent
ROOT = REPOSITORY / "custom_components" / "nissanconnect"
ARCHITECTURE = REPOSITORY / "docs" / "architecture.md"
PACKAGE = "custom_components.nissanconnect"

MOST_LINES = 450
"""Of a file that can be read at once."""
MOST_METHODS = 20
"""Of a class, unless a reason is given."""
MOST_FILES = 211

ROOMS: Mapping[str, int] = {
    "shell + flows": 6700,
    "vehicle + engine": 3500,
    "backends/kamereon": 2800,
    "backends/mynissan": 1800,
    "backends/demo": 450,
}
"""The most lines of a room; of each other backend there may be as many as :data:`MOST_LINES_OF_A_BACKEND`."""
MOST_LINES_OF_A_BACKEND = 1500

_CHARGING = ("charge_", "charging/", "engine/charge_", "engine/cheapest", "flows/charge_", "flows/wallboxes")
"""What belongs to charging by price, which came later."""

WALKS: Mapping[str, int] = {"1a": 14, "1b": 25, "1c": 14, "1d": 10, "1e": 18}
"""The most files on each of the walks through the code that the page on its architecture lists."""

_HEADING = re.compile(r"^#+ .*\b(1[a-e])\b", re.MULTILINE)
_FILE = re.compile(r"`([\w/]+\.py)\b")
_REASON = re.compile(r"#\s*(?!noqa|type:)\S")


@dataclass(frozen=True, slots=True)
class ClassFound:
    """A class: its file within the integration, its name, how many methods it has, and whether that has a reason."""

    file: str
    name: str
    methods: int
    reason: bool


def files(root: Path = ROOT) -> dict[str, str]:
    """Return the text of each file, by its path within the integration."""
    return {path.relative_to(root).as_posix(): path.read_text() for path in sorted(root.rglob("*.py"))}


def lines(found: Mapping[str, str]) -> dict[str, int]:
    """Return how many lines each file has."""
    return {name: len(text.splitlines()) for name, text in found.items()}


def room(file: str) -> str:
    """Return in which room a file is."""
    parts = file.split("/")
    if file.startswith(_CHARGING):
        return "charging by price"
    if parts[0] in {"vehicle", "engine"}:
        return "vehicle + engine"
    if parts[0] != "backends":
        return "shell + flows"
    return f"backends/{parts[1]}" if len(parts) > 2 else "what backends share"


def rooms(found: Mapping[str, str]) -> dict[str, int]:
    """Return how many lines each room has."""
    counted: defaultdict[str, int] = defaultdict(int)
    for name, count in lines(found).items():
        counted[room(name)] += count
    return dict(counted)


def too_long(found: Mapping[str, str]) -> dict[str, int]:
    """Return the files that are longer than they may be."""
    return {name: count for name, count in lines(found).items() if count > MOST_LINES}


def classes(found: Mapping[str, str]) -> Iterator[ClassFound]:
    """Go through the classes of all files, but for those within others. A comment on a class's line is a reason."""
    for file, text in found.items():
        rows = text.splitlines()
        for node in ast.parse(text).body:
            if isinstance(node, ast.ClassDef):
                methods = sum(isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef) for each in node.body)
                header = "\n".join(rows[node.lineno - 1 : node.body[0].lineno - 1])
                yield ClassFound(file, node.name, methods, _REASON.search(header) is not None)


def too_many_methods(found: Mapping[str, str]) -> dict[str, int]:
    """Return the classes that have more methods than they may, without a reason beside them."""
    crowded = (each for each in classes(found) if each.methods > MOST_METHODS and not each.reason)
    return {f"{each.file} {each.name}": each.methods for each in crowded}


def names_twice(found: Mapping[str, str]) -> dict[str, list[str]]:
    """Return the public names of classes that stand for several, and in which files."""
    where: defaultdict[str, list[str]] = defaultdict(list)
    for each in classes(found):
        if not each.name.startswith("_"):
            where[each.name].append(each.file)
    return {name: places for name, places in sorted(where.items()) if len(places) > 1}


def imports(*, types: bool, package: str = "custom_components") -> dict[str, set[str]]:
    """Return which module imports which, also within functions; with ``types`` also those that only types need."""
    graph = grimp.build_graph(package, exclude_type_checking_imports=not types, cache_dir=None)
    return {module: graph.find_modules_directly_imported_by(module) for module in graph.modules}


def circles(imported: Mapping[str, set[str]]) -> list[set[str]]:
    """Return the modules that can be reached from each other, each circle once, the largest first."""
    reached = {module: _reachable(imported, module) for module in imported}
    found: list[set[str]] = []
    for module in imported:
        circle = {other for other in reached[module] if module in reached.get(other, set())}
        if len(circle) > 1 and circle not in found:
            found.append(circle)
    return sorted(found, key=lambda circle: (-len(circle), min(circle)))


def _reachable(imported: Mapping[str, set[str]], start: str) -> set[str]:
    found: set[str] = set()
    ahead = [start]
    while ahead:
        new = imported.get(ahead.pop(), set()) - found
        found |= new
        ahead.extend(new)
    return found


def short(module: str) -> str:
    """Return the name of a module within the integration."""
    return module.removeprefix(f"{PACKAGE}.")


def walks(page: Path = ARCHITECTURE) -> dict[str, list[str]]:
    """Return the files on each of the walks, each once; nothing if there is no such page yet.

    A walk is what follows a heading with its number, ``1a`` to ``1d``; its files are named in backticks, by their
    paths within the integration.
    """
    if not page.exists():
        return {}
    _, *parts = _HEADING.split(page.read_text())
    named = zip(parts[::2], parts[1::2], strict=True)
    return {number: [*dict.fromkeys(_FILE.findall(text.split("\n#")[0]))] for number, text in named}


def report() -> Iterator[tuple[str, int, int | None]]:
    """Go through what is counted: what it is, how much there is of it, and how much there may be."""
    found = files()
    for name, count in sorted(rooms(found).items(), key=lambda each: (each[0] not in ROOMS, each[0])):
        most = ROOMS.get(name, MOST_LINES_OF_A_BACKEND if name.startswith("backends/") else None)
        yield f"lines of {name}", count, most
    yield "lines in all", sum(lines(found).values()), None
    yield "files", len(found), MOST_FILES
    largest, count = max(lines(found).items(), key=lambda each: each[1])
    yield f"lines of the largest file, {largest}", count, MOST_LINES
    yield f"files over {MOST_LINES} lines", len(too_long(found)), 0
    yield f"classes over {MOST_METHODS} methods without a reason", len(too_many_methods(found)), 0
    yield "names of classes that stand for several", len(names_twice(found)), 0
    running, typed = circles(imports(types=False)), circles(imports(types=True))
    yield "circles of imports", len(running), 0
    yield "modules in circles", sum(map(len, running)), 0
    yield "modules in circles, imports for types included", sum(map(len, typed)), None
    for number, named in walks().items():
        yield f"files on walk {number}", len(named), WALKS.get(number)


def main() -> None:
    """Print the table."""
    print(f"{'':60} {'today':>7} {'at most':>7}")
    for what, count, most in report():
        over = "  over" if most is not None and count > most else ""
        print(f"{what:60} {count:7} {'' if most is None else most:>7}{over}")
    for circle in circles(imports(types=False)):
        print("circle:", ", ".join(sorted(map(short, circle))))


if __name__ == "__main__":
    main()
