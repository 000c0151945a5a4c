"""What a mutant is, and the table of them."""

from dataclasses import dataclass
from pathlib import Path
import tomllib
from typing import Any

CODE = Path("custom_components/nissanconnect")
"""Where in the checkout the code is."""


class TableError(Exception):
    """The table does not fit the code, or is none."""


@dataclass(frozen=True, kw_only=True)
class Mutant:
    """One way to break the code.

    ``text`` is found in ``file`` (below :data:`CODE`) exactly once, and ``replacement`` put in its place. ``tests`` are
    the arguments for pytest that name who has to notice: files, or single tests where their file takes long. ``harm``
    is what a user would notice, or for an ``equivalent`` mutant why nobody could.
    """

    file: str
    text: str
    replacement: str
    tests: tuple[str, ...]
    harm: str
    equivalent: bool = False

    def applied(self, source: str) -> str:
        """Return the broken source.

        Raises:
            TableError: The text is not there, or more than once.
        """
        if (found := source.count(self.text)) != 1:
            raise TableError(f"{self.file}: found {found} times: {self.text!r}")
        return source.replace(self.text, self.replacement)

    def line(self, source: str) -> int:
        """Return the number of the line in which the text begins."""
        return source.partition(self.text)[0].count("\n") + 1


def read_table(path: Path) -> list[Mutant]:
    """Read the table.

    Raises:
        TableError: A row lacks something, has too much, or changes nothing.
    """
    return [_mutant(row) for row in tomllib.loads(path.read_text())["mutant"]]


def _mutant(row: dict[str, Any]) -> Mutant:
    try:
        mutant = Mutant(**row | {"tests": tuple(row.get("tests", ()))})
    except TypeError as err:
        raise TableError(f"{row}: {err}") from err
    if not mutant.tests or mutant.text == mutant.replacement:
        raise TableError(f"{mutant.file}: names no test or changes nothing: {mutant.text!r}")
    return mutant


def check(mutants: list[Mutant], checkout: Path) -> list[str]:
    """Return what of the table does not fit the code."""
    found = []
    for mutant in mutants:
        try:
            mutant.applied((checkout / CODE / mutant.file).read_text())
        except (TableError, OSError) as err:
            found.append(str(err))
        missing = {name for each in mutant.tests if not (checkout / (name := each.partition("::")[0])).exists()}
        found += [f"{mutant.file}: no such test: {name}" for name in sorted(missing)]
    return found
