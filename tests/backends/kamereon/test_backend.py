"""The backend as the rest sees it: every endpoint on its own, and what concerns them all."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
import json

import pytest

from custom_components.nissanconnect.backends.kamereon import KamereonBackend
from custom_components.nissanconnect.vehicle import (
    AccessBlocked,
    ActionRequired,
    BackendError,
    Fuel,
    Group,
    NotSupported,
    Odometer,
    PrivacyMode,
    ProtocolError,
    RateLimited,
    ServiceOutage,
    StartClimate,
    TokenRejected,
    Unavailable,
    VehicleInfo,
)

from ..conftest import NOW
from ..doubles import Clock
from .bodies import body
from .conftest import LOGGED_IN, PATIENT, MakeBackend
from .fake import (
    BROKEN_OFF,
    CARS,
    DROPPED,
    EXCHANGE,
    LEAF,
    NOT_FOUND,
    NOT_SERVED,
    NOTHING,
    QASHQAI,
    REFRESH,
    UNAUTHORIZED,
    VIN,
    Fake,
    Say,
)

ENDPOINTS = {
    "battery-status": {Group.BATTERY, Group.CHARGING},
    "cockpit": {Group.ODOMETER},
    "hvac-status": {Group.CLIMATE},
    "location": {Group.POSITION, Group.PRIVACY},
    "lock-status": {Group.BODY},
    "pressure": {Group.TYRES},
    "charge-mode": {Group.SCHEDULES},
    "health-status": {Group.HEALTH},
}
"""What the vehicle of these tests is told by each endpoint."""

BODIES = {
    "battery-status": "battery-status.v1.leaf",
    "cockpit": "cockpit.v2.micra",
    "hvac-status": "hvac-status.v1.leaf",
    "location": "location.v1.leaf",
    "lock-status": "lock-status.v1.qashqai",
    "pressure": "pressure.v1",
    "charge-mode": "charge-mode.v1",
    "health-status": "health-status.v1",
}


def answer(fake: Fake, endpoint: str, *says: Say) -> None:
    fake.on_car(f"v1/{endpoint}", *says, host="bff-web" if endpoint == "health-status" else "car-adapter")


@pytest.fixture
def full(fake: Fake) -> Fake:
    """The service, with a vehicle that offers everything."""
    for endpoint, name in BODIES.items():
        answer(fake, endpoint, Say(json=body(name)))
    return fake


async def test_a_full_read(backend: KamereonBackend, full: Fake) -> None:
    report = await backend.read(LEAF)
    assert report.failures == {}
    assert report.state.groups().keys() == set().union(*ENDPOINTS.values())
    assert len(full.asked) == len(ENDPOINTS)
    assert full.busiest <= 4


@pytest.mark.parametrize("endpoint", ENDPOINTS)
async def test_only_what_is_wanted_is_asked(backend: KamereonBackend, full: Fake, endpoint: str) -> None:
    report = await backend.read(LEAF, ENDPOINTS[endpoint])
    assert report.state.groups().keys() == ENDPOINTS[endpoint]
    assert [asked.path.rsplit("/", 1)[1] for asked in full.asked] == [endpoint]


async def test_a_look_after_a_command_does_not_wait_for_full_reads(backend: KamereonBackend, full: Fake) -> None:
    await backend.log_in()
    for endpoint in BODIES.keys() - {"hvac-status"}:
        answer(full, endpoint, Say(silence=True))
    reading = [asyncio.ensure_future(backend.read(LEAF, Group)) for _ in range(3)]
    await full.until_asked(4)
    async with asyncio.timeout(10):
        report = await backend.read(LEAF, StartClimate.groups)
    assert report.state.climate
    assert not any(each.done() for each in reading)
    full.released.set()
    await asyncio.gather(*reading)


async def test_what_nobody_tells_is_not_asked(backend: KamereonBackend, full: Fake) -> None:
    report = await backend.read(LEAF, {Group.AUX_BATTERY})
    assert report.state.groups() == {}
    assert full.asked == []


TROUBLE = {
    "500": (Say.error(500, "500", "Internal Server Error"), Unavailable, 1),
    "502 page": (Say.html(502), Unavailable, 1),
    "503": (Say(status=503), Unavailable, 1),
    "429": (Say(status=429, headers={"Retry-After": "900"}), RateLimited, 1),
    "400": (Say.error(400, "400"), ProtocolError, 1),
    "406": (Say(status=406), ProtocolError, 1),
    "page": (Say.html(200), ProtocolError, 1),
    "empty": (Say(status=200), ProtocolError, 1),
    "null": (Say(text="null"), ProtocolError, 1),
    "broken": (Say(text='{"data": {'), ProtocolError, 1),
    "redirect": (Say.redirect("http://127.0.0.1:1/auth/login"), ProtocolError, 1),
    "blocked": (Say.html(403, "<h1>Access forbidden by administrator</h1>"), AccessBlocked, 1),
    "silence": (NOTHING, Unavailable, 2),
    "dropped": (DROPPED, Unavailable, 2),
    "broken off": (BROKEN_OFF, Unavailable, 2),
    "errors in 200": (Say.error(500, "500", http=200), Unavailable, 1),
    "errors object": (Say(status=500, json={"errors": {"code": "500"}}), Unavailable, 1),
    "refused token": (UNAUTHORIZED, Unavailable, 2),
}
"""What is said, what that is, and how often it is asked for."""


@pytest.mark.parametrize("trouble", TROUBLE)
async def test_what_makes_one_endpoint_fail_and_how_often_it_is_asked(
    make_backend: MakeBackend, full: Fake, trouble: str
) -> None:
    endpoint = "location"
    said, error, tries = TROUBLE[trouble]
    answer(full, endpoint, said)
    timeout = 0.5 if trouble == "silence" else PATIENT
    report = await make_backend(timeout=timeout).read(LEAF)
    assert report.state.groups().keys() == set().union(*ENDPOINTS.values()) - ENDPOINTS[endpoint]
    assert {name: isinstance(failure, error) for name, failure in report.failures.items()} == {endpoint: True}
    assert sum(asked.path.endswith(endpoint) for asked in full.asked) == tries


@pytest.mark.parametrize(
    "refusal",
    [
        pytest.param(NOT_FOUND, id="404"),
        pytest.param(Say.html(404), id="404 page"),
        pytest.param(NOT_SERVED, id="501"),
        pytest.param(Say.error(501, "501", http=200), id="501 in 200"),
        pytest.param(Say.error(403, "403", "security.access"), id="403"),
        pytest.param(Say.error(403, "403011"), id="403011"),
        pytest.param(Say(status=400, json={"errors": [{"code": "400001", "detail": "no GDC gateway"}]}), id="gateway"),
    ],
)
@pytest.mark.parametrize("endpoint", ENDPOINTS)
async def test_what_is_not_offered_is_no_failure(
    backend: KamereonBackend, full: Fake, endpoint: str, refusal: Say
) -> None:
    answer(full, endpoint, refusal)
    for _ in range(2):
        report = await backend.read(LEAF)
        assert report.failures == {}
        assert report.state.groups().keys() == set().union(*ENDPOINTS.values()) - ENDPOINTS[endpoint]
    assert full.count(f"v1/{endpoint}") == 1


@pytest.mark.parametrize("garbage", ["[]", '"x"', "5", "{}", '{"data": null}', '{"data": {"attributes": []}}'])
@pytest.mark.parametrize("endpoint", ENDPOINTS)
async def test_garbage_brings_nothing_and_breaks_nothing(
    backend: KamereonBackend, full: Fake, endpoint: str, garbage: str
) -> None:
    answer(full, endpoint, Say(text=garbage))
    report = await backend.read(LEAF)
    assert report.failures == {}
    assert report.state.groups().keys() == set().union(*ENDPOINTS.values()) - ENDPOINTS[endpoint]


@pytest.mark.parametrize("first", [NOTHING, DROPPED, BROKEN_OFF])
async def test_a_read_is_repeated_when_no_answer_came(make_backend: MakeBackend, full: Fake, first: Say) -> None:
    answer(full, "cockpit", first, Say(json=body("cockpit.v2.micra")))
    report = await make_backend(timeout=0.5).read(LEAF, {Group.ODOMETER})
    assert full.count("v1/cockpit") == 2
    assert report.state.odometer == Odometer(backend="kamereon", received_at=NOW, distance=4321)


class TestPrivacy:
    @pytest.mark.parametrize("http", [403, 200])
    async def test_privacy_mode_is_a_state(self, backend: KamereonBackend, full: Fake, http: int) -> None:
        answer(full, "location", Say.error(403, "403009", "Forbidden action", http=http))
        report = await backend.read(LEAF)
        assert report.failures == {}
        assert report.state.position is None
        assert report.state.privacy is not None
        assert report.state.privacy.active is True

    async def test_it_is_asked_again_every_time(self, backend: KamereonBackend, full: Fake) -> None:
        answer(full, "location", Say.error(403, "403009"), Say(json=body("location.v1.leaf")))
        await backend.read(LEAF, {Group.POSITION})
        state = (await backend.read(LEAF, {Group.PRIVACY})).state
        assert state.position is not None
        assert state.privacy is not None
        assert state.privacy.active is False

    async def test_it_is_no_failure_even_alone(self, backend: KamereonBackend, full: Fake) -> None:
        answer(full, "location", Say.error(403, "403009"))
        assert (await backend.read(LEAF, {Group.POSITION})).failures == {}

    async def test_privacy_mode_elsewhere_says_so_too(self, backend: KamereonBackend, full: Fake) -> None:
        answer(full, "lock-status", Say.error(403, "403009"))
        answer(full, "location", NOT_FOUND)
        state = (await backend.read(LEAF)).state
        assert state.privacy is not None
        assert state.privacy.active is True


class TestTank:
    """The tank is told by battery-status and by cockpit."""

    async def test_both_words_make_one_group(self, backend: KamereonBackend, fake: Fake, clock: Clock) -> None:
        fake.on_car("v1/battery-status", Say(json=body("battery-status.v1.qashqai")))
        fake.on_car("v1/cockpit", Say.data(fuelLevel=61, fuelQuantity=33.5))
        fuel = (await backend.read(QASHQAI)).state.fuel
        assert fuel is not None
        assert (fuel.level, fuel.quantity, fuel.range) == (61, 33.5, 530)
        assert fuel.reported_at is not None

        clock.advance(minutes=10)
        fake.on_car("v1/battery-status", Say.data(rangeHvacOn=500))
        fake.on_car("v1/cockpit", Say(status=500))
        report = await backend.read(QASHQAI)
        assert report.state.fuel == Fuel(backend="kamereon", received_at=clock.time, level=61, quantity=33.5, range=500)
        assert set(report.failures) == {"cockpit"}

    async def test_it_is_not_told_when_neither_endpoint_is(self, backend: KamereonBackend, fake: Fake) -> None:
        fake.on_car("v1/cockpit", Say.data(fuelLevel=61))
        fake.on_car("v1/lock-status", Say(json=body("lock-status.v1.qashqai")))
        await backend.read(QASHQAI)
        assert (await backend.read(QASHQAI, {Group.BODY})).state.fuel is None
        fake.on_car("v1/cockpit", Say.data(totalMileage=5))
        assert (await backend.read(QASHQAI)).state.fuel is None

    async def test_vehicles_do_not_share_a_tank(self, backend: KamereonBackend, fake: Fake) -> None:
        fake.on_car("v1/cockpit", Say.data(fuelLevel=61))
        await backend.read(QASHQAI)
        fake.on("GET", "/car-adapter/v1/cars/OTHER/cockpit", Say.data(fuelQuantity=5))
        fuel = (await backend.read(replace(QASHQAI, key="OTHER"))).state.fuel
        assert fuel == Fuel(backend="kamereon", received_at=NOW, quantity=5)


def every(fake: Fake, say: Callable[[str], Say]) -> None:
    for endpoint in ENDPOINTS:
        answer(fake, endpoint, say(endpoint))


class TestWhenNothingWorks:
    @pytest.mark.parametrize(
        ("most", "one", "error"),
        [
            (Say(status=500), Say(status=500), ServiceOutage),
            (DROPPED, NOT_FOUND, ServiceOutage),
            (BROKEN_OFF, NOT_FOUND, ServiceOutage),
            (Say(status=500), Say(status=429), RateLimited),
            (Say.html(200), Say(status=500), Unavailable),
            (Say.html(200), Say.html(200), ProtocolError),
            (Say(status=500), Say.html(403), AccessBlocked),
            (NOT_FOUND, Say(status=500), Unavailable),
            (UNAUTHORIZED, UNAUTHORIZED, TokenRejected),
            (UNAUTHORIZED, Say(status=500), TokenRejected),
            (Say(status=500), UNAUTHORIZED, TokenRejected),
            (UNAUTHORIZED, NOT_FOUND, TokenRejected),
        ],
    )
    async def test_the_most_telling_error_is_raised(
        self, backend: KamereonBackend, fake: Fake, most: Say, one: Say, error: type[BackendError]
    ) -> None:
        every(fake, lambda endpoint: one if endpoint == "cockpit" else most)
        with pytest.raises(error) as raised:
            await backend.read(LEAF)
        assert isinstance(raised.value, ServiceOutage) is (error is ServiceOutage)

    async def test_who_is_not_let_in_for_long_is_not_told_of_an_outage(
        self, backend: KamereonBackend, fake: Fake, clock: Clock
    ) -> None:
        every(fake, lambda _: UNAUTHORIZED)
        for _ in range(20):
            with pytest.raises(TokenRejected):
                await backend.read(LEAF)
            clock.advance(minutes=2)
        asked = len(fake.asked)
        every(fake, lambda endpoint: Say.data(totalMileage=1000) if endpoint == "cockpit" else NOT_FOUND)
        assert (await backend.read(LEAF)).state.odometer
        assert fake.asked[asked].path.endswith("v1/cars/" + VIN + "/battery-status"), "no version has lost its place"

    async def test_the_longest_demand_counts(self, backend: KamereonBackend, fake: Fake) -> None:
        demands = {"cockpit": "900", "location": "60"}
        every(fake, lambda endpoint: Say(status=429, headers={"Retry-After": demands.get(endpoint, "0")}))
        answer(fake, "pressure", Say(status=503, headers={"Retry-After": "1200"}))
        with pytest.raises(RateLimited) as raised:
            await backend.read(LEAF)
        assert raised.value.retry_after == 1200

    async def test_no_demand_is_no_demand(self, backend: KamereonBackend, fake: Fake) -> None:
        every(fake, lambda _: Say(status=500))
        with pytest.raises(Unavailable) as raised:
            await backend.read(LEAF)
        assert raised.value.retry_after is None

    async def test_as_long_as_something_works_the_rest_is_told(self, backend: KamereonBackend, full: Fake) -> None:
        answer(full, "cockpit", Say(status=429, headers={"Retry-After": "900"}))
        report = await backend.read(LEAF)
        assert report.failures["cockpit"].retry_after == 900

    async def test_a_vehicle_that_offers_nothing_is_no_error(self, backend: KamereonBackend, fake: Fake) -> None:
        report = await backend.read(LEAF)
        assert (dict(report.state.groups()), report.failures) == ({}, {})

    async def test_an_account_with_something_to_do(self, make_backend: MakeBackend, full: Fake) -> None:
        full.on("POST", EXCHANGE, UNAUTHORIZED)
        backend = make_backend(auth=replace(LOGGED_IN, refresh_token=None, expires_at=NOW))
        with pytest.raises(ActionRequired):
            await backend.read(LEAF)

    async def test_losing_the_account_on_the_way_outweighs_what_was_read(
        self, backend: KamereonBackend, full: Fake
    ) -> None:
        answer(full, "cockpit", UNAUTHORIZED)
        full.on("POST", REFRESH, UNAUTHORIZED)
        full.on("POST", EXCHANGE, UNAUTHORIZED)
        with pytest.raises(ActionRequired):
            await backend.read(LEAF)


class TestVehicles:
    async def test_the_list(self, backend: KamereonBackend, fake: Fake) -> None:
        fake.on("GET", CARS, Say(json=body("cars.v5")))
        vehicles = await backend.list_vehicles()
        assert [vehicle.info.key[-1] for vehicle in vehicles] == ["1", "2", "4", "5", "6", "7"]
        assert fake.last(CARS).headers["Accept"] == "application/json"
        assert fake.paths == {CARS: 1}

    async def test_the_list_is_remembered_with_its_services(self, backend: KamereonBackend, fake: Fake) -> None:
        fake.on("GET", CARS, Say(json=body("cars.v5")))
        await backend.list_vehicles()
        memory = json.loads(json.dumps(backend.memory()))
        assert memory["FAKE0VIN000000002"]["services"] == "12 202 2021 97"

    @pytest.mark.parametrize(
        ("say", "error"),
        [(Say(status=503), Unavailable), (NOT_FOUND, NotSupported), (Say(json={"data": {}}), ProtocolError)],
    )
    async def test_a_list_that_cannot_be_had(
        self, backend: KamereonBackend, fake: Fake, say: Say, error: type[BackendError]
    ) -> None:
        fake.on("GET", CARS, say)
        with pytest.raises(error):
            await backend.list_vehicles()

    async def test_odd_keys_stay_in_their_place(self, backend: KamereonBackend, fake: Fake) -> None:
        odd = VehicleInfo(key="../X?Y#Z")
        await backend.read(odd, {Group.TYRES})
        assert fake.asked[0].path == "/car-adapter/v1/cars/../X?Y#Z/pressure"
        assert fake.asked[0].raw_query == ""

    async def test_privacy_refuses_a_command(self, backend: KamereonBackend, fake: Fake) -> None:
        fake.on("GET", CARS, Say.error(403, "403009"))
        with pytest.raises(PrivacyMode):
            await backend.list_vehicles()
