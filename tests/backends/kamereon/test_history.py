"""Trips and messages (kamereon-eu §13, §14), and what the keys of messages mean."""

from datetime import UTC, date, datetime

from hypothesis import given, strategies as st
import pytest

from custom_components.nissanconnect.backends.base import Json
from custom_components.nissanconnect.backends.kamereon import KamereonBackend
from custom_components.nissanconnect.backends.kamereon.history import alert_type
from custom_components.nissanconnect.vehicle import AlertType, Notification, NotSupported, TripPeriod, TripSummary

from .bodies import body
from .fake import LEAF, NOT_SERVED, VIN, Fake, Say

TRIPS = f"/car-adapter/v1/cars/{VIN}/trip-history"
MESSAGES = f"/notifications/v2/notifications/users/user-1/vehicles/{VIN}"


async def test_trips_of_days(backend: KamereonBackend, fake: Fake) -> None:
    fake.on("GET", TRIPS, Say(json=body("trip-history.v1")))
    trips = await backend.read_trips(LEAF, TripPeriod.DAY, date(2026, 11, 1), date(2026, 11, 20))
    assert trips == (
        TripSummary(
            start=date(2026, 11, 19),
            period=TripPeriod.DAY,
            trips=3,
            distance=41.6,
            duration=67,
            first_start=datetime(2026, 11, 19, 6, 42, 10, tzinfo=UTC),
            last_end=datetime(2026, 11, 19, 17, 21, 44, tzinfo=UTC),
            energy_used=6.84,
            energy_recovered=1.12,
            fuel_used=0,
            co2_saved=4930,
        ),
        TripSummary(start=date(2026, 11, 20), period=TripPeriod.DAY, trips=1, distance=12.3, duration=21),
    )
    assert fake.last(TRIPS).query == {"type": "0", "start": "2026-11-01", "end": "2026-11-20"}


@pytest.mark.parametrize(
    ("period", "number", "name", "start"),
    [
        (TripPeriod.MONTH, "1", "202611", date(2026, 11, 1)),
        (TripPeriod.MONTH, "1", "2026-11", date(2026, 11, 1)),
        (TripPeriod.YEAR, "2", "2026", date(2026, 1, 1)),
        (TripPeriod.YEAR, "2", 2026, date(2026, 1, 1)),
    ],
    ids=repr,
)
async def test_longer_periods(
    backend: KamereonBackend, fake: Fake, period: TripPeriod, number: str, name: Json, start: date
) -> None:
    fake.on("GET", TRIPS, Say.data(summaries=[{period.value: name, "tripsNumber": 2.0}]))
    trips = await backend.read_trips(LEAF, period, date(2026, 1, 1), date(2026, 12, 31))
    assert trips == (TripSummary(start=start, period=period, trips=2),)
    assert fake.last(TRIPS).query["type"] == number


@pytest.mark.parametrize("summaries", [[], None, "none", [5, {"month": "202611"}, {"day": "2026"}]])
async def test_no_trips(backend: KamereonBackend, fake: Fake, summaries: Json) -> None:
    fake.on("GET", TRIPS, Say.data(summaries=summaries))
    assert await backend.read_trips(LEAF, TripPeriod.DAY, date(2026, 11, 1), date(2026, 11, 20)) == ()


async def test_trips_that_are_not_offered(backend: KamereonBackend, fake: Fake) -> None:
    fake.on("GET", TRIPS, NOT_SERVED)
    with pytest.raises(NotSupported):
        await backend.read_trips(LEAF, TripPeriod.DAY, date(2026, 11, 1), date(2026, 11, 20))


async def test_messages(backend: KamereonBackend, fake: Fake) -> None:
    fake.on("GET", MESSAGES, Say(json=body("notifications.v2")))
    assert await backend.read_notifications(LEAF) == (
        Notification(
            id="n-2",
            kind="battery.ended.charge",
            alert=AlertType.CHARGING_FINISHED,
            title="Charging",
            text="The vehicle has stopped charging.",
            sent_at=datetime(2026, 11, 20, 4, 11, 9, 123_456, tzinfo=UTC),
        ),
        Notification(id="1", kind="never.seen.before", title="Something new", text="In short"),
    )
    request = fake.last(MESSAGES)
    assert request.query == {"realm": "P_NCB", "langCode": "EN", "order": "DESC", "from": "1", "to": "20"}
    assert request.headers["Accept"] == "application/json"


async def test_a_page_of_messages(backend: KamereonBackend, fake: Fake) -> None:
    fake.on("GET", MESSAGES, Say.data(messages=[]))
    assert await backend.read_notifications(LEAF, first=21, count=10) == ()
    assert fake.last(MESSAGES).query["from"] == "21"
    assert fake.last(MESSAGES).query["to"] == "30"


@pytest.mark.parametrize(
    ("key", "kind"),
    [
        ("battery.ended.charge", AlertType.CHARGING_FINISHED),
        ("battery.charge.in.progress", AlertType.CLOUD_MESSAGE),
        ("burglar.car.stolen", AlertType.ALARM),
        ("maintenance.time.prealert", AlertType.MAINTENANCE_DUE),
        ("mil.lamp.flash.request", AlertType.WARNING_LAMP),
        ("oil.pressure.alert", AlertType.WARNING_LAMP),
        ("wheel.alert", AlertType.TYRE_WARNING),
        ("stop.warning.alert", AlertType.WARNING_LAMP),
        ("stop.engine", AlertType.CLOUD_MESSAGE),
        ("zone.infringement", AlertType.CLOUD_MESSAGE),
        ("fuelling", AlertType.CLOUD_MESSAGE),
        ("", AlertType.CLOUD_MESSAGE),
    ],
)
def test_keys(key: str, kind: AlertType) -> None:
    assert alert_type(key) is kind


@given(st.text())
def test_an_unknown_key_is_a_message(key: str) -> None:
    assert alert_type(f"x{key}") is AlertType.CLOUD_MESSAGE
