"""The command line of ``script/mutants``."""

import argparse
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
import sys
from time import monotonic

from .mutants import Mutant, check, read_table
from .trial import Outcome, Trial, attempt, copied, kill_rate
from .warm import WarmPytest

_CHECKOUT = Path(__file__).parents[2]
_TABLE = Path(__file__).with_name("mutants.toml")
_WANTED = 0.95
"""The share of mutants that has to be noticed."""
_LIMIT = 180.0
"""Seconds for the tests of one mutant: many times what they take, because a machine may be busy."""


def main() -> None:
    """Try the mutants that were asked for, and exit with 1 unless enough of them are noticed."""
    parser = argparse.ArgumentParser(prog="script/mutants", description=__doc__)
    parser.add_argument("files", nargs="*", metavar="file", help="only mutants of files whose names begin like this")
    parser.add_argument("--check", action="store_true", help="only see whether the table fits the code")
    parser.add_argument("--minutes", type=float, default=30, help="how long to go on at most (%(default)s)")
    options = parser.parse_args()
    mutants = read_table(_TABLE)
    if problems := check(mutants, _CHECKOUT):
        sys.exit("The table does not fit the code any more:\n" + "\n".join(problems))
    chosen = [each for each in mutants if not options.files or each.file.startswith(tuple(options.files))]
    if not chosen:
        parser.error("no such mutant")
    if not options.check:
        sys.exit(_report(_try_all(chosen, options.minutes * 60), len(chosen)))


def _try_all(mutants: Sequence[Mutant], seconds: float) -> list[Trial]:
    end, trials = monotonic() + seconds, list[Trial]()
    with copied(_CHECKOUT) as copy:
        run = WarmPytest(copy, _LIMIT)
        for tests in _by_file(mutants):  # those that fail as it is would pass for killers
            if run(tests) != 0:
                sys.exit(f"The code is whole, and yet:\n{Path('pytest.log').read_text()}")
        for mutant in mutants:
            if monotonic() >= end:
                break
            trials.append(trial := attempt(mutant, copy, run))
            where = f"{mutant.file}:{trial.line}"
            print(f"{trial.outcome:10}  {where:32}  {trial.seconds:4.0f} s  {mutant.harm}", flush=True)
    return trials


def _by_file(mutants: Sequence[Mutant]) -> list[list[str]]:
    """Return the tests that are named, those of one file together."""
    tests = sorted({test for mutant in mutants for test in mutant.tests})
    return [list(group) for _, group in groupby(tests, key=lambda test: test.partition("::")[0])]


def _report(trials: Sequence[Trial], wanted: int) -> int:
    rate = kill_rate(trials)
    count = {outcome: sum(trial.outcome is outcome for trial in trials) for outcome in Outcome}
    print(f"\n{', '.join(f'{number} {outcome.lower()}' for outcome, number in count.items())}: {rate:.0%}")
    if len(trials) < wanted:
        print(f"out of time: {wanted - len(trials)} not tried")
    return int(rate < _WANTED or len(trials) < wanted or count[Outcome.UNCLEAR] > 0)


if __name__ == "__main__":
    main()
