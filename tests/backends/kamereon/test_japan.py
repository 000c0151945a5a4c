"""NissanConnect Japan through the real client, against the simulator's Japanese front end."""

from collections.abc import AsyncIterator
from datetime import UTC, date, timedelta

from aiohttp import ClientSession
from hypothesis import given, strategies as st
import pytest

from custom_components.nissanconnect.backends.base import Json
from custom_components.nissanconnect.backends.kamereon import EUROPE, KamereonAuth, KamereonBackend
from custom_components.nissanconnect.backends.kamereon.client import Host
from custom_components.nissanconnect.backends.kamereon.japan import JAPAN, entry_of
from custom_components.nissanconnect.backends.kamereon.mapping import AttributeReader
from custom_components.nissanconnect.vehicle import (
    COMMANDS,
    AuthenticationFailed,
    Capability,
    ChargingStatus,
    Market,
    Powertrain,
    ServiceOutage,
    TripPeriod,
    Unavailable,
    VehicleInfo,
)
from tests.simulator import EMAIL, PASSWORD, Fault, Login, Simulator
from tests.simulator.japan import NOTE, SAKURA, japanese_garage

from ..conftest import NOW
from ..doubles import Clock, Diary, a_context
from ..strategies import JSON, SCALARS
from .conftest import PATIENT, keeping

READABLE = {
    Capability.BATTERY,
    Capability.CLIMATE_STATUS,
    Capability.LOCATION,
    Capability.LOCK_STATUS,
    Capability.TRIPS,
}


@pytest.fixture
async def japan(clock: Clock, socket_enabled: None) -> AsyncIterator[Simulator]:
    async with Simulator(now=clock, garage=japanese_garage(clock(), UTC), user_id="437001") as service:
        service.cars[SAKURA].services[2021] = True  # the status of its lock
        yield service


def make(
    session: ClientSession, japan: Simulator, clock: Clock, diary: Diary[KamereonAuth], *, password: str = PASSWORD
) -> KamereonBackend:
    context = a_context(clock, session=session, simulator=japan.url)
    known = keeping(context, diary.last if diary.entries else None, diary)
    return KamereonBackend(known, {"username": EMAIL, "password": password}, JAPAN, timeout=PATIENT)


@pytest.fixture
def backend(session: ClientSession, japan: Simulator, clock: Clock, diary: Diary[KamereonAuth]) -> KamereonBackend:
    return make(session, japan, clock, diary)


async def listed(backend: KamereonBackend) -> dict[str, VehicleInfo]:
    return {each.info.key: each.info for each in await backend.list_vehicles()}


def test_one_host_of_japan_sees_everything() -> None:
    assert set(JAPAN.environment.hosts) == set(Host)
    assert {url.host for url in JAPAN.environment.hosts.values()} == {"nc-app-bff-prod.apps.jp.kamereon.io"}
    assert {url.scheme for url in JAPAN.environment.hosts.values()} == {"https"}
    assert str(JAPAN.environment.url(Host.CARS, "v1/cars/E13-012345/cockpit")).endswith(
        "/nc-app-bff/alliance/car-adapter/v1/cars/E13-012345/cockpit"
    )
    assert {url.host for url in JAPAN.environment.hosts.values()}.isdisjoint(
        {url.host for url in EUROPE.environment.hosts.values()}
    )


async def test_the_account(backend: KamereonBackend, japan: Simulator, diary: Diary[KamereonAuth]) -> None:
    assert await backend.log_in() == "437001"
    assert await backend.log_in() == "437001"
    assert japan.requests["login"] == 1
    assert japan.requests["token-info"] == 1
    assert diary.last.access_token
    description = backend.description
    assert (description.market, description.name) == (Market.JAPAN, "kamereon")


async def test_vehicles_by_their_frame_numbers(backend: KamereonBackend) -> None:
    vehicles = await listed(backend)
    sakura, note = vehicles[SAKURA], vehicles[NOTE]
    assert vehicles.keys() == {SAKURA, NOTE}
    assert (sakura.vin, sakura.model, sakura.year, sakura.gateway) == (None, "サクラ", 2023, "AVN")
    assert (note.vin, note.model, note.gateway) == (None, "ノート", "NGDC")
    assert (sakura.powertrain, note.powertrain) == (Powertrain.ELECTRIC, Powertrain.COMBUSTION)
    assert sakura.capabilities == READABLE
    assert note.capabilities == READABLE - {Capability.BATTERY, Capability.CLIMATE_STATUS} | {Capability.FUEL}
    assert not any(command.capability in sakura.capabilities | note.capabilities for command in COMMANDS)


async def test_a_vehicle_without_details_lacks_a_name_only(backend: KamereonBackend, japan: Simulator) -> None:
    japan.fail("details", Fault.http(500))
    nameless = (await listed(backend))[SAKURA]
    assert (nameless.model, nameless.name) == (None, "Nissan")
    assert Capability.BATTERY in nameless.capabilities
    japan.heal()
    named = (await listed(backend))[SAKURA]
    assert named.model == "サクラ"
    japan.fail("details", Fault.malformed())
    assert (await listed(backend))[SAKURA] == named, "a name that was told once is kept"


async def test_an_electric_vehicle_is_read(backend: KamereonBackend, japan: Simulator) -> None:
    sakura = (await listed(backend))[SAKURA]
    japan.reset_counters()
    report = await backend.read(sakura)
    assert not report.failures
    state, truth = report.state, japan.cars[SAKURA].vehicle.cloud.state
    assert state.battery
    assert truth.battery
    assert state.battery.level == truth.battery.level
    assert state.charging
    assert state.charging.status in ChargingStatus
    assert state.climate
    assert state.body
    assert state.odometer
    assert state.position
    assert truth.position
    assert state.position.latitude == truth.position.latitude
    assert truth.position.reported_at
    assert state.position.reported_at == truth.position.reported_at.replace(microsecond=0)
    assert state.privacy is None, "nobody knows of a privacy mode"
    assert {name for name in japan.requests if "/" not in name} == {
        "battery-status",
        "cockpit",
        "health-status",
        "hvac-status",
        "location",
        "lock-status",
    }


async def test_a_combustion_vehicle_is_read(backend: KamereonBackend, japan: Simulator) -> None:
    note = (await listed(backend))[NOTE]
    japan.reset_counters()
    report = await backend.read(note)
    assert not report.failures
    assert report.state.fuel
    assert report.state.fuel.range
    assert report.state.battery is None
    assert japan.requests["battery-status"] == 0


@pytest.mark.parametrize("fault", [Fault.http(400, "0205"), Fault.errors_in_200("0205"), Fault.http(401, "0101")])
async def test_what_rejects_the_password(
    backend: KamereonBackend, japan: Simulator, diary: Diary[KamereonAuth], fault: Fault
) -> None:
    japan.fail("login-jp", fault)
    with pytest.raises(AuthenticationFailed):
        await backend.log_in()
    assert diary.last.rejected


async def test_an_outage_behind_the_log_in_is_not_the_passwords_fault(
    backend: KamereonBackend, japan: Simulator, clock: Clock
) -> None:
    sakura = (await listed(backend))[SAKURA]
    clock.advance(hours=2)
    japan.login = Login.OUTAGE
    with pytest.raises(Unavailable) as raised:
        await backend.read(sakura)
    assert not isinstance(raised.value, ServiceOutage), "the log-in itself is out of order"
    japan.login = Login.SUCCESS
    assert (await backend.read(sakura)).state.battery


async def test_tokens_last_an_hour_and_then_the_password_is_needed(
    backend: KamereonBackend, japan: Simulator, clock: Clock
) -> None:
    """How the app refreshes them is not on record."""
    sakura = (await listed(backend))[SAKURA]
    for _ in range(12):
        clock.advance(minutes=10)
        await backend.read(sakura)
    assert japan.requests["login"] == 3
    assert japan.requests["unknown"] == 0


async def test_trips(backend: KamereonBackend) -> None:
    sakura = (await listed(backend))[SAKURA]
    day = NOW.date()
    trips = await backend.read_trips(sakura, TripPeriod.DAY, day - timedelta(days=3), day)
    assert [trip.start for trip in trips] == [date(2026, 11, each) for each in range(17, 21)]
    assert all(trip.distance for trip in trips)


@given(
    st.dictionaries(st.sampled_from(["services", "gateway", "role", "canGeneration", "uuid"]), SCALARS | JSON),
    st.dictionaries(st.sampled_from(["model", "energy", "iceEvFlag"]), SCALARS | JSON),
)
def test_no_list_makes_the_parser_raise(said: dict[str, Json], details: dict[str, Json]) -> None:
    entry = entry_of("E13-012345", AttributeReader(said), AttributeReader(details), NOW)
    assert entry.listed.info.vin is None
    assert entry.listed.info.capabilities <= READABLE | {Capability.FUEL}


def test_services_are_bare_numbers_or_tell_whether_they_are_active() -> None:
    said = AttributeReader({"services": [12, "2021", {"id": 319, "activationState": "DEACTIVATED"}, None, [1]]})
    entry = entry_of("E13-012345", said, AttributeReader({}), NOW)
    assert entry.services == "12 2021"
    assert entry_of("SJNFAAZE0U0012345", said, AttributeReader({}), NOW).listed.info.vin == "SJNFAAZE0U0012345"
    assert entry_of("E13-012345", AttributeReader({}), AttributeReader({}), NOW).listed.state.subscription is None
