"""All that a vehicle's owner is told, from its reports and from the cloud's messages."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from hypothesis import given, strategies as st
import pytest

from custom_components.nissanconnect.engine.alert_rules import CHARGE_ENDS, HORIZON, AlertContext, ChargeContext
from custom_components.nissanconnect.engine.alert_tracker import AlertTracker
from custom_components.nissanconnect.engine.position import Circle, Geofence, GeofenceAction
from custom_components.nissanconnect.vehicle import (
    Alert,
    AlertType,
    Battery,
    Body,
    ChargeSpeed,
    Charging,
    ChargingStatus,
    Notification,
    Position,
    Privacy,
    VehicleState,
)

from .strategies import EPOCH, states

MINUTE = timedelta(minutes=1)
ALERT = frozenset({GeofenceAction.ALERT})
HOME = Geofence(
    key="home",
    name="Home",
    area=Circle(latitude=51, longitude=0, radius=500),
    on_entering=ALERT,
    on_leaving=ALERT | {GeofenceAction.BLOCK_CLIMATE},
)


def place(minute: int, north: float, *, private: bool = False, heard: int | None = None) -> VehicleState:
    """A vehicle so many km north of home."""
    told: dict[str, Any] = {"backend": "b", "received_at": EPOCH + (minute if heard is None else heard) * MINUTE}
    told["reported_at"] = EPOCH + minute * MINUTE
    position = Position(latitude=51 + north / 111.25, longitude=0, **told)
    return VehicleState(position=None if private else position, privacy=Privacy(active=private, **told))


def told(*states: VehicleState, fences: tuple[Geofence, ...] = (HOME,)) -> tuple[AlertTracker, list[list[Alert]]]:
    """What each of several reads in a row tells."""
    lookout, before, found = AlertTracker(), VehicleState(), []
    for state in states:
        now = state.last_read or EPOCH
        lookout, alerts = lookout.after(before, AlertContext(state=state, now=now, driving=False), fences)
        before = state
        found.append(list(alerts))
    return lookout, found


def test_out_and_home() -> None:
    lookout, found = told(place(0, 0), place(30, 10, heard=90), place(120, 0.1))
    assert [[(alert.type, alert.subject, alert.at) for alert in alerts] for alerts in found] == [
        [],
        [(AlertType.LEFT_AREA, "Home", EPOCH + 30 * MINUTE)],
        [(AlertType.ENTERED_AREA, "Home", EPOCH + 120 * MINUTE)],
    ]
    assert lookout.inside(HOME) is True


def test_an_area_without_alerts_is_silent_and_still_known() -> None:
    silent = replace(HOME, on_leaving=frozenset({GeofenceAction.BLOCK_CLIMATE}))
    lookout, found = told(place(0, 0), place(30, 10), fences=(silent,))
    assert found == [[], []]
    assert lookout.inside(silent) is False


def test_climate_is_blocked_where_it_shall_be() -> None:
    away, _ = told(place(0, 10))
    home, _ = told(place(0, 0))
    nowhere, _ = told(VehicleState())
    assert away.blocks_climate([HOME])
    assert not home.blocks_climate([HOME])
    assert not nowhere.blocks_climate([HOME]), "what is unknown never blocks"


def test_one_unlocked_vehicle_is_one_alert_whatever_areas_ask_for_it() -> None:
    remind = replace(HOME, on_entering=frozenset(), on_leaving=frozenset({GeofenceAction.LOCK_REMINDER}))
    fences = (remind, replace(remind, key="other", name="Other"))

    def parked(minute: int, north: float, *, locked: bool) -> VehicleState:
        at = EPOCH + minute * MINUTE
        return replace(
            place(minute, north, heard=minute + 15),
            body=Body(backend="b", received_at=at, reported_at=at, locked=locked),
        )

    _, found = told(parked(0, 0, locked=False), parked(60, 10, locked=True), fences=fences)
    assert found == [[], []]
    _, found = told(parked(0, 10, locked=True), parked(60, 10, locked=False), fences=fences)
    assert [[(alert.type, alert.details) for alert in alerts] for alerts in found] == [
        [],
        [(AlertType.LEFT_UNLOCKED, {"area": "Home"})],
    ]


def test_an_area_that_is_drawn_later_knows_at_once_where_the_vehicle_is() -> None:
    lookout, _ = told(place(0, 0), fences=())
    state = place(0, 0, heard=10)
    lookout, alerts = lookout.after(state, AlertContext(state=state, now=EPOCH + 10 * MINUTE), [HOME])
    assert (lookout.inside(HOME), alerts) == (True, ())
    bigger = replace(HOME, area=replace(HOME.area, radius=100))
    assert lookout.inside(bigger) is None, "that is another area"


def test_in_privacy_mode_nobody_remembers_where_the_vehicle_was() -> None:
    lookout, found = told(place(0, 0), place(10, 0, private=True))
    assert lookout.inside(HOME) is None
    assert lookout.track.last is None
    _, found = told(place(0, 0), place(10, 0, private=True), place(60, 10))
    assert found == [[], [], []]


def charging(minute: int, status: ChargingStatus) -> VehicleState:
    at = EPOCH + minute * MINUTE
    return VehicleState(charging=Charging(status=status, plugged_in=True, backend="b", received_at=at, reported_at=at))


def message(name: str, minute: int, alert: AlertType = AlertType.CHARGING_FINISHED) -> Notification:
    return Notification(id=name, kind="k", alert=alert, title="T", text="W", sent_at=EPOCH + minute * MINUTE)


def test_a_charge_that_we_saw_and_the_cloud_tells() -> None:
    lookout, _ = AlertTracker().after_messages([], EPOCH, "a", EPOCH)
    before, after = charging(0, ChargingStatus.CHARGING), charging(60, ChargingStatus.FINISHED)
    lookout, seen = lookout.after(before, AlertContext(state=after, now=EPOCH + 65 * MINUTE), [])
    assert [alert.type for alert in seen] == [AlertType.CHARGING_FINISHED]
    lookout, read = lookout.after_messages([message("a", 61)], EPOCH + 66 * MINUTE, "a", EPOCH)
    assert read == ()
    lookout, read = lookout.after_messages(
        [message("b", 99, AlertType.CLOUD_MESSAGE)], EPOCH + 100 * MINUTE, "a", EPOCH
    )
    assert [alert.details for alert in read] == [{"title": "T", "text": "W"}]


def test_what_nobody_wants_to_know_hides_nothing() -> None:
    lookout, _ = AlertTracker().after_messages([], EPOCH, "a", EPOCH)
    before, after = charging(0, ChargingStatus.CHARGING), charging(60, ChargingStatus.NOT_CHARGING)
    view = AlertContext(state=after, now=EPOCH + 65 * MINUTE, unwanted=frozenset({AlertType.CHARGING_INTERRUPTED}))
    lookout, seen = lookout.after(before, view, [])
    assert seen == ()
    lookout, read = lookout.after_messages([message("a", 61)], EPOCH + 66 * MINUTE, "a", EPOCH)
    assert [alert.type for alert in read] == [AlertType.CHARGING_FINISHED]


@given(st.lists(states, max_size=8))
def test_what_is_said_again_is_no_news(reads: list[VehicleState]) -> None:
    lookout, before = AlertTracker(), VehicleState()
    for number, state in enumerate(reads):
        view = AlertContext(state=state, now=EPOCH + timedelta(days=10 + number), driving=False)
        lookout, _ = lookout.after(before, view, [HOME])
        again, alerts = lookout.after(state, view, [HOME])
        assert alerts == ()
        assert again == lookout
        before = state


ages = st.floats(0, 24 * 90, allow_nan=False).map(lambda hours: timedelta(hours=hours))


@given(st.lists(st.tuples(ages, st.sampled_from(AlertType)), max_size=60), st.integers(1, 8))
def test_a_backlog_is_one_summary_and_what_is_recent(sent: list[tuple[timedelta, AlertType]], pages: int) -> None:
    now = EPOCH + timedelta(days=100)
    backlog = [
        Notification(id=str(number), kind="k", alert=kind, sent_at=now - age) for number, (age, kind) in enumerate(sent)
    ]
    lookout, _ = AlertTracker().after_messages([], EPOCH, "a", EPOCH)
    told: list[Alert] = []
    summaries: list[Alert | None] = []
    for page in range(pages):
        lookout, alerts = lookout.after_messages(backlog[page::pages], now, "a", EPOCH)
        told += alerts
        lookout, summary = lookout.summed_up(now, ())
        summaries.append(summary)
    lookout, again = lookout.after_messages(backlog, now, "a", EPOCH)
    assert again == ()
    assert all(now - alert.at <= HORIZON for alert in told)
    recent = [each for each in backlog if each.sent_at and now - each.sent_at <= HORIZON]
    causes = {"charge" if each.alert in CHARGE_ENDS else each.alert for each in recent}
    assert {"charge" if each.type in CHARGE_ENDS else each.type for each in told} == causes, "each is told"
    given_up = [each for each in summaries if each is not None]
    assert len(given_up) == min(len(backlog) - len(recent), 1)
    assert all(each.type is AlertType.MISSED for each in given_up)


def test_a_summary_says_how_much_since_when_and_of_what_is_wanted() -> None:
    lookout, _ = AlertTracker().after_messages([], EPOCH, "a", EPOCH)
    old = [message("a", 60), message("b", 300, AlertType.PLUGGED_IN), message("c", 400, AlertType.SILENT)]
    now = EPOCH + timedelta(days=1)
    lookout, alerts = lookout.after_messages(old, now, "a", EPOCH)
    assert alerts == ()
    lookout, summary = lookout.summed_up(now, [AlertType.SILENT])
    assert summary
    assert (summary.at, summary.details["count"]) == (now, 2)
    assert summary.details["types"] == ("charging_finished", "plugged_in")
    assert summary.details["since"] == (EPOCH + 60 * MINUTE).isoformat()
    assert lookout.summed_up(now + timedelta(days=1), ())[1] is None


def test_what_changed_while_nobody_looked_is_not_told_as_new() -> None:
    parked = charging(0, ChargingStatus.CHARGING)
    late = charging(0, ChargingStatus.FINISHED)
    for said, now, told in (
        (24 * 60, 14 * 24 * 60, 0),
        (14 * 24 * 60 - 60, 14 * 24 * 60, 1),
        (None, 14 * 24 * 60, 0),
        (None, 60, 1),
        (-5 * 60, 60, 1),
    ):
        group = late.charging
        assert group
        at = EPOCH + now * MINUTE
        reported = None if said is None else EPOCH + said * MINUTE
        state = VehicleState(charging=replace(group, received_at=at, reported_at=reported))
        lookout, alerts = AlertTracker().after(parked, AlertContext(state=state, now=at), [])
        assert len(alerts) == told, (said, now)
        assert (lookout.summed_up(at, ())[1] is None) is bool(told)


def test_a_source_that_reports_by_itself_may_be_silent_for_weeks() -> None:
    parked, at = charging(0, ChargingStatus.CHARGING), EPOCH + timedelta(days=14)
    state = VehicleState(charging=Charging(status=ChargingStatus.FINISHED, backend="b", received_at=at))
    view = AlertContext(state=state, now=at, listening_since=EPOCH - MINUTE)
    assert len(AlertTracker().after(parked, view, [])[1]) == 1
    assert AlertTracker().after(parked, replace(view, listening_since=at), [])[1] == (), "after a restart"


def ended(level: float | None, *, minute: int = 60, limit: float | None = None, **more: Any) -> ChargeContext:
    """What the vehicle says after a charge."""
    told: dict[str, Any] = {"backend": "b", "received_at": EPOCH + 62 * MINUTE, "reported_at": EPOCH + minute * MINUTE}
    status = more.pop("status", ChargingStatus.NOT_CHARGING)
    state = VehicleState(
        battery=Battery(level=level, **told), charging=Charging(status=status, plugged_in=True, limit=limit, **told)
    )
    return ChargeContext(state=state, **more)


RAPID = Charging(
    status=ChargingStatus.CHARGING, speed=ChargeSpeed.FASTEST, backend="b", received_at=EPOCH, reported_at=EPOCH
)
T = AlertType


@pytest.mark.parametrize(
    ("facts", "kind", "level"),
    [
        (ended(34), T.CHARGING_INTERRUPTED, 34),
        (ended(80), T.CHARGING_FINISHED, 80),
        (ended(79.4), T.CHARGING_FINISHED, 79.4),
        (ended(80, limit=100), T.CHARGING_INTERRUPTED, 80),
        (ended(96, limit=100), T.CHARGING_FINISHED, 96),
        (ended(60, limit=60), T.CHARGING_FINISHED, 60),
        (ended(65, last=RAPID), T.CHARGING_STOPPED, 65),
        (ended(60, stopped_at=EPOCH + 58 * MINUTE), T.CHARGING_STOPPED, 60),
        (ended(85, stopped_at=EPOCH + 58 * MINUTE, target=95), T.CHARGING_STOPPED, 85),
        (ended(60, stopped_at=EPOCH + 58 * MINUTE, target=60), T.CHARGING_FINISHED, 60),
        (ended(60, status=ChargingStatus.WAITING_FOR_SCHEDULE), T.CHARGING_STOPPED, 60),
        (ended(None), T.CHARGING_FINISHED, None),
        (ended(34, minute=-600), T.CHARGING_FINISHED, None),
        (ended(34, minute=-600, ended=True), T.CHARGING_INTERRUPTED, 34),
        (ended(34, status=ChargingStatus.CHARGING), T.CHARGING_FINISHED, None),
        (ChargeContext(), T.CHARGING_FINISHED, None),
    ],
)
def test_a_message_does_not_beat_the_vehicles_own_figures(
    facts: ChargeContext, kind: AlertType, level: float | None
) -> None:
    lookout, _ = AlertTracker().after_messages([], EPOCH, "a", EPOCH)
    _, (alert,) = lookout.after_messages([message("a", 61)], EPOCH + 63 * MINUTE, "a", EPOCH, charge=facts)
    assert (alert.type, alert.details["level"]) == (kind, level)


def test_a_message_of_an_interruption_is_believed() -> None:
    lookout, _ = AlertTracker().after_messages([], EPOCH, "a", EPOCH)
    failed = message("a", 61, AlertType.CHARGING_INTERRUPTED)
    _, (alert,) = lookout.after_messages([failed], EPOCH + 63 * MINUTE, "a", EPOCH, charge=ended(90))
    assert (alert.type, alert.details["level"]) == (AlertType.CHARGING_INTERRUPTED, 90)
