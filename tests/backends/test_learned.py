"""When something that was refused is asked for again."""

from datetime import timedelta

from hypothesis import given, strategies as st

from custom_components.nissanconnect.backends.learned import TIMES_IN_A_ROW, LearnedState
from custom_components.nissanconnect.vehicle import NotSupported

from .conftest import NOW

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
WHY = NotSupported("part answered 403")


def test_the_first_refusal_of_what_never_answered_counts_for_a_day() -> None:
    learned = LearnedState()
    assert learned.record_refusal("part", NOW, WHY)
    assert learned.is_refused("part", NOW + DAY - timedelta(seconds=1))
    assert not learned.is_refused("part", NOW + DAY)
    assert not learned.is_refused("other", NOW)
    assert not learned.is_refused("part", NOW - HOUR), "the clock was set back"


def test_a_doubtful_refusal_needs_company() -> None:
    learned = LearnedState()
    assert [learned.record_refusal("part", NOW, WHY, doubtful=True) for _ in range(TIMES_IN_A_ROW)] == [False] * (
        TIMES_IN_A_ROW - 1
    ) + [True]


def test_what_has_answered_is_left_alone_for_longer_and_longer() -> None:
    learned = LearnedState({"part"})
    at = NOW
    for _ in range(TIMES_IN_A_ROW - 1):
        assert not learned.record_refusal("part", at, WHY)
    pauses = []
    for _ in range(7):
        assert learned.record_refusal("part", at, WHY)
        pauses.append(next(hours for hours in range(1, 50) if not learned.is_refused("part", at + hours * HOUR)))
        at += pauses[-1] * HOUR
    assert pauses == [1, 2, 4, 8, 16, 24, 24]


@given(st.lists(st.sampled_from(["answer", "refusal", "failure"]), max_size=30))
def test_after_an_answer_less_than_enough_refusals_never_count(events: list[str]) -> None:
    learned = LearnedState()
    since_answer: int | None = None
    for event in events:
        match event:
            case "answer":
                learned.record_success("part")
                since_answer = 0
            case "failure":
                learned.record_failure("part")
            case _:
                learned.record_refusal("part", NOW, WHY)
                since_answer = None if since_answer is None else since_answer + 1
        if since_answer is not None:
            assert learned.is_refused("part", NOW) is (since_answer >= TIMES_IN_A_ROW)


def test_failures_are_counted_until_an_answer() -> None:
    learned = LearnedState()
    assert [learned.record_failure("part") for _ in range(2)] == [1, 2]
    learned.record_success("part")
    assert learned.failures("part") == 0
    assert learned.record_failure("part") == 1


def test_the_reason_is_told_as_long_as_all_are_left_alone() -> None:
    learned = LearnedState()
    learned.record_refusal("v1", NOW, WHY)
    assert learned.reason(["v1"]) is WHY
    assert learned.reason(["v1", "v2"]) is None
    assert learned.reason([]) is None
    learned.record_refusal("v2", NOW, other := NotSupported())
    assert learned.reason(["v1", "v2"]) is other
    learned.record_success("v1")
    assert learned.reason(["v1", "v2"]) is None


def test_whoever_asks_for_it_makes_everything_worth_asking_again() -> None:
    learned = LearnedState({"proven"})
    learned.record_refusal("part", NOW, WHY)
    learned.record_failure("part")
    for _ in range(TIMES_IN_A_ROW - 1):
        learned.record_refusal("proven", NOW, WHY)
    learned.forget_refusals()
    assert not learned.is_refused("part", NOW)
    assert learned.failures("part") == 1
    assert not learned.record_refusal("proven", NOW, WHY)
    assert learned.working == {"proven"}
