"""How old what is shown is."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from hypothesis import given, strategies as st
import pytest

from script.bench_measures.ages import Ages, Shown, percentile

MIDNIGHT = datetime(2026, 11, 16, tzinfo=UTC)


def looked(truth: Sequence[tuple[int, bool]], shown: Sequence[Shown]) -> Ages:
    """Look once a minute."""
    ages = Ages()
    for minute, ((level, charging), seen) in enumerate(zip(truth, shown, strict=True)):
        ages.look(MIDNIGHT + timedelta(minutes=minute), seen, level=level, charging=charging)
    return ages


@given(st.lists(st.tuples(st.integers(0, 100), st.booleans()), min_size=1))
def test_the_truth_has_no_age(truth: list[tuple[int, bool]]) -> None:
    ages = looked(truth, [Shown(level, charging) for level, charging in truth])
    assert set(ages.levels) == {0}
    assert set(ages.finishes) <= {0}


def test_a_level_is_as_old_as_the_last_time_it_was_true() -> None:
    truth = [(50, False), (50, False), (49, False), (48, False)]
    assert looked(truth, [Shown(50, charging=False)] * 4).levels == [0, 0, 1, 2]


def test_nothing_shown_has_no_age() -> None:
    assert looked([(50, False)], [Shown(None, None)]).levels == []


@pytest.mark.parametrize(
    ("seen", "minutes"),
    [
        ([Shown(79, charging=True)] * 2 + [Shown(80, charging=False)] * 3, [0]),
        ([Shown(79, charging=True)] * 4 + [Shown(80, charging=False)], [2]),
        ([Shown(60, charging=False)] * 4 + [Shown(80, charging=False)], [2]),
        ([Shown(79, charging=True)] * 4 + [Shown(80, charging=True)], []),
    ],
    ids=["at once", "late", "never seen to charge", "not yet"],
)
def test_the_end_of_a_charge(seen: list[Shown], minutes: list[float]) -> None:
    assert looked([(78, True), (79, True), (80, False), (80, False), (80, False)], seen).finishes == minutes


def test_an_end_that_nobody_saw_lasts_until_the_next_charge() -> None:
    truth = [(79, True), (80, False), (80, False), (70, True), (71, True)]
    assert looked(truth, [Shown(60, charging=False)] * 5).finishes == [2]


def test_percentiles() -> None:
    assert percentile([*range(101)], 95) == 95
    assert percentile([7.0], 95) == 7
    assert str(percentile([], 95)) == "nan"
