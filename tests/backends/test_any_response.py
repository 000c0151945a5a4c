"""Whatever a service answers, a backend ends with a report or a ``BackendError``, and tells nothing impossible."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
import json
from typing import Any

from hypothesis import given, settings, strategies as st
import pytest
from yarl import URL

from custom_components.nissanconnect.backends.base import Json
from custom_components.nissanconnect.backends.http import base_url
from custom_components.nissanconnect.backends.kamereon import EUROPE, KamereonAuth, KamereonBackend
from custom_components.nissanconnect.backends.kamereon.japan import JAPAN
from custom_components.nissanconnect.backends.mynissan import MyNissanBackend, NissanAuth
from custom_components.nissanconnect.backends.opencarwings import Credentials, OpenCarwingsBackend
from custom_components.nissanconnect.backends.teslafi import TeslaFiBackend
from custom_components.nissanconnect.vehicle import Capability, VehicleInfo
from tests.departures import nobody
from tests.simulator.opencarwings import LEAF_24, LEAF_40, OpenCarwings

from .canned import Canned, Told, everything
from .conftest import NOW
from .doubles import Clock
from .kamereon.bodies import body
from .kamereon.fake import LEAF
from .possible import assert_all_possible
from .strategies import JSON, SCALARS
from .test_garbage import TESLAFI

KAMEREON: Sequence[Json] = [
    *(
        body(name)
        for name in (
            "battery-status.v1.leaf.charging",
            "battery-status.v2.ariya",
            "cars.v5",
            "charge-mode.v1",
            "cockpit.v1.qashqai",
            "health-status.v1",
            "hvac-status.v1.leaf",
            "location.v1.leaf",
            "lock-status.v1.qashqai",
            "notifications.v2",
            "pressure.v1",
            "trip-history.v1",
        )
    ),
    {"data": {"id": "1", "attributes": {"status": "COMPLETED", "data": [{"name": "srpLoginS", "value": "00"}]}}},
    {"data": {"id": "7", "attributes": {"vehicles": [{"vin": "E13-1", "uuid": "u", "services": [12, "2021"]}]}}},
    {"data": {"attributes": {"access_token": "a", "refresh_token": "r", "expires_in": 1800}}, "userId": "1"},
    {"access_token": "a", "id_token": "i", "expires_in": 1800},
    {"errors": [{"status": "Forbidden", "code": "403009", "title": "Forbidden action"}]},
]

_AT = "2026-11-20T18:00:00Z"
_DISTANCE: Json = {"value": 150, "unit": "KILOMETER"}
MYNISSAN: Sequence[Json] = [
    {
        "data": {
            "vehicles": [{"vin": "1N4FAKE0000000001", "modelYear": "2024", "nickname": "A"}],
            "vehicle": {
                "vin": "1N4FAKE0000000001",
                "__typename": "ElectricAVK2Vehicle",
                "batteryStatus": {
                    "level": 64,
                    "isPluggedIn": True,
                    "isCharging": True,
                    "remainingMileage": _DISTANCE,
                    "timeToFull": 90,
                },
                "climateStatus": {"state": "ON", "temperature": {"value": 21, "unit": "CELSIUS"}},
                "mileage": {"total": 1000, "unit": "KILOMETER", "recordedTime": _AT},
                "tirePressure": {"flPressure": 33, "frPressure": 230, "flStatus": 0, "lastUpdatedAt": _AT},
                "location": {"latitude": 48.1, "longitude": 11.5, "lastUpdatedAt": _AT},
                "chargeConfig": {"limits": [{"charge": {"percent": 80}}]},
                "chargeSchedules": [{"id": "1", "startDateTime": _AT, "duration": "PT5H", "weekDays": ["MO"]}],
                "delayedClimateSchedule": {"id": "1", "startDateTime": _AT, "temperature": {"value": 21}},
                "subscriptions": [{"isActive": True, "product": {"id": "1"}, "subscriptionEndDate": _AT}],
                "otaUpdate": {"status": "DOWNLOADING", "progress": 50, "batteryLevel": 50},
                "fuelAutonomy": _DISTANCE,
                "engineOilDrainRange": _DISTANCE,
                "drivingHistory": {
                    "tripSummaries": [
                        {
                            "day": 20,
                            "month": 11,
                            "year": 2026,
                            "numberOfTrips": 3,
                            "duration": "PT5H",
                            "distanceTraveled": _DISTANCE,
                            "energyConsumed": 7.5,
                            "co2Saved": {"value": 1.5, "unit": "KILOGRAM"},
                        }
                    ]
                },
                "remoteServiceHistory": {"history": [{"serviceRequestId": "1", "status": "SUCCESS"}]},
            },
            "flashLights": {"serviceRequestId": "1", "success": True},
            "checkLocationServiceRequest": {"status": "SUCCESS", "location": {"latitude": 1.0, "longitude": 2.0}},
        }
    }
]


def _opencarwings() -> Sequence[Json]:
    server = OpenCarwings(lambda: NOW, september=True)
    server.account.pin = "2468"
    cars = [server.add(LEAF_24), server.add(LEAF_40, "ficosa2016", capacity=40)]
    alert: Json = {"id": 5, "type": 1, "timestamp": _AT, "command_id": 1, "additional_data": "", "type_display": "x"}
    timer: Json = {"id": 1, "date": "2026-11-21", "time": "07:00:00", "enabled": True, "timer_type": 0}
    found: list[Json] = [car.detail() for car in cars]
    return [*found, [car.detail() for car in cars], {"car": cars[0].detail()}, [alert], [timer], {"access": "a"}]


FIGURES: Sequence[Json] = [0, -1, -40, 104, 255, 1023, 65535, 2**31, 1e9, -1e9, 1e15, 1e-9, "-40", "1e12", "NaN", True]


def _changed(document: Json, change: Callable[[Json], Json]) -> Json:
    """Return a document in which every value that is no object or list is what ``change`` makes of it."""
    match document:
        case dict():
            return {name: _changed(value, change) for name, value in document.items()}
        case list():
            return [_changed(value, change) for value in document]
    return change(document)


@st.composite
def mangled(draw: st.DrawFn, documents: Sequence[Json]) -> Json:
    """A valid answer in which some values, at any depth, are others."""
    chance, others = draw(st.randoms(use_true_random=False)), draw(st.lists(SCALARS | JSON, min_size=1, max_size=8))
    share = draw(st.sampled_from([0.1, 0.3, 0.9]))
    return _changed(
        draw(st.sampled_from(documents)),
        lambda value: chance.choice([*FIGURES, *others]) if chance.random() < share else value,
    )


async def _kamereon(session: Any, clock: Clock, *, logged_in: bool, japan: bool) -> list[Told]:
    async def sleep(seconds: float) -> None:
        clock.advance(seconds=seconds)

    auth = KamereonAuth(access_token="a", refresh_token="r", expires_at=NOW + timedelta(hours=9), user_id="u")
    backend = KamereonBackend(
        session,
        username="x",
        password="y",
        auth=auth if logged_in else None,
        on_auth=lambda _: None,
        now=clock,
        sleep=sleep,
        device_id="ha-01234567",
        region=JAPAN if japan else EUROPE,
    )
    info = replace(LEAF, capabilities=frozenset(Capability))
    return await everything(
        backend,
        info,
        clock,
        lambda: backend.send_device_code(info, "ha-01234567"),
        lambda: backend.register_device(info, "ha-01234567", "123456"),
        lambda: backend.remove_device(info, "ha-01234567"),
        lambda: backend.set_pin(info, "1234", nobody),
    )


async def _mynissan(session: Any, clock: Clock, *, logged_in: bool) -> list[Told]:
    auth = NissanAuth(access_token="access", refresh_token="refresh", id_token="identity", device_id="device")
    backend = MyNissanBackend(
        session,
        country="MX",
        username="x",
        password=None if logged_in else "y",
        auth=auth if logged_in else None,
        on_auth=lambda _: None,
        now=clock,
    )
    vin = "1N4FAKE0000000001"
    return await everything(backend, VehicleInfo(key=vin, vin=vin, capabilities=frozenset(Capability)), clock)


async def _asked_opencarwings(session: Any, clock: Clock, *, password: bool) -> list[Told]:
    credentials = Credentials(username="x", password="y") if password else Credentials(key="k")
    backend = OpenCarwingsBackend(session, base=base_url("http://localhost"), credentials=credentials, now=clock)
    info = VehicleInfo(key=LEAF_24.upper(), vin=LEAF_24, capabilities=frozenset(Capability))
    return await everything(backend, info, clock)


async def _teslafi(session: Any, clock: Clock) -> list[Told]:
    backend = TeslaFiBackend(session, base=URL("http://localhost/"), token="t", now=clock)
    return await everything(backend, VehicleInfo(key=LEAF_24, capabilities=frozenset(Capability)), clock)


type Ask = Callable[[Any, Clock], Any]

SERVICES: Mapping[str, tuple[Ask, Sequence[Json]]] = {
    "europe": (lambda session, clock: _kamereon(session, clock, logged_in=True, japan=False), KAMEREON),
    "europe's log-in": (lambda session, clock: _kamereon(session, clock, logged_in=False, japan=False), KAMEREON),
    "japan": (lambda session, clock: _kamereon(session, clock, logged_in=True, japan=True), KAMEREON),
    "japan's log-in": (lambda session, clock: _kamereon(session, clock, logged_in=False, japan=True), KAMEREON),
    "north america": (lambda session, clock: _mynissan(session, clock, logged_in=True), MYNISSAN),
    "north america's log-in": (lambda session, clock: _mynissan(session, clock, logged_in=False), MYNISSAN),
    "opencarwings": (lambda session, clock: _asked_opencarwings(session, clock, password=False), _opencarwings()),
    "opencarwings' log-in": (
        lambda session, clock: _asked_opencarwings(session, clock, password=True),
        _opencarwings(),
    ),
    "teslafi": (_teslafi, [{**TESLAFI, "vin": LEAF_24, "data_id": 1, "latitude": "1.0", "longitude": "2.0"}]),
}

HEADERS = st.dictionaries(
    st.sampled_from(["Retry-After", "Location"]),
    st.text(max_size=12) | st.sampled_from(["60", "²", "1" * 5000, "Fri, 31 Dec 9999 23:59:59 -2359", "//[", "/a?b=c"]),
)
STATUSES = st.sampled_from([200, 200, 200, 204, 302, 401, 403, 404, 500, 501]) | st.integers(100, 599)


def _answered(service: str, content: bytes, status: int, headers: Mapping[str, str]) -> None:
    ask, clock = SERVICES[service][0], Clock(NOW)
    assert_all_possible(asyncio.run(ask(Canned(content, status, headers), clock)), clock())


@pytest.mark.parametrize("service", SERVICES)
@settings(max_examples=60, deadline=None)
@given(content=st.binary() | JSON.map(lambda said: json.dumps(said).encode()), status=STATUSES, headers=HEADERS)
def test_any_bytes_are_survived(service: str, content: bytes, status: int, headers: Mapping[str, str]) -> None:
    _answered(service, content, status, headers)


@pytest.mark.parametrize("service", SERVICES)
@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_garbage_at_any_depth_tells_nothing_impossible(service: str, data: st.DataObject) -> None:
    said = data.draw(mangled(SERVICES[service][1]))
    _answered(service, json.dumps(said).encode(), 200, {})


@pytest.mark.parametrize("figure", FIGURES, ids=repr)
@pytest.mark.parametrize("service", SERVICES)
def test_one_figure_in_place_of_every_number_tells_nothing_impossible(service: str, figure: Json) -> None:
    def change(value: Json) -> Json:
        return figure if isinstance(value, int | float) and not isinstance(value, bool) else value

    for document in SERVICES[service][1]:
        _answered(service, json.dumps(_changed(document, change)).encode(), 200, {})


@pytest.mark.parametrize("service", SERVICES)
def test_the_answers_that_are_mangled_tell_something(service: str) -> None:
    ask, documents = SERVICES[service]
    if "log-in" not in service:
        assert any(asyncio.run(ask(Canned(json.dumps(each).encode()), Clock(NOW))) for each in documents)
