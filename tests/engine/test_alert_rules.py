"""What a vehicle's reports tell that its owner wants to know."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from hypothesis import find, given, strategies as st
import pytest

from custom_components.nissanconnect.engine.alert_rules import (
    AlertContext,
    conditions,
    not_plugged_in,
    transitions,
)
from custom_components.nissanconnect.engine.alert_tracker import ConditionTracker
from custom_components.nissanconnect.vehicle import (
    Alert,
    AlertType,
    AuxBattery,
    Battery,
    Body,
    ChargeSpeed,
    Charging,
    ChargingStatus,
    Climate,
    Health,
    Subscription,
    Tyre,
    Tyres,
    VehicleState,
)

from .strategies import EPOCH, states

HOUR = timedelta(hours=1)
SAID: dict[str, Any] = {"backend": "b", "received_at": EPOCH, "reported_at": EPOCH}
LATER: dict[str, Any] = {"backend": "b", "received_at": EPOCH + HOUR, "reported_at": EPOCH + HOUR}


def charging(
    status: ChargingStatus | None, *, plugged_in: bool | None = True, level: float | None = 60, **more: Any
) -> VehicleState:
    told = more.pop("told", LATER)
    return VehicleState(
        battery=Battery(level=level, **told),
        charging=Charging(status=status, plugged_in=plugged_in, **more, **told),
    )


def without(group: str, *values: str) -> Callable[[VehicleState], VehicleState]:
    """Return what forgets values, or does nothing where they are not known."""

    def forget(state: VehicleState) -> VehicleState:
        known = getattr(state, group)
        return state if known is None else replace(state, **{group: replace(known, **dict.fromkeys(values))})

    return forget


CHANGES = {
    AlertType.PLUGGED_IN: without("charging", "plugged_in", "status"),
    AlertType.UNPLUGGED: without("charging", "plugged_in", "status"),
    AlertType.CHARGING_FINISHED: without("charging", "status"),
    AlertType.CHARGING_INTERRUPTED: without("charging", "status"),
    AlertType.CHARGING_STOPPED: without("charging", "status"),
    AlertType.CLIMATE_STARTED: without("climate", "running"),
    AlertType.CLIMATE_STOPPED: without("climate", "running"),
}
"""What happens from one report to the next, and how to forget what it is told by; a status tells of the plug, too."""

times: dict[str, Any] = {"backend": st.just("b"), "received_at": st.just(EPOCH), "reported_at": st.just(EPOCH)}


def changed(before: VehicleState, after: VehicleState, **more: Any) -> list[AlertType]:
    return [alert.type for alert in transitions(before, AlertContext(state=after, now=EPOCH + HOUR, **more))]


S = ChargingStatus
RAPID = charging(S.CHARGING, speed=ChargeSpeed.FASTEST)


@pytest.mark.parametrize(
    ("before", "after", "alerts"),
    [
        (charging(S.CHARGING), charging(S.FINISHED, level=80), [AlertType.CHARGING_FINISHED]),
        (charging(S.CHARGING), charging(S.NOT_CHARGING, level=99), [AlertType.CHARGING_FINISHED]),
        (charging(S.CHARGING), charging(S.NOT_CHARGING, level=80), [AlertType.CHARGING_FINISHED]),
        (charging(S.CHARGING), charging(S.NOT_CHARGING, level=80, limit=100), [AlertType.CHARGING_INTERRUPTED]),
        (charging(S.CHARGING), charging(S.NOT_CHARGING, level=80, limit=80), [AlertType.CHARGING_FINISHED]),
        (charging(S.WAITING_FOR_SCHEDULE), charging(S.FINISHED), [AlertType.CHARGING_FINISHED]),
        (charging(S.FINISHED), charging(S.FINISHED), []),
        (charging(S.CHARGING), charging(S.NOT_CHARGING), [AlertType.CHARGING_INTERRUPTED]),
        (charging(S.CHARGING), charging(S.ERROR), [AlertType.CHARGING_INTERRUPTED]),
        (charging(S.CHARGING), charging(S.WAITING_FOR_POWER), [AlertType.CHARGING_INTERRUPTED]),
        (charging(S.CHARGING), charging(S.WAITING_FOR_SCHEDULE), []),
        (charging(S.CHARGING), charging(S.V2G_DISCHARGING), []),
        (charging(S.CHARGING), charging(S.FINISHED, level=34), [AlertType.CHARGING_INTERRUPTED]),
        (charging(S.CHARGING), charging(S.FINISHED, level=None), [AlertType.CHARGING_FINISHED]),
        (charging(S.CHARGING), charging(S.FINISHED, level=96, limit=100), [AlertType.CHARGING_FINISHED]),
        (charging(S.CHARGING), charging(S.FINISHED, level=34, plugged_in=False), [AlertType.UNPLUGGED]),
        (RAPID, charging(S.NOT_CHARGING, level=65), [AlertType.CHARGING_STOPPED]),
        (RAPID, charging(S.FINISHED, level=65), [AlertType.CHARGING_STOPPED]),
        (RAPID, charging(S.NOT_CHARGING, level=80), [AlertType.CHARGING_FINISHED]),
        (charging(S.CHARGING, power=48), charging(S.NOT_CHARGING, level=65), [AlertType.CHARGING_STOPPED]),
        (charging(S.CHARGING), charging(None), []),
        (charging(None), charging(S.NOT_CHARGING), []),
        (charging(S.NOT_CHARGING), charging(S.ERROR), []),
        (charging(S.CHARGING), charging(S.NOT_CHARGING, plugged_in=False), [AlertType.UNPLUGGED]),
        (charging(S.NOT_CHARGING, plugged_in=False), charging(S.CHARGING), [AlertType.PLUGGED_IN]),
        (charging(S.NOT_CHARGING, plugged_in=None), charging(S.CHARGING), []),
        (VehicleState(), charging(S.FINISHED), []),
    ],
)
def test_charging(before: VehicleState, after: VehicleState, alerts: list[AlertType]) -> None:
    assert changed(before, after) == alerts


def test_a_charge_that_the_owner_stopped_was_not_interrupted() -> None:
    before, after = charging(S.CHARGING, told=SAID), charging(S.NOT_CHARGING)
    assert changed(before, after, stopped_at=EPOCH + HOUR / 2) == []
    assert changed(before, after, stopped_at=EPOCH - HOUR) == [AlertType.CHARGING_INTERRUPTED]


@pytest.mark.parametrize(
    ("level", "target", "status", "alerts"),
    [
        (85, 95, S.NOT_CHARGING, []),
        (92, 95, S.FINISHED, []),
        (94, 95, S.NOT_CHARGING, [AlertType.CHARGING_FINISHED]),
        (60, 60, S.NOT_CHARGING, [AlertType.CHARGING_FINISHED]),
        (96, 100, S.FINISHED, [AlertType.CHARGING_FINISHED]),
    ],
)
def test_a_charge_plan_is_done_at_its_target_and_else_pauses(
    level: float, target: float, status: ChargingStatus, alerts: list[AlertType]
) -> None:
    after = charging(status, level=level)
    assert changed(charging(S.CHARGING, told=SAID), after, stopped_at=EPOCH + HOUR / 2, target=target) == alerts


def test_a_vehicle_that_calls_a_pause_the_end_does_not_know_the_plan() -> None:
    before = charging(S.WAITING_FOR_POWER, level=85)
    assert changed(before, charging(S.FINISHED, level=85), target=95) == []
    assert changed(before, charging(S.FINISHED, level=85)) == [AlertType.CHARGING_FINISHED]


def test_climate() -> None:
    on, off = (VehicleState(climate=Climate(running=running, **LATER)) for running in (True, False))
    unknown = VehicleState(climate=Climate(**LATER))
    assert changed(off, on) == [AlertType.CLIMATE_STARTED]
    assert changed(on, off) == [AlertType.CLIMATE_STOPPED]
    assert changed(unknown, on) == changed(on, unknown) == changed(on, on) == []


def test_an_alert_has_the_time_of_the_vehicle_and_says_how_full_it_is() -> None:
    late = EPOCH + 12 * HOUR
    after = charging(S.FINISHED, level=80, told={**LATER, "received_at": late})
    (alert,) = transitions(charging(S.CHARGING), AlertContext(state=after, now=late))
    assert alert.at == EPOCH + HOUR
    assert alert.as_event_data == {"at": "2026-11-20T01:00:00+00:00", "origin": "state", "subject": None, "level": 80}
    (untimed,) = transitions(
        charging(S.CHARGING), AlertContext(state=charging(S.FINISHED, told={**LATER, "reported_at": None}), now=late)
    )
    assert untimed.at == EPOCH + HOUR


# Known often enough that much happens between two of them.
busy = st.builds(
    VehicleState,
    battery=st.builds(Battery, level=st.none() | st.sampled_from([40, 80, 100]), **times),
    charging=st.none()
    | st.builds(
        Charging,
        plugged_in=st.none() | st.booleans(),
        status=st.sampled_from([None, S.CHARGING, S.NOT_CHARGING, *ChargingStatus]),
        speed=st.sampled_from([None, ChargeSpeed.FASTEST]),
        **times,
    ),
    climate=st.none() | st.builds(Climate, running=st.none() | st.booleans(), **times),
)


@given(busy, busy, st.sampled_from(sorted(CHANGES)))
def test_nothing_that_was_unknown_has_changed(before: VehicleState, after: VehicleState, kind: AlertType) -> None:
    """Whatever is told of a value needs the value from before."""
    assert kind not in changed(CHANGES[kind](before), after)


@pytest.mark.parametrize("kind", sorted(CHANGES))
def test_that_law_is_about_something(kind: AlertType) -> None:
    before, after = find(st.tuples(busy, busy), lambda pair: kind in changed(*pair))
    assert changed(before, after)


@given(states)
def test_what_stays_does_not_happen(state: VehicleState) -> None:
    view = AlertContext(state=state, now=EPOCH + 10 * HOUR, driving=False)
    assert not list(transitions(state, view))
    watch, first = ConditionTracker().after(conditions(view))
    assert first == ()
    assert watch.after(conditions(view)) == (watch, ())


def told(*views: AlertContext) -> list[list[Alert]]:
    """The alerts after each look."""
    watch, found = ConditionTracker(), []
    for view in views:
        watch, alerts = watch.after(conditions(view))
        found.append(list(alerts))
    return found


def types(*views: AlertContext) -> list[list[AlertType]]:
    return [[alert.type for alert in alerts] for alerts in told(*views)]


def levels(*values: float | None, threshold: float = 30) -> list[AlertContext]:
    return [
        AlertContext(state=VehicleState(battery=Battery(level=value, **SAID)), now=EPOCH, charge_below=threshold)
        for value in values
    ]


def test_a_charge_that_falls_below_the_threshold_is_told_once() -> None:
    below = [AlertType.CHARGE_BELOW]
    assert types(*levels(40, 30, 29, 28, 31, 29, 33, 29)) == [[], [], below, [], [], [], [], below]
    assert types(*levels(20, 15)) == [[], []], "it was so at the first look"
    assert types(*levels(40), *levels(40, threshold=50)) == [[], []], "the threshold moved, not the charge"
    (_, (alert,)) = told(*levels(40, 25))
    assert alert.details == {"level": 25, "threshold": 30}


@given(st.lists(st.floats(0, 100) | st.none(), max_size=30))
def test_between_two_low_charges_there_was_a_recharge(values: list[float | None]) -> None:
    armed = False
    for value, alerts in zip(values, told(*levels(*values)), strict=True):
        assert len(alerts) == (armed and value is not None and value < 30)
        armed = armed if value is None or 30 <= value < 33 else value >= 33


def test_the_12_v_battery() -> None:
    views = [
        AlertContext(state=VehicleState(aux_battery=AuxBattery(voltage=volts, **SAID)), now=EPOCH)
        for volts in (12.6, 11.9, 12.1, 11.8, 12.4, 11.9)
    ]
    low = [AlertType.AUX_BATTERY_LOW]
    assert types(*views) == [[], low, [], [], [], low]


def test_each_tyre_speaks_for_itself() -> None:
    fine, low = Tyre(pressure=250, warning=False), Tyre(pressure=180, warning=True)
    views = [
        AlertContext(state=VehicleState(tyres=Tyres(front_left=one, rear_right=other, **SAID)), now=EPOCH)
        for one, other in ((fine, fine), (low, fine), (low, low))
    ]
    subjects = [[(alert.subject, alert.details) for alert in alerts] for alerts in told(*views)]
    assert subjects == [[], [("front_left", {"pressure": 180})], [("rear_right", {"pressure": 180})]]


def wheels(low: str, minute: float, pressure: float | None = 180) -> AlertContext:
    """A look at tyres of which those are low whose letters are there."""
    at = EPOCH + timedelta(minutes=minute)
    tyres = {
        name: Tyre(pressure=pressure if letter in low else 250, warning=letter in low)
        for letter, name in zip("abcd", ("front_left", "front_right", "rear_left", "rear_right"), strict=True)
    }
    return AlertContext(state=VehicleState(tyres=Tyres(backend="b", received_at=at, reported_at=at, **tyres)), now=at)


def test_tyres_that_are_low_at_once_are_one_alert() -> None:
    (_, (alert,)) = told(wheels("", 0), wheels("abcd", 1))
    assert alert.subject == "front_left, front_right, rear_left, rear_right"
    assert alert.as_event_data["subjects"] == ("front_left", "front_right", "rear_left", "rear_right")
    assert alert.details["pressure"] == 180
    (_, (alone,)) = told(wheels("", 0), wheels("c", 1))
    assert (alone.subject, alone.as_event_data["subjects"]) == ("rear_left", ("rear_left",))


def test_a_cold_tyre_is_told_again_on_another_day_or_when_it_is_lower() -> None:
    day = 24 * 60
    cold = [wheels("", 0), wheels("a", 1), wheels("", 60), wheels("a", 120)]
    assert [len(alerts) for alerts in told(*cold)] == [0, 1, 0, 0]
    assert [len(alerts) for alerts in told(*cold, wheels("", day), wheels("a", day + 2))][4:] == [0, 1]
    assert [len(alerts) for alerts in told(*cold[:3], wheels("a", 120, 170))][3:] == [1]
    assert [len(alerts) for alerts in told(*cold[:3], wheels("b", 120))][3:] == [1], "another wheel"


def test_doors_that_stay_open_at_once_are_one_alert() -> None:
    shut, ajar = parked(0, hatch=False, door_rear_left=False), parked(60, hatch=True, door_rear_left=True)
    (_, (alert,)) = told(shut, ajar)
    assert alert.subjects == ("door_rear_left", "hatch")


def test_warning_lamps_are_told_when_the_first_lights() -> None:
    lit: list[tuple[str, ...] | None] = [(), ("engine", "oil"), ("oil",), None, (), ("oil",)]
    views = [AlertContext(state=VehicleState(health=Health(lamps=lamps, **SAID)), now=EPOCH) for lamps in lit]
    details = [[(alert.type, alert.details) for alert in alerts] for alerts in told(*views)]
    lamp = AlertType.WARNING_LAMP
    assert details == [[], [(lamp, {"lamps": "engine, oil"})], [], [], [], [(lamp, {"lamps": "oil"})]]


def parked(minutes: float, *, driving: bool | None = False, reminder: str | None = None, **body: Any) -> AlertContext:
    state = VehicleState(body=Body(**body, **SAID))
    return AlertContext(state=state, now=EPOCH + timedelta(minutes=minutes), driving=driving, lock_reminder=reminder)


def test_a_door_that_stays_open() -> None:
    shut, ajar = parked(0, hatch=False), [parked(minute, hatch=True) for minute in (1, 9, 10, 60)]
    assert types(shut, *ajar) == [[], [], [], [AlertType.DOOR_OPEN], []]
    assert told(shut, ajar[2])[1][0].subject == "hatch"
    assert types(shut, parked(60, hatch=True, driving=None)) == [[], []], "somebody may be in it"


def test_left_unlocked_where_it_should_not_be() -> None:
    assert types(parked(60, locked=False), parked(60, locked=False, reminder="Work")) == [[], [AlertType.LEFT_UNLOCKED]]
    views = [parked(minute, locked=False, reminder="Work") for minute in (5, 11, 12)]
    assert types(parked(0, locked=True, reminder="Work"), *views) == [[], [], [AlertType.LEFT_UNLOCKED], []]
    assert types(parked(0, locked=True, reminder="Work"), parked(60, reminder="Work", locked=None)) == [[], []]
    (_, (alert,)) = told(parked(0, locked=True, reminder="Work"), parked(60, locked=False, reminder="Work"))
    assert alert.details == {"area": "Work"}


def test_silence() -> None:
    state = VehicleState(battery=Battery(level=50, **SAID))
    looks = [AlertContext(state=state, now=EPOCH + timedelta(days=days)) for days in (1, 7, 7.1, 28, 30, 30.1, 31)]
    assert types(*looks) == [[], [], [], [], [], [AlertType.SILENT], []], "it may be on holiday"
    unanswered = [replace(look, unanswered_at=EPOCH + timedelta(days=2)) for look in looks[:4]]
    assert types(*unanswered) == [[], [], [AlertType.SILENT], []]


def test_the_end_of_a_subscription_is_told_twice_in_time() -> None:
    end = EPOCH + timedelta(days=40)
    state = VehicleState(subscription=Subscription(active=True, ends_at=end, **SAID))
    views = [AlertContext(state=state, now=EPOCH + timedelta(days=day)) for day in (0, 9, 10, 32, 33, 34)]
    days = [[alert.details["days"] for alert in alerts if "days" in alert.details] for alerts in told(*views)]
    assert days == [[], [], [30], [], [7], []]


@pytest.mark.parametrize(("left", "days"), [(45, []), (20, [20]), (3, [3]), (0.4, [0]), (-1, []), (-400, [])])
def test_who_comes_late_is_told_at_the_first_look(left: float, days: list[int]) -> None:
    now = EPOCH + timedelta(hours=2)
    state = VehicleState(subscription=Subscription(active=True, ends_at=now + timedelta(days=left), **SAID))
    (first, second) = told(AlertContext(state=state, now=now), AlertContext(state=state, now=now))
    assert [alert.details["days"] for alert in first] == days
    assert second == []


def test_the_day_on_which_a_subscription_ends_is_told() -> None:
    end = EPOCH + timedelta(days=40, hours=15)
    state = VehicleState(subscription=Subscription(active=True, ends_at=end, **SAID))
    views = [AlertContext(state=state, now=EPOCH + timedelta(days=day)) for day in (0, 39.9, 40.1, 40.5, 41)]
    days = [[alert.details["days"] for alert in alerts if "days" in alert.details] for alerts in told(*views)]
    assert days == [[], [1], [0], [], []], "after a long pause one notice, not two"


@pytest.mark.parametrize(
    ("plugged_in", "at_home", "told"),
    [(False, True, True), (True, True, False), (None, True, False), (False, False, False), (False, None, False)],
)
def test_not_plugged_in_at_home(plugged_in: bool | None, at_home: bool | None, told: bool) -> None:
    now: datetime = EPOCH
    alert = not_plugged_in(charging(None, plugged_in=plugged_in), at_home=at_home, now=now)
    assert (alert is not None) is told
    assert not_plugged_in(VehicleState(), at_home=True, now=now) is None
