"""Trying mutants on a copy of the checkout."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from importlib.util import cache_from_source
from pathlib import Path
import shutil
import subprocess
from tempfile import TemporaryDirectory
from time import monotonic

from .mutants import CODE, Mutant

type RunTests = Callable[[Sequence[str]], int | None]
"""Runs tests by pytest's arguments; returns pytest's exit status, ``None`` if they had to be stopped."""


class Outcome(StrEnum):
    """What became of a mutant."""

    KILLED = "killed"
    SURVIVED = "SURVIVED"
    EQUIVALENT = "equivalent"
    UNCLEAR = "UNCLEAR"
    """The tests did not run to their end, or a mutant that is called equivalent was noticed."""

    @classmethod
    def of(cls, mutant: Mutant, status: int | None) -> Outcome:
        """Judge by pytest's exit status: 0 is "all passed", 1 is "some failed", all others are troubles of its own."""
        if status == 0:
            return cls.EQUIVALENT if mutant.equivalent else cls.SURVIVED
        return cls.KILLED if status == 1 and not mutant.equivalent else cls.UNCLEAR


@dataclass(frozen=True)
class Trial:
    """A mutant that was tried; ``line`` is where it is, ``seconds`` is how long its tests took."""

    mutant: Mutant
    outcome: Outcome
    line: int
    seconds: float


@contextmanager
def copied(checkout: Path) -> Iterator[Path]:
    """Have a copy of what git knows or would take, so that the work of nobody is touched, whatever happens."""
    command = ("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    names = subprocess.run(command, cwd=checkout, check=True, capture_output=True, text=True).stdout.split("\0")
    with TemporaryDirectory(prefix="mutants-") as directory:
        for name in names:
            if (source := checkout / name).is_file():
                target = Path(directory) / name
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(source, target)
        yield Path(directory)


def attempt(mutant: Mutant, copy: Path, run: RunTests) -> Trial:
    """Break the copy, run the tests that have to notice, and mend it."""
    path = copy / CODE / mutant.file
    source, began = path.read_text(), monotonic()
    try:
        _write(path, mutant.applied(source))
        status = run(mutant.tests)
    finally:
        _write(path, source)
    return Trial(mutant, Outcome.of(mutant, status), mutant.line(source), monotonic() - began)


def _write(path: Path, source: str) -> None:
    """Write a module so that it is compiled anew: a file of the same size and second passes for unchanged."""
    path.write_text(source)
    Path(cache_from_source(str(path))).unlink(missing_ok=True)


def kill_rate(trials: Sequence[Trial]) -> float:
    """Return the share of mutants that were noticed, of those that could be."""
    counted = [trial for trial in trials if trial.outcome is not Outcome.EQUIVALENT]
    return sum(trial.outcome is Outcome.KILLED for trial in counted) / len(counted) if counted else 1.0
