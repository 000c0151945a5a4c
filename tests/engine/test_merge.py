"""How several sources become one vehicle."""

from collections.abc import Sequence
from dataclasses import fields, replace
from datetime import datetime, timedelta
from itertools import permutations
from typing import Any

from hypothesis import given, strategies as st
import pytest

from custom_components.nissanconnect.engine.merge import SAME_MOMENT, SourceState, merge
from custom_components.nissanconnect.vehicle import (
    AuxBattery,
    Battery,
    Charging,
    ChargingStatus,
    Climate,
    Connectivity,
    Group,
    Odometer,
    Position,
    Privacy,
    Stamp,
    Tyre,
    Tyres,
    VehicleState,
    Weakness,
)

from .strategies import EPOCH, states


def at(minutes: float) -> datetime:
    """A time of the tests' day."""
    return EPOCH + timedelta(minutes=minutes)


def said(*states: VehicleState) -> SourceState:
    """What a source has said that said all this, in this order."""
    word = SourceState()
    for state in states:
        word = word.after(state)
    return word


def believed(*words: SourceState) -> VehicleState:
    """What is believed when nothing is to be doubted."""
    return merge([(word, ()) for word in words])


def battery(backend: str, reported: float | None, received: float = 600, **values: float) -> VehicleState:
    """A report about the battery, by minutes."""
    when = at(reported) if reported is not None else None
    return VehicleState(battery=Battery(backend=backend, received_at=at(received), reported_at=when, **values))


def test_what_was_measured_stands_until_it_is_measured_again() -> None:
    """A report in which a value is missing or made no sense is no news about it; that nothing goes on is."""

    def report(minute: float, **values: Any) -> VehicleState:
        stamp: Stamp = {"backend": "one", "received_at": at(minute), "reported_at": at(minute)}
        wheel = values.pop("wheel", Tyre())
        return VehicleState(
            aux_battery=AuxBattery(**stamp, voltage=values.pop("voltage", None)),
            battery=Battery(**stamp, **values),
            charging=Charging(**stamp, finish_at=at(99) if values else None),
            tyres=Tyres(**stamp, front_left=wheel),
        )

    first = report(1, level=60, health=88, voltage=12.4, wheel=Tyre(pressure=230, warning=True))
    state = said(first, report(2, health=87), report(3)).state
    assert state.battery is not None
    assert (state.battery.level, state.battery.health, state.battery.reported_at) == (60, 87, at(3))
    assert state.aux_battery is not None
    assert state.aux_battery.voltage == 12.4
    assert state.tyres is not None
    assert state.tyres.front_left == Tyre(pressure=230, warning=None)
    assert state.charging is not None
    assert state.charging.finish_at is None


def test_what_is_repeated_without_a_time_was_said_when_it_was_said_with_one() -> None:
    word = said(battery("ovms", 10, received=10, level=60), battery("ovms", None, received=500, level=60))
    assert word.dated(Group.BATTERY) == at(10)
    assert word.state.last_report == at(10)
    assert word.state.last_read == at(500)
    changed = word.after(battery("ovms", None, received=510, level=55))
    assert changed.dated(Group.BATTERY) == at(510)
    assert changed.state.last_report is None


type Source = tuple[SourceState, Sequence[Weakness]]

words = st.lists(states, min_size=1, max_size=4).map(lambda reports: said(*reports))
weaknesses = st.lists(
    st.builds(
        Weakness,
        group=st.sampled_from(Group),
        clock=st.sampled_from([0, 5, 15, 24 * 60]).map(lambda minutes: timedelta(minutes=minutes)),
        cached=st.frozensets(st.sampled_from(["level", "plugged_in", "running", "inside_temperature", "distance"])),
    ),
    max_size=4,
)
sources = st.tuples(words, weaknesses)

LONG_BEFORE = EPOCH - timedelta(days=1000)


def distinct(sources: Sequence[Source]) -> bool:
    """Whether the time alone decides: no two sources heard of a group at the same time, as far as they can be sure."""
    times = [
        (group, max(word.dated(group), LONG_BEFORE) - sum((w.clock for w in weak if w.group is group), timedelta()))
        for word, weak in sources
        for group in word.state.groups()
    ]
    unknown = [group for word, _ in sources for group in word.state.groups() if word.dated(group) < LONG_BEFORE]
    return len(times) == len(set(times)) and len(unknown) == len(set(unknown))


@pytest.mark.parametrize("reported", [None, 10])
@pytest.mark.parametrize("doubted_first", [False, True])
def test_what_is_doubted_most_counts_least_even_if_nobody_dates_it(reported: float | None, doubted_first: bool) -> None:
    received = at(600)
    phone = said(VehicleState(connectivity=Connectivity(backend="leafspy", received_at=received, reported_at=received)))
    when = None if reported is None else at(reported)
    unit = said(VehicleState(connectivity=Connectivity(backend="ovms", received_at=received, reported_at=when)))
    doubt = Weakness(group=Group.CONNECTIVITY, clock=timedelta(days=999_999))
    sources: list[Source] = [(phone, [doubt]), (unit, [])] if doubted_first else [(unit, []), (phone, [doubt])]
    merged = merge(sources)
    assert merged.connectivity is not None
    assert merged.connectivity.backend == "ovms"


@given(sources)
def test_one_source_is_believed_as_it_is(source: Source) -> None:
    assert merge([source]) == source[0].state


@given(words, weaknesses, weaknesses)
def test_the_same_word_twice_changes_nothing(word: SourceState, some: list[Weakness], others: list[Weakness]) -> None:
    groups = merge([(word, some), (word, others)]).groups()
    privacy = word.state.privacy
    expected = dict(word.state.groups())
    if privacy and privacy.active:
        expected.pop(Group.POSITION, None)
    assert groups == expected


@given(st.lists(sources, min_size=2, max_size=3).filter(distinct))
def test_the_order_of_sources_matters_between_equals_only(sources: list[Source]) -> None:
    assert len({repr(merge(order)) for order in permutations(sources)}) == 1


@given(sources, sources, states)
def test_a_newer_report_takes_nothing_back(one: Source, other: Source, report: VehicleState) -> None:
    """What is reported now is believed now, and about everything else nothing changes."""
    now = EPOCH + timedelta(days=30)
    newer = VehicleState.of(*(replace(each, received_at=now, reported_at=now) for each in report.groups().values()))
    word, weak = one
    before, after = merge([one, other]).groups(), merge([(word.after(newer), weak), other]).groups()
    for group in (before.keys() | newer.groups().keys()) - {Group.POSITION}:  # which privacy mode may hide
        if group in newer.groups():
            assert after[group].reported_at == now
        else:
            assert after[group] == before[group]


@given(sources, sources)
def test_nothing_that_any_source_knows_is_lost(one: Source, other: Source) -> None:
    merged, known = merge([one, other]), [word.state for word, _ in (one, other)]
    private = any(state.privacy and state.privacy.active for state in known)
    hidden = {Group.POSITION} if private else set()
    assert merged.groups().keys() == (known[0].groups().keys() | known[1].groups().keys()) - hidden
    assert not (private and merged.position)


@given(sources, sources)
def test_nothing_is_made_up(one: Source, other: Source) -> None:
    """Each value of the merged vehicle was said by a source, and what the newest is sure of is not overruled."""
    known = [word.state.groups() for word, _ in (one, other)]
    for group, value in merge([one, other]).groups().items():
        said_by = [groups[group] for groups in known if group in groups]
        for each in fields(value):
            assert getattr(value, each.name) in [getattr(said, each.name) for said in said_by], each.name


@pytest.mark.parametrize("minutes", [0, 1, 14, 15, 16, 60])
def test_a_quarter_of_an_hour_is_one_moment(minutes: int) -> None:
    module = battery("module", 300 - minutes, level=41, temperature=15)
    merged = believed(said(module), said(battery("cloud", 300, level=40))).battery
    assert merged is not None
    assert merged.temperature == (15 if minutes <= 15 else None)
    assert timedelta(minutes=15) == SAME_MOMENT


def test_no_clock_can_be_doubted_beyond_the_beginning_of_time() -> None:
    doubted = [Weakness(group=Group.BATTERY, clock=timedelta(minutes=5))]
    untimed, other = said(battery("untimed", None, level=1)), said(battery("other", 5, level=2))
    assert merge([(untimed, doubted), (other, ())]).battery == other.state.battery


def test_the_vehicle_s_last_word_counts_whoever_brings_it() -> None:
    cloud, module = battery("cloud", 60, level=50), battery("module", 90, level=45)
    merged = believed(said(cloud), said(module)).battery
    assert merged is not None
    assert (merged.level, merged.backend, merged.reported_at) == (45, "module", at(90))


def test_equals_go_by_the_owner_s_order() -> None:
    one, other = said(battery("one", 60, level=50)), said(battery("other", 60, level=51))
    assert believed(one, other).battery == one.state.battery
    assert believed(other, one).battery == other.state.battery


def test_what_lasts_is_taken_from_any_time() -> None:
    module = battery("module", 0, level=80, health=91, temperature=15)
    merged = believed(said(module), said(battery("cloud", 300, level=40, range=90))).battery
    assert merged is not None
    assert (merged.level, merged.range, merged.health, merged.backend) == (40, 90, 91, "cloud")
    assert merged.temperature is None, "five hours later it is another one"


def test_what_passes_is_taken_from_the_same_moment() -> None:
    module = battery("module", 290, level=41, temperature=15)
    merged = believed(said(module), said(battery("cloud", 300, level=40))).battery
    assert merged is not None
    assert (merged.level, merged.temperature) == (40, 15)


def test_sources_that_contradict_each_other_are_not_mixed() -> None:
    pulled = Charging(backend="phone", received_at=at(600), reported_at=at(100), plugged_in=False)
    charging = replace(
        pulled, backend="cloud", reported_at=at(95), plugged_in=True, status=ChargingStatus.CHARGING, power=3.3
    )
    merged = believed(said(VehicleState(charging=charging)), said(VehicleState(charging=pulled)))
    assert merged.charging == pulled


def test_a_word_without_a_time_is_older_than_any_until_it_changes() -> None:
    module = battery("module", 60, level=50)
    assert believed(said(battery("cloud", None, level=70)), said(module)).battery == module.battery
    same = said(battery("cloud", None, 610, level=70), battery("cloud", None, 620, level=70))
    assert believed(same, said(module)).battery == module.battery

    changed = same.after(battery("cloud", None, 630, level=69)).after(battery("cloud", None, 640, level=69))
    assert changed.dated(Group.BATTERY) == at(630)
    merged = believed(changed, said(module)).battery
    assert merged is not None
    assert merged.level == 69


def test_a_time_in_the_future_is_no_advantage() -> None:
    ahead, true = battery("ahead", 900, received=600, level=1), battery("true", 605, received=606, level=2)
    assert believed(said(ahead), said(true)).battery == true.battery


def test_a_clock_that_may_be_wrong_must_be_ahead_by_that_much() -> None:
    doubted = [Weakness(group=Group.BATTERY, clock=timedelta(minutes=5))]
    sure = said(battery("sure", 100, level=1))
    for minutes, level in ((104, 1), (106, 2)):
        merged = merge([(said(battery("doubted", minutes, level=2)), doubted), (sure, ())])
        assert merged.battery is not None
        assert merged.battery.level == level


def test_a_cached_value_counts_only_where_nobody_knows_better() -> None:
    weak = [Weakness(group=Group.CLIMATE, cached=frozenset({"inside_temperature"}))]
    cloud = Climate(backend="c", received_at=at(600), reported_at=at(100), running=False, inside_temperature=55)
    module = replace(cloud, backend="m", reported_at=at(95), inside_temperature=12)
    words = [(said(VehicleState(climate=cloud)), weak), (said(VehicleState(climate=module)), [])]
    merged = merge(words).climate
    assert merged is not None
    assert (merged.inside_temperature, merged.backend) == (12, "c")

    long_ago = replace(module, reported_at=at(10))
    assert merge([words[0], (said(VehicleState(climate=long_ago)), [])]).climate == cloud


def test_rounding_does_not_turn_the_odometer_back() -> None:
    def odometer(backend: str, minutes: float, distance: float) -> VehicleState:
        when = at(minutes)
        return VehicleState(
            odometer=Odometer(backend=backend, received_at=at(3000), reported_at=when, distance=distance)
        )

    exact, rounded = odometer("exact", 100, 12345.6), odometer("rounded", 110, 12345)
    assert believed(said(exact), said(rounded)).odometer == exact.odometer
    later = odometer("rounded", 100 + 24 * 60, 12345)
    assert believed(said(exact), said(later)).odometer == later.odometer


def test_privacy_that_one_source_tells_hides_the_position_of_all() -> None:
    position = Position(backend="module", received_at=at(1), reported_at=at(1), latitude=1, longitude=2)
    private = Privacy(backend="cloud", received_at=at(0), active=True)
    merged = believed(said(VehicleState(privacy=private)), said(VehicleState(position=position)))
    assert merged.position is None
