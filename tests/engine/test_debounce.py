"""Values that flap: what is believed of them, and when."""

from collections.abc import Sequence
from datetime import timedelta

from hypothesis import given, strategies as st

from custom_components.nissanconnect.engine.debounce import (
    BODY_HOLD,
    CHARGING_HOLD,
    HOLDS,
    LEVEL_HOLD,
    LEVEL_JUMP,
    PLUG_HOLD,
    Debounce,
)
from custom_components.nissanconnect.engine.merge import accumulate
from custom_components.nissanconnect.vehicle import (
    GROUP_TYPES,
    Battery,
    Body,
    Charging,
    ChargingStatus,
    Group,
    VehicleState,
)

from .strategies import EPOCH

type Plug = bool | None


def plug(value: Plug, seconds: float, **values: object) -> VehicleState:
    """A push about the plug."""
    at = EPOCH + timedelta(seconds=seconds)
    return VehicleState(charging=Charging(backend="x", received_at=at, reported_at=at, plugged_in=value, **values))  # type: ignore[arg-type]


class Listener:
    """What a vehicle makes of pushes: it accumulates them, and has a timer."""

    def __init__(self) -> None:
        self.debounce = Debounce()
        self.state = VehicleState()
        self.changes: list[tuple[float, Plug]] = []

    def push(self, state: VehicleState, seconds: float) -> None:
        self.wait(seconds)
        self._take(self.debounce.push(state, EPOCH + timedelta(seconds=seconds)), seconds)

    def wait(self, seconds: float) -> None:
        """Let the timer do what it has to until then."""
        while (due := self.debounce.due_at()) is not None and due <= EPOCH + timedelta(seconds=seconds):
            self._take(self.debounce.release(due), (due - EPOCH).total_seconds())

    def _take(self, state: VehicleState, seconds: float) -> None:
        before = self.plugged_in
        self.state = accumulate(self.state, state)
        if not self.changes or before != self.plugged_in:
            self.changes.append((seconds, self.plugged_in))

    @property
    def plugged_in(self) -> Plug:
        return self.state.charging.plugged_in if self.state.charging else None


# Eighths of a second are exact.
inputs = st.lists(
    st.tuples(st.sampled_from([0.125, 0.5, 1.0, 2.5, 4.875, 5.0, 5.125, 20.0]), st.sampled_from([True, False, None])),
    min_size=1,
    max_size=40,
)
HOLD = PLUG_HOLD.total_seconds()


def timed(pauses: Sequence[tuple[float, Plug]]) -> list[tuple[float, Plug]]:
    """Turn pauses into times."""
    at, found = 0.0, []
    for pause, value in pauses:
        at += pause
        found.append((at, value))
    return found


def value_at(pushes: Sequence[tuple[float, Plug]], seconds: float) -> Plug:
    """What was pushed last by then."""
    return next(value for at, value in reversed(pushes) if at <= seconds)


@given(inputs)
def test_only_what_stays_is_believed_and_the_last_value_is(pauses: list[tuple[float, Plug]]) -> None:
    pushes, listener = timed(pauses), Listener()
    for at, value in pushes:
        listener.push(plug(value, at), at)
    last_at, last = pushes[-1]
    listener.wait(last_at + HOLD)
    assert listener.plugged_in == last
    assert listener.debounce.due_at() is None
    for (at, value), (_, before) in zip(listener.changes[1:], listener.changes, strict=False):
        if before is not None:  # what is learnt for the first time need not stay
            stayed = [each for each_at, each in pushes if at - HOLD < each_at < at]
            assert {*stayed, value_at(pushes, at - HOLD)} == {value}


@given(inputs, st.integers(0, int(HOLD * 8) - 1).map(lambda eighths: eighths / 8))
def test_a_steady_value_is_believed_when_it_has_stayed_and_not_before(
    pauses: list[tuple[float, Plug]], left: float
) -> None:
    pushes, listener = timed(pauses), Listener()
    for at, value in pushes:
        listener.push(plug(value, at), at)
    listener.wait(last_at := pushes[-1][0] + 60)
    before = listener.plugged_in
    listener.push(plug(not before, last_at), last_at)
    if before is None:
        assert listener.plugged_in is True
        return
    listener.wait(last_at + left)
    assert listener.plugged_in is before
    listener.push(plug(not before, last_at + left), last_at + left)  # repeating it delays nothing
    listener.wait(last_at + HOLD)
    assert listener.plugged_in is not before


@given(st.integers(2, 200))
def test_a_storm_is_no_change(count: int) -> None:
    listener = Listener()
    for number in range(count):
        listener.push(plug(number % 2 == 0, number / 10), number / 10)
    listener.wait(count / 10 + HOLD)
    assert len(listener.changes) <= 2
    assert listener.plugged_in is (count % 2 == 1)


def test_other_values_are_not_delayed_but_those_that_make_no_sense_alone() -> None:
    listener = Listener()
    listener.push(plug(False, 0, status=ChargingStatus.NOT_CHARGING, power=0.0, limit=80.0), 0)
    listener.push(plug(True, 1, status=ChargingStatus.CHARGING, power=6.6, limit=90.0), 1)
    charging = listener.state.charging
    assert charging is not None
    assert (charging.limit, charging.status, charging.power) == (90.0, ChargingStatus.NOT_CHARGING, 0.0)
    listener.wait(1 + CHARGING_HOLD.total_seconds())
    charging = listener.state.charging
    assert charging is not None
    assert (charging.plugged_in, charging.status, charging.power) == (True, ChargingStatus.CHARGING, 6.6)
    assert charging.reported_at == EPOCH + timedelta(seconds=1)  # when it happened


def test_one_value_that_flaps_for_ever_holds_up_no_other() -> None:
    listener = Listener()

    def body(hatch: bool, locked: bool, seconds: float) -> VehicleState:
        at = EPOCH + timedelta(seconds=seconds)
        return VehicleState(body=Body(backend="x", received_at=at, hatch=hatch, locked=locked))

    for tenth in range(100):
        listener.push(body(tenth % 2 == 0, tenth >= 50, tenth / 10), tenth / 10)
    assert listener.state.body is not None
    assert listener.state.body.locked is True
    assert listener.state.body.hatch is True


def test_what_is_held_back_is_no_newer_than_it_was() -> None:
    """Or the old value would overrule what another source has reported meanwhile."""
    debounce = Debounce()
    debounce.push(plug(False, 0), EPOCH)
    for seconds in (10, 11):
        held = debounce.push(plug(True, seconds, power=3), EPOCH + timedelta(seconds=seconds)).charging
        assert held is not None
        assert (held.plugged_in, held.power, held.reported_at) == (False, 3, EPOCH)
    at = EPOCH + timedelta(seconds=11) + PLUG_HOLD
    shown = debounce.release(at).charging
    assert shown is not None
    assert (shown.plugged_in, shown.reported_at) == (True, EPOCH + timedelta(seconds=11))


def test_what_is_read_counts_at_once_and_ends_the_wait() -> None:
    listener = Listener()
    listener.push(plug(False, 0), 0)
    listener.push(plug(True, 1), 1)
    read = listener.debounce.read(plug(True, 1))  # the same message
    listener.state = accumulate(listener.state, read)
    assert listener.plugged_in is True
    assert listener.debounce.due_at() is None
    assert listener.debounce.push(plug(True, 2), EPOCH + timedelta(seconds=2)) == plug(True, 2)


@given(st.lists(st.floats(0, 100), min_size=1))
def test_a_level_that_jumps_has_to_stay_and_one_that_creeps_does_not(levels: list[float]) -> None:
    debounce, believed = Debounce(), None
    for second, level in enumerate(levels):
        at = EPOCH + timedelta(seconds=second)
        battery = debounce.push(VehicleState(battery=Battery(backend="x", received_at=at, level=level)), at).battery
        assert battery is not None
        assert battery.level is not None
        if believed is not None and abs(battery.level - believed) > LEVEL_JUMP:
            stayed = levels[max(0, second - int(LEVEL_HOLD.total_seconds())) : second + 1]
            assert len(stayed) > LEVEL_HOLD.total_seconds()
            assert all(abs(each - believed) > LEVEL_JUMP for each in stayed)
        if believed is None or abs(level - believed) <= LEVEL_JUMP:
            assert battery.level == level
        believed = battery.level


def test_a_clock_that_is_set_back_loses_nothing() -> None:
    debounce = Debounce()
    debounce.push(plug(False, 0), EPOCH)
    debounce.push(plug(True, 1), EPOCH)
    early = EPOCH - timedelta(hours=1)
    debounce.push(plug(True, 1), early)
    state = debounce.release(early + PLUG_HOLD)
    assert state.charging is not None
    assert state.charging.plugged_in is True


def test_what_has_not_stayed_yet_is_not_lost_with_us() -> None:
    debounce = Debounce()
    debounce.push(plug(False, 0), EPOCH)
    assert debounce.pending() == VehicleState()
    believed = debounce.push(plug(True, 1), EPOCH + timedelta(seconds=1))
    after = accumulate(believed, debounce.pending()).charging
    assert after is not None
    assert after.plugged_in is True


def test_every_name_is_one_of_its_group() -> None:
    assert BODY_HOLD < PLUG_HOLD
    for group, holds in HOLDS.items():
        names = {name for name, hold in holds.items()} | {name for hold in holds.values() for name in hold.follows}
        assert names <= GROUP_TYPES[Group(group)].__dataclass_fields__.keys()
