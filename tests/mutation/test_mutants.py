"""The runner of mutants notices what tests notice, and leaves everything as it was."""

from collections.abc import Sequence
from importlib.util import cache_from_source
from pathlib import Path
import subprocess

import pytest

from script.mutation.mutants import CODE, Mutant, TableError, check, read_table
from script.mutation.trial import Outcome, Trial, attempt, copied, kill_rate

SOURCE = "def is_safe(level):\n    return level > 3\n"
GUARD = Mutant(file="guard.py", text="level > 3", replacement="level >= 3", tests=("tests/test_it.py",), harm="harm")
EQUIVALENT = Mutant(
    file="guard.py", text="level > 3", replacement="3 < level", tests=("tests/test_it.py",), harm="-", equivalent=True
)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout with one module and its test, known to git."""
    (tmp_path / CODE).mkdir(parents=True)
    (tmp_path / CODE / "guard.py").write_text(SOURCE)
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "test_it.py").write_text("")
    (tmp_path / ".gitignore").write_text("secret\n")
    (tmp_path / "secret").write_text("not git's")
    subprocess.run(("git", "init", "-q"), cwd=tmp_path, check=True)
    return tmp_path


class Judge:
    """Stands for the tests: fails if 3 is called safe."""

    def __init__(self, copy: Path) -> None:
        self.path = copy / CODE / "guard.py"
        self.asked: list[Sequence[str]] = []

    def __call__(self, tests: Sequence[str]) -> int:
        self.asked.append(tests)
        scope: dict[str, object] = {}
        exec(compile(self.path.read_text(), "guard.py", "exec"), scope)
        is_safe = scope["is_safe"]
        assert callable(is_safe)
        return int(is_safe(3))


def test_a_mutant_is_tried_on_a_copy_which_is_whole_again_after_it(checkout: Path) -> None:
    with copied(checkout) as copy:
        assert not (copy / "secret").exists()
        judge = Judge(copy)
        stale = Path(cache_from_source(str(judge.path)))
        stale.parent.mkdir()
        stale.write_text("compiled before")
        trials = [attempt(mutant, copy, judge) for mutant in (GUARD, EQUIVALENT)]
        assert not stale.exists(), "or Python may run what was there before"
        assert judge.path.read_text() == SOURCE
    assert [(trial.outcome, trial.line) for trial in trials] == [(Outcome.KILLED, 2), (Outcome.EQUIVALENT, 2)]
    assert judge.asked == [("tests/test_it.py",)] * 2
    assert (checkout / CODE / "guard.py").read_text() == SOURCE
    assert not copy.exists()


def test_a_copy_is_whole_again_if_the_tests_cannot_be_run(checkout: Path) -> None:
    def fail(tests: Sequence[str]) -> int:
        raise OSError("no process")

    with copied(checkout) as copy:
        with pytest.raises(OSError, match="no process"):
            attempt(GUARD, copy, fail)
        assert (copy / CODE / "guard.py").read_text() == SOURCE


@pytest.mark.parametrize(
    ("mutant", "status", "outcome"),
    [
        (GUARD, 1, Outcome.KILLED),
        (GUARD, 0, Outcome.SURVIVED),
        (GUARD, 5, Outcome.UNCLEAR),  # there were no tests
        (GUARD, 2, Outcome.UNCLEAR),  # or they could not be loaded
        (GUARD, None, Outcome.UNCLEAR),
        (EQUIVALENT, 0, Outcome.EQUIVALENT),
        (EQUIVALENT, 1, Outcome.UNCLEAR),
    ],
)
def test_only_a_test_that_fails_kills(mutant: Mutant, status: int | None, outcome: Outcome) -> None:
    assert Outcome.of(mutant, status) is outcome


def test_the_rate_leaves_out_what_nobody_can_notice() -> None:
    def trials(*outcomes: Outcome) -> list[Trial]:
        return [Trial(GUARD, outcome, 1, 0.0) for outcome in outcomes]

    killed, survived, equivalent, unclear = Outcome
    assert kill_rate(trials(killed, killed, killed, survived, equivalent)) == 0.75
    assert kill_rate(trials(killed, unclear)) == 0.5
    assert kill_rate([]) == 1


@pytest.mark.parametrize(
    ("source", "problem"),
    [
        (SOURCE, None),
        (SOURCE.replace(">", "<"), "guard.py: found 0 times: 'level > 3'"),
        (SOURCE * 2, "guard.py: found 2 times: 'level > 3'"),
    ],
)
def test_a_table_that_does_not_fit_is_found_out(checkout: Path, source: str, problem: str | None) -> None:
    (checkout / CODE / "guard.py").write_text(source)
    assert check([GUARD], checkout) == ([problem] if problem else [])


def test_a_file_or_a_test_that_is_gone_is_found_out(checkout: Path) -> None:
    (checkout / "tests" / "test_it.py").unlink()
    (problem,) = check([GUARD], checkout)
    assert problem == "guard.py: no such test: tests/test_it.py"
    (checkout / CODE / "guard.py").unlink()
    assert len(check([GUARD], checkout)) == 2


ROW = '[[mutant]]\nfile = "a.py"\ntext = "a"\nreplacement = "b"\ntests = ["t.py::x"]\nharm = "c"\n'


def test_a_table_is_read(tmp_path: Path) -> None:
    table = tmp_path / "table.toml"
    table.write_text(ROW + ROW + "equivalent = true\n")
    one, other = read_table(table)
    assert one == Mutant(file="a.py", text="a", replacement="b", tests=("t.py::x",), harm="c")
    assert other.equivalent


@pytest.mark.parametrize(
    ("old", "new"),
    [('harm = "c"\n', ""), ('harm = "c"\n', 'harm = "c"\nmood = "d"\n'), ('["t.py::x"]', "[]"), ('"b"', '"a"')],
)
def test_a_row_that_makes_no_sense_is_found_out(tmp_path: Path, old: str, new: str) -> None:
    table = tmp_path / "table.toml"
    table.write_text(ROW.replace(old, new))
    with pytest.raises(TableError):
        read_table(table)
