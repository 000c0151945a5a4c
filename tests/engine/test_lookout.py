"""All that a vehicle's owner is told, from its reports and from the cloud's messages."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from hypothesis import given, strategies as st

from custom_components.nissanconnect.engine.alerts import View
from custom_components.nissanconnect.engine.geofence import Area, Fence, FenceAction
from custom_components.nissanconnect.engine.lookout import Lookout
from custom_components.nissanconnect.vehicle import (
    Alert,
    AlertType,
    Charging,
    ChargingStatus,
    Notification,
    Position,
    Privacy,
    VehicleState,
)

from .strategies import EPOCH, states

MINUTE = timedelta(minutes=1)
ALERT = frozenset({FenceAction.ALERT})
HOME = Fence(
    key="home",
    name="Home",
    area=Area(latitude=51, longitude=0, radius=500),
    on_entering=ALERT,
    on_leaving=ALERT | {FenceAction.BLOCK_CLIMATE},
)


def place(minute: int, north: float, *, private: bool = False, heard: int | None = None) -> VehicleState:
    """A vehicle so many km north of home."""
    told: dict[str, Any] = {"backend": "b", "received_at": EPOCH + (minute if heard is None else heard) * MINUTE}
    told["reported_at"] = EPOCH + minute * MINUTE
    position = Position(latitude=51 + north / 111.25, longitude=0, **told)
    return VehicleState(position=None if private else position, privacy=Privacy(active=private, **told))


def told(*states: VehicleState, fences: tuple[Fence, ...] = (HOME,)) -> tuple[Lookout, list[list[Alert]]]:
    """What each of several reads in a row tells."""
    lookout, before, found = Lookout(), VehicleState(), []
    for state in states:
        now = state.last_read or EPOCH
        lookout, alerts = lookout.after(before, View(state=state, now=now, driving=False), fences)
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
    silent = replace(HOME, on_leaving=frozenset({FenceAction.BLOCK_CLIMATE}))
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


def test_an_area_that_is_drawn_later_knows_at_once_where_the_vehicle_is() -> None:
    lookout, _ = told(place(0, 0), fences=())
    state = place(0, 0, heard=10)
    lookout, alerts = lookout.after(state, View(state=state, now=EPOCH + 10 * MINUTE), [HOME])
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
    lookout, _ = Lookout().after_messages([], EPOCH)
    before, after = charging(0, ChargingStatus.CHARGING), charging(60, ChargingStatus.FINISHED)
    lookout, seen = lookout.after(before, View(state=after, now=EPOCH + 65 * MINUTE), [])
    assert [alert.type for alert in seen] == [AlertType.CHARGING_FINISHED]
    lookout, read = lookout.after_messages([message("a", 61)], EPOCH + 66 * MINUTE)
    assert read == ()
    lookout, read = lookout.after_messages([message("b", 99, AlertType.CLOUD_MESSAGE)], EPOCH + 100 * MINUTE)
    assert [alert.details for alert in read] == [{"title": "T", "text": "W"}]


def test_what_nobody_wants_to_know_hides_nothing() -> None:
    lookout, _ = Lookout().after_messages([], EPOCH)
    before, after = charging(0, ChargingStatus.CHARGING), charging(60, ChargingStatus.NOT_CHARGING)
    view = View(state=after, now=EPOCH + 65 * MINUTE, unwanted=frozenset({AlertType.CHARGING_INTERRUPTED}))
    lookout, seen = lookout.after(before, view, [])
    assert seen == ()
    lookout, read = lookout.after_messages([message("a", 61)], EPOCH + 66 * MINUTE)
    assert [alert.type for alert in read] == [AlertType.CHARGING_FINISHED]


@given(st.lists(states, max_size=8))
def test_what_is_said_again_is_no_news(reads: list[VehicleState]) -> None:
    lookout, before = Lookout(), VehicleState()
    for number, state in enumerate(reads):
        view = View(state=state, now=EPOCH + timedelta(days=10 + number), driving=False)
        lookout, _ = lookout.after(before, view, [HOME])
        again, alerts = lookout.after(state, view, [HOME])
        assert alerts == ()
        assert again == lookout
        before = state
