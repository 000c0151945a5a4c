"""No message twice, and no cause twice."""

from datetime import timedelta

from hypothesis import given, strategies as st

from custom_components.nissanconnect.engine.alert_tracker import SeenAlerts, SeenNotifications
from custom_components.nissanconnect.vehicle import Alert, AlertOrigin, AlertType, Notification

from .strategies import EPOCH

MINUTE = timedelta(minutes=1)
AHEAD = EPOCH + 500_000 * MINUTE


def alert(minute: float, origin: AlertOrigin, kind: AlertType = AlertType.CHARGING_FINISHED) -> Alert:
    return Alert(type=kind, at=EPOCH + minute * MINUTE, origin=origin)


def admitted(*alerts: Alert) -> list[Alert]:
    """Those that are news."""
    book, found = SeenAlerts(), []
    for each in alerts:
        book, news = book.admit(each)
        if news:
            found.append(each)
    return found


def test_one_cause_that_both_noticed() -> None:
    ours, theirs = alert(0, AlertOrigin.STATE), alert(20, AlertOrigin.MESSAGE)
    assert admitted(ours, theirs) == [ours]
    assert admitted(theirs, ours) == [theirs]
    assert admitted(ours, theirs, alert(25, AlertOrigin.MESSAGE)) == [ours], "the cloud repeats itself"
    assert admitted(theirs, alert(25, AlertOrigin.MESSAGE), ours) == [theirs]


def test_causes_of_their_own() -> None:
    apart = [alert(0, AlertOrigin.STATE), alert(31, AlertOrigin.MESSAGE)]
    assert admitted(*apart) == apart
    kinds = [alert(0, AlertOrigin.STATE), alert(0, AlertOrigin.MESSAGE, AlertType.CLIMATE_STOPPED)]
    assert admitted(*kinds) == kinds
    ours = [alert(minute, AlertOrigin.STATE, AlertType.PLUGGED_IN) for minute in (0, 5, 10)]
    assert admitted(*ours) == ours, "we have seen it three times"
    words = [alert(0, AlertOrigin.MESSAGE, AlertType.CLOUD_MESSAGE)] * 2
    assert admitted(*words) == words


def test_a_charge_that_ends_has_one_cause_however_it_is_called() -> None:
    finished, interrupted = alert(0, AlertOrigin.MESSAGE), alert(1, AlertOrigin.STATE, AlertType.CHARGING_INTERRUPTED)
    assert admitted(finished, interrupted) == [finished]


def test_a_message_explains_one_of_ours_only() -> None:
    theirs, first, second = alert(0, AlertOrigin.MESSAGE), alert(1, AlertOrigin.STATE), alert(9, AlertOrigin.STATE)
    assert admitted(theirs, first, second) == [theirs, second]


@given(st.lists(st.sampled_from(AlertOrigin), min_size=1, max_size=4), st.data())
def test_the_order_does_not_matter(origins: list[AlertOrigin], data: st.DataObject) -> None:
    told = [alert(minute, origin) for minute, origin in enumerate(origins)]
    shuffled = data.draw(st.permutations(told))
    expected = max(1, origins.count(AlertOrigin.STATE))
    assert len(admitted(*told)) == len(admitted(*shuffled)) == expected


def message(name: str, minute: float | None) -> Notification:
    return Notification(id=name, kind="k", sent_at=None if minute is None else EPOCH + minute * MINUTE)


def test_what_was_there_before_us_is_not_new() -> None:
    feed, new = SeenNotifications().after([message("old", -5), message("older", -500)], EPOCH, "a", EPOCH)
    assert new == ()
    feed, new = feed.after([message("new", 5), message("old", -5)], EPOCH + 10 * MINUTE, "a", EPOCH)
    assert [each.id for each in new] == ["new"]
    feed, new = feed.after([message("late", -1), message("new", 5)], EPOCH + 20 * MINUTE, "a", EPOCH)
    assert new == (), "sent before we listened"
    feed, new = feed.after([message("timeless", None)], EPOCH + 30 * MINUTE, "a", EPOCH)
    assert [each.id for each in new] == ["timeless"]
    assert feed.after([message("timeless", None)], EPOCH + 40 * MINUTE, "a", EPOCH)[1] == ()


names = st.integers(0, 400).map(lambda number: message(f"m{number}", number))


@given(st.lists(st.lists(names, max_size=8), max_size=30))
def test_no_message_is_new_twice(pages: list[list[Notification]]) -> None:
    feed, seen = SeenNotifications(), []
    for page in pages:
        feed, new = feed.after(page, EPOCH, "a", EPOCH)
        seen += [each.id for each in new]
        assert [each.sent_at for each in new] == sorted(each.sent_at for each in new if each.sent_at)
    assert len(seen) == len(set(seen))
    assert len(feed.sent_at) <= 200


def test_a_clock_that_was_ahead_hides_nothing_for_long() -> None:
    ahead, _ = SeenNotifications().after([], AHEAD, "a", AHEAD)
    feed, new = ahead.after([message("m1", -1)], EPOCH, "a", AHEAD)
    assert new == ()
    feed, new = feed.after([message("m1", -1), message("m2", 1)], EPOCH + 2 * MINUTE, "a", AHEAD)
    assert [each.id for each in new] == ["m2"]


def test_what_is_forgotten_does_not_come_back() -> None:
    feed, _ = SeenNotifications().after([], EPOCH, "a", EPOCH)
    many = [message(f"m{number}", number + 1) for number in range(300)]
    feed, new = feed.after(many, EPOCH, "a", EPOCH)
    assert len(new) == 300
    assert feed.after(many, EPOCH, "a", EPOCH)[1] == ()
