"""Which positions of a vehicle to believe."""

from dataclasses import replace
from datetime import timedelta
import functools
import itertools
import operator

from hypothesis import given, strategies as st

from custom_components.nissanconnect.engine.position import Track, distance
from custom_components.nissanconnect.vehicle import Position

from .strategies import EPOCH

HOME = (51.0, 0.0)


def at(minute: float, place: tuple[float, float] = HOME, *, told: float | None = None) -> Position:
    """A position of that minute, heard of at once unless told when."""
    return Position(
        latitude=place[0],
        longitude=place[1],
        backend="b",
        reported_at=EPOCH + timedelta(minutes=minute),
        received_at=EPOCH + timedelta(minutes=minute if told is None else told),
    )


def believed(*positions: Position | None) -> list[Position]:
    """Those that were news to believe."""
    track, found = Track(), []
    for position in positions:
        track, news = track.after(position)
        if news and position is not None:
            found.append(position)
    return found


def test_a_drive_is_believed_all_the_way() -> None:
    drive = [at(10 * leg, (51.0 + leg * 0.1, 0.0)) for leg in range(5)]  # 67 km/h
    assert believed(*drive) == drive


def test_a_place_that_cannot_be_reached_is_doubted() -> None:
    home, africa, again = at(0), at(10, (0.0, 0.0)), at(20)
    assert believed(home, africa, again) == [home, again]


def test_two_reports_of_a_jump_are_believed() -> None:
    home, ferry, there = at(0), at(10, (52.0, 4.0)), at(12, (52.0, 4.001))
    assert believed(home, ferry, there) == [home, there]
    assert believed(home, ferry, ferry) == [home], "the same report again is no second one"


def test_wrong_places_that_differ_are_not_two_reports_of_one() -> None:
    home, one, other = at(0), at(10, (0.0, 0.0)), at(11, (10.0, 10.0))
    assert believed(home, one, other) == [home]


def test_a_jump_that_takes_long_enough_is_a_journey() -> None:
    home, far = at(0), at(24 * 60, (48.0, 10.0))
    assert believed(home, far) == [home, far]


def test_old_words_and_none_are_no_news() -> None:
    newer, older = at(10), at(0, (51.0, 0.1))
    assert believed(newer, older, None, newer) == [newer]


def test_without_a_time_of_its_own_a_position_counts_from_when_it_was_read() -> None:
    silent = Position(latitude=51.0, longitude=0.0, backend="b", received_at=EPOCH)
    assert silent.known_at == EPOCH
    assert at(3, told=9).known_at == EPOCH + timedelta(minutes=3)


positions = st.builds(
    at, st.integers(0, 300), st.tuples(st.sampled_from([51.0, 51.1, 60.0, 0.0]), st.sampled_from([0.0, 0.01, 30.0]))
)


@given(st.lists(positions, max_size=20))
def test_time_goes_forward_and_nothing_is_believed_on_one_wrong_word(words: list[Position]) -> None:
    news = believed(*words)
    for earlier, later in itertools.pairwise(news):
        assert earlier.known_at < later.known_at
        hours = (later.known_at - earlier.known_at).total_seconds() / 3600
        heard = words[: words.index(later)]
        assert distance(earlier, later) <= 0.5 + 200 * hours or any(
            earlier.known_at < other.known_at < later.known_at for other in heard
        )


@given(
    st.lists(st.tuples(positions, st.integers(0, 60)), max_size=8, unique_by=lambda word: word[0].known_at), st.data()
)
def test_the_order_of_equal_reports_does_not_matter(words: list[tuple[Position, int]], data: st.DataObject) -> None:
    def heard(word: Position, late: int) -> Position:
        return replace(word, received_at=word.known_at + timedelta(minutes=late))

    def places(order: list[Position]) -> list[tuple[object, ...]]:
        return [(each.known_at, each.latitude, each.longitude) for each in believed(*order)]

    pairs = [[heard(word, 0), heard(word, late)] for word, late in words]
    shuffled = [data.draw(st.permutations(pair)) for pair in pairs]
    assert places(functools.reduce(operator.iadd, shuffled, [])) == places(functools.reduce(operator.iadd, pairs, []))


@given(st.lists(positions, max_size=12), st.data())
def test_hearing_the_same_twice_changes_nothing(words: list[Position], data: st.DataObject) -> None:
    echoed: list[Position] = []
    for word in words:
        echoed += [word] * data.draw(st.integers(1, 3))
    assert believed(*echoed) == believed(*words)
